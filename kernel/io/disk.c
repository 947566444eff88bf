/*
 * disk.c - the RAM disk's region and its free blocks.
 */
#include "disk.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"
#include "device.h"

/* The bitmap of free blocks stands in pool pages, because the pool has nothing larger. */
#define BITMAP_PAGE_BYTES 4096u
#define BITMAP_PAGE_BITS (BITMAP_PAGE_BYTES * 8)
#define BITMAP_PAGES 512u /* 64 GiB of disk */
#define WORD_BITS 64u

struct mutex disk_lock = MUTEX_INIT("RAM disk", RANK_FILE);

/* (C) while attached, (D) disk_lock */
static struct {
	uint8_t *base;			/* (C) NULL: not attached */
	uint64_t block_count;		/* (C) */
	uint64_t free_count;		/* (D) */
	uint64_t hint;			/* (D) no free block below it */
	uint64_t *bitmap[BITMAP_PAGES]; /* (D) a set bit is a free block */
} disk;

/* ---- blocks ---- */

static uint64_t *bitmap_word(uint64_t block)
{
	return &disk.bitmap[block / BITMAP_PAGE_BITS][block % BITMAP_PAGE_BITS / WORD_BITS];
}

static uint64_t block_bit(uint64_t block)
{
	return 1ull << block % WORD_BITS;
}

static bool block_is_free(uint64_t block)
{
	return *bitmap_word(block) & block_bit(block);
}

static void block_set_free(uint64_t block)
{
	KASSERT(block != DISK_BLOCK_NONE && block < disk.block_count);
	KASSERT(!block_is_free(block));
	*bitmap_word(block) |= block_bit(block);
	disk.free_count++;
	if (block < disk.hint)
		disk.hint = block;
}

NTSTATUS disk_attach(void *base, uint64_t used_bytes, uint64_t capacity_bytes)
{
	uint64_t blocks = capacity_bytes / DISK_BLOCK_BYTES;
	uint64_t used_blocks = used_bytes / DISK_BLOCK_BYTES + (used_bytes % DISK_BLOCK_BYTES != 0);

	KASSERT(!disk.base && base);
	if (used_bytes > capacity_bytes)
		return STATUS_DISK_FULL;
	if (blocks > (uint64_t)BITMAP_PAGES * BITMAP_PAGE_BITS)
		return STATUS_NOT_SUPPORTED;
	disk.base = base;
	device_attach(base);
	for (uint64_t i = 0; i * BITMAP_PAGE_BITS < blocks; i++) {
		disk.bitmap[i] = pool_alloc(BITMAP_PAGE_BYTES);
		if (!disk.bitmap[i]) {
			disk_detach();
			return STATUS_INSUFFICIENT_RESOURCES;
		}
	}
	disk.block_count = disk.hint = blocks;
	for (uint64_t block = used_blocks ? used_blocks : 1; block < blocks; block++)
		block_set_free(block);
	return STATUS_SUCCESS;
}

void disk_detach(void)
{
	for (unsigned i = 0; i < BITMAP_PAGES; i++)
		pool_free(disk.bitmap[i], BITMAP_PAGE_BYTES);
	memset(&disk, 0, sizeof(disk));
	device_attach(NULL);
}

uint64_t disk_blocks_total(void)
{
	return disk.block_count;
}

uint64_t disk_blocks_free(void)
{
	return disk.free_count;
}

uint32_t disk_block_take(void)
{
	uint64_t *word;

	KASSERT(mutex_is_held(&disk_lock) && disk.free_count > 0);
	for (;; disk.hint = round_down(disk.hint, WORD_BITS) + WORD_BITS) {
		KASSERT(disk.hint < disk.block_count);
		word = bitmap_word(disk.hint);
		if (*word)
			break;
	}
	disk.hint = round_down(disk.hint, WORD_BITS) + (uint64_t)__builtin_ctzll(*word);
	*word &= *word - 1;
	disk.free_count--;
	return (uint32_t)disk.hint;
}

void disk_block_free(uint32_t block)
{
	KASSERT(mutex_is_held(&disk_lock));
	block_set_free(block);
}

void disk_range_free(uint64_t start, uint64_t end)
{
	uint64_t first = start / DISK_BLOCK_BYTES + (start % DISK_BLOCK_BYTES != 0);

	KASSERT(mutex_is_held(&disk_lock) && start <= end);
	for (uint64_t block = first; block < end / DISK_BLOCK_BYTES; block++)
		block_set_free(block);
}

void disk_block_zero(uint32_t block, size_t offset, size_t size_bytes)
{
	KASSERT(block < disk.block_count && range_ok(offset, size_bytes, DISK_BLOCK_BYTES));
	memset(disk.base + (uint64_t)block * DISK_BLOCK_BYTES + offset, 0, size_bytes);
}

bool disk_run_take(uint64_t count, uint32_t *first)
{
	uint64_t start = disk.block_count, length = 0;

	KASSERT(mutex_is_held(&disk_lock) && count > 0);
	for (; length < count && start > DISK_BLOCK_NONE + 1; start--)
		length = block_is_free(start - 1) ? length + 1 : 0;
	if (length < count)
		return false;
	for (uint64_t block = start; block < start + count; block++)
		*bitmap_word(block) &= ~block_bit(block);
	disk.free_count -= count;
	*first = (uint32_t)start;
	return true;
}

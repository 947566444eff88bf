/*
 * disk.c - the RAM disk's region: its free blocks and the transfers.
 */
#include "disk.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"

/* The bitmap of free blocks stands in pool pages, because the pool has nothing larger. */
#define BITMAP_PAGE_BYTES 4096u
#define BITMAP_PAGE_BITS (BITMAP_PAGE_BYTES * 8)
#define BITMAP_PAGES 512u /* 64 GiB of disk */
#define WORD_BITS 64u

struct mutex disk_lock = MUTEX_INIT("RAM disk", RANK_FILE);

/* (C) while attached, (D) disk_lock, (A) atomic */
static struct {
	uint8_t *base;			   /* (C) NULL: not attached */
	uint64_t block_count;		   /* (C) */
	uint64_t free_count;		   /* (D) */
	uint64_t hint;			   /* (D) no free block below it */
	uint64_t *bitmap[BITMAP_PAGES];	   /* (D) a set bit is a free block */
	atomic_uint_fast64_t transfers[2]; /* (A) by direction */
} disk;

/* ---- blocks ---- */

static uint64_t *bitmap_word(uint64_t block)
{
	return &disk.bitmap[block / BITMAP_PAGE_BITS][block % BITMAP_PAGE_BITS / WORD_BITS];
}

static void block_set_free(uint64_t block)
{
	uint64_t bit = 1ull << block % WORD_BITS, *word = bitmap_word(block);

	KASSERT(block != DISK_BLOCK_NONE && block < disk.block_count);
	KASSERT(!(*word & bit));
	*word |= bit;
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

/* ---- transfers ---- */

NTSTATUS disk_transfer(enum disk_direction direction, const struct disk_extent *extents,
		       size_t extent_count, void *buffer)
{
	uint8_t *bytes = buffer;

	lock_assert_none_held();
	for (size_t i = 0; i < extent_count; bytes += extents[i].size_bytes, i++) {
		uint8_t *place = disk.base + extents[i].offset;

		if (direction == DISK_READ)
			memcpy(bytes, place, extents[i].size_bytes);
		else
			memcpy(place, bytes, extents[i].size_bytes);
	}
	atomic_fetch_add(&disk.transfers[direction], 1);
	return STATUS_SUCCESS;
}

uint64_t disk_transfer_count(enum disk_direction direction)
{
	return atomic_load(&disk.transfers[direction]);
}

/*
 * watch.c - see watch.h; and NtGetWriteWatch, NtResetWriteWatch (nt-semantics 5.8).
 */
#include "watch.h"

#include "kernel/core/pool.h"
#include "kernel/lib/range.h"
#include "mm.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "view.h"

#define BITS_PER_WORD 64u
#define PAGES_PER_BLOCK (POOL_MAX_BYTES * 8u) /* the marks of 128 MiB */
#define MAX_BLOCKS ((POOL_MAX_BYTES - sizeof(struct watch)) / sizeof(uint64_t *))

static uint64_t blocks_of(uint64_t page_count)
{
	return (page_count + PAGES_PER_BLOCK - 1) / PAGES_PER_BLOCK;
}

static size_t watch_bytes(uint64_t page_count)
{
	return sizeof(struct watch) + blocks_of(page_count) * sizeof(uint64_t *);
}

/* Only the last block is shorter than a page. */
static size_t block_bytes(uint64_t page_count, uint64_t block)
{
	uint64_t pages = page_count - block * PAGES_PER_BLOCK;

	if (pages >= PAGES_PER_BLOCK)
		return POOL_MAX_BYTES;
	return (pages + BITS_PER_WORD - 1) / BITS_PER_WORD * sizeof(uint64_t);
}

static void watch_destroy(struct watch *watch)
{
	for (uint64_t i = 0; i < blocks_of(watch->page_count); i++)
		pool_free(watch->blocks[i], block_bytes(watch->page_count, i));
	pool_free(watch, watch_bytes(watch->page_count));
}

NTSTATUS watch_create(vaddr_t start, uint64_t page_count, struct watch **result)
{
	struct watch *watch;

	if (blocks_of(page_count) > MAX_BLOCKS)
		return STATUS_NO_MEMORY;
	watch = pool_alloc(watch_bytes(page_count));
	if (!watch)
		return STATUS_INSUFFICIENT_RESOURCES;
	watch->start = start;
	watch->page_count = page_count;
	atomic_init(&watch->reference_count, 1);
	for (uint64_t i = 0; i < blocks_of(page_count); i++) {
		watch->blocks[i] = pool_alloc(block_bytes(page_count, i));
		if (!watch->blocks[i]) {
			watch_destroy(watch);
			return STATUS_INSUFFICIENT_RESOURCES;
		}
	}
	*result = watch;
	return STATUS_SUCCESS;
}

void watch_reference(struct watch *watch)
{
	if (watch)
		atomic_fetch_add(&watch->reference_count, 1);
}

void watch_release(struct watch *watch)
{
	if (watch && atomic_fetch_sub(&watch->reference_count, 1) == 1)
		watch_destroy(watch);
}

/* ---- marks ---- */

/* The word that holds the page's mark, and which of its bits. */
static uint64_t *mark_of(const struct watch *watch, vaddr_t va, uint64_t *bit)
{
	uint64_t page = page_of(va - watch->start);

	KASSERT(va >= watch->start && page < watch->page_count);
	*bit = 1ull << (page % BITS_PER_WORD);
	return &watch->blocks[page / PAGES_PER_BLOCK][page % PAGES_PER_BLOCK / BITS_PER_WORD];
}

static bool is_marked(const struct watch *watch, vaddr_t va)
{
	uint64_t bit, *word = mark_of(watch, va, &bit);

	return *word & bit;
}

void watch_mark(const struct view *view, vaddr_t va)
{
	uint64_t bit, *word;

	KASSERT(mutex_is_held(&view->space->lock));
	if (!view->watch)
		return;
	word = mark_of(view->watch, va, &bit);
	*word |= bit;
}

bool watch_withholds_write(const struct view *view, vaddr_t va)
{
	return view->watch && !is_marked(view->watch, va);
}

uint64_t watch_hardware_bits(const struct view *view, vaddr_t va, uint64_t bits)
{
	return watch_withholds_write(view, va) ? bits & ~PTE_WRITE : bits;
}

/* ---- what the kernel writes ---- */

static bool has_watch(const struct address_space *space)
{
	return atomic_load_explicit(&space->watch_count, memory_order_relaxed) != 0;
}

static bool can_be_written(const struct region *region)
{
	return region && region->state == REGION_COMMITTED && !(region->protection & PAGE_GUARD) &&
	       (protection_rights(region->protection) & RIGHT_WRITE);
}

void watch_mark_range(struct address_space *space, vaddr_t start, uint64_t size_bytes)
{
	vaddr_t va, end;

	if (!has_watch(space) || !size_bytes || !range_ok(start, size_bytes, USER_LIMIT))
		return;
	end = start + size_bytes;
	mutex_lock(&space->lock);
	for (va = page_round_down(start); va < end; va += PAGE_SIZE) {
		struct region *region = region_at_or_after(space, va);

		if (!region || region->start >= end)
			break;
		if (region->start > va)
			va = region->start;
		if (can_be_written(region) && region->view->watch)
			watch_mark(region->view, va);
		else
			va = region->end - PAGE_SIZE;
	}
	mutex_unlock(&space->lock);
}

bool watch_answers_probe(struct address_space *space, vaddr_t va)
{
	struct region *region;
	bool answers;

	if (!space || !has_watch(space))
		return false;
	va = page_round_down(va);
	mutex_lock(&space->lock);
	region = region_find(space, va);
	answers = can_be_written(region) && watch_withholds_write(region->view, va);
	mutex_unlock(&space->lock);
	return answers;
}

/* ---- NtGetWriteWatch, NtResetWriteWatch ---- */

/* The watch of the one view that holds [start, end), or NULL. Needs the space's lock. */
static struct watch *watch_of_range(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct view *view = view_find(space, start);

	return view && end <= view->end ? view->watch : NULL;
}

/* The next page at or after `va` with a mark, or `end`. */
static vaddr_t next_marked(const struct watch *watch, vaddr_t va, vaddr_t end)
{
	while (va < end) {
		uint64_t bit, word = *mark_of(watch, va, &bit) & ~(bit - 1);
		vaddr_t first = va - pages_to_bytes(page_of(va - watch->start) % BITS_PER_WORD);

		if (word)
			va = first + pages_to_bytes((unsigned)__builtin_ctzll(word));
		else
			va = first + pages_to_bytes(BITS_PER_WORD);
		if (word)
			break;
	}
	return va < end ? va : end;
}

NTSTATUS memory_watch_read(struct address_space *space, vaddr_t *from, vaddr_t end,
			   uint64_t *addresses, uint64_t capacity, uint64_t *count)
{
	struct watch *watch;
	vaddr_t va;

	*count = 0;
	mutex_lock(&space->lock);
	watch = watch_of_range(space, *from, end);
	if (watch) {
		va = next_marked(watch, *from, end);
		for (; va < end && *count < capacity; va = next_marked(watch, va + PAGE_SIZE, end))
			addresses[(*count)++] = va;
		*from = va;
	}
	mutex_unlock(&space->lock);
	return watch ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS memory_watch_reset(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct watch *watch;

	mutex_lock(&space->lock);
	watch = watch_of_range(space, start, end);
	if (watch) {
		vaddr_t va = next_marked(watch, start, end);

		for (; va < end; va = next_marked(watch, va + PAGE_SIZE, end)) {
			uint64_t bit, *word = mark_of(watch, va, &bit);

			*word &= ~bit;
		}
		pages_withhold_write(space, start, end);
	}
	mutex_unlock(&space->lock);
	return watch ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

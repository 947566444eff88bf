/*
 * page_tables.c - four-level page tables (Intel SDM volume 3, chapter 4.5).
 */
#include "page_tables.h"

#include "machine.h"

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITABLE (1ull << 1)
#define PTE_LARGE (1ull << 7)
#define PTE_NO_EXECUTE (1ull << 63)
#define PTE_ADDRESS 0x000FFFFFFFFFF000ull

#define LEVEL_BITS 9
#define LEVEL_PAGE 1
#define LEVEL_BLOCK 2
#define LEVEL_ROOT 4

/* The lowest bit of an address that selects an entry of a table of this level. */
static unsigned level_shift(unsigned level)
{
	return 12 + LEVEL_BITS * (level - 1);
}

/* One table for each span of address space that a table of that level covers, on each level. */
uint64_t page_tables_needed(uint64_t address, uint64_t bytes, bool large)
{
	unsigned lowest = large ? LEVEL_BLOCK : LEVEL_PAGE;
	uint64_t count = 0, last = address + (bytes ? bytes - 1 : 0);

	for (unsigned level = lowest; level < LEVEL_ROOT; level++) {
		unsigned table_shift = level_shift(level + 1);

		count += (last >> table_shift) - (address >> table_shift) + 1;
	}
	return count;
}

void page_tables_init(struct page_tables *tables, void *pool, uint64_t page_count)
{
	memory_zero(pool, page_count * PAGE_BYTES);
	tables->pool = pool;
	tables->page_count = page_count;
	tables->root = pool;
	tables->used = 1;
}

/* The pool is counted beforehand (page_tables_needed), so it cannot run dry here. */
static uint64_t *table_take(struct page_tables *tables)
{
	return tables->pool + tables->used++ * (PAGE_BYTES / sizeof(uint64_t));
}

/*
 * Rights are decided at the last level: the entries above allow all. Accessed and dirty bits are
 * left to the processor.
 */
void page_tables_map(struct page_tables *tables, uint64_t va, uint64_t pa, unsigned flags)
{
	unsigned lowest = (flags & MAP_LARGE) ? LEVEL_BLOCK : LEVEL_PAGE;
	uint64_t *table = tables->root;
	uint64_t *slot;
	uint64_t word = pa | PTE_PRESENT;

	for (unsigned level = LEVEL_ROOT;; level--) {
		slot = &table[(va >> level_shift(level)) & ((1u << LEVEL_BITS) - 1)];
		if (level == lowest)
			break;
		if (*slot == 0)
			*slot = (uintptr_t)table_take(tables) | PTE_PRESENT | PTE_WRITABLE;
		table = (uint64_t *)(uintptr_t)(*slot & PTE_ADDRESS);
	}
	if (flags & MAP_LARGE)
		word |= PTE_LARGE;
	if (flags & MAP_WRITABLE)
		word |= PTE_WRITABLE;
	if (!(flags & MAP_EXECUTABLE))
		word |= PTE_NO_EXECUTE;
	*slot = word;
}

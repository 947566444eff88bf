/*
 * query_residence.c - what NtQueryVirtualMemory tells of pages in memory: the working set, page by
 * page or as a list (nt-semantics 5.4, classes 1 and 4).
 */
#include "frame.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "region.h"
#include "view.h"

/* The frame behind a page, as far as it is told. */
struct resident_page {
	bool is_valid, is_private, is_large;
	uint32_t shares;
};

/* Private large memory has a segment, which nobody else knows. Needs the space's lock. */
static struct resident_page look_at(const struct region *region, vaddr_t va)
{
	const struct view *view = region->view;
	struct resident_page page = {.is_private = view->kind == VIEW_PRIVATE};
	pte_t word;

	spin_lock(&frame_lock);
	word = slot_word(view->space, va);
	if (pte_kind(word) == PTE_VALID) {
		page.is_valid = true;
		page.is_private |= slot_is_private_locked(word);
		page.is_large = pte_is_large(word);
		page.shares = frame_of_shares(word)->shares;
	}
	spin_unlock(&frame_lock);
	return page;
}

static uint64_t share_count(const struct resident_page *page)
{
	if (page->is_private)
		return 0;
	return page->shares < MEMORY_WORKING_SET_SHARES_MAX ? page->shares
							    : MEMORY_WORKING_SET_SHARES_MAX;
}

uint64_t memory_query_residence(struct address_space *space, vaddr_t address)
{
	vaddr_t va = page_round_down(address);
	struct resident_page page;
	struct region *region;
	uint64_t attributes = 0;

	mutex_lock(&space->lock);
	region = va < USER_LIMIT ? region_find(space, va) : NULL;
	if (region) {
		page = look_at(region, va);
		if (page.is_valid)
			attributes = MEMORY_WORKING_SET_VALID |
				     share_count(&page) << MEMORY_WORKING_SET_SHARES_SHIFT |
				     (uint64_t)page_protection(region, va)
					     << MEMORY_WORKING_SET_PROTECTION_SHIFT;
		if (!page.is_private)
			attributes |= MEMORY_WORKING_SET_SHARED;
		if (page.is_large)
			attributes |= MEMORY_WORKING_SET_LARGE_PAGE;
		if (region->is_locked)
			attributes |= MEMORY_WORKING_SET_LOCKED;
	}
	mutex_unlock(&space->lock);
	return attributes;
}

/* ---- the list ---- */

/* The protection field of MEMORY_WORKING_SET_BLOCK: a number of its own. */
static uint64_t block_protection(uint32_t protection)
{
	static const struct {
		uint32_t protection, number;
	} numbers[] = {{PAGE_READONLY, 1},	   {PAGE_EXECUTE, 2},	{PAGE_EXECUTE_READ, 3},
		       {PAGE_READWRITE, 4},	   {PAGE_WRITECOPY, 5}, {PAGE_EXECUTE_READWRITE, 6},
		       {PAGE_EXECUTE_WRITECOPY, 7}};
	uint64_t number = protection & PAGE_NOCACHE ? 8 : 0;

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (protection & numbers[i].protection)
			number |= numbers[i].number;
	return number;
}

static uint64_t block_of(struct region *region, vaddr_t va, const struct resident_page *page)
{
	return va | block_protection(page_protection(region, va)) | share_count(page) << 5 |
	       (uint64_t)!page->is_private << 8;
}

uint64_t memory_list_residents(struct address_space *space, vaddr_t *from, uint64_t *blocks,
			       uint64_t capacity)
{
	uint64_t count = 0;

	mutex_lock(&space->lock);
	while (count < capacity && slot_next(space, from, USER_LIMIT)) {
		struct region *region = region_find(space, *from);
		struct resident_page page = {0};

		if (region)
			page = look_at(region, *from);
		if (page.is_valid)
			blocks[count++] = block_of(region, *from, &page);
		*from += PAGE_SIZE; /* of a large page, too: each of its 512 is listed */
	}
	mutex_unlock(&space->lock);
	return count;
}

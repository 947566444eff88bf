/*
 * mm_oracle_bytes.c - the flat memory: what an access does and sees, and what a query tells. See
 * mm_oracle.h.
 */
#include "mm_oracle.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

/* ---- bytes ---- */

static bool page_is_committed(const struct oracle_view *view, uint64_t page)
{
	if (!view->content)
		return page < oracle_known_pages(view) && view->pages[page].is_committed;
	if (!view->content->is_reserve)
		return true;
	page += view->first_page;
	return page < ORACLE_PAGES && view->content->committed[page];
}

static uint32_t page_protection(const struct oracle_view *view, uint64_t page)
{
	uint32_t protection = view->allocation_protect;

	if (page >= oracle_known_pages(view))
		return protection;
	protection = view->pages[page].protection;
	/* 8.2: a page that has been copied reads as writable */
	if (view->pages[page].is_private && (protection & PAGE_WRITECOPY))
		return (protection & ~PAGE_WRITECOPY) | PAGE_READWRITE;
	if (view->pages[page].is_private && (protection & PAGE_EXECUTE_WRITECOPY))
		return (protection & ~PAGE_EXECUTE_WRITECOPY) | PAGE_EXECUTE_READWRITE;
	return protection;
}

uint32_t oracle_protection(const struct oracle_view *view, vaddr_t va)
{
	return page_protection(view, page_of(va - view->start));
}

bool oracle_is_guard(struct oracle_space *space, vaddr_t va)
{
	const struct oracle_view *view = oracle_find(space, va);
	uint64_t page = view ? page_of(va - view->start) : 0;

	return view && page_is_committed(view, page) && (page_protection(view, page) & PAGE_GUARD);
}

static bool allows(uint32_t protection, enum access access)
{
	switch (access) {
	case ACCESS_READ:
		return !(protection & PAGE_NOACCESS);
	case ACCESS_WRITE:
		return protection & (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE |
				     PAGE_EXECUTE_WRITECOPY);
	case ACCESS_EXECUTE:
		return protection & (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |
				     PAGE_EXECUTE_WRITECOPY);
	}
	return false;
}

/* 5.9, 5.10: a guard page tells once; on a stack it moves down, until two pages are left. */
NTSTATUS oracle_expect_access(struct oracle_space *space, vaddr_t va, enum access access)
{
	const struct oracle_view *view = oracle_find(space, va);
	uint64_t page;

	if (!view)
		return STATUS_ACCESS_VIOLATION;
	page = page_of(va - view->start);
	if (!page_is_committed(view, page) || !allows(page_protection(view, page), access))
		return STATUS_ACCESS_VIOLATION;
	if (!(page_protection(view, page) & PAGE_GUARD))
		return STATUS_SUCCESS;
	if (!view->is_stack)
		return STATUS_GUARD_PAGE_VIOLATION;
	return page <= 2 ? STATUS_STACK_OVERFLOW : STATUS_SUCCESS;
}

/* The page below a stack's guard becomes the next one, or a handler's. */
static void guard_down(struct oracle_view *view, vaddr_t va, uint32_t protection)
{
	struct oracle_page *below = oracle_page_at(view, va - PAGE_SIZE);

	below->is_committed = true;
	below->protection = protection;
}

/* Bytes of a page that lie within the file. */
static uint16_t bytes_in_file(const struct oracle_content *content, page_index_t page)
{
	if (!content->is_file || page < page_of(content->size_bytes))
		return PAGE_SIZE;
	return (uint16_t)page_offset(content->size_bytes);
}

static uint8_t *page_bytes(struct oracle_view *view, vaddr_t va, bool write)
{
	struct oracle_page *page = oracle_page_at(view, va);
	uint8_t *shared;

	if (view->content && !page->is_private) {
		page_index_t index = view->first_page + page_of(va - view->start);

		if (!write || !oracle_is_copy(page->protection))
			return oracle_content_page(view->content, index, write);
		page->is_private = true;
		page->uncertain_from = bytes_in_file(view->content, index);
		shared = oracle_content_page(view->content, index, false);
		page->bytes = calloc(1, PAGE_SIZE);
		if (shared)
			memcpy(page->bytes, shared, PAGE_SIZE);
	}
	if (!page->bytes && write)
		page->bytes = calloc(1, PAGE_SIZE);
	return page->bytes;
}

uint8_t *oracle_accessed(struct oracle_space *space, vaddr_t va, enum access access,
			 NTSTATUS status)
{
	struct oracle_view *view = oracle_find(space, va);
	struct oracle_page *page;

	if (!view || status == STATUS_ACCESS_VIOLATION)
		return NULL;
	page = oracle_page_at(view, va);
	if (page->protection & PAGE_GUARD) {
		page->protection &= ~PAGE_GUARD;
		if (view->is_stack && page_of(va - view->start) > 1)
			guard_down(view, va,
				   PAGE_READWRITE |
					   (status == STATUS_STACK_OVERFLOW ? 0 : PAGE_GUARD));
	}
	return NT_SUCCESS(status) ? page_bytes(view, va, access == ACCESS_WRITE) : NULL;
}

size_t oracle_certain_bytes(struct oracle_space *space, vaddr_t va)
{
	const struct oracle_view *view = oracle_find(space, va);
	const struct oracle_page *page = oracle_page_at(view, va);

	if (!view->content)
		return PAGE_SIZE;
	if (page->is_private)
		return page->uncertain_from;
	return bytes_in_file(view->content, view->first_page + page_of(va - view->start));
}

/* ---- NtQueryVirtualMemory (5.4, 3.4.7) ---- */

static void query_page(const struct oracle_view *view, uint64_t page, uint32_t *state,
		       uint32_t *protection)
{
	bool is_committed = page_is_committed(view, page);

	*state = is_committed ? MEM_COMMIT : MEM_RESERVE;
	*protection = is_committed ? page_protection(view, page) : 0;
}

NTSTATUS oracle_query(struct oracle_space *space, vaddr_t va,
		      struct nt_memory_basic_information *result)
{
	const struct oracle_view *view = oracle_find(space, va);
	uint64_t page, last, known;
	uint32_t state, protection;

	if (va > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER;
	va = page_round_down(va);
	*result = (struct nt_memory_basic_information){.base_address = va};
	if (!view) {
		vaddr_t end = USER_LIMIT;

		for (unsigned i = 0; i < ORACLE_VIEWS; i++)
			if (space->views[i].end && space->views[i].start > va &&
			    space->views[i].start < end)
				end = space->views[i].start;
		result->region_size_bytes = end - va;
		result->state = MEM_FREE;
		result->protect = PAGE_NOACCESS;
		return STATUS_SUCCESS;
	}
	page = last = page_of(va - view->start);
	query_page(view, page, &result->state, &result->protect);
	known = oracle_known_pages(view);
	do {
		if (++last > known)
			last = oracle_view_pages(view); /* all alike */
		query_page(view, last, &state, &protection);
	} while (last < oracle_view_pages(view) && state == result->state &&
		 protection == result->protect);
	result->allocation_base = view->start;
	result->allocation_protect = view->allocation_protect;
	result->region_size_bytes = pages_to_bytes(last - page);
	result->type = view->content ? MEM_MAPPED : MEM_PRIVATE;
	if (view->content && view->content->image)
		result->type = MEM_IMAGE;
	return STATUS_SUCCESS;
}

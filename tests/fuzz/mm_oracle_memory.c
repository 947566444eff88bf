/*
 * mm_oracle_memory.c - the rules for private memory, as mm_oracle_rules.c; and placeholders.
 */
#include "mm_oracle_rules.h"

#include "kernel/lib/range.h"

#define PRESERVE (MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER)
#define COALESCE (MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS)
#define WATCHED_BYTES_MAX (63ull << 30)

/* ---- 5.1.1 ---- */

static bool type_is_valid(uint32_t type)
{
	const uint32_t all = MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH |
			     MEM_PHYSICAL | MEM_LARGE_PAGES;

	if ((type & ~all) || !(type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET))) /* rows 2, 3 */
		return false;
	if ((type & MEM_RESET) && type != MEM_RESET) /* row 4 */
		return false;
	if ((type & MEM_LARGE_PAGES) &&
	    (!(type & MEM_COMMIT) || (type & (MEM_PHYSICAL | MEM_WRITE_WATCH)))) /* row 5 */
		return false;
	if ((type & MEM_WRITE_WATCH) && !(type & MEM_RESERVE)) /* row 6 */
		return false;
	return !(type & MEM_PHYSICAL) || /* row 7 */
	       (type & ~MEM_TOP_DOWN) == (MEM_PHYSICAL | MEM_RESERVE);
}

static struct oracle_expectation expect_reserve(struct oracle_space *space, vaddr_t base,
						vaddr_t limit, uint64_t size, uint32_t type)
{
	vaddr_t start = round_down(base, ALLOCATION_GRANULARITY);
	vaddr_t end = page_round_up(base + size);
	uint64_t charge = type & MEM_COMMIT ? bytes_to_pages(end - start) : 0;

	if (!base && !oracle_place(space, end, limit, false))
		return must(STATUS_NO_MEMORY);
	if (base && start < USER_LOWEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (base && end > limit)
		return either(STATUS_INVALID_PARAMETER_3, STATUS_CONFLICTING_ADDRESSES);
	if (base && !oracle_is_free(space, start, end))
		return must(STATUS_CONFLICTING_ADDRESSES);
	if ((type & MEM_WRITE_WATCH) && end - start > WATCHED_BYTES_MAX)
		return must(STATUS_NO_MEMORY);
	return succeed(charge, charge);
}

static struct oracle_expectation expect_commit(struct oracle_space *space, vaddr_t start,
					       vaddr_t end, uint32_t type, uint32_t protection)
{
	const struct oracle_view *view = oracle_find(space, start);
	uint64_t needed = 0, copies = 0;

	if (!view || end > view->end) /* row 20; row 16 if it is to be private memory */
		return either(STATUS_CONFLICTING_ADDRESSES, type != MEM_RESET && (protection & COPY)
								    ? STATUS_INVALID_PAGE_PROTECTION
								    : STATUS_CONFLICTING_ADDRESSES);
	if (type == MEM_RESET)
		return must(STATUS_SUCCESS);
	if (view->is_physical || view->is_placeholder)
		return must(STATUS_CONFLICTING_ADDRESSES);
	if (!view->content && (protection & COPY))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (view->content && view->content->is_file) /* 4.4 */
		return must(STATUS_ALREADY_COMMITTED);
	if (view->content && (rights(protection) & ~rights(view->allocation_protect)))
		return must(STATUS_SECTION_PROTECTION);
	if (view->is_frozen &&
	    ((protection ^ view->allocation_protect) & ~(PAGE_NOCACHE | PAGE_WRITECOMBINE)))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	for (uint64_t i = page_of(start - view->start); i < page_of(end - view->start); i++) {
		if (!view->content)
			needed += !view->pages[i].is_committed;
		else if (view->content->is_reserve)
			needed += !view->content->committed[view->first_page + i];
		copies += view->content && (protection & COPY);
	}
	return succeed(needed, needed + copies);
}

/* 5.1.4: what may stand beside MEM_RESERVE_PLACEHOLDER and MEM_REPLACE_PLACEHOLDER. */
static bool placeholder_type_is_valid(uint32_t type, uint32_t protection)
{
	if ((type & MEM_PLACEHOLDERS) == MEM_PLACEHOLDERS || !(type & MEM_RESERVE))
		return false;
	if (type & MEM_REPLACE_PLACEHOLDER)
		return !(type & (MEM_PHYSICAL | MEM_LARGE_PAGES | MEM_TOP_DOWN | MEM_RESET));
	return protection == PAGE_NOACCESS &&
	       (type & ~MEM_TOP_DOWN) == (MEM_RESERVE | MEM_RESERVE_PLACEHOLDER);
}

static struct oracle_expectation expect_replace(struct oracle_space *space, vaddr_t base,
						uint64_t size, uint32_t type)
{
	const struct oracle_view *view = base ? oracle_find(space, base) : NULL;
	uint64_t charge = type & MEM_COMMIT ? bytes_to_pages(size) : 0;

	if (!view)
		return must(STATUS_INVALID_PARAMETER);
	if (view->start != base || view->end - base != size)
		return must(STATUS_CONFLICTING_ADDRESSES);
	if (!view->is_placeholder)
		return must(STATUS_INVALID_PARAMETER);
	if ((type & MEM_WRITE_WATCH) && size > WATCHED_BYTES_MAX)
		return must(STATUS_NO_MEMORY);
	return succeed(charge, charge);
}

struct oracle_expectation oracle_expect_allocate(struct oracle_space *space, vaddr_t base,
						 uint64_t zero_bits, uint64_t size, uint32_t type,
						 uint32_t protection)
{
	uint32_t plain = type & ~MEM_PLACEHOLDERS;
	vaddr_t limit;

	if (type != plain && !placeholder_type_is_valid(type, protection))
		return must(STATUS_INVALID_PARAMETER);
	if (!oracle_zero_bits(zero_bits, &limit))
		return must(STATUS_INVALID_PARAMETER_3);
	if (!type_is_valid(plain))
		return must(STATUS_INVALID_PARAMETER_5);
	if ((type & MEM_PHYSICAL) && protection != PAGE_READWRITE) /* row 8 */
		return must(STATUS_INVALID_PARAMETER_6);
	if (!is_valid(protection))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (base > USER_HIGHEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (!size || size > USER_LIMIT - base)
		return must(STATUS_INVALID_PARAMETER_4);
	if (type & MEM_LARGE_PAGES)
		return expect_large(base, size, type, protection);
	if ((type & MEM_RESERVE) || (!base && (type & MEM_COMMIT))) {
		if (protection & COPY)
			return must(STATUS_INVALID_PAGE_PROTECTION);
		if (type & MEM_REPLACE_PLACEHOLDER)
			return expect_replace(space, base, size, type);
		return expect_reserve(space, base, limit, size, type);
	}
	return expect_commit(space, page_round_down(base), page_round_up(base + size), type,
			     protection);
}

/* ---- 5.2 ---- */

struct oracle_expectation oracle_expect_watch(struct oracle_space *space, vaddr_t start,
					      vaddr_t end)
{
	const struct oracle_view *view = oracle_find(space, start);

	return must(view && view->is_watched && end <= view->end ? STATUS_SUCCESS
								 : STATUS_INVALID_PARAMETER);
}

/* Placeholders, two or more, fill the range to the byte. */
static bool is_filled(struct oracle_space *space, vaddr_t start, vaddr_t end)
{
	vaddr_t at = start;
	unsigned count = 0;

	for (; at < end; count++) {
		const struct oracle_view *view = oracle_find(space, at);

		if (!view || view->start != at || !view->is_placeholder)
			return false;
		at = view->end;
	}
	return at == end && count > 1;
}

struct oracle_expectation oracle_expect_free(struct oracle_space *space, vaddr_t base,
					     uint64_t size, uint32_t type)
{
	const struct oracle_view *view = oracle_find(space, base);

	if (type != MEM_DECOMMIT && type != MEM_RELEASE && type != PRESERVE && type != COALESCE)
		return must(STATUS_INVALID_PARAMETER_4);
	if (base > USER_HIGHEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (size > USER_LIMIT - base)
		return must(STATUS_INVALID_PARAMETER_3);
	if (!size && (type == PRESERVE || type == COALESCE))
		return must(STATUS_INVALID_PARAMETER_3);
	if (type == COALESCE)
		return must(is_filled(space, page_round_down(base), page_round_up(base + size))
				    ? STATUS_SUCCESS
				    : STATUS_CONFLICTING_ADDRESSES);
	if (!view)
		return must(STATUS_MEMORY_NOT_ALLOCATED);
	if (base + size > view->end)
		return must(STATUS_UNABLE_TO_FREE_VM);
	if (view->content)
		return must(STATUS_UNABLE_TO_DELETE_SECTION);
	if (!size && page_round_down(base) != view->start)
		return must(STATUS_FREE_VM_NOT_AT_BASE);
	if (type == PRESERVE && view->is_placeholder)
		return must(page_round_down(base) == view->start &&
					    page_round_up(base + size) == view->end
				    ? STATUS_CONFLICTING_ADDRESSES
				    : STATUS_SUCCESS);
	if (type == PRESERVE && !view->was_placeholder)
		return must(STATUS_CONFLICTING_ADDRESSES);
	return must(STATUS_SUCCESS);
}

/* ---- 5.3 ---- */

struct oracle_expectation oracle_expect_protect(struct oracle_space *space, vaddr_t base,
						uint64_t size, uint32_t protection)
{
	const struct oracle_view *view = oracle_find(space, base);
	struct nt_memory_basic_information information;
	uint64_t copies = 0;

	if (!is_valid(protection))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (base > USER_HIGHEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (!size || size > USER_LIMIT - base)
		return must(STATUS_INVALID_PARAMETER_3);
	if (!view || base + size > view->end)
		return must(STATUS_CONFLICTING_ADDRESSES);
	for (vaddr_t va = page_round_down(base); va < base + size;
	     va += information.region_size_bytes) {
		(void)oracle_query(space, va, &information);
		if (information.state != MEM_COMMIT)
			return must(STATUS_NOT_COMMITTED);
	}
	if (view->is_frozen)
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (!view->content && (protection & COPY))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (view->content && view->content->image) /* 3.3.3: any; kept as copied on write */
		protection |= protection & PAGE_READWRITE ? PAGE_WRITECOPY : 0;
	else if (view->content && (rights(protection) & ~rights(view->allocation_protect)))
		return must(STATUS_SECTION_PROTECTION);
	if (protection & (COPY | PAGE_EXECUTE_READWRITE))
		copies = bytes_to_pages(page_round_up(base + size) - page_round_down(base));
	return succeed(0, copies);
}

/* ---- placeholders: what the calls do ---- */

void oracle_preserved(struct oracle_space *space, struct oracle_view *view, vaddr_t start,
		      vaddr_t end)
{
	oracle_released(space, view, start, end);
	oracle_reserved(space, start, end - start, MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS);
}

void oracle_coalesced(struct oracle_space *space, vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start, next; va < end; va = next) {
		struct oracle_view *view = oracle_find(space, va);

		next = view->end;
		oracle_unmapped(view);
	}
	oracle_reserved(space, start, end - start, MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS);
}

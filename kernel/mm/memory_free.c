/*
 * memory_free.c - private memory: decommitting and releasing (nt-semantics 5.2).
 */
#include "commit.h"
#include "kernel/core/pool.h"
#include "kernel/lib/range.h"
#include "large.h"
#include "mm.h"
#include "pages.h"
#include "placeholder.h"
#include "region.h"
#include "space.h"
#include "view.h"
#include "watch.h"

/*
 * Rows 6-10 of table 5.2, and large memory, which goes whole; on success the range to free. Needs
 * the space's lock.
 */
static NTSTATUS find_range_to_free(struct address_space *space, vaddr_t base, uint64_t size,
				   uint32_t type, struct view **result, vaddr_t *start,
				   vaddr_t *end)
{
	struct view *view = view_find(space, base);

	if (!view)
		return STATUS_MEMORY_NOT_ALLOCATED;
	*start = page_round_down(base);
	*end = size ? page_round_up(base + size) : view->end;
	if (*end > view->end)
		return STATUS_UNABLE_TO_FREE_VM;
	if (view->kind != VIEW_PRIVATE)
		return STATUS_UNABLE_TO_DELETE_SECTION;
	if (!size && *start != view->start)
		return STATUS_FREE_VM_NOT_AT_BASE;
	if (view_is_large(view)) {
		if (type == MEM_DECOMMIT)
			return STATUS_MEMORY_NOT_ALLOCATED;
		if (*start != view->start || *end != view->end)
			return STATUS_FREE_VM_NOT_AT_BASE;
	}
	*result = view;
	return STATUS_SUCCESS;
}

static void refund(struct view *view, vaddr_t start, vaddr_t end)
{
	uint64_t pages = region_count_pages(view->space, start, end, REGION_COMMITTED);

	view_charge(view, -(int64_t)pages);
	commit_release(pages);
}

static NTSTATUS decommit_locked(struct view *view, vaddr_t start, vaddr_t end)
{
	struct region_spares spares;
	NTSTATUS status = region_spares_alloc(&spares);

	if (!NT_SUCCESS(status))
		return status;
	pages_discard(view->space, start, end);
	refund(view, start, end);
	region_change(view->space, start, end, REGION_RESERVED, 0, &spares);
	region_spares_free(&spares);
	return STATUS_SUCCESS;
}

/*
 * The regions from `start` on, above the view's own first one, become those of `tail`, a new view.
 */
static void move_regions(struct view *view, vaddr_t start, struct view *tail)
{
	struct region *region = region_at_or_after(view->space, start);

	for (; region && region->view == view; region = region_next(region)) {
		KASSERT(region != &view->first);
		region->view = tail;
	}
}

/* Cuts [start, end) out of a private view; `tail` is used when something is left on both sides. */
static void cut_view(struct view *view, vaddr_t start, vaddr_t end, struct region_spares *spares,
		     struct view *tail)
{
	struct address_space *space = view->space;
	struct region *region = region_isolate(space, start, end, spares);

	while (region && region->start < end) {
		struct region *next = region_next(region);

		region_unlock(space, region);
		region_remove(space, region);
		region_discard(region);
		region = next;
	}
	space->virtual_bytes -= end - start;
	if (start == view->start) {
		view->start = end;
		view_promise_tables(view);
		return;
	}
	if (tail) {
		*tail = *view;
		tail->start = end;
		tail->commit_pages = region_count_pages(space, end, view->end, REGION_COMMITTED);
		view->commit_pages -= tail->commit_pages;
		tail->table_pages = 0;
		view_promise_tables(tail);
		move_regions(view, end, tail);
		watch_reference(tail->watch);
		if (tail->watch)
			atomic_fetch_add(&space->watch_count, 1);
		space->view_count++;
		view_count_changed(1);
	}
	view->end = start;
	view_promise_tables(view);
}

static NTSTATUS release_part_locked(struct view *view, vaddr_t start, vaddr_t end)
{
	bool needs_tail = start > view->start && end < view->end;
	struct region_spares spares;
	struct view *tail = NULL;
	NTSTATUS status = region_spares_alloc(&spares);

	if (!NT_SUCCESS(status))
		return status;
	if (needs_tail)
		tail = pool_alloc(sizeof(*tail));
	if (needs_tail && !tail) {
		region_spares_free(&spares);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	pages_discard(view->space, start, end);
	refund(view, start, end);
	cut_view(view, start, end, &spares, tail);
	region_spares_free(&spares);
	return STATUS_SUCCESS;
}

/*
 * MEM_PRESERVE_PLACEHOLDER: part of a placeholder, or memory that took the place of one, becomes a
 * placeholder of its own.
 */
static NTSTATUS preserve_locked(struct view *view, vaddr_t start, vaddr_t end, struct view **gone)
{
	struct view_template template = placeholder_template(start, end);
	struct address_space *space = view->space;
	bool is_whole = start == view->start && end == view->end;
	struct view_memory memory;
	NTSTATUS status;

	if (view->is_placeholder ? is_whole : !view->was_placeholder)
		return STATUS_CONFLICTING_ADDRESSES;
	if (space->dying)
		return STATUS_PROCESS_IS_TERMINATING;
	status = view_memory_alloc(&template, &memory);
	if (!NT_SUCCESS(status))
		return status;
	if (is_whole) {
		view_remove(space, view);
		*gone = view;
	} else {
		status = release_part_locked(view, start, end);
	}
	if (NT_SUCCESS(status))
		view_insert(space, &template, &memory);
	else
		view_memory_free(&memory);
	return status;
}

static NTSTATUS release_locked(struct view *view, vaddr_t start, vaddr_t end, struct view **gone)
{
	if (start != view->start || end != view->end)
		return release_part_locked(view, start, end);
	view_remove(view->space, view);
	*gone = view;
	return STATUS_SUCCESS;
}

NTSTATUS memory_free_check_type(uint32_t type)
{
	switch (type) {
	case MEM_DECOMMIT:
	case MEM_RELEASE:
	case MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER:
	case MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS:
		return STATUS_SUCCESS;
	}
	return STATUS_INVALID_PARAMETER_4;
}

/* *gone: the view that went as a whole, for view_free. Needs the space's lock. */
static NTSTATUS free_locked(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
			    uint32_t type, struct view **gone)
{
	vaddr_t start = page_round_down(*base), end = page_round_up(*base + *size_bytes);
	struct view *view;
	NTSTATUS status;

	if (type & MEM_COALESCE_PLACEHOLDERS) {
		status = placeholder_coalesce(space, start, end);
	} else {
		status = find_range_to_free(space, *base, *size_bytes, type, &view, &start, &end);
		if (!NT_SUCCESS(status))
			return status;
		if (type == MEM_DECOMMIT)
			status = decommit_locked(view, start, end);
		else if (type & MEM_PRESERVE_PLACEHOLDER)
			status = preserve_locked(view, start, end, gone);
		else
			status = release_locked(view, start, end, gone);
	}
	if (NT_SUCCESS(status)) {
		*base = start;
		if (*size_bytes || type == MEM_RELEASE) /* DECOMMIT of all reports size 0 (5.2) */
			*size_bytes = end - start;
	}
	return status;
}

NTSTATUS memory_free(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
		     uint32_t type)
{
	NTSTATUS status = memory_free_check_type(type);
	struct view *gone = NULL;

	if (!NT_SUCCESS(status))
		return status;
	if (*base > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (!range_ok(*base, *size_bytes, USER_LIMIT))
		return STATUS_INVALID_PARAMETER_3;
	if (!*size_bytes && (type & (MEM_PRESERVE_PLACEHOLDER | MEM_COALESCE_PLACEHOLDERS)))
		return STATUS_INVALID_PARAMETER_3;
	mutex_lock(&space->lock);
	status = free_locked(space, base, size_bytes, type, &gone);
	mutex_unlock(&space->lock);
	if (gone)
		view_free(gone);
	return status;
}

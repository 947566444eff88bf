/*
 * protect.c - changing the protection of pages (nt-semantics 4.3, 5.3).
 */
#include "commit.h"
#include "frame.h"
#include "kernel/lib/range.h"
#include "large.h"
#include "mm.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "space.h"
#include "view.h"

uint32_t page_protection(struct region *region, vaddr_t va)
{
	if (!protection_is_copy(region->protection) || !page_is_private(region->view->space, va))
		return region->protection;
	return protection_after_copy(region->protection);
}

/*
 * Copy-on-write pages must be promised: charges those of the range, never more than the view has.
 */
static NTSTATUS charge_copies(struct view *view, vaddr_t start, vaddr_t end, uint32_t protection,
			      uint64_t *charged)
{
	uint64_t most = bytes_to_pages(view->end - view->start) - view->commit_pages;
	uint64_t pages = 0;

	for (struct region *region = region_find(view->space, start); region && region->start < end;
	     region = region_next(region)) {
		vaddr_t from = region->start > start ? region->start : start;
		vaddr_t to = region->end < end ? region->end : end;

		if (!protection_is_copy(region->protection))
			pages += bytes_to_pages(to - from);
	}
	*charged = 0;
	if (!protection_is_copy(protection) || !view->segment)
		return STATUS_SUCCESS;
	*charged = pages < most ? pages : most;
	return commit_charge(*charged);
}

NTSTATUS view_protect_locked(struct view *view, vaddr_t start, vaddr_t end, uint32_t protection)
{
	struct region_spares spares;
	uint64_t charged;
	NTSTATUS status = region_spares_alloc(&spares);

	if (!NT_SUCCESS(status))
		return status;
	protection = protection_in_allocation(view->allocation_protect, protection);
	status = charge_copies(view, start, end, protection, &charged);
	if (NT_SUCCESS(status)) {
		view_charge(view, (int64_t)charged);
		region_change(view->space, start, end, REGION_COMMITTED, protection, &spares);
		pages_protect(view->space, start, end, protection);
	}
	region_spares_free(&spares);
	return status;
}

bool view_range_is_committed(struct view *view, vaddr_t start, vaddr_t end)
{
	page_index_t first, last;
	bool committed;

	for (struct region *region = region_find(view->space, start); region && region->start < end;
	     region = region_next(region))
		if (region->state != REGION_COMMITTED)
			return false;
	if (!view_has_uncommitted_pages(view))
		return true;
	first = view->first_page + page_of(start - view->start);
	last = first + bytes_to_pages(end - start);
	spin_lock(&frame_lock);
	committed = segment_page_is_committed_locked(view->segment, first);
	spin_unlock(&frame_lock);
	return committed && segment_commit_run_end(view->segment, first, last) == last;
}

/* Rows 6-9 of table 5.3; *stored is how the new protection is kept. */
static NTSTATUS check_change(struct view *view, vaddr_t start, vaddr_t end, uint32_t protection,
			     uint32_t *stored)
{
	*stored = protection;
	if (!view || end > view->end)
		return STATUS_CONFLICTING_ADDRESSES;
	if (!view_range_is_committed(view, start, end))
		return STATUS_NOT_COMMITTED;
	if (view->is_frozen)
		return STATUS_INVALID_PAGE_PROTECTION;
	if (view_is_large(view)) {
		NTSTATUS status = large_check_change(start, end, protection);

		if (!NT_SUCCESS(status))
			return status;
	}
	switch (view->kind) {
	case VIEW_PRIVATE:
		return protection_is_copy(protection) ? STATUS_INVALID_PAGE_PROTECTION
						      : STATUS_SUCCESS;
	case VIEW_MAPPED:
		return protection_view_allows(view->allocation_protect, protection)
			       ? STATUS_SUCCESS
			       : STATUS_SECTION_PROTECTION;
	case VIEW_IMAGE:
		if (view->is_no_execute && (protection & PAGE_EXECUTE_MASK))
			return STATUS_SECTION_PROTECTION;
		if (!segment_subsection(view->segment,
					view->first_page + page_of(start - view->start))
			     ->is_shared)
			*stored = protection_before_copy(protection);
		return STATUS_SUCCESS;
	}
	return STATUS_SUCCESS;
}

NTSTATUS memory_protect(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
			uint32_t protection, uint32_t *old_protection)
{
	vaddr_t start, end;
	uint32_t old, stored;
	uint64_t locked_before;
	struct region *region;
	NTSTATUS status;

	if (!protection_is_valid(protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (*base > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (!*size_bytes || !range_ok(*base, *size_bytes, USER_LIMIT))
		return STATUS_INVALID_PARAMETER_3;
	start = page_round_down(*base);
	end = page_round_up(*base + *size_bytes);
	mutex_lock(&space->lock);
	region = region_find(space, start);
	status = check_change(region ? region->view : NULL, start, end, protection, &stored);
	if (NT_SUCCESS(status)) {
		old = page_protection(region, start);
		locked_before = space->locked_pages;
		status = view_protect_locked(region->view, start, end, stored);
		if (status == STATUS_SUCCESS && space->locked_pages < locked_before)
			status = STATUS_WAS_UNLOCKED;
	}
	mutex_unlock(&space->lock);
	if (NT_SUCCESS(status)) {
		*base = start;
		*size_bytes = end - start;
		*old_protection = old;
	}
	return status;
}

/*
 * residence.c - pages that stay in memory: NtLockVirtualMemory, NtUnlockVirtualMemory (nt-semantics
 * 5.6).
 *
 * Locked is an attribute of a region, and every page of such a region is mapped. Whoever takes
 * pages out of memory leaves locked regions alone. There is no count: one unlock undoes any number
 * of locks. Pages stop being locked when they are freed, unmapped, or protected so that nobody
 * reaches them (region_unlock, region_change).
 *
 * Locking faults the pages in without locks, then looks at them again under the space's lock; if
 * one has gone meanwhile, all of it is done again, a bounded number of times.
 */
#include "residence.h"

#include "frame.h"
#include "kernel/lib/range.h"
#include "large.h"
#include "mm.h"
#include "page_table.h"
#include "protection.h"
#include "region.h"
#include "view.h"

#define LOCK_TURNS 16u

static uint64_t pages_within(const struct region *region, vaddr_t start, vaddr_t end)
{
	vaddr_t from = region->start > start ? region->start : start;
	vaddr_t to = region->end < end ? region->end : end;

	return bytes_to_pages(to - from);
}

uint64_t residence_count(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct region *region = region_at_or_after(space, start);
	uint64_t pages = 0;

	for (; region && region->start < end; region = region_next(region))
		if (region->is_locked)
			pages += pages_within(region, start, end);
	return pages;
}

/* May the region's pages from `start` to `end`, or to its own end, be locked at all? */
static NTSTATUS check_region(const struct region *region, vaddr_t start, vaddr_t end)
{
	if (region->view->is_physical || view_is_large(region->view))
		return STATUS_INCOMPATIBLE_FILE_MAP;
	if (region->end < end)
		end = region->end;
	if (!protection_rights(region->protection) ||
	    !view_range_is_committed(region->view, start, end))
		return STATUS_ACCESS_VIOLATION;
	return STATUS_SUCCESS;
}

/* Regions that can be locked cover [start, end), and the quota allows it. Needs the lock. */
static NTSTATUS check_range(struct address_space *space, vaddr_t start, vaddr_t end)
{
	uint64_t pages = bytes_to_pages(end - start) - residence_count(space, start, end);
	struct region *region;

	for (vaddr_t at = start; at < end; at = region->end) {
		NTSTATUS status;

		region = region_find(space, at);
		status = region ? check_region(region, at, end) : STATUS_ACCESS_VIOLATION;
		if (!NT_SUCCESS(status))
			return status;
	}
	return pages > LOCKED_PAGES_MAX - space->locked_pages ? STATUS_WORKING_SET_QUOTA
							      : STATUS_SUCCESS;
}

/*
 * How to touch the page: as a program that means to use it would. Not so that a copy is made for
 * nothing, or a page of a file looks written.
 */
static enum access access_for(struct address_space *space, vaddr_t va)
{
	struct region *region;
	bool write;

	mutex_lock(&space->lock);
	region = region_find(space, va);
	write = region && region->view->kind == VIEW_PRIVATE &&
		(protection_rights(region->protection) & RIGHT_WRITE);
	mutex_unlock(&space->lock);
	return write ? ACCESS_WRITE : ACCESS_READ;
}

static NTSTATUS fault_in_page(struct address_space *space, vaddr_t va)
{
	enum access access = access_for(space, va);
	NTSTATUS status = mm_fault(space, va, access, false);

	/* made read-only meanwhile: it can be locked all the same */
	if (status == STATUS_ACCESS_VIOLATION && access == ACCESS_WRITE)
		status = mm_fault(space, va, ACCESS_READ, false);
	return status;
}

static NTSTATUS fault_in(struct address_space *space, vaddr_t start, vaddr_t end)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (vaddr_t va = start; NT_SUCCESS(status) && va < end; va += PAGE_SIZE)
		status = fault_in_page(space, va);
	return status;
}

static bool range_is_resident(struct address_space *space, vaddr_t start, vaddr_t end)
{
	bool resident = true;

	spin_lock(&frame_lock);
	for (vaddr_t va = start; resident && va < end; va += PAGE_SIZE) {
		pte_t *slot = slot_find(space, va);

		resident = slot && pte_kind(pt_read(slot)) == PTE_VALID;
	}
	spin_unlock(&frame_lock);
	return resident;
}

/*
 * Sets the attribute of [start, end), which regions cover. Only the first and the last view are
 * split. Needs the lock.
 */
static void set_locked(struct address_space *space, vaddr_t start, vaddr_t end, bool is_locked,
		       struct region_spares *spares)
{
	space->locked_pages -= residence_count(space, start, end);
	for (vaddr_t from = start, to; from < end; from = to) {
		struct view *view = view_find(space, from);
		struct region *region;

		to = view->end < end ? view->end : end;
		region = region_isolate(space, from, to, spares);
		for (; region && region->start < to; region = region_next(region))
			region->is_locked = is_locked;
		region_merge(space, from, to);
	}
	space->locked_pages += residence_count(space, start, end);
}

/* Locks what is in memory. False: a page has gone, fault it in again; else *status is final. */
static bool lock_resident(struct address_space *space, vaddr_t start, vaddr_t end,
			  struct region_spares *spares, NTSTATUS *status)
{
	bool resident = true;

	mutex_lock(&space->lock);
	*status = check_range(space, start, end);
	if (NT_SUCCESS(*status))
		resident = range_is_resident(space, start, end);
	if (NT_SUCCESS(*status) && resident) {
		if (residence_count(space, start, end))
			*status = STATUS_WAS_LOCKED;
		set_locked(space, start, end, true, spares);
	}
	mutex_unlock(&space->lock);
	return resident;
}

static NTSTATUS lock_range(struct address_space *space, vaddr_t start, vaddr_t end,
			   struct region_spares *spares)
{
	NTSTATUS status;

	for (unsigned turn = 0; turn < LOCK_TURNS; turn++) {
		mutex_lock(&space->lock);
		status = check_range(space, start, end);
		mutex_unlock(&space->lock);
		if (NT_SUCCESS(status))
			status = fault_in(space, start, end);
		if (!NT_SUCCESS(status))
			return status;
		if (lock_resident(space, start, end, spares, &status))
			return status;
	}
	return STATUS_WORKING_SET_QUOTA;
}

static NTSTATUS unlock_range(struct address_space *space, vaddr_t start, vaddr_t end,
			     struct region_spares *spares)
{
	NTSTATUS status = STATUS_SUCCESS;

	mutex_lock(&space->lock);
	if (residence_count(space, start, end) == bytes_to_pages(end - start))
		set_locked(space, start, end, false, spares);
	else
		status = STATUS_NOT_LOCKED;
	mutex_unlock(&space->lock);
	return status;
}

static NTSTATUS change_range(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
			     NTSTATUS (*change)(struct address_space *space, vaddr_t start,
						vaddr_t end, struct region_spares *spares))
{
	struct region_spares spares;
	vaddr_t start, end;
	NTSTATUS status;

	if (!*size_bytes || !range_ok(*base, *size_bytes, USER_LIMIT))
		return STATUS_INVALID_PARAMETER;
	start = page_round_down(*base);
	end = page_round_up(*base + *size_bytes);
	status = region_spares_alloc(&spares);
	if (!NT_SUCCESS(status))
		return status;
	status = change(space, start, end, &spares);
	region_spares_free(&spares);
	if (NT_SUCCESS(status)) {
		*base = start;
		*size_bytes = end - start;
	}
	return status;
}

NTSTATUS memory_lock(struct address_space *space, vaddr_t *base, uint64_t *size_bytes)
{
	return change_range(space, base, size_bytes, lock_range);
}

NTSTATUS memory_unlock(struct address_space *space, vaddr_t *base, uint64_t *size_bytes)
{
	return change_range(space, base, size_bytes, unlock_range);
}

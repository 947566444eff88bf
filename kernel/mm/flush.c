/*
 * flush.c - dirty pages of a view to their file: NtFlushVirtualMemory (nt-semantics 5.5); and
 * pages that will be wanted, from their file: NtSetInformationVirtualMemory.
 */
#include "frame.h"
#include "kernel/lib/range.h"
#include "mm.h"
#include "region.h"
#include "segment.h"
#include "view.h"
#include "writeback.h"

/* Prefetching leaves so many frames free. */
#define FRAMES_LEFT_FREE 64u

/* Pages of a segment, with a reference to it. */
struct segment_range {
	struct segment *segment;
	page_index_t first, end;
};

static struct segment_range segment_range_of(const struct view *view, vaddr_t start, vaddr_t end)
{
	page_index_t first = view->first_page + page_of(start - view->start);

	segment_reference(view->segment);
	return (struct segment_range){view->segment, first, first + bytes_to_pages(end - start)};
}

/* The data view that holds all of the range. size_bytes 0: to the view's end. */
static NTSTATUS find_range_to_flush(struct address_space *space, vaddr_t start, vaddr_t *end,
				    struct segment_range *range)
{
	struct view *view;
	NTSTATUS status = STATUS_SUCCESS;

	mutex_lock(&space->lock);
	view = view_find(space, start);
	if (view && *end == start)
		*end = view->end;
	if (!view || view->kind != VIEW_MAPPED)
		status = STATUS_NOT_MAPPED_VIEW;
	else if (*end > view->end)
		status = STATUS_INVALID_PARAMETER_2;
	else
		*range = segment_range_of(view, start, *end);
	mutex_unlock(&space->lock);
	return status;
}

NTSTATUS memory_flush(struct address_space *space, vaddr_t *base, uint64_t *size_bytes,
		      NTSTATUS *io_status)
{
	vaddr_t start = page_round_down(*base), end = start;
	struct segment_range range;
	NTSTATUS status;

	if (*base > USER_HIGHEST_ADDRESS || !range_ok(*base, *size_bytes, USER_LIMIT))
		return STATUS_INVALID_PARAMETER_2;
	if (*size_bytes)
		end = page_round_up(*base + *size_bytes);
	status = find_range_to_flush(space, start, &end, &range);
	if (!NT_SUCCESS(status))
		return status;
	*io_status = range.segment->kind == SEGMENT_FILE
			     ? segment_write_back_range(range.segment, range.first, range.end)
			     : STATUS_SUCCESS;
	segment_release(range.segment);
	*base = start;
	*size_bytes = end - start;
	return STATUS_SUCCESS;
}

/* ---- prefetching ---- */

static bool memory_is_plenty(void)
{
	return frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED) > FRAMES_LEFT_FREE;
}

/*
 * The part of [*va, end) that the next view of a file covers; *va moves behind it. False: there is
 * none.
 */
static bool next_file_range(struct address_space *space, vaddr_t *va, vaddr_t end,
			    struct segment_range *range)
{
	bool found = false;

	mutex_lock(&space->lock);
	while (!found && *va < end) {
		struct region *region = region_at_or_after(space, *va);
		vaddr_t from, to;

		if (!region || region->start >= end)
			break;
		from = *va > region->start ? *va : region->start;
		to = end < region->view->end ? end : region->view->end;
		if (region->view->segment && region->view->segment->file) {
			*range = segment_range_of(region->view, from, to);
			found = true;
		}
		*va = to;
	}
	mutex_unlock(&space->lock);
	return found;
}

/* A page that cannot be read now is met again by whoever touches it. */
static void prefetch_range(const struct segment_range *range)
{
	for (page_index_t page = range->first; page < range->end && memory_is_plenty(); page++) {
		pfn_t pfn;

		if (segment_page_birth(range->segment, page) == BORN_IN_FILE &&
		    NT_SUCCESS(segment_page_pin(range->segment, page, &pfn)))
			segment_page_unpin(pfn, false);
	}
}

void memory_prefetch(struct address_space *space, vaddr_t start, uint64_t size_bytes)
{
	vaddr_t va = page_round_down(start), end;
	struct segment_range range;

	if (!range_ok(start, size_bytes, USER_LIMIT))
		return;
	end = start + size_bytes;
	while (memory_is_plenty() && next_file_range(space, &va, page_round_up(end), &range)) {
		prefetch_range(&range);
		segment_release(range.segment);
	}
}

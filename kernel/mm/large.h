/*
 * large.h - large pages: 2 MiB at a time, in frames that lie together, there from the start.
 *
 * SEC_LARGE_PAGES sections and MEM_LARGE_PAGES memory are views of a segment whose pages are made,
 * zeroed and pinned when the segment is; nothing is left that a fault could fail for but the page
 * tables above. Such a view is always mapped with large pages, and everything that happens to it
 * happens to whole ones: README.md lists the statuses. No privilege is asked for.
 */
#pragma once

#include "types.h"

/* True for private memory too: MEM_LARGE_PAGES is VIEW_PRIVATE with a segment of its own. */
static inline bool view_is_large(const struct view *view)
{
	return view->segment && view->segment->is_large;
}

/*
 * A page-file segment of page_count pages (whole large pages), all zero and resident. Commit is the
 * caller's. No lock held; may sleep; the work is that of frame_run_alloc for each large page.
 * => returns: STATUS_INSUFFICIENT_RESOURCES (memory is fragmented), STATUS_NO_MEMORY.
 */
NTSTATUS large_segment_create(uint64_t page_count, struct segment **result) MUST_CHECK;
/* The pages of a segment that is being destroyed, to be freed like any others. */
void large_pages_release(struct segment *segment);
/* The first frame of the large page that holds the page. */
struct frame *large_frame_locked(struct segment *segment, page_index_t index) REQUIRES(frame_lock);

/*
 * A view of size_bytes with this protection may be made.
 * => returns: STATUS_INVALID_VIEW_SIZE (not whole large pages), STATUS_INVALID_PAGE_PROTECTION
 *    (copy-on-write, PAGE_GUARD).
 */
NTSTATUS large_check_view(uint64_t size_bytes, uint32_t protection) MUST_CHECK;
/*
 * The protection of [start, end), in a large view, may be changed to this.
 * => returns: STATUS_INVALID_PARAMETER_2 (start), STATUS_INVALID_PARAMETER_3 (end),
 *    STATUS_INVALID_PAGE_PROTECTION.
 */
NTSTATUS large_check_change(vaddr_t start, vaddr_t end, uint32_t protection) MUST_CHECK;

/*
 * MEM_LARGE_PAGES with values that memory_allocate_check has passed; *base is written on success.
 * Stands on whole large pages, and as `where` says.
 * => returns: STATUS_INVALID_PARAMETER_2 (base) and _4 (size) if not whole large pages, _5 for
 *    MEM_COMMIT alone at an address, STATUS_INVALID_PAGE_PROTECTION; then as memory_allocate.
 */
NTSTATUS large_allocate(struct address_space *space, vaddr_t *base,
			const struct memory_requirements *where, uint64_t size_bytes, uint32_t type,
			uint32_t protection) MUST_CHECK;
/* MEM_COMMIT over large memory changes its protection. Needs the space's lock. */
NTSTATUS large_commit_locked(struct view *view, vaddr_t start, vaddr_t end,
			     uint32_t protection) MUST_CHECK;

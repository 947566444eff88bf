/*
 * large.c - see large.h.
 */
#include "large.h"

#include "commit.h"
#include "frame.h"
#include "kernel/lib/range.h"
#include "mm.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "view.h"

static bool is_whole(uint64_t value)
{
	return (value & (LARGE_PAGE_BYTES - 1)) == 0;
}

/* ---- segments ---- */

/* The words of one large page lie together: a table holds 512, aligned as the page is. */
static void run_own_locked(struct segment *segment, page_index_t index, pte_t *words, pfn_t run)
	REQUIRES(frame_lock)
{
	for (unsigned i = 0; i < LARGE_PAGE_PAGES; i++) {
		struct frame *frame = frame_of(run + i);

		frame_own_locked(frame, segment, index + i, &words[i], pte_none(), FRAME_LARGE);
		pt_write(&words[i], pte_in_frame(run + i));
		frame_pin_locked(frame);
	}
	segment->resident_pages += LARGE_PAGE_PAGES;
}

/* Gives the run to the segment, whose table of state words may need memory. */
static NTSTATUS run_own(struct segment *segment, page_index_t index, pfn_t run)
{
	struct page_request request = {.segment = segment, .need_zeroed = true};
	NTSTATUS status = STATUS_SUCCESS;
	pte_t *words = NULL;

	while (NT_SUCCESS(status) && !words) {
		spin_lock(&frame_lock);
		words = segment_word_make_locked(segment, index, &request.spare);
		if (words)
			run_own_locked(segment, index, words, run);
		spin_unlock(&frame_lock);
		if (!words)
			status = page_step_perform(PAGE_NEED_FRAME, &request);
	}
	page_request_end(&request);
	return status;
}

static NTSTATUS large_page_make(struct segment *segment, page_index_t index)
{
	pfn_t run;
	NTSTATUS status = frame_run_alloc(&run);

	if (!NT_SUCCESS(status))
		return status;
	status = run_own(segment, index, run);
	if (!NT_SUCCESS(status))
		frame_run_free(run);
	return status;
}

NTSTATUS large_segment_create(uint64_t page_count, struct segment **result)
{
	struct segment *segment;
	NTSTATUS status = segment_create(SEGMENT_PAGEFILE, page_count, NULL, &segment);

	KASSERT(page_count % LARGE_PAGE_PAGES == 0);
	if (!NT_SUCCESS(status))
		return status;
	segment->is_large = true;
	for (page_index_t index = 0; NT_SUCCESS(status) && index < page_count;
	     index += LARGE_PAGE_PAGES)
		status = large_page_make(segment, index);
	if (NT_SUCCESS(status))
		*result = segment;
	else
		segment_release(segment);
	return status;
}

static void run_release_locked(pte_t *words) REQUIRES(frame_lock)
{
	for (unsigned i = 0; i < LARGE_PAGE_PAGES; i++) {
		struct frame *frame = frame_of(pte_pfn(pt_read(&words[i])));

		frame->flags &= (uint8_t)~FRAME_LARGE;
		frame_unpin_locked(frame, false);
	}
}

/* A segment that could not be made whole has its first pages only. */
void large_pages_release(struct segment *segment)
{
	for (page_index_t index = 0; index < segment->page_count; index += LARGE_PAGE_PAGES) {
		pte_t *words;

		spin_lock(&frame_lock);
		words = segment_word_find_locked(segment, index);
		if (words && pte_kind(pt_read(words)) == PTE_IN_FRAME)
			run_release_locked(words);
		spin_unlock(&frame_lock);
	}
}

struct frame *large_frame_locked(struct segment *segment, page_index_t index)
{
	const pte_t *word = segment_word_find_locked(segment, index - index % LARGE_PAGE_PAGES);

	KASSERT(word && pte_kind(pt_read(word)) == PTE_IN_FRAME);
	return frame_of(pte_pfn(pt_read(word)));
}

/* ---- checks ---- */

/* A copy would be one of 512 pages, and a guard is taken off page by page. */
static NTSTATUS check_protection(uint32_t protection)
{
	return protection_is_copy(protection) || (protection & PAGE_GUARD)
		       ? STATUS_INVALID_PAGE_PROTECTION
		       : STATUS_SUCCESS;
}

NTSTATUS large_check_view(uint64_t size_bytes, uint32_t protection)
{
	return is_whole(size_bytes) ? check_protection(protection) : STATUS_INVALID_VIEW_SIZE;
}

NTSTATUS large_check_change(vaddr_t start, vaddr_t end, uint32_t protection)
{
	if (!is_whole(start))
		return STATUS_INVALID_PARAMETER_2;
	if (!is_whole(end))
		return STATUS_INVALID_PARAMETER_3;
	return check_protection(protection);
}

/* ---- private memory ---- */

static NTSTATUS check_allocation(vaddr_t base, uint64_t size_bytes, uint32_t type,
				 uint32_t protection)
{
	if (base && !(type & MEM_RESERVE))
		return STATUS_INVALID_PARAMETER_5;
	if (!is_whole(base))
		return STATUS_INVALID_PARAMETER_2;
	if (!is_whole(size_bytes))
		return STATUS_INVALID_PARAMETER_4;
	return check_protection(protection);
}

/* Rows 18-21 of table 5.1.1. Needs the space's lock. */
static NTSTATUS place(struct address_space *space, vaddr_t base,
		      const struct memory_requirements *wanted, uint64_t size, uint32_t type,
		      vaddr_t *start)
{
	struct memory_requirements where = *wanted;

	*start = base;
	if (!base) {
		if (where.alignment_bytes < LARGE_PAGE_BYTES)
			where.alignment_bytes = LARGE_PAGE_BYTES;
		*start = view_place_within(space, size, &where, type & MEM_TOP_DOWN);
		return *start ? STATUS_SUCCESS : STATUS_NO_MEMORY;
	}
	if (!range_ok(base, size, where.limit))
		return STATUS_INVALID_PARAMETER_3;
	return region_range_is_free(space, base, base + size) ? STATUS_SUCCESS
							      : STATUS_CONFLICTING_ADDRESSES;
}

static NTSTATUS map_private(struct address_space *space, vaddr_t base,
			    const struct memory_requirements *where, uint32_t type,
			    struct view_template *template)
{
	uint64_t size = template->end;
	struct view *view;
	NTSTATUS status;

	mutex_lock(&space->lock);
	status = place(space, base, where, size, type, &template->start);
	if (NT_SUCCESS(status)) {
		template->end = template->start + size;
		status = view_create(space, template, &view);
	}
	mutex_unlock(&space->lock);
	return status;
}

/* The charge is the view's, as that of all private memory; the segment has none. */
NTSTATUS large_allocate(struct address_space *space, vaddr_t *base,
			const struct memory_requirements *where, uint64_t size_bytes, uint32_t type,
			uint32_t protection)
{
	struct view_template template = {.kind = VIEW_PRIVATE,
					 .end = size_bytes,
					 .protection = protection,
					 .state = REGION_COMMITTED,
					 .inherit = VIEW_UNMAP,
					 .commit_pages = bytes_to_pages(size_bytes)};
	NTSTATUS status = check_allocation(*base, size_bytes, type, protection);

	if (!NT_SUCCESS(status))
		return status;
	status = commit_charge(template.commit_pages);
	if (!NT_SUCCESS(status))
		return status;
	status = large_segment_create(template.commit_pages, &template.segment);
	if (NT_SUCCESS(status)) {
		status = map_private(space, *base, where, type, &template);
		segment_release(template.segment); /* the view keeps it */
	}
	if (NT_SUCCESS(status))
		*base = template.start;
	else
		commit_release(template.commit_pages);
	return status;
}

NTSTATUS large_commit_locked(struct view *view, vaddr_t start, vaddr_t end, uint32_t protection)
{
	NTSTATUS status = large_check_change(start, end, protection);

	if (NT_SUCCESS(status) && view->kind != VIEW_PRIVATE &&
	    !protection_view_allows(view->allocation_protect, protection))
		status = STATUS_SECTION_PROTECTION;
	if (NT_SUCCESS(status) && view->is_frozen && protection != view->allocation_protect)
		status = STATUS_INVALID_PAGE_PROTECTION;
	return NT_SUCCESS(status) ? view_protect_locked(view, start, end, protection) : status;
}

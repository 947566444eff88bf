/*
 * frame_run.c - frames that lie together, for large pages.
 *
 * A run is 512 frames aligned to 512. It can be taken when each of its frames is free, zeroed or on
 * standby; runs without standby frames are preferred, so that nothing cached is lost for nothing.
 * The search goes from the highest run down: single frames are handed out from the lowest addresses
 * of a fresh list, so memory stays whole longest at the top. When no run is left, modified file
 * pages are cleaned, all of them, and one last pass is made.
 */
#include "frame.h"

#include "kernel/core/fail.h"
#include "writeback.h"

static bool is_candidate(const struct frame *frame, bool take_standby)
{
	switch ((enum frame_state)frame->state) {
	case FRAME_FREE:
	case FRAME_ZEROED:
		return true;
	case FRAME_STANDBY:
		return take_standby;
	case FRAME_KERNEL:
	case FRAME_HELD:
	case FRAME_READING:
	case FRAME_ACTIVE:
	case FRAME_MODIFIED:
	case FRAME_WRITING:
	case FRAME_TABLE:
		break;
	}
	return false;
}

/* Takes the run whole, or not at all. */
static bool run_take(pfn_t first, bool take_standby)
{
	unsigned usable = 0;

	spin_lock(&frame_lock);
	while (usable < LARGE_PAGE_PAGES && is_candidate(frame_of(first + usable), take_standby))
		usable++;
	for (pfn_t pfn = first; usable == LARGE_PAGE_PAGES && pfn < first + usable; pfn++)
		frame_take_locked(frame_of(pfn));
	spin_unlock(&frame_lock);
	return usable == LARGE_PAGE_PAGES;
}

/* Run 0 holds frame 0, which is none. */
static bool run_find(bool take_standby, pfn_t *first)
{
	for (pfn_t run = frame_highest() / LARGE_PAGE_PAGES; run > 1; run--) {
		*first = (run - 1) * LARGE_PAGE_PAGES;
		if (run_take(*first, take_standby))
			return true;
	}
	return false;
}

static bool run_find_cleaned(pfn_t *first)
{
	bool cleaned = false;

	for (uint64_t left = frame_count(FRAME_MODIFIED); left && writeback_some(); left--)
		cleaned = true;
	return cleaned && run_find(true, first);
}

NTSTATUS frame_run_alloc(pfn_t *result)
{
	pfn_t first;

	if (fail_point(QUIRE_FAIL_FRAME))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!run_find(false, &first) && !run_find(true, &first) && !run_find_cleaned(&first))
		return STATUS_INSUFFICIENT_RESOURCES;
	for (pfn_t pfn = first; pfn < first + LARGE_PAGE_PAGES; pfn++) {
		frame_check_poison(frame_of(pfn));
		page_zero(frame_memory(pfn));
	}
	*result = first;
	return STATUS_SUCCESS;
}

void frame_run_free(pfn_t first)
{
	spin_lock(&frame_lock);
	for (pfn_t pfn = first; pfn < first + LARGE_PAGE_PAGES; pfn++)
		frame_free_locked(frame_of(pfn));
	spin_unlock(&frame_lock);
}

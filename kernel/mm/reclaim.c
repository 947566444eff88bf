/*
 * reclaim.c - what happens when memory is short. Whoever needs a frame makes room for it, with no
 * lock held:
 *
 *   a page on standby      is taken
 *   none is there          modified pages are written (writeback.c): they go to standby
 *   nothing to write       processes are trimmed (trim.c): pages go to standby or are modified
 *   nothing to trim        others have it all in transfer: wait for one of them
 *
 * Writing comes before trimming: else the modified pages would pile up, and the few clean pages
 * that are needed right now, code above all, would push each other out for ever.
 *
 * None of these steps needs memory, so each can be made when there is none. Memory was promised
 * when it was committed (commit.c), so there is something to take or to write as long as what is
 * not promised, pages of files, can leave.
 */
#include "reclaim.h"

#include "frame.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/fail.h"
#include "kernel/core/thread.h"
#include "trim.h"
#include "writeback.h"

#define WAIT_TIME 100000u /* 10 ms in units of 100 ns */
#define WAITS_MOST 100u
#define TRIM_SHARE 32u

static bool is_somebody_busy(void)
{
	return frame_count(FRAME_READING) || frame_count(FRAME_WRITING);
}

/* The knob `trim`, but never more than a small part of what there is. */
static unsigned pages_at_once(void)
{
	uint64_t most = frame_count_paged() / TRIM_SHARE + 1;

	return (unsigned)(knobs.trim < most ? knobs.trim : most);
}

bool reclaim_some(void)
{
	return writeback_some() || spaces_trim(pages_at_once()) > 0;
}

/* => returns: true: it is worth asking for a frame again. */
static bool reclaim(unsigned *waits)
{
	if (reclaim_some())
		return true;
	if (!is_somebody_busy() || ++*waits > WAITS_MOST)
		return false;
	frame_wait_any(time_now() + WAIT_TIME);
	return true;
}

pfn_t frame_alloc_wait(enum frame_content content)
{
	unsigned waits = 0;
	pfn_t pfn;

	lock_assert_none_held();
	if (fail_point(QUIRE_FAIL_FRAME))
		return PFN_NONE;
	do {
		pfn = frame_alloc_paged(content);
	} while (pfn == PFN_NONE && reclaim(&waits));
	/* the kernel's reserve, before a program fails */
	return pfn != PFN_NONE ? pfn : frame_alloc(content);
}

/*
 * frame_alloc.c - who gets which frame: the lists in their order, the kernel's reserve, the limit
 * of the knob `frames`, and those who wait.
 *
 * Pages of programs and files (paged frames) leave the reserve alone, because the kernel often
 * allocates where it cannot wait. What they get above the limit, or out of the reserve, are frames
 * on standby.
 */
#include "frame_private.h"

#include "kernel/core/cmdline.h"
#include "kernel/core/fail.h"
#include "kernel/core/thread.h"
#include "kernel/lib/string.h"

/* The reserve is one frame of RESERVE_SHARE, at most RESERVE_MOST. */
#define RESERVE_SHARE 128u
#define RESERVE_MOST 64u

static uint64_t paged_limit, paged_reserve;	     /* (C) */
static bool writes_early;			     /* (C) the knob writeback=eager */
static uint64_t being_zeroed GUARDED_BY(frame_lock); /* for the zeroed list, HELD meanwhile */
static uint64_t zeroed_found GUARDED_BY(frame_lock);
static unsigned waiters GUARDED_BY(frame_lock); /* threads in frame_wait_any */
static bool is_wanted GUARDED_BY(frame_lock);	/* the balancer has something to look at */

/* ---- limits ---- */

void frame_limits_init(uint64_t limit) NO_THREAD_SAFETY_ANALYSIS
{
	paged_limit = limit ? limit : UINT64_MAX;
	paged_reserve = 0;
	writes_early = strcmp(knobs.writeback, "eager") == 0;
	is_wanted = false;
	being_zeroed = zeroed_found = 0;
}

void frame_limits_add(uint64_t frames)
{
	paged_reserve += frames / RESERVE_SHARE;
	if (paged_reserve > RESERVE_MOST)
		paged_reserve = RESERVE_MOST;
}

uint64_t frame_limit(void)
{
	return paged_limit;
}

uint64_t frame_count_paged(void)
{
	return frame_count(FRAME_HELD) - frame_count_zeroing() + frame_count(FRAME_READING) +
	       frame_count(FRAME_ACTIVE) + frame_count(FRAME_STANDBY) +
	       frame_count(FRAME_MODIFIED) + frame_count(FRAME_WRITING);
}

static uint64_t count_free(void)
{
	return frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED);
}

static bool may_take_free(bool is_paged)
{
	return !is_paged || (count_free() > paged_reserve && frame_count_paged() < paged_limit);
}

/* Half of the reserve is to be there for the taking. */
static bool is_reserve_low(void)
{
	return count_free() + frame_count(FRAME_STANDBY) < paged_reserve / 2;
}

/* ---- those who wait ---- */

static void want_locked(void) REQUIRES(frame_lock)
{
	if (is_wanted)
		return;
	is_wanted = true;
	thread_wake(&is_wanted);
}

void frame_listed_locked(enum frame_state state)
{
	if (waiters)
		thread_wake(&waiters);
	if (writes_early && state == FRAME_MODIFIED)
		want_locked();
}

void frame_wait_any(uint64_t wake_time)
{
	lock_assert_none_held();
	spin_lock(&frame_lock);
	waiters++;
	(void)thread_sleep(&waiters, &frame_lock, wake_time, false);
	waiters--;
	spin_unlock(&frame_lock);
}

enum frame_want frame_want(void)
{
	if (is_reserve_low())
		return FRAMES_WANTED;
	return writes_early && frame_count(FRAME_MODIFIED) ? WRITES_WANTED : NOTHING_WANTED;
}

void frame_wait_wanted(void)
{
	lock_assert_none_held();
	spin_lock(&frame_lock);
	while (!is_wanted)
		(void)thread_sleep(&is_wanted, &frame_lock, TIME_FOREVER, false);
	is_wanted = false;
	spin_unlock(&frame_lock);
}

/* ---- taking ---- */

/* The frame to take next: the oldest of the list that suits best, or NULL. */
static struct frame *choose_locked(enum frame_content content, bool take_free, bool may_evict)
	REQUIRES(frame_lock)
{
	bool zeroed_first = content == FRAME_ALL_ZERO;
	struct frame *frame = NULL;

	if (take_free)
		frame = frame_first_locked(zeroed_first ? LIST_ZEROED : LIST_FREE);
	if (!frame && take_free)
		frame = frame_first_locked(zeroed_first ? LIST_FREE : LIST_ZEROED);
	return frame || !may_evict ? frame : frame_first_locked(LIST_STANDBY);
}

static pfn_t take(enum frame_content content, bool is_paged, bool may_evict)
{
	enum frame_state found;
	struct frame *frame;
	pfn_t pfn;

	spin_lock(&frame_lock);
	frame = choose_locked(content, may_take_free(is_paged), may_evict);
	if (!frame) {
		spin_unlock(&frame_lock);
		return PFN_NONE;
	}
	found = frame_take_locked(frame);
	zeroed_found += content == FRAME_ALL_ZERO && found == FRAME_ZEROED;
	pfn = frame_number(frame);
	if (!is_paged && is_reserve_low())
		want_locked();
	spin_unlock(&frame_lock);

	if (found == FRAME_FREE)
		frame_check_poison(frame);
	if (content == FRAME_ALL_ZERO && found != FRAME_ZEROED)
		page_zero(frame_memory(pfn));
	return pfn;
}

pfn_t frame_alloc(enum frame_content content)
{
	return take(content, false, true);
}

pfn_t frame_alloc_paged(enum frame_content content)
{
	if (fail_point(QUIRE_FAIL_FRAME_AT_ONCE))
		return PFN_NONE;
	return take(content, true, true);
}

pfn_t frame_alloc_free(void)
{
	if (fail_point(QUIRE_FAIL_FRAME_AT_ONCE))
		return PFN_NONE;
	return take(FRAME_ANY_CONTENT, true, false);
}

/* ---- frames zeroed ahead of time ---- */

struct frame *frame_begin_zero_locked(void)
{
	struct frame *frame = frame_first_locked(LIST_FREE);

	if (!frame || frame_count(FRAME_FREE) <= paged_reserve)
		return NULL;
	frame_take_locked(frame);
	being_zeroed++;
	return frame;
}

void frame_end_zero_locked(struct frame *frame)
{
	KASSERT(being_zeroed > 0);
	being_zeroed--;
	frame_make_zeroed_locked(frame);
}

uint64_t frame_count_zeroing(void) NO_THREAD_SAFETY_ANALYSIS
{
	return __atomic_load_n(&being_zeroed, __ATOMIC_RELAXED);
}

uint64_t frame_zeroed_found(void) NO_THREAD_SAFETY_ANALYSIS
{
	return __atomic_load_n(&zeroed_found, __ATOMIC_RELAXED);
}

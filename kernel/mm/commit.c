/*
 * commit.c - see commit.h. One counter, changed atomically; no lock.
 */
#include "commit.h"

#include "frame.h"
#include "kernel/core/fail.h"
#include "kernel/io/pagefile.h"
#include "kernel/lib/range.h"

static atomic_uint_fast64_t used, peak, tables;

/*
 * Frames that are not promised: for lists of working sets and tables of state words, which serve
 * 512 pages each, kernel stacks, the pool, and the pages of files that programs need to run.
 */
static uint64_t reserve_pages(void)
{
	return 64 + (frame_total() + pagefile_slots_total()) / 64;
}

/* With the knob `frames`, tables and the kernel do not count: only pages of files are to fit. */
#define FILE_PAGES_RESERVE 16u

static uint64_t frames_promised(void)
{
	uint64_t taken = frame_count(FRAME_KERNEL) + frame_count(FRAME_TABLE) + commit_tables() +
			 reserve_pages();

	return commit_promisable(frame_total(), taken, frame_limit(), FILE_PAGES_RESERVE);
}

uint64_t commit_limit(void)
{
	return frames_promised() + pagefile_slots_total();
}

static void peak_raise(uint64_t value)
{
	uint64_t old = atomic_load_explicit(&peak, memory_order_relaxed);

	while (old < value && !atomic_compare_exchange_weak(&peak, &old, value))
		;
}

NTSTATUS commit_charge(uint64_t pages)
{
	uint64_t old, limit;

	if (!pages)
		return STATUS_SUCCESS;
	if (fail_point(QUIRE_FAIL_COMMIT))
		return STATUS_COMMITMENT_LIMIT;
	limit = commit_limit();
	old = atomic_load(&used);
	do {
		if (!range_ok(old, pages, limit))
			return STATUS_COMMITMENT_LIMIT;
	} while (!atomic_compare_exchange_weak(&used, &old, old + pages));
	peak_raise(old + pages);
	return STATUS_SUCCESS;
}

void commit_release(uint64_t pages)
{
	uint64_t old = atomic_fetch_sub(&used, pages);

	KASSERT(old >= pages);
}

void commit_tables_changed(int64_t change)
{
	atomic_fetch_add(&tables, (uint64_t)change);
}

uint64_t commit_tables(void)
{
	return atomic_load(&tables);
}

uint64_t commit_used(void)
{
	return atomic_load(&used);
}

uint64_t commit_peak(void)
{
	return atomic_load(&peak);
}

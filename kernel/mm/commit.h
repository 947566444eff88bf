/*
 * commit.h - the promise of memory: charged at the call, so that a fault never finds it missing.
 *
 * Charged pages: private memory that is committed, copy-on-write pages of views, page-file
 * sections. The limit is the page file and what is left of RAM beside the kernel, its tables, those
 * that the promised pages may need, and a reserve.
 */
#pragma once

#include "kernel/lib/annotate.h"
#include "nt/ntstatus.h"

/*
 * => returns: STATUS_SUCCESS or STATUS_COMMITMENT_LIMIT (nothing charged). 0 pages always succeed.
 */
NTSTATUS commit_charge(uint64_t pages) MUST_CHECK;
void commit_release(uint64_t pages);

/*
 * Page tables that the charged pages may need, one for each where they lie far apart: they lower
 * the limit.
 */
void commit_tables_changed(int64_t change);
uint64_t commit_tables(void);

uint64_t commit_used(void);
uint64_t commit_peak(void);
uint64_t commit_limit(void);

/*
 * Frames that may be promised: of `total` those that are not taken, of the `cap` on frames of pages
 * those that `reserve` leaves; the smaller of the two. (Proved: tests/proofs.)
 */
/*@ assigns \nothing;
    ensures \result + taken <= total || \result == 0;
    ensures \result + reserve <= cap || \result == 0;
    ensures \result + taken == total || \result + reserve == cap ||
      taken > total || reserve > cap; */
static inline uint64_t commit_promisable(uint64_t total, uint64_t taken, uint64_t cap,
					 uint64_t reserve)
{
	uint64_t free_frames = total > taken ? total - taken : 0;
	uint64_t free_cap = cap > reserve ? cap - reserve : 0;

	return free_frames < free_cap ? free_frames : free_cap;
}

/*
 * based.h - the addresses of SEC_BASED sections: unique for the whole system, handed out from the
 * top down (nt-semantics 3.4.9).
 */
#pragma once

#include "types.h"

/*
 * Gives `range`, which is all zeros, addresses for size_bytes (at most USER_LIMIT) that no other
 * based section has, on a boundary of `alignment` (a power of two, at least
 * ALLOCATION_GRANULARITY). => returns: STATUS_NO_MEMORY. => may sleep.
 */
NTSTATUS based_reserve(struct based_range *range, uint64_t size_bytes,
		       uint64_t alignment) MUST_CHECK;
/* Does nothing to a range that has no addresses. => may sleep. */
void based_release(struct based_range *range);

/* Invariant 13, for mm_check. */
void based_check(void);

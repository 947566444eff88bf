/*
 * based.c - see based.h. Nothing keeps a process from using the addresses otherwise: a based view
 * that does not fit is a conflict. They lie below those that programs, libraries and MEM_TOP_DOWN
 * begin with, and above 4 GiB.
 */
#include "based.h"

#include "kernel/lib/range.h"

#define BASED_LOWEST 0x100000000ull
#define BASED_LIMIT 0x7FFF00000000ull

static struct mutex based_lock = MUTEX_INIT("based sections", RANK_BASED);
/* Descending by address. */
static LIST_HEAD(, based_range) ranges GUARDED_BY(based_lock) = LIST_HEAD_INITIALIZER(ranges);

/*
 * The highest free place below every range that stands above it; *above is the last of these, or
 * NULL. => returns: its start, or 0.
 */
static vaddr_t find_place_locked(uint64_t size, uint64_t alignment, struct based_range **above)
	REQUIRES(based_lock)
{
	vaddr_t limit = BASED_LIMIT, place;
	struct based_range *range;

	*above = NULL;
	LIST_FOREACH (range, &ranges, link) {
		place = range_place(range->end, limit, size, alignment, true);
		if (place)
			return place;
		limit = range->start;
		*above = range;
	}
	return range_place(BASED_LOWEST, limit, size, alignment, true);
}

NTSTATUS based_reserve(struct based_range *range, uint64_t size_bytes, uint64_t alignment)
{
	struct based_range *above;
	uint64_t size;

	if (!round_up_ok(size_bytes, ALLOCATION_GRANULARITY, &size))
		return STATUS_NO_MEMORY;
	mutex_lock(&based_lock);
	range->start = find_place_locked(size, alignment, &above);
	range->end = range->start + size;
	if (range->start && above)
		LIST_INSERT_AFTER(above, range, link);
	else if (range->start)
		LIST_INSERT_HEAD(&ranges, range, link);
	mutex_unlock(&based_lock);
	return range->start ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

void based_release(struct based_range *range)
{
	if (!range->start)
		return;
	mutex_lock(&based_lock);
	LIST_REMOVE(range, link);
	mutex_unlock(&based_lock);
	range->start = 0;
}

void based_check(void) NO_THREAD_SAFETY_ANALYSIS
{
	vaddr_t limit = BASED_LIMIT;
	struct based_range *range;

	LIST_FOREACH (range, &ranges, link) {
		if (range->end > limit || range->start >= range->end ||
		    range->start < BASED_LOWEST || range->start % ALLOCATION_GRANULARITY)
			panic("mm_check: invariant 13: a based section at 0x%llx",
			      (unsigned long long)range->start);
		limit = range->start;
	}
}

/*
 * commit.c - see commit.h. One counter, changed atomically; no lock.
 */
#include "commit.h"

#include "frame.h"

static atomic_uint_fast64_t used, peak;

/*
 * A page-table page serves 512 pages of a space at best; the reserve also feeds kernel stacks and
 * the pool.
 */
static uint64_t reserve_pages(void)
{
	return 64 + frame_total() / 64;
}

uint64_t commit_limit(void)
{
	uint64_t taken = frame_count(FRAME_KERNEL) + frame_count(FRAME_TABLE) + reserve_pages();
	uint64_t total = frame_total();

	return total > taken ? total - taken : 0;
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
	limit = commit_limit();
	old = atomic_load(&used);
	do {
		if (old > limit || pages > limit - old)
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

uint64_t commit_used(void)
{
	return atomic_load(&used);
}

uint64_t commit_peak(void)
{
	return atomic_load(&peak);
}

/*
 * mm_watch.c - the operations of fuzz_mm on write watches (nt-semantics 5.8); as mm_calls.c.
 */
#include "mm_world.h"

#include "kernel/lib/range.h"

#define CAPACITY 40u

/* Mostly all of a watched allocation, if there is one. */
static bool take_range(unsigned space, vaddr_t *start, vaddr_t *end)
{
	vaddr_t base = take_address(space);
	uint64_t size = take_size();
	unsigned n = take();

	for (unsigned i = 0; n % 8 && i < ORACLE_VIEWS; i++) {
		const struct oracle_view *view = &oracle_of(space)->views[(n + i) % ORACLE_VIEWS];

		if (!view->is_watched)
			continue;
		base = view->start + pages_to_bytes(n % 3);
		size = view->end - base;
		break;
	}
	if (!size || !range_ok(base, size, USER_LIMIT))
		return false;
	*start = page_round_down(base);
	*end = page_round_up(base + size);
	return oracle_knows(oracle_of(space), *start, *end);
}

/* The list must have every page with a mark, and no other. What was unsure is known then. */
static void compare_list(unsigned space, vaddr_t start, vaddr_t end, const uint64_t *addresses,
			 uint64_t count)
{
	uint64_t at = 0;

	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		struct oracle_page *page = oracle_page_at(oracle_find(oracle_of(space), va), va);
		bool is_listed = at < count && addresses[at] == va;

		if (is_listed != page->is_marked && !page->may_be_marked)
			mismatch("space %u: %#llx is %s", space, (unsigned long long)va,
				 is_listed ? "marked" : "not marked");
		page->is_marked = is_listed;
		page->may_be_marked = false;
		at += is_listed;
	}
	if (at != count)
		mismatch("space %u: marks in no order, or outside the range", space);
}

void read_watch(void)
{
	unsigned space = take_space();
	uint64_t addresses[CAPACITY], capacity = 1 + take() % CAPACITY, count;
	struct oracle_expectation want;
	vaddr_t start, end, from;

	if (!take_range(space, &start, &end))
		return;
	say("space %u: marks of %#llx to %#llx, at most %llu", space, (unsigned long long)start,
	    (unsigned long long)end, (unsigned long long)capacity);
	want = oracle_expect_watch(oracle_of(space), start, end);
	from = start;
	call_begin();
	if (!judge(&want,
		   memory_watch_read(world.spaces[space], &from, end, addresses, capacity, &count)))
		return;
	if (from > end || count > capacity || (count < capacity && from != end))
		mismatch("%llu marks, up to %#llx", (unsigned long long)count,
			 (unsigned long long)from);
	compare_list(space, start, from, addresses, count);
}

void reset_watch(void)
{
	unsigned space = take_space();
	struct oracle_expectation want;
	vaddr_t start, end;

	if (!take_range(space, &start, &end))
		return;
	say("space %u: reset marks of %#llx to %#llx", space, (unsigned long long)start,
	    (unsigned long long)end);
	want = oracle_expect_watch(oracle_of(space), start, end);
	call_begin();
	if (!judge(&want, memory_watch_reset(world.spaces[space], start, end)))
		return;
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		struct oracle_page *page = oracle_page_at(oracle_find(oracle_of(space), va), va);

		page->is_marked = page->may_be_marked = false;
	}
}

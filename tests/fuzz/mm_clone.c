/*
 * mm_clone.c - fuzz_mm's copy of an address space: made, compared with what the oracle knows of the
 * original, written to, and destroyed. What is written to it must not be seen in the original.
 */
#include "mm_world.h"

static uint8_t page_bytes[PAGE_SIZE];

static bool may_fail(uint64_t commit_pages, NTSTATUS status)
{
	switch ((uint32_t)status) {
	case (uint32_t)STATUS_COMMITMENT_LIMIT:
		return call_promised_too_much(commit_pages);
	case (uint32_t)STATUS_NO_MEMORY:
		return call_lacked_memory();
	case (uint32_t)STATUS_INSUFFICIENT_RESOURCES:
		return call_met_failure();
	}
	return call_lost_transfer();
}

static bool access_may_fail(NTSTATUS status)
{
	return (status == STATUS_NO_MEMORY && call_lacked_memory()) ||
	       (status == STATUS_IN_PAGE_ERROR && call_lost_transfer());
}

/* Views mapped with ViewUnmap are not in the copy. */
static bool is_left_out(struct address_space *copy, const struct oracle_view *view)
{
	struct nt_memory_basic_information seen;

	if (!NT_SUCCESS(memory_query(copy, view->start, &seen)))
		mismatch("query of %#llx", (unsigned long long)view->start);
	if (seen.state == MEM_FREE && !view->content)
		mismatch("%#llx is not in the copy", (unsigned long long)view->start);
	return seen.state == MEM_FREE;
}

static void compare_page(struct oracle_space *side, const struct oracle_view *view, vaddr_t va)
{
	NTSTATUS want = oracle_expect_access(side, va, ACCESS_READ), status;

	if (oracle_is_guard(side, va))
		return;
	call_begin();
	status = sim_read(va, page_bytes, PAGE_SIZE);
	if (status != want && !access_may_fail(status))
		mismatch("copy: read of %#llx: status %#x, not %#x", (unsigned long long)va,
			 (unsigned)status, (unsigned)want);
	if (!NT_SUCCESS(status) || !NT_SUCCESS(want))
		return;
	compare_bytes(side, va, page_bytes, oracle_accessed(side, va, ACCESS_READ, status),
		      PAGE_SIZE);
	if (view->content || oracle_expect_access(side, va, ACCESS_WRITE))
		return;
	status = sim_poke(va, (uint8_t)~page_bytes[0]);
	if (!NT_SUCCESS(status) && !access_may_fail(status))
		mismatch("copy: write to %#llx: status %#x", (unsigned long long)va,
			 (unsigned)status);
}

static void compare_copy(struct oracle_space *side, struct address_space *copy)
{
	mm_check();
	sim_enter_space(copy);
	for (unsigned i = 0; i < ORACLE_VIEWS; i++) {
		const struct oracle_view *view = &side->views[i];
		uint64_t pages = view->end ? oracle_known_pages(view) : 0;

		if (!view->end || is_left_out(copy, view))
			continue;
		for (uint64_t page = 0; page < pages; page++)
			compare_page(side, view, view->start + pages_to_bytes(page));
	}
	mm_check();
	sim_enter_space(world.spaces[world.current]);
}

void clone_space(void)
{
	unsigned space = take_space();
	uint64_t commit_pages = world.spaces[space]->commit_pages;
	struct address_space *copy;
	NTSTATUS status;

	call_begin();
	if (!NT_SUCCESS(space_create(&copy)))
		return;
	status = space_clone(world.spaces[space], copy);
	say("space %u: clone -> %#x\n", space, (unsigned)status);
	if (!NT_SUCCESS(status) && !may_fail(commit_pages, status))
		mismatch("clone: status %#x", (unsigned)status);
	/* half a copy is good for nothing else than its end */
	if (NT_SUCCESS(status))
		compare_copy(oracle_of(space), copy);
	space_destroy(copy);
}

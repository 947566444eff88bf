/*
 * test_memory.c - private memory: releasing parts, decommitting, guard pages, stacks, and the
 * commit charge to the page. (Every allocation failing in turn: test_memory_shortage.c.)
 */
#include "vm_fixture.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static uint64_t bytes(uint64_t pages)
{
	return pages_to_bytes(pages);
}

/* Writes its number, from 1, into each page. */
static void fill(vaddr_t base, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		ok(sim_poke(base + bytes(i), (uint8_t)(i + 1)));
}

/* Pages [first, end) have what fill wrote. */
static void assert_filled(vaddr_t base, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		assert_int_equal(sim_peek(base + bytes(i)), i + 1);
}

static void assert_gone(vaddr_t base, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		assert_int_equal(sim_peek(base + bytes(i)), -1);
		assert_int_equal(query(base + bytes(i)).state, MEM_FREE);
	}
}

/* ---- releasing a part (5.2) ---- */

/* catches: the wrong end cut off; a charge or a page that stays; a view that begins where it did */
static void test_releasing_the_head(void **state)
{
	vaddr_t base = allocate(16, COMMITTED, PAGE_READWRITE);

	(void)state;
	fill(base, 16);
	ok(try_free(base, bytes(3), MEM_RELEASE));
	mm_check();
	assert_gone(base, 0, 3);
	assert_filled(base, 3, 16);
	assert_int_equal(commit_used(), 13);
	assert_int_equal(space->resident_pages, 13);
	assert_int_equal(query(base + bytes(5)).allocation_base, base + bytes(3));
	release(base + bytes(3));
	assert_int_equal(commit_used(), 0);
}

/* catches: a tail that stays mapped, charged or part of the region */
static void test_releasing_the_tail(void **state)
{
	vaddr_t base = allocate(16, COMMITTED, PAGE_READWRITE);

	(void)state;
	fill(base, 16);
	ok(try_free(base + bytes(12), bytes(4), MEM_RELEASE));
	mm_check();
	assert_filled(base, 0, 12);
	assert_gone(base, 12, 16);
	assert_int_equal(commit_used(), 12);
	assert_query(base, 12, MEM_COMMIT, PAGE_READWRITE);
	release(base);
}

/* catches: two halves that still are one allocation, or share a charge or a region */
static void test_releasing_the_middle(void **state)
{
	vaddr_t base = allocate(16, MEM_RESERVE, PAGE_READWRITE), tail;

	(void)state;
	ok(try_commit(base, 4, PAGE_READWRITE));
	ok(try_commit(base + bytes(6), 1, PAGE_READONLY));
	ok(try_commit(base + bytes(10), 5, PAGE_READWRITE));
	fill(base, 4);
	ok(sim_poke(base + bytes(14), 15));
	ok(try_free(base + bytes(2), bytes(9), MEM_RELEASE)); /* pages 2..10 */
	mm_check();
	assert_int_equal(space->view_count, 2);
	assert_int_equal(commit_used(), 2 + 4);
	assert_filled(base, 0, 2);
	assert_gone(base, 2, 11);
	assert_int_equal(sim_peek(base + bytes(14)), 15);
	tail = base + bytes(11);
	assert_int_equal(query(tail).allocation_base, tail);
	assert_int_equal(query(base).allocation_base, base);
	assert_query(tail, 4, MEM_COMMIT, PAGE_READWRITE);
	assert_query(base + bytes(15), 1, MEM_RESERVE, 0);
	assert_int_equal(try_free(base, bytes(3), MEM_RELEASE), STATUS_UNABLE_TO_FREE_VM);
	ok(try_protect(tail, 4, PAGE_READONLY, NULL));
	assert_query(base, 2, MEM_COMMIT, PAGE_READWRITE);
	release(base);
	assert_int_equal(commit_used(), 4);
	release(tail);
	assert_int_equal(commit_used(), 0);
}

/* catches: a region of the old view left in the new one, whose memory goes with the old one */
static void test_cutting_until_nothing_is_left(void **state)
{
	static const unsigned order[] = {7, 3, 11, 0, 15, 5, 9, 1, 13, 4, 2, 6, 8, 10, 14, 12};
	vaddr_t base = allocate(16, COMMITTED, PAGE_READWRITE);

	(void)state;
	fill(base, 16);
	for (unsigned i = 0; i < 16; i += 2) /* 16 regions */
		ok(try_protect(base + bytes(i), 1, PAGE_READONLY, NULL));
	for (unsigned i = 0; i < 16; i++) {
		ok(try_free(base + bytes(order[i]), bytes(1), MEM_RELEASE));
		mm_check();
		assert_int_equal(commit_used(), 15 - i);
		for (unsigned k = i + 1; k < 16; k++)
			assert_filled(base, order[k], order[k] + 1);
	}
	assert_int_equal(space->view_count, 0);
	assert_int_equal(space->virtual_bytes, 0);
}

/* catches: rounding inward; a status out of its order (5.2) */
static void test_what_free_refuses(void **state)
{
	vaddr_t base = allocate(4, COMMITTED, PAGE_READWRITE), at = base + 1;
	struct section *section = section_of(NULL, 4096, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t view = map(section, PAGE_READWRITE);
	uint64_t size = bytes(1);

	(void)state;
	assert_int_equal(try_free(base, 0, MEM_RELEASE | MEM_DECOMMIT), STATUS_INVALID_PARAMETER_4);
	assert_int_equal(try_free(base, 0, 0), STATUS_INVALID_PARAMETER_4);
	assert_int_equal(try_free(USER_LIMIT, 0, MEM_RELEASE), STATUS_INVALID_PARAMETER_2);
	assert_int_equal(try_free(base, UINT64_MAX, MEM_RELEASE), STATUS_INVALID_PARAMETER_3);
	assert_int_equal(try_free(0, 0, MEM_RELEASE), STATUS_MEMORY_NOT_ALLOCATED);
	assert_int_equal(try_free(base, bytes(4) + 1, MEM_DECOMMIT), STATUS_UNABLE_TO_FREE_VM);
	assert_int_equal(try_free(view, 0, MEM_RELEASE), STATUS_UNABLE_TO_DELETE_SECTION);
	assert_int_equal(try_free(view, 4096, MEM_DECOMMIT), STATUS_UNABLE_TO_DELETE_SECTION);
	assert_int_equal(try_free(base + 4096, 0, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE);
	assert_int_equal(try_free(base + 4096, 0, MEM_DECOMMIT), STATUS_FREE_VM_NOT_AT_BASE);
	assert_int_equal(commit_used(), 5);
	ok(memory_free(space, &at, &size, MEM_RELEASE)); /* base + 1, one page: both pages */
	assert_int_equal(at, base);
	assert_int_equal(size, bytes(2));
	release(base + bytes(2));
	ok(view_unmap(space, view));
	object_release(section);
}

/* ---- decommitting ---- */

/* catches: pages that keep their content, their charge or their rights */
static void test_decommitting(void **state)
{
	vaddr_t base = allocate(8, COMMITTED, PAGE_READWRITE), at = base + 0x1FFF;
	uint64_t size = 2;

	(void)state;
	fill(base, 8);
	ok(memory_free(space, &at, &size, MEM_DECOMMIT)); /* pages 1 and 2 */
	assert_int_equal(at, base + 0x1000);
	assert_int_equal(size, 0x2000);
	mm_check();
	assert_int_equal(commit_used(), 6);
	assert_int_equal(space->resident_pages, 6);
	assert_query(base + bytes(1), 2, MEM_RESERVE, 0);
	assert_int_equal(sim_peek(base + bytes(1)), -1);
	assert_filled(base, 0, 1);
	assert_filled(base, 3, 8);
	ok(try_commit(base, 4, PAGE_READWRITE)); /* two of the four are committed already */
	assert_int_equal(commit_used(), 8);
	assert_int_equal(sim_peek(base + bytes(1)), 0);
	assert_filled(base, 3, 8);
	assert_query(base, 8, MEM_COMMIT, PAGE_READWRITE);
	at = base;
	size = 0;
	ok(memory_free(space, &at, &size, MEM_DECOMMIT)); /* all of it */
	assert_int_equal(size, 0);
	assert_int_equal(commit_used(), 0);
	assert_query(base, 8, MEM_RESERVE, 0);
	ok(try_free(base, bytes(8), MEM_DECOMMIT)); /* what is not committed may be decommitted */
	release(base);
}

/* catches: pages whose content depends on what they were protected with on the way */
static void test_contents_survive_protection(void **state)
{
	vaddr_t base = allocate(3, COMMITTED, PAGE_READWRITE);
	uint32_t old;

	(void)state;
	fill(base, 3);
	ok(try_protect(base, 2, PAGE_NOACCESS, &old));
	assert_int_equal(old, PAGE_READWRITE);
	assert_int_equal(sim_peek(base), -1);
	ok(try_protect(base + bytes(1), 2, PAGE_READONLY, &old));
	assert_int_equal(old, PAGE_NOACCESS); /* of the first page */
	assert_filled(base, 1, 3);
	assert_int_equal(sim_poke(base + bytes(2), 9), STATUS_ACCESS_VIOLATION);
	ok(try_protect(base, 3, PAGE_READWRITE, NULL));
	assert_filled(base, 0, 3);
	assert_query(base, 3, MEM_COMMIT, PAGE_READWRITE);
	ok(try_free(base + bytes(2), bytes(1), MEM_DECOMMIT));
	assert_int_equal(try_protect(base, 3, PAGE_READONLY, NULL), STATUS_NOT_COMMITTED);
	assert_int_equal(try_protect(base, 17, PAGE_READONLY, NULL), STATUS_CONFLICTING_ADDRESSES);
	assert_query(base, 2, MEM_COMMIT, PAGE_READWRITE); /* nothing changed */
	release(base);
}

/* ---- guard pages (5.9) ---- */

/* catches: a guard that stays, is silent, or takes its neighbours with it */
static void test_a_guard_page_tells_once(void **state)
{
	vaddr_t base = allocate(3, COMMITTED, PAGE_READWRITE | PAGE_GUARD);
	uint32_t old;

	(void)state;
	assert_query(base, 3, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
	assert_int_equal(sim_poke(base + bytes(1), 1), STATUS_GUARD_PAGE_VIOLATION);
	assert_query(base + bytes(1), 1, MEM_COMMIT, PAGE_READWRITE);
	assert_query(base, 1, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
	assert_int_equal(query(base + bytes(1)).allocation_protect, PAGE_READWRITE | PAGE_GUARD);
	ok(sim_poke(base + bytes(1), 7));
	ok(try_protect(base + bytes(1), 1, PAGE_READONLY | PAGE_GUARD, &old)); /* armed again */
	assert_int_equal(old, PAGE_READWRITE);
	mm_check();
	/* the first access of any kind, also one that the page does not allow */
	assert_int_equal(sim_poke(base + bytes(1), 8), STATUS_GUARD_PAGE_VIOLATION);
	assert_int_equal(sim_poke(base + bytes(1), 8), STATUS_ACCESS_VIOLATION);
	ok(try_protect(base + bytes(1), 1, PAGE_READONLY | PAGE_GUARD, &old));
	assert_int_equal(old, PAGE_READONLY);
	assert_int_equal(sim_peek(base + bytes(1)), -1);
	assert_int_equal(sim_peek(base + bytes(1)), 7);
	assert_int_equal(commit_used(), 3);
	release(base);
}

/* ---- stacks (5.10) ---- */

/* catches: a guard that does not move, moves too far, or is not charged; a stack without an end */
static void test_a_stack_grows_page_by_page(void **state)
{
	vaddr_t bottom, limit, top;

	(void)state;
	ok(stack_allocate(space, bytes(16), bytes(2), &bottom, &limit, &top));
	assert_int_equal(top - bottom, bytes(16));
	assert_int_equal(top - limit, bytes(2));
	assert_int_equal(commit_used(), 3);
	assert_int_equal(sim_poke(limit - bytes(2), 1), STATUS_ACCESS_VIOLATION); /* beyond it */
	for (unsigned page = 3; page < 14; page++) {
		ok(sim_poke(top - bytes(page), (uint8_t)page)); /* no exception: it grows */
		mm_check();
		assert_int_equal(commit_used(), page + 1);
		assert_query(top - bytes(page), page, MEM_COMMIT, PAGE_READWRITE);
		assert_query(top - bytes(page + 1), 1, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
	}
	assert_int_equal(sim_poke(bottom + bytes(2), 1), STATUS_STACK_OVERFLOW);
	assert_query(bottom + bytes(1), 15, MEM_COMMIT, PAGE_READWRITE);
	ok(sim_poke(bottom + bytes(2), 1)); /* the handler needs room: two pages are there now */
	ok(sim_poke(bottom + bytes(1), 1));
	assert_int_equal(sim_poke(bottom, 1), STATUS_ACCESS_VIOLATION); /* it stays reserved */
	assert_int_equal(commit_used(), 15);
	assert_query(bottom, 1, MEM_RESERVE, 0);
	for (unsigned page = 3; page < 14; page++)
		assert_int_equal(sim_peek(top - bytes(page)), page);
	release(bottom);
	assert_int_equal(commit_used(), 0);
}

/* catches: a stack that grows on promised memory that is not there, or a charge that is lost */
static void test_a_stack_that_cannot_be_charged(void **state)
{
	vaddr_t bottom, limit, top;
	uint64_t rest;

	(void)state;
	ok(stack_allocate(space, bytes(16), bytes(1), &bottom, &limit, &top));
	ok(sim_poke(limit, 1)); /* the page tables: they lower the limit */
	rest = commit_limit() - commit_used();
	ok(commit_charge(rest));
	assert_int_equal(sim_poke(limit - 1, 1), STATUS_STACK_OVERFLOW);
	commit_release(rest);
	mm_check();
	assert_int_equal(commit_used(), 2);
	ok(sim_poke(limit - 1, 1));
	ok(sim_poke(limit - PAGE_SIZE - 1, 1)); /* the guard was not lost */
	release(bottom);
}

/* catches: a stack that grows out of its reservation */
static void test_a_guard_on_the_lowest_page(void **state)
{
	vaddr_t bottom, limit, top;

	(void)state;
	ok(stack_allocate(space, bytes(16), bytes(2), &bottom, &limit, &top));
	ok(try_commit(bottom, 1, PAGE_READWRITE | PAGE_GUARD));
	assert_int_equal(sim_poke(bottom, 1), STATUS_STACK_OVERFLOW);
	ok(sim_poke(bottom, 1));
	assert_query(bottom, 1, MEM_COMMIT, PAGE_READWRITE);
	release(bottom);
}

/* ---- the charge ---- */

/* catches: page tables that nobody has promised, when all that was committed is touched */
static void test_page_tables_are_promised(void **state)
{
	const uint64_t span = pt_entry_span(2);
	vaddr_t small, large;

	(void)state;
	small = allocate(1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	assert_int_equal(commit_tables(), 1);
	large = allocate(600, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	assert_int_equal(commit_tables(), 1 + (large + bytes(600) - 1) / span - large / span + 1);
	release(large);
	assert_int_equal(commit_tables(), 1);
	release(small);
	assert_int_equal(commit_tables(), 0);
}

/* catches: a page charged twice, not at all, or not given back, by any kind of promise */
static void test_the_charge_is_exact(void **state)
{
	struct section *section = section_of(NULL, bytes(5), PAGE_READWRITE, SEC_COMMIT);
	vaddr_t copy, shared, memory;
	uint64_t size = 200;
	vaddr_t odd = 0x60025000;

	(void)state;
	assert_int_equal(commit_used(), 5);
	shared = map(section, PAGE_READWRITE);
	assert_int_equal(commit_used(), 5);
	copy = map(section, PAGE_WRITECOPY); /* five pages may be copied */
	assert_int_equal(commit_used(), 10);
	ok(sim_poke(copy, 1));
	assert_int_equal(commit_used(), 10);
	assert_query(copy, 1, MEM_COMMIT, PAGE_READWRITE);
	assert_query(copy + bytes(1), 4, MEM_COMMIT, PAGE_WRITECOPY);
	ok(try_protect(shared, 2, PAGE_WRITECOPY, NULL));
	assert_int_equal(commit_used(), 12);
	ok(try_protect(shared, 3, PAGE_WRITECOPY, NULL));
	assert_int_equal(commit_used(), 13);
	ok(try_protect(copy, 4, PAGE_READONLY, NULL)); /* and back: they are charged already */
	ok(try_protect(copy, 4, PAGE_WRITECOPY, NULL));
	assert_int_equal(commit_used(), 13);
	ok(view_unmap(space, shared));
	ok(view_unmap(space, copy));
	assert_int_equal(commit_used(), 5);
	object_release(section);
	assert_int_equal(commit_used(), 0);
	ok(memory_allocate(space, &odd, 0, &size, COMMITTED, PAGE_READWRITE));
	assert_int_equal(odd, 0x60020000);
	assert_int_equal(commit_used(), 6);
	assert_int_equal(space->commit_pages, 6);
	memory = allocate(4, MEM_RESERVE, PAGE_READWRITE);
	assert_int_equal(commit_used(), 6);
	ok(try_commit(memory + 5, 1, PAGE_READWRITE)); /* two pages */
	assert_int_equal(commit_used(), 8);
	ok(try_commit(memory, 4, PAGE_READWRITE));
	assert_int_equal(commit_used(), 10);
	release(memory);
	release(odd);
	assert_int_equal(commit_used(), 0);
}

/* catches: a run of private pages that goes on over pages that nobody has touched (8.2) */
static void test_runs_of_private_pages(void **state)
{
	struct map_request request = {
		.inherit = VIEW_UNMAP, .protection = PAGE_WRITECOPY, .base = 16 * pt_entry_span(2)};
	vaddr_t base = request.base;

	(void)state;
	vm_start(16 << 20);
	request.section = section_of(NULL, bytes(1536), PAGE_READWRITE, SEC_COMMIT);
	ok(view_map(space, &request));
	ok(sim_poke(base + bytes(510), 1));
	ok(sim_poke(base + bytes(511), 1));
	ok(sim_poke(base + bytes(1024), 1)); /* between them a page table is missing */
	assert_query(base, 510, MEM_COMMIT, PAGE_WRITECOPY);
	assert_query(base + bytes(510), 2, MEM_COMMIT, PAGE_READWRITE);
	assert_query(base + bytes(512), 512, MEM_COMMIT, PAGE_WRITECOPY);
	assert_query(base + bytes(1024), 1, MEM_COMMIT, PAGE_READWRITE);
	assert_query(base + bytes(1025), 511, MEM_COMMIT, PAGE_WRITECOPY);
	ok(view_unmap(space, base));
	object_release(request.section);
	vm_stop();
}

/* catches: page tables that stay, or are forgotten, when more go at once than one flush takes */
static void test_more_tables_than_a_flush_takes(void **state)
{
	const uint64_t tables = 100, span = LARGE_PAGE_BYTES / PAGE_SIZE;
	vaddr_t base = allocate(tables * span, MEM_RESERVE, PAGE_READWRITE);
	uint64_t before = space->table_frames;

	(void)state;
	for (unsigned i = 0; i < tables; i++) {
		ok(try_commit(base + i * LARGE_PAGE_BYTES, 1, PAGE_READWRITE));
		ok(sim_poke(base + i * LARGE_PAGE_BYTES, 1));
	}
	assert_true(space->table_frames >= before + tables);
	mm_check();
	release(base);
	assert_int_equal(space->table_frames, 1);
	mm_check();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_more_tables_than_a_flush_takes),
		TEST(test_releasing_the_head),
		TEST(test_releasing_the_tail),
		TEST(test_releasing_the_middle),
		TEST(test_cutting_until_nothing_is_left),
		TEST(test_what_free_refuses),
		TEST(test_decommitting),
		TEST(test_contents_survive_protection),
		TEST(test_a_guard_page_tells_once),
		TEST(test_a_stack_grows_page_by_page),
		TEST(test_a_stack_that_cannot_be_charged),
		TEST(test_a_guard_on_the_lowest_page),
		TEST(test_page_tables_are_promised),
		TEST(test_the_charge_is_exact),
		cmocka_unit_test(test_runs_of_private_pages),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

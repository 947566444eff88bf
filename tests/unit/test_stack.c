/*
 * test_stack.c - thread stacks: the guard page that moves down, what stops it, and a guard that the
 * program has put itself.
 */
#include "vm_fixture.h"

#define RESERVE 0x10000ull

static vaddr_t allocation, limit, base;

static int setup(void **state)
{
	vm_setup(state);
	ok(stack_allocate(space, RESERVE, PAGE_SIZE, &allocation, &limit, &base));
	return 0;
}

static int teardown(void **state)
{
	release(allocation);
	return vm_teardown(state);
}

/* catches: a stack that grows over its last page, or ends early */
static void test_grows_to_its_last_page_but_one(void **state)
{
	vaddr_t va;

	(void)state;
	for (va = base - PAGE_SIZE; va >= allocation + 3 * PAGE_SIZE; va -= PAGE_SIZE) {
		ok(sim_poke(va, 1));
		assert_int_equal(query(va - PAGE_SIZE).protect, PAGE_READWRITE | PAGE_GUARD);
		mm_check();
	}
	assert_int_equal(sim_poke(va, 1), STATUS_STACK_OVERFLOW);
	assert_int_equal(query(va - PAGE_SIZE).protect, PAGE_READWRITE);
	ok(sim_poke(va, 1)); /* for the handler of the overflow */
	ok(sim_poke(va - PAGE_SIZE, 1));
	assert_int_equal(sim_poke(allocation, 1), STATUS_ACCESS_VIOLATION);
}

/* catches: a page below the stack's memory that is given away, when the guard stands in the last */
static void test_guard_in_the_last_page(void **state)
{
	(void)state;
	ok(try_commit(allocation, 2, PAGE_READWRITE | PAGE_GUARD));
	for (unsigned i = 0; i < 2; i++) {
		vaddr_t va = allocation + pages_to_bytes(i);

		sim_fail_nth_allocation(1); /* then the guard stays */
		assert_int_equal(sim_poke(va, 1), STATUS_INSUFFICIENT_RESOURCES);
		sim_fail_nth_allocation(0);
		assert_int_equal(sim_poke(va, 1), STATUS_STACK_OVERFLOW);
		assert_int_equal(query(va).protect, PAGE_READWRITE);
		ok(sim_poke(va, 1));
		mm_check();
	}
}

/* catches: a guard that goes although the page below could not be had */
static void test_no_commit_for_the_next_page(void **state)
{
	uint64_t rest = commit_limit() - commit_used();

	(void)state;
	ok(commit_charge(rest));
	assert_int_equal(sim_poke(limit - 1, 1), STATUS_STACK_OVERFLOW);
	commit_release(rest);
	assert_int_equal(query(limit - PAGE_SIZE).protect, PAGE_READWRITE | PAGE_GUARD);
	ok(sim_poke(limit - 1, 1));
	sim_fail_nth_allocation(1);
	assert_int_equal(sim_poke(limit - PAGE_SIZE - 1, 1), STATUS_STACK_OVERFLOW);
	sim_fail_nth_allocation(0);
	ok(sim_poke(limit - PAGE_SIZE - 1, 1));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_grows_to_its_last_page_but_one),
		TEST(test_guard_in_the_last_page),
		TEST(test_no_commit_for_the_next_page),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

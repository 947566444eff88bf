/*
 * test_segment_commit.c - the commit of SEC_RESERVE sections.
 */
#include "vm_fixture.h"

#define TIB (1ull << 40)

/* catches: 8.3: commit that belongs to a view and not to the section, or is undone */
static void test_commit_through_one_view_is_seen_by_the_other(void **state)
{
	struct section *section = section_of(NULL, 16 * PAGE_SIZE, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t a = map(section, PAGE_READONLY), b = map(section, PAGE_READWRITE);

	(void)state;
	assert_int_equal(sim_poke(b, 1), STATUS_ACCESS_VIOLATION);
	ok(try_commit(b + 3 * PAGE_SIZE, 2, PAGE_READWRITE));
	assert_int_equal(commit_used(), 2);
	ok(sim_poke(b + 3 * PAGE_SIZE, 7));
	assert_int_equal(sim_peek(a + 3 * PAGE_SIZE), 7);
	assert_int_equal(sim_peek(a + 4 * PAGE_SIZE), 0);
	assert_int_equal(sim_peek(a + 5 * PAGE_SIZE), -1);
	assert_query(a + 3 * PAGE_SIZE, 2, MEM_COMMIT, PAGE_READONLY);
	assert_query(b + 3 * PAGE_SIZE, 2, MEM_COMMIT, PAGE_READWRITE);
	assert_query(a, 3, MEM_RESERVE, 0);
	assert_query(a + 5 * PAGE_SIZE, 11, MEM_RESERVE, 0);
	ok(try_commit(b + 2 * PAGE_SIZE, 3, PAGE_READONLY)); /* two of them again: keeps 7 */
	assert_int_equal(commit_used(), 3);
	assert_int_equal(sim_peek(b + 3 * PAGE_SIZE), 7);
	assert_int_equal(try_free(b + 3 * PAGE_SIZE, PAGE_SIZE, MEM_DECOMMIT),
			 STATUS_UNABLE_TO_DELETE_SECTION);
	ok(view_unmap(space, a));
	ok(view_unmap(space, b));
	a = map(section, PAGE_READONLY);
	assert_int_equal(sim_peek(a + 3 * PAGE_SIZE), 7);
	assert_int_equal(sim_peek(a), -1);
	assert_int_equal(commit_used(), 3);
	ok(view_unmap(space, a));
	object_release(section);
	assert_int_equal(commit_used(), 0);
}

/* catches: 3.4.5: CommitSize that is ignored, counted from the section's start, or charged twice */
static void test_commit_size_of_a_map_call(void **state)
{
	struct section *section = section_of(NULL, 64 * PAGE_SIZE, PAGE_READWRITE, SEC_RESERVE);
	struct map_request request = {.section = section,
				      .inherit = VIEW_UNMAP,
				      .protection = PAGE_READWRITE,
				      .offset_bytes = ALLOCATION_GRANULARITY,
				      .commit_bytes = PAGE_SIZE + 1};

	(void)state;
	ok(view_map(space, &request));
	assert_query(request.base, 2, MEM_COMMIT, PAGE_READWRITE);
	assert_query(request.base + 2 * PAGE_SIZE, 46, MEM_RESERVE, 0);
	ok(sim_poke(request.base + PAGE_SIZE, 1));
	assert_int_equal(sim_poke(request.base + 2 * PAGE_SIZE, 1), STATUS_ACCESS_VIOLATION);
	assert_int_equal(commit_used(), 2);
	mm_check();
	ok(view_unmap(space, request.base));
	request.base = 0;
	request.size_bytes = 0;
	ok(view_map(space, &request)); /* the same pages again */
	assert_int_equal(commit_used(), 2);
	ok(view_unmap(space, request.base));
	object_release(section);
}

/* catches: a table of state words that is not made, where a range reaches into the next one */
static void test_a_commit_over_several_tables(void **state)
{
	struct section *section = section_of(NULL, TIB, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t base = map(section, PAGE_READWRITE);

	(void)state;
	ok(try_commit(base + pages_to_bytes(511), 514, PAGE_READWRITE));
	assert_query(base + pages_to_bytes(511), 514, MEM_COMMIT, PAGE_READWRITE);
	assert_query(base, 511, MEM_RESERVE, 0);
	ok(sim_poke(base + pages_to_bytes(511), 1));
	ok(sim_poke(base + pages_to_bytes(1024), 2));
	assert_int_equal(sim_peek(base + pages_to_bytes(1025)), -1);
	mm_check();
	ok(view_unmap(space, base));
	object_release(section);
}

static NTSTATUS commit_across_tables(void *base)
{
	/* the last page of one table of state words and the first of the next */
	return try_commit(*(vaddr_t *)base + 511 * PAGE_SIZE, 2, PAGE_READWRITE);
}

/*
 * catches: a call that looks at each page of a range before it refuses: it takes minutes then; one
 * that charges what is committed already
 */
static void test_a_commit_of_too_much_is_refused_at_once(void **state)
{
	struct section *section = section_of(NULL, TIB, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t base = map(section, PAGE_READWRITE);
	uint64_t rest;

	(void)state;
	ok(try_commit(base, 1, PAGE_READWRITE));
	for (int i = 0; i < 100; i++)
		assert_int_equal(try_commit(base, page_of(TIB), PAGE_READWRITE),
				 STATUS_COMMITMENT_LIMIT);
	assert_int_equal(commit_used(), 1);
	rest = commit_limit() - 1;
	ok(commit_charge(rest));
	ok(try_commit(base, 1, PAGE_READONLY)); /* nothing more is promised: it is committed */
	assert_int_equal(try_commit(base, 2, PAGE_READONLY), STATUS_COMMITMENT_LIMIT);
	commit_release(rest);
	ok(view_unmap(space, base));
	object_release(section);
}

/* catches: pages committed, or charged, by a call that fails */
static void test_a_commit_that_fails_commits_nothing(void **state)
{
	struct section *section = section_of(NULL, 1024 * PAGE_SIZE, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t base = map(section, PAGE_READWRITE);

	(void)state;
	assert_true(commit_limit() < 1024); /* of 4 MiB, some is the kernel's */
	assert_int_equal(try_commit(base, 1024, PAGE_READWRITE), STATUS_COMMITMENT_LIMIT);
	assert_int_equal(commit_used(), 0);
	assert_query(base, 1024, MEM_RESERVE, 0);
	/* tables of state words stay when a commit fails: have them made before */
	ok(try_commit(base + 510 * PAGE_SIZE, 1, PAGE_READWRITE));
	ok(try_commit(base + 513 * PAGE_SIZE, 1, PAGE_READWRITE));
	assert_int_equal(
		fail_each_allocation(commit_across_tables, &base, STATUS_INSUFFICIENT_RESOURCES),
		2);
	assert_query(base + 510 * PAGE_SIZE, 4, MEM_COMMIT, PAGE_READWRITE);
	assert_int_equal(commit_used(), 4);
	ok(view_unmap(space, base));
	object_release(section);
}

/* catches: a protection given to pages of which only the first is committed */
static void test_protecting_needs_all_pages(void **state)
{
	struct section *section = section_of(NULL, 4 * PAGE_SIZE, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t base = map(section, PAGE_READWRITE);

	(void)state;
	ok(try_commit(base, 2, PAGE_READWRITE));
	ok(try_protect(base, 2, PAGE_READONLY, NULL));
	assert_int_equal(try_protect(base, 3, PAGE_READWRITE, NULL), STATUS_NOT_COMMITTED);
	assert_int_equal(try_protect(base + 2 * PAGE_SIZE, 1, PAGE_READWRITE, NULL),
			 STATUS_NOT_COMMITTED);
	assert_query(base, 2, MEM_COMMIT, PAGE_READONLY);
	ok(view_unmap(space, base));
	object_release(section);
}

/* catches: a charge that stays when a table of state words could not be had */
static void test_a_commit_without_frames(void **state)
{
	static struct hoard hoard;
	struct section *section = section_of(NULL, TIB, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t base = map(section, PAGE_READWRITE);
	unsigned turns;

	(void)state;
	for (turns = 0; commit_used() == 0; turns++) { /* tables that were made stay */
		NTSTATUS status;

		hoard_begin(&hoard, 1);
		status = commit_across_tables(&base);
		hoard_end(&hoard);
		assert_int_equal(status, commit_used() ? STATUS_SUCCESS : STATUS_NO_MEMORY);
		assert_query(base + 511 * PAGE_SIZE, commit_used() ? 2 : (TIB >> PAGE_SHIFT) - 511,
			     commit_used() ? MEM_COMMIT : MEM_RESERVE,
			     commit_used() ? PAGE_READWRITE : 0);
		mm_check();
	}
	assert_true(turns >= 2);
	assert_int_equal(commit_used(), 2);
	ok(view_unmap(space, base));
	object_release(section);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_commit_through_one_view_is_seen_by_the_other),
		TEST(test_commit_size_of_a_map_call),
		TEST(test_a_commit_over_several_tables),
		TEST(test_a_commit_of_too_much_is_refused_at_once),
		TEST(test_a_commit_that_fails_commits_nothing),
		TEST(test_protecting_needs_all_pages),
		TEST(test_a_commit_without_frames),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_based.c - where SEC_BASED sections are: from the top down, in holes first, never two in one
 * place; and what happens when there is no room.
 */
#include "vm_fixture.h"

#include "kernel/mm/based.h"

#define UNIT 0x10000ull
#define TOP 0x7FFF00000000ull
#define LOWEST 0x100000000ull

static struct based_range ranges[4];

static int setup(void **state)
{
	memset(ranges, 0, sizeof(ranges));
	return vm_setup(state);
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < 4; i++)
		based_release(&ranges[i]);
	return vm_teardown(state);
}

static void assert_range(unsigned i, vaddr_t start, uint64_t size)
{
	assert_int_equal(ranges[i].start, start);
	assert_int_equal(ranges[i].end, start + size);
	mm_check();
}

/* catches: a section beside the last one instead of in the hole; one over its neighbour */
static void test_holes_are_filled_from_the_top(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		ok(based_reserve(&ranges[i], UNIT, UNIT));
		assert_range(i, TOP - (i + 1) * UNIT, UNIT);
	}
	based_release(&ranges[1]);
	ok(based_reserve(&ranges[3], 2 * UNIT, UNIT)); /* too large for the hole */
	assert_range(3, TOP - 5 * UNIT, 2 * UNIT);
	ok(based_reserve(&ranges[1], 1, UNIT));
	assert_range(1, TOP - 2 * UNIT, UNIT);
	based_release(&ranges[1]);
	based_release(&ranges[1]); /* has none any more */
	mm_check();
}

/* catches: a hole that is long enough but for the alignment */
static void test_alignment(void **state)
{
	(void)state;
	ok(based_reserve(&ranges[0], UNIT, UNIT));
	ok(based_reserve(&ranges[1], LARGE_PAGE_BYTES, LARGE_PAGE_BYTES));
	assert_range(1, TOP - 2 * LARGE_PAGE_BYTES, LARGE_PAGE_BYTES);
	ok(based_reserve(&ranges[2], LARGE_PAGE_BYTES - UNIT, UNIT)); /* all of the hole */
	assert_range(2, TOP - LARGE_PAGE_BYTES, LARGE_PAGE_BYTES - UNIT);
	ok(based_reserve(&ranges[3], UNIT, LARGE_PAGE_BYTES));
	assert_range(3, TOP - 3 * LARGE_PAGE_BYTES, UNIT);
}

/* catches: an address below 4 GiB; arithmetic that wraps; a failure that leaves a range listed */
static void test_no_room(void **state)
{
	static const uint64_t too_large[] = {UINT64_MAX, TOP, TOP - LOWEST + 1, USER_LIMIT};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(based_reserve(&ranges[0], too_large[i], UNIT), STATUS_NO_MEMORY);
		assert_int_equal(ranges[0].start, 0);
		mm_check();
	}
	ok(based_reserve(&ranges[0], TOP - LOWEST - UNIT, UNIT));
	assert_range(0, LOWEST + UNIT, TOP - LOWEST - UNIT);
	assert_int_equal(based_reserve(&ranges[1], UNIT + 1, UNIT), STATUS_NO_MEMORY);
	/* there are 64 KiB, but not on such a boundary */
	assert_int_equal(based_reserve(&ranges[1], UNIT, 16 * LOWEST), STATUS_NO_MEMORY);
	ok(based_reserve(&ranges[1], UNIT, UNIT));
	assert_range(1, LOWEST, UNIT);
	assert_int_equal(based_reserve(&ranges[2], 1, UNIT), STATUS_NO_MEMORY);
	assert_int_equal(based_reserve(&ranges[2], TOP, UNIT), STATUS_NO_MEMORY);
	mm_check();
}

/* catches: a section without its place, when the place could not be had */
static void test_section_without_room(void **state)
{
	struct section *section;
	struct file_node *file;

	(void)state;
	assert_int_equal(
		try_section(NULL, USER_LIMIT, PAGE_READWRITE, SEC_BASED | SEC_RESERVE, &section),
		STATUS_NO_MEMORY);
	file = disk_with("abc", 3, 1 << 20);
	assert_int_equal(
		try_section(file, USER_LIMIT, PAGE_READWRITE, SEC_BASED | SEC_COMMIT, &section),
		STATUS_NO_MEMORY);
	assert_int_equal(file_size(file), 3);
	file_release(file);
	ok(try_section(NULL, TOP - LOWEST, PAGE_READWRITE, SEC_BASED | SEC_RESERVE, &section));
	object_release(section);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_holes_are_filled_from_the_top),
		TEST(test_alignment),
		TEST(test_no_room),
		TEST(test_section_without_room),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

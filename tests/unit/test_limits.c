/*
 * test_limits.c - numbers at the ends of 64 bits: ranges that wrap around, sizes and offsets that
 * fewer bits would cut to something harmless; and a space at its own end.
 */
#include "vm_fixture.h"

#define GIB (1ull << 30)

static void test_a_protected_range_must_not_wrap(void **state)
{
	vaddr_t base = allocate(2, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	const uint64_t sizes[] = {0, UINT64_MAX, -base, -base + 1, 1ull << 63, USER_LIMIT};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		vaddr_t start = base;
		uint64_t size = sizes[i];
		uint32_t old = 77;

		assert_int_equal(memory_protect(space, &start, &size, PAGE_READONLY, &old),
				 STATUS_INVALID_PARAMETER_3);
		assert_true(start == base && size == sizes[i] && old == 77);
	}
	release(base);
}

static void test_a_protected_range_has_64_bits(void **state)
{
	vaddr_t base = allocate(bytes_to_pages(5 * GIB), MEM_RESERVE, PAGE_READWRITE);

	(void)state;
	ok(try_commit(base, 1, PAGE_READWRITE));
	assert_int_equal(try_protect(base, bytes_to_pages(4 * GIB) + 1, PAGE_READONLY, NULL),
			 STATUS_NOT_COMMITTED);
	assert_query(base, 1, MEM_COMMIT, PAGE_READWRITE);
	release(base);
}

static void test_commit_has_64_bits(void **state)
{
	uint64_t used = commit_used();

	(void)state;
	for (unsigned bits = 28; bits < 64; bits++) {
		assert_int_equal(commit_charge(1ull << bits), STATUS_COMMITMENT_LIMIT);
		assert_int_equal(commit_charge((1ull << bits) + 1), STATUS_COMMITMENT_LIMIT);
	}
	assert_int_equal(commit_charge(UINT64_MAX), STATUS_COMMITMENT_LIMIT);
	assert_int_equal(commit_used(), used);
}

/* A view that goes on behind its section may begin anywhere, but ends somewhere. */
static void test_a_view_must_not_wrap(void **state)
{
	static const uint64_t offsets[] = {UINT64_MAX - 0xFFFF, UINT64_MAX - 0x1FFFF, 1ull << 63,
					   USER_LIMIT - 0x10000};
	struct file_node *file = disk_with("x", 1, 1 << 20);
	struct section *section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct map_request request = {.section = section,
					      .inherit = VIEW_UNMAP,
					      .protection = PAGE_READWRITE,
					      .allocation_type = MEM_RESERVE,
					      .offset_bytes = offsets[i],
					      .size_bytes = 0x20000};

		assert_int_equal(view_map(space, &request), STATUS_INVALID_VIEW_SIZE);
	}
	object_release(section);
	file_release(file);
}

static vaddr_t view_at(struct section *section, uint64_t offset)
{
	struct map_request request = {.section = section,
				      .inherit = VIEW_UNMAP,
				      .protection = PAGE_READWRITE,
				      .offset_bytes = offset,
				      .size_bytes = ALLOCATION_GRANULARITY};

	ok(view_map(space, &request));
	return request.base;
}

static void test_an_offset_has_all_its_bits(void **state)
{
	struct section *section = section_of(NULL, 64 * GIB, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t views[8];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		uint64_t offset = i ? ALLOCATION_GRANULARITY << (2 * i + 5) : 0;

		views[i] = view_at(section, offset);
		ok(try_commit(views[i], 1, PAGE_READWRITE));
		ok(sim_poke(views[i], (uint8_t)(i + 1)));
	}
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(sim_peek(views[i]), i + 1);
		ok(view_unmap(space, views[i]));
	}
	object_release(section);
}

/* catches: a view made while its space is taken down, which nobody would take down then */
static void test_a_space_at_its_end_takes_no_view(void **state)
{
	uint64_t size = PAGE_SIZE;
	vaddr_t base = 0;

	(void)state;
	space->dying = true;
	assert_int_equal(memory_allocate(space, &base, 0, &size, MEM_RESERVE, PAGE_READWRITE),
			 STATUS_PROCESS_IS_TERMINATING);
	space->dying = false;
	assert_int_equal(space->view_count, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_protected_range_must_not_wrap, vm_setup,
						vm_teardown),
		cmocka_unit_test_setup_teardown(test_a_protected_range_has_64_bits, vm_setup,
						vm_teardown),
		cmocka_unit_test_setup_teardown(test_commit_has_64_bits, vm_setup, vm_teardown),
		cmocka_unit_test_setup_teardown(test_a_view_must_not_wrap, vm_setup, vm_teardown),
		cmocka_unit_test_setup_teardown(test_a_space_at_its_end_takes_no_view, vm_setup,
						vm_teardown),
		cmocka_unit_test_setup_teardown(test_an_offset_has_all_its_bits, vm_setup,
						vm_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

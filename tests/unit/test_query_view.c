/*
 * test_query_view.c - what is told of views besides their pages: the type of a region, and what a
 * space maps of others' commit.
 */
#include "vm_fixture.h"

static uint32_t type_of(vaddr_t va)
{
	struct nt_memory_region_information region;

	ok(memory_query_region(space, va, &region));
	assert_int_equal(region.allocation_base, va);
	return region.region_type;
}

/* catches: a type that goes with the wrong kind of view */
static void test_types_of_regions(void **state)
{
	struct file_node *file = disk_with("abc", 3, 1 << 20);
	struct section *data = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	struct section *pages = section_of(NULL, 0x3000, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t data_view = map(data, PAGE_READONLY), page_view = map(pages, PAGE_READWRITE);
	vaddr_t physical = allocate(4, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);

	(void)state;
	assert_int_equal(type_of(data_view), MEMORY_REGION_MAPPED_DATA_FILE);
	assert_int_equal(type_of(page_view), 0);
	assert_int_equal(type_of(physical), MEMORY_REGION_MAPPED_PHYSICAL);
	ok(view_unmap(space, data_view));
	ok(view_unmap(space, page_view));
	release(physical);
	object_release(data);
	object_release(pages);
	file_release(file);
}

/* catches: files, reserved pages or private memory counted; a view that is counted twice */
static void test_shared_commit(void **state)
{
	struct file_node *file = disk_with("abc", 3, 1 << 20);
	struct section *data = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	struct section *pages = section_of(NULL, 0x3000, PAGE_READWRITE, SEC_COMMIT);
	struct section *reserve = section_of(NULL, 0x8000, PAGE_READWRITE, SEC_RESERVE);
	vaddr_t data_view = map(data, PAGE_READONLY), first = map(pages, PAGE_READWRITE);
	vaddr_t memory = allocate(4, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), second;

	(void)state;
	assert_int_equal(memory_query_shared_commit(space), 3);
	ok(try_protect(first + PAGE_SIZE, 1, PAGE_READONLY, NULL)); /* three regions, one view */
	assert_int_equal(memory_query_shared_commit(space), 3);
	second = map(reserve, PAGE_READWRITE);
	assert_int_equal(memory_query_shared_commit(space), 3);
	ok(try_commit(second + 2 * PAGE_SIZE, 2, PAGE_READWRITE));
	assert_int_equal(memory_query_shared_commit(space), 5);
	ok(view_unmap(space, data_view));
	ok(view_unmap(space, first));
	ok(view_unmap(space, second));
	release(memory);
	object_release(data);
	object_release(pages);
	object_release(reserve);
	file_release(file);
}

/* catches: a file's name for memory that has none; an offset from the wrong place */
static void test_description(void **state)
{
	struct file_node *file = disk_with("abc", 3, 1 << 20);
	struct section *data = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	struct section *pages = section_of(NULL, 0x3000, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t data_view = map(data, PAGE_READONLY), page_view = map(pages, PAGE_READWRITE);
	vaddr_t memory = allocate(1, MEM_RESERVE, PAGE_READWRITE);
	uint64_t offset = 0;
	char name[64];

	(void)state;
	assert_true(memory_describe(space, data_view + 2, name, sizeof(name), &offset));
	assert_non_null(strstr(name, "a.bin"));
	assert_int_equal(offset, 2);
	assert_false(memory_describe(space, page_view, name, sizeof(name), &offset));
	assert_false(memory_describe(space, memory, name, sizeof(name), &offset));
	assert_false(memory_describe(space, 1ull << 40, name, sizeof(name), &offset));
	ok(view_unmap(space, data_view));
	ok(view_unmap(space, page_view));
	release(memory);
	object_release(data);
	object_release(pages);
	file_release(file);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_types_of_regions),
		TEST(test_shared_commit),
		TEST(test_description),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

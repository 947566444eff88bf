/*
 * test_image_views.c - views of a program: what is told of them, what they restrict, where they may
 * stand, and reading them before they are touched.
 */
#include "image_fixture.h"

/* catches: a part of an image that is taken for all of it, or for something else */
static void test_what_is_told_of_an_image(void **state)
{
	struct map_request part = {.section = section,
				   .offset_bytes = 0,
				   .size_bytes = 0x3000,
				   .inherit = VIEW_UNMAP,
				   .protection = PAGE_READONLY};
	struct nt_memory_region_information region;
	struct nt_memory_image_information told;
	vaddr_t base = image(), memory = allocate(1, MEM_RESERVE, PAGE_READWRITE);

	(void)state;
	ok(view_map(space, &part) == STATUS_IMAGE_NOT_AT_BASE ? STATUS_SUCCESS
							      : STATUS_UNSUCCESSFUL);
	ok(memory_query_region(space, base + DATA, &region));
	assert_int_equal(region.allocation_base, base);
	assert_int_equal(region.region_size_bytes, pages_to_bytes(IMAGE_PAGES));
	assert_int_equal(region.region_type, MEMORY_REGION_MAPPED_IMAGE);
	ok(memory_query_image(space, base, &told));
	assert_int_equal(told.image_flags, 0);
	ok(memory_query_image(space, part.base, &told));
	assert_int_equal(told.image_base, part.base);
	assert_int_equal(told.size_of_image_bytes, pages_to_bytes(IMAGE_PAGES));
	assert_int_equal(told.image_flags, 1);
	assert_int_equal(memory_query_image(space, memory, &told), STATUS_INVALID_ADDRESS);
	assert_int_equal(memory_query_image(space, 0x10000000, &told), STATUS_INVALID_ADDRESS);
	assert_int_equal(memory_query_region(space, 0x10000000, &region), STATUS_INVALID_ADDRESS);
	ok(memory_query_region(space, memory, &region));
	assert_int_equal(region.region_type, 0);
	release(memory);
	ok(view_unmap(space, base));
	ok(view_unmap(space, part.base));
}

/* catches: a page that may be executed all the same; a shared page that becomes a private one */
static void test_protections_that_views_restrict(void **state)
{
	struct section *plain;
	vaddr_t base;

	(void)state;
	base = image();
	ok(try_protect(base + SHARED, 1, PAGE_READONLY, NULL));
	ok(try_protect(base + SHARED, 1, PAGE_READWRITE, NULL));
	assert_int_equal(query(base + SHARED).protect, PAGE_READWRITE);
	ok(view_unmap(space, base));
	plain = section_of(file, 0, PAGE_READONLY, SEC_IMAGE_NO_EXECUTE);
	base = map(plain, PAGE_READONLY);
	assert_int_equal(query(base + TEXT).protect, PAGE_READONLY);
	assert_int_equal(sim_execute(base + TEXT), STATUS_ACCESS_VIOLATION);
	assert_int_equal(try_protect(base + TEXT, 1, PAGE_EXECUTE_READ, NULL),
			 STATUS_SECTION_PROTECTION);
	ok(try_protect(base + TEXT, 1, PAGE_READWRITE, NULL));
	assert_int_equal(query(base + TEXT).protect, PAGE_WRITECOPY);
	ok(view_unmap(space, base));
	object_release(plain);
}

/* catches: a charge for a shared part that nobody may write */
static void test_a_shared_part_to_read(void **state)
{
	static struct pe_builder shared;
	struct section *plain;
	struct file_node *other;

	(void)state;
	pe_start(&shared, 0x8000);
	pe_section(&shared, 0x100, 0x1000, 0x200, 0x400, SCN_READ | SCN_SHARED);
	shared.size = 0x600;
	other = disk_with(shared.bytes, shared.size, 1 << 20);
	plain = section_of(other, 0, PAGE_READONLY, SEC_IMAGE);
	assert_int_equal(commit_used(), 0);
	object_release(plain);
	file_release(other);
}

/* catches: a base of its own although the caller says where */
static void test_requirements_come_before_its_base(void **state)
{
	struct memory_requirements where = {.lowest = USER_LOWEST_ADDRESS,
					    .limit = 1ull << 32,
					    .alignment_bytes = ALLOCATION_GRANULARITY};
	struct map_request request = {.section = section,
				      .inherit = VIEW_UNMAP,
				      .protection = PAGE_READONLY,
				      .where = &where};

	(void)state;
	assert_int_equal(view_map(space, &request), STATUS_IMAGE_NOT_AT_BASE);
	assert_true(request.base < 1ull << 32);
	ok(view_unmap(space, request.base));
	request = (struct map_request){.section = section,
				       .inherit = VIEW_UNMAP,
				       .protection = PAGE_READONLY,
				       .zero_bits = 1};
	assert_int_equal(view_map(space, &request), STATUS_IMAGE_NOT_AT_BASE);
	assert_true(request.base < 1ull << 31);
	ok(view_unmap(space, request.base));
}

/* catches: a prefetch that makes pages of zeros, or ends at what cannot be read */
static void test_prefetch(void **state)
{
	vaddr_t base = image(), memory = allocate(2, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	struct section *pages = section_of(NULL, 0x2000, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t view = map(pages, PAGE_READWRITE);
	uint64_t reads = sim_io_count();

	(void)state;
	memory_prefetch(space, memory, pages_to_bytes(2));
	memory_prefetch(space, view, pages_to_bytes(2));
	assert_int_equal(section->segment->resident_pages, 0);
	assert_int_equal(sim_io_count(), reads);
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	memory_prefetch(space, base, pages_to_bytes(IMAGE_PAGES));
	/* headers, .text, .rdata, .data twice, .share; not .bss, and not what failed */
	assert_int_equal(section->segment->resident_pages, 6 - 1);
	mm_check();
	memory_prefetch(space, USER_LIMIT, PAGE_SIZE);
	ok(view_unmap(space, base));
	ok(view_unmap(space, view));
	release(memory);
	object_release(pages);
}

/* catches: new headers in another page of the file that are not read, or their failure */
static void test_headers_far_into_the_file(void **state)
{
	static struct pe_builder far;
	const uint32_t at = 0x1000 - 0x40;
	struct sim_file files[] = {{"data/far.exe", far.bytes, sizeof(far.bytes)}};
	struct file_node *far_file;
	struct section *result;

	(void)state;
	pe_make();
	memcpy(far.bytes, pe.bytes, 0x80);
	memcpy(far.bytes + at, pe.bytes + PE_SIGNATURE, 0x1000);
	memcpy(far.bytes + 0x3C, &at, sizeof(at));
	sim_ramdisk(files, 1, 1 << 20);
	ok(file_lookup(file_root(), "data/far.exe", &far_file));
	sim_fail_nth_io(2, STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(try_section(far_file, 0, PAGE_READONLY, SEC_IMAGE, &result),
			 STATUS_IN_PAGE_ERROR);
	sim_fail_nth_io(0, 0);
	file_release(far_file);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_told_of_an_image),
		TEST(test_protections_that_views_restrict),
		TEST(test_requirements_come_before_its_base),
		TEST(test_prefetch),
		cmocka_unit_test_setup_teardown(test_a_shared_part_to_read, vm_setup, vm_teardown),
		cmocka_unit_test_setup_teardown(test_headers_far_into_the_file, vm_setup,
						vm_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

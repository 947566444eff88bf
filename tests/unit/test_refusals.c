/*
 * test_refusals.c - what kernel/mm refuses by itself, whoever asks: ranges beyond the end of the
 * address space, options that contradict each other, and everything new in a space that is going
 * away. Nothing may have changed.
 */
#include "pe_builder.h"
#include "vm_fixture.h"

#include "kernel/mm/protection.h"
#include "kernel/mm/replace.h"
#include "kernel/mm/view.h"

#define BEYOND (USER_LIMIT - 0x10000) /* the last 64 KiB are nobody's */
#define WHOLE_MAP (MEM_RESERVE | MEM_COMMIT)

static struct vm_snapshot before;

static int setup(void **state)
{
	(void)state;
	vm_start(16u << 20); /* room for a large page */
	before = snapshot_take();
	return 0;
}

static int teardown(void **state)
{
	assert_as_before(&before);
	return vm_teardown(state);
}

/* ---- addresses ---- */

/* catches: a range that ends beyond the address space, or wraps */
static void test_ranges(void **state)
{
	static const struct {
		vaddr_t base;
		uint64_t size_bytes;
	} bad[] = {{BEYOND, 0x20000}, {0x10000, UINT64_MAX}, {UINT64_MAX - 0xFFF, 0x1000}};
	struct quire_memory_page page;
	struct nt_memory_basic_information basic;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		vaddr_t base = bad[i].base;
		uint64_t size = bad[i].size_bytes;
		NTSTATUS io_status;
		uint32_t old;

		assert_false(NT_SUCCESS(memory_allocate(space, &base, 0, &size,
							MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)));
		assert_false(NT_SUCCESS(memory_protect(space, &base, &size, PAGE_READONLY, &old)));
		assert_int_equal(memory_lock(space, &base, &size), STATUS_INVALID_PARAMETER);
		assert_int_equal(memory_unlock(space, &base, &size), STATUS_INVALID_PARAMETER);
		assert_int_equal(memory_flush(space, &base, &size, &io_status),
				 STATUS_INVALID_PARAMETER_2);
		memory_prefetch(space, base, size);
		assert_int_equal(base, bad[i].base);
		assert_int_equal(size, bad[i].size_bytes);
	}
	assert_int_equal(memory_query(space, USER_LIMIT, &basic), STATUS_INVALID_PARAMETER);
	assert_int_equal(memory_query_page(space, USER_LIMIT, &page), STATUS_INVALID_PARAMETER);
	assert_int_equal(memory_query_residence(space, USER_LIMIT), 0);
	assert_int_equal(memory_query_residence(space, 0x10000), 0); /* nothing is there */
}

/* catches: a lock, or an unlock, of no bytes */
static void test_empty_ranges(void **state)
{
	vaddr_t base = 0x10000;
	uint64_t size = 0;

	(void)state;
	assert_int_equal(memory_lock(space, &base, &size), STATUS_INVALID_PARAMETER);
	assert_int_equal(memory_unlock(space, &base, &size), STATUS_INVALID_PARAMETER);
}

/* catches: memory above what the requirements allow, small pages and large ones */
static void test_requirements(void **state)
{
	struct memory_requirements where = {.lowest = USER_LOWEST_ADDRESS,
					    .limit = 64ull << 20,
					    .alignment_bytes = ALLOCATION_GRANULARITY};
	uint64_t size = LARGE_PAGE_BYTES;
	vaddr_t base = 64ull << 20;

	(void)state;
	assert_int_equal(
		memory_allocate_within(space, &base, &where, &size, WHOLE_MAP, PAGE_READWRITE),
		STATUS_INVALID_PARAMETER_3);
	assert_int_equal(memory_allocate_within(space, &base, &where, &size,
						WHOLE_MAP | MEM_LARGE_PAGES, PAGE_READWRITE),
			 STATUS_INVALID_PARAMETER_3);
	assert_int_equal(base, 64ull << 20);
}

/* catches: a stack that is larger than the address space, by either size, or finds no room */
static void test_stacks(void **state)
{
	vaddr_t allocation, limit, base;

	(void)state;
	assert_int_equal(stack_allocate(space, UINT64_MAX, 0, &allocation, &limit, &base),
			 STATUS_NO_MEMORY);
	assert_int_equal(stack_allocate(space, 0, UINT64_MAX, &allocation, &limit, &base),
			 STATUS_NO_MEMORY);
	assert_int_equal(stack_allocate(space, USER_LIMIT, 0, &allocation, &limit, &base),
			 STATUS_NO_MEMORY);
}

/* ---- options ---- */

/* catches: types that only the extended call may pass; physical memory with more than a place */
static void test_types_of_memory(void **state)
{
	static const uint32_t types[] = {MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
					 MEM_RESERVE | MEM_REPLACE_PLACEHOLDER,
					 MEM_RESERVE | MEM_PHYSICAL | MEM_COMMIT, MEM_PHYSICAL};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t size = PAGE_SIZE;
		vaddr_t base = 0;

		assert_int_equal(memory_allocate(space, &base, 0, &size, types[i], PAGE_READWRITE),
				 STATUS_INVALID_PARAMETER_5);
	}
	ok(memory_allocate_check(0, 0, PAGE_SIZE, MEM_PHYSICAL | MEM_RESERVE, PAGE_READWRITE));
	ok(memory_allocate_check(0, 0, PAGE_SIZE, MEM_PHYSICAL | MEM_RESERVE | MEM_TOP_DOWN,
				 PAGE_READWRITE));
}

/* catches: kinds of sections that exclude each other, or that cannot grow */
static void test_kinds_of_sections(void **state)
{
	struct section *section;
	uint64_t size = 0x2000;

	(void)state;
	assert_int_equal(section_check_values(PAGE_READWRITE, SEC_FILE | SEC_IMAGE, true),
			 STATUS_INVALID_PARAMETER_6);
	assert_int_equal(section_check_values(PAGE_READWRITE, SEC_FILE | SEC_COMMIT, true),
			 STATUS_INVALID_PARAMETER_6);
	section = section_of(NULL, 0x1000, PAGE_READWRITE, SEC_COMMIT);
	assert_int_equal(section_extend(section, &size), STATUS_SECTION_NOT_EXTENDED);
	object_release(section);
}

static NTSTATUS try_map_type(struct section *section, uint32_t type, uint64_t size_bytes)
{
	struct map_request request = {.section = section,
				      .size_bytes = size_bytes,
				      .inherit = VIEW_UNMAP,
				      .allocation_type = type,
				      .protection = PAGE_READWRITE};

	return view_map(space, &request);
}

/* catches: a view of a file that grows and has large pages; a growing view of a program */
static void test_types_of_views(void **state)
{
	static struct pe_builder pe;
	struct section *data, *image;
	struct file_node *file;

	(void)state;
	pe_start(&pe, 0x8000);
	pe_section(&pe, 0x5A0, 0x1000, 0x600, 0x400, SCN_CODE);
	pe.size = 0xA00;
	file = disk_with(pe.bytes, pe.size, 1 << 20);
	data = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	assert_int_equal(try_map_type(data, MEM_RESERVE | MEM_LARGE_PAGES, 0x10000),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(try_map_type(data, MEM_LARGE_PAGES, 0), STATUS_INVALID_PARAMETER_9);
	object_release(data);
	image = section_of(file, 0, PAGE_READWRITE, SEC_IMAGE);
	assert_int_equal(try_map_type(image, MEM_RESERVE, 0x10000), STATUS_INVALID_PARAMETER_9);
	object_release(image);
	file_release(file);
	before = snapshot_take(); /* with the disk */
}

/* catches: a directory, or a file beyond the address space, as a section */
static void test_files_of_sections(void **state)
{
	struct file_node *file = disk_with("abc", 3, 1 << 20);
	struct section *section;

	(void)state;
	before = snapshot_take();
	assert_int_equal(try_section(file_root(), 0x1000, PAGE_READWRITE, SEC_COMMIT, &section),
			 STATUS_INVALID_FILE_FOR_SECTION);
	assert_int_equal(try_section(file, USER_LIMIT + 1, PAGE_READWRITE, SEC_COMMIT, &section),
			 STATUS_SECTION_TOO_BIG);
	file_release(file);
	before = snapshot_take();
}

/* catches: a file that is written or grown beyond what a file can be */
static void test_ends_of_files(void **state)
{
	struct file_node *file = disk_with("abc", 3, 1 << 20);
	struct segment *segment;
	struct section *section;
	uint64_t done, size;

	(void)state;
	before = snapshot_take();
	ok(file_segment_acquire(file, &segment));
	assert_int_equal(file_segment_write(segment, INT64_MAX, 0x10000, 1, &done),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(file_segment_resize(segment, 1ull << 63), STATUS_INVALID_PARAMETER);
	segment_release(segment);
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	size = 64u << 20;
	assert_int_equal(section_extend(section, &size), STATUS_DISK_FULL);
	assert_int_equal(size, 64u << 20);
	assert_int_equal(section_size(section), 3);
	object_release(section);
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT | SEC_BASED);
	size = 0x2000;
	assert_int_equal(section_extend(section, &size), STATUS_SECTION_NOT_EXTENDED);
	object_release(section);
	assert_int_equal(file_size(file), 3);
	file_release(file);
	before = snapshot_take();
}

/* catches: a committed page that a view may not have */
static void test_commit_over_a_view(void **state)
{
	struct section *section = section_of(NULL, 0x3000, PAGE_READONLY, SEC_RESERVE);
	vaddr_t base = map(section, PAGE_READONLY);

	(void)state;
	assert_int_equal(try_commit(base, 1, PAGE_READWRITE), STATUS_SECTION_PROTECTION);
	ok(try_commit(base, 1, PAGE_READONLY));
	assert_int_equal(sim_peek(base), 0);
	assert_int_equal(sim_peek(base + PAGE_SIZE), -1);
	ok(view_unmap(space, base));
	object_release(section);
	before = snapshot_take(); /* with page tables */
}

/* catches: rights to execute that outlive SEC_IMAGE_NO_EXECUTE; a copy that changes other words */
static void test_words_of_protection(void **state)
{
	static const uint32_t without[][2] = {
		{PAGE_EXECUTE, PAGE_READONLY},
		{PAGE_EXECUTE_READ, PAGE_READONLY},
		{PAGE_EXECUTE_READWRITE, PAGE_READWRITE},
		{PAGE_EXECUTE_WRITECOPY, PAGE_WRITECOPY},
		{PAGE_READWRITE, PAGE_READWRITE},
		{PAGE_NOACCESS, PAGE_NOACCESS},
	};

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(protection_without_execute(without[i][0] | PAGE_GUARD),
				 without[i][1] | PAGE_GUARD);
	assert_int_equal(protection_after_copy(PAGE_WRITECOPY), PAGE_READWRITE);
	assert_int_equal(protection_after_copy(PAGE_EXECUTE_WRITECOPY | PAGE_NOCACHE),
			 PAGE_EXECUTE_READWRITE | PAGE_NOCACHE);
	assert_int_equal(protection_after_copy(PAGE_EXECUTE_READ), PAGE_EXECUTE_READ);
}

/* catches: a policy that is taken for another one */
static void test_unknown_policy(void **state)
{
	(void)state;
	assert_false(replace_select("clocks"));
	assert_false(replace_select(""));
	assert_true(replace_select("clock"));
}

/* ---- a space that is going away ---- */

static vaddr_t placeholder_make(uint64_t pages)
{
	struct memory_requirements where = {.lowest = USER_LOWEST_ADDRESS,
					    .limit = USER_LIMIT,
					    .alignment_bytes = ALLOCATION_GRANULARITY};
	uint64_t size = pages_to_bytes(pages);
	vaddr_t base = 0;

	ok(memory_allocate_within(space, &base, &where, &size,
				  MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS));
	return base;
}

/* catches: a view that is put into a space while its views are being taken out */
static void test_dying_space(void **state)
{
	vaddr_t base = placeholder_make(32), other = 0, memory = 0;
	struct section *section = section_of(NULL, 0x1000, PAGE_READWRITE, SEC_COMMIT);
	uint64_t size = PAGE_SIZE;

	(void)state;
	ok(try_free(base, pages_to_bytes(16), MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER));
	before = snapshot_take();
	space->dying = true;
	assert_int_equal(try_map(section, PAGE_READWRITE, &other), STATUS_PROCESS_IS_TERMINATING);
	assert_int_equal(memory_allocate(space, &memory, 0, &size, WHOLE_MAP, PAGE_READWRITE),
			 STATUS_PROCESS_IS_TERMINATING);
	assert_int_equal(try_free(base, pages_to_bytes(4), MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),
			 STATUS_PROCESS_IS_TERMINATING);
	assert_int_equal(
		try_free(base, pages_to_bytes(32), MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
		STATUS_PROCESS_IS_TERMINATING);
	space->dying = false;
	assert_as_before(&before);
	ok(try_free(base, pages_to_bytes(32), MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS));
	release(base);
	object_release(section);
	before = snapshot_take();
}

/* ---- shortage ---- */

static vaddr_t shortage_base;

static NTSTATUS attempt_split(void *unused)
{
	(void)unused;
	return try_free(shortage_base, PAGE_SIZE, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER);
}

static NTSTATUS attempt_join(void *unused)
{
	(void)unused;
	return try_free(shortage_base, pages_to_bytes(16), MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS);
}

/* catches: what was allocated first and is lost when the next allocation fails */
static void test_placeholders_without_memory(void **state)
{
	(void)state;
	shortage_base = placeholder_make(16);
	assert_true(fail_each_allocation(attempt_split, NULL, STATUS_INSUFFICIENT_RESOURCES) >= 2);
	assert_true(fail_each_allocation(attempt_join, NULL, STATUS_INSUFFICIENT_RESOURCES) >= 1);
	release(shortage_base);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ranges),
		TEST(test_empty_ranges),
		TEST(test_requirements),
		TEST(test_stacks),
		TEST(test_types_of_memory),
		TEST(test_kinds_of_sections),
		TEST(test_types_of_views),
		TEST(test_files_of_sections),
		TEST(test_ends_of_files),
		TEST(test_commit_over_a_view),
		TEST(test_words_of_protection),
		TEST(test_unknown_policy),
		TEST(test_dying_space),
		TEST(test_placeholders_without_memory),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

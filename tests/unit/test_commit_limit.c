/*
 * test_commit_limit.c - calls when nothing more can be promised: STATUS_COMMITMENT_LIMIT, nothing
 * changed, and the same call succeeds as soon as there is room.
 */
#include "pe_builder.h"
#include "vm_fixture.h"

#include "kernel/mm/file_segment.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

/* Makes `call` at the limit and below it; frees what it made. */
static void check(NTSTATUS (*call)(void *context), void *context)
{
	struct vm_snapshot before = snapshot_take();
	uint64_t rest;

	rest = commit_limit() - commit_used();
	ok(commit_charge(rest));
	assert_int_equal(call(context), STATUS_COMMITMENT_LIMIT);
	commit_release(rest);
	assert_as_before(&before);
	ok(call(context));
}

static NTSTATUS map_copy(void *section)
{
	vaddr_t base;
	NTSTATUS status = try_map(section, PAGE_WRITECOPY, &base);

	if (NT_SUCCESS(status))
		ok(view_unmap(space, base));
	return status;
}

static NTSTATUS map_and_commit(void *section)
{
	struct map_request request = {.section = section,
				      .commit_bytes = 0x2000,
				      .inherit = VIEW_UNMAP,
				      .protection = PAGE_READWRITE};
	NTSTATUS status = view_map(space, &request);

	if (NT_SUCCESS(status))
		ok(view_unmap(space, request.base));
	return status;
}

static NTSTATUS make_section(void *file)
{
	struct section *section;
	NTSTATUS status =
		try_section(file, 0x3000, PAGE_READWRITE, file ? SEC_IMAGE : SEC_COMMIT, &section);

	if (NT_SUCCESS(status))
		object_release(section);
	return status;
}

static NTSTATUS make_stack(void *unused)
{
	vaddr_t allocation, limit, base;
	NTSTATUS status = stack_allocate(space, 0x10000, 0, &allocation, &limit, &base);

	(void)unused;
	if (NT_SUCCESS(status))
		release(allocation);
	return status;
}

static NTSTATUS make_memory(void *type)
{
	uint64_t size = LARGE_PAGE_BYTES;
	vaddr_t base = 0;
	NTSTATUS status =
		memory_allocate(space, &base, 0, &size, *(uint32_t *)type, PAGE_READWRITE);

	if (NT_SUCCESS(status))
		release(base);
	return status;
}

static NTSTATUS commit_page(void *base)
{
	NTSTATUS status = try_commit(*(vaddr_t *)base, 1, PAGE_READWRITE);

	return status;
}

static NTSTATUS protect_page(void *base)
{
	return try_protect(*(vaddr_t *)base, 1, PAGE_WRITECOPY, NULL);
}

static int large_setup(void **state)
{
	(void)state;
	vm_start(16u << 20);
	return 0;
}

/* catches: a charge that is taken before the limit is looked at, or not given back */
static void test_memory(void **state)
{
	uint32_t small = COMMITTED, large = COMMITTED | MEM_LARGE_PAGES;
	vaddr_t base = allocate(4, MEM_RESERVE, PAGE_READWRITE);

	(void)state;
	check(make_memory, &small);
	check(make_memory, &large);
	check(make_stack, NULL);
	check(commit_page, &base);
	release(base);
}

static void test_sections_and_views(void **state)
{
	struct section *section = section_of(NULL, 0x3000, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t base = map(section, PAGE_READWRITE);

	(void)state;
	check(make_section, NULL);
	check(map_copy, section);
	check(protect_page, &base);
	ok(view_unmap(space, base));
	object_release(section);
	section = section_of(NULL, 0x3000, PAGE_READWRITE, SEC_RESERVE);
	check(map_and_commit, section);
	base = map(section, PAGE_READWRITE) + 0x2000;
	check(commit_page, &base);
	ok(view_unmap(space, base));
	object_release(section);
}

/* catches: a program with shared writable data that is loaded without its charge */
static void test_image(void **state)
{
	static struct pe_builder pe;
	struct file_node *file;

	(void)state;
	pe_start(&pe, 0x8000);
	pe_section(&pe, 0x5A0, 0x1000, 0x600, 0x400, SCN_CODE);
	pe_section(&pe, 0x100, 0x2000, 0x200, 0xA00, SCN_DATA | SCN_SHARED);
	pe.size = 0xC00;
	file = disk_with(pe.bytes, pe.size, 1 << 20);
	check(make_section, file);
	file_release(file);
}

/* catches: a limit that is passed by one, or that a refused call leaves lower */
static void test_the_limit_is_the_limit(void **state)
{
	uint64_t limit = commit_limit(), size = pages_to_bytes(limit + 1);
	vaddr_t base = 0;

	(void)state;
	assert_int_equal(memory_allocate(space, &base, 0, &size, COMMITTED, PAGE_READWRITE),
			 STATUS_COMMITMENT_LIMIT);
	assert_int_equal(base, 0);
	assert_int_equal(size, pages_to_bytes(limit + 1));
	size = pages_to_bytes(limit);
	ok(memory_allocate(space, &base, 0, &size, COMMITTED, PAGE_READWRITE));
	assert_int_equal(commit_used(), limit);
	assert_int_equal(commit_charge(1), STATUS_COMMITMENT_LIMIT);
	assert_int_equal(commit_charge(UINT64_MAX), STATUS_COMMITMENT_LIMIT);
	for (uint64_t i = 0; i < limit; i++) /* what was promised is there */
		ok(sim_poke(base + pages_to_bytes(i), 1));
	release(base);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, large_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_memory),
		TEST(test_sections_and_views),
		TEST(test_image),
		cmocka_unit_test_setup_teardown(test_the_limit_is_the_limit, vm_setup, vm_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

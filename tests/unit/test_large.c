/*
 * test_large.c - large pages: really mapped large, resident from the start, whole or not at all.
 */
#include "vm_fixture.h"

#include "kernel/core/thread.h"
#include "kernel/mm/page_table.h"

#define RAM_BYTES (16u << 20) /* three runs at least, between the holes */
#define MIB2 LARGE_PAGE_BYTES
#define LARGE_TYPE (MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES)

static int setup(void **state)
{
	(void)state;
	vm_start(RAM_BYTES);
	return 0;
}

static struct section *large_section(uint64_t size_bytes)
{
	return section_of(NULL, size_bytes, PAGE_EXECUTE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES);
}

static NTSTATUS try_large(vaddr_t *base, uint64_t size_bytes, uint32_t type, uint32_t protection)
{
	return memory_allocate(space, base, 0, &size_bytes, type, protection);
}

static vaddr_t large(uint64_t size_bytes)
{
	vaddr_t base = 0;

	ok(try_large(&base, size_bytes, LARGE_TYPE, PAGE_READWRITE));
	return base;
}

static uint64_t faults(enum quire_fault_class class)
{
	return space->faults[class];
}

static void assert_one_fault_maps_it_all(vaddr_t base)
{
	uint64_t tables = space->table_frames, before = faults(QUIRE_FAULT_LARGE);

	for (vaddr_t va = base; va < base + MIB2; va += PAGE_SIZE)
		assert_int_equal(sim_peek(va), 0);
	assert_int_equal(faults(QUIRE_FAULT_LARGE), before + 1);
	assert_int_equal(space->resident_pages, LARGE_PAGE_PAGES);
	assert_int_equal(space->table_frames, tables + 2); /* levels 3 and 2: no page table */
	assert_true(pte_is_large(slot_word(space, base + 5 * PAGE_SIZE)));
	mm_check();
}

/* catches: a view mapped 4 KiB at a time; pages that are made by faults */
static void test_a_view_costs_one_fault_and_no_page_table(void **state)
{
	struct section *section = large_section(MIB2);
	vaddr_t base = map(section, PAGE_READWRITE);

	(void)state;
	assert_int_equal(base % MIB2, 0);
	assert_int_equal(frame_count(FRAME_ACTIVE), LARGE_PAGE_PAGES);
	assert_one_fault_maps_it_all(base);
	assert_int_equal(commit_used(), LARGE_PAGE_PAGES);
	object_release(section);
	ok(view_unmap(space, base + MIB2 - 1));
	assert_int_equal(commit_used(), 0);
}

static void test_private_memory_is_large_too(void **state)
{
	struct vm_snapshot before = snapshot_take();
	vaddr_t base = large(MIB2);

	(void)state;
	assert_int_equal(base % MIB2, 0);
	assert_one_fault_maps_it_all(base);
	assert_int_equal(space->commit_pages, LARGE_PAGE_PAGES);
	assert_query(base, LARGE_PAGE_PAGES, MEM_COMMIT, PAGE_READWRITE);
	assert_int_equal(query(base).type, MEM_PRIVATE);
	assert_int_equal(view_unmap(space, base), STATUS_NOT_MAPPED_VIEW);
	release(base);
	assert_as_before(&before);
}

/* catches: views of one section in different frames; shares that are not given back */
static void test_two_views_share_the_frames(void **state)
{
	struct section *section = large_section(2 * MIB2);
	vaddr_t first = map(section, PAGE_READWRITE), second = map(section, PAGE_READONLY);
	struct quire_memory_page page;

	(void)state;
	for (uint64_t at = 0; at < 2 * MIB2; at += 37 * PAGE_SIZE)
		ok(sim_poke(first + at, (uint8_t)(at >> 12) | 1));
	for (uint64_t at = 0; at < 2 * MIB2; at += 37 * PAGE_SIZE)
		assert_int_equal(sim_peek(second + at), (uint8_t)(at >> 12) | 1);
	assert_int_equal(sim_poke(second, 1), STATUS_ACCESS_VIOLATION);
	ok(memory_query_page(space, second + MIB2 + PAGE_SIZE, &page));
	assert_int_equal(page.is_large, 1);
	assert_int_equal(page.shares, 2);
	ok(view_unmap(space, first));
	mm_check();
	assert_int_equal(sim_peek(second + 37 * PAGE_SIZE), 37);
	ok(view_unmap(space, second));
	second = map(section, PAGE_READWRITE);
	assert_int_equal(sim_peek(second + 37 * PAGE_SIZE), 37); /* kept without a view */
	ok(view_unmap(space, second));
	object_release(section);
}

static NTSTATUS try_map_at(struct section *section, vaddr_t base, uint64_t offset, uint64_t size,
			   uint32_t type, uint32_t protection)
{
	struct map_request request = {.section = section,
				      .base = base,
				      .offset_bytes = offset,
				      .size_bytes = size,
				      .inherit = VIEW_UNMAP,
				      .allocation_type = type,
				      .protection = protection};
	NTSTATUS status = view_map(space, &request);

	if (NT_SUCCESS(status))
		ok(view_unmap(space, request.base));
	return status;
}

static void test_views_are_whole_large_pages(void **state)
{
	struct section *section = large_section(2 * MIB2), *small;
	struct vm_snapshot before = snapshot_take();

	(void)state;
#define TRY(expected, ...) assert_int_equal(try_map_at(section, __VA_ARGS__), expected)
	TRY(STATUS_SUCCESS, 16 * MIB2, MIB2, MIB2, MEM_LARGE_PAGES, PAGE_READWRITE);
	TRY(STATUS_SUCCESS, 0, MIB2, 0, MEM_TOP_DOWN, PAGE_EXECUTE_READ);
	TRY(STATUS_MAPPED_ALIGNMENT, 16 * MIB2 + 0x10000, 0, 0, 0, PAGE_READWRITE);
	TRY(STATUS_MAPPED_ALIGNMENT, 0, 0x10000, 0, 0, PAGE_READWRITE);
	TRY(STATUS_INVALID_VIEW_SIZE, 0, 0, PAGE_SIZE, 0, PAGE_READWRITE);
	TRY(STATUS_INVALID_PAGE_PROTECTION, 0, 0, 0, 0, PAGE_WRITECOPY);
	TRY(STATUS_INVALID_PAGE_PROTECTION, 0, 0, 0, 0, PAGE_READWRITE | PAGE_GUARD);
#undef TRY
	assert_as_before(&before);
	small = section_of(NULL, MIB2, PAGE_READWRITE, SEC_COMMIT);
	assert_int_equal(try_map_at(small, 0, 0, 0, MEM_LARGE_PAGES, PAGE_READWRITE),
			 STATUS_INVALID_PARAMETER_9);
	object_release(small);
	object_release(section);
}

static void test_sections_are_whole_large_pages(void **state)
{
	struct section *section;

	(void)state;
	assert_int_equal(
		try_section(NULL, 200, PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES, &section),
		STATUS_INVALID_PARAMETER_4);
	assert_int_equal(
		try_section(NULL, MIB2, PAGE_READWRITE, SEC_RESERVE | SEC_LARGE_PAGES, &section),
		STATUS_INVALID_PARAMETER_6);
	section = large_section(MIB2);
	assert_int_equal(section->attributes, SEC_COMMIT | SEC_LARGE_PAGES);
	object_release(section);
}

static void test_allocations_are_whole_large_pages(void **state)
{
	struct vm_snapshot before = snapshot_take();
	vaddr_t base;

	(void)state;
#define TRY(expected, at, ...) \
	do { \
		base = (at); \
		assert_int_equal(try_large(&base, __VA_ARGS__), expected); \
		assert_int_equal(base, at); \
	} while (0)
	TRY(STATUS_INVALID_PARAMETER_4, 0, PAGE_SIZE, LARGE_TYPE, PAGE_READWRITE);
	TRY(STATUS_INVALID_PARAMETER_2, 0x10000, MIB2, LARGE_TYPE, PAGE_READWRITE);
	TRY(STATUS_INVALID_PARAMETER_5, 0, MIB2, MEM_RESERVE | MEM_LARGE_PAGES, PAGE_READWRITE);
	TRY(STATUS_INVALID_PARAMETER_5, 8 * MIB2, MIB2, MEM_COMMIT | MEM_LARGE_PAGES,
	    PAGE_READWRITE);
	TRY(STATUS_INVALID_PAGE_PROTECTION, 0, MIB2, LARGE_TYPE, PAGE_WRITECOPY);
	TRY(STATUS_INVALID_PAGE_PROTECTION, 0, MIB2, LARGE_TYPE, PAGE_READWRITE | PAGE_GUARD);
	assert_as_before(&before);
	TRY(STATUS_SUCCESS, 8 * MIB2, MIB2, LARGE_TYPE, PAGE_READWRITE);
	before = snapshot_take();
	TRY(STATUS_CONFLICTING_ADDRESSES, 8 * MIB2, MIB2, LARGE_TYPE, PAGE_READWRITE);
	assert_as_before(&before);
	release(8 * MIB2);
#undef TRY
}

static void test_protection_changes_whole_large_pages(void **state)
{
	vaddr_t base = large(2 * MIB2);

	(void)state;
	ok(sim_poke(base, 1));
	ok(sim_poke(base + MIB2, 2));
	assert_int_equal(try_protect(base + PAGE_SIZE, 1, PAGE_READONLY, NULL),
			 STATUS_INVALID_PARAMETER_2);
	assert_int_equal(try_protect(base, 1, PAGE_READONLY, NULL), STATUS_INVALID_PARAMETER_3);
	assert_int_equal(try_protect(base, LARGE_PAGE_PAGES, PAGE_READWRITE | PAGE_GUARD, NULL),
			 STATUS_INVALID_PAGE_PROTECTION);
	assert_int_equal(try_commit(base, 1, PAGE_READONLY), STATUS_INVALID_PARAMETER_3);
	ok(sim_poke(base, 1));
	ok(try_protect(base, LARGE_PAGE_PAGES, PAGE_READONLY, NULL));
	mm_check();
	assert_int_equal(sim_poke(base, 3), STATUS_ACCESS_VIOLATION);
	assert_int_equal(sim_peek(base), 1);
	ok(sim_poke(base + MIB2, 4));
	ok(try_protect(base, LARGE_PAGE_PAGES, PAGE_NOACCESS, NULL));
	mm_check();
	assert_int_equal(sim_peek(base), -1);
	ok(try_commit(base, LARGE_PAGE_PAGES, PAGE_READWRITE));
	assert_int_equal(sim_peek(base), 1);
	ok(sim_poke(base + 77 * PAGE_SIZE, 9));
	assert_int_equal(sim_execute(base), STATUS_ACCESS_VIOLATION);
	release(base);
}

/* catches: a view that MEM_COMMIT makes more than it may be */
static void test_committing_keeps_to_the_view(void **state)
{
	struct section *section =
		section_of(NULL, MIB2, PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES);
	vaddr_t base = map(section, PAGE_READONLY);

	(void)state;
	assert_int_equal(try_commit(base, LARGE_PAGE_PAGES, PAGE_READWRITE),
			 STATUS_SECTION_PROTECTION);
	ok(try_commit(base, LARGE_PAGE_PAGES, PAGE_NOACCESS));
	assert_int_equal(sim_peek(base), -1);
	ok(try_commit(base, LARGE_PAGE_PAGES, PAGE_READONLY));
	assert_int_equal(sim_peek(base), 0);
	ok(view_unmap(space, base));
	object_release(section);
	section = section_of(NULL, MIB2, PAGE_READWRITE,
			     SEC_COMMIT | SEC_LARGE_PAGES | SEC_NO_CHANGE);
	base = map(section, PAGE_READWRITE);
	assert_int_equal(try_commit(base, LARGE_PAGE_PAGES, PAGE_READONLY),
			 STATUS_INVALID_PAGE_PROTECTION);
	ok(try_commit(base, LARGE_PAGE_PAGES, PAGE_READWRITE));
	ok(sim_poke(base, 1));
	ok(view_unmap(space, base));
	object_release(section);
}

static void test_large_memory_goes_whole(void **state)
{
	vaddr_t base = large(2 * MIB2);

	(void)state;
	assert_int_equal(try_free(base, MIB2, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE);
	assert_int_equal(try_free(base + MIB2, MIB2, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE);
	assert_int_equal(try_free(base, MIB2, MEM_DECOMMIT), STATUS_MEMORY_NOT_ALLOCATED);
	assert_int_equal(try_free(base, 0, MEM_DECOMMIT), STATUS_MEMORY_NOT_ALLOCATED);
	assert_int_equal(sim_peek(base + MIB2), 0);
	ok(try_free(base, 2 * MIB2, MEM_RELEASE));
	assert_int_equal(sim_peek(base), -1);
}

/* catches: the kernel's own copies, which pin a frame, taking the wrong one of 512 */
static void test_the_kernel_copies_across_pages(void **state)
{
	vaddr_t base = large(2 * MIB2), at = base + MIB2 - 3;
	char text[8];

	(void)state;
	ok(space_write(space, at, "abcdef", 7, NULL));
	assert_int_equal(sim_peek(base + MIB2), 'd');
	ok(space_read(space, at, text, 7, NULL));
	assert_string_equal(text, "abcdef");
	mm_check();
	release(base);
}

/* ---- the run of frames ---- */

/* Takes one frame of each run that is free as a whole. => returns: how many. */
static unsigned break_runs(pfn_t *taken)
{
	unsigned count = 0;
	pfn_t run;

	while (NT_SUCCESS(frame_run_alloc(&run))) {
		frame_run_free(run);
		for (pfn_t pfn; (pfn = frame_alloc(FRAME_ANY_CONTENT)) != PFN_NONE;) {
			if (pfn - pfn % LARGE_PAGE_PAGES == run) {
				taken[count++] = pfn;
				break;
			}
			taken[count++] = pfn;
		}
	}
	return count;
}

static pfn_t taken_frames[RAM_BYTES / PAGE_SIZE];

/* catches: a section of 4 KiB pages in disguise when memory is fragmented; a charge that stays */
static void test_fragmented_memory_is_an_error_at_the_call(void **state)
{
	unsigned taken = break_runs(taken_frames);
	struct vm_snapshot before = snapshot_take();
	struct section *section;
	vaddr_t base = 0;

	(void)state;
	assert_true(frame_count(FRAME_FREE) > 100);
	assert_int_equal(
		try_section(NULL, MIB2, PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES, &section),
		STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(try_large(&base, MIB2, LARGE_TYPE, PAGE_READWRITE),
			 STATUS_INSUFFICIENT_RESOURCES);
	assert_as_before(&before);
	while (taken)
		frame_free(taken_frames[--taken]);
	release(large(MIB2));
}

/* The second large page of a section cannot be had: the first is given back. */
static void test_a_section_is_made_whole_or_not_at_all(void **state)
{
	struct section *sections[8];
	unsigned count = 0;
	struct vm_snapshot before;

	(void)state;
	while (NT_SUCCESS(try_section(NULL, MIB2, PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES,
				      &sections[count])))
		count++;
	assert_in_range(count, 2, 7);
	object_release(sections[--count]);
	before = snapshot_take();
	assert_false(NT_SUCCESS(try_section(NULL, 2 * MIB2, PAGE_READWRITE,
					    SEC_COMMIT | SEC_LARGE_PAGES, &sections[count])));
	assert_as_before(&before);
	while (count)
		object_release(sections[--count]);
}

/* catches: cached pages that block a run; a page that is lost when its frame is taken */
static void test_standby_and_modified_pages_make_room(void **state)
{
	static uint8_t bytes[10 << 20];
	struct section *section, *sections[8];
	struct file_node *file;
	unsigned count = 0;
	uint64_t free_runs;
	vaddr_t view;

	(void)state;
	memset(bytes, 0x5A, sizeof(bytes));
	file = disk_with(bytes, sizeof(bytes), 1 << 20);
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	view = map(section, PAGE_READWRITE);
	for (uint64_t at = 0; at < sizeof(bytes); at += MIB2)
		assert_int_equal(sim_peek(view + at), 0x5A); /* the tables, close together */
	/* the others are only read: lists of the working set would stand among the pages */
	for (uint64_t at = 0; at < sizeof(bytes); at += PAGE_SIZE) {
		pfn_t pfn;

		if (at % (8 * PAGE_SIZE) == 0) {
			ok(sim_poke(view + at, 0x77));
			continue;
		}
		ok(segment_page_pin(section->segment, page_of(at), &pfn));
		segment_page_unpin(pfn, false);
	}
	ok(view_unmap(space, view));
	assert_true(frame_count(FRAME_STANDBY) > 1000 && frame_count(FRAME_MODIFIED) > 100);
	free_runs = (frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED)) / LARGE_PAGE_PAGES;
	while (NT_SUCCESS(try_section(NULL, MIB2, PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES,
				      &sections[count])))
		count++;
	mm_check();
	assert_in_range(count, free_runs + 1, 7);
	while (count)
		object_release(sections[--count]);
	view = map(section, PAGE_READONLY);
	for (uint64_t at = 0; at < sizeof(bytes); at += 8 * PAGE_SIZE)
		assert_int_equal(sim_peek(view + at), 0x77);
	ok(view_unmap(space, view));
	object_release(section);
	file_release(file);
}

/* ---- failures ---- */

static NTSTATUS attempt_section(void *context)
{
	struct section *section;
	NTSTATUS status =
		try_section(NULL, MIB2, PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES, &section);

	(void)context;
	if (NT_SUCCESS(status))
		object_release(section);
	return status;
}

static NTSTATUS attempt_memory(void *context)
{
	vaddr_t base = 0;
	NTSTATUS status = try_large(&base, 2 * MIB2, LARGE_TYPE, PAGE_READWRITE);

	(void)context;
	if (NT_SUCCESS(status))
		release(base);
	return status;
}

static void test_each_allocation_failing(void **state)
{
	(void)state;
	assert_true(fail_each_allocation(attempt_section, NULL, STATUS_INSUFFICIENT_RESOURCES));
	assert_true(fail_each_allocation(attempt_memory, NULL, STATUS_INSUFFICIENT_RESOURCES));
}

int main(int argc, char **argv)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, vm_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_view_costs_one_fault_and_no_page_table),
		TEST(test_private_memory_is_large_too),
		TEST(test_two_views_share_the_frames),
		TEST(test_views_are_whole_large_pages),
		TEST(test_sections_are_whole_large_pages),
		TEST(test_allocations_are_whole_large_pages),
		TEST(test_protection_changes_whole_large_pages),
		TEST(test_committing_keeps_to_the_view),
		TEST(test_large_memory_goes_whole),
		TEST(test_the_kernel_copies_across_pages),
		TEST(test_fragmented_memory_is_an_error_at_the_call),
		TEST(test_a_section_is_made_whole_or_not_at_all),
		TEST(test_standby_and_modified_pages_make_room),
		TEST(test_each_allocation_failing),
	};
#undef TEST

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

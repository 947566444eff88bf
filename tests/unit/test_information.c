/*
 * test_information.c - what kernel/mm tells of pages and of itself: which pages are in memory and
 * what they are, the list of them, what is mapped where, and the counters.
 */
#include "vm_fixture.h"

#include "kernel/mm/file_segment.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/protection.h"
#include "kernel/mm/trim.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define FILE_PAGES 5
#define BLOCKS 64

static uint64_t residence_of(uint64_t shares, uint32_t protection, uint64_t more)
{
	return MEMORY_WORKING_SET_VALID | shares << MEMORY_WORKING_SET_SHARES_SHIFT |
	       (uint64_t)protection << MEMORY_WORKING_SET_PROTECTION_SHIFT | more;
}

static void test_a_private_page(void **state)
{
	vaddr_t base = allocate(2, COMMITTED, PAGE_READWRITE);

	(void)state;
	assert_int_equal(memory_query_residence(space, base), 0);
	ok(sim_poke(base + 5, 1));
	assert_int_equal(memory_query_residence(space, base + 7),
			 residence_of(0, PAGE_READWRITE, 0));
	ok(try_protect(base, 1, PAGE_READONLY, NULL));
	assert_int_equal(memory_query_residence(space, base), residence_of(0, PAGE_READONLY, 0));
	ok(memory_lock(space, &(vaddr_t){base}, &(uint64_t){PAGE_SIZE}));
	assert_int_equal(memory_query_residence(space, base),
			 residence_of(0, PAGE_READONLY, MEMORY_WORKING_SET_LOCKED));
	assert_int_equal(memory_query_residence(space, base + PAGE_SIZE), 0);
	assert_int_equal(memory_query_residence(space, USER_LIMIT), 0);
	assert_int_equal(memory_query_residence(space, UINT64_MAX), 0);
	release(base);
	assert_int_equal(memory_query_residence(space, base), 0);
}

/* As many as 7 who share a page are counted. */
static void test_a_shared_page(void **state)
{
	struct section *section = section_of(NULL, PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t views[9];

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		views[i] = map(section, PAGE_READWRITE);
		assert_int_equal(memory_query_residence(space, views[i]),
				 MEMORY_WORKING_SET_SHARED);
		ok(sim_poke(views[i], 1));
		assert_int_equal(
			memory_query_residence(space, views[i]),
			residence_of(i < 7 ? i + 1 : 7, PAGE_READWRITE, MEMORY_WORKING_SET_SHARED));
	}
	for (unsigned i = 0; i < 9; i++)
		ok(view_unmap(space, views[i]));
	object_release(section);
}

/* Protections as MEMORY_WORKING_SET_BLOCK numbers them. */
static void test_the_list(void **state)
{
	static const struct {
		uint32_t protection;
		uint64_t number;
	} rows[] = {{PAGE_READONLY, 1},
		    {PAGE_EXECUTE, 2},
		    {PAGE_EXECUTE_READ, 3},
		    {PAGE_READWRITE, 4},
		    {PAGE_EXECUTE_READWRITE, 6}};
	const uint64_t pages = sizeof(rows) / sizeof(rows[0]);
	struct section *section = section_of(NULL, PAGE_SIZE, PAGE_EXECUTE_READWRITE, SEC_COMMIT);
	vaddr_t base = allocate(pages + 2, COMMITTED, PAGE_READWRITE), from = 0;
	vaddr_t shared = map(section, PAGE_EXECUTE_WRITECOPY),
		copied = map(section, PAGE_WRITECOPY);
	uint64_t blocks[BLOCKS], count;

	(void)state;
	for (unsigned i = 0; i < pages; i++) {
		ok(sim_poke(base + pages_to_bytes(i), 1));
		ok(try_protect(base + pages_to_bytes(i), 1, rows[i].protection, NULL));
	}
	assert_int_equal(sim_peek(shared), 0);
	assert_int_equal(sim_peek(copied), 0);
	count = memory_list_residents(space, &from, blocks, BLOCKS);
	assert_int_equal(count, pages + 2);
	assert_int_equal(count, space->resident_pages);
	for (unsigned i = 0; i < count; i++) {
		vaddr_t va = page_round_down(blocks[i]);
		uint64_t rest = page_offset(blocks[i]);

		if (va == shared)
			assert_int_equal(rest, 7 | 2 << 5 | 1 << 8);
		else if (va == copied)
			assert_int_equal(rest, 5 | 2 << 5 | 1 << 8);
		else
			assert_int_equal(rest, rows[page_of(va - base)].number);
	}
	from = 0;
	for (unsigned i = 0; i < count; i++) { /* one at a time: the same */
		assert_int_equal(memory_list_residents(space, &from, &blocks[BLOCKS - 1], 1), 1);
		assert_int_equal(blocks[BLOCKS - 1], blocks[i]);
	}
	assert_int_equal(memory_list_residents(space, &from, blocks, BLOCKS), 0);
	ok(view_unmap(space, shared));
	ok(view_unmap(space, copied));
	object_release(section);
	release(base);
}

static void unmap_file(vaddr_t view, struct section *section, struct file_node *file)
{
	ok(view_unmap(space, view));
	ok(file_segment_flush(section->segment));
	object_release(section);
	file_release(file);
}

static void test_what_is_mapped(void **state)
{
	static const char bytes[FILE_PAGES * 4096] = "content";
	struct file_node *file = disk_with(bytes, sizeof(bytes), 1 << 20);
	struct section *section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t view = map(section, PAGE_READWRITE), start = view, memory;
	uint64_t offset = 77, size = 0;
	char name[80] = "";
	NTSTATUS io_status = 1;

	(void)state;
	memory = allocate(1, COMMITTED, PAGE_READWRITE);
	assert_true(memory_describe(space, view + 2 * PAGE_SIZE + 5, name, sizeof(name), &offset));
	assert_string_equal(name, "\\data\\a.bin");
	assert_int_equal(offset, 2 * PAGE_SIZE + 5);
	assert_false(memory_describe(space, memory, name, sizeof(name), &offset));
	assert_false(memory_describe(space, view - 1, name, sizeof(name), &offset));

	ok(sim_poke(view + 4 * PAGE_SIZE, 'x')); /* size 0: to the view's end */
	start += PAGE_SIZE;
	ok(memory_flush(space, &start, &size, &io_status));
	assert_int_equal(io_status, STATUS_SUCCESS);
	assert_int_equal(start, view + PAGE_SIZE);
	assert_int_equal(size, 4 * PAGE_SIZE);
	release(memory);
	unmap_file(view, section, file);
}

/* Pages that are asked for ahead are there when they are touched: no read then. */
static void test_prefetch(void **state)
{
	static const char bytes[FILE_PAGES * 4096] = "content";
	struct file_node *file = disk_with(bytes, sizeof(bytes), 1 << 20);
	struct section *section = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	vaddr_t view = map(section, PAGE_READONLY);
	uint64_t transfers = sim_io_count();

	(void)state;
	memory_prefetch(space, view + 5, 2 * PAGE_SIZE);
	assert_true(sim_io_count() > transfers);
	transfers = sim_io_count();
	for (unsigned page = 0; page < 3; page++)
		assert_int_equal(sim_peek(view + pages_to_bytes(page)), page ? 0 : 'c');
	assert_int_equal(sim_io_count(), transfers);
	assert_int_equal(sim_peek(view + 3 * PAGE_SIZE), 0);
	assert_int_equal(sim_io_count(), transfers + 1);
	unmap_file(view, section, file);
}

static void test_counters_of_a_space(void **state)
{
	struct quire_fault_counts counts;
	struct space_counters counters;
	vaddr_t base = allocate(10, COMMITTED, PAGE_READWRITE);

	(void)state;
	for (unsigned page = 0; page < 4; page++)
		ok(sim_poke(base + pages_to_bytes(page), 1));
	assert_int_equal(space_trim(space, 1), 1);
	mm_space_information(space, &counts);
	mm_space_counters(space, &counters);
	assert_int_equal(counts.resident_pages, 3);
	assert_int_equal(counts.commit_pages, 10);
	assert_int_equal(counts.table_frames, space->table_frames);
	assert_int_equal(counts.by_class[QUIRE_FAULT_DEMAND_ZERO], 4);
	assert_int_equal(counters.resident_pages, 3);
	assert_int_equal(counters.peak_resident_pages, 4);
	assert_int_equal(counters.commit_pages, 10);
	assert_int_equal(counters.peak_commit_pages, 10);
	assert_int_equal(counters.virtual_bytes, space->virtual_bytes);
	assert_int_equal(counters.faults, faults_sum(counts.by_class));
	release(base);
	mm_space_counters(space, &counters);
	assert_int_equal(counters.commit_pages, 0);
	assert_int_equal(counters.peak_commit_pages, 10);
	assert_int_equal(counters.virtual_bytes, 0);
	assert_int_equal(counters.peak_virtual_bytes, pages_to_bytes(10));
}

static void test_counters_of_the_disk(void **state)
{
	static const char bytes[FILE_PAGES * 4096] = "content";
	struct file_node *file = disk_with(bytes, sizeof(bytes), 1 << 20);
	struct section *section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t view = map(section, PAGE_READWRITE), start = view;
	struct quire_paging before = {0}, after = {0};
	uint64_t size = 0;
	NTSTATUS io_status;

	(void)state;
	mm_paging_information(&before);
	for (unsigned page = 0; page < 3; page++)
		ok(sim_poke(view + pages_to_bytes(page), 1));
	ok(memory_flush(space, &start, &size, &io_status));
	mm_paging_information(&after);
	assert_int_equal(after.pages_in - before.pages_in, 3);
	assert_int_equal(after.pages_out - before.pages_out, 3);
	assert_int_equal(after.disk_pages_read - before.disk_pages_read, 3);
	assert_int_equal(after.disk_pages_written - before.disk_pages_written, 3);
	assert_int_equal(after.disk_reads - before.disk_reads, 3);
	assert_true(after.disk_writes > before.disk_writes);
	assert_int_equal(after.evicted, 0); /* of this machine, not of the one before it */
	unmap_file(view, section, file);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_private_page),
		TEST(test_a_shared_page),
		TEST(test_the_list),
		TEST(test_what_is_mapped),
		TEST(test_prefetch),
		TEST(test_counters_of_a_space),
		TEST(test_counters_of_the_disk),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("information", tests, NULL, NULL);
}

/*
 * test_memory_shortage.c - the calls of kernel/mm with every allocation, or every frame, missing in
 * turn: the documented status, nothing changed, nothing leaked.
 */
#include "vm_fixture.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static uint64_t bytes(uint64_t pages)
{
	return pages_to_bytes(pages);
}

/* Writes its number, from 1, into each page. */
static void fill(vaddr_t base, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		ok(sim_poke(base + bytes(i), (uint8_t)(i + 1)));
}

/* Pages [first, end) have what fill wrote. */
static void assert_filled(vaddr_t base, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		assert_int_equal(sim_peek(base + bytes(i)), i + 1);
}

/* The attempts undo what they did once they succeed; their context is what they work on. */
static NTSTATUS attempt_reserve(void *unused)
{
	uint64_t size = bytes(4);
	vaddr_t base = 0;
	NTSTATUS status = memory_allocate(space, &base, 0, &size, COMMITTED, PAGE_READWRITE);

	(void)unused;
	if (!NT_SUCCESS(status))
		assert_true(base == 0 && size == bytes(4));
	else
		release(base);
	return status;
}

static NTSTATUS attempt_commit(void *base)
{
	return try_commit(*(vaddr_t *)base + bytes(1), 1, PAGE_READONLY);
}

static NTSTATUS attempt_protect(void *base)
{
	return try_protect(*(vaddr_t *)base + bytes(1), 1, PAGE_READONLY, NULL);
}

static NTSTATUS attempt_decommit(void *base)
{
	return try_free(*(vaddr_t *)base + bytes(1), bytes(1), MEM_DECOMMIT);
}

static NTSTATUS attempt_cut(void *base)
{
	return try_free(*(vaddr_t *)base + bytes(1), bytes(1), MEM_RELEASE);
}

static NTSTATUS attempt_map(void *section)
{
	vaddr_t base;
	NTSTATUS status = try_map(section, PAGE_WRITECOPY, &base);

	if (NT_SUCCESS(status))
		ok(view_unmap(space, base));
	return status;
}

static NTSTATUS attempt_section(void *attributes)
{
	struct section *section;
	NTSTATUS status =
		try_section(NULL, bytes(300), PAGE_READWRITE, *(uint32_t *)attributes, &section);

	if (NT_SUCCESS(status))
		object_release(section);
	return status;
}

static NTSTATUS attempt_file_section(void *file)
{
	struct section *section;
	NTSTATUS status = try_section(file, 0, PAGE_READWRITE, SEC_COMMIT, &section);

	if (NT_SUCCESS(status))
		object_release(section);
	return status;
}

static NTSTATUS attempt_space(void *unused)
{
	struct address_space *another;
	NTSTATUS status = space_create(&another);

	(void)unused;
	if (NT_SUCCESS(status))
		space_destroy(another);
	return status;
}

static NTSTATUS attempt_stack(void *unused)
{
	vaddr_t bottom, limit, top;
	NTSTATUS status = stack_allocate(space, bytes(16), bytes(2), &bottom, &limit, &top);

	(void)unused;
	if (NT_SUCCESS(status))
		release(bottom);
	return status;
}

/* catches: what a call did before it ran out of memory and did not undo */
static void test_no_memory_for_the_calls(void **state)
{
	NTSTATUS no = STATUS_INSUFFICIENT_RESOURCES;
	vaddr_t base = allocate(3, COMMITTED, PAGE_READWRITE);
	vaddr_t reserved = allocate(3, MEM_RESERVE, PAGE_READWRITE);

	(void)state;
	fill(base, 3);
	assert_int_equal(fail_each_allocation(attempt_reserve, NULL, no), 1);
	assert_int_equal(fail_each_allocation(attempt_stack, NULL, no), 3);
	assert_int_equal(fail_each_allocation(attempt_space, NULL, no), 1);
	assert_int_equal(fail_each_allocation(attempt_commit, &reserved, no), 2);
	assert_query(reserved + bytes(1), 1, MEM_COMMIT, PAGE_READONLY);
	assert_int_equal(fail_each_allocation(attempt_protect, &base, no), 2);
	assert_query(base + bytes(1), 1, MEM_COMMIT, PAGE_READONLY);
	assert_filled(base, 0, 3);
	assert_int_equal(fail_each_allocation(attempt_decommit, &base, no), 2);
	assert_int_equal(fail_each_allocation(attempt_cut, &base, no), 3);
	assert_filled(base, 0, 1);
	assert_filled(base, 2, 3);
	release(base);
	release(base + bytes(2));
	release(reserved);
}

/* catches: a segment, its table or its charge left behind by a section that was not made */
static void test_no_memory_for_sections_and_views(void **state)
{
	uint32_t commit = SEC_COMMIT, reserve = SEC_RESERVE;
	NTSTATUS no = STATUS_INSUFFICIENT_RESOURCES;
	struct file_node *file = disk_with("text", 4, 1 << 20);
	struct section *section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);

	(void)state;
	assert_int_equal(fail_each_allocation(attempt_map, section, no), 1);
	object_release(section);
	assert_int_equal(fail_each_allocation(attempt_file_section, file, no), 2);
	assert_int_equal(fail_each_allocation(attempt_section, &commit, no), 2);
	assert_int_equal(fail_each_allocation(attempt_section, &reserve, no), 2);
	assert_int_equal(starve_of_frames(attempt_section, &commit, no), 1);
	assert_int_equal(starve_of_frames(attempt_file_section, file, no), 1);
	assert_int_equal(starve_of_frames(attempt_space, NULL, STATUS_NO_MEMORY), 1);
	file_release(file);
}

/* catches: a fault that leaves something behind, or never ends, when there is no frame */
static void test_no_frames_for_a_fault(void **state)
{
	vaddr_t base = allocate(2, COMMITTED, PAGE_READWRITE);
	static struct hoard hoard;

	(void)state;
	/* missing: the list of the working set, three tables, the page; what is made stays */
	for (unsigned made = 0; made < 5; made++) {
		hoard_begin(&hoard, 0);
		if (made)
			frame_free(hoard.frames[--hoard.count]);
		assert_int_equal(sim_poke(base, 1), STATUS_NO_MEMORY);
		mm_check();
		assert_int_equal(space->table_frames, made ? made : 1);
		assert_int_equal(space->working_set.capacity > 0, made > 0);
		hoard_end(&hoard);
	}
	ok(sim_poke(base, 1));
	release(base);
	assert_int_equal(space->table_frames, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

/* catches: memory that is waited for with a lock held, or a modified page that is not written */
static void test_a_modified_page_makes_room_to_grow(void **state)
{
	static pfn_t taken[1 << 16];
	struct file_node *file = disk_with("x", 1, 1 << 20);
	struct segment *segment;
	struct section *section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	vaddr_t view = map(section, PAGE_READWRITE);
	size_t count = 0;
	char on_disk;

	(void)state;
	ok(sim_poke(view, 'y'));
	ok(view_unmap(space, view));
	ok(file_segment_acquire(file, &segment));
	assert_int_equal(frame_count(FRAME_MODIFIED), 1);
	while ((taken[count] = frame_alloc(FRAME_ANY_CONTENT)) != PFN_NONE)
		count++;
	ok(segment_grow(segment,
			513)); /* needs a table: the only frame to have is the modified one */
	assert_int_equal(segment->levels, 2);
	while (count)
		frame_free(taken[--count]);
	assert_int_equal(frame_count(FRAME_MODIFIED), 0);
	ok(file_read(file, 0, &on_disk, 1));
	assert_int_equal(on_disk, 'y');
	mm_check();
	segment_release(segment);
	object_release(section);
	file_release(file);
}

/* catches: a page that is evicted to make room for its own copy, read again, evicted again ... */
static void test_the_last_frame_is_the_page_to_copy(void **state)
{
	static pfn_t taken[1 << 16];
	static char content[2 * 4096];
	struct file_node *file = disk_with(content, sizeof(content), 1 << 20);
	struct section *section = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	vaddr_t view = map(section, PAGE_READONLY), copy = map(section, PAGE_WRITECOPY);
	size_t count = 0;

	(void)state;
	assert_int_equal(sim_peek(view), 0);
	assert_int_equal(sim_peek(copy + bytes(1)), 0); /* the page tables of both pages */
	ok(view_unmap(space, view));
	assert_int_equal(frame_count(FRAME_STANDBY), 1);
	while (frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED))
		taken[count++] = frame_alloc(FRAME_ANY_CONTENT);
	/* the other page of the copy, which is mapped, makes room */
	ok(sim_poke(copy, 1));
	assert_int_equal(space->resident_pages, 1);
	mm_check();
	while (count)
		frame_free(taken[--count]);
	assert_int_equal(sim_peek(copy), 1);
	assert_int_equal(sim_peek(copy + bytes(1)), 0);
	ok(view_unmap(space, copy));
	object_release(section);
	file_release(file);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_memory_for_the_calls),
		TEST(test_no_memory_for_sections_and_views),
		TEST(test_no_frames_for_a_fault),
		TEST(test_a_modified_page_makes_room_to_grow),
		TEST(test_the_last_frame_is_the_page_to_copy),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

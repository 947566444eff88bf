/*
 * test_pagein.c - a page that is being read: who waits, who reads, and what is left when the read
 * fails or the view goes away meanwhile. First with the disk held, then under every schedule.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"

#define PAGES 2u
#define DISK_TIME 10000 /* 1 ms of virtual time: long enough for everybody to arrive */

static uint8_t file_bytes[PAGES * 4096];
static struct section *section;
static struct address_space *other;
static struct file_node *file;

/* A file of two pages, 0x41... and 0x42..., behind a section. */
static void world_start(void)
{
	vm_start(1 << 20); /* little, because it is started thousands of times */
	memset(file_bytes, 0x41, 4096);
	memset(file_bytes + 4096, 0x42, 4096);
	file = disk_with(file_bytes, sizeof(file_bytes), 1 << 20);
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	other = sim_space_create();
}

static void world_stop(void)
{
	if (section)
		object_release(section);
	section = NULL;
	sim_space_destroy(other);
	file_release(file);
	vm_stop();
}

static int setup(void **state)
{
	(void)state;
	world_start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_stop();
	return 0;
}

static vaddr_t map_into(struct address_space *into, uint32_t protection)
{
	struct map_request request = {
		.section = section, .inherit = VIEW_UNMAP, .protection = protection};

	SIM_CHECK(view_map(into, &request) == STATUS_SUCCESS);
	return request.base;
}

/* What one fiber is to read, and what it got. */
struct reader {
	vaddr_t va;
	NTSTATUS status;
	uint8_t byte;
};

static void read_byte(void *argument)
{
	struct reader *reader = argument;

	reader->status = sim_read(reader->va, &reader->byte, 2);
}

static pte_t word_of(page_index_t index)
{
	pte_t result;

	spin_lock(&frame_lock);
	result = pt_read(segment_word_find_locked(section->segment, index));
	spin_unlock(&frame_lock);
	return result;
}

static bool is_mapped(struct address_space *where, vaddr_t va)
{
	struct quire_memory_page page;

	SIM_CHECK(memory_query_page(where, va, &page) == STATUS_SUCCESS);
	return page.is_valid;
}

/* ---- two readers of one page ---- */

static void read_twice(struct address_space *first, struct address_space *second)
{
	struct reader a = {.va = map_into(first, PAGE_READONLY)};
	struct reader b = {.va = map_into(second, PAGE_READONLY) + 99};
	uint64_t reads = sim_io_count();

	sim_spawn("first", read_byte, &a, first);
	sim_spawn("second", read_byte, &b, second);
	sim_run_all();
	SIM_CHECK(a.status == STATUS_SUCCESS && b.status == STATUS_SUCCESS);
	SIM_CHECK(a.byte == 0x41 && b.byte == 0x41);
	SIM_CHECK(sim_io_count() - reads == 1);
	SIM_CHECK(section->segment->resident_pages == 1);
	mm_check();
	SIM_CHECK(view_unmap(first, page_round_down(a.va)) == STATUS_SUCCESS);
	SIM_CHECK(view_unmap(second, page_round_down(b.va)) == STATUS_SUCCESS);
}

/* catches: a second read of a page that is on its way; a reader that sees it half read */
static void test_two_threads_wait_for_one_read(void **state)
{
	(void)state;
	sim_set_io_delay(DISK_TIME);
	read_twice(space, space);
}

/* catches: a collided fault that looks at the space's own slot, which says nothing yet */
static void test_two_processes_wait_for_one_read(void **state)
{
	(void)state;
	sim_set_io_delay(DISK_TIME);
	read_twice(space, other);
}

/* ---- the read fails ---- */

/* catches: an unread page that is mapped, a word not restored, an error that is remembered */
static void test_an_in_page_error_leaves_nothing_behind(void **state)
{
	vaddr_t base = map_into(space, PAGE_READWRITE);
	uint64_t free_frames;

	(void)state;
	assert_int_equal(sim_peek(base + 4096), 0x42); /* has the page tables made */
	free_frames = frame_count(FRAME_FREE);
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(sim_poke(base, 1), STATUS_IN_PAGE_ERROR);
	assert_true(pte_is_none(word_of(0)));
	assert_false(is_mapped(space, base));
	assert_int_equal(frame_count(FRAME_FREE), free_frames);
	assert_int_equal(section->segment->resident_pages, 1);
	mm_check();
	ok(sim_poke(base, 1)); /* the disk works again */
	assert_int_equal(sim_peek(base + 1), 0x41);
	ok(view_unmap(space, base));
}

/* catches: a waiter that is never woken, or gets the other's error, when the read fails */
static void test_a_waiter_reads_for_itself_after_an_error(void **state)
{
	struct reader a = {.va = map_into(space, PAGE_READONLY)};
	struct reader b = {.va = map_into(other, PAGE_READONLY)};

	(void)state;
	sim_set_io_delay(DISK_TIME);
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	sim_spawn("fails", read_byte, &a, space);
	sim_spawn("waits", read_byte, &b, other);
	sim_run_all();
	assert_int_equal(a.status, STATUS_IN_PAGE_ERROR);
	assert_int_equal(b.status, STATUS_SUCCESS);
	assert_int_equal(b.byte, 0x41);
	assert_int_equal(sim_io_count(), 2);
	assert_false(is_mapped(space, a.va));
	ok(view_unmap(space, a.va));
	ok(view_unmap(other, b.va));
}

/* catches: a read of the kernel for a program that does not notice the error */
static void test_an_error_reaches_the_kernels_readers(void **state)
{
	vaddr_t buffer = allocate(1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	uint64_t done;

	(void)state;
	sim_fail_nth_io(2, STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(file_segment_read(section->segment, 4096 - 4, buffer, 8, &done),
			 STATUS_IN_PAGE_ERROR);
	assert_int_equal(done, 4);
	ok(file_segment_read(section->segment, 4096 - 4, buffer, 8, &done));
	assert_int_equal(done, 8);
	assert_int_equal(sim_peek(buffer + 3), 0x41);
	assert_int_equal(sim_peek(buffer + 4), 0x42);
	release(buffer);
}

/* ---- the view goes while the page is read ---- */

static void unmap_and_close(void *base)
{
	SIM_CHECK(view_unmap(space, *(vaddr_t *)base) == STATUS_SUCCESS);
	object_release(section);
	section = NULL;
}

/* catches: a finished read that maps its page into nothing; a segment freed under its reader */
static void test_the_view_goes_during_a_read(void **state)
{
	struct reader reader = {.va = map_into(space, PAGE_READONLY)};
	struct mm_balance balance;

	(void)state;
	sim_set_io_delay(DISK_TIME);
	sim_spawn("reader", read_byte, &reader, space);
	sim_spawn("unmapper", unmap_and_close, &reader.va, space);
	sim_run_all();
	assert_int_equal(reader.status, STATUS_ACCESS_VIOLATION);
	assert_int_equal(sim_io_count(), 1);
	mm_balance_read(&balance);
	assert_int_equal(balance.views, 0);
	assert_int_equal(balance.segments, 0);
	mm_check();
}

/* Another view of the second page at the same address, while the first page is still being read. */
static void remap(void *base)
{
	vaddr_t va = *(vaddr_t *)base;
	uint64_t size = PAGE_SIZE;

	SIM_CHECK(view_unmap(space, va) == STATUS_SUCCESS);
	SIM_CHECK(memory_allocate(space, &va, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) ==
		  STATUS_SUCCESS);
}

/* catches: a fault that goes on with the view it found before it slept */
static void test_something_else_is_mapped_during_a_read(void **state)
{
	struct reader reader = {.va = map_into(space, PAGE_READONLY), .byte = 0xFF};

	(void)state;
	sim_set_io_delay(DISK_TIME);
	sim_spawn("reader", read_byte, &reader, space);
	sim_spawn("remapper", remap, &reader.va, space);
	sim_run_all();
	assert_int_equal(reader.status, STATUS_SUCCESS);
	assert_int_equal(reader.byte, 0);
	mm_check();
	release(reader.va);
}

static void forbid(void *base)
{
	vaddr_t va = *(vaddr_t *)base;
	uint64_t size = PAGE_SIZE;
	uint32_t old;

	SIM_CHECK(memory_protect(space, &va, &size, PAGE_NOACCESS, &old) == STATUS_SUCCESS);
}

/* catches: a page that is mapped with the rights it had when the fault began */
static void test_the_page_is_protected_during_a_read(void **state)
{
	struct reader reader = {.va = map_into(space, PAGE_READONLY)};

	(void)state;
	sim_set_io_delay(DISK_TIME);
	sim_spawn("reader", read_byte, &reader, space);
	sim_spawn("protector", forbid, &reader.va, space);
	sim_run_all();
	assert_int_equal(reader.status, STATUS_ACCESS_VIOLATION);
	assert_false(is_mapped(space, reader.va));
	ok(view_unmap(space, reader.va));
}

/* ---- the same under every schedule ---- */

static void body_read_twice(void *unused)
{
	(void)unused;
	world_start();
	read_twice(space, other);
	world_stop();
}

static void body_unmap(void *unused)
{
	struct reader reader;

	(void)unused;
	world_start();
	reader = (struct reader){.va = map_into(space, PAGE_READONLY)};
	sim_spawn("reader", read_byte, &reader, space);
	sim_spawn("unmapper", unmap_and_close, &reader.va, space);
	sim_run_all();
	SIM_CHECK(reader.status == STATUS_ACCESS_VIOLATION ||
		  (reader.status == STATUS_SUCCESS && reader.byte == 0x41));
	mm_check();
	world_stop();
}

static void body_fail(void *unused)
{
	struct reader a, b;

	(void)unused;
	world_start();
	a = (struct reader){.va = map_into(space, PAGE_READONLY)};
	b = (struct reader){.va = map_into(other, PAGE_READONLY)};
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	sim_spawn("a", read_byte, &a, space);
	sim_spawn("b", read_byte, &b, other);
	sim_run_all();
	SIM_CHECK((a.status == STATUS_IN_PAGE_ERROR && b.status == STATUS_SUCCESS) ||
		  (b.status == STATUS_IN_PAGE_ERROR && a.status == STATUS_SUCCESS));
	SIM_CHECK(sim_io_count() == 2);
	mm_check();
	SIM_CHECK(view_unmap(space, a.va) == STATUS_SUCCESS);
	SIM_CHECK(view_unmap(other, b.va) == STATUS_SUCCESS);
	world_stop();
}

static void write_byte(void *va)
{
	SIM_CHECK(sim_poke(*(vaddr_t *)va, 0x55) == STATUS_SUCCESS);
}

/* Both write the same copy-on-write page; each space gets its own copy, the file none. */
static void body_copy(void *unused)
{
	vaddr_t a, b, c;

	(void)unused;
	world_start();
	a = map_into(space, PAGE_WRITECOPY);
	b = a + 1;
	c = map_into(other, PAGE_WRITECOPY);
	sim_spawn("a", write_byte, &a, space);
	sim_spawn("b", write_byte, &b, space);
	sim_run_all();
	SIM_CHECK(sim_peek(a) == 0x55 && sim_peek(b) == 0x55 && sim_peek(a + 2) == 0x41);
	sim_enter_space(other);
	SIM_CHECK(sim_peek(c) == 0x41);
	sim_enter_space(space);
	mm_check();
	SIM_CHECK(view_unmap(space, a) == STATUS_SUCCESS);
	SIM_CHECK(view_unmap(other, c) == STATUS_SUCCESS);
	world_stop();
}

/* Two preemptions of each take half a minute: only the one with the most to go wrong has them. */
static void explore(void (*body)(void *), unsigned preemptions)
{
	uint64_t runs = sim_explore(body, NULL, preemptions, 1000000);

	printf("# %llu schedules\n", (unsigned long long)runs);
	assert_in_range(runs, 50, 999999); /* there was something to choose, and all was tried */
}

/* catches: what the tests above catch, at every other moment; locks taken in the wrong order */
static void test_every_schedule_of_two_readers(void **state)
{
	(void)state;
	explore(body_read_twice, 1);
}

/* catches: a segment or a view freed between any two steps of a fault on it */
static void test_every_schedule_of_an_unmap(void **state)
{
	(void)state;
	explore(body_unmap, 2);
}

/* catches: a waiter that sleeps, or shares the frame, after its read was given up */
static void test_every_schedule_of_a_failure(void **state)
{
	(void)state;
	explore(body_fail, 1);
}

/* catches: two copies of which one is lost with what was written to it */
static void test_every_schedule_of_a_copy(void **state)
{
	(void)state;
	explore(body_copy, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_two_threads_wait_for_one_read),
		TEST(test_two_processes_wait_for_one_read),
		TEST(test_an_in_page_error_leaves_nothing_behind),
		TEST(test_a_waiter_reads_for_itself_after_an_error),
		TEST(test_an_error_reaches_the_kernels_readers),
		TEST(test_the_view_goes_during_a_read),
		TEST(test_something_else_is_mapped_during_a_read),
		TEST(test_the_page_is_protected_during_a_read),
		cmocka_unit_test(test_every_schedule_of_two_readers),
		cmocka_unit_test(test_every_schedule_of_an_unmap),
		cmocka_unit_test(test_every_schedule_of_a_failure),
		cmocka_unit_test(test_every_schedule_of_a_copy),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

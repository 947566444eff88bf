/*
 * test_writeback.c - modified pages on their way out: how many in a request, and what happens when
 * there is no slot, when the write fails and when the page is written to meanwhile.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/io/device.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/writeback.h"

#define SLOTS 64u
#define FILE_PAGES 4u
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define DISK_TIME 10000

static uint8_t file_bytes[FILE_PAGES * PAGE_SIZE];
static struct file_node *file;
static vaddr_t base;
static uint64_t cluster_before;

static void start(uint64_t slots)
{
	cluster_before = knobs.cluster;
	vm_start(VM_RAM_BYTES);
	file = disk_with(file_bytes, sizeof(file_bytes), 1 << 20);
	ok(pagefile_attach(slots));
}

static void stop(void)
{
	file_release(file);
	vm_stop();
	knobs.cluster = cluster_before;
}

/* Private pages that were written to, page i with i + 1, and are in no process's memory. */
static void make_modified(unsigned pages)
{
	base = allocate(pages, COMMITTED, PAGE_READWRITE);
	for (unsigned i = 0; i < pages; i++)
		ok(sim_poke(base + pages_to_bytes(i), (uint8_t)(i + 1)));
	assert_int_equal(space_empty(space), pages);
	assert_int_equal(frame_count(FRAME_MODIFIED), pages);
}

static void verify(unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		assert_int_equal(sim_peek(base + pages_to_bytes(i)), i + 1);
}

static void evict(unsigned pages)
{
	static struct hoard hoard;

	assert_true(frame_count(FRAME_STANDBY) >= pages);
	hoard_begin(&hoard, 0);
	for (unsigned i = 0; i < pages; i++)
		hoard.frames[hoard.count++] = frame_alloc(FRAME_ANY_CONTENT);
	hoard_end(&hoard);
}

static uint64_t slot_of(unsigned page)
{
	struct quire_memory_page seen;
	uint64_t slot = 0;

	ok(memory_query_page(space, base + pages_to_bytes(page), &seen));
	for (pfn_t pfn = 1; pfn < frame_highest(); pfn++) {
		const struct frame *frame = frame_of(pfn);

		if (frame->owner == space && frame->index == page_of(base) + page &&
		    pte_kind(frame->original) == PTE_IN_PAGEFILE)
			slot = pte_pagefile_slot(frame->original);
	}
	return slot;
}

/* ---- clusters ---- */

/* catches: a request per page; neighbours that are apart in the page file; more than the knob */
static void test_neighbours_go_in_one_request(void **state)
{
	uint64_t requests, pages;

	(void)state;
	start(SLOTS);
	knobs.cluster = 5;
	make_modified(12);
	requests = sim_io_count();
	pages = writeback_pages();
	assert_true(writeback_some());
	assert_int_equal(sim_io_count() - requests, 1);
	assert_int_equal(writeback_pages() - pages, 5);
	assert_int_equal(frame_count(FRAME_STANDBY), 5);
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(slot_of(i), slot_of(0) + i);
	assert_int_equal(slot_of(5), 0);
	while (writeback_some())
		;
	assert_int_equal(sim_io_count() - requests, 3);
	assert_int_equal(writeback_pages() - pages, 12);
	assert_int_equal(pagefile_slots_free(), SLOTS - 12);
	evict(12);
	verify(12);
	release(base);
	assert_int_equal(pagefile_slots_free(), SLOTS);
	stop();
}

/* catches: pages written as neighbours that are none */
static void test_a_gap_ends_a_request(void **state)
{
	uint64_t pages;

	(void)state;
	start(SLOTS);
	make_modified(8);
	assert_int_equal(sim_peek(base + pages_to_bytes(3)), 4); /* in use again */
	pages = writeback_pages();
	assert_true(writeback_some());
	assert_int_equal(writeback_pages() - pages, 3);
	assert_true(writeback_some());
	assert_int_equal(writeback_pages() - pages, 7);
	assert_false(writeback_some());
	evict(7);
	verify(8);
	release(base);
	stop();
}

/* ---- a page file that is full ---- */

/* catches: a page without a slot that counts as written; clean pages that stay with it */
static void test_a_full_page_file(void **state)
{
	struct section *section;
	vaddr_t view;

	(void)state;
	start(3);
	knobs.cluster = 1;
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	view = map(section, PAGE_READWRITE);
	ok(sim_poke(view, 0x77));
	assert_int_equal(sim_peek(view + PAGE_SIZE), 0);
	assert_int_equal(space_empty(space), 2);
	base = allocate(5, COMMITTED, PAGE_READWRITE);
	for (unsigned i = 0; i < 5; i++)
		ok(sim_poke(base + pages_to_bytes(i), (uint8_t)(i + 1)));
	assert_int_equal(space_empty(space), 5);
	while (writeback_some())
		;
	assert_int_equal(pagefile_slots_free(), 0);
	assert_int_equal(frame_count(FRAME_MODIFIED), 2);
	assert_int_equal(frame_count(FRAME_STANDBY), 3 + 2);
	mm_check();
	evict(5);
	verify(5);
	assert_int_equal(sim_peek(view), 0x77);
	release(base);
	assert_int_equal(pagefile_slots_free(), 3);
	ok(view_unmap(space, view));
	object_release(section);
	stop();
}

/* ---- failures ---- */

/* catches: a page lost with its failed write; its slot kept, or given back twice */
static void test_a_failed_write_is_made_again(void **state)
{
	uint64_t failures;

	(void)state;
	start(SLOTS);
	knobs.cluster = 4;
	make_modified(4);
	failures = writeback_failures();
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	assert_true(writeback_some()); /* the second attempt */
	assert_int_equal(writeback_failures() - failures, 4);
	assert_int_equal(pagefile_slots_free(), SLOTS - 4);
	mm_check();
	evict(4);
	verify(4);
	release(base);
	assert_int_equal(pagefile_slots_free(), SLOTS);
	stop();
}

/* catches: attempts without an end on a disk that takes nothing */
static void test_a_disk_that_fails_always(void **state)
{
	const struct quire_disk broken = {.bad_count = 1 << 20}, whole = {0};

	(void)state;
	start(SLOTS);
	make_modified(4);
	ok(device_configure(&broken));
	assert_false(writeback_some());
	assert_int_equal(frame_count(FRAME_MODIFIED), 4);
	assert_int_equal(pagefile_slots_free(), SLOTS);
	mm_check();
	verify(4);
	assert_int_equal(space_empty(space), 4);
	ok(device_configure(&whole));
	assert_true(writeback_some());
	evict(4);
	verify(4);
	release(base);
	stop();
}

/* catches: a file that cannot be written, and keeps all others from being written */
static void test_a_bad_file_does_not_stop_the_page_file(void **state)
{
	const struct quire_disk bad_file = {.bad_count = 1 + FILE_PAGES}, whole = {0};
	struct section *section;
	vaddr_t view;

	(void)state;
	start(SLOTS);
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	view = map(section, PAGE_READWRITE);
	ok(sim_poke(view, 0x77));
	assert_int_equal(space_empty(space), 1);
	base = allocate(4, COMMITTED, PAGE_READWRITE);
	for (unsigned i = 0; i < 4; i++)
		ok(sim_poke(base + pages_to_bytes(i), (uint8_t)(i + 1)));
	assert_int_equal(space_empty(space), 4);
	ok(device_configure(&bad_file));
	assert_true(writeback_some());
	while (writeback_some())
		;
	assert_int_equal(pagefile_slots_free(), SLOTS - 4);
	assert_int_equal(frame_count(FRAME_MODIFIED), 1);
	assert_int_equal(sim_peek(view), 0x77);
	ok(device_configure(&whole));
	ok(view_unmap(space, view));
	object_release(section);
	release(base);
	stop();
}

/* ---- written to meanwhile ---- */

static void write_back(void *unused)
{
	(void)unused;
	SIM_CHECK(writeback_some());
}

static void write_again(void *unused)
{
	(void)unused;
	SIM_CHECK(sim_poke(base, 0x99) == STATUS_SUCCESS);
	SIM_CHECK(frame_count(FRAME_WRITING) == 3);
	SIM_CHECK(space_empty(space) == 1);
	SIM_CHECK(pagefile_slots_free() == SLOTS - 4); /* nobody else may write there yet */
}

/* catches: what is written during a write and counts as on the disk; its slot kept or lost */
static void test_a_page_dirtied_during_its_write_is_written_again(void **state)
{
	uint64_t pages;

	(void)state;
	start(SLOTS);
	make_modified(4);
	pages = writeback_pages();
	sim_set_io_delay(DISK_TIME);
	sim_spawn("writer", write_back, NULL, NULL);
	sim_spawn("program", write_again, NULL, space);
	sim_run_all();
	sim_set_io_delay(0);
	assert_int_equal(writeback_pages() - pages, 4);
	assert_int_equal(pagefile_slots_free(), SLOTS - 3);
	assert_int_equal(frame_count(FRAME_MODIFIED), 1);
	mm_check();
	assert_true(writeback_some());
	assert_int_equal(writeback_pages() - pages, 5);
	assert_int_equal(pagefile_slots_free(), SLOTS - 4);
	evict(4);
	assert_int_equal(sim_peek(base), 0x99);
	ok(sim_poke(base, 1));
	verify(4);
	release(base);
	assert_int_equal(pagefile_slots_free(), SLOTS);
	stop();
}

/* catches: a page read back and left alone that is written again all the same */
static void test_a_clean_page_is_not_written_again(void **state)
{
	uint64_t pages;

	(void)state;
	start(SLOTS);
	make_modified(4);
	assert_true(writeback_some());
	evict(4);
	verify(4);
	assert_int_equal(space_empty(space), 4);
	pages = writeback_pages();
	assert_false(writeback_some());
	assert_int_equal(writeback_pages(), pages);
	assert_int_equal(pagefile_slots_free(), SLOTS - 4);
	assert_int_equal(frame_count(FRAME_STANDBY), 4);
	release(base);
	stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours_go_in_one_request),
		cmocka_unit_test(test_a_gap_ends_a_request),
		cmocka_unit_test(test_a_full_page_file),
		cmocka_unit_test(test_a_failed_write_is_made_again),
		cmocka_unit_test(test_a_disk_that_fails_always),
		cmocka_unit_test(test_a_bad_file_does_not_stop_the_page_file),
		cmocka_unit_test(test_a_page_dirtied_during_its_write_is_written_again),
		cmocka_unit_test(test_a_clean_page_is_not_written_again),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

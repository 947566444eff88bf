/*
 * test_read_ahead.c - neighbours that are read with a page: which, how many, from where, and what
 * is left of them when the request fails.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/trim.h"
#include "kernel/mm/writeback.h"

#define FILE_PAGES 20u
#define CLUSTER 4u
#define DISK_TIME 10000 /* 1 ms of virtual time: long enough for everybody to arrive */

static uint8_t file_bytes[FILE_PAGES * 4096];
static struct section *section;
static struct file_node *file;

static int setup(void **state)
{
	(void)state;
	knobs.ahead = CLUSTER;
	vm_start(VM_RAM_BYTES);
	for (unsigned i = 0; i < FILE_PAGES; i++)
		memset(file_bytes + i * 4096, (int)(i + 1), 4096);
	file = disk_with(file_bytes, sizeof(file_bytes) - 4000, 4 << 20);
	section = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	object_release(section);
	file_release(file);
	vm_stop();
	return 0;
}

static vaddr_t at(vaddr_t base, unsigned page)
{
	return base + pages_to_bytes(page);
}

/* ---- files ---- */

/* catches: one request per page; a neighbour at the wrong place, or mapped before it is touched */
static void test_neighbours_of_a_file_page(void **state)
{
	vaddr_t base = map(section, PAGE_READONLY);
	uint64_t reads = sim_io_count(), ahead = pagein_ahead(), pages = pagein_pages();

	(void)state;
	assert_int_equal(sim_peek(at(base, 2)), 3);
	assert_int_equal(sim_io_count() - reads, 1);
	assert_int_equal(pagein_ahead() - ahead, CLUSTER - 1);
	assert_int_equal(pagein_pages() - pages, CLUSTER);
	assert_int_equal(frame_count(FRAME_STANDBY), CLUSTER - 1);
	assert_int_equal(space->resident_pages, 1);
	mm_check();
	for (unsigned i = 2; i < 2 + CLUSTER; i++)
		assert_int_equal(sim_peek(at(base, i)), i + 1);
	assert_int_equal(sim_io_count() - reads, 1);
	assert_int_equal(sim_peek(at(base, 1)), 2); /* those behind it are there: alone */
	assert_int_equal(pagein_ahead() - ahead, CLUSTER - 1);
	ok(view_unmap(space, base));
}

/* catches: a read beyond the end of the file, an end of the last page that is not zero */
static void test_the_end_of_the_file(void **state)
{
	vaddr_t base = map(section, PAGE_READONLY);
	uint64_t reads = sim_io_count();

	(void)state;
	assert_int_equal(sim_peek(at(base, FILE_PAGES - 2)), FILE_PAGES - 1);
	assert_int_equal(sim_peek(at(base, FILE_PAGES - 1) + 95), FILE_PAGES);
	assert_int_equal(sim_peek(at(base, FILE_PAGES - 1) + 96), 0);
	assert_int_equal(sim_peek(at(base, FILE_PAGES - 1) + 4095), 0);
	assert_int_equal(sim_io_count() - reads, 1);
	ok(view_unmap(space, base));
}

/* catches: something evicted, or the kernel's reserve used, for a page that nobody asked for */
static void test_only_free_frames_are_taken(void **state)
{
	static struct hoard hoard;
	vaddr_t base = map(section, PAGE_READONLY);
	uint64_t reads = sim_io_count(), evictions;

	(void)state;
	assert_int_equal(sim_peek(base), 1);
	assert_int_equal(sim_peek(base + 4096), 2);
	hoard_begin(&hoard, 0);
	evictions = frame_evictions();
	assert_int_equal(sim_peek(at(base, CLUSTER)), CLUSTER + 1);
	assert_int_equal(frame_evictions() - evictions, 1); /* for the page itself */
	assert_int_equal(sim_io_count() - reads, 2);
	hoard_end(&hoard);
	assert_int_equal(sim_peek(at(base, CLUSTER + 1)), CLUSTER + 2);
	assert_int_equal(sim_io_count() - reads, 3);
	ok(view_unmap(space, base));
}

/* catches: a page that cannot be read because of its neighbour; a neighbour left half read */
static void test_a_failed_request_is_tried_for_the_page_alone(void **state)
{
	vaddr_t base = map(section, PAGE_READONLY);
	uint64_t reads = sim_io_count();

	(void)state;
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(sim_peek(base), 1);
	assert_int_equal(sim_io_count() - reads, 2);
	assert_int_equal(section->segment->resident_pages, 1);
	assert_int_equal(frame_count(FRAME_STANDBY), 0);
	mm_check();
	assert_int_equal(sim_peek(base + 4096), 2);
	ok(view_unmap(space, base));
}

/* ---- who waits ---- */

static void peek(void *argument)
{
	vaddr_t va = *(vaddr_t *)argument;
	uint8_t byte = 0;

	SIM_CHECK(sim_read(va, &byte, 1) == STATUS_SUCCESS && byte == page_of(va) % 16 + 1);
}

/* catches: somebody who waits for a neighbour and is never woken, or reads it again */
static void test_waiters_of_neighbours_are_woken(void **state)
{
	vaddr_t base = map(section, PAGE_READONLY);
	vaddr_t places[CLUSTER];
	uint64_t reads = sim_io_count();

	(void)state;
	sim_set_io_delay(DISK_TIME);
	for (unsigned i = 0; i < CLUSTER; i++) {
		places[i] = at(base, i);
		sim_spawn("reader", peek, &places[i], space);
	}
	sim_run_all();
	assert_int_equal(sim_io_count() - reads, 1);
	mm_check();
	ok(view_unmap(space, base));
	sim_set_io_delay(0);
}

static void unmap(void *argument)
{
	SIM_CHECK(view_unmap(space, *(vaddr_t *)argument) == STATUS_SUCCESS);
}

/* catches: neighbours of a view that goes while they are read */
static void test_a_view_goes_meanwhile(void **state)
{
	vaddr_t base = map(section, PAGE_READONLY);
	uint8_t byte;

	(void)state;
	sim_set_io_delay(DISK_TIME);
	sim_spawn("unmap", unmap, &base, space);
	(void)sim_read(base, &byte, 1); /* or the view has gone */
	sim_run_all();
	mm_check();
	sim_set_io_delay(0);
}

/* ---- the page file ---- */

static vaddr_t paged_out(unsigned pages)
{
	vaddr_t base = allocate(pages, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	static struct hoard hoard;

	for (unsigned i = 0; i < pages; i++)
		ok(sim_poke(at(base, i), (uint8_t)(i + 1)));
	assert_int_equal(space_empty(space), pages);
	while (writeback_some())
		;
	hoard_begin(&hoard, 0);
	for (unsigned i = 0; i < pages; i++) { /* evicts them all */
		pfn_t pfn = frame_alloc(FRAME_ANY_CONTENT);

		assert_true(pfn != PFN_NONE);
		hoard.frames[hoard.count++] = pfn;
	}
	hoard_end(&hoard);
	return base;
}

/* catches: private pages read one by one, mixed up, or owned by the wrong slot */
static void test_neighbours_in_the_page_file(void **state)
{
	uint64_t reads;
	vaddr_t base;

	(void)state;
	ok(pagefile_attach(64));
	base = paged_out(3 * CLUSTER);
	reads = sim_io_count();
	for (unsigned i = 0; i < 3 * CLUSTER; i++)
		assert_int_equal(sim_peek(at(base, i)), i + 1);
	assert_int_equal(sim_io_count() - reads, 3);
	mm_check();
	release(base);
	assert_int_equal(pagefile_slots_free(), 64);
}

/* catches: a slot lost or freed twice when neighbours go before they are touched, or unread */
static void test_neighbours_that_are_freed(void **state)
{
	vaddr_t base;

	(void)state;
	ok(pagefile_attach(64));
	base = paged_out(2 * CLUSTER);
	assert_int_equal(sim_peek(base), 1);
	release(base);
	mm_check();
	base = paged_out(2 * CLUSTER);
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(sim_peek(base), 1);
	mm_check();
	for (unsigned i = 0; i < 2 * CLUSTER; i++)
		assert_int_equal(sim_peek(at(base, i)), i + 1);
	release(base);
	assert_int_equal(pagefile_slots_free(), 64);
}

/* catches: a page that is not in the slot behind, read as if it were */
static void test_only_slots_that_follow(void **state)
{
	vaddr_t base;

	(void)state;
	ok(pagefile_attach(64));
	base = paged_out(CLUSTER);
	ok(sim_poke(at(base, 1), 77)); /* and its neighbours come in */
	assert_int_equal(space_empty(space), 1);
	while (writeback_some())
		; /* page 1 is elsewhere now */
	for (unsigned i = 0; i < CLUSTER; i++)
		assert_int_equal(sim_peek(at(base, i)), i == 1 ? 77 : i + 1);
	mm_check();
	release(base);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_neighbours_of_a_file_page),
		TEST(test_the_end_of_the_file),
		TEST(test_only_free_frames_are_taken),
		TEST(test_a_failed_request_is_tried_for_the_page_alone),
		TEST(test_waiters_of_neighbours_are_woken),
		TEST(test_a_view_goes_meanwhile),
		TEST(test_neighbours_in_the_page_file),
		TEST(test_neighbours_that_are_freed),
		TEST(test_only_slots_that_follow),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

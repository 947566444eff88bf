/*
 * test_first_use.c - what two threads want to make at the same time: a file's segment, a level of
 * its table of pages, the pages behind one that is read. All orders with two preemptions; who comes
 * second takes what is there, and what it had prepared goes back.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"

#define FILE_PAGES 4u
#define TABLE_PAGES 512u
#define RUNS_MOST 1000u
#define DISK_TIME 1000

static uint8_t file_bytes[FILE_PAGES * 4096];
static struct file_node *file;
static struct segment *segments[2];
static struct section *section;
static vaddr_t base;

static void world_start(void)
{
	vm_start(1 << 20);
	for (unsigned i = 0; i < FILE_PAGES; i++)
		memset(file_bytes + i * 4096, (int)(i + 1), 4096);
	file = disk_with(file_bytes, sizeof(file_bytes), 1 << 20);
}

static void world_stop(void)
{
	file_release(file);
	vm_stop();
}

/* ---- the segment of a file ---- */

static void acquire(void *result)
{
	SIM_CHECK(file_segment_acquire(file, result) == STATUS_SUCCESS);
}

static void two_acquire(void *unused)
{
	(void)unused;
	world_start();
	sim_spawn("first", acquire, &segments[0], NULL);
	sim_spawn("second", acquire, &segments[1], NULL);
	sim_run_all();
	SIM_CHECK(segments[0] == segments[1]);
	segment_release(segments[0]);
	segment_release(segments[1]);
	world_stop();
}

/* catches: two segments of one file; one that nobody frees */
static void test_one_segment(void **state)
{
	(void)state;
	assert_true(sim_explore(two_acquire, NULL, 2, RUNS_MOST) > 30);
}

/* ---- a level of its table ---- */

static void grow(void *pages)
{
	SIM_CHECK(segment_grow(segments[0], *(uint64_t *)pages) == STATUS_SUCCESS);
}

static void two_grow(void *unused)
{
	static uint64_t little = TABLE_PAGES + 1, more = 2 * TABLE_PAGES;

	(void)unused;
	world_start();
	acquire(&segments[0]);
	sim_spawn("little", grow, &little, NULL);
	sim_spawn("more", grow, &more, NULL);
	sim_run_all();
	SIM_CHECK(segments[0]->levels == 2 && segments[0]->page_count == more);
	segment_release(segments[0]);
	world_stop();
}

/* catches: a level too many; a segment that shrinks; a table that is lost */
static void test_one_level(void **state)
{
	(void)state;
	assert_true(sim_explore(two_grow, NULL, 2, RUNS_MOST) > 30);
}

/* ---- neighbours ---- */

static void read_page(void *page)
{
	unsigned index = *(unsigned *)page;

	SIM_CHECK(sim_peek(base + pages_to_bytes(index)) == (int)index + 1);
}

static void two_read(void *unused)
{
	static unsigned pages[] = {0, 1, 2};

	(void)unused;
	world_start();
	section = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	base = map(section, PAGE_READONLY);
	sim_set_io_delay(DISK_TIME);
	sim_spawn("page 0", read_page, &pages[0], space);
	sim_spawn("page 2", read_page, &pages[2], space);
	sim_run_all();
	sim_set_io_delay(0);
	read_page(&pages[1]);
	mm_check();
	SIM_CHECK(view_unmap(space, base) == STATUS_SUCCESS);
	object_release(section);
	world_stop();
}

/* catches: a neighbour that is read twice; a frame kept for one that another thread has read */
static void test_neighbours(void **state)
{
	(void)state;
	knobs.ahead = 3;
	assert_true(sim_explore(two_read, NULL, 2, RUNS_MOST) > 30);
	knobs.ahead = 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_segment),
		cmocka_unit_test(test_one_level),
		cmocka_unit_test(test_neighbours),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

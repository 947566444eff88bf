/*
 * test_frame_wait.c - no frame is free, and none can be taken: a thread that needs one waits for
 * those whose pages are being read, and goes on when one of them has a frame to give.
 */
#include "vm_fixture.h"

#include "kernel/core/time.h"

#define DISK_TIME 50000 /* 5 ms of virtual time */
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static struct hoard hoard;
static vaddr_t file_page, zero_page;
static NTSTATUS write_status;
static uint64_t written_at;
static int byte_read;

static void read_file(void *unused)
{
	(void)unused;
	byte_read = sim_peek(file_page);
}

static void write_memory(void *unused)
{
	(void)unused;
	write_status = sim_poke(zero_page, 1);
	written_at = time_now();
}

/* Leaves `spared` frames that programs may have. */
static void hoard_paged(unsigned spared)
{
	pfn_t pfn;

	hoard.count = 0;
	while ((pfn = frame_alloc_paged(FRAME_ANY_CONTENT)) != PFN_NONE)
		hoard.frames[hoard.count++] = pfn;
	while (spared--)
		frame_free(hoard.frames[--hoard.count]);
}

/* catches: a thread that takes the reserve, or never wakes, although frames are coming */
static void test_waits_for_a_read(void **state)
{
	static const char bytes[4096] = "f";
	struct file_node *file = disk_with(bytes, sizeof(bytes), 1 << 20);
	struct section *section = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	uint64_t started;

	(void)state;
	file_page = map(section, PAGE_READONLY);
	zero_page = allocate(2, COMMITTED, PAGE_READWRITE);
	ok(sim_poke(zero_page + PAGE_SIZE, 1)); /* makes the page table, for both views */
	ok(try_free(zero_page + PAGE_SIZE, PAGE_SIZE, MEM_DECOMMIT));
	hoard_paged(1);
	sim_set_io_delay(DISK_TIME);
	started = time_now();
	sim_spawn("read", read_file, NULL, space);
	sim_spawn("write", write_memory, NULL, space);
	sim_run_all();
	sim_set_io_delay(0);
	assert_int_equal(byte_read, 'f');
	ok(write_status);
	assert_true(written_at - started >= DISK_TIME);
	mm_check();
	hoard_end(&hoard);
	ok(view_unmap(space, file_page));
	release(zero_page);
	object_release(section);
	file_release(file);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_waits_for_a_read),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

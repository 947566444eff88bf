/*
 * test_file_change.c - cutting and growing a file that is cached and mapped (nt-semantics 8.1,
 * 8.4), and what happens when somebody reads, writes, maps or writes back meanwhile: every schedule
 * with few preemptions.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"

#define PAGES 3u

static uint8_t file_bytes[PAGES * 4096];
static struct file_node *file;
static struct segment *data;
static vaddr_t buffer;

/* A file of three pages, 0x41..., 0x42..., 0x43..., open; and a page of memory to copy through. */
static void world_start(void)
{
	vm_start(1 << 20);
	for (unsigned i = 0; i < PAGES; i++)
		memset(file_bytes + i * 4096, 0x41 + (int)i, 4096);
	file = disk_with(file_bytes, sizeof(file_bytes), 1 << 20);
	ok(file_segment_acquire(file, &data));
	buffer = allocate(1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	ok(sim_poke(buffer, 0));
}

static void world_stop(void)
{
	release(buffer);
	segment_release(data);
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

/* One byte of the file through its segment, or the status (negative). */
static int64_t byte_at(uint64_t offset)
{
	uint64_t done;
	NTSTATUS status = file_segment_read(data, offset, buffer, 1, &done);

	return NT_SUCCESS(status) ? sim_peek(buffer) : status;
}

static NTSTATUS write_byte(uint64_t offset, uint8_t value)
{
	uint64_t done;

	SIM_CHECK(NT_SUCCESS(sim_poke(buffer, value)));
	return file_segment_write(data, offset, buffer, 1, &done);
}

static void test_cut_frees_the_frames(void **state)
{
	struct ramdisk_statistics before, after;

	(void)state;
	ok(file_segment_resize(data, 10 * PAGE_SIZE));
	ramdisk_statistics_read(&before);
	for (uint64_t page = 0; page < 10; page++)
		ok(write_byte(page * PAGE_SIZE, (uint8_t)page));
	assert_int_equal(data->resident_pages, 10);
	ok(file_segment_resize(data, PAGE_SIZE + 1));
	assert_int_equal(data->resident_pages, 2);
	mm_check();
	ramdisk_statistics_read(&after);
	assert_true(after.blocks_free > before.blocks_free);
	assert_int_equal(byte_at(PAGE_SIZE), 1);
	assert_int_equal(byte_at(PAGE_SIZE + 1), STATUS_END_OF_FILE);
	ok(file_segment_resize(data, 2 * PAGE_SIZE + 1));
	assert_int_equal(byte_at(PAGE_SIZE + 1), 0);
	assert_int_equal(byte_at(2 * PAGE_SIZE), 0);
	assert_int_equal(file_segment_resize(data, 1ull << 63), STATUS_INVALID_PARAMETER);
	assert_int_equal(file_segment_resize(data, 1ull << 40), STATUS_DISK_FULL);
	assert_int_equal(file_size(file), 2 * PAGE_SIZE + 1);
}

static void test_users_refuse(void **state)
{
	struct section *section = section_of(file, 100, PAGE_READWRITE, SEC_COMMIT);
	struct file_users users = file_users_read(file);
	vaddr_t view;

	(void)state;
	assert_true(users.data && users.writer && !users.image);
	assert_int_equal(file_segment_resize(data, 200), STATUS_USER_MAPPED_FILE);
	ok(file_segment_resize(data, sizeof(file_bytes)));
	ok(file_segment_resize(data, sizeof(file_bytes) + 1));
	view = map(section, PAGE_READONLY);
	object_release(section);
	assert_true(file_users_read(file).data && file_users_read(file).writer);
	assert_int_equal(file_segment_resize(data, 200), STATUS_USER_MAPPED_FILE);
	ok(view_unmap(space, view));
	users = file_users_read(file);
	assert_true(!users.data && !users.writer);
	section = section_of(file, 100, PAGE_READONLY, SEC_COMMIT);
	assert_true(file_users_read(file).data && !file_users_read(file).writer);
	object_release(section);
	ok(file_segment_resize(data, 200));
	assert_int_equal(data->section_count, 0);
}

/* What a program stored behind the end is not what the file has when it grows. */
static void test_growth_zeroes_the_tail(void **state)
{
	struct section *section;
	vaddr_t view;

	(void)state;
	ok(file_segment_resize(data, 10));
	section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	view = map(section, PAGE_READWRITE);
	assert_int_equal(sim_peek(view + 10), 0);
	ok(sim_poke(view + 10, 'x'));
	ok(file_segment_extend(data, 20));
	assert_int_equal(sim_peek(view + 10), 0);
	assert_int_equal(byte_at(10), 0);
	ok(view_unmap(space, view));
	object_release(section);
}

/* A page of a view that the file does not have any more, cut behind the VM's back. */
static void test_page_beyond_the_end(void **state)
{
	struct section *section = section_of(file, 0, PAGE_READONLY, SEC_COMMIT);
	vaddr_t view = map(section, PAGE_READONLY);
	uint8_t byte;

	(void)state;
	ok(file_set_size(file, PAGE_SIZE));
	assert_int_equal(sim_peek(view), 0x41);
	assert_int_equal(sim_read(view + PAGE_SIZE, &byte, 1), STATUS_IN_PAGE_ERROR);
	ok(view_unmap(space, view));
	object_release(section);
}

/* catches: a view with room to grow that shows pages which the file had once, or could not get */
static void test_long_view_ends_with_the_file(void **state)
{
	struct section *section;
	struct map_request request = {.inherit = VIEW_UNMAP,
				      .protection = PAGE_READWRITE,
				      .allocation_type = MEM_RESERVE,
				      .size_bytes = 8 * PAGE_SIZE};

	(void)state;
	ok(file_segment_resize(data, PAGE_SIZE));
	assert_int_equal(file_segment_resize(data, 4ull << 20), STATUS_DISK_FULL);
	request.section = section = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	ok(view_map(space, &request));
	assert_query(request.base, 1, MEM_COMMIT, PAGE_READWRITE);
	assert_query(request.base + PAGE_SIZE, 7, MEM_RESERVE, 0);
	assert_int_equal(sim_poke(request.base + PAGE_SIZE, 1), STATUS_ACCESS_VIOLATION);
	ok(file_segment_resize(data, PAGE_SIZE + 1));
	assert_int_equal(sim_peek(request.base + PAGE_SIZE), 0);
	ok(view_unmap(space, request.base));
	object_release(section);
}

/* ---- races ---- */

static NTSTATUS cut_status;

static void cut_to_one_page(void *argument)
{
	(void)argument;
	cut_status = file_segment_resize(data, PAGE_SIZE);
}

/* Sees the old byte or the end, nothing else. */
static void read_last_page(void *argument)
{
	int64_t seen = byte_at(2 * PAGE_SIZE);

	(void)argument;
	SIM_CHECK(seen == 0x43 || seen == STATUS_END_OF_FILE);
}

static void write_last_page(void *argument)
{
	(void)argument;
	SIM_CHECK(NT_SUCCESS(write_byte(2 * PAGE_SIZE + 5, 'w')));
}

/* The page is written back while it is cut. */
static void flush(void *argument)
{
	(void)argument;
	SIM_CHECK(NT_SUCCESS(file_segment_flush(data)));
}

/* Either the section comes first and refuses the cut, or it is too large for what is left. */
static void map_last_page(void *argument)
{
	struct section *section;
	struct map_request request = {.inherit = VIEW_UNMAP, .protection = PAGE_READONLY};
	NTSTATUS status =
		try_section(file, sizeof(file_bytes), PAGE_READONLY, SEC_COMMIT, &section);

	(void)argument;
	if (status == STATUS_SECTION_TOO_BIG)
		return;
	SIM_CHECK(NT_SUCCESS(status));
	request.section = section;
	SIM_CHECK(NT_SUCCESS(view_map(space, &request)));
	object_release(section);
	SIM_CHECK(sim_peek(request.base + 2 * PAGE_SIZE) == 0x43);
	SIM_CHECK(NT_SUCCESS(view_unmap(space, request.base)));
}

/* Takes whatever blocks the cut gives back and fills them: a late transfer would show. */
static void take_blocks(void *argument)
{
	(void)argument;
	SIM_CHECK(NT_SUCCESS(file_segment_extend(data, sizeof(file_bytes))));
}

static void race(void *argument)
{
	void (*other)(void *) = argument;

	world_start();
	SIM_CHECK(NT_SUCCESS(write_byte(2 * PAGE_SIZE, 0x43)));
	sim_spawn("cut", cut_to_one_page, NULL, space);
	sim_spawn("other", other, NULL, space);
	sim_run_all();
	SIM_CHECK(cut_status == STATUS_SUCCESS || cut_status == STATUS_USER_MAPPED_FILE);
	if (other == write_last_page) {
		int64_t between = byte_at(PAGE_SIZE);

		SIM_CHECK(between == STATUS_END_OF_FILE || between == 0x42 || between == 0);
	}
	/* of what was cut nothing stays, and nothing comes back */
	if (cut_status == STATUS_SUCCESS && other != write_last_page && other != take_blocks)
		SIM_CHECK(data->resident_pages == 0 && file_size(file) == PAGE_SIZE);
	if (other == take_blocks)
		SIM_CHECK(file_size(file) == PAGE_SIZE || byte_at(2 * PAGE_SIZE) == 0 ||
			  byte_at(2 * PAGE_SIZE) == 0x43);
	mm_check();
	world_stop();
}

static void explore(void (*other)(void *))
{
	world_stop();
	assert_true(sim_explore(race, (void *)other, 2, 3000) > 50);
	world_start();
}

static void test_cut_against_read(void **state)
{
	(void)state;
	explore(read_last_page);
}

static void test_cut_against_write(void **state)
{
	(void)state;
	explore(write_last_page);
}

static void test_cut_against_write_back(void **state)
{
	(void)state;
	explore(flush);
}

static void test_cut_against_map(void **state)
{
	(void)state;
	explore(map_last_page);
}

static void test_cut_against_growth(void **state)
{
	(void)state;
	explore(take_blocks);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_cut_frees_the_frames),
		TEST(test_users_refuse),
		TEST(test_growth_zeroes_the_tail),
		TEST(test_page_beyond_the_end),
		TEST(test_long_view_ends_with_the_file),
		TEST(test_cut_against_read),
		TEST(test_cut_against_write),
		TEST(test_cut_against_write_back),
		TEST(test_cut_against_map),
		TEST(test_cut_against_growth),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("file_change", tests, NULL, NULL);
}

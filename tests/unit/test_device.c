/*
 * test_device.c - the disk as a device: order and time of requests, and those that fail.
 */
#include "kernel/io/device.h"
#include "kernel/io/pagefile.h"
#include "ramdisk_fixture.h"

#define SLOTS 64u
#define US 10u /* time units in a microsecond */
/* Each switch point takes 1 us in the simulation. */
#define SLACK (100 * US)

static uint8_t buffers[16][PAGE_SIZE];
static void *pages[16];

static void configure(struct quire_disk settings)
{
	SIM_CHECK(device_configure(&settings) == STATUS_SUCCESS);
}

static int device_setup(void **state)
{
	(void)setup(state);
	for (unsigned i = 0; i < 16; i++) {
		pages[i] = buffers[i];
		memset(buffers[i], 'a' + (int)i, PAGE_SIZE);
	}
	if (mount(SLOTS) != STATUS_SUCCESS || pagefile_attach(SLOTS) != STATUS_SUCCESS)
		return 1;
	return 0;
}

static int device_teardown(void **state)
{
	configure((struct quire_disk){0});
	return teardown(state);
}

static struct device_statistics counts(void)
{
	struct device_statistics result;

	device_statistics_read(&result);
	return result;
}

/* The first byte of a slot, past the device. */
static uint8_t *on_disk(uint64_t slot)
{
	return disk + page_round_up(archive.size) + pages_to_bytes(slot - 1);
}

/* ---- time and order ---- */

static void test_direct_path_waits_for_nobody(void **state)
{
	uint64_t switches = sim_switch_count();

	(void)state;
	assert_int_equal(pagefile_write(1, pages, 4), STATUS_SUCCESS);
	assert_int_equal(pagefile_read(2, pages, 1), STATUS_SUCCESS);
	assert_int_equal(buffers[0][0], 'b');
	assert_int_equal(sim_switch_count(), switches);
	assert_int_equal(counts().requests[DISK_WRITE], 1);
	assert_int_equal(counts().pages[DISK_WRITE], 4);
	assert_int_equal(counts().requests[DISK_READ], 1);
	assert_int_equal(counts().pages[DISK_READ], 1);
	assert_int_equal(counts().errors, 0);
}

static void test_a_request_takes_its_time(void **state)
{
	uint64_t start = time_now();

	(void)state;
	configure((struct quire_disk){.request_us = 5000, .page_us = 1000});
	assert_int_equal(pagefile_write(1, pages, 3), STATUS_SUCCESS);
	assert_in_range(time_now() - start, 8000 * US, 8000 * US + SLACK);
	/* a failed one too */
	configure((struct quire_disk){.request_us = 5000, .fail_write = 1});
	start = time_now();
	assert_int_equal(pagefile_write(1, pages, 3), STATUS_DEVICE_DATA_ERROR);
	assert_in_range(time_now() - start, 5000 * US, 5000 * US + SLACK);
}

/* Requests of several threads, and when each was done. */
static struct client {
	uint64_t slot, done_at;
	unsigned page_count, rank;
	enum disk_direction direction;
} clients[8];
static unsigned done_count;

static void client_main(void *argument)
{
	struct client *client = argument;
	void **from = &pages[2 * (client - clients)];
	NTSTATUS status = client->direction == DISK_READ
				  ? pagefile_read(client->slot, from, client->page_count)
				  : pagefile_write(client->slot, from, client->page_count);

	SIM_CHECK(status == STATUS_SUCCESS);
	client->done_at = time_now();
	client->rank = done_count++;
}

static void client_start(unsigned i, enum disk_direction direction, uint64_t slot,
			 unsigned page_count)
{
	clients[i] =
		(struct client){.slot = slot, .page_count = page_count, .direction = direction};
	sim_spawn("client", client_main, &clients[i], NULL);
}

/* catches: two in service at a time; the last to come served first */
static void test_first_come_first_served(void **state)
{
	uint64_t start = time_now(), expected = 0;

	(void)state;
	done_count = 0;
	configure((struct quire_disk){.request_us = 10000, .page_us = 1000});
	for (unsigned i = 0; i < 8; i++)
		client_start(i, DISK_WRITE, 1 + 2 * i, 1 + i % 2);
	sim_run_all();
	for (unsigned i = 0; i < 8; i++) {
		expected += (10000 + 1000 * (1 + i % 2)) * US;
		assert_int_equal(clients[i].rank, i);
		assert_in_range(clients[i].done_at - start, expected, expected + SLACK);
	}
	assert_int_equal(counts().pages[DISK_WRITE], 12);
}

/* catches: a request that overtakes one which has to do with the same page */
static void test_order_under_every_schedule(void **state)
{
	unsigned came_earlier = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		sim_schedule_random(seed);
		configure((struct quire_disk){
			.request_us = seed % 3, .page_us = seed % 2 * 20, .fail_read = 1000});
		done_count = 0;
		memset(on_disk(1), 0, 2 * PAGE_SIZE);
		memset(buffers[0], (int)seed, 2 * PAGE_SIZE);
		client_start(0, DISK_WRITE, 1, 2);
		client_start(1, DISK_READ, 1, 2);
		client_start(2, DISK_READ, 1, 2);
		client_start(3, DISK_WRITE, 9, 2);
		sim_run_all();
		for (unsigned i = 1; i <= 2; i++) {
			bool was_after = buffers[2 * i][0] == seed % 256;

			/* all of what was written, or nothing: it came earlier */
			SIM_CHECK(was_after || buffers[2 * i][0] == 0);
			SIM_CHECK(buffers[2 * i][0] == buffers[2 * i + 1][PAGE_SIZE - 1]);
			came_earlier += !was_after;
		}
		SIM_CHECK(done_count == 4);
	}
	sim_schedule_none();
	assert_true(came_earlier > 0 && came_earlier < 400);
	assert_int_equal(counts().errors, 0);
	(void)state;
}

static uint8_t seen_early;

static void look_early(void *argument)
{
	(void)argument;
	(void)thread_sleep(&seen_early, NULL, time_now() + 2000 * US, false);
	seen_early = *on_disk(1);
}

static void test_others_run_and_bytes_move_at_the_end(void **state)
{
	(void)state;
	*on_disk(1) = 'z';
	configure((struct quire_disk){.request_us = 4000});
	sim_spawn("early", look_early, NULL, NULL);
	assert_int_equal(pagefile_write(1, pages, 1), STATUS_SUCCESS);
	assert_int_equal(seen_early, 'z');
	assert_int_equal(*on_disk(1), 'a');
	sim_run_all();
}

static void set_to_nothing(void *argument)
{
	(void)argument;
	configure((struct quire_disk){0});
	client_main(&clients[1]);
}

/* A request that takes no time still waits for those that came before. */
static void test_settings_change_while_requests_wait(void **state)
{
	uint64_t start = time_now();

	(void)state;
	done_count = 0;
	configure((struct quire_disk){.request_us = 3000});
	client_start(0, DISK_WRITE, 1, 1);
	clients[1] = (struct client){.slot = 1, .page_count = 1, .direction = DISK_READ};
	sim_spawn("second", set_to_nothing, NULL, NULL);
	sim_run_all();
	assert_int_equal(clients[0].rank, 0);
	assert_int_equal(clients[1].rank, 1);
	assert_in_range(clients[1].done_at - start, 3000 * US, 3000 * US + SLACK);
	assert_int_equal(buffers[2][0], 'a');
	start = sim_switch_count();
	assert_int_equal(pagefile_read(1, pages, 1), STATUS_SUCCESS);
	assert_int_equal(sim_switch_count(), start); /* the direct path again */
}

/* ---- failures ---- */

static void test_the_nth_fails(void **state)
{
	(void)state;
	assert_int_equal(pagefile_write(1, pages, 1), STATUS_SUCCESS);
	configure((struct quire_disk){.fail_read = 2, .fail_write = 3});
	memset(on_disk(5), '5', PAGE_SIZE);
	assert_int_equal(pagefile_write(2, pages, 1), STATUS_SUCCESS);
	assert_int_equal(pagefile_read(5, &pages[7], 1), STATUS_SUCCESS);
	assert_int_equal(pagefile_write(3, pages, 1), STATUS_SUCCESS);
	assert_int_equal(pagefile_read(5, &pages[8], 1), STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(buffers[8][0], 'i'); /* nothing was moved */
	assert_int_equal(pagefile_write(5, pages, 1), STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(*on_disk(5), '5');
	/* and only that one */
	assert_int_equal(pagefile_read(5, &pages[8], 1), STATUS_SUCCESS);
	assert_int_equal(buffers[8][0], '5');
	assert_int_equal(pagefile_write(5, pages, 1), STATUS_SUCCESS);
	assert_int_equal(counts().errors, 2);
	assert_int_equal(counts().requests[DISK_READ], 3);
	assert_int_equal(counts().pages[DISK_READ], 2);
	/* set again, counting begins again */
	configure((struct quire_disk){.fail_read = 1});
	assert_int_equal(pagefile_read(5, pages, 1), STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(pagefile_read(5, pages, 1), STATUS_SUCCESS);
}

static void test_bad_blocks(void **state)
{
	static const struct {
		uint64_t slot;
		unsigned count;
		bool is_bad;
	} rows[] = {
		{8, 1, false}, {9, 1, false}, {10, 1, true}, {12, 1, true},  {13, 1, false},
		{8, 2, false}, {9, 2, true},  {12, 2, true}, {13, 2, false}, {9, 8, true},
		{4, 6, false}, {4, 7, true},  {11, 1, true},
	};
	uint64_t slot_1 = (uint64_t)(on_disk(1) - disk) / PAGE_SIZE;

	(void)state;
	configure((struct quire_disk){.bad_block = slot_1 + 9, .bad_count = 3});
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		NTSTATUS expected = rows[i].is_bad ? STATUS_DEVICE_DATA_ERROR : STATUS_SUCCESS;

		assert_int_equal(pagefile_read(rows[i].slot, pages, rows[i].count), expected);
		assert_int_equal(pagefile_write(rows[i].slot, pages, rows[i].count), expected);
	}
	/* as far as a number goes */
	configure((struct quire_disk){.bad_block = slot_1 + 9, .bad_count = UINT64_MAX});
	assert_int_equal(pagefile_read(9, pages, 1), STATUS_SUCCESS);
	assert_int_equal(pagefile_read(64, pages, 1), STATUS_DEVICE_DATA_ERROR);
	configure((struct quire_disk){.bad_block = UINT64_MAX, .bad_count = UINT64_MAX});
	assert_int_equal(pagefile_read(64, pages, 1), STATUS_SUCCESS);
	configure((struct quire_disk){.bad_block = slot_1, .bad_count = 0});
	assert_int_equal(pagefile_read(1, pages, 1), STATUS_SUCCESS);
}

static void test_short_transfers(void **state)
{
	static const struct {
		unsigned count;
		size_t moved_bytes;
	} rows[] = {{1, PAGE_SIZE / 2}, {2, PAGE_SIZE}, {3, PAGE_SIZE}, {16, 8 * PAGE_SIZE}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t bytes = rows[i].count * PAGE_SIZE, moved = rows[i].moved_bytes;

		memset(on_disk(20), 'R', bytes);
		memset(buffers, 'w', sizeof(buffers));
		configure((struct quire_disk){.end_short = 2});
		assert_int_equal(pagefile_read(1, &pages[0], 1), STATUS_SUCCESS);
		memset(buffers, 'w', sizeof(buffers));
		assert_int_equal(pagefile_read(20, pages, rows[i].count),
				 STATUS_UNEXPECTED_IO_ERROR);
		for (size_t k = 0; k < bytes; k++)
			assert_int_equal(((uint8_t *)buffers)[k], k < moved ? 'R' : 'w');
		memset(buffers, 'w', sizeof(buffers));
		configure((struct quire_disk){.end_short = 1});
		assert_int_equal(pagefile_write(20, pages, rows[i].count),
				 STATUS_UNEXPECTED_IO_ERROR);
		for (size_t k = 0; k < bytes; k++)
			assert_int_equal(on_disk(20)[k], k < moved ? 'w' : 'R');
		assert_int_equal(pagefile_write(20, pages, rows[i].count), STATUS_SUCCESS);
		assert_int_equal(on_disk(20)[bytes - 1], 'w');
	}
	assert_int_equal(counts().errors, 8);
}

static void test_settings(void **state)
{
	struct quire_disk settings = {QUIRE_DISK_MAX_US, QUIRE_DISK_MAX_US, 3, 4, 5, 6, 7}, seen;
	const struct quire_disk good = settings;

	(void)state;
	configure(settings);
	device_settings_read(&seen);
	assert_memory_equal(&seen, &good, sizeof(good));
	settings.request_us = QUIRE_DISK_MAX_US + 1;
	assert_int_equal(device_configure(&settings), STATUS_INVALID_PARAMETER);
	settings = good;
	settings.page_us = UINT64_MAX;
	assert_int_equal(device_configure(&settings), STATUS_INVALID_PARAMETER);
	device_settings_read(&seen);
	assert_memory_equal(&seen, &good, sizeof(good));
}

/* ---- several pages of a file ---- */

/* Pages of a file that is half in the archive, at any offset, against its bytes. */
static void test_file_pages(void **state)
{
	enum { BYTES = 5 * PAGE_SIZE + 100 };
	static uint8_t content[BYTES], model[BYTES];
	struct file_node *file;

	(void)device_teardown(state);
	(void)setup(state);
	for (unsigned i = 0; i < BYTES; i++)
		content[i] = model[i] = (uint8_t)(i * 7 + i / 256);
	cpio_file(&archive, "a", content, 2 * PAGE_SIZE + 300);
	assert_int_equal(mount(8), STATUS_SUCCESS);
	file = find("a");
	assert_int_equal(file_set_size(file, BYTES), STATUS_SUCCESS);
	assert_int_equal(
		file_write_pages(file, 0, BYTES,
				 (void *[]){content, content + PAGE_SIZE, content + 2 * PAGE_SIZE,
					    content + 3 * PAGE_SIZE, content + 4 * PAGE_SIZE,
					    content + 5 * PAGE_SIZE},
				 6),
		STATUS_SUCCESS);
	assert_int_equal(counts().requests[DISK_WRITE], 1);
	assert_content(file, model, BYTES);
	for (uint64_t offset = 0; offset < BYTES; offset += 1021) {
		for (unsigned count = 1; count <= 7; count++) {
			size_t wanted = count * PAGE_SIZE - (offset & 1 ? 17 : 0);
			struct device_statistics before = counts();

			memset(buffers, 'x', sizeof(buffers));
			assert_int_equal(file_read_pages(file, offset, wanted, pages, count),
					 STATUS_SUCCESS);
			assert_int_equal(counts().requests[DISK_READ],
					 before.requests[DISK_READ] + 1);
			for (size_t k = 0; k < count * PAGE_SIZE; k++)
				assert_int_equal(
					((uint8_t *)buffers)[k],
					k < wanted && offset + k < BYTES ? model[offset + k] : 0);
			assert_int_equal(buffers[count][0], 'x');
		}
	}
	assert_int_equal(file_read_pages(file, BYTES, PAGE_SIZE, pages, 1), STATUS_END_OF_FILE);
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_direct_path_waits_for_nobody),
		CASE(test_a_request_takes_its_time),
		CASE(test_first_come_first_served),
		CASE(test_order_under_every_schedule),
		CASE(test_others_run_and_bytes_move_at_the_end),
		CASE(test_settings_change_while_requests_wait),
		CASE(test_the_nth_fails),
		CASE(test_bad_blocks),
		CASE(test_short_transfers),
		CASE(test_settings),
		CASE(test_file_pages),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

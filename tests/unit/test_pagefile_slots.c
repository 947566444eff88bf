/*
 * test_pagefile_slots.c - the page file's slots: which are free, in which order they are taken, and
 * where on the disk they are.
 */
#include "kernel/io/pagefile.h"
#include "ramdisk_fixture.h"

static uint64_t rng = 1;

static uint64_t random_below(uint64_t limit)
{
	rng = rng * 6364136223846793005ull + 1442695040888963407ull;
	return (rng >> 33) % limit;
}

static void start(uint64_t slots)
{
	assert_int_equal(mount((unsigned)slots + 3), STATUS_SUCCESS);
	assert_int_equal(pagefile_attach(slots), STATUS_SUCCESS);
}

static uint64_t take_one(void)
{
	uint64_t slot = 0;

	return pagefile_take(1, &slot) ? slot : 0;
}

/* Full, empty and full again, at sizes around those of words and levels. */
static void test_sizes(void **state)
{
	static const uint64_t sizes[] = {1,    2,    63,   64,	 65,   127, 128,
					 1000, 4094, 4095, 4096, 4097, 0};

	for (size_t i = 0; sizes[i]; i++) {
		start(sizes[i]);
		assert_int_equal(pagefile_slots_total(), sizes[i]);
		assert_int_equal(statistics().blocks_free, 3);
		for (unsigned round = 0; round < 2; round++) {
			assert_int_equal(pagefile_slots_free(), sizes[i]);
			for (uint64_t slot = 1; slot <= sizes[i]; slot++) {
				assert_false(pagefile_slot_is_used(slot));
				assert_int_equal(take_one(), slot);
				assert_true(pagefile_slot_is_used(slot));
			}
			assert_int_equal(pagefile_slots_free(), 0);
			assert_int_equal(take_one(), 0);
			for (uint64_t slot = 1; slot <= sizes[i]; slot++)
				pagefile_free(slot);
		}
		assert_false(pagefile_slot_is_used(0));
		assert_false(pagefile_slot_is_used(sizes[i] + 1));
		/* the next size, on a new disk */
		ramdisk_unmount();
		assert_int_equal(pagefile_slots_total(), 0);
		(void)teardown(state);
		(void)setup(state);
	}
}

static void test_none(void **state)
{
	uint64_t slot;

	(void)state;
	assert_int_equal(mount(5), STATUS_SUCCESS);
	assert_int_equal(pagefile_attach(0), STATUS_SUCCESS);
	assert_int_equal(pagefile_slots_total(), 0);
	assert_int_equal(pagefile_slots_free(), 0);
	assert_int_equal(pagefile_take(4, &slot), 0);
	assert_false(pagefile_slot_is_used(1));
	assert_int_equal(statistics().blocks_free, 5);
}

static void test_too_large_takes_nothing(void **state)
{
	(void)state;
	assert_int_equal(mount(5), STATUS_SUCCESS);
	assert_int_equal(pagefile_attach(6), STATUS_DISK_FULL);
	assert_int_equal(pagefile_attach((uint64_t)1 << 40), STATUS_DISK_FULL);
	assert_int_equal(statistics().blocks_free, 5);
	sim_fail_nth_allocation(1);
	assert_int_equal(pagefile_attach(5), STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(statistics().blocks_free, 5);
	assert_int_equal(pagefile_attach(5), STATUS_SUCCESS);
	assert_int_equal(statistics().blocks_free, 0);
}

/* Neighbours get neighbours: the search goes on behind what was taken last. */
static void test_next_fit(void **state)
{
	uint64_t slot = 0;

	(void)state;
	start(100);
	assert_int_equal(pagefile_take(8, &slot), 8);
	assert_int_equal(slot, 1);
	assert_int_equal(pagefile_take(8, &slot), 8);
	assert_int_equal(slot, 9);
	pagefile_free(3);
	assert_int_equal(take_one(), 17);
	/* at the end there are too few; the search goes around, past the hole at 3 */
	assert_int_equal(pagefile_take(80, &slot), 80);
	assert_int_equal(slot, 18);
	for (uint64_t i = 5; i < 9; i++)
		pagefile_free(i);
	assert_int_equal(pagefile_take(4, &slot), 4);
	assert_int_equal(slot, 5);
	/* nothing is as long as wanted: the longest that was seen */
	pagefile_free(50);
	pagefile_free(51);
	assert_int_equal(pagefile_take(4, &slot), 3);
	assert_int_equal(slot, 98);
	assert_int_equal(pagefile_take(4, &slot), 2);
	assert_int_equal(slot, 50);
	assert_int_equal(pagefile_take(4, &slot), 1);
	assert_int_equal(slot, 3);
	assert_int_equal(pagefile_take(4, &slot), 0);
}

/* Random taking and giving against a map of what is in use. */
static void test_against_a_map(void **state)
{
	enum { SLOTS = 4500, STEPS = 40000 };
	static bool is_used[SLOTS + 1];
	uint64_t used = 0;

	(void)state;
	memset(is_used, 0, sizeof(is_used));
	start(SLOTS);
	for (unsigned step = 0; step < STEPS; step++) {
		uint64_t slot = 1 + random_below(SLOTS), first = 0;
		bool fills = step / 4000 % 2 == 0;
		unsigned count, wanted = 1 + (unsigned)random_below(fills ? 16 : 2);

		if (is_used[slot]) {
			pagefile_free(slot);
			is_used[slot] = false;
			used--;
		}
		count = pagefile_take(wanted, &first);
		assert_true(count <= wanted && (count > 0 || used == SLOTS));
		for (unsigned i = 0; i < count; i++) {
			assert_true(first + i >= 1 && first + i <= SLOTS && !is_used[first + i]);
			is_used[first + i] = true;
		}
		used += count;
		if (!fills && is_used[slot]) {
			pagefile_free(slot);
			is_used[slot] = false;
			used--;
		}
		assert_int_equal(pagefile_slots_free(), SLOTS - used);
	}
	for (uint64_t slot = 1; slot <= SLOTS; slot++)
		assert_int_equal(pagefile_slot_is_used(slot), is_used[slot]);
}

static void test_transfers(void **state)
{
	static uint8_t out[3][PAGE_SIZE], in[3][PAGE_SIZE];
	void *pages[] = {out[0], out[1], out[2]}, *back[] = {in[2], in[0], in[1]};
	struct ramdisk_statistics before;

	(void)state;
	start(64);
	before = statistics();
	for (unsigned i = 0; i < 3; i++)
		memset(out[i], 'a' + (int)i, PAGE_SIZE);
	assert_int_equal(pagefile_write(62, pages, 3), STATUS_SUCCESS);
	assert_int_equal(pagefile_read(62, back, 3), STATUS_SUCCESS);
	assert_memory_equal(in[2], out[0], PAGE_SIZE);
	assert_memory_equal(in[0], out[1], PAGE_SIZE);
	assert_memory_equal(in[1], out[2], PAGE_SIZE);
	/* a single one, out of the middle */
	assert_int_equal(pagefile_read(63, &pages[0], 1), STATUS_SUCCESS);
	assert_memory_equal(out[0], out[1], PAGE_SIZE);
	assert_int_equal(statistics().pages_written, before.pages_written + 3);
	assert_int_equal(statistics().pages_read, before.pages_read + 4);
	/* the page file is the end of the disk */
	assert_int_equal(disk[page_round_up(archive.size) + pages_to_bytes(3 + 64) - 1], 'c');
}

/* Files and page file do not have a block in common. */
static void test_files_keep_the_rest(void **state)
{
	static uint8_t ones[PAGE_SIZE], seen[PAGE_SIZE];
	void *page = ones;
	struct file_node *file;

	(void)state;
	memset(ones, 0xFF, sizeof(ones));
	cpio_file(&archive, "a", NULL, 0);
	start(64);
	file = find("a");
	assert_int_equal(file_set_size(file, 4 * PAGE_SIZE), STATUS_DISK_FULL);
	assert_int_equal(file_set_size(file, 3 * PAGE_SIZE), STATUS_SUCCESS);
	for (uint64_t slot = 1; slot <= 64; slot++)
		assert_int_equal(pagefile_write(slot, &page, 1), STATUS_SUCCESS);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(file_read(file, i * PAGE_SIZE, seen, PAGE_SIZE), STATUS_SUCCESS);
		for (size_t k = 0; k < PAGE_SIZE; k++)
			assert_int_equal(seen[k], 0);
	}
}

static void free_one(void *argument)
{
	pagefile_free(*(uint64_t *)argument);
}

static void test_free_slots_cannot_be_freed(void **state)
{
	uint64_t slots[] = {0, 1, 65, 66};

	(void)state;
	start(64);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		assert_non_null(sim_expect_panic(free_one, &slots[i]));
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_sizes),
		CASE(test_none),
		CASE(test_too_large_takes_nothing),
		CASE(test_next_fit),
		CASE(test_against_a_map),
		CASE(test_transfers),
		CASE(test_files_keep_the_rest),
		CASE(test_free_slots_cannot_be_freed),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

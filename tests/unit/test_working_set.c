/*
 * test_working_set.c - the list of a process's pages in memory: order, holes, entries of pages that
 * went, growth over levels and the way back.
 */
#include "vm_fixture.h"

#include "kernel/mm/page_table.h"
#include "kernel/mm/trim.h"
#include "kernel/mm/working_set.h"

#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define PER_TABLE 512u
#define PER_TWO_LEVELS (PER_TABLE * PER_TABLE)

static struct working_set *set;
static uint64_t frames_before;
static vaddr_t base;

static int setup(void **state)
{
	(void)state;
	vm_start(VM_RAM_BYTES);
	set = &space->working_set;
	frames_before = working_set_frames();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vm_stop();
	assert_int_equal(frames_before, 0);
	return 0;
}

static void touch(unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(sim_peek(base + pages_to_bytes(first + i)), 0);
}

static vaddr_t page_at(uint32_t index)
{
	return working_set_page(*working_set_entry(set, index));
}

static void make_room(void)
{
	bool has_room;

	do {
		pfn_t spare = frame_alloc(FRAME_ALL_ZERO);

		spin_lock(&frame_lock);
		has_room = working_set_make_room_locked(space, &spare);
		spin_unlock(&frame_lock);
		if (spare != PFN_NONE)
			frame_free(spare);
	} while (!has_room);
}

/*
 * Many entries without as many pages: each stands for the page at `base`, which is mapped, and has
 * its number as note.
 */
static void enter_copies(uint32_t count)
{
	uint64_t entry = *working_set_entry(set, 0) & ~WORKING_SET_NOTE_MASK;

	while (set->used < count) {
		make_room();
		(void)working_set_enter(space, base);
		*working_set_entry(set, set->used - 1) =
			entry | (set->used - 1) % WORKING_SET_NOTE_MASK;
	}
}

static void begin_copies(uint32_t count)
{
	base = allocate(1, COMMITTED, PAGE_READWRITE);
	touch(0, 1);
	enter_copies(count);
}

/* ---- order ---- */

/* catches: entries lost or out of order where a table ends */
static void test_pages_stand_in_the_order_they_came(void **state)
{
	(void)state;
	base = allocate(700, COMMITTED, PAGE_READWRITE);
	touch(0, 700);
	assert_int_equal(set->used, 700);
	assert_int_equal(set->levels, 2);
	assert_int_equal(set->capacity, 2 * PER_TABLE);
	assert_int_equal(working_set_frames(), frames_before + 3);
	for (unsigned i = 0; i < 700; i++)
		assert_int_equal(page_at(i), base + pages_to_bytes(i));
	mm_check();
	assert_int_equal(space_empty(space), 700);
	assert_int_equal(set->used, 0);
	assert_true(working_set_frames() <= frames_before + 3);
	release(base);
}

/* catches: a hole that is lost, used twice, or out of turn */
static void test_holes_are_filled_the_oldest_first(void **state)
{
	static const unsigned holes[] = {5, 1, 7, 2};

	(void)state;
	begin_copies(10);
	for (unsigned i = 0; i < 4; i++)
		working_set_remove(set, holes[i]);
	assert_int_equal(working_set_count(set), 6);
	for (unsigned i = 0; i < 4; i++) {
		make_room();
		(void)working_set_enter(space, base + pages_to_bytes(i));
		assert_int_equal(page_at(holes[i]), base + pages_to_bytes(i));
	}
	assert_int_equal(set->used, 10);
	assert_int_equal(set->hole_count, 0);
	make_room();
	(void)working_set_enter(space, base);
	assert_int_equal(set->used, 11);
	release(base);
}

/* ---- pages that went ---- */

/* catches: a list that grows with each page that comes, although as many go */
static void test_entries_of_pages_that_went_are_used_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		base = allocate(200, COMMITTED, PAGE_READWRITE);
		touch(0, 200);
		mm_check();
		release(base);
	}
	assert_true(set->used <= 2 * PER_TABLE);
	assert_int_equal(space_empty(space), 0);
	assert_int_equal(set->hole_count, set->used);
}

/* catches: a page found by an entry of an earlier mapping of it, as stamps come again */
static void test_stamps_come_again(void **state)
{
	(void)state;
	base = allocate(3, COMMITTED, PAGE_READWRITE);
	touch(0, 3);
	for (unsigned i = 0; i < 2 * PTE_STAMPS + 10; i++) {
		ok(try_protect(base, 1, PAGE_NOACCESS, NULL));
		ok(try_protect(base, 1, PAGE_READWRITE, NULL));
		touch(0, 1);
		if (i % 100 == 0)
			mm_check();
	}
	assert_int_equal(space->resident_pages, 3);
	assert_true(set->used <= 2 * PER_TABLE);
	mm_check();
	assert_int_equal(space_empty(space), 3);
	assert_int_equal(space->resident_pages, 0);
	touch(0, 3);
	release(base);
}

/* ---- levels ---- */

/* catches: a third level that finds other entries; frames that do not come back from it */
static void test_three_levels(void **state)
{
	const uint32_t count = PER_TWO_LEVELS + PER_TABLE + 1;

	(void)state;
	begin_copies(count);
	assert_int_equal(set->levels, 3);
	for (uint32_t index = 0; index < count; index += 37)
		assert_int_equal(*working_set_entry(set, index) & WORKING_SET_NOTE_MASK,
				 index % WORKING_SET_NOTE_MASK);
	for (uint32_t index = 1; index < count; index++)
		working_set_remove(set, index);
	working_set_tidy(space);
	assert_int_equal(set->used, 1);
	assert_true(working_set_frames() <= frames_before + 8);
	mm_check();
	enter_copies(3 * PER_TABLE);
	release(base);
	working_set_destroy(space);
	assert_int_equal(working_set_frames(), frames_before);
}

/* catches: an order or a hand that is not what it was */
static void test_tidying_keeps_order_and_hand(void **state)
{
	static const uint32_t kept[] = {0, 17, 100, 511, 512, 600, 899};

	(void)state;
	begin_copies(900);
	for (uint32_t index = 0; index < 900; index++) {
		bool is_kept = false;

		for (unsigned i = 0; i < 7; i++)
			is_kept |= kept[i] == index;
		if (!is_kept)
			working_set_remove(set, index);
	}
	set->hand = 400; /* the next is 511 */
	working_set_tidy(space);
	assert_int_equal(set->used, 7);
	assert_int_equal(set->hole_count, 0);
	assert_int_equal(set->hand, 3);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(*working_set_entry(set, i) & WORKING_SET_NOTE_MASK, kept[i]);
	mm_check();
	release(base);
}

/* catches: a list that is closed up for little, again and again */
static void test_half_full_lists_are_left_alone(void **state)
{
	(void)state;
	begin_copies(600);
	for (uint32_t index = 100; index < 500; index++)
		working_set_remove(set, index);
	working_set_tidy(space);
	assert_int_equal(set->used, 600);
	assert_int_equal(set->hole_count, 400);
	release(base);
}

/* One table more, if that. */
static void grow_once(void)
{
	pfn_t spare = frame_alloc(FRAME_ALL_ZERO);

	spin_lock(&frame_lock);
	(void)working_set_make_room_locked(space, &spare);
	spin_unlock(&frame_lock);
	if (spare != PFN_NONE)
		frame_free(spare);
}

/* catches: a table that is not found again, as the one below it never came */
static void test_half_built_levels_are_given_back(void **state)
{
	static const uint32_t counts[] = {PER_TABLE, 2 * PER_TABLE, PER_TWO_LEVELS};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned tables = 0; tables < 4; tables++) {
			begin_copies(counts[i]);
			for (unsigned table = 0; table < tables; table++)
				grow_once();
			release(base);
			working_set_destroy(space);
			assert_int_equal(working_set_frames(), frames_before);
			assert_int_equal(set->levels, 0);
		}
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pages_stand_in_the_order_they_came),
		TEST(test_holes_are_filled_the_oldest_first),
		TEST(test_entries_of_pages_that_went_are_used_again),
		TEST(test_stamps_come_again),
		TEST(test_three_levels),
		TEST(test_tidying_keeps_order_and_hand),
		TEST(test_half_full_lists_are_left_alone),
		TEST(test_half_built_levels_are_given_back),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

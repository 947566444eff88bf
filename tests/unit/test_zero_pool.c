/*
 * test_zero_pool.c - free frames zeroed ahead of time: how many, which, and who gets them.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/mm/zero_pool.h"

#define POOL 8u

static int setup(void **state)
{
	knobs.zeropool = POOL;
	return vm_setup(state);
}

static unsigned fill(void)
{
	unsigned done = 0;

	while (zero_pool_work())
		done++;
	return done;
}

/* catches: a pool that fills memory, one that never fills, frames marked as zero that are not */
static void test_as_many_as_the_knob_says(void **state)
{
	uint64_t free_before = frame_count(FRAME_FREE), pages = zero_pool_pages();

	(void)state;
	assert_int_equal(fill(), POOL);
	assert_int_equal(frame_count(FRAME_ZEROED), POOL);
	assert_int_equal(frame_count(FRAME_FREE), free_before - POOL);
	assert_int_equal(zero_pool_pages() - pages, POOL);
	mm_check(); /* looks into them */
	assert_false(zero_pool_work());
}

static void test_none(void **state)
{
	(void)state;
	knobs.zeropool = 0;
	assert_false(zero_pool_work());
	assert_int_equal(frame_count(FRAME_ZEROED), 0);
}

/* catches: a first touch that passes the pool by, a page read into a zeroed frame for no reason */
static void test_zeros_come_from_the_pool(void **state)
{
	vaddr_t base = allocate(2, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	uint64_t found, zeroed;
	pfn_t pfn;

	(void)state;
	ok(sim_poke(base, 1)); /* the tables are there now */
	fill();
	found = frame_zeroed_found();
	ok(sim_poke(base + PAGE_SIZE, 1));
	assert_int_equal(frame_zeroed_found() - found, 1);
	assert_int_equal(frame_count(FRAME_ZEROED), POOL - 1);
	zeroed = frame_count(FRAME_ZEROED);
	pfn = frame_alloc(FRAME_ANY_CONTENT);
	assert_int_equal(frame_count(FRAME_ZEROED), zeroed);
	frame_free(pfn);
	release(base);
}

/* catches: the kernel's last free frames held by an idle thread when somebody needs one */
static void test_the_last_free_frames_are_left_alone(void **state)
{
	pfn_t taken[VM_RAM_BYTES / PAGE_SIZE], pfn;
	unsigned count = 0;

	(void)state;
	while ((pfn = frame_alloc_paged(FRAME_ANY_CONTENT)) != PFN_NONE)
		taken[count++] = pfn;
	assert_true(frame_count(FRAME_FREE) > 0);
	assert_false(zero_pool_work());
	while (count)
		frame_free(taken[--count]);
}

/* catches: a frame that is being zeroed counted as somebody's, so that a balance is off by one */
static void test_being_zeroed_is_nobodys_use(void **state)
{
	struct mm_balance before, after;
	uint64_t paged = frame_count_paged();
	struct frame *frame;

	(void)state;
	mm_balance_read(&before);
	spin_lock(&frame_lock);
	frame = frame_begin_zero_locked();
	spin_unlock(&frame_lock);
	assert_non_null(frame);
	mm_balance_read(&after);
	assert_int_equal(after.frames_in_use, before.frames_in_use);
	assert_int_equal(frame_count_paged(), paged);
	frame_check_poison(frame);
	page_zero(frame_memory(frame_number(frame)));
	spin_lock(&frame_lock);
	frame_end_zero_locked(frame);
	spin_unlock(&frame_lock);
}

/* catches: a free frame that somebody still writes to, zeroed over and so never noticed */
static void write_to_a_free_frame(void *unused)
{
	static struct hoard hoard;
	struct frame *frame;

	(void)unused;
	hoard_begin(&hoard, 0);
	hoard_end(&hoard); /* they are poisoned now */
	spin_lock(&frame_lock);
	frame = frame_first_locked(LIST_FREE);
	spin_unlock(&frame_lock);
	*(uint64_t *)frame_memory(frame_number(frame)) = 1;
	fill();
}

static void test_poison_is_checked(void **state)
{
	(void)state;
	sim_start(1 << 20, 0);
	assert_non_null(sim_expect_panic(write_to_a_free_frame, NULL));
	sim_stop();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_as_many_as_the_knob_says),
		TEST(test_none),
		TEST(test_zeros_come_from_the_pool),
		TEST(test_the_last_free_frames_are_left_alone),
		TEST(test_being_zeroed_is_nobodys_use),
		cmocka_unit_test(test_poison_is_checked),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

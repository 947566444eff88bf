/*
 * test_sim_checks.c - mistakes that the simulated locks, threads, pool and log must catch, and the
 * pool and the log themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/log.h"
#include "kernel/core/pool.h"
#include "kernel/mm/frame.h"
#include "tests/sim/sim.h"

static struct spinlock spin = SPINLOCK_INIT("spin", RANK_FRAME);
static struct mutex outer, inner;
static int channel; /* its address is slept on */

static void start(void)
{
	sim_core_start(0);
	spin = (struct spinlock)SPINLOCK_INIT("spin", RANK_FRAME);
	mutex_init(&outer, "outer", RANK_ADDRESS_SPACE);
	mutex_init(&inner, "inner", RANK_SEGMENT);
}

static int setup(void **state)
{
	(void)state;
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_core_stop();
	return 0;
}

/* ---- what must be caught ---- */

static void spin_twice(void *argument)
{
	(void)argument;
	spin_lock(&spin);
	spin_lock(&spin);
}

static void spin_unlock_free(void *argument)
{
	(void)argument;
	spin_unlock(&spin);
}

static void mutex_twice(void *argument)
{
	(void)argument;
	mutex_lock(&outer);
	mutex_lock(&outer);
}

static void mutex_unlock_foreign(void *argument)
{
	(void)argument;
	mutex_lock(&outer);
	sim_spawn("other", (void (*)(void *))mutex_unlock, &outer, NULL);
	sim_run_all();
}

static void mutex_unlock_by_other(void *argument)
{
	(void)argument;
	mutex_lock(&outer);
	sim_spawn("other", (void (*)(void *))mutex_unlock, &outer, NULL);
	thread_yield();
}

static void wrong_order(void *argument)
{
	(void)argument;
	mutex_lock(&inner);
	mutex_lock(&outer);
}

static void same_rank(void *argument)
{
	struct mutex other;

	(void)argument;
	mutex_init(&other, "other", RANK_SEGMENT);
	mutex_lock(&inner);
	mutex_lock(&other);
}

static void mutex_under_spinlock(void *argument)
{
	(void)argument;
	spin_lock(&spin);
	mutex_lock(&outer);
}

static void sleep_with_mutex(void *argument)
{
	(void)argument;
	mutex_lock(&outer);
	(void)thread_sleep(&channel, NULL, TIME_FOREVER, false);
}

static void assert_none_with_mutex(void *argument)
{
	(void)argument;
	mutex_lock(&inner);
	lock_assert_none_held();
}

static void allocate_under_spinlock(void *argument)
{
	(void)argument;
	spin_lock(&spin);
	(void)!pool_alloc(16);
}

static void log_under_spinlock(void *argument)
{
	(void)argument;
	spin_lock(&spin);
	log_line("no");
}

static void end_with_lock(void *argument)
{
	(void)argument;
	sim_spawn("forgetful", (void (*)(void *))mutex_lock, &outer, NULL);
	sim_run_all();
}

static void sleep_for_ever(void *argument)
{
	(void)thread_sleep(argument, NULL, TIME_FOREVER, false);
}

static void deadlock(void *argument)
{
	(void)argument;
	sim_spawn("one", sleep_for_ever, &channel, NULL);
	sim_spawn("two", sleep_for_ever, &channel, NULL);
	sim_run_all();
}

static void free_with_wrong_size(void *argument)
{
	(void)argument;
	pool_free(pool_alloc(24), 32);
}

static void free_inside(void *argument)
{
	uint8_t *block = pool_alloc(24);

	(void)argument;
	pool_free(block + 8, 16);
}

static void test_mistakes_panic(void **state)
{
	static const struct {
		void (*mistake)(void *);
		const char *message;
	} cases[] = {
		{spin_twice, "taken twice"},
		{spin_unlock_free, "not held"},
		{mutex_twice, "taken twice"},
		{mutex_unlock_foreign, "outer is held"},
		{mutex_unlock_by_other, "does not hold"},
		{wrong_order, "lock order: outer"},
		{same_rank, "lock order: other"},
		{mutex_under_spinlock, "under a spinlock"},
		{sleep_with_mutex, "sleeps with 1 locks"},
		{assert_none_with_mutex, "inner is held"},
		{allocate_under_spinlock, "under a spinlock"},
		{log_under_spinlock, "under a spinlock"},
		{end_with_lock, "outer is held"},
		{deadlock, "deadlock"},
		{free_with_wrong_size, "with size 32 of a block of 24"},
		{free_inside, "not a block"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *message;

		start();
		message = sim_expect_panic(cases[i].mistake, NULL);
		assert_non_null(message);
		if (!strstr(message, cases[i].message))
			fail_msg("case %zu: \"%s\"", i, message);
		sim_core_stop();
	}
}

static void leak(void *argument)
{
	(void)argument;
	(void)!pool_alloc(40);
	sim_core_stop();
}

static void test_leak_is_found(void **state)
{
	const char *message;

	(void)state;
	sim_core_start(0);
	message = sim_expect_panic(leak, NULL);
	assert_non_null(strstr(message, "leaked"));
	sim_core_stop();
}

/* ---- pool and log ---- */

static void write_to_a_free_frame(void *argument)
{
	pfn_t pfn = frame_alloc(FRAME_ANY_CONTENT);

	(void)argument;
	frame_free(pfn);
	((uint8_t *)phys_to_virt(pfn_address(pfn)))[100] = 1;
	sim_check_leaks();
}

/* catches: a store through a translation that should have gone, and that nobody notices */
static void test_use_of_a_free_frame_is_found(void **state)
{
	const char *message;

	(void)state;
	sim_start(1 << 20, 0);
	message = sim_expect_panic(write_to_a_free_frame, NULL);
	assert_non_null(message);
	assert_non_null(strstr(message, "was written to while it was free"));
	sim_stop();
}

static void test_pool(void **state)
{
	struct pool_statistics statistics;
	uint8_t *small = pool_alloc(3), *page = pool_alloc(4096);

	(void)state;
	assert_non_null(small);
	assert_int_equal(small[0] | small[1] | small[2], 0);
	assert_int_equal((uintptr_t)small % 16, 0);
	assert_int_equal((uintptr_t)page % 4096, 0);
	assert_null(pool_alloc(4097));
	pool_statistics_read(&statistics);
	assert_int_equal(statistics.blocks_used, 2);
	assert_int_equal(statistics.bytes_used, 4099);
	pool_check();
	pool_free(small, 3);
	pool_free(page, 4096);
	pool_free(NULL, 77);
	pool_statistics_read(&statistics);
	assert_int_equal(statistics.bytes_used, 0);
}

static void test_nth_allocation_fails_once(void **state)
{
	void *first, *third;

	(void)state;
	sim_fail_nth_allocation(2);
	first = pool_alloc(16);
	assert_non_null(first);
	assert_null(pool_alloc(16));
	third = pool_alloc(16);
	assert_non_null(third);
	assert_int_equal(sim_allocation_count(), 3);
	pool_free(first, 16);
	pool_free(third, 16);
}

static void test_log_keeps_the_end(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++)
		log_line("line %d of a long log", i);
	assert_non_null(strstr(sim_log_text(), "line 4999 of a long log\n"));
	assert_null(strstr(sim_log_text(), "line 7 of a long log\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes_panic),
		cmocka_unit_test(test_leak_is_found),
		cmocka_unit_test(test_use_of_a_free_frame_is_found),
		TEST(test_pool),
		TEST(test_nth_allocation_fails_once),
		TEST(test_log_keeps_the_end),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

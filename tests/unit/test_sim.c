/*
 * test_sim.c - the simulated core itself: threads, schedules, sleeping and time, and that a search
 * of schedules finds a race.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/sim.h"

static struct spinlock spin = SPINLOCK_INIT("spin", RANK_FRAME);
static struct mutex outer;
static char trace[256];

static void note(char c)
{
	size_t length = strlen(trace);

	SIM_CHECK(length + 1 < sizeof(trace));
	trace[length] = c;
	trace[length + 1] = '\0';
}

static void reset(void)
{
	spin = (struct spinlock)SPINLOCK_INIT("spin", RANK_FRAME);
	mutex_init(&outer, "outer", RANK_ADDRESS_SPACE);
	trace[0] = '\0';
}

static int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	reset();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_core_stop();
	return 0;
}

/* ---- threads and schedules ---- */

static void note_three_times(void *argument)
{
	for (int i = 0; i < 3; i++) {
		note(*(const char *)argument);
		sim_switch_point("between");
	}
}

static void test_threads_run_to_their_end_by_default(void **state)
{
	(void)state;
	sim_spawn("a", note_three_times, "a", NULL);
	sim_spawn("b", note_three_times, "b", NULL);
	assert_string_equal(trace, "");
	sim_run_all();
	assert_string_equal(trace, "aaabbb");
	assert_int_equal(sim_thread_count(), 0);
}

static void yield_three_times(void *argument)
{
	for (int i = 0; i < 3; i++) {
		note(*(const char *)argument);
		thread_yield();
	}
}

static void test_yield_takes_turns(void **state)
{
	(void)state;
	sim_spawn("a", yield_three_times, "a", NULL);
	sim_spawn("b", yield_three_times, "b", NULL);
	sim_run_all();
	assert_string_equal(trace, "ababab");
}

static void run_two(void)
{
	trace[0] = '\0';
	sim_spawn("a", note_three_times, "a", NULL);
	sim_spawn("b", note_three_times, "b", NULL);
	sim_run_all();
}

static void test_same_seed_same_schedule(void **state)
{
	char first[sizeof(trace)];
	unsigned different = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		sim_schedule_random(seed);
		run_two();
		memcpy(first, trace, sizeof(first));
		sim_schedule_random(seed);
		run_two();
		assert_string_equal(trace, first);
		different += strcmp(trace, "aaabbb") != 0;
	}
	assert_true(different > 10);
}

static void test_replay_follows_the_list(void **state)
{
	/*
	 * Starting a and b: stay, stay. The test sleeps: the first ready one (a); after its note:
	 * take b; stay; a.
	 */
	static const uint8_t list[] = {0, 0, 0, 1, 0, 1};

	(void)state;
	sim_schedule_replay(list, sizeof(list));
	run_two();
	assert_string_equal(trace, "abbaab");
}

struct exploration {
	char seen[64][8];
	unsigned seen_count;
};

static void explore_two(void *argument)
{
	struct exploration *exploration = argument;

	run_two();
	for (unsigned i = 0; i < exploration->seen_count; i++) {
		if (strcmp(exploration->seen[i], trace) == 0)
			return;
	}
	SIM_CHECK(strlen(trace) == 6);
	memcpy(exploration->seen[exploration->seen_count++], trace, 7);
}

static void test_exploration_finds_every_order(void **state)
{
	struct exploration all = {0}, none = {0};

	(void)state;
	/*
	 * Without preemption: whoever is taken first runs to its end. With enough of it: 6! / (3!
	 * 3!) orders.
	 */
	sim_explore(explore_two, &none, 0, 1000000);
	assert_int_equal(none.seen_count, 2);
	sim_explore(explore_two, &all, 6, 1000000);
	assert_int_equal(all.seen_count, 20);
}

/* ---- a race, found and replayed ---- */

static int shared;

static void increment_unlocked(void *argument)
{
	int value = shared;

	(void)argument;
	sim_switch_point("between load and store");
	shared = value + 1;
}

static void increment_locked(void *argument)
{
	int value;

	(void)argument;
	mutex_lock(&outer);
	value = shared;
	sim_switch_point("between load and store");
	shared = value + 1;
	mutex_unlock(&outer);
}

static int lost_updates;

static void race(void *argument)
{
	shared = 0;
	sim_spawn("1", (void (*)(void *))argument, NULL, NULL);
	sim_spawn("2", (void (*)(void *))argument, NULL, NULL);
	sim_run_all();
	lost_updates += shared != 2;
}

static void test_exploration_finds_a_lost_update(void **state)
{
	(void)state;
	lost_updates = 0;
	sim_explore(race, (void *)increment_unlocked, 1, 10000);
	assert_true(lost_updates > 0);
	lost_updates = 0;
	assert_true(sim_explore(race, (void *)increment_locked, 2, 100000) > 10);
	assert_int_equal(lost_updates, 0);
}

/* ---- sleeping and waking ---- */

static bool is_ready;

static void wait_until_ready(void *argument)
{
	(void)argument;
	spin_lock(&spin);
	while (!is_ready) {
		note('s');
		assert_int_equal(thread_sleep(&is_ready, &spin, TIME_FOREVER, false),
				 STATUS_SUCCESS);
	}
	note('w');
	spin_unlock(&spin);
}

static void make_ready(void *argument)
{
	(void)argument;
	spin_lock(&spin);
	is_ready = true;
	note('r');
	thread_wake(&is_ready);
	spin_unlock(&spin);
}

static void wait_and_wake(void *argument)
{
	(void)argument;
	is_ready = false;
	trace[0] = '\0';
	sim_spawn("waiter", wait_until_ready, NULL, NULL);
	sim_spawn("waiter", wait_until_ready, NULL, NULL);
	sim_spawn("waker", make_ready, NULL, NULL);
	sim_run_all();
	SIM_CHECK(strchr(trace, 'w') && strlen(strchr(trace, 'w')) >= 2);
}

static void test_no_wake_up_is_lost(void **state)
{
	(void)state;
	wait_and_wake(NULL);
	assert_string_equal(trace, "ssrww");
	assert_true(sim_explore(wait_and_wake, NULL, 2, 20000) > 100);
}

static void sleep_until(void *argument)
{
	uint64_t deadline = time_now() + *(const uint64_t *)argument;

	assert_int_equal(thread_sleep(&deadline, NULL, deadline, false), STATUS_TIMEOUT);
	assert_true(time_now() >= deadline);
	note(*(const uint64_t *)argument > 1000 ? 'L' : 'S');
}

static void test_time_passes_when_all_sleep(void **state)
{
	uint64_t shortly = 500, long_time = 36000000000ull; /* an hour */
	uint64_t before = time_now();

	(void)state;
	sim_spawn("long", sleep_until, &long_time, NULL);
	sim_spawn("short", sleep_until, &shortly, NULL);
	sim_run_all();
	assert_string_equal(trace, "SL");
	assert_true(time_now() - before >= long_time);
}

static void sleep_interruptibly(void *argument)
{
	assert_int_equal(thread_sleep(argument, NULL, TIME_FOREVER, true),
			 STATUS_THREAD_IS_TERMINATING);
	note('t');
}

static void test_termination_ends_an_interruptible_sleep(void **state)
{
	struct thread *thread;

	(void)state;
	thread = sim_spawn("sleeper", sleep_interruptibly, &shared, NULL);
	thread_yield();
	assert_int_equal(thread->state, THREAD_SLEEPING);
	thread_request_termination(thread, STATUS_CONTROL_C_EXIT);
	thread_request_termination(thread, STATUS_UNSUCCESSFUL);
	assert_int_equal(thread->exit_status, STATUS_CONTROL_C_EXIT);
	sim_run_all();
	assert_string_equal(trace, "t");
}

static uint8_t stack_of_a_kernel_thread[64];

static void finish_with_locks(void *argument)
{
	mutex_lock(&outer);
	mutex_unlock(&outer);
	*(bool *)argument = true;
}

static bool finished;

static void exit_with_finish(void *argument)
{
	(void)argument;
	thread_exit(finish_with_locks, &finished);
}

static void test_finish_runs_on_another_stack(void **state)
{
	static struct thread thread;

	(void)state;
	finished = false;
	thread_init(&thread, "kernel", THREAD_PRIORITY_NORMAL, stack_of_a_kernel_thread,
		    sizeof(stack_of_a_kernel_thread), exit_with_finish, NULL);
	thread_start(&thread);
	while (!finished)
		thread_yield();
	assert_int_equal(thread.state, THREAD_DEAD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_threads_run_to_their_end_by_default),
		TEST(test_yield_takes_turns),
		TEST(test_same_seed_same_schedule),
		TEST(test_replay_follows_the_list),
		TEST(test_exploration_finds_every_order),
		TEST(test_exploration_finds_a_lost_update),
		TEST(test_no_wake_up_is_lost),
		TEST(test_time_passes_when_all_sleep),
		TEST(test_termination_ends_an_interruptible_sleep),
		TEST(test_finish_runs_on_another_stack),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

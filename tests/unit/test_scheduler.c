/*
 * test_scheduler.c - priorities, round robin, preemption, exit, time.
 */
#include "core_machine.h"

#define NORMAL THREAD_PRIORITY_NORMAL

/* What happened, in order: each thread writes its letter. */
static char trace[256];

static void trace_add(char letter)
{
	size_t length = strlen(trace);

	CHECK(length + 1 < sizeof(trace));
	trace[length] = letter;
	trace[length + 1] = '\0';
}

static struct thread *endless; /* a thread that never ends, to be freed */

static int setup(void **state)
{
	(void)state;
	machine_start();
	machine_live_threads = 0;
	trace[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_stop();
	free(endless);
	endless = NULL;
	return 0;
}

/* ---- who runs ---- */

static void writes_letter(void *argument)
{
	trace_add(*(const char *)argument);
	machine_exit();
}

static void test_higher_priority_runs_at_once(void **state)
{
	(void)state;
	trace_add('<');
	machine_spawn("a", NORMAL + 1, writes_letter, "a");
	trace_add('|');
	machine_spawn("b", NORMAL, writes_letter, "b");
	machine_spawn("c", NORMAL - 1, writes_letter, "c");
	machine_spawn("d", NORMAL + 9, writes_letter, "d");
	trace_add('>');
	machine_run_all();
	assert_string_equal(trace, "<a|d>bc");
}

static void yields_twice(void *argument)
{
	for (int i = 0; i < 3; i++) {
		trace_add(*(const char *)argument);
		thread_yield();
	}
	machine_exit();
}

static void test_yield(void **state)
{
	(void)state;
	machine_spawn("a", NORMAL - 1, yields_twice, "a");
	machine_spawn("b", NORMAL - 1, yields_twice, "b");
	machine_spawn("c", NORMAL - 2, writes_letter, "c");
	thread_yield(); /* nobody of our priority: returns */
	assert_string_equal(trace, "");
	machine_run_all();
	assert_string_equal(trace, "abababc");
}

/* Works for six ticks of the clock. */
static void works(void *argument)
{
	for (int i = 0; i < 6; i++) {
		trace_add(*(const char *)argument);
		machine_tick();
	}
	machine_exit();
}

static void test_round_robin(void **state)
{
	(void)state;
	machine_spawn("a", NORMAL - 1, works, "a");
	machine_spawn("b", NORMAL - 1, works, "b");
	machine_spawn("c", NORMAL - 1, works, "c");
	machine_run_all();
	assert_int_equal(THREAD_QUANTUM_TICKS, 2);
	/* A thread that is alone goes on: the last letters. */
	assert_string_equal(trace, "aabbccaabbccaabbcc");
}

static void test_alone_keeps_running(void **state)
{
	(void)state;
	machine_spawn("a", NORMAL - 1, works, "a");
	machine_spawn("z", NORMAL - 2, works, "z");
	machine_run_all();
	assert_string_equal(trace, "aaaaaazzzzzz");
}

/* A preempted thread is the next of its priority, with the rest of its quantum. */
static int bell;

static void waits_for_bell(void *argument)
{
	thread_sleep(&bell, NULL, TIME_FOREVER, false);
	trace_add(*(const char *)argument);
	machine_exit();
}

static void works_and_rings(void *argument)
{
	trace_add(*(const char *)argument);
	machine_tick(); /* half the quantum is used */
	thread_wake(&bell);
	trace_add(*(const char *)argument);
	machine_tick();
	trace_add(*(const char *)argument);
	machine_exit();
}

static void test_preempted_thread_keeps_its_place(void **state)
{
	(void)state;
	machine_spawn("h", NORMAL + 1, waits_for_bell, "h");
	machine_spawn("a", NORMAL - 1, works_and_rings, "a");
	machine_spawn("b", NORMAL - 1, writes_letter, "b");
	machine_run_all();
	/* a, the bell lets h run, a again for the rest of its quantum, b, a */
	assert_string_equal(trace, "ahaba");
}

static void test_wake_under_spinlock_preempts_at_unlock(void **state)
{
	struct spinlock outer = SPINLOCK_INIT("outer", RANK_FRAME),
			inner = SPINLOCK_INIT("inner", RANK_POOL);

	(void)state;
	machine_spawn("h", NORMAL + 1, waits_for_bell, "h");
	spin_lock(&outer);
	spin_lock(&inner);
	thread_wake(&bell);
	trace_add('1');
	spin_unlock(&inner);
	trace_add('2');
	spin_unlock(&outer);
	trace_add('3');
	assert_string_equal(trace, "12h3");
	machine_run_all();
}

static void test_wake_with_interrupts_off_preempts_later(void **state)
{
	irq_state_t saved;

	(void)state;
	machine_spawn("h", NORMAL + 1, waits_for_bell, "h");
	saved = arch_irq_save();
	thread_wake(&bell);
	trace_add('1');
	arch_irq_restore(saved);
	machine_tick();
	trace_add('2');
	assert_string_equal(trace, "1h2");
	machine_run_all();
}

static void test_set_priority(void **state)
{
	struct thread *a, *b;

	(void)state;
	a = machine_spawn("a", NORMAL - 1, writes_letter, "a");
	b = machine_spawn("b", NORMAL - 2, writes_letter, "b");
	thread_set_priority(a, NORMAL - 3);
	assert_string_equal(trace, "");
	thread_set_priority(b, NORMAL + 1); /* runs now */
	assert_string_equal(trace, "b");
	thread_set_priority(thread_current(), NORMAL - 5); /* a is better now */
	assert_string_equal(trace, "ba");
	thread_check();
	machine_run_all();
}

static void idles(void *argument)
{
	(void)argument;
	thread_idle_loop();
}

static void test_idle_loop(void **state)
{
	(void)state;
	endless = machine_spawn("endless", NORMAL + 1, idles, NULL);
	machine_live_threads--;
	machine_spawn("a", NORMAL - 1, works, "a");
	machine_run_all();
	assert_string_equal(trace, "aaaaaa");
	assert_int_equal(endless->priority, THREAD_PRIORITY_IDLE);
}

static void test_run_ticks(void **state)
{
	const struct thread *thread;
	uint64_t sum = 0;

	(void)state;
	machine_spawn("a", NORMAL - 1, works, "a");
	machine_run_all();
	TAILQ_FOREACH (thread, &thread_list, all)
		sum += thread->run_ticks;
	/*
	 * All time is somebody's: a's six ticks and the idle thread's; the boot thread has just
	 * come back.
	 */
	assert_int_equal(sum + 6 * MACHINE_TICK, machine.clock);
	assert_true(idle_thread.run_ticks > 0);
}

/* ---- exit ---- */

static void finish_traces(void *argument)
{
	struct thread *thread = argument;

	CHECK(thread_current() == &reaper_thread && arch_irq_enabled());
	lock_assert_none_held();
	/* It may sleep. */
	thread_sleep(&bell, NULL, time_now() + MACHINE_TICK, false);
	trace_add('f');
	spawned_finish(thread);
}

static void exits(void *argument)
{
	(void)argument;
	trace_add('x');
	thread_exit(finish_traces, thread_current());
}

static void exits_without_finish(void *argument)
{
	(void)argument;
	machine_live_threads--;
	thread_exit(NULL, NULL);
}

static void test_exit(void **state)
{
	struct thread *plain;

	(void)state;
	machine_spawn("x", NORMAL + 1, exits, NULL);
	machine_spawn("y", NORMAL + 1, exits, NULL);
	plain = machine_spawn("z", NORMAL + 1, exits_without_finish, NULL);
	assert_int_equal(plain->state, THREAD_DEAD);
	machine_run_all();
	assert_string_equal(trace, "xxff");
	free(plain);
}

/* ---- time ---- */

static void test_time(void **state)
{
	static const uint64_t frequencies[] = {
		1, 3, 1000, 1193182, 999999999, 1000000000, 2994373000ull, 1800000000000ull};

	uint64_t before;

	(void)state;
	for (size_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
		for (unsigned shift = 0; shift < 64; shift++) {
			uint64_t ticks = UINT64_MAX >> shift, hz = frequencies[i];
			unsigned __int128 exact =
				(unsigned __int128)ticks * TIME_UNITS_PER_SECOND / hz;

			if (exact <= UINT64_MAX)
				assert_int_equal(time_from_ticks(ticks, hz), (uint64_t)exact);
		}
	}
	assert_int_equal(time_now(), machine.clock);
	machine_tick();
	assert_int_equal(time_now(), machine.clock);
	/*
	 * The clock is measured, and turns out to be faster: time goes on from where it was,
	 * slower.
	 */
	before = time_now();
	machine.clock_hz = 4 * MACHINE_CLOCK_HZ;
	assert_int_equal(time_now(), before);
	machine.clock += 400;
	assert_int_equal(time_now(), before + 100);
	/* and back: the first count at which it is that time */
	for (uint64_t time = before + 101; time < before + 40000000; time += 999983) {
		uint64_t ticks = time_to_ticks(time), now = machine.clock;

		machine.clock = ticks - 1;
		assert_int_equal(time_now(), time - 1);
		machine.clock = ticks;
		assert_int_equal(time_now(), time);
		machine.clock = now;
	}
	assert_int_equal(time_to_ticks(TIME_FOREVER), UINT64_MAX);
	/* 2023-11-14 22:13:20 in NT's time */
	assert_int_equal(time_system(), 133444736000000000ull + time_now());
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_higher_priority_runs_at_once),
		TEST(test_yield),
		TEST(test_round_robin),
		TEST(test_alone_keeps_running),
		TEST(test_preempted_thread_keeps_its_place),
		TEST(test_wake_under_spinlock_preempts_at_unlock),
		TEST(test_wake_with_interrupts_off_preempts_later),
		TEST(test_set_priority),
		TEST(test_idle_loop),
		TEST(test_run_ticks),
		TEST(test_exit),
		TEST(test_time),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_wait.c - sleep and wake, time-outs, termination requests; then all of it with interrupts at
 * every point.
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
	return 0;
}

/* ---- sleep and wake ---- */

static int bell;

static void waits_for_bell(void *argument)
{
	thread_sleep(&bell, NULL, TIME_FOREVER, false);
	trace_add(*(const char *)argument);
	machine_exit();
}

static struct spinlock gate_lock = SPINLOCK_INIT("gate", RANK_OBJECT);
static bool gate_open;
static int other_gate;

static void waits_at_gate(void *argument)
{
	spin_lock(&gate_lock);
	while (!gate_open)
		CHECK(thread_sleep(&gate_open, &gate_lock, TIME_FOREVER, false) == STATUS_SUCCESS);
	CHECK(spin_is_held(&gate_lock) && !arch_irq_enabled());
	spin_unlock(&gate_lock);
	CHECK(arch_irq_enabled());
	trace_add(*(const char *)argument);
	machine_exit();
}

static void test_wake_wakes_all_sleepers_of_the_address(void **state)
{
	(void)state;
	gate_open = false;
	machine_spawn("a", NORMAL + 1, waits_at_gate, "a");
	machine_spawn("b", NORMAL + 1, waits_at_gate, "b");
	machine_spawn("c", NORMAL + 2, waits_at_gate, "c");
	machine_spawn("h", NORMAL + 1, waits_for_bell, "h");
	thread_wake(&other_gate);
	thread_wake(&gate_open); /* the condition is not true: they sleep again */
	thread_check();
	assert_string_equal(trace, "");
	spin_lock(&gate_lock);
	gate_open = true;
	thread_wake(&gate_open);
	spin_unlock(&gate_lock);
	assert_string_equal(trace, "cab");
	thread_wake(&bell);
	machine_run_all();
	assert_string_equal(trace, "cabh");
}

/* More addresses than buckets, so some share one: a wake-up still reaches its own sleepers only. */
#define ADDRESSES (3 * BUCKETS)

static struct sleeping_place {
	unsigned woken;
	char pad[72];
} places[ADDRESSES];

static void sleeps_at_place(void *argument)
{
	struct sleeping_place *place = argument;

	thread_sleep(place, NULL, TIME_FOREVER, false);
	place->woken++;
	machine_exit();
}

static void test_wake_reaches_its_address_only(void **state)
{
	(void)state;
	memset(places, 0, sizeof(places));
	for (unsigned i = 0; i < ADDRESSES; i++)
		machine_spawn("sleeper", NORMAL + 1, sleeps_at_place, &places[i]);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		unsigned awake = 0;

		assert_ptr_equal(wait_first_sleeper(&places[i])->wait_address, &places[i]);
		thread_wake(&places[i]);
		assert_int_equal(places[i].woken, 1);
		for (unsigned j = 0; j < ADDRESSES; j++)
			awake += places[j].woken;
		assert_int_equal(awake, i + 1);
	}
	machine_run_all();
}

/* ---- time-outs ---- */

struct sleeper {
	const char *letter;
	uint64_t delay;
	NTSTATUS expected;
};

static void sleeps_until(void *argument)
{
	const struct sleeper *sleeper = argument;
	uint64_t deadline = time_now() + sleeper->delay;

	CHECK(thread_sleep(&bell, NULL, deadline, true) == sleeper->expected);
	if (sleeper->expected == STATUS_TIMEOUT)
		CHECK(time_now() == deadline); /* the CPU was idle: to the unit */
	else
		CHECK(time_now() < deadline);
	trace_add(*sleeper->letter);
	machine_exit();
}

static void test_timeouts_in_order(void **state)
{
	static const struct sleeper sleepers[] = {
		{"c", 5 * MACHINE_TICK, STATUS_TIMEOUT},
		{"a", MACHINE_TICK / 2, STATUS_TIMEOUT},
		{"d", 5 * MACHINE_TICK, STATUS_TIMEOUT},
		{"b", 3 * MACHINE_TICK - 1, STATUS_TIMEOUT},
		{"e", 5 * MACHINE_TICK + 1, STATUS_TIMEOUT},
	};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		machine_spawn("sleeper", NORMAL + 1, sleeps_until, (void *)(uintptr_t)&sleepers[i]);
	thread_check();
	machine_run_all();
	assert_string_equal(trace, "abcde");
}

static void test_wake_before_timeout(void **state)
{
	static const struct sleeper early = {"e", 9 * MACHINE_TICK, STATUS_SUCCESS};

	(void)state;
	machine_spawn("early", NORMAL + 1, sleeps_until, (void *)(uintptr_t)&early);
	thread_sleep(&other_gate, NULL, time_now() + 2 * MACHINE_TICK, false);
	thread_wake(&bell);
	assert_string_equal(trace, "e");
	/* Its timer is gone with it: nothing happens when the time comes. */
	thread_sleep(&other_gate, NULL, time_now() + 20 * MACHINE_TICK, false);
	machine_run_all();
}

/* A wake-up takes the first alarm's reason away; those behind it come all the same. */
static void test_alarm_after_a_wake_up(void **state)
{
	static const struct sleeper woken = {"w", 300, STATUS_SUCCESS};
	static const struct sleeper later = {"l", 450, STATUS_TIMEOUT};

	(void)state;
	machine_spawn("later", NORMAL + 1, sleeps_until, (void *)(uintptr_t)&later);
	machine_spawn("woken", NORMAL + 1, sleeps_until, (void *)(uintptr_t)&woken);
	spin_lock(&scheduler_lock);
	wait_end(TAILQ_FIRST(&timers), STATUS_SUCCESS);
	spin_unlock(&scheduler_lock);
	assert_string_equal(trace, "w");
	machine_run_all();
	assert_string_equal(trace, "wl");
	assert_int_equal(machine.deadline, UINT64_MAX);
}

static void test_time_that_has_passed(void **state)
{
	uint64_t start = machine.clock;

	(void)state;
	spin_lock(&gate_lock);
	assert_int_equal(thread_sleep(&bell, &gate_lock, time_now(), false), STATUS_TIMEOUT);
	assert_int_equal(thread_sleep(&bell, &gate_lock, 0, true), STATUS_TIMEOUT);
	assert_true(spin_is_held(&gate_lock));
	spin_unlock(&gate_lock);
	assert_int_equal(machine.clock, start);
}

/* ---- termination ---- */

static void sleeps_interruptibly(void *argument)
{
	bool interruptible = *(const char *)argument == 'i';
	NTSTATUS status = thread_sleep(&bell, NULL, TIME_FOREVER, interruptible);

	CHECK(status == (interruptible ? STATUS_THREAD_IS_TERMINATING : STATUS_SUCCESS));
	trace_add(*(const char *)argument);
	CHECK(atomic_load(&thread_current()->terminate));
	CHECK(thread_current()->exit_status == 7);
	/* It does not fall asleep again, with or without a deadline. */
	CHECK(thread_sleep(&bell, NULL, TIME_FOREVER, true) == STATUS_THREAD_IS_TERMINATING);
	CHECK(thread_sleep(&bell, NULL, 0, true) == STATUS_THREAD_IS_TERMINATING);
	machine_exit();
}

static void test_termination(void **state)
{
	struct thread *deaf, *interruptible;

	(void)state;
	deaf = machine_spawn("deaf", NORMAL + 1, sleeps_interruptibly, "d");
	interruptible = machine_spawn("interruptible", NORMAL + 1, sleeps_interruptibly, "i");
	thread_request_termination(deaf, 7);
	thread_request_termination(deaf, 8);
	assert_string_equal(trace, "");
	assert_int_equal(deaf->exit_status, 7);
	thread_request_termination(interruptible, 7);
	assert_string_equal(trace, "i");
	thread_wake(&bell);
	assert_string_equal(trace, "id");
	machine_run_all();
}

/* ---- the window between test and sleep, with interrupts everywhere ---- */

#define ITEMS 400

static struct {
	struct spinlock lock;
	unsigned queued, produced, consumed;
} store;

/* Fills the store, at most three items deep. */
static void produces(void *argument)
{
	(void)argument;
	for (;;) {
		spin_lock(&store.lock);
		while (store.queued == 3)
			thread_sleep(&store.produced, &store.lock, TIME_FOREVER, true);
		if (store.produced == ITEMS)
			break;
		store.produced++;
		store.queued++;
		thread_wake(&store.consumed);
		spin_unlock(&store.lock);
	}
	spin_unlock(&store.lock);
	machine_exit();
}

static void consumes(void *argument)
{
	(void)argument;
	for (;;) {
		spin_lock(&store.lock);
		while (store.queued == 0 && store.consumed < ITEMS)
			thread_sleep(&store.consumed, &store.lock, TIME_FOREVER, false);
		if (store.consumed == ITEMS)
			break;
		store.queued--;
		if (++store.consumed == ITEMS)
			thread_wake(&store.consumed);
		thread_wake(&store.produced);
		spin_unlock(&store.lock);
	}
	spin_unlock(&store.lock);
	machine_exit();
}

/* A lost wake-up would leave everybody asleep, which the idle thread notices. */
static void test_no_wake_up_is_lost(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		store.queued = store.produced = store.consumed = 0;
		store.lock = (struct spinlock)SPINLOCK_INIT("store", RANK_OBJECT);
		machine_interrupts_random(seed, 2 + seed % 7);
		for (unsigned i = 0; i < 4; i++) {
			machine_spawn("producer", (uint8_t)(NORMAL - 1 + machine_random(3)),
				      produces, NULL);
			machine_spawn("consumer", (uint8_t)(NORMAL - 1 + machine_random(3)),
				      consumes, NULL);
		}
		machine_run_all();
		assert_int_equal(store.consumed, ITEMS);
		assert_int_equal(store.queued, 0);
	}
}

/* Threads that do everything at random, looked at by thread_check all the time. */
static void lives_randomly(void *argument)
{
	struct spinlock *lock = argument;

	for (unsigned i = 0; i < 60; i++) {
		const void *address = (char *)&store + machine_random(3);
		bool with_lock = machine_random(2);

		thread_check();
		switch (machine_random(5)) {
		case 0:
			thread_yield();
			break;
		case 1:
			thread_set_priority(thread_current(), (uint8_t)(1 + machine_random(12)));
			break;
		case 2:
			thread_wake(address);
			break;
		default:
			if (with_lock)
				spin_lock(lock);
			thread_sleep(address, with_lock ? lock : NULL,
				     time_now() + machine_random(4 * MACHINE_TICK),
				     machine_random(2));
			if (with_lock)
				spin_unlock(lock);
			break;
		}
	}
	machine_exit();
}

static void test_random_life(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct spinlock lock = SPINLOCK_INIT("random", RANK_OBJECT);

		machine_interrupts_random(seed, 3 + seed % 5);
		for (unsigned i = 0; i < 10; i++)
			machine_spawn("random", (uint8_t)(1 + machine_random(12)), lives_randomly,
				      &lock);
		machine_run_all();
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_wake_wakes_all_sleepers_of_the_address),
		TEST(test_wake_reaches_its_address_only),
		TEST(test_timeouts_in_order),
		TEST(test_wake_before_timeout),
		TEST(test_alarm_after_a_wake_up),
		TEST(test_time_that_has_passed),
		TEST(test_termination),
		TEST(test_no_wake_up_is_lost),
		TEST(test_random_life),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

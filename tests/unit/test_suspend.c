/*
 * test_suspend.c - threads that are stopped, let go, given calls and ended by others at the same
 * time, under random schedules: nothing runs that is stopped, and nothing keeps a thread from its
 * end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/syscall/syscall.h"
#include "process_world.h"

#define SEEDS 25
#define ROUNDS 6

static unsigned steps;	  /* of the program's only thread */
static unsigned controls; /* how many control() are under way */

/* ---- user code ---- */

static void code_spin(const struct user_entry *entry)
{
	(void)entry;
	for (;;) {
		steps++;
		world_back_to_user(STATUS_SUCCESS);
	}
}

/* Sleeps, alertably, for ever; each call that is queued ends one sleep. */
static void code_sleep(const struct user_entry *entry)
{
	const vaddr_t interval_at = entry->stack_pointer - 0x100;
	const uint64_t arguments[] = {1, interval_at};
	const int64_t for_ever = INT64_MIN;

	for (;;) {
		sim_write(interval_at, &for_ever, sizeof(for_ever));
		steps++;
		world_back_to_user(NtDelayExecution(arguments));
	}
}

/* ---- helpers ---- */

static void start(void (*code)(const struct user_entry *entry), struct process **process,
		  struct user_thread **thread)
{
	uint32_t count;

	steps = 0;
	host_user_code = code;
	SIM_CHECK(world_program(process, thread) == STATUS_SUCCESS);
	user_thread_resume(*thread, &count);
	SIM_CHECK(count == 1);
}

static void wait_for_end(struct process *process, struct user_thread *thread)
{
	SIM_CHECK(waitable_wait(&process->header, NULL) == STATUS_SUCCESS);
	object_release(thread);
	object_release(process);
}

static void some_time(uint64_t amount)
{
	const int64_t moment = -(int64_t)(amount % 7) * 1000;

	SIM_CHECK(timeout_sleep(&moment) == STATUS_SUCCESS);
}

/* Stops and lets go, with balance unless the thread ends. */
static void control(void *argument)
{
	struct user_thread *thread = argument;
	uint32_t count;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (user_thread_suspend(thread, &count) != STATUS_SUCCESS)
			break;
		sim_switch_point("stopped by control");
		user_thread_resume(thread, &count);
	}
	controls--;
	object_release(thread);
}

static void end(void *argument)
{
	struct user_thread *thread = argument;

	sim_switch_point("before the end");
	(void)user_thread_terminate(thread, 5);
	object_release(thread);
}

static void queue_calls(void *argument)
{
	struct user_thread *thread = argument;
	const uint64_t arguments[3] = {1, 2, 3};

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (user_apc_queue(thread, 0x1234, arguments) != STATUS_SUCCESS)
			break;
	}
	object_release(thread);
}

static void spawn(const char *name, void (*function)(void *), struct user_thread *thread)
{
	object_reference(thread);
	sim_spawn(name, function, thread, NULL);
}

/* ---- tests ---- */

/* catches: user code that runs after the call that stopped it has returned */
static void test_stands_still(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct process *process;
		struct user_thread *thread;
		unsigned seen;
		uint32_t count;

		world_start(seed);
		start(code_spin, &process, &thread);
		some_time(seed);
		assert_int_equal(user_thread_suspend(thread, &count), STATUS_SUCCESS);
		seen = steps;
		some_time(3);
		assert_int_equal(steps, seen);
		user_thread_resume(thread, &count);
		assert_int_equal(count, 1);
		some_time(3);
		assert_true(steps > seen);
		assert_int_equal(user_thread_suspend(thread, &count), STATUS_SUCCESS);
		process_terminate(process, 1);
		wait_for_end(process, thread);
		world_stop();
	}
}

/* catches: an end that a stop swallows, in whatever order the two come */
static void test_end_beats_stop(void **state)
{
	static void (*const codes[])(const struct user_entry *entry) = {code_spin, code_sleep};

	(void)state;
	for (uint64_t seed = 1; seed <= 2 * SEEDS; seed++) {
		struct process *process;
		struct user_thread *thread;

		world_start(seed);
		start(codes[seed % 2], &process, &thread);
		controls = 2;
		spawn("control", control, thread);
		spawn("another control", control, thread);
		spawn("end", end, thread);
		wait_for_end(process, thread);
		sim_run_all();
		world_stop();
	}
}

/* catches: a count that is not what it was after as many stops as resumes */
static void test_balance(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct process *process;
		struct user_thread *thread;
		unsigned seen;

		world_start(seed);
		start(code_spin, &process, &thread);
		controls = 2;
		spawn("control", control, thread);
		spawn("another control", control, thread);
		while (controls > 0)
			some_time(1);
		assert_int_equal(user_thread_suspend_count(thread), 0);
		seen = steps;
		some_time(3);
		assert_true(steps > seen);
		process_terminate(process, 1);
		wait_for_end(process, thread);
		world_stop();
	}
}

/* catches: queued calls that stay in the pool, or that a thread's end does not see */
static void test_calls(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct process *process;
		struct user_thread *thread;
		const uint64_t arguments[3] = {0};

		world_start(seed);
		start(code_sleep, &process, &thread);
		spawn("calls", queue_calls, thread);
		spawn("end", end, thread);
		object_reference(thread);
		wait_for_end(process, thread);
		assert_int_equal(user_apc_queue(thread, 1, arguments), STATUS_UNSUCCESSFUL);
		object_release(thread);
		sim_run_all();
		world_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stands_still),
		cmocka_unit_test(test_end_beats_stop),
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_waitable.c - waiting, signaling, time-outs, and termination of who waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/core/pool.h"
#include "kernel/object/waitable.h"
#include "tests/sim/sim.h"

#define SECOND 10000000ll
#define MOMENT 1000 /* more than calls take of virtual time */

static struct object_type type = {
	.name = "Waitable",
	.body_bytes = sizeof(struct waitable_object),
	.waitable = true,
};

static struct object *object;
static unsigned waiters_done;

static int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	waiters_done = 0;
	assert_int_equal(object_create(&type, &object), STATUS_SUCCESS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	object_release(object);
	sim_core_stop();
	return 0;
}

static NTSTATUS wait_timed(int64_t timeout)
{
	return waitable_wait(object, &timeout);
}

static void test_signaled(void **state)
{
	(void)state;
	waitable_signal(object);
	assert_int_equal(waitable_wait(object, NULL), STATUS_SUCCESS);
	assert_int_equal(wait_timed(0), STATUS_SUCCESS);
	assert_int_equal(wait_timed(-SECOND), STATUS_SUCCESS);
}

/* catches: a time-out that is relative where it is absolute, too early, or for ever */
static void test_timeouts(void **state)
{
	uint64_t start = time_now();

	(void)state;
	assert_int_equal(wait_timed(0), STATUS_TIMEOUT);
	assert_true(time_now() < start + MOMENT);
	assert_int_equal(wait_timed(-SECOND), STATUS_TIMEOUT);
	assert_true(time_now() >= start + SECOND);
	start = time_now();
	assert_int_equal(wait_timed((int64_t)time_system() + SECOND), STATUS_TIMEOUT);
	assert_true(time_now() >= start + SECOND);
	start = time_now();
	assert_int_equal(wait_timed(1), STATUS_TIMEOUT); /* in 1601 */
	assert_true(time_now() < start + MOMENT);
}

static void test_deadline(void **state)
{
	int64_t least = INT64_MIN, most = INT64_MAX, now = 0;

	(void)state;
	assert_true(timeout_deadline(NULL) == TIME_FOREVER);
	assert_true(timeout_deadline(&least) >= (uint64_t)INT64_MAX);
	assert_true(timeout_deadline(&most) > time_now() + (uint64_t)SECOND);
	assert_true(timeout_deadline(&now) <= time_now());
}

static void wait_once(void *argument)
{
	(void)argument;
	SIM_CHECK(waitable_wait(object, NULL) == STATUS_SUCCESS);
	waiters_done++;
}

static void signal_once(void *argument)
{
	(void)argument;
	waitable_signal(object);
}

static void wait_and_signal(void *argument)
{
	(void)argument;
	SIM_CHECK(object_create(&type, &object) == STATUS_SUCCESS);
	waiters_done = 0;
	sim_spawn("waiter 1", wait_once, NULL, NULL);
	sim_spawn("waiter 2", wait_once, NULL, NULL);
	sim_spawn("signaler", signal_once, NULL, NULL);
	sim_run_all();
	SIM_CHECK(waiters_done == 2);
	object_release(object);
}

/* catches: a wake-up lost between the test and the sleep */
static void test_every_schedule(void **state)
{
	(void)state;
	sim_core_start(0);
	assert_true(sim_explore(wait_and_signal, NULL, 2, 5000) > 100);
	sim_core_stop();
}

static void wait_and_release(void *argument)
{
	(void)argument;
	SIM_CHECK(waitable_wait(object, NULL) == STATUS_SUCCESS);
	object_release(object);
	/* The last reference was ours, so the object is gone. */
	SIM_CHECK(type.object_count == 0);
}

static void signal_and_release(void *argument)
{
	(void)argument;
	waitable_signal_and_release(object);
}

static void hand_over(void *argument)
{
	(void)argument;
	SIM_CHECK(object_create(&type, &object) == STATUS_SUCCESS);
	object_reference(object);
	sim_spawn("waiter", wait_and_release, NULL, NULL);
	sim_spawn("signaler", signal_and_release, NULL, NULL);
	sim_run_all();
}

/* catches: a waiter that goes on while the signaler still holds its reference */
static void test_signal_and_release(void **state)
{
	(void)state;
	sim_core_start(0);
	assert_true(sim_explore(hand_over, NULL, 2, 5000) > 20);
	sim_core_stop();
}

static void wait_until_terminated(void *argument)
{
	(void)argument;
	SIM_CHECK(waitable_wait(object, NULL) == STATUS_THREAD_IS_TERMINATING);
	SIM_CHECK(timeout_sleep(&(int64_t){INT64_MIN}) == STATUS_THREAD_IS_TERMINATING);
	waiters_done++;
}

static void test_termination(void **state)
{
	struct thread *thread;

	(void)state;
	thread = sim_spawn("waiter", wait_until_terminated, NULL, NULL);
	thread_yield();
	thread_request_termination(thread, 1);
	sim_run_all();
	assert_int_equal(waiters_done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_signaled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeouts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
		cmocka_unit_test(test_every_schedule),
		cmocka_unit_test(test_signal_and_release),
		cmocka_unit_test_setup_teardown(test_termination, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_dispatcher.c - waits for several objects, events, semaphores, mutants, alerts: each alone,
 * and against each other in every schedule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/dispatcher.h"
#include "tests/sim/sim.h"

#define SECOND 10000000ll
#define PREEMPTIONS 2
#define RUNS 6000

/* What the tests wait for; each test makes what it needs. */
static struct waitable first, second;
static struct waitable_mutant mutant;
static NTSTATUS outcomes[4]; /* of the threads */
static unsigned finished;

static int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	finished = 0;
	memset(outcomes, 0, sizeof(outcomes));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_core_stop();
	return 0;
}

static NTSTATUS wait_two(enum wait_type type, int64_t timeout)
{
	struct wait_block blocks[2] = {{.waitable = &first}, {.waitable = &second}};
	struct wait_request request = {
		.blocks = blocks, .count = 2, .type = type, .timeout = &timeout};

	return wait_for(&request);
}

static NTSTATUS wait_one(struct waitable *waitable, bool alertable, const int64_t *timeout)
{
	struct wait_block block = {.waitable = waitable};
	struct wait_request request = {.blocks = &block,
				       .count = 1,
				       .type = WAIT_ANY,
				       .alertable = alertable,
				       .timeout = timeout};

	return wait_for(&request);
}

static NTSTATUS try_one(struct waitable *waitable)
{
	return wait_one(waitable, false, &(int64_t){0});
}

/* ---- one thread ---- */

/* catches: acquiring that does not happen, or happens to the wrong object */
static void test_any(void **state)
{
	(void)state;
	waitable_init(&first, WAITABLE_SYNCHRONIZATION, 0);
	waitable_init(&second, WAITABLE_SEMAPHORE, 2);
	assert_int_equal(wait_two(WAIT_ANY, 0), STATUS_WAIT_0 + 1);
	assert_int_equal(waitable_state(&second), 1);
	assert_int_equal(event_set(&first), 0);
	assert_int_equal(wait_two(WAIT_ANY, 0), STATUS_WAIT_0);
	assert_int_equal(waitable_state(&first), 0);
	assert_int_equal(waitable_state(&second), 1);
	assert_int_equal(wait_two(WAIT_ANY, 0), STATUS_WAIT_0 + 1);
	assert_int_equal(wait_two(WAIT_ANY, -SECOND), STATUS_TIMEOUT);
	assert_true(TAILQ_EMPTY(&first.blocks) && TAILQ_EMPTY(&second.blocks));
}

/* catches: a wait for all that takes what it can get */
static void test_all(void **state)
{
	(void)state;
	waitable_init(&first, WAITABLE_SYNCHRONIZATION, 1);
	waitable_init(&second, WAITABLE_SEMAPHORE, 0);
	assert_int_equal(wait_two(WAIT_ALL, 0), STATUS_TIMEOUT);
	assert_int_equal(waitable_state(&first), 1);
	assert_int_equal(semaphore_release(&second, 1, 1, &(int32_t){0}), STATUS_SUCCESS);
	assert_int_equal(wait_two(WAIT_ALL, 0), STATUS_SUCCESS);
	assert_int_equal(waitable_state(&first), 0);
	assert_int_equal(waitable_state(&second), 0);
}

static void test_semaphore(void **state)
{
	int32_t previous = 77;

	(void)state;
	waitable_init(&first, WAITABLE_SEMAPHORE, INT32_MAX - 1);
	assert_int_equal(semaphore_release(&first, 2, INT32_MAX, &previous),
			 STATUS_SEMAPHORE_LIMIT_EXCEEDED);
	assert_int_equal(previous, 77);
	assert_int_equal(semaphore_release(&first, 1, INT32_MAX, &previous), STATUS_SUCCESS);
	assert_int_equal(previous, INT32_MAX - 1);
	assert_int_equal(semaphore_release(&first, INT32_MAX, INT32_MAX, &previous),
			 STATUS_SEMAPHORE_LIMIT_EXCEEDED);
}

/* catches: recursion that is not counted; a count that wraps */
static void test_mutant(void **state)
{
	struct mutant_state seen;
	int32_t previous;

	(void)state;
	mutant_init(&mutant, thread_current());
	assert_int_equal(try_one(&mutant.waitable), STATUS_SUCCESS);
	mutant_query(&mutant, &seen);
	assert_int_equal(seen.signal_state, -1);
	assert_true(seen.is_mine && !seen.is_abandoned);
	assert_int_equal(mutant_release(&mutant, &previous), STATUS_SUCCESS);
	assert_int_equal(previous, -1);
	assert_int_equal(mutant_release(&mutant, &previous), STATUS_SUCCESS);
	assert_int_equal(previous, 0);
	assert_int_equal(mutant_release(&mutant, &previous), STATUS_MUTANT_NOT_OWNED);
	assert_int_equal(try_one(&mutant.waitable), STATUS_SUCCESS);
	mutant.waitable.signal_state = INT32_MIN;
	assert_int_equal(try_one(&mutant.waitable), STATUS_MUTANT_LIMIT_EXCEEDED);
	mutants_abandon();
	mutant_query(&mutant, &seen);
	assert_true(seen.signal_state == 1 && !seen.is_mine && seen.is_abandoned);
	assert_int_equal(try_one(&mutant.waitable), STATUS_ABANDONED_WAIT_0);
	mutant_forget(&mutant);
	assert_true(LIST_EMPTY(&thread_current()->mutants));
}

/* catches: an order other than signaled, alerted, timed out; an alert that stays */
static void test_alert(void **state)
{
	(void)state;
	waitable_init(&first, WAITABLE_NOTIFICATION, 1);
	thread_alert(thread_current());
	assert_int_equal(wait_one(&first, true, NULL), STATUS_SUCCESS);
	event_reset(&first);
	assert_int_equal(wait_one(&first, false, &(int64_t){-1}), STATUS_TIMEOUT);
	assert_int_equal(wait_one(&first, true, &(int64_t){0}), STATUS_ALERTED);
	assert_int_equal(wait_one(&first, true, &(int64_t){0}), STATUS_TIMEOUT);
	thread_alert(thread_current());
	thread_alert(thread_current());
	assert_int_equal(thread_test_alert(), STATUS_ALERTED);
	assert_int_equal(thread_test_alert(), STATUS_SUCCESS);
	thread_alert(thread_current());
	assert_int_equal(timeout_sleep(&(int64_t){-1}), STATUS_SUCCESS);
	assert_int_equal(timeout_sleep_alertable(&(int64_t){-1}, true), STATUS_ALERTED);
	thread_mark_user_apc(thread_current(), true);
	assert_int_equal(wait_one(&first, true, NULL), STATUS_USER_APC);
	assert_int_equal(timeout_sleep_alertable(&(int64_t){0}, true), STATUS_USER_APC);
	thread_mark_user_apc(thread_current(), false);
	assert_int_equal(wait_one(&first, true, &(int64_t){-1}), STATUS_TIMEOUT);
}

/* catches: alerts by id that add up, or that mix with the others */
static void test_alert_by_id(void **state)
{
	int64_t soon = -1;

	(void)state;
	assert_int_equal(thread_wait_for_alert_by_id(&soon), STATUS_TIMEOUT);
	thread_alert_by_id(thread_current());
	thread_alert_by_id(thread_current());
	assert_int_equal(thread_test_alert(), STATUS_SUCCESS);
	assert_int_equal(thread_wait_for_alert_by_id(NULL), STATUS_ALERTED);
	assert_int_equal(thread_wait_for_alert_by_id(&(int64_t){0}), STATUS_TIMEOUT);
}

/* ---- several threads, in one schedule ---- */

static void wait_first(void *argument)
{
	outcomes[(uintptr_t)argument] = wait_one(&first, false, NULL);
	finished++;
}

/* catches: a pulse that stays, or that wakes nobody; waiters served out of turn */
static void test_pulse(void **state)
{
	(void)state;
	waitable_init(&first, WAITABLE_NOTIFICATION, 0);
	sim_spawn("one", wait_first, (void *)0, NULL);
	sim_spawn("two", wait_first, (void *)1, NULL);
	thread_yield();
	assert_int_equal(event_pulse(&first), 0);
	assert_int_equal(waitable_state(&first), 0);
	sim_run_all();
	assert_int_equal(finished, 2);
	waitable_init(&first, WAITABLE_SYNCHRONIZATION, 0);
	sim_spawn("one", wait_first, (void *)0, NULL);
	sim_spawn("two", wait_first, (void *)1, NULL);
	thread_yield();
	event_pulse(&first);
	thread_yield();
	assert_int_equal(finished, 3);
	event_set(&first);
	sim_run_all();
	assert_int_equal(waitable_state(&first), 0);
}

static void own_and_end(void *argument)
{
	(void)argument;
	SIM_CHECK(try_one(&mutant.waitable) == STATUS_SUCCESS);
	SIM_CHECK(try_one(&mutant.waitable) == STATUS_SUCCESS);
	mutants_abandon(); /* as user_thread_leave does */
}

static void wait_abandoned(void *argument)
{
	struct wait_block blocks[2] = {{.waitable = &first}, {.waitable = &mutant.waitable}};
	struct wait_request request = {.blocks = blocks, .count = 2, .type = WAIT_ANY};

	outcomes[(uintptr_t)argument] = wait_for(&request);
	mutants_abandon();
}

/* catches: a mutant that nobody gets because its owner ended; the index lost beside "abandoned" */
static void test_abandoned(void **state)
{
	(void)state;
	waitable_init(&first, WAITABLE_NOTIFICATION, 0);
	mutant_init(&mutant, NULL);
	sim_spawn("owner", own_and_end, NULL, NULL);
	sim_spawn("heir", wait_abandoned, (void *)0, NULL);
	sim_run_all();
	assert_int_equal(outcomes[0], STATUS_ABANDONED_WAIT_0 + 1);
}

/* ---- every schedule ---- */

static void explore(void (*body)(void *))
{
	sim_core_start(0);
	assert_true(sim_explore(body, NULL, PREEMPTIONS, RUNS) > 50);
	sim_core_stop();
}

static void set_first(void *argument)
{
	(void)argument;
	event_set(&first);
}

static void wait_first_briefly(void *argument)
{
	/* About as long as the others take: every order occurs. */
	outcomes[(uintptr_t)argument] = wait_one(&first, true, &(int64_t){-20});
	finished++;
}

static void one_event_body(void *argument)
{
	unsigned acquired = 0;

	(void)argument;
	finished = 0;
	waitable_init(&first, WAITABLE_SYNCHRONIZATION, 0);
	sim_spawn("one", wait_first_briefly, (void *)0, NULL);
	sim_spawn("two", wait_first_briefly, (void *)1, NULL);
	sim_spawn("setter", set_first, NULL, NULL);
	sim_run_all();
	for (unsigned i = 0; i < 2; i++) {
		SIM_CHECK(outcomes[i] == STATUS_SUCCESS || outcomes[i] == STATUS_TIMEOUT);
		acquired += outcomes[i] == STATUS_SUCCESS;
	}
	/* Set once: one of them has it, or it is still set; never both, never neither. */
	SIM_CHECK(finished == 2 && acquired + (unsigned)waitable_state(&first) == 1);
}

/* catches: two waiters that get one setting; a setting lost to a wait that timed out */
static void test_one_event_two_waiters(void **state)
{
	(void)state;
	explore(one_event_body);
}

static void alert_waiter(void *argument)
{
	thread_alert(argument);
}

static void signal_or_alert_body(void *argument)
{
	NTSTATUS left;

	(void)argument;
	finished = 0;
	waitable_init(&first, WAITABLE_SYNCHRONIZATION, 0);
	sim_spawn("setter", set_first, NULL, NULL);
	sim_spawn("alerter", alert_waiter, thread_current(), NULL);
	wait_first_briefly((void *)0);
	sim_run_all();
	left = thread_test_alert();
	SIM_CHECK((outcomes[0] == STATUS_SUCCESS) == (waitable_state(&first) == 0));
	SIM_CHECK((outcomes[0] == STATUS_ALERTED) == (left == STATUS_SUCCESS));
	SIM_CHECK(outcomes[0] == STATUS_SUCCESS || outcomes[0] == STATUS_ALERTED ||
		  outcomes[0] == STATUS_TIMEOUT);
}

/* catches: a wait that ends twice; an event consumed by a wait that reports an alert */
static void test_signal_or_alert(void **state)
{
	(void)state;
	explore(signal_or_alert_body);
}

static void take_second(void *argument)
{
	outcomes[(uintptr_t)argument] = wait_one(&second, false, &(int64_t){-20});
	finished++;
}

static void set_both(void *argument)
{
	(void)argument;
	event_set(&first);
	event_set(&second);
	finished++;
}

static void wait_both(void *argument)
{
	outcomes[(uintptr_t)argument] = wait_two(WAIT_ALL, -100 * SECOND);
}

static void all_body(void *argument)
{
	(void)argument;
	finished = 0;
	waitable_init(&first, WAITABLE_SYNCHRONIZATION, 0);
	waitable_init(&second, WAITABLE_SYNCHRONIZATION, 0);
	outcomes[0] = STATUS_PENDING;
	sim_spawn("all", wait_both, (void *)0, NULL);
	sim_spawn("thief", take_second, (void *)1, NULL);
	sim_spawn("setter", set_both, NULL, NULL);
	while (finished < 2)
		SIM_CHECK(timeout_sleep(&(int64_t){-50}) == STATUS_SUCCESS);
	if (outcomes[1] == STATUS_SUCCESS) {
		/* The thief was first: the other has taken nothing, and gets both with one more. */
		SIM_CHECK(waitable_state(&first) == 1 && outcomes[0] == STATUS_PENDING);
		event_set(&second);
	}
	sim_run_all();
	SIM_CHECK(outcomes[0] == STATUS_SUCCESS);
	SIM_CHECK(waitable_state(&first) == 0 && waitable_state(&second) == 0);
}

/* catches: a wait for all that holds one object while it waits for the other */
static void test_all_or_nothing(void **state)
{
	(void)state;
	explore(all_body);
}

static void swap_hands(void *argument)
{
	struct waitable *mine = argument, *other = mine == &first ? &second : &first;
	struct signal_request signal = {.waitable = other};
	struct wait_block block = {.waitable = mine};
	struct wait_request request = {.blocks = &block, .count = 1, .type = WAIT_ANY};

	SIM_CHECK(signal_and_wait(&signal, &request) == STATUS_SUCCESS);
	finished++;
}

static void swap_body(void *argument)
{
	(void)argument;
	finished = 0;
	waitable_init(&first, WAITABLE_SYNCHRONIZATION, 0);
	waitable_init(&second, WAITABLE_SYNCHRONIZATION, 0);
	sim_spawn("one", swap_hands, &first, NULL);
	sim_spawn("two", swap_hands, &second, NULL);
	sim_run_all();
	SIM_CHECK(finished == 2 && waitable_state(&first) + waitable_state(&second) == 0);
}

static void test_signal_and_wait(void **state)
{
	(void)state;
	explore(swap_body);
}

static void hold_mutant(void *argument)
{
	int32_t previous;

	(void)argument;
	SIM_CHECK(wait_one(&mutant.waitable, false, NULL) == STATUS_SUCCESS);
	SIM_CHECK(finished == 0);
	finished++;
	sim_switch_point("owner");
	finished--;
	SIM_CHECK(mutant_release(&mutant, &previous) == STATUS_SUCCESS);
}

static void mutant_body(void *argument)
{
	(void)argument;
	finished = 0;
	mutant_init(&mutant, NULL);
	for (unsigned i = 0; i < 3; i++)
		sim_spawn("owner", hold_mutant, NULL, NULL);
	sim_run_all();
	SIM_CHECK(mutant.waitable.signal_state == 1 && !mutant.owner);
}

/* catches: two owners at once; a release that wakes nobody */
static void test_mutual_exclusion(void **state)
{
	(void)state;
	explore(mutant_body);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_semaphore, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mutant, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alert, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alert_by_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pulse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abandoned, setup, teardown),
		cmocka_unit_test(test_one_event_two_waiters),
		cmocka_unit_test(test_signal_or_alert),
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_signal_and_wait),
		cmocka_unit_test(test_mutual_exclusion),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

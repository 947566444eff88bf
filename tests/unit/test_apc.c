/*
 * test_apc.c - calls queued to a thread against its waits, in every schedule with one preemption
 * and in random ones: each call runs once, in order, after an alertable wait that said so, and none
 * at any other time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/dispatcher.h"
#include "kernel/syscall/syscall.h"
#include "process_world.h"

#define SEEDS 40
#define QUEUERS 2u
#define CALLS 2u /* of each queuer */

static struct {
	unsigned runs;		   /* calls that user code was sent to */
	unsigned seen[QUEUERS];	   /* of each queuer, how many */
	bool is_open;		   /* the last system call allows them */
	bool is_redirected;	   /* by one that user code has not come back from */
	unsigned ended, timed_out; /* alertable waits, by how they ended */
} world;

/* In place of KiUserApcDispatcher and the routine: the arguments are queuer and sequence number. */
static void redirected(vaddr_t instruction_pointer, vaddr_t stack_pointer)
{
	uint64_t arguments[3];

	SIM_CHECK(instruction_pointer == WORLD_NTDLL_BASE + ntdll_entries.apc_dispatcher);
	SIM_CHECK(sim_read(stack_pointer + offsetof(struct nt_context, home), arguments,
			   sizeof(arguments)) == STATUS_SUCCESS);
	SIM_CHECK(world.is_open && !world.is_redirected);
	SIM_CHECK(arguments[0] < QUEUERS && arguments[1] == world.seen[arguments[0]]);
	world.seen[arguments[0]]++;
	world.runs++;
	world.is_redirected = true;
}

/* On its way back from a call that returned `status`, the thread makes all calls it is sent to. */
static void back_to_user(NTSTATUS status, bool is_open)
{
	world.is_open = is_open;
	world_back_to_user(status);
	while (world.is_redirected) {
		world.is_redirected = false;
		user_apc_allow(); /* NtContinue(alertable) */
		upcall_return_to_user();
	}
	world.is_open = false;
}

static NTSTATUS pause_for(const struct user_entry *entry, bool alertable)
{
	const vaddr_t interval_at = entry->stack_pointer - 0x100;
	const uint64_t arguments[] = {alertable, interval_at};
	const int64_t interval = -20; /* about as long as the queuers take: every order occurs */

	sim_write(interval_at, &interval, sizeof(interval));
	return NtDelayExecution(arguments);
}

/* Waits one way and the other until all calls have run; then the process ends itself. */
static void code_wait(const struct user_entry *entry)
{
	host_user_stack_pointer = entry->stack_pointer - 0x200;
	while (world.runs < QUEUERS * CALLS) {
		unsigned before = world.runs;
		NTSTATUS status = pause_for(entry, false);

		SIM_CHECK(status == STATUS_SUCCESS);
		back_to_user(status, false);
		status = pause_for(entry, true);
		SIM_CHECK(status == STATUS_SUCCESS || status == STATUS_USER_APC);
		back_to_user(status, status == STATUS_USER_APC);
		SIM_CHECK((status == STATUS_USER_APC) == (world.runs > before));
		if (status == STATUS_USER_APC)
			world.ended++;
		else
			world.timed_out++;
	}
	process_terminate(process_current(), STATUS_SUCCESS);
	upcall_return_to_user();
}

struct queuer {
	struct user_thread *thread;
	uint64_t number;
};

static void queue_calls(void *argument)
{
	const struct queuer *queuer = argument;

	for (uint64_t i = 0; i < CALLS; i++) {
		const uint64_t arguments[3] = {queuer->number, i, 0};

		SIM_CHECK(user_apc_queue(queuer->thread, 0x1234, arguments) == STATUS_SUCCESS);
	}
}

static void race_body(void *argument)
{
	struct queuer queuers[QUEUERS];
	struct process *process;
	uint32_t count;

	(void)argument;
	world.runs = 0;
	memset(world.seen, 0, sizeof(world.seen));
	host_user_code = code_wait;
	host_user_redirected = redirected;
	SIM_CHECK(world_program(&process, &queuers[0].thread) == STATUS_SUCCESS);
	user_thread_resume(queuers[0].thread, &count);
	for (unsigned i = 0; i < QUEUERS; i++) {
		queuers[i] = (struct queuer){queuers[0].thread, i};
		sim_spawn("queuer", queue_calls, &queuers[i], NULL);
	}
	SIM_CHECK(waitable_wait(&process->header, NULL) == STATUS_SUCCESS);
	sim_run_all();
	SIM_CHECK(world.runs == QUEUERS * CALLS);
	object_release(queuers[0].thread);
	object_release(process);
}

/* catches: a call that is lost between a wait's check and its sleep, that runs twice or out of
 * order, or after a wait that was not alertable or had timed out */
static void test_every_schedule(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world_start(0);
	assert_true(sim_explore(race_body, NULL, 1, 3000) > 100);
	world_stop();
	assert_true(world.ended > 0 && world.timed_out > 0);
}

/* catches: the same with more preemptions than one */
static void test_random_schedules(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		world_start(seed);
		race_body(NULL);
		world_stop();
	}
}

/* ---- the wait alone: every schedule of a mark, a signal and a time-out ---- */

static struct waitable event;

static void set_event(void *argument)
{
	(void)argument;
	event_set(&event);
}

static void mark_waiter(void *argument)
{
	thread_mark_user_apc(argument, true);
}

static void mark_or_signal_body(void *argument)
{
	const int64_t brief = -20, shortest = -1, none = 0;
	struct wait_block block = {.waitable = &event};
	struct wait_request request = {
		.blocks = &block,
		.count = 1,
		.type = WAIT_ANY,
		.alertable = (uintptr_t)argument,
		.timeout = &brief,
	};
	NTSTATUS status;

	waitable_init(&event, WAITABLE_SYNCHRONIZATION, 0);
	sim_spawn("setter", set_event, NULL, NULL);
	sim_spawn("marker", mark_waiter, thread_current(), NULL);
	status = wait_for(&request);
	sim_run_all();
	SIM_CHECK((status == STATUS_SUCCESS) == (waitable_state(&event) == 0));
	SIM_CHECK(status == STATUS_SUCCESS || status == STATUS_TIMEOUT ||
		  (request.alertable && status == STATUS_USER_APC));
	/* However that ended, the mark is there for the next one, until it is taken away. */
	SIM_CHECK(timeout_sleep(&shortest) == STATUS_SUCCESS);
	SIM_CHECK(timeout_sleep_alertable(&none, true) == STATUS_USER_APC);
	thread_mark_user_apc(thread_current(), false);
	SIM_CHECK(timeout_sleep_alertable(&none, true) == STATUS_SUCCESS);
}

/* catches: a mark that comes while a wait begins or ends, and is lost, or ends the wrong one */
static void test_mark_or_signal(void **state)
{
	(void)state;
	for (uintptr_t alertable = 0; alertable < 2; alertable++) {
		sim_core_start(0);
		assert_true(sim_explore(mark_or_signal_body, (void *)alertable, 3, 20000) > 50);
		sim_core_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark_or_signal),
		cmocka_unit_test(test_every_schedule),
		cmocka_unit_test(test_random_schedules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

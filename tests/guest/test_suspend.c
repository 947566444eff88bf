/*
 * test_suspend.c - threads and processes that others stop, let go, look into and change.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define MILLISECOND (-10000ll)
#define COUNT_MAX 127u

static void pause_for(LONGLONG milliseconds)
{
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = milliseconds * MILLISECOND});
}

static NTSTATUS wait_for(HANDLE object, LONGLONG milliseconds)
{
	LARGE_INTEGER time = {.QuadPart = milliseconds * MILLISECOND};

	return NtWaitForSingleObject(object, FALSE, &time);
}

static void thread_end(HANDLE thread)
{
	NtTerminateThread(thread, STATUS_SUCCESS);
	NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
}

/* ---- what threads do ---- */

static volatile uint64_t counter;

static NTSTATUS NTAPI count_forever(PVOID argument)
{
	do
		counter++;
	while (argument);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI sleep_long(PVOID argument)
{
	(void)argument;
	pause_for(1000000);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI sleep_shortly(PVOID argument)
{
	pause_for(20);
	*(volatile int *)argument = 1;
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI stop_itself(PVOID argument)
{
	ULONG count = 99;
	NTSTATUS status = NtSuspendThread(CURRENT_THREAD, &count);

	*(volatile int *)argument = count == 0 ? 1 : 2;
	return status;
}

static NTSTATUS NTAPI return_argument(PVOID argument)
{
	return (NTSTATUS)(intptr_t)argument;
}

/* ---- counts ---- */

/* catches: a thread that goes on after the call that stopped it; counts that are off */
static void test_counts(void)
{
	HANDLE thread = thread_need(count_forever, &counter, 0);
	ULONG count = 99;
	uint64_t seen;

	pause_for(20);
	tap_is_status(NtSuspendThread(thread, &count), STATUS_SUCCESS, "a running thread");
	tap_is_number(count, 0, "its count was 0");
	seen = counter;
	tap_ok(seen > 0, "it has run");
	pause_for(30);
	tap_is_number(counter, seen, "and does no more");
	tap_is_status(NtSuspendThread(thread, NULL), STATUS_SUCCESS, "twice, count not asked for");
	NtResumeThread(thread, &count);
	tap_is_number(count, 2, "the count was 2");
	pause_for(20);
	tap_is_number(counter, seen, "one resume is not enough");
	NtResumeThread(thread, &count);
	tap_is_number(count, 1, "the second one");
	pause_for(20);
	tap_ok(counter > seen, "lets it run");
	tap_is_status(NtResumeThread(thread, &count), STATUS_SUCCESS, "a running thread again");
	tap_is_number(count, 0, "stays at 0");
	thread_end(thread);
}

/* catches: a count that wraps, or that is used up for good */
static void test_limit(void)
{
	HANDLE thread = thread_need(return_argument, NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	ULONG count = 99;
	NTSTATUS status = STATUS_SUCCESS;
	unsigned made = 1;

	while (made < 300 && NT_SUCCESS(status = NtSuspendThread(thread, &count)))
		made++;
	tap_is_status(status, STATUS_SUSPEND_COUNT_EXCEEDED, "the count has a limit");
	tap_is_number(made, COUNT_MAX, "of 127");
	tap_is_number(count, COUNT_MAX - 1, "a call that fails stores no count");
	for (unsigned i = 0; i < COUNT_MAX; i++)
		NtResumeThread(thread, &count);
	tap_is_number(count, 1, "as many resumes");
	tap_is_status(wait_for(thread, 10000), STATUS_SUCCESS, "and it runs");
	status = NtSuspendThread(thread, &count);
	tap_is_status_or(status, STATUS_THREAD_IS_TERMINATING, STATUS_ACCESS_DENIED,
			 "a thread that has ended");
	NtClose(thread);
}

/* catches: a stop that waits for a system call's end; an end that a stop holds up */
static void test_states(void)
{
	volatile int done = 0;
	HANDLE thread = thread_need(sleep_shortly, &done, 0);
	HANDLE sleeper = thread_need(sleep_long, NULL, 0);

	pause_for(5);
	tap_is_status(NtSuspendThread(thread, NULL), STATUS_SUCCESS, "a thread that sleeps");
	pause_for(60);
	tap_is_number((uint64_t)done, 0, "does nothing when its time has come");
	NtResumeThread(thread, NULL);
	tap_is_status(wait_for(thread, 10000), STATUS_SUCCESS, "it goes on");
	tap_is_number((uint64_t)done, 1, "where it was");
	NtClose(thread);
	NtSuspendThread(sleeper, NULL);
	tap_is_status(NtTerminateThread(sleeper, 1), STATUS_SUCCESS, "one that sleeps, stopped");
	tap_is_status(wait_for(sleeper, 10000), STATUS_SUCCESS, "ends all the same");
	NtClose(sleeper);
	thread = thread_need(count_forever, &counter, 0);
	pause_for(20);
	NtSuspendThread(thread, NULL);
	pause_for(5);
	tap_is_status(NtTerminateThread(thread, 1), STATUS_SUCCESS, "one that stands still");
	tap_is_status(wait_for(thread, 10000), STATUS_SUCCESS, "likewise");
	NtClose(thread);
}

/* catches: a thread that stops before its own call has returned, or that nobody can wake */
static void test_itself(void)
{
	volatile int done = 0;
	HANDLE thread = thread_need(stop_itself, &done, 0);
	ULONG count = 99;

	tap_is_status(wait_for(thread, 40), STATUS_TIMEOUT, "a thread stops itself");
	tap_is_number((uint64_t)done, 0, "in the middle");
	NtResumeThread(thread, &count);
	tap_is_number(count, 1, "its count is 1");
	tap_is_status(wait_for(thread, 10000), STATUS_SUCCESS, "it goes on");
	tap_is_number((uint64_t)done, 1, "with the results of its call");
	NtClose(thread);
}

/* ---- processes ---- */

static NTSTATUS child_main(void)
{
	HANDLE threads[2] = {thread_need(return_argument, NULL, 0),
			     thread_need(sleep_shortly, &counter, 0)};

	for (unsigned i = 0; i < COUNT_OF(threads); i++)
		NtWaitForSingleObject(threads[i], FALSE, NULL);
	return 7;
}

/* catches: a process of which one thread goes on, or one that cannot be ended while it stands */
static void test_process(void)
{
	struct child child;
	NTSTATUS exit_status = 0;

	if (!NT_SUCCESS(child_start_self(&child, "child")))
		bail_out("a child", STATUS_UNSUCCESSFUL);
	tap_is_status(NtSuspendProcess(child.process), STATUS_SUCCESS, "a process is stopped");
	tap_is_status(wait_for(child.process, 100), STATUS_TIMEOUT, "it stands still");
	tap_is_status(NtResumeProcess(child.process), STATUS_SUCCESS, "and is let go");
	child_wait(&child, &exit_status);
	tap_is_status(exit_status, 7, "it ends as if nothing had been");
	tap_is_status_or(NtSuspendProcess(child.process), STATUS_PROCESS_IS_TERMINATING,
			 STATUS_SUCCESS, "one that has ended");
	child_close(&child);
	child_start_self(&child, "child");
	NtSuspendProcess(child.process);
	tap_is_status(NtTerminateProcess(child.process, 9), STATUS_SUCCESS, "one that stands");
	child_wait(&child, &exit_status);
	tap_is_status(exit_status, 9, "can be ended");
	child_close(&child);
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc == 2)
		return child_main();
	tap_start("stopping threads");
	test_counts();
	test_limit();
	test_states();
	test_itself();
	test_process();
	return tap_finish();
}

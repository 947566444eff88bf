/*
 * test_apc.c - calls queued to threads: when they run, in which order, and what they see.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define MILLISECOND (-10000ll)
#define MANY 50u

static volatile ULONG_PTR seen[3];
static volatile unsigned calls;
static char order[16];

static NTSTATUS pause_for(LONGLONG milliseconds, BOOLEAN alertable)
{
	return NtDelayExecution(alertable,
				&(LARGE_INTEGER){.QuadPart = milliseconds * MILLISECOND});
}

static void NTAPI note(ULONG_PTR first, ULONG_PTR second, ULONG_PTR third)
{
	seen[0] = first;
	seen[1] = second;
	seen[2] = third;
	if (calls < sizeof(order) - 1)
		order[calls] = (char)first;
	calls++;
}

static NTSTATUS thread_wait(HANDLE thread)
{
	LARGE_INTEGER time = {.QuadPart = 10000 * MILLISECOND};

	return NtWaitForSingleObject(thread, FALSE, &time);
}

static NTSTATUS exit_status(HANDLE thread)
{
	struct {
		NTSTATUS status;
		ULONG rest[11];
	} basic = {0};

	NtQueryInformationThread(thread, 0, &basic, sizeof(basic), NULL);
	return basic.status;
}

/* ---- to the own thread ---- */

/* catches: a call that runs too early, twice, with other arguments, or in another order */
static void test_own(void)
{
	tap_is_status(NtQueueApcThread(CURRENT_THREAD, note, 'a', 2, 3), STATUS_SUCCESS,
		      "a call to ourselves");
	NtQueueApcThread(CURRENT_THREAD, note, 'b', 5, 6);
	tap_is_status(pause_for(10, FALSE), STATUS_SUCCESS, "a wait that is not alertable");
	tap_is_number(calls, 0, "does not run it");
	tap_is_status(pause_for(10, TRUE), STATUS_USER_APC, "an alertable one ends");
	tap_is_number(calls, 2, "with both run");
	tap_ok(!strcmp(order, "ab"), "in order");
	tap_ok(seen[1] == 5 && seen[2] == 6, "with their arguments");
	tap_is_status_or(pause_for(1, TRUE), STATUS_SUCCESS, STATUS_TIMEOUT,
			 "then nothing is left");
	NtQueueApcThread(CURRENT_THREAD, note, 'c', 0, 0);
	tap_is_status(NtTestAlert(), STATUS_SUCCESS, "NtTestAlert");
	tap_is_number(calls, 3, "runs what is queued");
}

static void NTAPI nested(ULONG_PTR first, ULONG_PTR second, ULONG_PTR third)
{
	(void)second;
	(void)third;
	NtQueueApcThread(CURRENT_THREAD, note, first, 0, 0);
	calls += pause_for(1, TRUE) == STATUS_USER_APC ? 100 : 0;
}

/* catches: registers that do not survive; a call in a call that loses the outer one */
static void test_nested(void)
{
	register uint64_t kept __asm__("r12") = 0x1212;
	double number = 1.5;

	calls = 0;
	__asm__ volatile("" : "+r"(kept), "+x"(number));
	NtQueueApcThread(CURRENT_THREAD, nested, 'n', 0, 0);
	NtTestAlert();
	__asm__ volatile("" : "+r"(kept), "+x"(number));
	tap_is_number(calls, 101, "a call queued and run inside another");
	tap_ok(kept == 0x1212 && number == 1.5, "registers are as before");
}

/* ---- every alertable call ---- */

static HANDLE event, semaphore;

static NTSTATUS wait_single(BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
	return NtWaitForSingleObject(event, alertable, (PLARGE_INTEGER)timeout);
}

static NTSTATUS wait_several(BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
	return NtWaitForMultipleObjects(2, (HANDLE[]){event, event}, WaitAny, alertable,
					(PLARGE_INTEGER)timeout);
}

static NTSTATUS signal_and_wait(BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
	return NtSignalAndWaitForSingleObject(semaphore, event, alertable, (PLARGE_INTEGER)timeout);
}

static void queue_one(void)
{
	calls = 0;
	NtQueueApcThread(CURRENT_THREAD, note, 'x', 0, 0);
}

/* catches: a wait that calls do not end, or that they end unasked, or that ends and runs none */
static void test_every_wait(void)
{
	static const struct {
		const char *name;
		NTSTATUS (*wait)(BOOLEAN alertable, const LARGE_INTEGER *timeout);
	} waits[] = {
		{"NtWaitForSingleObject", wait_single},
		{"NtWaitForMultipleObjects", wait_several},
		{"NtSignalAndWaitForSingleObject", signal_and_wait},
	};
	const LARGE_INTEGER now = {.QuadPart = 0}, soon = {.QuadPart = 5 * MILLISECOND};

	NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
	NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, 1000);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		queue_one();
		tap_is_status(waits[i].wait(FALSE, &soon), STATUS_TIMEOUT, "%s, not alertable",
			      waits[i].name);
		tap_is_number(calls, 0, "%s leaves the call", waits[i].name);
		tap_is_status(waits[i].wait(TRUE, NULL), STATUS_USER_APC, "%s, alertable",
			      waits[i].name);
		tap_is_number(calls, 1, "%s runs it", waits[i].name);
		queue_one();
		tap_is_status(waits[i].wait(TRUE, &now), STATUS_USER_APC,
			      "%s: before a time that has passed", waits[i].name);
		tap_is_status(waits[i].wait(TRUE, &now), STATUS_TIMEOUT, "%s: then the time",
			      waits[i].name);
		queue_one();
		NtSetEvent(event, NULL);
		tap_is_status(waits[i].wait(TRUE, NULL), STATUS_SUCCESS,
			      "%s: what is signaled comes first", waits[i].name);
		tap_is_number(calls, 0, "%s: and the call stays", waits[i].name);
		NtResetEvent(event, NULL);
		NtTestAlert();
	}
	queue_one();
	tap_is_status(NtDelayExecution(TRUE, &now), STATUS_USER_APC, "a delay of nothing");
	NtClose(semaphore);
}

/* catches: a CONTEXT that lets calls run, or not, without being asked to */
static void test_continue(void)
{
	static volatile unsigned turn;
	CONTEXT context;

	for (unsigned alertable = 0; alertable < 2; alertable++) {
		turn = 0;
		RtlCaptureContext(&context);
		if (turn++ == 0) {
			queue_one();
			NtContinue(&context, (BOOLEAN)alertable);
		}
		tap_is_number(calls, alertable, "NtContinue, alertable %u", alertable);
		NtTestAlert();
	}
}

static NTSTATUS NTAPI wait_for_event(PVOID argument)
{
	*(volatile int *)argument = 1;
	return NtWaitForSingleObject(event, TRUE, NULL);
}

/* catches: an alert taken for a call, or the other way round; an alert that does not resume */
static void test_alerts(void)
{
	volatile int ready = 0;
	ULONG count = 0;
	HANDLE thread;

	if (system_is_wine()) {
		tap_skip(10, "Wine 8.0 has no alerts");
		return;
	}
	queue_one();
	NtAlertThread(CURRENT_THREAD);
	tap_is_status(wait_single(TRUE, NULL), STATUS_ALERTED, "an alert comes before a call");
	tap_is_number(calls, 0, "which stays");
	tap_is_status(wait_single(TRUE, NULL), STATUS_USER_APC, "for the next wait");
	queue_one();
	NtAlertThread(CURRENT_THREAD);
	tap_is_status(NtTestAlert(), STATUS_ALERTED, "NtTestAlert takes the alert");
	tap_is_number(calls, 1, "and lets the call run");
	thread = thread_need(wait_for_event, &ready, 0);
	while (!ready)
		pause_for(1, FALSE);
	NtSuspendThread(thread, NULL);
	tap_is_status(NtAlertResumeThread(thread, &count), STATUS_SUCCESS, "NtAlertResumeThread");
	tap_is_number(count, 1, "the count before");
	tap_is_status(thread_wait(thread), STATUS_SUCCESS, "the thread runs");
	tap_is_status(exit_status(thread), STATUS_ALERTED, "alerted");
	tap_is_status(NtAlertResumeThread(thread, NULL), STATUS_SUCCESS, "a thread that has ended");
	NtClose(thread);
}

/* ---- to other threads ---- */

static NTSTATUS NTAPI wait_alertably(PVOID argument)
{
	*(volatile int *)argument = 1;
	return pause_for(1000000, TRUE);
}

static NTSTATUS NTAPI wait_for_object(PVOID argument)
{
	return NtWaitForSingleObject(argument, TRUE, NULL);
}

static NTSTATUS NTAPI count_calls(PVOID argument)
{
	(void)argument;
	return (NTSTATUS)calls;
}

/* catches: a sleeper that is not woken, or woken without being told */
static void test_sleepers(void)
{
	volatile int ready = 0;
	HANDLE thread = thread_need(wait_alertably, &ready, 0), other;

	calls = 0;
	while (!ready)
		pause_for(1, FALSE);
	pause_for(10, FALSE);
	tap_is_status(NtQueueApcThread(thread, note, 7, 8, 9), STATUS_SUCCESS, "to a sleeper");
	tap_is_status(thread_wait(thread), STATUS_SUCCESS, "which wakes");
	tap_is_status(exit_status(thread), STATUS_USER_APC, "its sleep says why");
	tap_is_number(calls, 1, "after the call");
	tap_is_status(NtQueueApcThread(thread, note, 7, 8, 9), STATUS_UNSUCCESSFUL,
		      "to a thread that has ended");
	NtClose(thread);
	other = thread_need(count_calls, NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	thread = thread_need(wait_for_object, other, 0);
	pause_for(20, FALSE);
	NtQueueApcThread(thread, note, 1, 1, 1);
	tap_is_status(thread_wait(thread), STATUS_SUCCESS, "a thread that waits for another");
	tap_is_status(exit_status(thread), STATUS_USER_APC, "is told as well");
	NtClose(thread);
	calls = 0;
	for (unsigned i = 0; i < MANY; i++)
		NtQueueApcThread(other, note, i, 0, 0);
	tap_is_number(calls, 0, "to a thread that has not started");
	NtResumeThread(other, NULL);
	thread_wait(other);
	tap_is_status(exit_status(other), (NTSTATUS)MANY, "all run before its start routine");
	NtClose(other);
}

/* catches: queued calls that stay when their thread goes */
static void test_end(void)
{
	HANDLE thread = thread_need(count_calls, NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);

	calls = 0;
	for (unsigned i = 0; i < MANY; i++)
		NtQueueApcThread(thread, note, i, 0, 0);
	tap_is_status(NtTerminateThread(thread, STATUS_SUCCESS), STATUS_SUCCESS,
		      "a thread is ended with calls queued");
	thread_wait(thread);
	tap_is_number(calls, 0, "none of them runs");
	NtClose(thread);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("calls queued to threads");
	test_own();
	test_nested();
	test_every_wait();
	test_continue();
	test_alerts();
	NtClose(event);
	test_sleepers();
	test_end();
	return tap_finish();
}

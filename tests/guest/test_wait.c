/*
 * test_wait.c - waiting: several objects, time-outs, alerts, signaling and waiting at once; between
 * threads and between processes.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define MILLISECOND 10000ll
#define NAME L"\\BaseNamedObjects\\quire-test-wait"

static LARGE_INTEGER no_time = {.QuadPart = 0};
static LARGE_INTEGER short_time = {.QuadPart = -20 * MILLISECOND};
static LARGE_INTEGER long_time = {.QuadPart = -20000 * MILLISECOND};

static HANDLE event_need(ULONG kind, bool is_signaled)
{
	HANDLE event;
	NTSTATUS status = NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, kind, is_signaled);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateEvent", status);
	return event;
}

static NTSTATUS try_several(ULONG count, const HANDLE *handles, ULONG type)
{
	return NtWaitForMultipleObjects(count, handles, type, FALSE, &no_time);
}

/* catches: an index that is off; objects acquired that the wait did not end with */
static void test_any(void)
{
	HANDLE handles[3] = {event_need(SynchronizationEvent, false),
			     event_need(SynchronizationEvent, true),
			     event_need(SynchronizationEvent, true)};

	tap_is_status(try_several(3, handles, WaitAny), STATUS_WAIT_0 + 1, "the first that can");
	tap_is_status(try_several(3, handles, WaitAny), STATUS_WAIT_0 + 2, "then the next");
	tap_is_status(try_several(3, handles, WaitAny), STATUS_TIMEOUT, "then none");
	for (unsigned i = 0; i < 3; i++)
		NtClose(handles[i]);
}

/* catches: a wait for all that takes some */
static void test_all(void)
{
	HANDLE handles[3] = {event_need(SynchronizationEvent, true),
			     event_need(NotificationEvent, true),
			     event_need(SynchronizationEvent, false)};
	struct event_information information;

	tap_is_status(try_several(3, handles, WaitAll), STATUS_TIMEOUT, "one is missing");
	NtQueryEvent(handles[0], 0, &information, sizeof(information), NULL);
	tap_is_number((ULONG)information.state, 1, "nothing was taken");
	NtSetEvent(handles[2], NULL);
	tap_is_status(try_several(3, handles, WaitAll), STATUS_SUCCESS, "all are there");
	tap_is_status(try_several(1, &handles[0], WaitAny), STATUS_TIMEOUT, "all were taken");
	tap_is_status(try_several(1, &handles[2], WaitAny), STATUS_TIMEOUT, "the last too");
	for (unsigned i = 0; i < 3; i++)
		NtClose(handles[i]);
}

static void test_refusals(void)
{
	HANDLE handles[65], section = section_need(0x1000), mute;

	handles[0] = event_need(NotificationEvent, true);
	for (unsigned i = 1; i < COUNT_OF(handles); i++)
		handles[i] = handles[0];
	tap_is_status(try_several(0, handles, WaitAny), STATUS_INVALID_PARAMETER_1, "no object");
	tap_is_status(try_several(65, handles, WaitAny), STATUS_INVALID_PARAMETER_1, "65 objects");
	tap_is_status(try_several(64, handles, WaitAny), STATUS_SUCCESS, "64 times the same");
	if (system_is_wine()) {
		tap_skip(2, "Wine looks at neither");
	} else {
		tap_is_status(try_several(1, handles, 2), STATUS_INVALID_PARAMETER_3,
			      "neither all nor any");
		tap_is_status(try_several(2, handles, WaitAll), STATUS_INVALID_PARAMETER_MIX,
			      "the same one twice in a wait for all");
	}
	handles[1] = (HANDLE)(uintptr_t)0xDEAD0;
	tap_is_status(try_several(2, handles, WaitAny), STATUS_INVALID_HANDLE,
		      "a bad handle behind a signaled object");
	NtDuplicateObject(CURRENT_PROCESS, handles[0], CURRENT_PROCESS, &mute, EVENT_QUERY_STATE, 0,
			  0);
	handles[1] = mute;
	tap_is_status(try_several(2, handles, WaitAny), STATUS_ACCESS_DENIED, "one without rights");
	NtClose(mute);
	NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &mute,
			  SECTION_QUERY | SYNCHRONIZE, 0, 0);
	handles[1] = mute;
	tap_is_status(try_several(2, handles, WaitAny), STATUS_OBJECT_TYPE_MISMATCH, "a section");
	tap_is_status(NtWaitForSingleObject(mute, FALSE, &no_time), STATUS_OBJECT_TYPE_MISMATCH,
		      "a section alone");
	tap_is_status(NtWaitForSingleObject(section, FALSE, &no_time), STATUS_ACCESS_DENIED,
		      "a section without SYNCHRONIZE");
	NtClose(mute);
	NtClose(section);
	NtClose(handles[0]);
}

static void test_time(void)
{
	HANDLE event = event_need(NotificationEvent, false);
	LARGE_INTEGER before, after, end;

	NtQuerySystemTime(&before);
	tap_is_status(NtWaitForMultipleObjects(1, &event, WaitAll, FALSE, &short_time),
		      STATUS_TIMEOUT, "a relative time-out");
	NtQuerySystemTime(&after);
	tap_ok(after.QuadPart - before.QuadPart >= 19 * MILLISECOND, "took its time");
	end.QuadPart = after.QuadPart + 20 * MILLISECOND;
	tap_is_status(NtWaitForSingleObject(event, FALSE, &end), STATUS_TIMEOUT,
		      "an absolute time-out");
	NtQuerySystemTime(&after);
	tap_ok(after.QuadPart >= end.QuadPart - MILLISECOND, "ends when it says");
	NtClose(event);
}

/* ---- threads ---- */

static struct {
	HANDLE thread, events[2];
	NTSTATUS status;
} other;

static void other_start(thread_start_routine start)
{
	other.thread = thread_need(start, NULL, 0);
	NtDelayExecution(FALSE, &short_time); /* now it waits */
}

static NTSTATUS other_join(void)
{
	NTSTATUS status = NtWaitForSingleObject(other.thread, FALSE, &long_time);

	if (status != STATUS_SUCCESS)
		bail_out("the other thread does not end", status);
	NtClose(other.thread);
	return other.status;
}

static NTSTATUS NTAPI wait_any_thread(PVOID argument)
{
	(void)argument;
	other.status = NtWaitForMultipleObjects(2, other.events, WaitAny, FALSE, &long_time);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI wait_all_thread(PVOID argument)
{
	(void)argument;
	other.status = NtWaitForMultipleObjects(2, other.events, WaitAll, FALSE, &long_time);
	return STATUS_SUCCESS;
}

/* catches: a sleeper that is not woken, or woken too early */
static void test_threads(void)
{
	struct event_information information;

	other.events[0] = event_need(SynchronizationEvent, false);
	other.events[1] = event_need(SynchronizationEvent, false);
	other_start(wait_any_thread);
	NtSetEvent(other.events[1], NULL);
	tap_is_status(other_join(), STATUS_WAIT_0 + 1, "a waiting thread gets the second");
	NtQueryEvent(other.events[1], 0, &information, sizeof(information), NULL);
	tap_is_number((ULONG)information.state, 0, "and took it");
	other_start(wait_all_thread);
	NtSetEvent(other.events[1], NULL);
	NtDelayExecution(FALSE, &short_time);
	NtQueryEvent(other.events[1], 0, &information, sizeof(information), NULL);
	tap_is_number((ULONG)information.state, 1, "a wait for all leaves the one it could have");
	NtSetEvent(other.events[0], NULL);
	tap_is_status(other_join(), STATUS_SUCCESS, "until it gets both");
	NtQueryEvent(other.events[1], 0, &information, sizeof(information), NULL);
	tap_is_number((ULONG)information.state, 0, "and took both");
	other_start(wait_any_thread);
	NtPulseEvent(other.events[0], NULL);
	tap_is_status(other_join(), STATUS_SUCCESS, "a pulse wakes who waits");
	NtClose(other.events[0]);
	NtClose(other.events[1]);
}

static NTSTATUS NTAPI answer_thread(PVOID argument)
{
	(void)argument;
	other.status = NtWaitForSingleObject(other.events[0], FALSE, &long_time);
	NtSetEvent(other.events[1], NULL);
	return STATUS_SUCCESS;
}

/* catches: a signal that is not given, or given although the wait is refused */
static void test_signal_and_wait(void)
{
	HANDLE semaphore, mutant, file = file_need(DATA_FILE, FILE_READ_DATA | SYNCHRONIZE);
	struct semaphore_information information;

	other.events[0] = event_need(SynchronizationEvent, false);
	other.events[1] = event_need(SynchronizationEvent, false);
	other_start(answer_thread);
	tap_is_status(
		NtSignalAndWaitForSingleObject(other.events[0], other.events[1], FALSE, &long_time),
		STATUS_SUCCESS, "question and answer");
	tap_is_status(other_join(), STATUS_SUCCESS, "the other was asked");
	NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, 1);
	tap_is_status(
		NtSignalAndWaitForSingleObject(semaphore, other.events[0], FALSE, &short_time),
		STATUS_TIMEOUT, "a semaphore, and nobody answers");
	NtQuerySemaphore(semaphore, 0, &information, sizeof(information), NULL);
	tap_is_number(information.count, 1, "it was released");
	tap_is_status(
		NtSignalAndWaitForSingleObject(semaphore, other.events[0], FALSE, &short_time),
		STATUS_SEMAPHORE_LIMIT_EXCEEDED, "it is full");
	NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, FALSE);
	tap_is_status(NtSignalAndWaitForSingleObject(mutant, other.events[0], FALSE, &short_time),
		      STATUS_MUTANT_NOT_OWNED, "a mutant of nobody");
	tap_is_status(NtSignalAndWaitForSingleObject(file, other.events[0], FALSE, &short_time),
		      STATUS_OBJECT_TYPE_MISMATCH, "a file cannot be signaled");
	tap_is_status(NtSignalAndWaitForSingleObject(semaphore, NULL, FALSE, &short_time),
		      STATUS_INVALID_HANDLE, "nothing to wait for");
	NtClose(semaphore);
	NtClose(mutant);
	NtClose(file);
	NtClose(other.events[0]);
	NtClose(other.events[1]);
}

/* ---- alerts ---- */

static NTSTATUS NTAPI alertable_thread(PVOID argument)
{
	(void)argument;
	other.status = NtWaitForMultipleObjects(2, other.events, WaitAny, TRUE, &long_time);
	return STATUS_SUCCESS;
}

/* catches: alerts that are lost, kept, or that end waits which are not alertable */
static void test_alerts(void)
{
	HANDLE event = event_need(NotificationEvent, false);

	if (system_is_wine()) {
		tap_skip(10, "Wine 8.0 has no NtAlertThread");
		NtClose(event);
		return;
	}
	tap_is_status(NtTestAlert(), STATUS_SUCCESS, "no alert");
	NtAlertThread(CURRENT_THREAD);
	tap_is_status(NtTestAlert(), STATUS_ALERTED, "an alert");
	tap_is_status(NtTestAlert(), STATUS_SUCCESS, "is there once");
	NtAlertThread(CURRENT_THREAD);
	tap_is_status(NtWaitForSingleObject(event, FALSE, &short_time), STATUS_TIMEOUT,
		      "a wait that is not alertable");
	tap_is_status(NtWaitForSingleObject(event, TRUE, NULL), STATUS_ALERTED, "one that is");
	NtAlertThread(CURRENT_THREAD);
	tap_is_status(NtDelayExecution(FALSE, &short_time), STATUS_SUCCESS, "a delay");
	tap_is_status(NtDelayExecution(TRUE, &long_time), STATUS_ALERTED, "an alertable delay");
	NtAlertThread(CURRENT_THREAD);
	NtSetEvent(event, NULL);
	tap_is_status(NtWaitForSingleObject(event, TRUE, NULL), STATUS_SUCCESS,
		      "what is signaled comes first");
	tap_is_status(NtTestAlert(), STATUS_ALERTED, "the alert stays");
	other.events[0] = other.events[1] = event;
	NtResetEvent(event, NULL);
	other_start(alertable_thread);
	NtAlertThread(other.thread);
	tap_is_status(other_join(), STATUS_ALERTED, "a thread that sleeps");
	NtClose(event);
}

/* The TEB's client id. */
static HANDLE own_thread_id(void)
{
	return NtCurrentTeb()->Reserved1[9];
}

static HANDLE id_of_other;

static NTSTATUS NTAPI telling_thread(PVOID argument)
{
	(void)argument;
	id_of_other = own_thread_id();
	other.status = NtWaitForAlertByThreadId(&other, &long_time);
	return STATUS_SUCCESS;
}

/* catches: alerts that add up; alerting threads of others */
static void test_alerts_by_id(void)
{
	HANDLE self = own_thread_id();
	struct child child;

	tap_is_status(NtWaitForAlertByThreadId(NULL, &no_time), STATUS_TIMEOUT, "no alert");
	tap_is_status(NtAlertThreadByThreadId(self), STATUS_SUCCESS, "an alert");
	tap_is_status(NtAlertThreadByThreadId(self), STATUS_SUCCESS, "and another");
	tap_is_status(NtWaitForAlertByThreadId(NULL, NULL), STATUS_ALERTED, "one is there");
	tap_is_status(NtWaitForAlertByThreadId(NULL, &short_time), STATUS_TIMEOUT, "not two");
	other_start(telling_thread);
	tap_is_status(NtAlertThreadByThreadId(id_of_other), STATUS_SUCCESS, "another thread");
	tap_is_status(other_join(), STATUS_ALERTED, "wakes up");
	tap_is_status(NtAlertThreadByThreadId(NULL), STATUS_INVALID_CID, "no thread's id");
	tap_is_status(NtAlertThreadByThreadId((HANDLE)(uintptr_t)0x7FFFFFF0), STATUS_INVALID_CID,
		      "an id that was never given");
	tap_is_status(child_start_self(&child, "wait"), STATUS_SUCCESS, "a child");
	NtDelayExecution(FALSE, &short_time);
	if (system_is_quire())
		/* Ids come in order: the child's first thread has the one after its process. */
		tap_is_status(NtAlertThreadByThreadId((HANDLE)(uintptr_t)(child.id + 4)),
			      STATUS_ACCESS_DENIED, "a thread of another process");
	else
		tap_skip(1, "others give ids in another order");
	NtTerminateProcess(child.process, STATUS_SUCCESS);
	NtWaitForSingleObject(child.process, FALSE, NULL);
	child_close(&child);
}

/* ---- processes ---- */

static OBJECT_ATTRIBUTES *named(void)
{
	static UNICODE_STRING name;
	static OBJECT_ATTRIBUTES attributes;

	RtlInitUnicodeString(&name, NAME);
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	return &attributes;
}

static NTSTATUS child_wait_named(void)
{
	HANDLE event;
	NTSTATUS status = NtOpenEvent(&event, SYNCHRONIZE, named());

	return NT_SUCCESS(status) ? NtWaitForSingleObject(event, FALSE, &long_time) : status;
}

/* catches: an event that two processes do not share; a child's end that a wait misses */
static void test_processes(void)
{
	struct child child;
	HANDLE event, handles[2];
	NTSTATUS status;

	NtCreateEvent(&event, EVENT_ALL_ACCESS, named(), NotificationEvent, FALSE);
	tap_is_status(child_start_self(&child, "named"), STATUS_SUCCESS, "a child that waits");
	handles[0] = event_need(NotificationEvent, false);
	handles[1] = child.process;
	tap_is_status(NtWaitForMultipleObjects(2, handles, WaitAny, FALSE, &short_time),
		      STATUS_TIMEOUT, "it runs");
	NtSetEvent(event, NULL);
	tap_is_status(NtWaitForMultipleObjects(2, handles, WaitAny, FALSE, &long_time),
		      STATUS_WAIT_0 + 1, "set, and the child has ended");
	tap_is_status(child_wait(&child, &status), STATUS_SUCCESS, "its exit status");
	tap_is_status(status, STATUS_SUCCESS, "says that its wait ended well");
	child_close(&child);
	NtClose(handles[0]);
	NtClose(event);
}

int program_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "named"))
		return child_wait_named();
	if (argc == 2 && !strcmp(argv[1], "wait"))
		return NtDelayExecution(FALSE, &long_time);
	tap_start("waits");
	test_any();
	test_all();
	test_refusals();
	test_time();
	test_threads();
	test_signal_and_wait();
	test_alerts();
	test_alerts_by_id();
	test_processes();
	return tap_finish();
}

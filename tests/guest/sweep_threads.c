/*
 * sweep_threads.c - paths through exceptions and their return, thread switches, wake-ups, queued
 * calls, and the starts and ends of threads and processes.
 */
#include <string.h>

#include "child.h"
#include "faults.h"
#include "sweep.h"

#define OWN_EXCEPTION 0xE0005EEBu

/* ---- exceptions ---- */

static unsigned told;
static NTSTATUS told_status;
static const char *skip_to; /* NULL: not ours */

static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	CONTEXT *context = pointers->ContextRecord;

	if (!skip_to)
		return EXCEPTION_CONTINUE_SEARCH;
	told++;
	told_status = (NTSTATUS)pointers->ExceptionRecord->ExceptionCode;
	if ((DWORD)told_status == OWN_EXCEPTION)
		return EXCEPTION_CONTINUE_EXECUTION;
	context->FltSave.StatusWord = 0;
	context->FltSave.ControlWord = 0x27F;
	if (told_status != STATUS_SINGLE_STEP)
		context->Rip = (uintptr_t)skip_to;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static uint64_t exception_result(void)
{
	skip_to = NULL;
	return (uint64_t)told << 32 | (uint32_t)told_status;
}

#define EXCEPTION_RUN(name) \
	static uint64_t name##_run(const struct sweep_path *path) \
	{ \
		(void)path; \
		told = 0; \
		skip_to = name##_next; \
		name(NULL, 0); \
		return exception_result(); \
	}
EXCEPTION_RUN(fault_divide)
EXCEPTION_RUN(fault_undefined)
EXCEPTION_RUN(fault_privileged)
EXCEPTION_RUN(fault_breakpoint)
EXCEPTION_RUN(fault_step)
EXCEPTION_RUN(fault_x87)

static uint64_t raise_run(const struct sweep_path *path)
{
	EXCEPTION_RECORD record = {.ExceptionCode = OWN_EXCEPTION};

	(void)path;
	told = 0;
	skip_to = fault_step_next;
	RtlRaiseException(&record);
	return exception_result();
}

/* ---- system calls at the edge ---- */

/* faults.S: SYSCALL with that number and no arguments; with the trap flag set, or not. */
NTSTATUS system_call_number(uint64_t number);
NTSTATUS system_call_stepped(uint64_t number);

static uint64_t no_call_run(const struct sweep_path *path)
{
	(void)path;
	return (uint32_t)system_call_number(0xFFFF);
}

static uint64_t stepped_run(const struct sweep_path *path)
{
	NTSTATUS status;

	(void)path;
	told = 0;
	skip_to = fault_step_next;
	status = system_call_stepped(0xFFFF);
	return exception_result() + (uint32_t)status;
}

/* ---- a partner of the same priority ---- */

static HANDLE partner, go, done;
static volatile unsigned turns;

/* Each time it is told to go, it gives the CPU away once, and says that it is done. */
static NTSTATUS NTAPI partner_main(PVOID argument)
{
	(void)argument;
	while (!NtWaitForSingleObject(go, FALSE, NULL)) {
		turns++;
		NtYieldExecution();
		NtSetEvent(done, NULL);
	}
	return STATUS_SUCCESS;
}

static uint64_t switch_run(const struct sweep_path *path)
{
	unsigned before = turns;
	NTSTATUS status;

	(void)path;
	NtSetEvent(go, NULL);
	NtYieldExecution();
	status = NtWaitForSingleObject(done, FALSE, NULL);
	return (uint64_t)(turns - before) << 32 | (uint32_t)status;
}

static uint64_t signal_and_wait_run(const struct sweep_path *path)
{
	(void)path;
	return (uint32_t)NtSignalAndWaitForSingleObject(go, done, FALSE, NULL);
}

static uint64_t suspend_run(const struct sweep_path *path)
{
	static CONTEXT context;
	ULONG count = 9;
	NTSTATUS status = NtSuspendThread(partner, &count);

	(void)path;
	context.ContextFlags = CONTEXT_ALL;
	if (!status)
		status = NtGetContextThread(partner, &context);
	if (!status)
		status = NtSetContextThread(partner, &context);
	if (!status)
		status = NtResumeThread(partner, &count);
	return (uint64_t)count << 32 | (uint32_t)status;
}

/* ---- queued calls and alerts ---- */

static unsigned apc_calls;

static void NTAPI apc_note(ULONG_PTR first, ULONG_PTR second, ULONG_PTR third)
{
	apc_calls += first + second + third == 6;
}

static uint64_t apc_run(const struct sweep_path *path)
{
	(void)path;
	apc_calls = 0;
	NtQueueApcThread(CURRENT_THREAD, apc_note, 1, 2, 3);
	return (uint32_t)NtTestAlert() | (uint64_t)apc_calls << 32;
}

static uint64_t alert_run(const struct sweep_path *path)
{
	LARGE_INTEGER for_ever = {.QuadPart = INT64_MIN};

	(void)path;
	NtAlertThread(CURRENT_THREAD);
	return (uint32_t)NtDelayExecution(TRUE, &for_ever);
}

/* ---- starts and ends ---- */

static NTSTATUS NTAPI return_seven(PVOID argument)
{
	(void)argument;
	return 7;
}

static uint64_t waited(HANDLE object)
{
	NTSTATUS status = NtWaitForSingleObject(object, FALSE, NULL);

	NtClose(object);
	return (uint32_t)status;
}

static uint64_t thread_run(const struct sweep_path *path)
{
	HANDLE thread;
	NTSTATUS status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					   return_seven, NULL, 0, 0, 0, 0, NULL);

	(void)path;
	return status ? (uint32_t)status : waited(thread);
}

static uint64_t thread_terminate_run(const struct sweep_path *path)
{
	HANDLE thread;
	NTSTATUS status =
		NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, return_seven,
				 NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED, 0, 0, 0, NULL);

	(void)path;
	if (status)
		return (uint32_t)status;
	NtTerminateThread(thread, 8);
	return waited(thread);
}

static NTSTATUS copy_make(HANDLE *process, HANDLE *thread, ULONG flags)
{
	NTSTATUS status = NtCreateProcess(process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, FALSE,
					  NULL, NULL, NULL);

	if (status)
		return status;
	status = NtCreateThreadEx(thread, THREAD_ALL_ACCESS, NULL, *process, return_seven, NULL,
				  flags, 0, 0, 0, NULL);
	if (status)
		NtClose(*process);
	return status;
}

static uint64_t copy_run(const struct sweep_path *path)
{
	HANDLE process, thread;
	NTSTATUS status = copy_make(&process, &thread, 0);

	(void)path;
	if (status)
		return (uint32_t)status;
	NtClose(thread);
	return waited(process);
}

static uint64_t suspended_run(const struct sweep_path *path)
{
	HANDLE process, thread;
	NTSTATUS status = copy_make(&process, &thread, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);

	(void)path;
	if (status)
		return (uint32_t)status;
	NtSuspendProcess(process);
	NtResumeThread(thread, NULL);
	NtResumeProcess(process);
	NtClose(thread);
	NtTerminateProcess(process, 9);
	return waited(process);
}

/* Another program, which ends at once. */
static uint64_t program_run(const struct sweep_path *path)
{
	struct child child;
	NTSTATUS status = child_start_self(&child, "nothing");

	(void)path;
	if (status)
		return (uint32_t)status;
	child_wait(&child, &status);
	child_close(&child);
	return (uint32_t)status;
}

static const struct sweep_path paths[] = {
	{.name = "no-such-call", .run = no_call_run, .is_complete = true},
	{.name = "stepped-call", .run = stepped_run},
	{.name = "divide", .run = fault_divide_run},
	{.name = "undefined", .run = fault_undefined_run, .is_complete = true},
	{.name = "privileged", .run = fault_privileged_run},
	{.name = "breakpoint", .run = fault_breakpoint_run},
	{.name = "step", .run = fault_step_run},
	{.name = "x87", .run = fault_x87_run},
	{.name = "raise", .run = raise_run},
	{.name = "switch", .run = switch_run, .needs_partner = true},
	{.name = "signal-and-wait", .run = signal_and_wait_run, .needs_partner = true},
	{.name = "suspend", .run = suspend_run, .needs_partner = true},
	{.name = "apc", .run = apc_run},
	{.name = "alert", .run = alert_run},
	{.name = "thread", .run = thread_run},
	{.name = "thread-terminate", .run = thread_terminate_run},
	{.name = "process-copy", .run = copy_run, .is_long = true},
	{.name = "process-suspended", .run = suspended_run, .is_long = true},
	{.name = "program", .run = program_run, .is_long = true},
};

void sweep_threads_init(void)
{
	if (NtCreateEvent(&go, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE) ||
	    NtCreateEvent(&done, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE))
		bail_out("events", STATUS_NO_MEMORY);
	partner = thread_need(partner_main, NULL, 0);
	RtlAddVectoredExceptionHandler(1, handler);
}

bool sweep_thread_path(size_t index, struct sweep_path *path)
{
	if (index >= COUNT_OF(paths))
		return false;
	*path = paths[index];
	return true;
}

/*
 * test_context.c - the registers of a thread as CONTEXT: read, written, and filled with whatever a
 * program may put there.
 */
#include <string.h>

#include "child.h"
#include "faults.h"

#define MILLISECOND (-10000ll)
#define NONSENSE 0xFEDCBA9876543210ull

/* registers.S */
NTSTATUS NTAPI registers_hold(PVOID report);
NTSTATUS NTAPI registers_call(uint64_t flags, NTSTATUS(NTAPI *call)(void));
extern char registers_loop[], registers_loop_end[], registers_elsewhere[];

static volatile uint64_t report[5]; /* the count, r13, r14, xmm6, RFLAGS */

static void pause_for(LONGLONG milliseconds)
{
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = milliseconds * MILLISECOND});
}

static HANDLE holder_start(ULONG flags)
{
	HANDLE thread;
	NTSTATUS status =
		NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, registers_hold,
				 (PVOID)(uintptr_t)report, flags, 0, 0, 0, NULL);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateThreadEx", status);
	return thread;
}

static NTSTATUS thread_wait(HANDLE thread)
{
	LARGE_INTEGER time = {.QuadPart = 10000 * MILLISECOND};
	NTSTATUS status = NtWaitForSingleObject(thread, FALSE, &time);

	NtClose(thread);
	return status;
}

/* ---- other threads ---- */

/* catches: registers of another moment; groups that are stored without being asked for */
static void test_get(HANDLE thread)
{
	static CONTEXT context;

	memset(&context, 0xAA, sizeof(context));
	context.ContextFlags = CONTEXT_CONTROL;
	tap_is_status(NtGetContextThread(thread, &context), STATUS_SUCCESS, "control registers");
	tap_ok(context.Rip >= (uintptr_t)registers_loop &&
		       context.Rip < (uintptr_t)registers_loop_end,
	       "Rip is in the loop");
	tap_is_number(context.R12, 0xAAAAAAAAAAAAAAAAull, "the others are left alone");
	context.ContextFlags = CONTEXT_INTEGER;
	context.Rip = 0;
	NtGetContextThread(thread, &context);
	tap_is_number(context.R12, 0x1212, "general registers");
	tap_is_number(context.Rbx, (uintptr_t)report, "all of them");
	tap_is_number(context.Rip, 0, "Rip is left alone now");
	context.ContextFlags = CONTEXT_ALL;
	NtGetContextThread(thread, &context);
	tap_is_number(context.Xmm6.Low, 0x1414, "xmm registers");
	tap_is_number(context.MxCsr, 0x1F80, "mxcsr");
	tap_is_number(context.SegCs, 0x33, "cs");
	tap_is_number(context.SegSs, 0x2B, "ss");
}

/* catches: a change that is lost on the way back to user mode */
static void test_set(HANDLE thread)
{
	static CONTEXT context;
	uint64_t seen;

	context.ContextFlags = CONTEXT_ALL;
	NtGetContextThread(thread, &context);
	context.R13 = 0x131313;
	context.Xmm6.Low = 0x6666;
	context.R12 = 0;
	tap_is_status(NtSetContextThread(thread, &context), STATUS_SUCCESS, "all registers");
	seen = report[0];
	NtResumeThread(thread, NULL);
	tap_is_status(thread_wait(thread), STATUS_SUCCESS, "the thread leaves its loop");
	tap_ok(report[0] - seen <= 1, "at once");
	tap_is_number(report[1], 0x131313, "with r13 as it was set");
	tap_is_number(report[2], 0x1414, "r14 as it was");
	tap_is_number(report[3], 0x6666, "and xmm6");
}

static void test_others(void)
{
	HANDLE thread = holder_start(0);
	static CONTEXT context;

	pause_for(20);
	NtSuspendThread(thread, NULL);
	test_get(thread);
	test_set(thread);
	thread = holder_start(0);
	pause_for(20);
	NtSuspendThread(thread, NULL);
	context.ContextFlags = CONTEXT_CONTROL;
	NtGetContextThread(thread, &context);
	context.Rip = (uintptr_t)registers_elsewhere;
	context.EFlags |= 1;
	tap_is_status(NtSetContextThread(thread, &context), STATUS_SUCCESS, "control registers");
	NtResumeThread(thread, NULL);
	tap_is_status(thread_wait(thread), STATUS_SUCCESS, "the thread goes on elsewhere");
	tap_is_number(report[4] & 1, 1, "with the carry flag set");
}

/* catches: a thread that never ran and has no registers */
static void test_new(void)
{
	HANDLE thread = holder_start(THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	static CONTEXT context;
	unsigned of_kernel = 0;

	context.ContextFlags = CONTEXT_ALL;
	tap_is_status(NtGetContextThread(thread, &context), STATUS_SUCCESS, "a new thread");
	for (const DWORD64 *value = &context.Rax; value <= &context.R15; value++)
		of_kernel += *value >> 47 != 0;
	tap_is_number(of_kernel, 0, "no register of it has an address of the kernel");
	tap_is_number(context.Rcx, (uintptr_t)registers_hold, "rcx is its start routine");
	tap_is_number(context.Rdx, (uintptr_t)report, "rdx the argument");
	tap_is_number(context.MxCsr, 0x1F80, "mxcsr");
	NtTerminateThread(thread, STATUS_SUCCESS);
	NtWaitForSingleObject(thread, FALSE, NULL);
	tap_ok(!NT_SUCCESS(NtGetContextThread(thread, &context)), "once it has ended: nothing");
	tap_ok(!NT_SUCCESS(NtSetContextThread(thread, &context)), "nor anything to write to");
	NtClose(thread);
}

/* ---- what a program may put there ---- */

static volatile unsigned told;
static volatile NTSTATUS told_status;
static CONTEXT safe;

/* Whatever came of it: back to where it is known to be safe. */
static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	told++;
	told_status = (NTSTATUS)pointers->ExceptionRecord->ExceptionCode;
	*pointers->ContextRecord = safe;
	return EXCEPTION_CONTINUE_EXECUTION;
}

enum { HOSTILE_RIP, HOSTILE_FLAGS, HOSTILE_MXCSR, HOSTILE_SEGMENTS, HOSTILE_DEBUG, HOSTILE_FLOAT };

static void context_spoil(CONTEXT *context, unsigned what, uint64_t value)
{
	switch (what) {
	case HOSTILE_RIP:
		context->Rip = value;
		break;
	case HOSTILE_FLAGS:
		context->EFlags = (DWORD)value;
		break;
	case HOSTILE_MXCSR:
		context->MxCsr = context->FltSave.MxCsr = (DWORD)value;
		break;
	case HOSTILE_SEGMENTS:
		context->SegCs = context->SegDs = context->SegEs = (WORD)value;
		context->SegFs = context->SegGs = context->SegSs = (WORD)value;
		break;
	case HOSTILE_DEBUG:
		context->Dr0 = context->Dr1 = context->Dr2 = context->Dr3 = value;
		context->Dr6 = context->Dr7 = value;
		break;
	default:
		memset(&context->FltSave, (int)value, sizeof(context->FltSave));
		context->MxCsr = 0x1F80;
	}
}

/* Goes on with the spoilt CONTEXT right here. => returns: exceptions that came of it. */
static unsigned __attribute__((noinline)) context_try(unsigned what, uint64_t value)
{
	static CONTEXT spoilt;
	static volatile unsigned stage;

	stage = 0;
	told = 0;
	RtlCaptureContext(&safe); /* returns a second time */
	safe.ContextFlags = CONTEXT_ALL;
	safe.Dr7 = 0;
	if (stage++ > 0)
		return told;
	spoilt = safe;
	context_spoil(&spoilt, what, value);
	NtContinue(&spoilt, FALSE);
	return 99; /* it has not gone on */
}

/* catches: a value that IRETQ, FXRSTOR or MOV DR takes amiss in the kernel */
static void test_hostile(void)
{
	static const struct {
		unsigned what;
		uint64_t value;
		unsigned exceptions;
		NTSTATUS status;
		const char *name;
	} rows[] = {
		{HOSTILE_RIP, 0, 1, STATUS_ACCESS_VIOLATION, "Rip 0"},
		{HOSTILE_RIP, 0x00007FFFFFFFFFFFull, 1, STATUS_ACCESS_VIOLATION, "the last Rip"},
		{HOSTILE_RIP, 0x0000800000000000ull, 1, STATUS_ACCESS_VIOLATION, "no Rip"},
		{HOSTILE_RIP, 0x8000000000000000ull, 1, STATUS_ACCESS_VIOLATION, "a wild Rip"},
		{HOSTILE_RIP, FIRST_KERNEL_ADDRESS, 1, STATUS_ACCESS_VIOLATION, "a kernel Rip"},
		{HOSTILE_RIP, UINT64_MAX, 1, STATUS_ACCESS_VIOLATION, "Rip -1"},
		{HOSTILE_FLAGS, 0, 0, 0, "no flags: IF stays"},
		{HOSTILE_FLAGS, 0x7000, 0, 0, "IOPL and NT"},
		{HOSTILE_FLAGS, 0x1A0000, 0, 0, "VM, VIF, VIP"},
		{HOSTILE_FLAGS, 0xFFFBFAFF, 0, 0, "all flags but TF, AC and DF"},
		{HOSTILE_FLAGS, 0x302, 1, STATUS_SINGLE_STEP, "TF"},
		{HOSTILE_MXCSR, 0xFFFF1F80, 0, 0, "reserved bits of mxcsr"},
		{HOSTILE_SEGMENTS, 0, 0, 0, "null segments"},
		{HOSTILE_SEGMENTS, 0x10, 0, 0, "kernel segments"},
		{HOSTILE_SEGMENTS, 0xFFFF, 0, 0, "no segments"},
		{HOSTILE_DEBUG, UINT64_MAX, 0, 0, "all bits of the debug registers"},
		{HOSTILE_DEBUG, NONSENSE, 0, 0, "nonsense in the debug registers"},
		{HOSTILE_FLOAT, 0xFF, 0, 0, "all bits of the x87 state"},
	};
	PVOID added = RtlAddVectoredExceptionHandler(1, handler);

	if (!system_is_quire()) {
		tap_skip(2 * COUNT_OF(rows), "what the host's kernel makes of it is its affair");
		RtlRemoveVectoredExceptionHandler(added);
		return;
	}
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		tap_is_number(context_try(rows[i].what, rows[i].value), rows[i].exceptions, "%s",
			      rows[i].name);
		if (rows[i].exceptions)
			tap_is_status(told_status, rows[i].status, "%s: what came of it",
				      rows[i].name);
		else
			tap_skip(1, "no exception");
	}
	RtlRemoveVectoredExceptionHandler(added);
}

/* ---- breakpoints ---- */

static volatile uint64_t watched;

static LONG NTAPI watch_handler(EXCEPTION_POINTERS *pointers)
{
	told++;
	told_status = (NTSTATUS)pointers->ExceptionRecord->ExceptionCode;
	safe = *pointers->ContextRecord;
	pointers->ContextRecord->Dr7 = 0;
	return EXCEPTION_CONTINUE_EXECUTION;
}

/* catches: a breakpoint that is stored but never loaded, or that others meet too */
static void test_breakpoint(void)
{
	static CONTEXT context;
	LARGE_INTEGER counter = {0};
	PVOID added = RtlAddVectoredExceptionHandler(1, watch_handler);

	if (!system_is_quire()) {
		tap_skip(7, "Wine asks its server for the debug registers");
		RtlRemoveVectoredExceptionHandler(added);
		return;
	}
	context.ContextFlags = CONTEXT_DEBUG_REGISTERS;
	context.Dr0 = (uintptr_t)&watched;
	context.Dr7 = 1 | 0xD0000; /* local, write, four bytes */
	tap_is_status(NtSetContextThread(CURRENT_THREAD, &context), STATUS_SUCCESS,
		      "a breakpoint on a variable");
	told = 0;
	watched = 1;
	tap_is_number(told, 1, "a store is reported");
	tap_is_status(told_status, STATUS_SINGLE_STEP, "as a single step");
	tap_is_number(safe.Dr6 & 15, 1, "by Dr6: the first breakpoint");
	watched = 2;
	tap_is_number(told, 1, "without Dr7 no more");
	context.ContextFlags = CONTEXT_DEBUG_REGISTERS;
	NtGetContextThread(CURRENT_THREAD, &context);
	tap_is_number(context.Dr0, (uintptr_t)&watched, "Dr0 is still there");
	context.Dr0 = (uintptr_t)&counter;
	context.Dr7 = 1 | 0xD0000;
	NtSetContextThread(CURRENT_THREAD, &context);
	NtQueryPerformanceCounter(&counter, NULL);
	context.Dr7 = 0;
	NtSetContextThread(CURRENT_THREAD, &context);
	tap_ok(counter.QuadPart, "the kernel writes where a breakpoint is");
	RtlRemoveVectoredExceptionHandler(added);
}

/* catches: flags that the kernel inherits: its copies go backwards, its IRETQ faults */
static void test_flags(void)
{
	static const uint64_t flags[] = {0x400, 0x4000, 0x4400}; /* DF, NT */

	for (unsigned i = 0; i < COUNT_OF(flags); i++)
		if (system_is_wine())
			tap_skip(1, "the C code of Wine needs DF clear");
		else
			tap_ok(NT_SUCCESS(registers_call(flags[i], NtTestAlert)),
			       "a system call with flags 0x%llx", (unsigned long long)flags[i]);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("registers of threads");
	test_others();
	test_new();
	test_hostile();
	test_breakpoint();
	test_flags();
	return tap_finish();
}

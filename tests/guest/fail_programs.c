/*
 * fail_programs.c - programs that start, raise, grow their stacks and end while something fails:
 * what they end with, and that nothing of them is left.
 */
#include <string.h>

#include "child.h"
#include "fail_groups.h"

#define NOTHING_FAILED ((NTSTATUS)0x20000077) /* how a child ends that had no failure */
#define SWEEP_MOST 1500u

/* ---- what the children do ---- */

static LONG NTAPI go_on(EXCEPTION_POINTERS *pointers)
{
	(void)pointers;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static void do_raise(void)
{
	EXCEPTION_RECORD record = {.ExceptionCode = 0xE0001234};

	RtlAddVectoredExceptionHandler(1, go_on);
	RtlRaiseException(&record);
}

static char *guarded;

static void prepare_guard(void)
{
	guarded = memory_need(PAGE_BYTES);
	protect(guarded, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, NULL);
}

/* A guard page tells once; the access is then tried again. */
static void do_guard(void)
{
	RtlAddVectoredExceptionHandler(1, go_on);
	(void)*(volatile char *)guarded;
}

static unsigned __attribute__((noinline)) recurse(unsigned kib)
{
	volatile char room[1000];

	room[0] = (char)kib;
	return kib > 1 ? recurse(kib - 1) + (room[0] ? 1 : 0) : (unsigned)room[0];
}

static void do_grow(void)
{
	recurse(200);
}

static NTSTATUS NTAPI thread_run(PVOID argument)
{
	(void)argument;
	return STATUS_SUCCESS;
}

static void do_thread(void)
{
	HANDLE thread;

	if (!NT_SUCCESS(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					 thread_run, NULL, 0, 0, 0, 0, NULL)))
		return;
	NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
}

static void NTAPI apc_run(ULONG_PTR first, ULONG_PTR second, ULONG_PTR third)
{
	(void)first;
	(void)second;
	(void)third;
}

/* A call queued to the thread itself runs on its way out of the kernel. */
static void do_apc(void)
{
	NtQueueApcThread(CURRENT_THREAD, apc_run, 1, 2, 3);
	NtTestAlert();
}

static void do_print(void)
{
	print("#\n");
}

static void nothing(void)
{
}

static const struct deed {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
} deeds[] = {
	{"raise", nothing, do_raise},  {"guard", prepare_guard, do_guard},
	{"grow", nothing, do_grow},    {"thread", nothing, do_thread},
	{"apc", nothing, do_apc},      {"print", nothing, do_print},
	{"nothing", nothing, nothing},
};

NTSTATUS fail_child_run(const char *name, uint32_t nth, bool twice)
{
	for (size_t i = 0; i < COUNT_OF(deeds); i++) {
		struct quire_failures plan;

		if (strcmp(deeds[i].name, name))
			continue;
		deeds[i].prepare();
		plan_begin(ALL_FAILURES, nth, twice ? QUIRE_FAIL_FRESH : 0);
		deeds[i].run();
		plan = plan_end();
		return plan.failed ? STATUS_SUCCESS : NOTHING_FAILED;
	}
	return STATUS_OBJECT_NAME_NOT_FOUND;
}

/* ---- sweeps over the life of a child ---- */

/* A program that something was refused may end with any of these. */
static bool is_end(NTSTATUS status)
{
	static const NTSTATUS ends[] = {
		STATUS_SUCCESS,
		NOTHING_FAILED,
		STATUS_NO_MEMORY,
		STATUS_IN_PAGE_ERROR,
		STATUS_ACCESS_VIOLATION,
		STATUS_STACK_OVERFLOW,
		STATUS_COMMITMENT_LIMIT,
		STATUS_DEVICE_DATA_ERROR,
		STATUS_UNEXPECTED_IO_ERROR,
		STATUS_UNSUCCESSFUL,
		STATUS_DLL_NOT_FOUND,
		STATUS_INSUFFICIENT_RESOURCES,
		(NTSTATUS)0xE0001234,
		STATUS_GUARD_PAGE_VIOLATION,
	};

	for (size_t i = 0; i < COUNT_OF(ends); i++)
		if (ends[i] == status)
			return true;
	return false;
}

static void end_check(const char *what, uint32_t nth, NTSTATUS status)
{
	failure_counts.failures++;
	if (is_end(status))
		return;
	failure_counts.complaints++;
	print("# %s, failure %u: ends with 0x%08x\n", what, nth, (unsigned)status);
}

/* => returns: failures that the child had; *status is what it ended with. */
static uint64_t deed_run(const char *name, uint32_t nth, bool twice, NTSTATUS *status)
{
	uint64_t before = failures_total();
	char line[60];

	format_text(line, sizeof(line), "%s %s %u", twice ? "twice" : "child", name, nth);
	*status = child_run_self(line);
	end_check(name, nth, *status);
	return failures_total() - before;
}

/*
 * The child makes the plan itself, when it runs; then again with a second failure, as long as there
 * is a chain of calls behind the first one that never failed.
 */
static void sweep_deed(const char *name)
{
	NTSTATUS status = STATUS_SUCCESS;

	failure_counts.scenarios++;
	for (uint32_t nth = 1; nth < SWEEP_MOST && status != NOTHING_FAILED; nth++) {
		NTSTATUS second_status;

		if (deed_run(name, nth, false, &status) == 0)
			break;
		while (deed_run(name, nth, true, &second_status) > 1)
			;
	}
}

static NTSTATUS child_suspended(struct child *child)
{
	WCHAR buffer[200];
	UNICODE_STRING image;
	NTSTATUS status = child_own_image(&image, buffer, COUNT_OF(buffer));

	if (!NT_SUCCESS(status))
		return status;
	return child_start_with(child, &image, "child child nothing 0",
				PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
				THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
}

/* The plan is the first thread's, from its first step in ntdll to its end. */
static void sweep_life(void)
{
	uint64_t before;
	uint32_t nth = 1;

	failure_counts.scenarios++;
	do {
		struct child child;
		NTSTATUS status = child_suspended(&child);

		before = failures_total();
		if (!NT_SUCCESS(status))
			bail_out("a child", status);
		plan_give(child.thread, nth);
		NtResumeThread(child.thread, NULL);
		child_wait(&child, &status);
		child_close(&child);
		end_check("a whole life", nth, status);
	} while (failures_total() != before && ++nth < SWEEP_MOST);
}

/* ---- starts ---- */

static struct child started;

static NTSTATUS perform_start(void *context)
{
	(void)context;
	touch_status = STATUS_SUCCESS;
	return child_suspended(&started);
}

static void undo_start(void *context, NTSTATUS status)
{
	(void)context;
	if (!NT_SUCCESS(status))
		return;
	NtTerminateProcess(started.process, STATUS_SUCCESS);
	NtWaitForSingleObject(started.process, FALSE, NULL);
	child_close(&started);
}

/* What fails around the call: handles that are not inherited, a page of this program. */
#define STARTS_ANYWAY \
	(1u << QUIRE_FAIL_FRAME | 1u << QUIRE_FAIL_HANDLE | 1u << QUIRE_FAIL_COPY_IN | \
	 1u << QUIRE_FAIL_COPY_OUT | 1u << QUIRE_FAIL_POOL | 1u << QUIRE_FAIL_POOL_PAGE)

static const struct scenario start = {"a program starts",
				      NULL,
				      perform_start,
				      undo_start,
				      NULL,
				      STARTS_ANYWAY,
				      {STATUS_IN_PAGE_ERROR},
				      false,
				      0};

void fail_programs_run(void)
{
	PVOID handler = faults_note();

	scenario_run(&start);
	RtlRemoveVectoredExceptionHandler(handler);
	for (size_t i = 0; i < COUNT_OF(deeds); i++)
		sweep_deed(deeds[i].name);
	sweep_life();
}

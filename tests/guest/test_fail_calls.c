/*
 * test_fail_calls.c - every system call of syscalls.def, with valid arguments, meets every failure
 * on its way (reliability ).
 *
 * Each call has a child of its own, so that what it leaves behind shows when that has ended.
 */
/* boot: hash=1 alone */
#include <string.h>

#include "calls.h"
#include "child.h"
#include "failures.h"

/* What calls do that is beyond the table of failures.c. */
static const struct exception {
	const char *name;
	uint32_t absorbed;
	NTSTATUS also;
} exceptions[] = {
	/* what is done cannot be undone when its results cannot be written */
	{"NtAllocateVirtualMemory", 1u << QUIRE_FAIL_COPY_OUT, 0},
	{"NtFreeVirtualMemory", 1u << QUIRE_FAIL_COPY_OUT, 0},
	{"NtProtectVirtualMemory", 1u << QUIRE_FAIL_COPY_OUT, 0},
	{"NtLockVirtualMemory", 1u << QUIRE_FAIL_COPY_OUT, 0},
	{"NtUnlockVirtualMemory", 1u << QUIRE_FAIL_COPY_OUT, 0},
	/* a source that cannot be read (nt-semantics 5.7) */
	{"NtWriteVirtualMemory", 0, STATUS_PARTIAL_COPY},
	{"NtReadVirtualMemory", 0, STATUS_PARTIAL_COPY},
	/* a page of a file for which there is no frame */
	{"NtCreateUserProcess", 0, STATUS_IN_PAGE_ERROR},
	{"NtReadFile", 0, STATUS_IN_PAGE_ERROR},
	{"NtWriteFile", 0, STATUS_IN_PAGE_ERROR},
};

static void exceptions_apply(struct scenario *scenario)
{
	for (size_t i = 0; i < COUNT_OF(exceptions); i++) {
		if (strcmp(exceptions[i].name, scenario->name))
			continue;
		scenario->absorbed = exceptions[i].absorbed;
		scenario->also[0] = exceptions[i].also;
	}
}

/* ---- the child: one call ---- */

struct call_scenario {
	struct call call;
	uint64_t arguments[CALL_ARGUMENTS];
};

static bool begins_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static void prepare(void *context)
{
	struct call_scenario *scenario = context;

	call_prepare(&scenario->call, scenario->arguments);
	if (!strcmp(scenario->call.name, "NtCreateUserProcess"))
		scenario->arguments[7] = THREAD_CREATE_FLAGS_CREATE_SUSPENDED;
}

/* The first argument names the handle of something new, or opened. */
static void undo(void *context, NTSTATUS status)
{
	const struct call_scenario *scenario = context;
	const char *name = scenario->call.name;
	HANDLE handle;

	if (!NT_SUCCESS(status) || !(begins_with(name, "NtCreate") || begins_with(name, "NtOpen")))
		return;
	handle = *(HANDLE *)(uintptr_t)scenario->arguments[0];
	if (!strcmp(name, "NtCreateUserProcess")) {
		NtTerminateProcess(handle, STATUS_SUCCESS);
		NtWaitForSingleObject(handle, FALSE, NULL);
		NtClose(*(HANDLE *)(uintptr_t)scenario->arguments[1]);
	}
	if (!strcmp(name, "NtCreateThreadEx")) {
		NtTerminateThread(handle, STATUS_SUCCESS);
		NtWaitForSingleObject(handle, FALSE, NULL);
	}
	NtClose(handle);
}

static NTSTATUS perform(void *context)
{
	const struct call_scenario *scenario = context;

	return call_perform(&scenario->call, scenario->arguments);
}

static NTSTATUS try_call(const char *name)
{
	struct call_scenario context;
	struct scenario scenario = {.name = name,
				    .prepare = prepare,
				    .perform = perform,
				    .undo = undo,
				    .context = &context};

	if (!call_find(name, &context.call))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	calls_init();
	exceptions_apply(&scenario);
	scenario_run(&scenario);
	print("# %s: %u failures\n", name, failure_counts.failures);
	return (NTSTATUS)failure_counts.complaints;
}

/* ---- the parent ---- */

/* Calls that do not come back, or end the caller. */
static bool is_possible(const struct call *call)
{
	static const char *const impossible[] = {"NtShutdownSystem", "NtTerminateProcess",
						 "NtSuspendProcess", "NtTerminateThread",
						 "NtRaiseException",	"NtAreMappedFilesTheSame",
						 "NtMakePermanentObject"};

	for (size_t i = 0; i < COUNT_OF(impossible); i++)
		if (!strcmp(call->name, impossible[i]))
			return false;
	return true;
}

static void test_all(void)
{
	for (size_t i = 0; i < calls_count(); i++) {
		struct call call = call_at(i);
		char line[80];

		if (!is_possible(&call))
			continue;
		if (!call_is_known(&call)) {
			tap_ok(false, "%s has no valid arguments in calls*.c", call.name);
			continue;
		}
		format_text(line, sizeof(line), "call %s", call.name);
		tap_is_status(child_run_self(line), STATUS_SUCCESS, "%s with failures", call.name);
	}
}

int program_main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "call"))
		return try_call(argv[2]);
	tap_start("failures on purpose: every system call");
	if (!failures_begin())
		return tap_finish();
	test_all();
	chains_check();
	return tap_finish();
}

/*
 * fail_calls.c - every system call of syscalls.def, with valid arguments and variants of them,
 * meets every failure on its way.
 */
#include <string.h>

#include "fail_groups.h"
#include "format.h"

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
	{"NtSetInformationFile", 1u << QUIRE_FAIL_COPY_OUT, 0},
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

/* ---- one call ---- */

struct call_scenario {
	struct call call;
	const struct call_variant *variant; /* or NULL */
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
	for (size_t i = 0; scenario->variant && i < COUNT_OF(scenario->variant->changes); i++)
		if (scenario->variant->changes[i].index || scenario->variant->changes[i].value)
			scenario->arguments[scenario->variant->changes[i].index] =
				scenario->variant->changes[i].value;
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

static bool is_possible(const char *name)
{
	/* those that do not come back, end the caller, or cannot succeed for it */
	static const char *const impossible[] = {
		"NtShutdownSystem",	 "NtTerminateProcess", "NtSuspendProcess",
		"NtTerminateThread",	 "NtRaiseException",   "NtAreMappedFilesTheSame",
		"NtMakePermanentObject",
	};

	for (size_t i = 0; i < COUNT_OF(impossible); i++)
		if (!strcmp(name, impossible[i]))
			return false;
	return true;
}

bool fail_call_is_possible(const struct call *call)
{
	return is_possible(call->name);
}

NTSTATUS fail_call_run(const char *name)
{
	static struct call_scenario context;
	static char title[100];
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
	scenario.name = title;
	for (size_t i = 0; i < call_variants_count; i++) {
		context.variant = &call_variants[i];
		if (strcmp(context.variant->call, name))
			continue;
		format_text(title, sizeof(title), "%s, %s", name, context.variant->what);
		scenario_run(&scenario);
	}
	return (NTSTATUS)failure_counts.complaints;
}

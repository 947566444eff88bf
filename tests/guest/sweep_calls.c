/*
 * sweep_calls.c - each system call of syscalls.def as a path, with the valid arguments of calls.h:
 * a new call is swept as soon as it is there.
 */
#include <string.h>

#include "calls_valid.h"
#include "sweep.h"

static uint64_t arguments[CALL_ARGUMENTS];
static NTSTATUS status;

/* ---- what a call has made goes again ---- */

static void undo_first_handle(void)
{
	NtClose(*SLOT(0, HANDLE));
}

static void undo_fourth_handle(void)
{
	NtClose(*SLOT(3, HANDLE));
}

static void undo_thread(void)
{
	NtTerminateThread(*SLOT(0, HANDLE), STATUS_SUCCESS);
	NtWaitForSingleObject(*SLOT(0, HANDLE), FALSE, NULL);
	NtClose(*SLOT(0, HANDLE));
}

static void undo_process(void)
{
	NtTerminateProcess(*SLOT(0, HANDLE), STATUS_SUCCESS);
	NtWaitForSingleObject(*SLOT(0, HANDLE), FALSE, NULL);
	NtClose(*SLOT(0, HANDLE));
	NtClose(*SLOT(1, HANDLE));
}

static void undo_allocate(void)
{
	SIZE_T bytes = 0;

	NtFreeVirtualMemory(CURRENT_PROCESS, SLOT(1, PVOID), &bytes, MEM_RELEASE);
}

static void undo_map(void)
{
	view_drop(*SLOT(2, PVOID));
}

static void undo_map_ex(void)
{
	view_drop(*SLOT(2, PVOID));
}

static void undo_lock(void)
{
	NtUnlockVirtualMemory(CURRENT_PROCESS, SLOT(1, PVOID), SLOT(2, SIZE_T), 1);
}

static void undo_permanent(void)
{
	NtMakeTemporaryObject((HANDLE)(uintptr_t)arguments[0]);
}

static void undo_suspend(void)
{
	NtResumeThread((HANDLE)(uintptr_t)arguments[0], NULL);
}

static const struct {
	const char *name;
	void (*undo)(void);
} undos[] = {
	{"NtAllocateVirtualMemory", undo_allocate},
	{"NtAllocateVirtualMemoryEx", undo_allocate},
	{"NtCreateDirectoryObject", undo_first_handle},
	{"NtCreateEvent", undo_first_handle},
	{"NtCreateFile", undo_first_handle},
	{"NtCreateMutant", undo_first_handle},
	{"NtCreateProcess", undo_first_handle},
	{"NtCreateProcessEx", undo_first_handle},
	{"NtCreateSection", undo_first_handle},
	{"NtCreateSectionEx", undo_first_handle},
	{"NtCreateSemaphore", undo_first_handle},
	{"NtCreateSymbolicLinkObject", undo_first_handle},
	{"NtCreateThreadEx", undo_thread},
	{"NtCreateUserProcess", undo_process},
	{"NtDuplicateObject", undo_fourth_handle},
	{"NtLockVirtualMemory", undo_lock},
	{"NtMakePermanentObject", undo_permanent},
	{"NtMapViewOfSection", undo_map},
	{"NtMapViewOfSectionEx", undo_map_ex},
	{"NtOpenDirectoryObject", undo_first_handle},
	{"NtOpenEvent", undo_first_handle},
	{"NtOpenFile", undo_first_handle},
	{"NtOpenMutant", undo_first_handle},
	{"NtOpenProcess", undo_first_handle},
	{"NtOpenSection", undo_first_handle},
	{"NtOpenSemaphore", undo_first_handle},
	{"NtOpenSymbolicLinkObject", undo_first_handle},
	{"NtOpenThread", undo_first_handle},
	{"NtSuspendThread", undo_suspend},
};

/* Swept with other arguments (sweep_threads.c), or never, for the reason given. */
static const struct {
	const char *name, *why;
} elsewhere[] = {
	{"NtAlertResumeThread", "uses its thread up"},
	{"NtContinue", "by every exception path"},
	{"NtQueueApcThread", "apc to ourselves"},
	{"NtRaiseException", "raise"},
	{"NtResumeThread", "uses its thread up"},
	{"NtResumeProcess", "suspended process"},
	{"NtSetSystemInformation", "it is what arms the interrupt"},
	{"NtShutdownSystem", "ends the machine"},
	{"NtSuspendProcess", "suspended process"},
	{"NtTerminateProcess", "process start and end"},
	{"NtTerminateThread", "thread start and end"},
};

static bool is_elsewhere(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
		if (!strcmp(elsewhere[i].name, name))
			return true;
	return false;
}

static void prepare(const struct sweep_path *path)
{
	call_prepare(&path->call, arguments);
}

static uint64_t run(const struct sweep_path *path)
{
	status = call_perform(&path->call, arguments);
	return (uint32_t)status;
}

/* A hash of all that the call may have written. */
static uint64_t look(const struct sweep_path *path)
{
	uint64_t hash = 0xCBF29CE484222325ull;

	for (unsigned i = 0; i < path->call.argument_count; i++) {
		const struct call_parameter *parameter = &path->call.parameters[i];
		const uint8_t *bytes = (const uint8_t *)(uintptr_t)arguments[i];
		size_t count;

		if (!bytes || !parameter_is_written(parameter))
			continue;
		count = parameter_bytes(parameter, arguments);
		for (size_t j = 0; j < count && j < 256; j++)
			hash = (hash ^ bytes[j]) * 0x100000001B3ull;
	}
	return hash;
}

static void undo(const struct sweep_path *path)
{
	if (!NT_SUCCESS(status))
		return;
	for (size_t i = 0; i < COUNT_OF(undos); i++)
		if (!strcmp(undos[i].name, path->call.name))
			undos[i].undo();
}

bool sweep_call_path(size_t index, struct sweep_path *path)
{
	for (size_t i = 0; i < calls_count(); i++) {
		struct call call = call_at(i);

		if (is_elsewhere(call.name) || !call_is_known(&call) || index-- > 0)
			continue;
		*path = (struct sweep_path){
			.name = call.name,
			.prepare = prepare,
			.run = run,
			.look = look,
			.undo = undo,
			.is_long = !strncmp(call.name, "NtCreateProcess", 15) ||
				   !strcmp(call.name, "NtCreateUserProcess"),
			.call = call,
		};
		return true;
	}
	return false;
}

/*
 * victim.c - a thread or a process for a call to end (see victim.h).
 */
#include "victim.h"

#include <string.h>

#include "guest.h"

static NTSTATUS NTAPI victim_thread(PVOID argument)
{
	(void)argument;
	return STATUS_SUCCESS;
}

struct child victim_child(void)
{
	struct child child;
	UNICODE_STRING image;
	WCHAR path[260];
	NTSTATUS status = child_own_image(&image, path, COUNT_OF(path));

	if (NT_SUCCESS(status))
		status = child_start_with(&child, &image, "test victim", 0,
					  THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	if (!NT_SUCCESS(status))
		bail_out("a child", status);
	return child;
}

struct victim victim_make(const struct call *call, unsigned argument, uint64_t prepared)
{
	struct victim victim = {.handle = (HANDLE)(uintptr_t)prepared};

	if (!strcmp(call->parameters[argument].type, "Thread")) {
		victim.is_ours = NT_SUCCESS(NtCreateThreadEx(
			&victim.handle, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, victim_thread,
			NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED, 0, 0, 0, NULL));
	} else if (!strcmp(call->name, "NtSuspendProcess") ||
		   !strcmp(call->name, "NtResumeProcess") ||
		   !strcmp(call->name, "NtTerminateProcess")) {
		victim.child = victim_child();
		victim.handle = victim.child.process;
	}
	return victim;
}

void victim_end(const struct victim *victim)
{
	struct child child = victim->child;

	if (victim->is_ours) {
		NtTerminateThread(victim->handle, STATUS_SUCCESS);
		NtClose(victim->handle);
	}
	if (child.process) {
		NtTerminateProcess(child.process, STATUS_SUCCESS);
		child_close(&child);
	}
}

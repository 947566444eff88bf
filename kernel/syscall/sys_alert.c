/*
 * sys_alert.c - NtAlertThread, NtAlertThreadByThreadId, NtWaitForAlertByThreadId.
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"

NTSTATUS NtAlertThread(const uint64_t *arguments)
{
	struct user_thread *thread;
	NTSTATUS status = process_reference_by_handle(arguments[0], &thread_type, THREAD_ALERT,
						      &thread, NULL);

	if (!NT_SUCCESS(status))
		return status;
	thread_alert(&thread->thread);
	object_release(thread);
	return STATUS_SUCCESS;
}

NTSTATUS NtAlertThreadByThreadId(const uint64_t *arguments)
{
	return user_thread_alert_by_id(arguments[0]);
}

/* arguments[0] says what the caller waits for: it is for debuggers, and nothing is read from it. */
NTSTATUS NtWaitForAlertByThreadId(const uint64_t *arguments)
{
	int64_t timeout;
	NTSTATUS status = STATUS_SUCCESS;

	if (arguments[1])
		status = copy_in(&timeout, arguments[1], sizeof(timeout));
	if (!NT_SUCCESS(status))
		return status;
	return thread_wait_for_alert_by_id(arguments[1] ? &timeout : NULL);
}

/*
 * sys_thread_control.c - stopping threads and changing what they do: NtSuspend- and NtResumeThread,
 * NtSuspend- and NtResumeProcess, NtGet- and NtSetContextThread, NtContinue, NtRaiseException,
 * NtQueueApcThread, NtTestAlert, NtAlertResumeThread.
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"

/* ---- suspension ---- */

/* The thread and where its previous count goes; probed before the handle is looked up. */
static NTSTATUS suspension_open(const uint64_t *arguments, struct user_thread **thread)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (arguments[1])
		status = probe_write(arguments[1], sizeof(uint32_t));
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &thread_type,
						     THREAD_SUSPEND_RESUME, thread, NULL);
	return status;
}

static NTSTATUS count_write(vaddr_t address, uint32_t count)
{
	return address ? copy_out(address, &count, sizeof(count)) : STATUS_SUCCESS;
}

NTSTATUS NtSuspendThread(const uint64_t *arguments)
{
	struct user_thread *thread;
	uint32_t count;
	NTSTATUS status = suspension_open(arguments, &thread);

	if (!NT_SUCCESS(status))
		return status;
	status = user_thread_suspend(thread, &count);
	object_release(thread);
	return NT_SUCCESS(status) ? count_write(arguments[1], count) : status;
}

static NTSTATUS resume_perform(const uint64_t *arguments, bool alert)
{
	struct user_thread *thread;
	uint32_t count;
	NTSTATUS status = suspension_open(arguments, &thread);

	if (!NT_SUCCESS(status))
		return status;
	if (alert)
		thread_alert(&thread->thread);
	user_thread_resume(thread, &count);
	object_release(thread);
	return count_write(arguments[1], count);
}

NTSTATUS NtResumeThread(const uint64_t *arguments)
{
	return resume_perform(arguments, false);
}

/* The alert comes first: the thread has it when it runs. */
NTSTATUS NtAlertResumeThread(const uint64_t *arguments)
{
	return resume_perform(arguments, true);
}

static NTSTATUS process_perform(handle_t handle, NTSTATUS (*perform)(struct process *process))
{
	struct process *process;
	NTSTATUS status = process_reference_by_handle(handle, &process_type, PROCESS_SUSPEND_RESUME,
						      &process, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = perform(process);
	object_release(process);
	return status;
}

NTSTATUS NtSuspendProcess(const uint64_t *arguments)
{
	return process_perform(arguments[0], process_suspend);
}

NTSTATUS NtResumeProcess(const uint64_t *arguments)
{
	return process_perform(arguments[0], process_resume);
}

/* ---- registers ---- */

NTSTATUS NtGetContextThread(const uint64_t *arguments)
{
	struct nt_context *context = &user_thread_current()->exchange.context;
	struct user_thread *thread;
	NTSTATUS status = probe_write(arguments[1], sizeof(*context));

	if (NT_SUCCESS(status))
		status = copy_in(context, arguments[1], sizeof(*context));
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &thread_type, THREAD_GET_CONTEXT,
						     &thread, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = user_thread_context_read(thread, context);
	object_release(thread);
	return NT_SUCCESS(status) ? copy_out(arguments[1], context, sizeof(*context)) : status;
}

NTSTATUS NtSetContextThread(const uint64_t *arguments)
{
	struct nt_context *context = &user_thread_current()->exchange.context;
	struct user_thread *thread;
	NTSTATUS status = copy_in(context, arguments[1], sizeof(*context));

	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &thread_type, THREAD_SET_CONTEXT,
						     &thread, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = user_thread_context_write(thread, context);
	object_release(thread);
	return status;
}

/* ---- exceptions ---- */

NTSTATUS NtContinue(const uint64_t *arguments)
{
	NTSTATUS status = user_context_continue(arguments[0]);

	if (NT_SUCCESS(status) && (uint8_t)arguments[1])
		user_apc_allow();
	return status;
}

NTSTATUS NtRaiseException(const uint64_t *arguments)
{
	return user_exception_raise(arguments[0], arguments[1], (uint8_t)arguments[2]);
}

/* ---- calls queued to a thread ---- */

NTSTATUS NtQueueApcThread(const uint64_t *arguments)
{
	struct user_thread *thread;
	NTSTATUS status = process_reference_by_handle(arguments[0], &thread_type,
						      THREAD_SET_CONTEXT, &thread, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = user_apc_queue(thread, arguments[1], arguments + 2);
	object_release(thread);
	return status;
}

NTSTATUS NtTestAlert(const uint64_t *arguments)
{
	(void)arguments;
	user_apc_allow();
	return thread_test_alert();
}

/*
 * sys_thread.c - NtCreateThreadEx, NtTerminateThread, NtYieldExecution, NtDelayExecution.
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"
#include "ps_attributes.h"

/*
 * NT's other flags: debugger and loader matters that do not exist here; accepted, without effect.
 */
#define THREAD_FLAGS_IGNORED 0x6u

struct thread_creation {
	vaddr_t handle_address;
	access_mask_t access;
	uint32_t attributes; /* OBJ_INHERIT */
	uint32_t flags;
	handle_t handle; /* once it is given */
	struct ps_attributes list;
	struct thread_request request;
};

static NTSTATUS thread_creation_capture(const uint64_t *arguments, struct thread_creation *creation)
{
	NTSTATUS status =
		object_map_access(&thread_type, (access_mask_t)arguments[1], &creation->access);

	if (!NT_SUCCESS(status))
		return status;
	if (creation->flags & ~(THREAD_CREATE_FLAGS_CREATE_SUSPENDED | THREAD_FLAGS_IGNORED))
		return STATUS_INVALID_PARAMETER_7;
	status = probe_write(creation->handle_address, sizeof(handle_t));
	if (NT_SUCCESS(status))
		status = unnamed_capture(arguments[2], &creation->attributes);
	return NT_SUCCESS(status) ? ps_attributes_capture(arguments[10], &creation->list) : status;
}

static NTSTATUS thread_publish(struct user_thread *thread, void *context)
{
	struct thread_creation *creation = context;
	NTSTATUS status = ps_attributes_write(&creation->list, thread);

	if (NT_SUCCESS(status))
		status = handle_insert(&process_current()->handles, thread, creation->access,
				       creation->attributes, &creation->handle);
	if (NT_SUCCESS(status))
		status = copy_out(creation->handle_address, &creation->handle, sizeof(handle_t));
	return status;
}

static NTSTATUS thread_creation_perform(struct thread_creation *creation)
{
	struct user_thread *thread;
	uint32_t previous_count;
	NTSTATUS status;

	creation->request.publish = thread_publish;
	creation->request.context = creation;
	status = user_thread_create(&creation->request, &thread);
	if (!NT_SUCCESS(status)) {
		handle_take_back(creation->handle);
		return status;
	}
	if (!(creation->flags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED))
		user_thread_resume(thread, &previous_count);
	object_release(thread);
	return status;
}

NTSTATUS NtCreateThreadEx(const uint64_t *arguments)
{
	struct thread_creation creation = {
		.handle_address = arguments[0],
		.flags = (uint32_t)arguments[6],
		.request =
			{
				.start = arguments[4],
				.argument = arguments[5],
				.stack_commit_bytes = arguments[8],
				.stack_reserve_bytes = arguments[9],
			},
	};
	NTSTATUS status = thread_creation_capture(arguments, &creation);

	if (!NT_SUCCESS(status))
		return status;
	status = process_reference_by_handle(arguments[3], &process_type, PROCESS_CREATE_THREAD,
					     &creation.request.process, NULL);
	if (NT_SUCCESS(status)) {
		status = thread_creation_perform(&creation);
		object_release(creation.request.process);
	}
	ps_attributes_release(&creation.list);
	return status;
}

NTSTATUS NtTerminateThread(const uint64_t *arguments)
{
	handle_t handle = arguments[0] ? arguments[0] : CURRENT_THREAD;
	struct user_thread *thread;
	NTSTATUS status =
		process_reference_by_handle(handle, &thread_type, THREAD_TERMINATE, &thread, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = user_thread_terminate(thread, (NTSTATUS)arguments[1]);
	object_release(thread);
	return status;
}

NTSTATUS NtYieldExecution(const uint64_t *arguments)
{
	(void)arguments;
	thread_yield();
	return STATUS_SUCCESS;
}

NTSTATUS NtDelayExecution(const uint64_t *arguments)
{
	int64_t interval;
	NTSTATUS status = copy_in(&interval, arguments[1], sizeof(interval));

	if (!NT_SUCCESS(status))
		return status;
	return user_wait_result(timeout_sleep_alertable(&interval, (uint8_t)arguments[0]));
}

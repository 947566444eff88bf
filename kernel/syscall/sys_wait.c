/*
 * sys_wait.c - NtWaitForSingleObject, NtWaitForMultipleObjects, NtSignalAndWaitForSingleObject. How
 * waits work: kernel/core/dispatcher.h.
 */
#include "syscall.h"

#include "kernel/core/pool.h"
#include "kernel/mm/user_memory.h"
#include "kernel/object/synchronization.h"

/* The time-out at `address`, or none; *timeout points to *value then. */
static NTSTATUS timeout_capture(vaddr_t address, int64_t *value, const int64_t **timeout)
{
	*timeout = NULL;
	if (!address)
		return STATUS_SUCCESS;
	*timeout = value;
	return copy_in(value, address, sizeof(*value));
}

/* An object that can be waited for, by a handle that allows it: a reference. */
static NTSTATUS waited_reference(handle_t handle, struct waitable **waitable)
{
	struct object *object;
	NTSTATUS status = process_reference_by_handle(handle, NULL, SYNCHRONIZE, &object, NULL);

	if (!NT_SUCCESS(status))
		return status;
	if (!object->type->waitable) {
		object_release(object);
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	*waitable = waitable_of(object);
	return STATUS_SUCCESS;
}

static void waited_release(struct waitable *waitable)
{
	object_release((char *)waitable - offsetof(struct waitable_object, waitable));
}

NTSTATUS NtWaitForSingleObject(const uint64_t *arguments)
{
	struct wait_block block;
	struct wait_request request = {
		.blocks = &block,
		.count = 1,
		.type = WAIT_ANY,
		.alertable = (uint8_t)arguments[1],
	};
	int64_t timeout;
	NTSTATUS status = timeout_capture(arguments[2], &timeout, &request.timeout);

	if (NT_SUCCESS(status))
		status = waited_reference(arguments[0], &block.waitable);
	if (!NT_SUCCESS(status))
		return status;
	status = user_wait_result(wait_for(&request));
	waited_release(block.waitable);
	return status;
}

/* ---- several objects ---- */

/* References the first objects up to one that fails; *count: how many there are then. */
static NTSTATUS waited_reference_all(const handle_t *handles, struct wait_request *request,
				     unsigned *count)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (*count = 0; *count < request->count; (*count)++) {
		status = waited_reference(handles[*count], &request->blocks[*count].waitable);
		if (!NT_SUCCESS(status))
			break;
	}
	return status;
}

static bool has_duplicate(const struct wait_request *request)
{
	for (unsigned i = 0; i < request->count; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (request->blocks[i].waitable == request->blocks[j].waitable)
				return true;
		}
	}
	return false;
}

static NTSTATUS wait_for_handles(const handle_t *handles, struct wait_request *request)
{
	const size_t size_bytes = request->count * sizeof(*request->blocks);
	unsigned count;
	NTSTATUS status;

	request->blocks = pool_alloc(size_bytes);
	if (!request->blocks)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = waited_reference_all(handles, request, &count);
	if (NT_SUCCESS(status) && request->type == WAIT_ALL && has_duplicate(request))
		status = STATUS_INVALID_PARAMETER_MIX;
	if (NT_SUCCESS(status))
		status = user_wait_result(wait_for(request));
	while (count > 0)
		waited_release(request->blocks[--count].waitable);
	pool_free(request->blocks, size_bytes);
	return status;
}

NTSTATUS NtWaitForMultipleObjects(const uint64_t *arguments)
{
	handle_t handles[WAIT_MAX_OBJECTS];
	uint32_t type = (uint32_t)arguments[2];
	struct wait_request request = {
		.count = (uint32_t)arguments[0],
		.type = (enum wait_type)type,
		.alertable = (uint8_t)arguments[3],
	};
	int64_t timeout;
	NTSTATUS status;

	if (request.count == 0 || request.count > WAIT_MAX_OBJECTS)
		return STATUS_INVALID_PARAMETER_1;
	if (type != WAIT_ALL && type != WAIT_ANY)
		return STATUS_INVALID_PARAMETER_3;
	status = timeout_capture(arguments[4], &timeout, &request.timeout);
	if (NT_SUCCESS(status))
		status = copy_in(handles, arguments[1], request.count * sizeof(handles[0]));
	return NT_SUCCESS(status) ? wait_for_handles(handles, &request) : status;
}

/* ---- signal and wait ---- */

/* With a reference to the object that is signaled: the other one, the checks, the operation. */
static NTSTATUS signal_and_wait_with(struct object *object, access_mask_t granted, handle_t handle,
				     struct wait_request *request)
{
	struct signal_request signal;
	NTSTATUS status = waited_reference(handle, &request->blocks[0].waitable);

	if (!NT_SUCCESS(status))
		return status;
	status = synchronization_signal(object, granted, &signal);
	if (NT_SUCCESS(status))
		status = user_wait_result(signal_and_wait(&signal, request));
	waited_release(request->blocks[0].waitable);
	return status;
}

NTSTATUS NtSignalAndWaitForSingleObject(const uint64_t *arguments)
{
	struct wait_block block;
	struct wait_request request = {
		.blocks = &block,
		.count = 1,
		.type = WAIT_ANY,
		.alertable = (uint8_t)arguments[2],
	};
	struct object *object;
	access_mask_t granted;
	int64_t timeout;
	NTSTATUS status = timeout_capture(arguments[3], &timeout, &request.timeout);

	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], NULL, 0, &object, &granted);
	if (!NT_SUCCESS(status))
		return status;
	status = signal_and_wait_with(object, granted, arguments[1], &request);
	object_release(object);
	return status;
}

/*
 * sys_object.c - NtClose, NtDuplicateObject, NtWaitForSingleObject (nt-semantics 6.1, 6.2).
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/mm/user_memory.h"

/*
 * Pseudo handles -1 .. -6 (process, thread, session, tokens): closing them succeeds and does
 * nothing.
 */
#define PSEUDO_HANDLE_LOWEST ((handle_t)-6)

NTSTATUS NtClose(const uint64_t *arguments)
{
	if (arguments[0] >= PSEUDO_HANDLE_LOWEST)
		return STATUS_SUCCESS;
	return handle_close(&process_current()->handles, arguments[0]);
}

/* ---- duplicate ---- */

struct duplication {
	struct process *source_process, *target_process; /* target NULL: only close the source */
	handle_t source;
	vaddr_t result_address; /* 0: nobody wants to know the new handle */
	access_mask_t access;
	uint32_t attributes, options;
};

/* The object behind a handle of `process`; -1 is that process, -2 the calling thread. */
static NTSTATUS source_reference(struct process *process, handle_t handle, struct object **object,
				 access_mask_t *granted)
{
	if (handle == CURRENT_PROCESS) {
		object_reference(process);
		*object = &process->header;
		*granted = PROCESS_ALL_ACCESS;
		return STATUS_SUCCESS;
	}
	if (handle == CURRENT_THREAD)
		return process_reference_by_handle(handle, NULL, 0, object, granted);
	return handle_reference(&process->handles, handle, NULL, 0, object, granted);
}

/*
 * What the new handle may do. More than the source is refused for files, whose rights come from the
 * open; other objects carry no security descriptor, so they grant whatever their type knows.
 */
static NTSTATUS duplicate_access(const struct duplication *duplication, const struct object *object,
				 access_mask_t granted, access_mask_t *result)
{
	NTSTATUS status;

	if (duplication->options & DUPLICATE_SAME_ACCESS) {
		*result = granted;
		return STATUS_SUCCESS;
	}
	status = object_map_access(object->type, duplication->access, result);
	if (NT_SUCCESS(status) && object->type == &file_type && (*result & ~granted))
		status = STATUS_ACCESS_DENIED;
	return status;
}

static uint32_t duplicate_attributes(const struct duplication *duplication)
{
	struct handle_information information;

	if (!(duplication->options & DUPLICATE_SAME_ATTRIBUTES))
		return duplication->attributes & (OBJ_INHERIT | OBJ_PROTECT_CLOSE);
	if (!NT_SUCCESS(handle_query(&duplication->source_process->handles, duplication->source,
				     &information)))
		return 0; /* a pseudo handle, or closed meanwhile */
	return information.attributes;
}

static NTSTATUS duplicate_insert(const struct duplication *duplication, struct object *object,
				 access_mask_t access)
{
	struct handle_table *table = &duplication->target_process->handles;
	handle_t handle;
	NTSTATUS status =
		handle_insert(table, object, access, duplicate_attributes(duplication), &handle);

	if (!NT_SUCCESS(status) || !duplication->result_address)
		return status;
	status = copy_out(duplication->result_address, &handle, sizeof(handle));
	if (!NT_SUCCESS(status)) {
		NTSTATUS close_status = handle_close(table, handle);

		(void)close_status; /* protected, or closed by its owner already */
	}
	return status;
}

static NTSTATUS duplicate_perform(const struct duplication *duplication)
{
	struct object *object;
	access_mask_t granted, access;
	NTSTATUS status = source_reference(duplication->source_process, duplication->source,
					   &object, &granted);

	if (!NT_SUCCESS(status))
		return status;
	if (duplication->target_process) {
		status = duplicate_access(duplication, object, granted, &access);
		if (NT_SUCCESS(status))
			status = duplicate_insert(duplication, object, access);
	}
	object_release(object);
	if (duplication->options & DUPLICATE_CLOSE_SOURCE) {
		/*
		 * Closed even if the duplication failed; a protected one stays, and that is no
		 * failure.
		 */
		NTSTATUS close_status =
			handle_close(&duplication->source_process->handles, duplication->source);

		(void)close_status;
	}
	return status;
}

/* *TargetHandle is probed, and zero unless the call succeeds (C7). */
static NTSTATUS duplicate_probe(vaddr_t result_address)
{
	handle_t none = 0;

	return result_address ? copy_out(result_address, &none, sizeof(none)) : STATUS_SUCCESS;
}

NTSTATUS NtDuplicateObject(const uint64_t *arguments)
{
	struct duplication duplication = {
		.source = arguments[1],
		.result_address = arguments[3],
		.access = (access_mask_t)arguments[4],
		.attributes = (uint32_t)arguments[5],
		.options = (uint32_t)arguments[6],
	};
	NTSTATUS status = duplicate_probe(duplication.result_address);

	if (!NT_SUCCESS(status))
		return status;
	if (!arguments[2] && !(duplication.options & DUPLICATE_CLOSE_SOURCE))
		return STATUS_INVALID_PARAMETER;
	status = process_reference_by_handle(arguments[0], &process_type, PROCESS_DUP_HANDLE,
					     &duplication.source_process, NULL);
	if (!NT_SUCCESS(status))
		return status;
	if (arguments[2])
		status =
			process_reference_by_handle(arguments[2], &process_type, PROCESS_DUP_HANDLE,
						    &duplication.target_process, NULL);
	if (NT_SUCCESS(status))
		status = duplicate_perform(&duplication);
	if (duplication.target_process)
		object_release(duplication.target_process);
	object_release(duplication.source_process);
	return status;
}

/* ---- wait ---- */

NTSTATUS NtWaitForSingleObject(const uint64_t *arguments)
{
	vaddr_t timeout_address = arguments[2];
	bool alertable = (uint8_t)arguments[1];
	struct object *object;
	int64_t timeout = 0;
	NTSTATUS status = STATUS_SUCCESS;

	if (timeout_address)
		status = copy_in(&timeout, timeout_address, sizeof(timeout));
	if (NT_SUCCESS(status))
		status =
			process_reference_by_handle(arguments[0], NULL, SYNCHRONIZE, &object, NULL);
	if (!NT_SUCCESS(status))
		return status;
	wait_alertable_begin(alertable);
	status = object->type->waitable ? waitable_wait(object, timeout_address ? &timeout : NULL)
					: STATUS_OBJECT_TYPE_MISMATCH;
	status = wait_alertable_end(alertable, status);
	object_release(object);
	return status;
}

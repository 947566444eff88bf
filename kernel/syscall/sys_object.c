/*
 * sys_object.c - NtClose, NtDuplicateObject, NtCompareObjects, NtMakeTemporaryObject,
 * NtMakePermanentObject (nt-semantics 6.1, 6.2, 6.5, 6.6).
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/mm/user_memory.h"
#include "kernel/object/namespace.h"

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

/*
 * The object behind a handle of `process`, opened (handle_open); -1 is that process, -2 the calling
 * thread.
 */
static NTSTATUS source_open(struct process *process, handle_t handle, struct object **object,
			    struct handle_information *source)
{
	if (handle != CURRENT_PROCESS && handle != CURRENT_THREAD)
		return handle_open(&process->handles, handle, object, source);
	*object = handle == CURRENT_PROCESS ? &process->header : &user_thread_current()->header;
	*source = (struct handle_information){
		.granted = handle == CURRENT_PROCESS ? PROCESS_ALL_ACCESS : THREAD_ALL_ACCESS};
	object_handle_opened(*object);
	return STATUS_SUCCESS;
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

static uint32_t duplicate_attributes(const struct duplication *duplication,
				     const struct handle_information *source)
{
	if (duplication->options & DUPLICATE_SAME_ATTRIBUTES)
		return source->attributes;
	return duplication->attributes & (OBJ_INHERIT | OBJ_PROTECT_CLOSE);
}

static NTSTATUS duplicate_insert(const struct duplication *duplication, struct object *object,
				 const struct handle_information *result)
{
	struct handle_table *table = &duplication->target_process->handles;
	handle_t handle;
	NTSTATUS status =
		handle_insert(table, object, result->granted, result->attributes, &handle);

	if (!NT_SUCCESS(status) || !duplication->result_address)
		return status;
	status = copy_out(duplication->result_address, &handle, sizeof(handle));
	if (!NT_SUCCESS(status)) {
		NTSTATUS close_status = handle_close(table, handle);

		(void)close_status; /* protected, or closed by its owner already */
	}
	return status;
}

static NTSTATUS duplicate_into_target(const struct duplication *duplication)
{
	struct handle_information source, result;
	struct object *object;
	NTSTATUS status =
		source_open(duplication->source_process, duplication->source, &object, &source);

	if (!NT_SUCCESS(status))
		return status;
	result.attributes = duplicate_attributes(duplication, &source);
	if (duplication->target_process) {
		status = duplicate_access(duplication, object, source.granted, &result.granted);
		if (NT_SUCCESS(status))
			status = duplicate_insert(duplication, object, &result);
	}
	object_handle_closed(object);
	return status;
}

static NTSTATUS duplicate_perform(struct duplication *duplication, handle_t target)
{
	NTSTATUS status = STATUS_SUCCESS, close_status;

	if (target)
		status = process_reference_by_handle(target, &process_type, PROCESS_DUP_HANDLE,
						     &duplication->target_process, NULL);
	if (NT_SUCCESS(status))
		status = duplicate_into_target(duplication);
	if (duplication->options & DUPLICATE_CLOSE_SOURCE) {
		/*
		 * Closed even if the duplication failed; a protected one stays, and that is no
		 * failure.
		 */
		close_status =
			handle_close(&duplication->source_process->handles, duplication->source);
		(void)close_status;
	}
	if (duplication->target_process)
		object_release(duplication->target_process);
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
	status = duplicate_perform(&duplication, arguments[2]);
	object_release(duplication.source_process);
	return status;
}

/* ---- compare ---- */

NTSTATUS NtCompareObjects(const uint64_t *arguments)
{
	struct object *first, *second;
	NTSTATUS status = process_reference_by_handle(arguments[0], NULL, 0, &first, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = process_reference_by_handle(arguments[1], NULL, 0, &second, NULL);
	if (NT_SUCCESS(status)) {
		status = first == second ? STATUS_SUCCESS : STATUS_NOT_SAME_OBJECT;
		object_release(second);
	}
	object_release(first);
	return status;
}

/* ---- permanence ---- */

/*
 * The name is to go with the last handle. Permanent objects are the system's own, for no program
 * holds the privilege to make one, and stay; every other one is temporary already.
 */
NTSTATUS NtMakeTemporaryObject(const uint64_t *arguments)
{
	struct object *object;
	NTSTATUS status =
		process_reference_by_handle(arguments[0], NULL, DELETE_ACCESS, &object, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = namespace_flags(object) & OBJ_PERMANENT ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
	object_release(object);
	return status;
}

/* No right is needed, but a privilege, and no program has any. */
NTSTATUS NtMakePermanentObject(const uint64_t *arguments)
{
	struct object *object;
	NTSTATUS status = process_reference_by_handle(arguments[0], NULL, 0, &object, NULL);

	if (!NT_SUCCESS(status))
		return status;
	object_release(object);
	return STATUS_PRIVILEGE_NOT_HELD;
}

/*
 * sys_process.c - NtCreateUserProcess, NtOpenProcess, NtTerminateProcess.
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/core/log.h"
#include "kernel/mm/user_memory.h"
#include "kernel/process/parameters.h"
#include "ps_attributes.h"

/* PS_CREATE_INFO: its size, and the state that the kernel answers with. */
#define CREATE_INFO_LEAST_BYTES 16u
#define CREATE_INFO_STATE 8u
#define CREATE_STATE_SUCCESS 6u

#define PROCESS_FLAGS_KNOWN PROCESS_CREATE_FLAGS_INHERIT_HANDLES
#define THREAD_FLAGS_KNOWN THREAD_CREATE_FLAGS_CREATE_SUSPENDED

/* What NtCreateUserProcess has captured. */
struct creation {
	vaddr_t process_handle, thread_handle; /* where the handles go */
	access_mask_t process_access, thread_access;
	uint32_t process_attributes, thread_attributes; /* OBJ_INHERIT */
	uint32_t process_flags, thread_flags;
	vaddr_t create_info; /* 0: none */
	struct ps_attributes list;
	struct parameter_block parameters;
	handle_t handles[2]; /* of the process and the thread, once they are given */
};

NTSTATUS unnamed_capture(vaddr_t address, uint32_t *attributes)
{
	struct captured_attributes captured;
	bool is_named;
	NTSTATUS status = attributes_capture(address, CAPTURE_CREATE, &captured);

	if (!NT_SUCCESS(status))
		return status;
	is_named = captured.is_named;
	*attributes = captured.name.attributes & OBJ_INHERIT;
	attributes_release(&captured);
	return is_named ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static NTSTATUS create_info_capture(vaddr_t address)
{
	uint64_t size_bytes;
	NTSTATUS status;

	if (!address)
		return STATUS_SUCCESS;
	status = copy_in(&size_bytes, address, sizeof(size_bytes));
	if (!NT_SUCCESS(status))
		return status;
	if (size_bytes < CREATE_INFO_LEAST_BYTES)
		return STATUS_INVALID_PARAMETER;
	return probe_write(address, CREATE_INFO_LEAST_BYTES);
}

static NTSTATUS create_info_write(vaddr_t address)
{
	uint32_t state = CREATE_STATE_SUCCESS;

	return address ? copy_out(address + CREATE_INFO_STATE, &state, sizeof(state))
		       : STATUS_SUCCESS;
}

static NTSTATUS creation_check_values(const uint64_t *arguments, struct creation *creation)
{
	NTSTATUS status = object_map_access(&process_type, (access_mask_t)arguments[2],
					    &creation->process_access);

	if (NT_SUCCESS(status))
		status = object_map_access(&thread_type, (access_mask_t)arguments[3],
					   &creation->thread_access);
	if (creation->process_flags & ~PROCESS_FLAGS_KNOWN)
		return STATUS_INVALID_PARAMETER_7;
	if (creation->thread_flags & ~THREAD_FLAGS_KNOWN)
		return STATUS_INVALID_PARAMETER_8;
	return status;
}

/*
 * Everything that is read from the user; on success creation->list and ->parameters are to be
 * released.
 */
static NTSTATUS creation_capture(const uint64_t *arguments, struct creation *creation)
{
	NTSTATUS status = probe_write(creation->process_handle, sizeof(handle_t));

	if (NT_SUCCESS(status))
		status = probe_write(creation->thread_handle, sizeof(handle_t));
	if (NT_SUCCESS(status))
		status = unnamed_capture(arguments[4], &creation->process_attributes);
	if (NT_SUCCESS(status))
		status = unnamed_capture(arguments[5], &creation->thread_attributes);
	if (NT_SUCCESS(status))
		status = create_info_capture(creation->create_info);
	if (NT_SUCCESS(status))
		status = arguments[8] ? parameters_capture(arguments[8], &creation->parameters)
				      : STATUS_INVALID_PARAMETER;
	if (!NT_SUCCESS(status))
		return status;
	status = ps_attributes_capture(arguments[10], &creation->list);
	if (NT_SUCCESS(status) && !creation->list.image_name.characters) {
		ps_attributes_release(&creation->list);
		status = STATUS_INVALID_PARAMETER;
	}
	if (!NT_SUCCESS(status))
		parameters_free(&creation->parameters);
	return status;
}

/* The program's file, open as NT opens it: nobody may write to it meanwhile. */
static NTSTATUS image_open(const struct captured_text *text, struct file_object **file)
{
	struct object_name name = {
		.text = text->characters,
		.chars = text->size_bytes / sizeof(uint16_t),
		.attributes = OBJ_CASE_INSENSITIVE,
	};
	struct file_open open = {
		.access = SYNCHRONIZE | FILE_READ_DATA | FILE_EXECUTE,
		.share = FILE_SHARE_READ | FILE_SHARE_DELETE,
		.disposition = FILE_OPEN,
		.options = FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE,
	};
	NTSTATUS status = namespace_lookup(&name, &file_type, &open, (struct object **)file);

	if (NT_SUCCESS(status) && (*file)->kind != FILE_OBJECT_FILE) {
		object_release(*file);
		status = STATUS_INVALID_IMAGE_FORMAT;
	}
	return status;
}

static NTSTATUS creation_parent(const struct creation *creation, struct process **parent)
{
	if (creation->list.parent_process)
		return process_reference_by_handle(creation->list.parent_process, &process_type,
						   PROCESS_CREATE_PROCESS, parent, NULL);
	*parent = process_current();
	object_reference(*parent);
	return STATUS_SUCCESS;
}

/* Handles and other results: the last thing that may fail. */
static NTSTATUS creation_publish(struct user_thread *thread, void *context)
{
	struct creation *creation = context;
	struct handle_table *table = &process_current()->handles;
	handle_t *handles = creation->handles;
	NTSTATUS status = ps_attributes_write(&creation->list, thread);

	if (NT_SUCCESS(status))
		status = create_info_write(creation->create_info);
	if (NT_SUCCESS(status))
		status = handle_insert(table, thread->process, creation->process_access,
				       creation->process_attributes, &handles[0]);
	if (NT_SUCCESS(status))
		status = handle_insert(table, thread, creation->thread_access,
				       creation->thread_attributes, &handles[1]);
	if (NT_SUCCESS(status))
		status = copy_out(creation->process_handle, &handles[0], sizeof(handle_t));
	if (NT_SUCCESS(status))
		status = copy_out(creation->thread_handle, &handles[1], sizeof(handle_t));
	return status;
}

/* The process and its first thread, suspended; a reference in the thread. */
static NTSTATUS creation_build(struct creation *creation, struct file_object *image,
			       struct user_thread **thread)
{
	struct process_request request = {
		.image = image->node,
		.inherit_handles = creation->process_flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
		.parameters = &creation->parameters,
	};
	struct thread_request thread_request = {
		.is_first = true, .publish = creation_publish, .context = creation};
	struct process *process;
	NTSTATUS status = creation_parent(creation, &request.parent);

	if (!NT_SUCCESS(status))
		return status;
	status = process_create(&request, &process);
	object_release(request.parent);
	if (!NT_SUCCESS(status))
		return status;
	thread_request.process = process;
	status = user_thread_create(&thread_request, thread);
	if (NT_SUCCESS(status)) {
		object_release(process); /* the thread keeps it */
		return status;
	}
	for (size_t i = 0; i < 2; i++)
		handle_take_back(creation->handles[i]);
	process_abandon(process);
	return status;
}

static NTSTATUS creation_perform(struct creation *creation)
{
	struct file_object *image;
	struct user_thread *thread;
	uint32_t previous_count;
	NTSTATUS status = image_open(&creation->list.image_name, &image);

	if (!NT_SUCCESS(status))
		return status;
	status = creation_build(creation, image, &thread);
	object_release(image);
	if (!NT_SUCCESS(status))
		return status;
	if (!(creation->thread_flags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED))
		user_thread_resume(thread, &previous_count);
	object_release(thread);
	return status;
}

NTSTATUS NtCreateUserProcess(const uint64_t *arguments)
{
	struct creation creation = {
		.process_handle = arguments[0],
		.thread_handle = arguments[1],
		.process_flags = (uint32_t)arguments[6],
		.thread_flags = (uint32_t)arguments[7],
		.create_info = arguments[9],
	};
	static atomic_bool program_stage_logged;
	NTSTATUS status = creation_check_values(arguments, &creation);

	if (NT_SUCCESS(status))
		status = creation_capture(arguments, &creation);
	if (!NT_SUCCESS(status))
		return status;
	if (!atomic_exchange(&program_stage_logged, true))
		log_stage("program");
	status = creation_perform(&creation);
	ps_attributes_release(&creation.list);
	parameters_free(&creation.parameters);
	return status;
}

/* ---- open, terminate ---- */

/* The process of a client id; a thread id, if given, must be one of its threads'. */
static NTSTATUS process_of_client_id(const struct nt_client_id *id, struct process **result)
{
	struct user_thread *thread;
	NTSTATUS status = process_reference_by_id(id->process, result);

	if (!NT_SUCCESS(status) || !id->thread)
		return status;
	status = user_thread_reference_by_id(id->process, id->thread, &thread);
	if (NT_SUCCESS(status))
		object_release(thread);
	else
		object_release(*result);
	return status;
}

NTSTATUS NtOpenProcess(const uint64_t *arguments)
{
	vaddr_t handle_address = arguments[0], id_address = arguments[3];
	struct nt_object_attributes attributes;
	struct nt_client_id id;
	struct process *process;
	access_mask_t granted;
	NTSTATUS status = probe_write(handle_address, sizeof(handle_t));

	if (NT_SUCCESS(status))
		status = copy_in(&attributes, arguments[2], sizeof(attributes));
	if (!NT_SUCCESS(status))
		return status;
	/* By id alone: processes have no names. */
	if (!id_address || attributes.object_name)
		return STATUS_INVALID_PARAMETER_MIX;
	status = copy_in(&id, id_address, sizeof(id));
	if (NT_SUCCESS(status))
		status = process_of_client_id(&id, &process);
	if (!NT_SUCCESS(status))
		return status;
	status = object_map_access(&process_type, (access_mask_t)arguments[1], &granted);
	if (NT_SUCCESS(status))
		status = handle_give(process, granted, attributes.attributes & OBJ_INHERIT,
				     handle_address);
	object_release(process);
	return status;
}

NTSTATUS NtTerminateProcess(const uint64_t *arguments)
{
	handle_t handle = arguments[0];
	NTSTATUS exit_status = (NTSTATUS)arguments[1], status;
	struct process *process;

	if (!handle)
		return process_terminate_others(exit_status);
	status = process_reference_by_handle(handle, &process_type, PROCESS_TERMINATE, &process,
					     NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = process_terminate(process, exit_status);
	object_release(process);
	return status;
}

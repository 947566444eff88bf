/*
 * sys_bare_process.c - NtCreateProcess and NtCreateProcessEx: a process without a thread, from an
 * image section or as a copy of its parent (nt-semantics 3.4.6).
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"

/* The two calls differ in their fifth argument only. */
struct bare_creation {
	vaddr_t handle_address, attributes_address;
	access_mask_t access; /* mapped */
	handle_t parent, section;
	uint32_t attributes; /* OBJ_INHERIT */
	bool inherit_handles;
};

/* The program file behind the section, referenced by the section's segment. */
static NTSTATUS section_open(handle_t handle, struct section **section, struct file_node **image)
{
	NTSTATUS status = process_reference_by_handle(handle, &section_type, SECTION_MAP_EXECUTE,
						      section, NULL);

	if (!NT_SUCCESS(status))
		return status;
	if ((*section)->segment->kind != SEGMENT_IMAGE) {
		object_release(*section);
		return STATUS_SECTION_NOT_IMAGE;
	}
	*image = (*section)->segment->file;
	return STATUS_SUCCESS;
}

static NTSTATUS bare_perform(const struct bare_creation *creation,
			     const struct process_request *request)
{
	struct process *process;
	NTSTATUS status = process_create(request, &process);

	if (!NT_SUCCESS(status))
		return status;
	status = handle_give(process, creation->access, creation->attributes,
			     creation->handle_address);
	if (NT_SUCCESS(status))
		object_release(process);
	else
		process_abandon(process);
	return status;
}

static NTSTATUS bare_create(struct bare_creation *creation, access_mask_t desired)
{
	struct process_request request = {.inherit_handles = creation->inherit_handles};
	struct section *section = NULL;
	NTSTATUS status = object_map_access(&process_type, desired, &creation->access);

	if (NT_SUCCESS(status))
		status = probe_write(creation->handle_address, sizeof(handle_t));
	if (NT_SUCCESS(status))
		status = unnamed_capture(creation->attributes_address, &creation->attributes);
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(creation->parent, &process_type,
						     PROCESS_CREATE_PROCESS, &request.parent, NULL);
	if (!NT_SUCCESS(status))
		return status;
	if (creation->section)
		status = section_open(creation->section, &section, &request.image);
	if (NT_SUCCESS(status)) {
		status = bare_perform(creation, &request);
		if (section)
			object_release(section);
	}
	object_release(request.parent);
	return status;
}

/* There are no port objects that a handle could name. */
static NTSTATUS check_ports(uint64_t debug_port, uint64_t exception_port)
{
	return debug_port || exception_port ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
}

static struct bare_creation creation_of(const uint64_t *arguments)
{
	return (struct bare_creation){.handle_address = arguments[0],
				      .attributes_address = arguments[2],
				      .parent = arguments[3],
				      .section = arguments[5]};
}

NTSTATUS NtCreateProcess(const uint64_t *arguments)
{
	struct bare_creation creation = creation_of(arguments);
	NTSTATUS status = check_ports(arguments[6], arguments[7]);

	creation.inherit_handles = arguments[4] & 0xFF; /* a BOOLEAN */
	return NT_SUCCESS(status) ? bare_create(&creation, (access_mask_t)arguments[1]) : status;
}

NTSTATUS NtCreateProcessEx(const uint64_t *arguments)
{
	struct bare_creation creation = creation_of(arguments);
	uint32_t flags = (uint32_t)arguments[4];
	NTSTATUS status = check_ports(arguments[6], arguments[7]);

	if (flags & ~PROCESS_CREATE_FLAGS_INHERIT_HANDLES)
		return STATUS_INVALID_PARAMETER;
	creation.inherit_handles = flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES;
	return NT_SUCCESS(status) ? bare_create(&creation, (access_mask_t)arguments[1]) : status;
}

/*
 * sys_section.c - NtCreateSection, NtOpenSection, NtQuerySection, NtMapViewOfSection,
 * NtUnmapViewOfSection (nt-semantics 3.1, 3.4, 3.7, 3.8, 3.9). The rules themselves are
 * kernel/mm's; here is their order.
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/mm/user_memory.h"
#include "named.h"

/* ---- create ---- */

/* Rows 12 and 15: what the file handle names. */
static NTSTATUS section_file(handle_t handle, struct file_object **file, access_mask_t *granted)
{
	NTSTATUS status = process_reference_by_handle(handle, &file_type, 0, file, granted);

	if (!NT_SUCCESS(status))
		return status;
	if (!(*file)->segment) { /* console, directory, device */
		object_release(*file);
		return STATUS_INVALID_FILE_FOR_SECTION;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS section_create_from(handle_t file_handle, struct section_request *request,
				    struct section **section)
{
	struct file_object *file;
	NTSTATUS status;

	if (!file_handle)
		return section_create(request, section);
	status = section_file(file_handle, &file, &request->file_access);
	if (!NT_SUCCESS(status))
		return status;
	request->file = file->node;
	status = section_create(request, section);
	object_release(file);
	return status;
}

NTSTATUS NtCreateSection(const uint64_t *arguments)
{
	vaddr_t handle_address = arguments[0], size_address = arguments[3];
	access_mask_t desired = (access_mask_t)arguments[1], granted;
	handle_t file_handle = arguments[6];
	struct section_request request = {
		.protection = (uint32_t)arguments[4],
		.attributes = (uint32_t)arguments[5],
	};
	struct captured_attributes attributes;
	struct section *section;
	NTSTATUS status =
		section_check_values(request.protection, request.attributes, file_handle != 0);

	if (NT_SUCCESS(status))
		status = probe_write(handle_address, sizeof(handle_t));
	if (NT_SUCCESS(status) && size_address)
		status = copy_in(&request.size_bytes, size_address, sizeof(request.size_bytes));
	if (NT_SUCCESS(status))
		status = section_create_from(file_handle, &request, &section);
	if (!NT_SUCCESS(status))
		return status;
	/* The name comes last (C5). */
	status = object_map_access(&section_type, desired, &granted);
	if (NT_SUCCESS(status))
		status = attributes_capture(arguments[2], CAPTURE_CREATE, &attributes);
	if (NT_SUCCESS(status)) {
		status = object_publish(&section->header, &attributes, granted, handle_address);
		attributes_release(&attributes);
	}
	object_release(section);
	return status;
}

NTSTATUS NtOpenSection(const uint64_t *arguments)
{
	return object_open(arguments, &section_type);
}

/* ---- query ---- */

static NTSTATUS section_query_basic(struct section *section, vaddr_t buffer, vaddr_t return_length)
{
	struct nt_section_basic_information information = {.attributes = section->attributes};

	mutex_lock(&section->segment->lock);
	information.size_bytes = (int64_t)section->size_bytes;
	mutex_unlock(&section->segment->lock);
	return query_result(buffer, &information, sizeof(information), return_length, 8);
}

static NTSTATUS section_query_image(struct section *section, vaddr_t buffer, vaddr_t return_length)
{
	if (section->segment->kind != SEGMENT_IMAGE)
		return STATUS_SECTION_NOT_IMAGE;
	return query_result(buffer, &section->segment->image, sizeof(section->segment->image),
			    return_length, 8);
}

NTSTATUS NtQuerySection(const uint64_t *arguments)
{
	uint32_t class = (uint32_t)arguments[1];
	vaddr_t buffer = arguments[2], return_length = arguments[4];
	uint64_t length_bytes = arguments[3];
	struct section *section;
	NTSTATUS status = query_probe(buffer, length_bytes, return_length, 8);

	if (!NT_SUCCESS(status))
		return status;
	if (class != SECTION_BASIC_INFORMATION_CLASS && class != SECTION_IMAGE_INFORMATION_CLASS)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes < (class == SECTION_BASIC_INFORMATION_CLASS
				    ? sizeof(struct nt_section_basic_information)
				    : sizeof(struct nt_section_image_information)))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = process_reference_by_handle(arguments[0], &section_type, SECTION_QUERY, &section,
					     NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = class == SECTION_BASIC_INFORMATION_CLASS
			 ? section_query_basic(section, buffer, return_length)
			 : section_query_image(section, buffer, return_length);
	object_release(section);
	return status;
}

/* ---- map, unmap ---- */

/* Row 4: the in/out parameters, read and probed for writing. */
static NTSTATUS map_capture(struct map_request *request, vaddr_t base_address,
			    vaddr_t offset_address, vaddr_t size_address)
{
	NTSTATUS status = probe_write(base_address, sizeof(request->base));

	if (NT_SUCCESS(status))
		status = copy_in(&request->base, base_address, sizeof(request->base));
	if (NT_SUCCESS(status))
		status = probe_write(size_address, sizeof(request->size_bytes));
	if (NT_SUCCESS(status))
		status = copy_in(&request->size_bytes, size_address, sizeof(request->size_bytes));
	if (NT_SUCCESS(status) && offset_address)
		status = probe_write(offset_address, sizeof(request->offset_bytes));
	if (NT_SUCCESS(status) && offset_address)
		status = copy_in(&request->offset_bytes, offset_address,
				 sizeof(request->offset_bytes));
	return status;
}

static NTSTATUS map_write_results(const struct map_request *request, vaddr_t base_address,
				  vaddr_t offset_address, vaddr_t size_address)
{
	NTSTATUS status = copy_out(base_address, &request->base, sizeof(request->base));

	if (NT_SUCCESS(status))
		status = copy_out(size_address, &request->size_bytes, sizeof(request->size_bytes));
	if (NT_SUCCESS(status) && offset_address)
		status = copy_out(offset_address, &request->offset_bytes,
				  sizeof(request->offset_bytes));
	return status;
}

/* Rows 10 to 20, and the results. */
static NTSTATUS map_perform(struct address_space *space, handle_t section_handle,
			    struct map_request *request, const uint64_t *arguments)
{
	NTSTATUS status, copy_status;

	status = process_reference_by_handle(section_handle, &section_type,
					     map_required_access(request->protection),
					     &request->section, &request->granted);
	if (!NT_SUCCESS(status))
		return status;
	status = view_map(space, request);
	object_release(request->section);
	if (!NT_SUCCESS(status))
		return status;
	copy_status = map_write_results(request, arguments[2], arguments[5], arguments[6]);
	if (!NT_SUCCESS(copy_status)) {
		/* Whatever another thread did to the view meanwhile, it is not reported as made. */
		status = view_unmap(space, request->base);
		return NT_SUCCESS(status) ? copy_status : STATUS_ACCESS_VIOLATION;
	}
	return status;
}

NTSTATUS NtMapViewOfSection(const uint64_t *arguments)
{
	struct map_request request = {
		.inherit = (enum section_inherit)(uint32_t)arguments[7],
		.allocation_type = (uint32_t)arguments[8],
		.protection = (uint32_t)arguments[9],
	};
	struct target target;
	NTSTATUS status = map_check_values(&request); /* rows 1-3: addresses are still 0 */

	if (NT_SUCCESS(status))
		status = map_capture(&request, arguments[2], arguments[5], arguments[6]);
	if (!NT_SUCCESS(status))
		return status;
	request.zero_bits = arguments[3];
	request.commit_bytes = arguments[4];
	status = map_check_values(&request);
	if (NT_SUCCESS(status))
		status = target_open(arguments[1], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = map_perform(target.space, arguments[0], &request, arguments);
	target_close(&target);
	return status;
}

NTSTATUS NtUnmapViewOfSection(const uint64_t *arguments)
{
	struct target target;
	NTSTATUS status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);

	if (!NT_SUCCESS(status))
		return status;
	status = view_unmap(target.space, arguments[1]);
	target_close(&target);
	return status;
}

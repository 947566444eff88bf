/*
 * sys_section.c - NtCreateSection(Ex), NtOpenSection, NtExtendSection, NtQuerySection
 * (nt-semantics 3.1, 3.2, 3.6, 3.7, 3.9). The rules themselves are kernel/mm's; here is their
 * order.
 */
#include "syscall.h"

#include "file_object.h"
#include "kernel/mm/user_memory.h"
#include "memory_parameters.h"
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

static NTSTATUS section_prepare_from(handle_t file_handle, struct section_request *request,
				     struct section **section)
{
	struct file_object *file;
	NTSTATUS status;

	if (!file_handle)
		return section_prepare(request, section);
	status = section_file(file_handle, &file, &request->file_access);
	if (!NT_SUCCESS(status))
		return status;
	request->file = file->node;
	status = section_prepare(request, section);
	object_release(file);
	return status;
}

/* The name, then the file's length, then the handle: whatever fails leaves the file as it was. */
static NTSTATUS section_publish(struct section *section, const struct section_request *request,
				const struct captured_attributes *attributes, access_mask_t granted,
				vaddr_t handle_address)
{
	struct object *existing;
	NTSTATUS status = object_publish_name(&section->header, attributes, &existing);
	NTSTATUS complete_status = STATUS_SUCCESS;

	if (NT_SUCCESS(status) && !existing)
		complete_status = section_complete(section, request);
	return object_publish_handle(&section->header, existing,
				     NT_SUCCESS(complete_status) ? status : complete_status,
				     attributes, granted, handle_address);
}

/* The arguments both forms have; `parameters` is an array of `count` extended ones. */
static NTSTATUS create(const uint64_t *arguments, vaddr_t parameters, uint32_t count)
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
		status = section_parameters_check(parameters, count);
	if (NT_SUCCESS(status))
		status = section_prepare_from(file_handle, &request, &section);
	if (!NT_SUCCESS(status))
		return status;
	/* The name comes last (C5). */
	status = object_map_access(&section_type, desired, &granted);
	if (NT_SUCCESS(status))
		status = attributes_capture(arguments[2], CAPTURE_CREATE, &attributes);
	if (NT_SUCCESS(status)) {
		status = section_publish(section, &request, &attributes, granted, handle_address);
		attributes_release(&attributes);
	}
	object_release(section);
	return status;
}

NTSTATUS NtCreateSection(const uint64_t *arguments)
{
	return create(arguments, 0, 0);
}

NTSTATUS NtCreateSectionEx(const uint64_t *arguments)
{
	return create(arguments, arguments[7], (uint32_t)arguments[8]);
}

NTSTATUS NtOpenSection(const uint64_t *arguments)
{
	return object_open(arguments, &section_type);
}

/* ---- extend ---- */

NTSTATUS NtExtendSection(const uint64_t *arguments)
{
	struct section *section;
	uint64_t size_bytes;
	NTSTATUS status = probe_write(arguments[1], sizeof(size_bytes));

	if (NT_SUCCESS(status))
		status = copy_in(&size_bytes, arguments[1], sizeof(size_bytes));
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &section_type,
						     SECTION_EXTEND_SIZE, &section, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = section_extend(section, &size_bytes);
	object_release(section);
	return NT_SUCCESS(status) ? copy_out(arguments[1], &size_bytes, sizeof(size_bytes))
				  : status;
}

/* ---- query ---- */

/* What a class answers with; 0: there is no such class. */
static size_t section_class_bytes(uint32_t class)
{
	switch (class) {
	case SECTION_BASIC_INFORMATION_CLASS:
		return sizeof(struct nt_section_basic_information);
	case SECTION_IMAGE_INFORMATION_CLASS:
		return sizeof(struct nt_section_image_information);
	case SECTION_RELOCATION_INFORMATION_CLASS:
	case SECTION_ORIGINAL_BASE_INFORMATION_CLASS:
		return sizeof(uint64_t);
	case SECTION_INTERNAL_IMAGE_INFORMATION_CLASS:
		return sizeof(struct nt_section_internal_image_information);
	}
	return 0;
}

static NTSTATUS section_query_basic(struct section *section, vaddr_t buffer, vaddr_t return_length)
{
	struct nt_section_basic_information information = {
		.base_address = section->based.start,
		.attributes = section->attributes,
		.size_bytes = (int64_t)section_size(section),
	};

	return query_result(buffer, &information, sizeof(information), return_length, 8);
}

/*
 * The classes of images. None is moved for the whole system (class 2), so all are mapped at the
 * base their header names (class 3) as far as that is free.
 */
static NTSTATUS section_query_image(struct section *section, uint32_t class, vaddr_t buffer,
				    vaddr_t return_length)
{
	const struct segment *segment = section->segment;
	const struct nt_section_internal_image_information internal = {.image = segment->image};
	const uint64_t relocation = 0;
	const void *answer = &internal; /* its first part is class 1 */

	if (segment->kind != SEGMENT_IMAGE)
		return STATUS_SECTION_NOT_IMAGE;
	if (class == SECTION_RELOCATION_INFORMATION_CLASS)
		answer = &relocation;
	else if (class == SECTION_ORIGINAL_BASE_INFORMATION_CLASS)
		answer = &segment->image_base;
	return query_result(buffer, answer, section_class_bytes(class), return_length, 8);
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
	if (!section_class_bytes(class))
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes < section_class_bytes(class))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = process_reference_by_handle(arguments[0], &section_type, SECTION_QUERY, &section,
					     NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = class == SECTION_BASIC_INFORMATION_CLASS
			 ? section_query_basic(section, buffer, return_length)
			 : section_query_image(section, class, buffer, return_length);
	object_release(section);
	return status;
}

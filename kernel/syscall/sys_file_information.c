/*
 * sys_file_information.c - NtQueryInformationFile, and what calls on files share.
 */
#include "syscall.h"

#include "file_object.h"
#include "io_status.h"
#include "kernel/mm/user_memory.h"
#include "kernel/object/synchronization.h"

NTSTATUS io_status_write(vaddr_t address, NTSTATUS status, uint64_t information)
{
	struct nt_io_status_block block = {
		.status = (uint32_t)status,
		.information = information,
	};

	return copy_out(address, &block, sizeof(block));
}

/* What an event is asked for at the start of a transfer and at its end. */
static NTSTATUS io_event_change(handle_t handle, int32_t (*change)(struct waitable *))
{
	struct event *event;
	NTSTATUS status = STATUS_SUCCESS;

	if (!handle)
		return STATUS_SUCCESS;
	status = process_reference_by_handle(handle, &event_type, EVENT_MODIFY_STATE, &event, NULL);
	if (!NT_SUCCESS(status))
		return status;
	change(&event->waitable);
	object_release(event);
	return STATUS_SUCCESS;
}

NTSTATUS io_event_check(handle_t event)
{
	return io_event_change(event, event_reset);
}

void io_event_signal(handle_t event)
{
	NTSTATUS status = io_event_change(event, event_set);

	(void)status; /* who closes the handle meanwhile does not wait for the event */
}

/* ---- NtQueryInformationFile ---- */

/* Big enough for every class; a name fills what is left. */
union file_information {
	struct nt_file_basic_information basic;
	struct nt_file_standard_information standard;
	struct nt_file_position_information position;
	struct {
		uint32_t length_bytes;
		uint16_t text[254];
	} name;
};
#define FILE_NAME_INFORMATION_LEAST_BYTES 8u

/* The least length of a class, or 0 for one that does not exist; and the right it asks for. */
static size_t file_class_length(uint32_t class, access_mask_t *access)
{
	*access = 0;
	switch (class) {
	case FILE_BASIC_INFORMATION_CLASS:
		*access = FILE_READ_ATTRIBUTES;
		return sizeof(struct nt_file_basic_information);
	case FILE_STANDARD_INFORMATION_CLASS:
		return sizeof(struct nt_file_standard_information);
	case FILE_NAME_INFORMATION_CLASS:
		return FILE_NAME_INFORMATION_LEAST_BYTES;
	case FILE_POSITION_INFORMATION_CLASS:
		return sizeof(struct nt_file_position_information);
	default: /* a number of the user, not of the enumeration */
		return 0;
	}
}

static void file_query_basic(const struct file_object *file, union file_information *result)
{
	int64_t time = file->node ? (int64_t)file->node->modified_time : 0;
	bool is_directory = file->kind == FILE_OBJECT_DIRECTORY;

	result->basic = (struct nt_file_basic_information){
		.creation_time = time,
		.last_access_time = time,
		.last_write_time = time,
		.change_time = time,
		.attributes = is_directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_NORMAL,
	};
}

static void file_query_standard(const struct file_object *file, union file_information *result)
{
	uint64_t size_bytes = file->segment ? file_size(file->node) : 0;

	result->standard = (struct nt_file_standard_information){
		.allocation_size = (int64_t)pages_to_bytes(bytes_to_pages(size_bytes)),
		.end_of_file = (int64_t)size_bytes,
		.number_of_links = 1,
		.directory = file->kind == FILE_OBJECT_DIRECTORY,
	};
}

/* The path on the device ("\bin\hello.exe"); bytes used, name cut to what the structure holds. */
static size_t file_query_name(const struct file_object *file, union file_information *result)
{
	size_t capacity = sizeof(result->name.text) / sizeof(result->name.text[0]), length;
	char path[sizeof(result->name.text) / sizeof(result->name.text[0]) + 1];

	length = file->node ? file_path(file->node, path, sizeof(path)) : 0;
	if (length > capacity)
		length = capacity;
	for (size_t i = 0; i < length; i++)
		result->name.text[i] = (uint8_t)path[i];
	result->name.length_bytes = (uint32_t)(length * sizeof(uint16_t));
	return offsetof(union file_information, name.text) + result->name.length_bytes;
}

static NTSTATUS file_query_position(struct file_object *file, union file_information *result)
{
	NTSTATUS status;

	if (!file->is_synchronous)
		return STATUS_INVALID_PARAMETER;
	status = file_io_begin(file);
	if (!NT_SUCCESS(status))
		return status;
	result->position.current_byte_offset = (int64_t)file->position;
	file_io_end(file);
	return STATUS_SUCCESS;
}

/* *size_bytes: in the class' least length, out what the answer needs. */
static NTSTATUS file_query(struct file_object *file, uint32_t class, union file_information *result,
			   size_t *size_bytes)
{
	switch (class) {
	case FILE_BASIC_INFORMATION_CLASS:
		file_query_basic(file, result);
		break;
	case FILE_STANDARD_INFORMATION_CLASS:
		file_query_standard(file, result);
		break;
	case FILE_NAME_INFORMATION_CLASS:
		*size_bytes = file_query_name(file, result);
		break;
	case FILE_POSITION_INFORMATION_CLASS:
		return file_query_position(file, result);
	}
	return STATUS_SUCCESS;
}

NTSTATUS NtQueryInformationFile(const uint64_t *arguments)
{
	vaddr_t io_address = arguments[1], buffer = arguments[2];
	uint32_t length_bytes = (uint32_t)arguments[3], class = (uint32_t)arguments[4];
	access_mask_t access;
	size_t size_bytes = file_class_length(class, &access);
	union file_information information = {0};
	struct file_object *file;
	NTSTATUS status;

	if (!size_bytes)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes < size_bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = probe_write(io_address, sizeof(struct nt_io_status_block));
	if (NT_SUCCESS(status))
		status = probe_write(buffer, length_bytes);
	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &file_type, access, &file, NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = file_query(file, class, &information, &size_bytes);
	object_release(file);
	if (!NT_SUCCESS(status))
		return status;
	if (size_bytes > length_bytes) { /* a name that is cut */
		size_bytes = length_bytes;
		status = STATUS_BUFFER_OVERFLOW;
	}
	if (!NT_SUCCESS(copy_out(buffer, &information, size_bytes)) ||
	    !NT_SUCCESS(io_status_write(io_address, status, size_bytes)))
		return STATUS_ACCESS_VIOLATION;
	return status;
}

/*
 * sys_file_information.c - NtQueryInformationFile, and what calls on files share.
 */
#include "syscall.h"

#include "file_information.h"
#include "io_status.h"
#include "kernel/lib/string.h"
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

NTSTATUS io_begin(struct io_completion *completion, handle_t event)
{
	NTSTATUS status;

	completion->event = NULL;
	if (!event)
		return STATUS_SUCCESS;
	status = process_reference_by_handle(event, &event_type, EVENT_MODIFY_STATE,
					     &completion->event, NULL);
	if (NT_SUCCESS(status))
		event_reset(&completion->event->waitable);
	return status;
}

NTSTATUS io_end(struct io_completion *completion, NTSTATUS status, uint64_t information)
{
	bool is_told = !NT_ERROR(status) || status == STATUS_END_OF_FILE;
	NTSTATUS write_status = STATUS_SUCCESS;

	if (is_told)
		write_status = io_status_write(completion->status_address, status, information);
	if (is_told && completion->event)
		event_set(&completion->event->waitable);
	if (completion->event)
		object_release(completion->event);
	return NT_SUCCESS(write_status) ? status : write_status;
}

/* ---- NtQueryInformationFile ---- */

/* Big enough for every class. A name follows the least bytes of its class. */
union file_information {
	struct nt_file_basic_information basic;
	struct nt_file_standard_information standard;
	struct nt_file_position_information position;
	struct nt_file_all_information all;
	struct nt_file_network_open_information network;
	uint64_t index;
	uint32_t words[2];
	uint8_t bytes[512];
};

/* One class: the least length, and the right that the handle must have. */
struct file_class {
	uint32_t class;
	uint32_t least_bytes;
	access_mask_t access;
};

static const struct file_class query_classes[] = {
	{FILE_BASIC_INFORMATION_CLASS, sizeof(struct nt_file_basic_information),
	 FILE_READ_ATTRIBUTES},
	{FILE_STANDARD_INFORMATION_CLASS, sizeof(struct nt_file_standard_information), 0},
	{FILE_INTERNAL_INFORMATION_CLASS, sizeof(uint64_t), 0},
	{FILE_EA_INFORMATION_CLASS, sizeof(uint32_t), 0},
	{FILE_ACCESS_INFORMATION_CLASS, sizeof(uint32_t), 0},
	{FILE_NAME_INFORMATION_CLASS, FILE_NAME_INFORMATION_BYTES, 0},
	{FILE_POSITION_INFORMATION_CLASS, sizeof(struct nt_file_position_information), 0},
	{FILE_MODE_INFORMATION_CLASS, sizeof(uint32_t), 0},
	{FILE_ALIGNMENT_INFORMATION_CLASS, sizeof(uint32_t), 0},
	{FILE_ALL_INFORMATION_CLASS, FILE_ALL_INFORMATION_BYTES, FILE_READ_ATTRIBUTES},
	{FILE_NETWORK_OPEN_INFORMATION_CLASS, sizeof(struct nt_file_network_open_information),
	 FILE_READ_ATTRIBUTES},
	{FILE_ATTRIBUTE_TAG_INFORMATION_CLASS, 2 * sizeof(uint32_t), FILE_READ_ATTRIBUTES},
};

static const struct file_class *query_class(uint32_t class)
{
	for (size_t i = 0; i < sizeof(query_classes) / sizeof(query_classes[0]); i++)
		if (query_classes[i].class == class)
			return &query_classes[i];
	return NULL;
}

struct file_query {
	struct file_object *file;
	access_mask_t granted;
	struct file_properties properties;
	union file_information result;
	size_t size_bytes; /* of the answer; in: the class' least */
};

struct nt_file_basic_information file_basic_information(const struct file_properties *properties)
{
	return (struct nt_file_basic_information){
		.creation_time = (int64_t)properties->times.creation,
		.last_access_time = (int64_t)properties->times.last_access,
		.last_write_time = (int64_t)properties->times.last_write,
		.change_time = (int64_t)properties->times.change,
		.attributes = properties->attributes,
	};
}

struct nt_file_network_open_information
file_network_information(const struct file_properties *properties)
{
	return (struct nt_file_network_open_information){
		.creation_time = (int64_t)properties->times.creation,
		.last_access_time = (int64_t)properties->times.last_access,
		.last_write_time = (int64_t)properties->times.last_write,
		.change_time = (int64_t)properties->times.change,
		.allocation_size = (int64_t)properties->allocation_bytes,
		.end_of_file = (int64_t)properties->size_bytes,
		.attributes = properties->attributes,
	};
}

static struct nt_file_standard_information
standard_information(const struct file_properties *properties)
{
	return (struct nt_file_standard_information){
		.allocation_size = (int64_t)properties->allocation_bytes,
		.end_of_file = (int64_t)properties->size_bytes,
		.number_of_links = properties->links,
		.delete_pending = properties->is_deleted,
		.directory = properties->is_directory,
	};
}

/*
 * The path on the device ("\bin\hello.exe") at `offset`, where its length stands. What does not fit
 * is left out, but counted.
 */
static void query_name(struct file_query *query, size_t offset)
{
	size_t start = offset + sizeof(uint32_t), length = 0;
	char path[sizeof(query->result) / sizeof(uint16_t)];
	uint32_t name_bytes;

	if (query->file->node)
		length = file_path(query->file->node, path, sizeof(path));
	for (size_t i = 0;
	     i < length && start + (i + 1) * sizeof(uint16_t) <= sizeof(query->result); i++) {
		uint16_t character = (uint8_t)path[i];

		memcpy(&query->result.bytes[start + i * sizeof(character)], &character,
		       sizeof(character));
	}
	name_bytes = (uint32_t)(length * sizeof(uint16_t));
	memcpy(&query->result.bytes[offset], &name_bytes, sizeof(name_bytes));
	query->size_bytes = start + name_bytes;
}

static NTSTATUS query_position(struct file_object *file,
			       struct nt_file_position_information *result)
{
	NTSTATUS status = file_io_begin(file);

	if (!NT_SUCCESS(status))
		return status;
	result->current_byte_offset = (int64_t)file->position;
	file_io_end(file);
	return STATUS_SUCCESS;
}

static NTSTATUS query_all(struct file_query *query)
{
	struct nt_file_all_information *all = &query->result.all;
	NTSTATUS status = query_position(query->file, &all->position);

	if (!NT_SUCCESS(status))
		return status;
	all->basic = file_basic_information(&query->properties);
	all->standard = standard_information(&query->properties);
	all->index = query->properties.index;
	all->access = query->granted;
	all->mode = query->file->mode;
	query_name(query, offsetof(struct nt_file_all_information, name_bytes));
	return STATUS_SUCCESS;
}

/* Classes that are the same for the console. */
static NTSTATUS query_handle(struct file_query *query, enum file_information_class class)
{
	union file_information *result = &query->result;

	switch ((uint32_t) class) {
	case FILE_ACCESS_INFORMATION_CLASS:
		result->words[0] = query->granted;
		break;
	case FILE_NAME_INFORMATION_CLASS:
		query_name(query, 0);
		break;
	case FILE_POSITION_INFORMATION_CLASS:
		if (!query->file->is_synchronous)
			return STATUS_INVALID_PARAMETER;
		return query_position(query->file, &result->position);
	case FILE_MODE_INFORMATION_CLASS:
		result->words[0] = query->file->mode;
		break;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS query_perform(struct file_query *query, enum file_information_class class)
{
	const struct file_properties *properties = &query->properties;
	union file_information *result = &query->result;

	switch ((uint32_t) class) {
	case FILE_BASIC_INFORMATION_CLASS:
		result->basic = file_basic_information(properties);
		break;
	case FILE_STANDARD_INFORMATION_CLASS:
		result->standard = standard_information(properties);
		break;
	case FILE_INTERNAL_INFORMATION_CLASS:
		result->index = properties->index;
		break;
	case FILE_ALL_INFORMATION_CLASS:
		return query_all(query);
	case FILE_NETWORK_OPEN_INFORMATION_CLASS:
		result->network = file_network_information(properties);
		break;
	case FILE_ATTRIBUTE_TAG_INFORMATION_CLASS:
		result->words[0] = properties->attributes;
		break;
	default: /* extended attributes and alignment: 0; and what is the handle's */
		return query_handle(query, class);
	}
	return STATUS_SUCCESS;
}

/* The console has no properties: all zero, and its attributes are those of a device. */
static NTSTATUS file_query_open(handle_t handle, const struct file_class *class,
				struct file_query *query)
{
	NTSTATUS status = process_reference_by_handle(handle, &file_type, class->access,
						      &query->file, &query->granted);

	if (!NT_SUCCESS(status))
		return status;
	query->size_bytes = class->least_bytes;
	query->properties.attributes = FILE_ATTRIBUTE_NORMAL;
	query->properties.links = 1;
	if (query->file->node)
		file_properties_read(query->file->node, &query->properties);
	status = query_perform(query, class->class);
	object_release(query->file);
	return status;
}

NTSTATUS NtQueryInformationFile(const uint64_t *arguments)
{
	vaddr_t io_address = arguments[1], buffer = arguments[2];
	uint32_t length_bytes = (uint32_t)arguments[3];
	const struct file_class *class = query_class((uint32_t)arguments[4]);
	struct file_query query = {0};
	NTSTATUS status;

	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes < class->least_bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = probe_write(io_address, sizeof(struct nt_io_status_block));
	if (NT_SUCCESS(status))
		status = probe_write(buffer, length_bytes);
	if (NT_SUCCESS(status))
		status = file_query_open(arguments[0], class, &query);
	if (!NT_SUCCESS(status))
		return status;
	if (length_bytes > sizeof(query.result))
		length_bytes = sizeof(query.result);
	if (query.size_bytes > length_bytes) { /* a name that is cut */
		query.size_bytes = length_bytes;
		status = STATUS_BUFFER_OVERFLOW;
	}
	if (!NT_SUCCESS(copy_out(buffer, &query.result, query.size_bytes)) ||
	    !NT_SUCCESS(io_status_write(io_address, status, query.size_bytes)))
		return STATUS_ACCESS_VIOLATION;
	return status;
}

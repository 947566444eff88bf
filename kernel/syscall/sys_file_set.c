/*
 * sys_file_set.c - NtSetInformationFile and NtFlushBuffersFile: times, attributes, sizes, deletion,
 * position, mode. Renaming is in sys_file_names.c.
 */
#include "syscall.h"

#include "file_information.h"
#include "file_rename.h"
#include "io_status.h"
#include "kernel/mm/user_memory.h"

#define MODE_SETTABLE (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_SYNCHRONOUS_IO)
#define DISPOSITION_FLAGS \
	(FILE_DISPOSITION_DELETE | FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK | \
	 FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)

/* What was captured of the buffer: the fixed part of the class. */
union file_setting {
	struct nt_file_basic_information basic;
	struct nt_file_rename_information rename;
	uint64_t size_bytes;
	uint32_t word;
	uint8_t flag;
};

struct file_set {
	struct file_object *file;
	union file_setting value;
	vaddr_t buffer; /* of a name that follows, not read yet */
	uint32_t length_bytes;
};

static NTSTATUS set_basic(struct file_set *set)
{
	const struct nt_file_basic_information *basic = &set->value.basic;
	const int64_t given[] = {basic->creation_time, basic->last_access_time,
				 basic->last_write_time, basic->change_time};
	uint64_t times[4];
	bool is_directory = set->file->kind == FILE_OBJECT_DIRECTORY;

	for (unsigned i = 0; i < 4; i++) {
		if (given[i] < -2)
			return STATUS_INVALID_PARAMETER;
		/* -1 and -2 are about updates by this handle, which are made as they come */
		times[i] = given[i] > 0 ? (uint64_t)given[i] : 0;
	}
	if ((basic->attributes & ~FILE_ATTRIBUTES_VALID) ||
	    (!is_directory && (basic->attributes & FILE_ATTRIBUTE_DIRECTORY)) ||
	    (is_directory && (basic->attributes & FILE_ATTRIBUTE_TEMPORARY)))
		return STATUS_INVALID_PARAMETER;
	file_properties_set(set->file->node,
			    &(struct file_times){times[0], times[1], times[2], times[3]},
			    basic->attributes);
	return STATUS_SUCCESS;
}

/* P5.101: what is mapped cannot be deleted; not to delete it is always possible. */
static NTSTATUS set_deleted(struct file_object *file, bool deleted, bool ignore_readonly)
{
	struct file_users users;
	NTSTATUS status = STATUS_SUCCESS;

	file_hold(file->node);
	users = file_users_read(file->node);
	if (deleted && (users.data || users.image))
		status = STATUS_CANNOT_DELETE;
	else
		status = file_set_deleted(file->node, deleted, ignore_readonly);
	file_unhold(file->node);
	return status;
}

static NTSTATUS set_disposition_ex(struct file_set *set)
{
	uint32_t flags = set->value.word;

	if (flags & (FILE_DISPOSITION_POSIX_SEMANTICS | FILE_DISPOSITION_ON_CLOSE))
		return STATUS_NOT_SUPPORTED;
	if (flags & ~DISPOSITION_FLAGS)
		return STATUS_INVALID_PARAMETER;
	return set_deleted(set->file, flags & FILE_DISPOSITION_DELETE,
			   flags & FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE);
}

static NTSTATUS set_position(struct file_set *set)
{
	NTSTATUS status;

	if ((int64_t)set->value.size_bytes < 0)
		return STATUS_INVALID_PARAMETER;
	status = file_io_begin(set->file);
	if (!NT_SUCCESS(status))
		return status;
	set->file->position = set->value.size_bytes;
	file_io_end(set->file);
	return STATUS_SUCCESS;
}

/* A handle stays synchronous, or not. */
static NTSTATUS set_mode(struct file_set *set)
{
	uint32_t mode = set->value.word,
		 kept = FILE_NO_INTERMEDIATE_BUFFERING | FILE_DELETE_ON_CLOSE;
	bool is_synchronous = mode & FILE_SYNCHRONOUS_IO;
	NTSTATUS status;

	if ((mode & ~MODE_SETTABLE) || (mode & FILE_SYNCHRONOUS_IO) == FILE_SYNCHRONOUS_IO ||
	    is_synchronous != set->file->is_synchronous)
		return STATUS_INVALID_PARAMETER;
	status = file_io_begin(set->file);
	if (!NT_SUCCESS(status))
		return status;
	set->file->mode = mode | (set->file->mode & kept);
	file_io_end(set->file);
	return STATUS_SUCCESS;
}

static NTSTATUS set_end_of_file(struct file_set *set)
{
	if (!set->file->segment)
		return STATUS_INVALID_PARAMETER;
	return file_segment_resize(set->file->segment, set->value.size_bytes);
}

/* Less than the file has cuts it. */
static NTSTATUS set_allocation(struct file_set *set)
{
	struct file_object *file = set->file;
	uint64_t size_bytes = set->value.size_bytes;
	NTSTATUS status = STATUS_SUCCESS;

	if (!file->segment || size_bytes > INT64_MAX)
		return STATUS_INVALID_PARAMETER;
	file_hold(file->node);
	if (size_bytes < file_size(file->node))
		status = file_resize_held(file->segment, size_bytes);
	else
		status = file_reserve(file->node, size_bytes);
	file_unhold(file->node);
	return status;
}

/* One class: the length of its fixed part, the right that the handle must have, what it does. */
struct file_set_class {
	uint32_t class;
	uint32_t least_bytes;
	access_mask_t access;
	bool needs_node; /* not for the console */
	NTSTATUS (*perform)(struct file_set *set);
};

static NTSTATUS set_disposition(struct file_set *set)
{
	return set_deleted(set->file, set->value.flag, false);
}

static NTSTATUS set_name(struct file_set *set)
{
	return file_rename_call(set->file, &set->value.rename, set->buffer, set->length_bytes);
}

static const struct file_set_class set_classes[] = {
	{FILE_BASIC_INFORMATION_CLASS, sizeof(struct nt_file_basic_information),
	 FILE_WRITE_ATTRIBUTES, true, set_basic},
	{FILE_RENAME_INFORMATION_CLASS, sizeof(struct nt_file_rename_information), DELETE_ACCESS,
	 true, set_name},
	{FILE_DISPOSITION_INFORMATION_CLASS, sizeof(uint8_t), DELETE_ACCESS, true, set_disposition},
	{FILE_DISPOSITION_INFORMATION_EX_CLASS, sizeof(uint32_t), DELETE_ACCESS, true,
	 set_disposition_ex},
	{FILE_POSITION_INFORMATION_CLASS, sizeof(uint64_t), 0, false, set_position},
	{FILE_MODE_INFORMATION_CLASS, sizeof(uint32_t), 0, false, set_mode},
	{FILE_ALLOCATION_INFORMATION_CLASS, sizeof(uint64_t), FILE_WRITE_DATA, true,
	 set_allocation},
	{FILE_END_OF_FILE_INFORMATION_CLASS, sizeof(uint64_t), FILE_WRITE_DATA, true,
	 set_end_of_file},
};

static NTSTATUS set_perform(handle_t handle, const struct file_set_class *class,
			    struct file_set *set)
{
	NTSTATUS status =
		process_reference_by_handle(handle, &file_type, class->access, &set->file, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = class->needs_node && !set->file->node ? STATUS_INVALID_DEVICE_REQUEST
						       : class->perform(set);
	object_release(set->file);
	return status;
}

NTSTATUS NtSetInformationFile(const uint64_t *arguments)
{
	uint32_t number = (uint32_t)arguments[4];
	const struct file_set_class *class = NULL;
	struct file_set set = {.buffer = arguments[2], .length_bytes = (uint32_t)arguments[3]};
	NTSTATUS status;

	for (size_t i = 0; i < sizeof(set_classes) / sizeof(set_classes[0]); i++)
		if (set_classes[i].class == number)
			class = &set_classes[i];
	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (set.length_bytes < class->least_bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = probe_write(arguments[1], sizeof(struct nt_io_status_block));
	if (NT_SUCCESS(status))
		status = copy_in(&set.value, set.buffer, class->least_bytes);
	if (NT_SUCCESS(status))
		status = set_perform(arguments[0], class, &set);
	if (!NT_SUCCESS(status))
		return status;
	/* what was set cannot be undone: as range_tell (memory_range.h) */
	status = io_status_write(arguments[1], STATUS_SUCCESS, 0);
	return STATUS_SUCCESS;
}

/* ---- NtFlushBuffersFile ---- */

NTSTATUS NtFlushBuffersFile(const uint64_t *arguments)
{
	struct file_object *file;
	access_mask_t granted;
	NTSTATUS status = probe_write(arguments[1], sizeof(struct nt_io_status_block));

	if (NT_SUCCESS(status))
		status = process_reference_by_handle(arguments[0], &file_type, 0, &file, &granted);
	if (!NT_SUCCESS(status))
		return status;
	if (!(granted & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
		status = STATUS_ACCESS_DENIED;
	else if (file->segment)
		status = file_segment_flush(file->segment);
	object_release(file);
	if (!NT_SUCCESS(status))
		return status;
	return io_status_write(arguments[1], STATUS_SUCCESS, 0);
}

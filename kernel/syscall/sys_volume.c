/*
 * sys_volume.c - NtQueryVolumeInformationFile: the disk that a file is on.
 */
#include "syscall.h"

#include "file_object.h"
#include "io_status.h"
#include "kernel/lib/string.h"
#include "kernel/mm/user_memory.h"

#define VOLUME_LABEL "quire"
#define FILE_SYSTEM_NAME "cpio"

struct volume_information {
	int64_t creation_time;
	uint32_t serial_number, label_bytes;
	uint8_t supports_objects, padding;
	uint16_t label[sizeof(VOLUME_LABEL) - 1];
};
_Static_assert(offsetof(struct volume_information, label) == 18, "FILE_FS_VOLUME_INFORMATION");

struct size_information {
	uint64_t total_units, available_units;
	uint32_t sectors_per_unit, bytes_per_sector;
};
_Static_assert(sizeof(struct size_information) == 24, "FILE_FS_SIZE_INFORMATION");

struct full_size_information {
	uint64_t total_units, caller_available_units, actual_available_units;
	uint32_t sectors_per_unit, bytes_per_sector;
};
_Static_assert(sizeof(struct full_size_information) == 32, "FILE_FS_FULL_SIZE_INFORMATION");

struct attribute_information {
	uint32_t attributes, name_chars_max, name_bytes;
	uint16_t name[sizeof(FILE_SYSTEM_NAME) - 1];
};
_Static_assert(offsetof(struct attribute_information, name) == 12, "FILE_FS_ATTRIBUTE_INFORMATION");

union volume_answer {
	struct volume_information volume;
	struct size_information size;
	struct full_size_information full_size;
	struct attribute_information attribute;
	uint32_t device[2]; /* type, characteristics */
};

/* The least length of a class, or 0. */
static size_t volume_class_length(uint32_t class)
{
	switch (class) {
	case FILE_FS_VOLUME_INFORMATION_CLASS:
		return 24;
	case FILE_FS_SIZE_INFORMATION_CLASS:
		return sizeof(struct size_information);
	case FILE_FS_DEVICE_INFORMATION_CLASS:
		return 2 * sizeof(uint32_t);
	case FILE_FS_ATTRIBUTE_INFORMATION_CLASS:
		return 16;
	case FILE_FS_FULL_SIZE_INFORMATION_CLASS:
		return sizeof(struct full_size_information);
	default: /* a number of the user, not of the enumeration */
		return 0;
	}
}

static void text_fill(uint16_t *to, const char *from, size_t chars)
{
	for (size_t i = 0; i < chars; i++)
		to[i] = (uint8_t)from[i];
}

/* The answer for the disk; bytes of it. */
static size_t disk_answer(uint32_t class, union volume_answer *answer)
{
	struct ramdisk_statistics disk;

	ramdisk_statistics_read(&disk);
	switch (class) {
	case FILE_FS_VOLUME_INFORMATION_CLASS:
		answer->volume.label_bytes = sizeof(answer->volume.label);
		text_fill(answer->volume.label, VOLUME_LABEL, sizeof(VOLUME_LABEL) - 1);
		return offsetof(struct volume_information, label) + sizeof(answer->volume.label);
	case FILE_FS_SIZE_INFORMATION_CLASS:
		answer->size = (struct size_information){disk.blocks_total, disk.blocks_free,
							 PAGE_SIZE / 512, 512};
		return sizeof(answer->size);
	case FILE_FS_FULL_SIZE_INFORMATION_CLASS:
		answer->full_size =
			(struct full_size_information){disk.blocks_total, disk.blocks_free,
						       disk.blocks_free, PAGE_SIZE / 512, 512};
		return sizeof(answer->full_size);
	case FILE_FS_ATTRIBUTE_INFORMATION_CLASS:
		answer->attribute.attributes = FILE_CASE_PRESERVED_NAMES;
		answer->attribute.name_chars_max = FILE_NAME_MAX_CHARS;
		answer->attribute.name_bytes = sizeof(answer->attribute.name);
		text_fill(answer->attribute.name, FILE_SYSTEM_NAME, sizeof(FILE_SYSTEM_NAME) - 1);
		return offsetof(struct attribute_information, name) +
		       sizeof(answer->attribute.name);
	default: /* the device; checked before */
		answer->device[0] = FILE_DEVICE_DISK;
		return sizeof(answer->device);
	}
}

static NTSTATUS volume_answer(handle_t handle, uint32_t class, union volume_answer *answer,
			      size_t *size_bytes)
{
	struct file_object *file;
	bool is_console;
	NTSTATUS status = process_reference_by_handle(handle, &file_type, 0, &file, NULL);

	if (!NT_SUCCESS(status))
		return status;
	is_console = !file->node;
	object_release(file);
	if (!is_console) {
		*size_bytes = disk_answer(class, answer);
		return STATUS_SUCCESS;
	}
	if (class != FILE_FS_DEVICE_INFORMATION_CLASS)
		return STATUS_INVALID_DEVICE_REQUEST;
	answer->device[0] = FILE_DEVICE_CONSOLE;
	*size_bytes = sizeof(answer->device);
	return STATUS_SUCCESS;
}

NTSTATUS NtQueryVolumeInformationFile(const uint64_t *arguments)
{
	vaddr_t io_address = arguments[1], buffer = arguments[2];
	uint32_t length_bytes = (uint32_t)arguments[3], class = (uint32_t)arguments[4];
	size_t least_bytes = volume_class_length(class), size_bytes = 0;
	union volume_answer answer;
	NTSTATUS status;

	memset(&answer, 0, sizeof(answer));
	if (!least_bytes)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes < least_bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = probe_write(io_address, sizeof(struct nt_io_status_block));
	if (NT_SUCCESS(status))
		status = probe_write(buffer, length_bytes);
	if (NT_SUCCESS(status))
		status = volume_answer(arguments[0], class, &answer, &size_bytes);
	if (!NT_SUCCESS(status))
		return status;
	if (size_bytes > length_bytes) { /* a name that is cut */
		size_bytes = length_bytes;
		status = STATUS_BUFFER_OVERFLOW;
	}
	if (!NT_SUCCESS(copy_out(buffer, &answer, size_bytes)) ||
	    !NT_SUCCESS(io_status_write(io_address, status, size_bytes)))
		return STATUS_ACCESS_VIOLATION;
	return status;
}

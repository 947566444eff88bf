/*
 * object_name.c - see object_name.h.
 */
#include "object_name.h"

#include "file_object.h"
#include "kernel/core/pool.h"
#include "kernel/lib/string.h"

#define DISK_NAME "\\Device\\RamDisk"
#define CONSOLE_NAME "\\Device\\Console"

static NTSTATUS ascii_read(const char *device, const char *path, struct captured_text *text,
			   size_t *chars)
{
	size_t device_chars = strlen(device), path_chars = strlen(path);
	NTSTATUS status = text_reserve(text, (device_chars + path_chars) * sizeof(uint16_t));

	if (!NT_SUCCESS(status))
		return status;
	for (size_t i = 0; i < device_chars; i++)
		text->characters[i] = (uint8_t)device[i];
	for (size_t i = 0; i < path_chars; i++)
		text->characters[device_chars + i] = (uint8_t)path[i];
	*chars = device_chars + path_chars;
	return STATUS_SUCCESS;
}

static NTSTATUS file_name_read(struct file_object *file, struct captured_text *text, size_t *chars)
{
	char *path;
	NTSTATUS status;

	if (!file->node)
		return ascii_read(CONSOLE_NAME, "", text, chars);
	path = pool_alloc(POOL_MAX_BYTES);
	if (!path)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (file_path(file->node, path, POOL_MAX_BYTES) < POOL_MAX_BYTES)
		status = ascii_read(DISK_NAME, path, text, chars);
	else
		status = STATUS_NAME_TOO_LONG;
	pool_free(path, POOL_MAX_BYTES);
	return status;
}

NTSTATUS object_name_read(struct object *object, struct captured_text *text, size_t *chars)
{
	size_t capacity;
	NTSTATUS status;

	*text = (struct captured_text){0};
	*chars = 0;
	if (object->type == &file_type)
		return file_name_read((struct file_object *)object, text, chars);
	while (namespace_path(object, text->characters, text->size_bytes / sizeof(uint16_t),
			      &capacity)) {
		if (capacity * sizeof(uint16_t) <= text->size_bytes) {
			*chars = capacity;
			return STATUS_SUCCESS;
		}
		/* The first time, or the name has become longer. */
		text_release(text);
		if (capacity * sizeof(uint16_t) > NAME_MAX_BYTES)
			return STATUS_NAME_TOO_LONG;
		status = text_reserve(text, capacity * sizeof(uint16_t));
		if (!NT_SUCCESS(status))
			return status;
	}
	return STATUS_SUCCESS;
}

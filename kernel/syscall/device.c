/*
 * device.c - the device objects \Device\RamDisk (\??\C:) and \Device\Console: where the namespace
 * ends and a file system or a console begins.
 */
#include "file_object.h"

#include "kernel/object/namespace.h"

enum device_kind { DEVICE_RAM_DISK, DEVICE_CONSOLE };

struct device {
	struct object header;
	enum device_kind kind; /* (C) */
};

static NTSTATUS device_parse(struct object *object, const uint16_t *rest, size_t rest_chars,
			     uint32_t attributes, void *context, struct object **result);

static struct object_type device_type = {
	.name = "Device",
	.body_bytes = sizeof(struct device),
	.valid_access = FILE_ALL_ACCESS,
	.generic_read = FILE_GENERIC_READ,
	.generic_write = FILE_GENERIC_WRITE,
	.generic_execute = FILE_GENERIC_EXECUTE,
	.generic_all = FILE_ALL_ACCESS,
	.parse = device_parse,
};

/*
 * Opens what `rest` names on the device; empty: the console itself, or the disk's root directory.
 */
static NTSTATUS device_open(const struct device *device, const uint16_t *rest, size_t rest_chars,
			    struct file_open *open, struct file_object **result)
{
	switch (device->kind) {
	case DEVICE_RAM_DISK:
		return file_open_below(file_root(), rest, rest_chars, open, result);
	case DEVICE_CONSOLE:
		break;
	}
	return rest_chars ? STATUS_OBJECT_PATH_NOT_FOUND : file_open_console(open, result);
}

static NTSTATUS device_parse(struct object *object, const uint16_t *rest, size_t rest_chars,
			     uint32_t attributes, void *context, struct object **result)
{
	struct file_object *file;
	NTSTATUS status;

	(void)attributes; /* the disk ignores case in any case */
	if (!context)	  /* the caller wants something else than a file */
		return STATUS_OBJECT_TYPE_MISMATCH;
	status = device_open((struct device *)object, rest, rest_chars, context, &file);
	if (NT_SUCCESS(status))
		*result = &file->header;
	return status;
}

static NTSTATUS device_create(const char *path, enum device_kind kind)
{
	struct device *device;
	NTSTATUS status = object_create(&device_type, &device);

	if (!NT_SUCCESS(status))
		return status;
	device->kind = kind;
	status = namespace_insert_ascii(path, &device->header);
	object_release(device); /* the name keeps it */
	return status;
}

NTSTATUS file_object_system_init(void)
{
	NTSTATUS status;

	object_type_register(&file_type);
	object_type_register(&device_type);
	status = device_create("\\Device\\RamDisk", DEVICE_RAM_DISK);
	if (NT_SUCCESS(status))
		status = device_create("\\Device\\Console", DEVICE_CONSOLE);
	return status;
}

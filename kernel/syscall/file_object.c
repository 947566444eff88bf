/*
 * file_object.c - the life of a file object: it counts among the opens of its file until its last
 * handle is closed; and one transfer at a time. Opening is in file_open.c.
 */
#include "file_object.h"

#include "kernel/lib/string.h"

/* Guards `busy` of every file object. */
static struct spinlock busy_lock = SPINLOCK_INIT("file busy", RANK_OBJECT);

static void file_delete(struct object *object);
static void file_close(struct object *object, uint32_t remaining);
static NTSTATUS file_parse(struct object *object, const uint16_t *rest, size_t rest_chars,
			   uint32_t attributes, void *context, struct object **result);

struct object_type file_type = {
	.name = "File",
	.body_bytes = sizeof(struct file_object),
	.valid_access = FILE_ALL_ACCESS,
	.generic_read = FILE_GENERIC_READ,
	.generic_write = FILE_GENERIC_WRITE,
	.generic_execute = FILE_GENERIC_EXECUTE,
	.generic_all = FILE_ALL_ACCESS,
	.waitable = true,
	.delete = file_delete,
	.close = file_close,
	.parse = file_parse,
};

/* The open ends. If its file is to go with it and is not mapped as an image, it is marked now. */
static void file_leave(struct file_object *file)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (!file->node)
		return;
	file_hold(file->node);
	if (file->is_counted && file->deletes_on_close && !file_users_read(file->node).image)
		status = file_set_deleted(file->node, true, false);
	if (file->is_counted)
		file_open_leave(file->node, &file->use);
	file->is_counted = false;
	file_unhold(file->node);
	(void)status; /* a directory that is not empty, or a file that became read-only, stays */
}

static void file_delete(struct object *object)
{
	struct file_object *file = (struct file_object *)object;

	file_leave(file);
	if (file->segment)
		segment_release(file->segment);
	if (file->node)
		file_release(file->node);
}

static void file_close(struct object *object, uint32_t remaining)
{
	if (!remaining)
		file_leave((struct file_object *)object);
}

NTSTATUS file_object_create(enum file_object_kind kind, const struct file_open *open,
			    struct file_object **result)
{
	struct file_object *file;
	NTSTATUS status = object_create(&file_type, &file);

	if (!NT_SUCCESS(status))
		return status;
	file->waitable.signal_state = 1;
	file->kind = kind;
	file->use = (struct file_use){.access = open->access, .share = open->share};
	file->mode = open->options & FILE_MODE_OPTIONS;
	file->is_synchronous = open->options & FILE_SYNCHRONOUS_IO;
	*result = file;
	return STATUS_SUCCESS;
}

NTSTATUS file_open_console(struct file_open *open, struct file_object **result)
{
	if (open->options & FILE_DIRECTORY_FILE)
		return STATUS_NOT_A_DIRECTORY;
	open->result = FILE_OPENED;
	return file_object_create(FILE_OBJECT_CONSOLE, open, result);
}

/*
 * A file handle as root directory of a name; an empty name opens the same file again. Callers that
 * look for something else than a file give no context.
 */
static NTSTATUS file_parse(struct object *object, const uint16_t *rest, size_t rest_chars,
			   uint32_t attributes, void *context, struct object **result)
{
	struct file_object *from = (struct file_object *)object, *file;
	NTSTATUS status;

	(void)attributes;
	if (!context || !from->node || (rest_chars && from->kind != FILE_OBJECT_DIRECTORY))
		return STATUS_OBJECT_TYPE_MISMATCH;
	if (rest_chars && rest[0] == '\\')
		return STATUS_OBJECT_NAME_INVALID;
	status = file_open_below(from->node, rest, rest_chars, context, &file);
	if (NT_SUCCESS(status))
		*result = &file->header;
	return status;
}

/* ---- one transfer at a time ---- */

NTSTATUS file_io_begin(struct file_object *file)
{
	NTSTATUS status = STATUS_SUCCESS;

	spin_lock(&busy_lock);
	while (file->busy && status == STATUS_SUCCESS)
		status = thread_sleep_for(QUIRE_WAIT_FILE_OBJECT, &file->busy, &busy_lock,
					  TIME_FOREVER, true);
	if (status == STATUS_SUCCESS)
		file->busy = true;
	spin_unlock(&busy_lock);
	return status;
}

void file_io_end(struct file_object *file)
{
	spin_lock(&busy_lock);
	file->busy = false;
	thread_wake(&file->busy);
	spin_unlock(&busy_lock);
}

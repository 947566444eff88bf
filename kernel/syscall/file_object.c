/*
 * file_object.c - opening files: which node, is it allowed beside the other opens, one transfer at
 * a time.
 */
#include "file_object.h"

#include "kernel/core/pool.h"
#include "kernel/lib/string.h"

#define FILE_ACCESS_READ (FILE_READ_DATA | FILE_EXECUTE)
#define FILE_ACCESS_WRITE (FILE_WRITE_DATA | FILE_APPEND_DATA)

static struct mutex open_files_lock = MUTEX_INIT("open files", RANK_FILE);
static LIST_HEAD(, file_object) open_files = LIST_HEAD_INITIALIZER(open_files);

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

static void file_delete(struct object *object)
{
	struct file_object *file = (struct file_object *)object;

	if (file->kind != FILE_OBJECT_CONSOLE) {
		mutex_lock(&open_files_lock);
		LIST_REMOVE(file, link);
		mutex_unlock(&open_files_lock);
	}
	if (file->segment)
		segment_release(file->segment);
	if (file->node)
		file_release(file->node);
}

static void file_close(struct object *object, uint32_t remaining)
{
	struct file_object *file = (struct file_object *)object;

	if (remaining)
		return;
	mutex_lock(&open_files_lock);
	file->is_closed = true;
	mutex_unlock(&open_files_lock);
}

/* ---- sharing ---- */

static uint32_t share_needed(access_mask_t access)
{
	return (access & FILE_ACCESS_READ ? FILE_SHARE_READ : 0) |
	       (access & FILE_ACCESS_WRITE ? FILE_SHARE_WRITE : 0) |
	       (access & DELETE_ACCESS ? FILE_SHARE_DELETE : 0);
}

/*
 * Each open must allow what the other does. An open that only asks for attributes conflicts with
 * nobody.
 */
static bool share_conflicts(const struct file_object *old, const struct file_object *new)
{
	uint32_t old_does = share_needed(old->access), new_does = share_needed(new->access);

	return old_does && new_does && ((new_does & ~old->share) || (old_does & ~new->share));
}

/* Enters the file into the list if every other open of its node allows it. */
static NTSTATUS open_files_add(struct file_object *file)
{
	struct file_object *other;
	NTSTATUS status = STATUS_SUCCESS;

	mutex_lock(&open_files_lock);
	LIST_FOREACH (other, &open_files, link) {
		if (other->node == file->node && !other->is_closed && share_conflicts(other, file))
			status = STATUS_SHARING_VIOLATION;
	}
	/* nt-semantics 8.4: nobody opens a file for writing while it is mapped as an image. */
	if (file->node->image_segment && (file->access & FILE_ACCESS_WRITE))
		status = STATUS_SHARING_VIOLATION;
	if (NT_SUCCESS(status))
		LIST_INSERT_HEAD(&open_files, file, link);
	mutex_unlock(&open_files_lock);
	return status;
}

/* ---- opening ---- */

static NTSTATUS file_object_create(enum file_object_kind kind, const struct file_open *open,
				   struct file_object **result)
{
	NTSTATUS status = object_create(&file_type, result);
	struct file_object *file = *result;

	if (!NT_SUCCESS(status))
		return status;
	file->waitable.signal_state = 1;
	file->kind = kind;
	file->access = open->access;
	file->share = open->share;
	file->is_synchronous =
		open->options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT);
	return STATUS_SUCCESS;
}

NTSTATUS file_open_console(struct file_open *open, struct file_object **result)
{
	if (open->options & FILE_DIRECTORY_FILE)
		return STATUS_NOT_A_DIRECTORY;
	open->result = FILE_OPENED;
	return file_object_create(FILE_OBJECT_CONSOLE, open, result);
}

/* An existing node. Takes over the caller's reference to it on success. */
static NTSTATUS node_open(struct file_node *node, struct file_open *open,
			  struct file_object **result)
{
	bool is_directory = node->kind == FILE_KIND_DIRECTORY;
	struct file_object *file;
	struct segment *segment = NULL;
	NTSTATUS status = STATUS_SUCCESS;

	if (is_directory && (open->options & FILE_NON_DIRECTORY_FILE))
		return STATUS_FILE_IS_A_DIRECTORY;
	if (!is_directory && (open->options & FILE_DIRECTORY_FILE))
		return STATUS_NOT_A_DIRECTORY;
	if (!is_directory)
		status = file_segment_acquire(node, &segment);
	if (NT_SUCCESS(status))
		status = file_object_create(is_directory ? FILE_OBJECT_DIRECTORY : FILE_OBJECT_FILE,
					    open, &file);
	if (!NT_SUCCESS(status)) {
		if (segment)
			segment_release(segment);
		return status;
	}
	file->node = node;
	file->segment = segment;
	status = open_files_add(file);
	if (!NT_SUCCESS(status)) {
		/* Not in the list, so it is taken apart by hand. */
		file->kind = FILE_OBJECT_CONSOLE;
		file->node = NULL;
		object_release(file);
		return status;
	}
	open->result = FILE_OPENED;
	*result = file;
	return STATUS_SUCCESS;
}

/* What the disposition makes of a name that exists, or of one that does not (`lookup` says so). */
static NTSTATUS disposition_check(enum file_disposition disposition, NTSTATUS lookup)
{
	bool exists = NT_SUCCESS(lookup);

	if (!exists && lookup != STATUS_OBJECT_NAME_NOT_FOUND)
		return lookup;
	switch (disposition) {
	case FILE_OPEN:
		return lookup;
	case FILE_OPEN_IF:
		return exists ? STATUS_SUCCESS : STATUS_NOT_IMPLEMENTED;
	case FILE_CREATE:
		return exists ? STATUS_OBJECT_NAME_COLLISION : STATUS_NOT_IMPLEMENTED;
	case FILE_OVERWRITE:
		return exists ? STATUS_NOT_IMPLEMENTED : lookup;
	case FILE_SUPERSEDE:
	case FILE_OVERWRITE_IF:
		return STATUS_NOT_IMPLEMENTED;
	}
	return STATUS_INVALID_PARAMETER;
}

/* The disk's names are ASCII; anything else cannot be there, but is no bad name either. */
static bool text_to_ascii(const uint16_t *text, size_t chars, char *result)
{
	for (size_t i = 0; i < chars; i++) {
		if (text[i] == 0 || text[i] > 0x7E)
			return false;
		result[i] = (char)text[i];
	}
	result[chars] = 0;
	return true;
}

static NTSTATUS lookup_below(struct file_node *from, const uint16_t *rest, size_t rest_chars,
			     struct file_node **node)
{
	char *path;
	NTSTATUS status;

	if (rest_chars == 0) {
		file_reference(from);
		*node = from;
		return STATUS_SUCCESS;
	}
	if (rest_chars >= POOL_MAX_BYTES)
		return STATUS_OBJECT_NAME_INVALID;
	path = pool_alloc(rest_chars + 1);
	if (!path)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = text_to_ascii(rest, rest_chars, path) ? file_lookup(from, path, node)
						       : STATUS_OBJECT_NAME_NOT_FOUND;
	pool_free(path, rest_chars + 1);
	return status;
}

NTSTATUS file_open_below(struct file_node *from, const uint16_t *rest, size_t rest_chars,
			 struct file_open *open, struct file_object **result)
{
	struct file_node *node = NULL;
	NTSTATUS status;

	if (open->options & FILE_DELETE_ON_CLOSE)
		return STATUS_NOT_IMPLEMENTED;
	/* A '\' at the end says that a directory is meant. */
	if (rest_chars > 0 && rest[rest_chars - 1] == '\\') {
		if (open->options & FILE_NON_DIRECTORY_FILE)
			return STATUS_OBJECT_NAME_INVALID;
		open->options |= FILE_DIRECTORY_FILE;
		rest_chars--;
	}
	status = disposition_check(open->disposition, lookup_below(from, rest, rest_chars, &node));
	if (NT_SUCCESS(status))
		status = node_open(node, open, result);
	if (!NT_SUCCESS(status) && node)
		file_release(node);
	return status;
}

/*
 * A file handle as root directory of a name. Callers that look for something else than a file give
 * no context.
 */
static NTSTATUS file_parse(struct object *object, const uint16_t *rest, size_t rest_chars,
			   uint32_t attributes, void *context, struct object **result)
{
	struct file_object *from = (struct file_object *)object, *file;
	NTSTATUS status;

	(void)attributes;
	if (!context || from->kind != FILE_OBJECT_DIRECTORY)
		return STATUS_OBJECT_TYPE_MISMATCH;
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
		status = thread_sleep(&file->busy, &busy_lock, TIME_FOREVER, true);
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

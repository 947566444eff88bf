/*
 * file_open.c - opening and making files: the dispositions of NtCreateFile, and whether the open is
 * allowed beside other opens, sections and views of the file (nt-semantics 8.4).
 *
 * The file object and everything else that may be short comes first; then the file is held, the
 * decision made and carried out.
 */
#include "file_object.h"

#include "kernel/core/pool.h"
#include "kernel/lib/string.h"

#define ACCESS_WRITES (FILE_WRITE_DATA | FILE_APPEND_DATA)
#define ACCESS_SHARED (FILE_READ_DATA | FILE_EXECUTE | ACCESS_WRITES | DELETE_ACCESS)

static bool is_overwriting(enum file_disposition disposition)
{
	switch (disposition) {
	case FILE_SUPERSEDE:
	case FILE_OVERWRITE:
	case FILE_OVERWRITE_IF:
		return true;
	case FILE_OPEN:
	case FILE_CREATE:
	case FILE_OPEN_IF:
		break;
	}
	return false;
}

/* ---- a file that exists ---- */

/* What the kind of the file and its attributes say. */
static NTSTATUS check_node(struct file_node *node, const struct file_open *open)
{
	bool is_directory = node->kind == FILE_KIND_DIRECTORY;
	bool overwrites = is_overwriting(open->disposition);
	struct file_properties properties;

	if (is_directory && (open->options & FILE_NON_DIRECTORY_FILE))
		return STATUS_FILE_IS_A_DIRECTORY;
	if (!is_directory && (open->options & FILE_DIRECTORY_FILE))
		return STATUS_NOT_A_DIRECTORY;
	if (is_directory && overwrites)
		return STATUS_OBJECT_NAME_COLLISION;
	file_properties_read(node, &properties);
	if (overwrites && (properties.attributes & ~open->attributes &
			   (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM)))
		return STATUS_ACCESS_DENIED;
	if (!(properties.attributes & FILE_ATTRIBUTE_READONLY))
		return STATUS_SUCCESS;
	if (!is_directory && (overwrites || (open->access & ACCESS_WRITES)))
		return STATUS_ACCESS_DENIED;
	return open->options & FILE_DELETE_ON_CLOSE ? STATUS_CANNOT_DELETE : STATUS_SUCCESS;
}

/* Table 8.4: what sections and views of the file refuse. The file is held. */
static NTSTATUS check_users(struct file_node *node, const struct file_open *open)
{
	struct file_users users = file_users_read(node);

	if (users.image && ((open->access & ACCESS_WRITES) || is_overwriting(open->disposition)))
		return STATUS_SHARING_VIOLATION;
	if (users.image && (open->options & FILE_DELETE_ON_CLOSE))
		return STATUS_CANNOT_DELETE;
	if (users.writer && (open->access & ACCESS_SHARED) && !(open->share & FILE_SHARE_WRITE))
		return STATUS_SHARING_VIOLATION;
	if (users.data && is_overwriting(open->disposition))
		return STATUS_USER_MAPPED_FILE;
	return STATUS_SUCCESS;
}

/*
 * The file becomes empty and gets the attributes, as if it were new. Room for it is made first, so
 * that a full disk leaves it as it is; what it takes again afterwards was its own.
 */
static NTSTATUS overwrite_held(struct file_object *file, struct file_open *open)
{
	bool supersedes = open->disposition == FILE_SUPERSEDE;
	struct file_properties now;
	struct file_times times = {0};
	NTSTATUS status = file_reserve(file->node, open->allocation_bytes);

	if (NT_SUCCESS(status))
		status = file_resize_held(file->segment, 0);
	if (NT_SUCCESS(status))
		status = file_reserve(file->node, open->allocation_bytes);
	if (!NT_SUCCESS(status))
		return status;
	file_touch(file->node, true);
	file_properties_read(file->node, &now);
	if (supersedes)
		times.creation = now.times.last_write;
	file_properties_set(file->node, &times, open->attributes | FILE_ATTRIBUTE_ARCHIVE);
	open->result = supersedes ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
	return STATUS_SUCCESS;
}

/* Overwriting needs the right to, beside those asked for: others must share it. */
static uint32_t access_needed(enum file_disposition disposition)
{
	if (!is_overwriting(disposition))
		return 0;
	return disposition == FILE_SUPERSEDE ? DELETE_ACCESS : FILE_WRITE_DATA;
}

static NTSTATUS open_held(struct file_object *file, struct file_open *open)
{
	NTSTATUS status =
		file_is_deleted(file->node) ? STATUS_DELETE_PENDING : check_users(file->node, open);

	if (NT_SUCCESS(status))
		status = file_open_enter(file->node, &file->use, access_needed(open->disposition));
	if (!NT_SUCCESS(status))
		return status;
	open->result = FILE_OPENED;
	if (is_overwriting(open->disposition))
		status = overwrite_held(file, open);
	if (NT_SUCCESS(status)) {
		file->is_counted = true;
		file->deletes_on_close = open->options & FILE_DELETE_ON_CLOSE;
	} else {
		file_open_leave(file->node, &file->use);
	}
	return status;
}

/* A file object for the node, with the data segment of a file. It takes a reference to the node. */
static NTSTATUS object_for_node(struct file_node *node, const struct file_open *open,
				struct file_object **result)
{
	bool is_directory = node->kind == FILE_KIND_DIRECTORY;
	struct file_object *file;
	NTSTATUS status = file_object_create(
		is_directory ? FILE_OBJECT_DIRECTORY : FILE_OBJECT_FILE, open, &file);

	if (!NT_SUCCESS(status))
		return status;
	file_reference(node);
	file->node = node;
	if (!is_directory)
		status = file_segment_acquire(node, &file->segment);
	if (!NT_SUCCESS(status)) {
		object_release(file);
		return status;
	}
	*result = file;
	return STATUS_SUCCESS;
}

static NTSTATUS open_existing(struct file_node *node, struct file_open *open,
			      struct file_object **result)
{
	struct file_object *file;
	NTSTATUS status;

	if (open->disposition == FILE_CREATE)
		return file_is_deleted(node) ? STATUS_DELETE_PENDING : STATUS_OBJECT_NAME_COLLISION;
	status = check_node(node, open);
	if (NT_SUCCESS(status))
		status = object_for_node(node, open, &file);
	if (!NT_SUCCESS(status))
		return status;
	file_hold(node);
	status = open_held(file, open);
	file_unhold(node);
	if (NT_SUCCESS(status))
		*result = file;
	else
		object_release(file);
	return status;
}

/* ---- a new file ---- */

/* Its first open, which is counted already. A failure takes the new name away again. */
static NTSTATUS open_new(struct file_node *node, struct file_open *open,
			 struct file_object **result)
{
	const struct file_use use = {.access = open->access, .share = open->share};
	NTSTATUS status = STATUS_SUCCESS, delete_status;

	if (node->kind == FILE_KIND_FILE)
		status = file_reserve(node, open->allocation_bytes);
	if (NT_SUCCESS(status))
		status = object_for_node(node, open, result);
	if (!NT_SUCCESS(status)) {
		delete_status = file_set_deleted(node, true, true);
		(void)delete_status; /* somebody may have put something into the directory */
		file_open_leave(node, &use);
		return status;
	}
	(*result)->is_counted = true;
	(*result)->deletes_on_close = open->options & FILE_DELETE_ON_CLOSE;
	open->result = FILE_CREATED;
	return STATUS_SUCCESS;
}

static NTSTATUS open_by_creating(struct file_node *from, const char *path, struct file_open *open,
				 struct file_object **result)
{
	const struct file_use use = {.access = open->access, .share = open->share};
	bool is_directory = open->options & FILE_DIRECTORY_FILE;
	struct file_node *directory, *node;
	const char *last;
	size_t length;
	NTSTATUS status;

	if ((open->attributes & FILE_ATTRIBUTE_READONLY) && (open->options & FILE_DELETE_ON_CLOSE))
		return STATUS_CANNOT_DELETE;
	status = file_lookup_parent(from, path, &directory, &last, &length);
	if (!NT_SUCCESS(status))
		return status;
	status = file_create(
		directory, last, length, is_directory ? FILE_KIND_DIRECTORY : FILE_KIND_FILE,
		open->attributes | (is_directory ? 0 : FILE_ATTRIBUTE_ARCHIVE), &use, &node);
	file_release(directory);
	if (!NT_SUCCESS(status))
		return status;
	status = open_new(node, open, result);
	file_release(node);
	return status;
}

/* ---- names ---- */

/* True if there is nothing to be done when the name is not there. */
static bool needs_existing(enum file_disposition disposition)
{
	return disposition == FILE_OPEN || disposition == FILE_OVERWRITE;
}

/* Somebody may make the file between looking for it and making it: then it is looked for again. */
static NTSTATUS open_path(struct file_node *from, const char *path, struct file_open *open,
			  struct file_object **result)
{
	struct file_node *node;
	NTSTATUS status;

	for (;;) {
		status = file_lookup(from, path, &node);
		if (NT_SUCCESS(status)) {
			status = open_existing(node, open, result);
			file_release(node);
			return status;
		}
		if (status != STATUS_OBJECT_NAME_NOT_FOUND || needs_existing(open->disposition))
			return status;
		status = open_by_creating(from, path, open, result);
		if (status != STATUS_OBJECT_NAME_COLLISION || open->disposition == FILE_CREATE)
			return status;
	}
}

/* The directory that the last part is in; nobody is asked whether it may be opened. */
static NTSTATUS open_directory_of(struct file_node *from, const char *path, struct file_open *open,
				  struct file_object **result)
{
	struct file_node *directory;
	const char *last;
	NTSTATUS status = file_lookup_parent(from, path, &directory, &last, &open->last_length);

	if (!NT_SUCCESS(status))
		return status;
	memcpy(open->last, last, open->last_length);
	open->last[open->last_length] = 0;
	status = object_for_node(directory, open, result);
	file_release(directory);
	return status;
}

/* The disk's names are ASCII. */
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

/* Anything but ASCII cannot be there, but is no bad name either, unless it is to be made. */
static NTSTATUS status_of_foreign(const struct file_open *open)
{
	return !open->wants_directory && needs_existing(open->disposition)
		       ? STATUS_OBJECT_NAME_NOT_FOUND
		       : STATUS_OBJECT_NAME_INVALID;
}

NTSTATUS file_open_below(struct file_node *from, const uint16_t *rest, size_t rest_chars,
			 struct file_open *open, struct file_object **result)
{
	NTSTATUS status;
	char *path;

	if (open->options & FILE_OPEN_BY_FILE_ID)
		return STATUS_NOT_SUPPORTED;
	/* A '\' at the end says that a directory is meant. */
	if (rest_chars > 0 && rest[rest_chars - 1] == '\\') {
		if ((open->options & FILE_NON_DIRECTORY_FILE) || is_overwriting(open->disposition))
			return STATUS_OBJECT_NAME_INVALID;
		open->options |= FILE_DIRECTORY_FILE;
		rest_chars--;
	}
	if (rest_chars >= POOL_MAX_BYTES)
		return STATUS_OBJECT_NAME_INVALID;
	path = pool_alloc(rest_chars + 1);
	if (!path)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!text_to_ascii(rest, rest_chars, path))
		status = status_of_foreign(open);
	else if (open->wants_directory)
		status = open_directory_of(from, path, open, result);
	else
		status = open_path(from, path, open, result);
	pool_free(path, rest_chars + 1);
	return status;
}

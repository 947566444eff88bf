/*
 * sys_file_names.c - calls that work on names of files: NtQueryAttributesFile,
 * NtQueryFullAttributesFile, NtDeleteFile, and renaming.
 */
#include "syscall.h"

#include "capture.h"
#include "file_information.h"
#include "file_rename.h"
#include "kernel/mm/user_memory.h"

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

NTSTATUS file_open_attributes(vaddr_t address, struct file_open *open, struct file_object **result)
{
	struct captured_attributes attributes;
	NTSTATUS status = attributes_capture(address, CAPTURE_OPEN, &attributes);

	if (!NT_SUCCESS(status))
		return status;
	status = namespace_lookup(&attributes.name, &file_type, open, (struct object **)result);
	attributes_release(&attributes);
	return status;
}

/* ---- attributes ---- */

static NTSTATUS properties_by_name(vaddr_t address, struct file_properties *properties)
{
	struct file_open open = {.access = FILE_READ_ATTRIBUTES,
				 .share = SHARE_ALL,
				 .disposition = FILE_OPEN,
				 .options = FILE_OPEN_REPARSE_POINT};
	struct file_object *file;
	NTSTATUS status = file_open_attributes(address, &open, &file);

	if (!NT_SUCCESS(status))
		return status;
	if (file->node)
		file_properties_read(file->node, properties);
	else
		status = STATUS_INVALID_DEVICE_REQUEST;
	object_release(file);
	return status;
}

NTSTATUS NtQueryAttributesFile(const uint64_t *arguments)
{
	struct nt_file_basic_information basic;
	struct file_properties properties;
	NTSTATUS status = probe_write(arguments[1], sizeof(basic));

	if (NT_SUCCESS(status))
		status = properties_by_name(arguments[0], &properties);
	if (!NT_SUCCESS(status))
		return status;
	basic = file_basic_information(&properties);
	return copy_out(arguments[1], &basic, sizeof(basic));
}

NTSTATUS NtQueryFullAttributesFile(const uint64_t *arguments)
{
	struct nt_file_network_open_information information;
	struct file_properties properties;
	NTSTATUS status = probe_write(arguments[1], sizeof(information));

	if (NT_SUCCESS(status))
		status = properties_by_name(arguments[0], &properties);
	if (!NT_SUCCESS(status))
		return status;
	information = file_network_information(&properties);
	return copy_out(arguments[1], &information, sizeof(information));
}

/* ---- deletion ---- */

/* An open that deletes when it is closed, closed. */
NTSTATUS NtDeleteFile(const uint64_t *arguments)
{
	struct file_open open = {.access = DELETE_ACCESS,
				 .share = SHARE_ALL,
				 .disposition = FILE_OPEN,
				 .options = FILE_DELETE_ON_CLOSE};
	struct file_object *file;
	NTSTATUS status = file_open_attributes(arguments[0], &open, &file);

	if (!NT_SUCCESS(status))
		return status;
	object_release(file);
	return STATUS_SUCCESS;
}

/* ---- renaming ---- */

/* A file of that name may go if nobody maps it. Called with the disk locked. */
static bool may_replace(struct file_node *node)
{
	struct file_users users = file_users_read(node);

	return !users.data && !users.image;
}

/* The directory and the last part that `name` stands for. */
static NTSTATUS rename_target(struct file_object *file, const struct object_name *name,
			      struct file_open *open, struct file_object **directory)
{
	struct file_node *parent;
	NTSTATUS status;

	if (name->root || name->text[0] == '\\')
		return namespace_lookup(name, &file_type, open, (struct object **)directory);
	/* just a name: the file stays in its directory */
	for (size_t i = 0; i < name->chars; i++)
		if (name->text[i] == '\\')
			return STATUS_OBJECT_NAME_INVALID;
	parent = file_parent(file->node);
	if (!parent)
		return STATUS_INVALID_PARAMETER;
	status = file_open_below(parent, name->text, name->chars, open, directory);
	file_release(parent);
	return status;
}

static NTSTATUS rename_to(struct file_object *file, const struct object_name *name, bool replace)
{
	struct file_open open = {.wants_directory = true, .disposition = FILE_OPEN};
	struct file_object *directory;
	NTSTATUS status = rename_target(file, name, &open, &directory);

	if (!NT_SUCCESS(status))
		return status;
	if (directory->kind != FILE_OBJECT_DIRECTORY) {
		object_release(directory);
		return STATUS_NOT_SAME_DEVICE;
	}
	file_hold(file->node);
	status = file_rename(file->node, directory->node, open.last, open.last_length, replace,
			     may_replace);
	file_unhold(file->node);
	object_release(directory);
	return status;
}

NTSTATUS file_rename_call(struct file_object *file, const struct nt_file_rename_information *rename,
			  vaddr_t buffer, uint32_t length_bytes)
{
	size_t offset = offsetof(struct nt_file_rename_information, name);
	struct object_name name = {.chars = rename->name_bytes / sizeof(uint16_t),
				   .attributes = OBJ_CASE_INSENSITIVE};
	struct captured_text text;
	NTSTATUS status;

	if (!rename->name_bytes || rename->name_bytes % sizeof(uint16_t) ||
	    rename->name_bytes > length_bytes - offset)
		return STATUS_INVALID_PARAMETER;
	status = text_capture(buffer + offset, rename->name_bytes, &text);
	if (!NT_SUCCESS(status))
		return status;
	name.text = text.characters;
	if (rename->root_directory)
		status = process_reference_by_handle(rename->root_directory, NULL, 0, &name.root,
						     NULL);
	if (NT_SUCCESS(status)) {
		status = rename_to(file, &name, rename->replace);
		if (name.root)
			object_release(name.root);
	}
	text_release(&text);
	return status;
}

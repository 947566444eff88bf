/*
 * scratch.c - see scratch.h.
 */
#include "scratch.h"

#include <string.h>

#include "path.h"

IO_STATUS_BLOCK scratch_io;

/* A name below `root` is taken as it is; others are made NT names. */
static NTSTATUS name_fill(const struct scratch_open *open, struct path *path)
{
	size_t length = strlen(open->path);

	if (!open->root)
		return path_parse(path, NULL, open->path);
	for (size_t i = 0; i < length; i++)
		path->text[i] = (unsigned char)open->path[i];
	path->name = (UNICODE_STRING){.Length = (USHORT)(length * sizeof(WCHAR)),
				      .MaximumLength = sizeof(path->text),
				      .Buffer = path->text};
	return STATUS_SUCCESS;
}

NTSTATUS scratch_create(const struct scratch_open *open, HANDLE *file)
{
	LARGE_INTEGER allocation = {.QuadPart = (LONGLONG)open->allocation};
	OBJECT_ATTRIBUTES attributes;
	ACCESS_MASK access = open->access;
	struct path path;
	NTSTATUS status = name_fill(open, &path);

	if (!NT_SUCCESS(status))
		return status;
	if (open->options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT))
		access |= SYNCHRONIZE;
	InitializeObjectAttributes(&attributes, &path.name, OBJ_CASE_INSENSITIVE, open->root, NULL);
	scratch_io = (IO_STATUS_BLOCK){.Information = 99};
	return NtCreateFile(file, access, &attributes, &scratch_io,
			    open->allocation ? &allocation : NULL, open->attributes, open->share,
			    open->disposition, open->options, NULL, 0);
}

NTSTATUS scratch_try(const struct scratch_open *open)
{
	HANDLE file;
	NTSTATUS status = scratch_create(open, &file);

	if (NT_SUCCESS(status))
		NtClose(file);
	return status;
}

NTSTATUS scratch_open(const char *path, ACCESS_MASK access, HANDLE *file)
{
	return scratch_create(&(struct scratch_open){.path = path,
						     .access = access,
						     .share = SHARE_ALL,
						     .disposition = FILE_OPEN,
						     .options = SYNCHRONOUS},
			      file);
}

HANDLE scratch_need(const char *path, ACCESS_MASK access, char letter, size_t bytes)
{
	static char page[PAGE_BYTES];
	HANDLE file;
	NTSTATUS status;

	scratch_drop(path);
	status = scratch_create(&(struct scratch_open){.path = path,
						       .access = access | FILE_WRITE_DATA,
						       .share = SHARE_ALL,
						       .disposition = FILE_CREATE,
						       .options = SYNCHRONOUS},
				&file);
	memset(page, letter, sizeof(page));
	for (size_t at = 0; NT_SUCCESS(status) && at < bytes; at += PAGE_BYTES)
		status = scratch_write(file, at, page,
				       bytes - at < PAGE_BYTES ? bytes - at : PAGE_BYTES);
	if (!NT_SUCCESS(status))
		bail_out(path, status);
	return file;
}

NTSTATUS scratch_drop(const char *path)
{
	FILE_BASIC_INFORMATION basic = {.FileAttributes = FILE_ATTRIBUTE_NORMAL};
	HANDLE file;
	NTSTATUS status = scratch_open(path, DELETE | FILE_WRITE_ATTRIBUTES, &file);

	if (!NT_SUCCESS(status))
		return status;
	scratch_set(file, FileBasicInformation, &basic, sizeof(basic));
	status = scratch_delete(file, true);
	NtClose(file);
	return status;
}

bool scratch_exists(const char *path)
{
	return scratch_try(&(struct scratch_open){.path = path,
						  .access = FILE_READ_ATTRIBUTES,
						  .share = SHARE_ALL,
						  .disposition = FILE_OPEN}) !=
	       STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS scratch_set(HANDLE file, ULONG information_class, const void *value, size_t bytes)
{
	return NtSetInformationFile(file, &scratch_io, (PVOID)value, (ULONG)bytes,
				    (FILE_INFORMATION_CLASS)information_class);
}

NTSTATUS scratch_query(HANDLE file, ULONG information_class, void *value, size_t bytes)
{
	scratch_io.Information = 99;
	return NtQueryInformationFile(file, &scratch_io, value, (ULONG)bytes,
				      (FILE_INFORMATION_CLASS)information_class);
}

NTSTATUS scratch_set_size(HANDLE file, uint64_t bytes)
{
	return scratch_set(file, FILE_END_OF_FILE_CLASS, &bytes, sizeof(bytes));
}

uint64_t scratch_size(HANDLE file)
{
	FILE_STANDARD_INFORMATION standard = {.EndOfFile.QuadPart = -1};

	scratch_query(file, FileStandardInformation, &standard, sizeof(standard));
	return (uint64_t)standard.EndOfFile.QuadPart;
}

NTSTATUS scratch_delete(HANDLE file, bool deleted)
{
	BOOLEAN flag = deleted;

	return scratch_set(file, FileDispositionInformation, &flag, sizeof(flag));
}

NTSTATUS scratch_rename(HANDLE file, HANDLE root, const WCHAR *name, bool replace)
{
	static union {
		FILE_RENAME_INFORMATION rename;
		char bytes[600];
	} buffer;
	size_t bytes = wcslen(name) * sizeof(WCHAR);

	memset(&buffer, 0, sizeof(buffer));
	buffer.bytes[0] = replace;
	buffer.rename.RootDirectory = root;
	buffer.rename.FileNameLength = (ULONG)bytes;
	memcpy(buffer.rename.FileName, name, bytes);
	return scratch_set(file, FileRenameInformation, &buffer,
			   sizeof(FILE_RENAME_INFORMATION) + bytes);
}

NTSTATUS scratch_write(HANDLE file, uint64_t offset, const void *bytes, size_t count)
{
	LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};

	scratch_io = (IO_STATUS_BLOCK){.Information = 0};
	return NtWriteFile(file, NULL, NULL, NULL, &scratch_io, bytes, (ULONG)count, &at, NULL);
}

NTSTATUS scratch_read(HANDLE file, uint64_t offset, void *bytes, size_t count)
{
	LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};

	scratch_io = (IO_STATUS_BLOCK){.Information = 0};
	return NtReadFile(file, NULL, NULL, NULL, &scratch_io, bytes, (ULONG)count, &at, NULL);
}

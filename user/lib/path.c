/*
 * path.c - file names as people type them, and opening what they name.
 */
#include "path.h"

#include <stdbool.h>
#include <string.h>

#include "format.h"

/* Names of the native name space; others that begin with '\\' count from the root of C:. */
static bool is_native_name(const char *text)
{
	static const char *const roots[] = {"\\??\\", "\\Device\\"};

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (!strncmp(text, roots[i], strlen(roots[i])))
			return true;
	return false;
}

NTSTATUS path_parse(struct path *path, const char *folder, const char *text)
{
	char full[PATH_CHARS];
	size_t length;

	if (!*text)
		return STATUS_OBJECT_NAME_INVALID;
	if (text[0] == '\\' || text[0] == '/')
		folder = is_native_name(text) ? "" : "\\??\\C:";
	else if (text[1] == ':')
		folder = "\\??\\";
	else if (!folder)
		folder = "\\??\\C:\\";
	length = format_text(full, sizeof(full), "%s%s", folder, text);
	if (length >= sizeof(full))
		return STATUS_OBJECT_NAME_INVALID;
	for (size_t i = 0; i <= length; i++)
		path->text[i] = full[i] == '/' ? L'\\' : (unsigned char)full[i];
	RtlInitUnicodeString(&path->name, path->text);
	return STATUS_SUCCESS;
}

NTSTATUS file_open(HANDLE *file, const struct path *path, ACCESS_MASK access, ULONG options)
{
	IO_STATUS_BLOCK io;
	OBJECT_ATTRIBUTES attributes;

	InitializeObjectAttributes(&attributes, (UNICODE_STRING *)&path->name, OBJ_CASE_INSENSITIVE,
				   NULL, NULL);
	return NtOpenFile(file, access | SYNCHRONIZE, &attributes, &io,
			  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
			  options | FILE_SYNCHRONOUS_IO_NONALERT);
}

NTSTATUS file_open_text(HANDLE *file, const char *text, ACCESS_MASK access)
{
	struct path path;
	NTSTATUS status = path_parse(&path, NULL, text);

	if (!NT_SUCCESS(status))
		return status;
	return file_open(file, &path, access, FILE_NON_DIRECTORY_FILE);
}

NTSTATUS file_size(HANDLE file, uint64_t *size_bytes)
{
	FILE_STANDARD_INFORMATION information;
	IO_STATUS_BLOCK io;
	NTSTATUS status = NtQueryInformationFile(file, &io, &information, sizeof(information),
						 FileStandardInformation);

	if (NT_SUCCESS(status))
		*size_bytes = (uint64_t)information.EndOfFile.QuadPart;
	return status;
}

NTSTATUS file_read_at(HANDLE file, uint64_t offset, void *buffer, size_t size_bytes)
{
	char *to = buffer;

	while (size_bytes) {
		LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};
		IO_STATUS_BLOCK io = {.Information = 0};
		NTSTATUS status =
			NtReadFile(file, NULL, NULL, NULL, &io, to, (ULONG)size_bytes, &at, NULL);

		if (!NT_SUCCESS(status))
			return status;
		if (!io.Information)
			return STATUS_END_OF_FILE;
		to += io.Information;
		offset += io.Information;
		size_bytes -= io.Information;
	}
	return STATUS_SUCCESS;
}

NTSTATUS file_write_at(HANDLE file, uint64_t offset, const void *buffer, size_t size_bytes)
{
	const char *from = buffer;

	while (size_bytes) {
		LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};
		IO_STATUS_BLOCK io = {.Information = 0};
		NTSTATUS status = NtWriteFile(file, NULL, NULL, NULL, &io, from, (ULONG)size_bytes,
					      &at, NULL);

		if (!NT_SUCCESS(status))
			return status;
		if (!io.Information)
			return STATUS_DISK_FULL;
		from += io.Information;
		offset += io.Information;
		size_bytes -= io.Information;
	}
	return STATUS_SUCCESS;
}

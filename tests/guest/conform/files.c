/*
 * files.c - scratch files of the conformance suite.
 */
#include <string.h>

#include "case.h"
#include "path.h"

#define CHUNK_BYTES 0x1000

static NTSTATUS file_fill(HANDLE file, uint64_t bytes)
{
	static char chunk[CHUNK_BYTES];
	NTSTATUS status = STATUS_SUCCESS;

	memset(chunk, 'A', sizeof(chunk));
	for (uint64_t at = 0; at < bytes && NT_SUCCESS(status); at += CHUNK_BYTES) {
		size_t rest = bytes - at < CHUNK_BYTES ? bytes - at : CHUNK_BYTES;

		status = file_write_at(file, at, chunk, rest);
	}
	return status;
}

static NTSTATUS create(HANDLE *file, struct path *path, ACCESS_MASK access, ULONG disposition)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io;

	InitializeObjectAttributes(&attributes, &path->name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	return NtCreateFile(file, access | SYNCHRONIZE, &attributes, &io, NULL,
			    FILE_ATTRIBUTE_NORMAL,
			    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, disposition,
			    FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
}

NTSTATUS case_file(HANDLE *file, const char *name, uint64_t bytes, ACCESS_MASK access)
{
	struct path path;
	HANDLE writer;
	NTSTATUS status = path_parse(&path, NULL, name);

	if (NT_SUCCESS(status))
		status =
			create(&writer, &path, FILE_READ_DATA | FILE_WRITE_DATA, FILE_OVERWRITE_IF);
	if (!NT_SUCCESS(status))
		return status;
	status = file_fill(writer, bytes);
	NtClose(writer);
	return NT_SUCCESS(status) ? create(file, &path, access, FILE_OPEN) : status;
}

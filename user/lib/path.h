/*
 * path.h - file names as people type them, and opening what they name.
 */
#pragma once

#include "native.h"

#define PATH_CHARS 260

/* A name with its storage: pass &path.name; the struct must not move. */
struct path {
	UNICODE_STRING name;
	WCHAR text[PATH_CHARS];
};

/*
 * The NT name of `text`: "\??\..." and "\Device\..." stay as they are, "\x" and "C:\x" become
 * "\??\C:\x", anything else is looked up below `folder` (NULL: \??\C:\). '/' counts as '\'.
 * => returns: STATUS_OBJECT_NAME_INVALID if it is empty or too long.
 */
NTSTATUS path_parse(struct path *path, const char *folder, const char *text);

/* Opens for synchronous use; `access` is extended by SYNCHRONIZE. Shares everything. */
NTSTATUS file_open(HANDLE *file, const struct path *path, ACCESS_MASK access, ULONG options);
/* path_parse below \??\C:\ and file_open of a data file. */
NTSTATUS file_open_text(HANDLE *file, const char *text, ACCESS_MASK access);
NTSTATUS file_size(HANDLE file, uint64_t *size_bytes);
/* Reads or writes all of [offset, offset + size) or fails (STATUS_END_OF_FILE). */
NTSTATUS file_read_at(HANDLE file, uint64_t offset, void *buffer, size_t size_bytes);
NTSTATUS file_write_at(HANDLE file, uint64_t offset, const void *buffer, size_t size_bytes);

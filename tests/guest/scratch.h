/*
 * scratch.h - files of a test's own: made, opened, changed and deleted below C:\data.
 */
#pragma once

#include "guest.h"

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define SYNCHRONOUS FILE_SYNCHRONOUS_IO_NONALERT

/* What mingw's headers lack. */
enum {
	FILE_MODE_CLASS = 16,
	FILE_ALLOCATION_CLASS = 19,
	FILE_END_OF_FILE_CLASS = 20,
	FILE_NETWORK_OPEN_CLASS = 34,
	FILE_ATTRIBUTE_TAG_CLASS = 35,
	FILE_DISPOSITION_EX_CLASS = 64,
};

/* The block of the last call made here. */
extern IO_STATUS_BLOCK scratch_io;

/* How a file is opened or made; 0 is nothing, so `disposition` 0 is FILE_SUPERSEDE. */
struct scratch_open {
	const char *path; /* "C:\data\name", or relative to `root` */
	HANDLE root;
	ACCESS_MASK access; /* SYNCHRONIZE is added for a synchronous option */
	ULONG share, disposition, options, attributes;
	uint64_t allocation;
};
NTSTATUS scratch_create(const struct scratch_open *open, HANDLE *file);
/* The same, the status alone: the handle is closed again. */
NTSTATUS scratch_try(const struct scratch_open *open);

/* FILE_OPEN of a file for synchronous use, sharing all. */
NTSTATUS scratch_open(const char *path, ACCESS_MASK access, HANDLE *file);
/*
 * Makes a file of so many bytes, each `letter`, or ends the test; whatever it was before, it goes.
 */
HANDLE scratch_need(const char *path, ACCESS_MASK access, char letter, size_t bytes);
/* Deletes it by name, whatever it is. */
NTSTATUS scratch_drop(const char *path);
bool scratch_exists(const char *path);

NTSTATUS scratch_set(HANDLE file, ULONG information_class, const void *value, size_t bytes);
NTSTATUS scratch_query(HANDLE file, ULONG information_class, void *value, size_t bytes);
NTSTATUS scratch_set_size(HANDLE file, uint64_t bytes);
uint64_t scratch_size(HANDLE file);
NTSTATUS scratch_delete(HANDLE file, bool deleted);
/* FileRenameInformation. */
NTSTATUS scratch_rename(HANDLE file, HANDLE root, const WCHAR *name, bool replace);

NTSTATUS scratch_write(HANDLE file, uint64_t offset, const void *bytes, size_t count);
NTSTATUS scratch_read(HANDLE file, uint64_t offset, void *bytes, size_t count);

/*
 * test_create.c - NtCreateFile: every pair of accesses and share modes, values, their order, room
 * and attributes. Dispositions, folders, deletion on close and names: conform_create_file.c.
 */
#include <string.h>

#include "scratch.h"

#define FILE_PATH "C:\\data\\create.tmp"

/* ---- sharing ---- */

static const ACCESS_MASK accesses[] = {FILE_READ_ATTRIBUTES,
				       FILE_READ_DATA,
				       FILE_EXECUTE,
				       FILE_WRITE_DATA,
				       FILE_APPEND_DATA,
				       DELETE,
				       FILE_READ_DATA | FILE_WRITE_DATA | DELETE};

/* What an open does, as the share bits that another must allow. */
static ULONG share_needed(ACCESS_MASK access)
{
	return (access & (FILE_READ_DATA | FILE_EXECUTE) ? FILE_SHARE_READ : 0) |
	       (access & (FILE_WRITE_DATA | FILE_APPEND_DATA) ? FILE_SHARE_WRITE : 0) |
	       (access & DELETE ? FILE_SHARE_DELETE : 0);
}

static bool share_conflicts(ACCESS_MASK first, ULONG first_share, ACCESS_MASK second,
			    ULONG second_share)
{
	ULONG first_does = share_needed(first), second_does = share_needed(second);

	return first_does && second_does &&
	       ((second_does & ~first_share) || (first_does & ~second_share));
}

/* All second opens beside one first open: one line for each, with the number of wrong answers. */
static void test_share_row(ACCESS_MASK access, ULONG share)
{
	struct scratch_open first = {
		.path = FILE_PATH, .access = access, .share = share, .disposition = FILE_OPEN};
	unsigned wrong = 0;
	HANDLE file;

	if (!NT_SUCCESS(scratch_create(&first, &file)))
		bail_out("the first open", STATUS_UNSUCCESSFUL);
	for (size_t i = 0; i < COUNT_OF(accesses); i++)
		for (ULONG other = 0; other <= SHARE_ALL; other++) {
			struct scratch_open second = {.path = FILE_PATH,
						      .access = accesses[i],
						      .share = other,
						      .disposition = FILE_OPEN};
			NTSTATUS expected = share_conflicts(access, share, accesses[i], other)
						    ? STATUS_SHARING_VIOLATION
						    : STATUS_SUCCESS;
			NTSTATUS seen = scratch_try(&second);

			if (seen == expected)
				continue;
			wrong++;
			tap_note("access %x share %x: 0x%08x", (unsigned)accesses[i],
				 (unsigned)other, (unsigned)seen);
		}
	NtClose(file);
	tap_is_number(wrong, 0, "opens beside access 0x%x share %u", (unsigned)access,
		      (unsigned)share);
}

/* catches: sharing looked at in one direction, or for opens that it is not about */
static void test_sharing(void)
{
	NtClose(scratch_need(FILE_PATH, 0, 's', 10));
	for (size_t i = 0; i < COUNT_OF(accesses); i++)
		for (ULONG share = 0; share <= SHARE_ALL; share++)
			test_share_row(accesses[i], share);
	scratch_drop(FILE_PATH);
}

/* ---- values ---- */

/* catches: attributes and options that make no sense and are taken all the same */
static void test_values(void)
{
	struct scratch_open open = {.path = FILE_PATH,
				    .access = FILE_READ_DATA,
				    .share = SHARE_ALL,
				    .disposition = FILE_OPEN,
				    .attributes = 0x80000000};

	NtClose(scratch_need(FILE_PATH, 0, 'v', 10));
	tap_is_status_or(scratch_try(&open), STATUS_INVALID_PARAMETER, STATUS_SUCCESS,
			 "an attribute that does not exist");
	open.access = FILE_APPEND_DATA;
	open.attributes = 0;
	open.options = FILE_NO_INTERMEDIATE_BUFFERING;
	tap_is_status_or(scratch_try(&open), STATUS_INVALID_PARAMETER, STATUS_SUCCESS,
			 "unbuffered appending");
	scratch_drop(FILE_PATH);
}

static NTSTATUS try_bad(ULONG disposition, HANDLE *file, LARGE_INTEGER *allocation, PVOID extended)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io;

	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	return NtCreateFile(file, FILE_READ_DATA, &attributes, &io, allocation, 0, SHARE_ALL,
			    disposition, 0, extended, 4);
}

/* catches: memory looked at before the values, or what a pointer leads to before other pointers */
static void test_order(void)
{
	LARGE_INTEGER negative = {.QuadPart = -1}, *nowhere = (LARGE_INTEGER *)8;
	HANDLE file = NULL, *no_file = (HANDLE *)8;

	if (system_is_wine()) {
		tap_skip(4, "Wine looks at neither room nor extended attributes");
		return;
	}
	tap_is_status(try_bad(6, &file, nowhere, NULL), STATUS_INVALID_PARAMETER,
		      "C4: a bad disposition, and a size that cannot be read");
	tap_is_status(try_bad(6, &file, NULL, &negative), STATUS_INVALID_PARAMETER,
		      "C4: a bad disposition, and extended attributes");
	tap_is_status(try_bad(FILE_OPEN, no_file, &negative, NULL), STATUS_ACCESS_VIOLATION,
		      "no place for the handle, and a negative size");
	tap_is_status(try_bad(FILE_OPEN, &file, &negative, &negative), STATUS_INVALID_PARAMETER,
		      "a negative size, and extended attributes");
}

/* catches: a size that is not kept for the file, or not given back */
static void test_allocation(void)
{
	struct scratch_open open = {.path = FILE_PATH,
				    .access = FILE_READ_DATA | FILE_WRITE_DATA,
				    .share = SHARE_ALL,
				    .disposition = FILE_CREATE,
				    .options = SYNCHRONOUS,
				    .allocation = 0x10000};
	FILE_STANDARD_INFORMATION standard;
	HANDLE file;

	tap_is_status(scratch_create(&open, &file), STATUS_SUCCESS, "a file with room");
	scratch_query(file, FileStandardInformation, &standard, sizeof(standard));
	tap_is_number((uint64_t)standard.EndOfFile.QuadPart, 0, "it is empty");
	if (system_is_wine())
		tap_skip(3, "Wine keeps no room");
	else {
		tap_is_number((uint64_t)standard.AllocationSize.QuadPart, 0x10000,
			      "but has its room");
		open.path = "C:\\data\\create.big";
		open.allocation = 1ull << 40;
		tap_is_status(scratch_try(&open), STATUS_DISK_FULL, "more than the disk has");
		tap_ok(!scratch_exists(open.path), "makes no file");
	}
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* catches: attributes that are lost, or that nobody looks at */
static void test_attributes(void)
{
	struct scratch_open open = {.path = FILE_PATH,
				    .access = FILE_READ_DATA | FILE_WRITE_DATA | DELETE,
				    .share = SHARE_ALL,
				    .disposition = FILE_CREATE,
				    .options = SYNCHRONOUS,
				    .attributes = FILE_ATTRIBUTE_READONLY};
	HANDLE file;

	tap_is_status(scratch_create(&open, &file), STATUS_SUCCESS, "a read-only file");
	tap_is_status(scratch_write(file, 0, "x", 1), STATUS_SUCCESS, "its maker may write");
	tap_is_status(scratch_delete(file, true), STATUS_CANNOT_DELETE, "but not delete it");
	NtClose(file);
	open.disposition = FILE_OPEN;
	/* Wine asks the host, which lets its administrator do everything */
	tap_is_status_or(scratch_try(&open), STATUS_ACCESS_DENIED, STATUS_SUCCESS,
			 "others may not write");
	open.access = FILE_READ_DATA;
	tap_is_status(scratch_try(&open), STATUS_SUCCESS, "they may read");
	open.disposition = FILE_OVERWRITE;
	tap_is_status_or(scratch_try(&open), STATUS_ACCESS_DENIED, STATUS_SUCCESS,
			 "it is not overwritten");
	open.disposition = FILE_OPEN;
	open.access = DELETE;
	open.options |= FILE_DELETE_ON_CLOSE;
	tap_is_status(scratch_try(&open), STATUS_CANNOT_DELETE, "nor deleted on close");
	scratch_drop(FILE_PATH);
	tap_ok(!scratch_exists(FILE_PATH), "read-only no more, it goes");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("opening and making files");
	scratch_drop(FILE_PATH);
	test_sharing();
	test_values();
	test_order();
	test_allocation();
	test_attributes();
	return tap_finish();
}

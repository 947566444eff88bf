/*
 * fail_files.c - what is done to files and folders, on a disk that fails too.
 */
#include <string.h>

#include "fail_groups.h"
#include "scratch.h"

#define NEW_PATH "C:\\data\\fail.tmp"
#define OTHER_PATH "C:\\data\\fail2.tmp"
#define ALL (GENERIC_READ | GENERIC_WRITE | DELETE)
#define FILE_PAGES 3u

static HANDLE file;
static struct scratch_open how;
static char page[2 * PAGE_BYTES];
static uint64_t cold; /* where nobody has read DATA_FILE yet */

static void no_files(void)
{
	if (file)
		NtClose(file);
	file = NULL;
	scratch_drop(NEW_PATH);
	scratch_drop(OTHER_PATH);
}

/* The file that an operation is for, its pages on the disk. */
static void prepare_file(void *context)
{
	IO_STATUS_BLOCK io;

	(void)context;
	no_files();
	file = scratch_need(NEW_PATH, ALL, 'f', FILE_PAGES * PAGE_BYTES - 100);
	NtFlushBuffersFile(file, &io);
}

static void prepare_none(void *context)
{
	(void)context;
	no_files();
}

static void prepare_empty(void *context)
{
	(void)context;
	no_files();
	file = scratch_need(NEW_PATH, ALL, 'f', 0);
}

static void prepare_closed(void *context)
{
	prepare_file(context);
	NtClose(file);
	file = NULL;
}

static void prepare_other(void *context)
{
	prepare_file(context);
	NtClose(scratch_need(OTHER_PATH, ALL, 'o', PAGE_BYTES));
}

static void prepare_cold(void *context)
{
	(void)context;
	no_files();
	file = file_need(DATA_FILE, FILE_READ_DATA);
	cold += 16 * PAGE_BYTES;
}

static void undo(void *context, NTSTATUS status)
{
	(void)context;
	(void)status;
	no_files();
}

static NTSTATUS create(ULONG disposition, ULONG options)
{
	how = (struct scratch_open){.path = NEW_PATH,
				    .access = ALL,
				    .share = SHARE_ALL,
				    .disposition = disposition,
				    .options = options | SYNCHRONOUS};
	return scratch_create(&how, &file);
}

static NTSTATUS make_new(void *context)
{
	(void)context;
	return create(FILE_CREATE, 0);
}

static NTSTATUS make_folder(void *context)
{
	(void)context;
	how = (struct scratch_open){.path = NEW_PATH,
				    .access = DELETE | FILE_LIST_DIRECTORY,
				    .share = SHARE_ALL,
				    .disposition = FILE_CREATE,
				    .options = FILE_DIRECTORY_FILE | SYNCHRONOUS};
	return scratch_create(&how, &file);
}

static NTSTATUS make_with_room(void *context)
{
	(void)context;
	how = (struct scratch_open){.path = NEW_PATH,
				    .access = ALL,
				    .share = SHARE_ALL,
				    .disposition = FILE_CREATE,
				    .options = SYNCHRONOUS,
				    .allocation = 5 * PAGE_BYTES};
	return scratch_create(&how, &file);
}

static NTSTATUS open_it(void *context)
{
	(void)context;
	return create(FILE_OPEN, 0);
}

static NTSTATUS overwrite_it(void *context)
{
	(void)context;
	return create(FILE_OVERWRITE_IF, 0);
}

static NTSTATUS supersede_it(void *context)
{
	(void)context;
	return create(FILE_SUPERSEDE, 0);
}

static NTSTATUS open_to_delete(void *context)
{
	(void)context;
	return create(FILE_OPEN, FILE_DELETE_ON_CLOSE);
}

static NTSTATUS rename_it(void *context)
{
	(void)context;
	return scratch_rename(file, NULL, L"\\??\\C:\\data\\fail2.tmp", false);
}

static NTSTATUS rename_over(void *context)
{
	(void)context;
	return scratch_rename(file, NULL, L"\\??\\C:\\data\\fail2.tmp", true);
}

static NTSTATUS delete_it(void *context)
{
	(void)context;
	return scratch_delete(file, true);
}

static NTSTATUS grow(void *context)
{
	(void)context;
	return scratch_set_size(file, 9 * PAGE_BYTES + 5);
}

/* Beyond what one table of blocks names. */
static NTSTATUS grow_far(void *context)
{
	(void)context;
	return scratch_set_size(file, 1100 * PAGE_BYTES);
}

static NTSTATUS shrink(void *context)
{
	(void)context;
	return scratch_set_size(file, PAGE_BYTES + 7);
}

static NTSTATUS reserve(void *context)
{
	uint64_t bytes = 20 * PAGE_BYTES;

	(void)context;
	return scratch_set(file, FILE_ALLOCATION_CLASS, &bytes, sizeof(bytes));
}

static NTSTATUS write_within(void *context)
{
	(void)context;
	return scratch_write(file, 100, page, PAGE_BYTES);
}

static NTSTATUS write_behind(void *context)
{
	(void)context;
	return scratch_write(file, FILE_PAGES * PAGE_BYTES, page, 2 * PAGE_BYTES);
}

static NTSTATUS write_first(void *context)
{
	(void)context;
	return scratch_write(file, 0, page, 2 * PAGE_BYTES);
}

static NTSTATUS append(void *context)
{
	LARGE_INTEGER end = {.HighPart = -1, .LowPart = 0xFFFFFFFF};

	(void)context;
	return NtWriteFile(file, NULL, NULL, NULL, &scratch_io, page, 200, &end, NULL);
}

static NTSTATUS read_back(void *context)
{
	(void)context;
	return scratch_read(file, 50, page, 2 * PAGE_BYTES);
}

static NTSTATUS read_cold(void *context)
{
	(void)context;
	return scratch_read(file, cold, page, 2 * PAGE_BYTES);
}

static NTSTATUS write_and_flush(void *context)
{
	IO_STATUS_BLOCK io;
	NTSTATUS status = write_within(context);

	return NT_SUCCESS(status) ? NtFlushBuffersFile(file, &io) : status;
}

/* What is written is written back when the last handle goes, and nobody is told of failures. */
static NTSTATUS write_and_close(void *context)
{
	NTSTATUS status = write_within(context);

	if (NT_SUCCESS(status)) {
		NtClose(file);
		file = NULL;
	}
	return status;
}

static NTSTATUS section_of_it(void *context)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, 10 * PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT, file);

	(void)context;
	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

static NTSTATUS section_extended(void *context)
{
	LARGE_INTEGER size = {.QuadPart = 10 * PAGE_BYTES};
	NTSTATUS status;
	HANDLE section;

	(void)context;
	status = section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	if (!NT_SUCCESS(status))
		return status;
	status = NtExtendSection(section, &size);
	NtClose(section);
	return status;
}

static NTSTATUS attributes_set(void *context)
{
	FILE_BASIC_INFORMATION basic = {.FileAttributes = FILE_ATTRIBUTE_HIDDEN};

	(void)context;
	return scratch_set(file, FileBasicInformation, &basic, sizeof(basic));
}

static NTSTATUS all_told(void *context)
{
	static char buffer[600];

	(void)context;
	return scratch_query(file, 18, buffer, sizeof(buffer));
}

/* What was set stays so when the IO_STATUS_BLOCK cannot be written. */
#define SET_ANYWAY (1u << QUIRE_FAIL_COPY_OUT)

static const struct scenario scenarios[] = {
	{"a new file", prepare_none, make_new, undo, NULL, 0, {0}, false, 0},
	{"a new folder", prepare_none, make_folder, undo, NULL, 0, {0}, false, 0},
	{"a new file with room", prepare_none, make_with_room, undo, NULL, 0, {0}, false, 0},
	{"a file opened", prepare_closed, open_it, undo, NULL, 0, {0}, false, 0},
	/* as on NT, a file that was overwritten stays so when its handle cannot be given */
	{"a file overwritten", prepare_closed, overwrite_it, undo, NULL, 0, {0}, true, 0},
	{"a file superseded", prepare_closed, supersede_it, undo, NULL, 0, {0}, true, 0},
	{"a file deleted on close", prepare_closed, open_to_delete, undo, NULL, 0, {0}, false, 0},
	{"a file renamed", prepare_file, rename_it, undo, NULL, SET_ANYWAY, {0}, false, 0},
	{"a file renamed over another",
	 prepare_other,
	 rename_over,
	 undo,
	 NULL,
	 SET_ANYWAY,
	 {0},
	 true,
	 0},
	{"a file deleted", prepare_file, delete_it, undo, NULL, SET_ANYWAY, {0}, false, 0},
	{"a file grows", prepare_file, grow, undo, NULL, SET_ANYWAY, {0}, false, 0},
	{"a file grows far", prepare_file, grow_far, undo, NULL, SET_ANYWAY, {0}, true, 0},
	{"a file shrinks", prepare_file, shrink, undo, NULL, SET_ANYWAY, {0}, false, 0},
	{"a file gets room", prepare_file, reserve, undo, NULL, SET_ANYWAY, {0}, false, 0},
	{"a write within a file",
	 prepare_file,
	 write_within,
	 undo,
	 NULL,
	 0,
	 {STATUS_IN_PAGE_ERROR},
	 false,
	 0},
	{"a write behind a file",
	 prepare_file,
	 write_behind,
	 undo,
	 NULL,
	 0,
	 {STATUS_IN_PAGE_ERROR},
	 false,
	 0},
	{"a write to an empty file",
	 prepare_empty,
	 write_first,
	 undo,
	 NULL,
	 0,
	 {STATUS_IN_PAGE_ERROR},
	 true,
	 0},
	{"a write at the end",
	 prepare_file,
	 append,
	 undo,
	 NULL,
	 0,
	 {STATUS_IN_PAGE_ERROR},
	 false,
	 0},
	{"a read", prepare_file, read_back, undo, NULL, 0, {STATUS_IN_PAGE_ERROR}, false, 0},
	{"a read from the disk",
	 prepare_cold,
	 read_cold,
	 undo,
	 NULL,
	 0,
	 {STATUS_IN_PAGE_ERROR},
	 false,
	 0},
	{"a write and a flush",
	 prepare_file,
	 write_and_flush,
	 undo,
	 NULL,
	 0,
	 {STATUS_IN_PAGE_ERROR},
	 false,
	 0},
	{"a write and a close",
	 prepare_file,
	 write_and_close,
	 undo,
	 NULL,
	 1u << QUIRE_FAIL_WRITE | 1u << QUIRE_FAIL_SHORT,
	 {STATUS_IN_PAGE_ERROR},
	 false,
	 0},
	{"a section beyond the file", prepare_file, section_of_it, undo, NULL, 0, {0}, false, 0},
	{"a section extended", prepare_file, section_extended, undo, NULL, 0, {0}, false, 0},
	{"attributes set", prepare_file, attributes_set, undo, NULL, SET_ANYWAY, {0}, false, 0},
	{"all that is told", prepare_file, all_told, undo, NULL, 0, {0}, false, 0},
};

void fail_files_run(void)
{
	for (size_t i = 0; i < COUNT_OF(scenarios); i++)
		scenario_run(&scenarios[i]);
	no_files();
}

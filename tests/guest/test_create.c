/*
 * test_create.c - NtCreateFile: every disposition on what is there and what is not, every pair of
 * share modes, options that exclude each other, names.
 */
#include <string.h>

#include "scratch.h"

#define FILE_PATH "C:\\data\\create.tmp"
#define FOLDER_PATH "C:\\data\\create.dir"

#define NOT_WRITTEN 99u /* IoStatusBlock is not written */

/* catches: a disposition that does too much or too little, or reports the wrong result */
static void test_dispositions(void)
{
	static const struct {
		ULONG disposition;
		const char *name;
		NTSTATUS existing;
		ULONG existing_result;
		uint64_t size; /* of 5 */
		NTSTATUS missing;
		ULONG missing_result;
	} rows[] = {
		{FILE_SUPERSEDE, "SUPERSEDE", 0, FILE_SUPERSEDED, 0, 0, FILE_CREATED},
		{FILE_OPEN, "OPEN", 0, FILE_OPENED, 5, STATUS_OBJECT_NAME_NOT_FOUND, NOT_WRITTEN},
		{FILE_CREATE, "CREATE", STATUS_OBJECT_NAME_COLLISION, NOT_WRITTEN, 5, 0,
		 FILE_CREATED},
		{FILE_OPEN_IF, "OPEN_IF", 0, FILE_OPENED, 5, 0, FILE_CREATED},
		{FILE_OVERWRITE, "OVERWRITE", 0, FILE_OVERWRITTEN, 0, STATUS_OBJECT_NAME_NOT_FOUND,
		 NOT_WRITTEN},
		{FILE_OVERWRITE_IF, "OVERWRITE_IF", 0, FILE_OVERWRITTEN, 0, 0, FILE_CREATED},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scratch_open open = {.path = FILE_PATH,
					    .access = FILE_READ_DATA | FILE_WRITE_DATA | DELETE,
					    .share = SHARE_ALL,
					    .disposition = rows[i].disposition,
					    .options = SYNCHRONOUS};
		HANDLE file = scratch_need(FILE_PATH, DELETE, 'c', 5);

		tap_is_status(scratch_try(&open), rows[i].existing, "%s of a file", rows[i].name);
		if (NT_SUCCESS(rows[i].existing))
			tap_is_number(scratch_io.Information, rows[i].existing_result,
				      "%s of a file: the result", rows[i].name);
		tap_is_number(scratch_size(file), rows[i].size, "%s: what is left of it",
			      rows[i].name);
		NtClose(file);
		scratch_drop(FILE_PATH);
		tap_is_status(scratch_try(&open), rows[i].missing, "%s of nothing", rows[i].name);
		if (NT_SUCCESS(rows[i].missing))
			tap_is_number(scratch_io.Information, rows[i].missing_result,
				      "%s of nothing: the result", rows[i].name);
		tap_ok(scratch_exists(FILE_PATH) == NT_SUCCESS(rows[i].missing),
		       "%s of nothing: is there something now?", rows[i].name);
		scratch_drop(FILE_PATH);
	}
}

/* catches: a directory overwritten, or made by a disposition that is not for directories */
static void test_directories(void)
{
	struct scratch_open folder = {.path = FOLDER_PATH,
				      .access = FILE_LIST_DIRECTORY | SYNCHRONIZE,
				      .share = SHARE_ALL,
				      .disposition = FILE_CREATE,
				      .options = FILE_DIRECTORY_FILE | SYNCHRONOUS};
	struct scratch_open inside = {.path = FOLDER_PATH "\\x.tmp",
				      .access = FILE_READ_DATA,
				      .share = SHARE_ALL,
				      .disposition = FILE_CREATE};

	scratch_drop(FOLDER_PATH);
	tap_is_status(scratch_try(&inside), STATUS_OBJECT_PATH_NOT_FOUND,
		      "a file in a folder that is not there");
	tap_is_status(scratch_try(&folder), STATUS_SUCCESS, "a folder is made");
	tap_is_number(scratch_io.Information, FILE_CREATED, "its result");
	tap_is_status(scratch_try(&folder), STATUS_OBJECT_NAME_COLLISION, "but once");
	folder.disposition = FILE_OPEN_IF;
	tap_is_status(scratch_try(&folder), STATUS_SUCCESS, "OPEN_IF of a folder");
	tap_is_number(scratch_io.Information, FILE_OPENED, "opens it");
	folder.disposition = FILE_OVERWRITE_IF;
	tap_is_status_or(scratch_try(&folder), STATUS_INVALID_PARAMETER,
			 STATUS_OBJECT_NAME_COLLISION, "no folder is made by OVERWRITE_IF");
	folder.options = SYNCHRONOUS;
	folder.disposition = FILE_OVERWRITE;
	tap_is_status_or(scratch_try(&folder), STATUS_OBJECT_NAME_COLLISION,
			 STATUS_FILE_IS_A_DIRECTORY, "a folder is not overwritten");
	folder.disposition = FILE_OPEN;
	folder.options = FILE_NON_DIRECTORY_FILE | SYNCHRONOUS;
	tap_is_status(scratch_try(&folder), STATUS_FILE_IS_A_DIRECTORY, "nor opened as a file");
	tap_is_status(scratch_try(&inside), STATUS_SUCCESS, "a file in it");
	tap_is_status(scratch_drop(FOLDER_PATH), STATUS_DIRECTORY_NOT_EMPTY,
		      "the folder is not empty");
	tap_is_status(scratch_drop(FOLDER_PATH "\\x.tmp"), STATUS_SUCCESS, "the file goes");
	tap_is_status(scratch_drop(FOLDER_PATH), STATUS_SUCCESS, "then the folder");
	tap_ok(!scratch_exists(FOLDER_PATH), "it is gone");
}

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
	struct scratch_open exclusive = {
		.path = FILE_PATH, .access = FILE_READ_DATA, .disposition = FILE_OPEN};
	HANDLE file, copy;

	NtClose(scratch_need(FILE_PATH, 0, 's', 10));
	for (size_t i = 0; i < COUNT_OF(accesses); i++)
		for (ULONG share = 0; share <= SHARE_ALL; share++)
			test_share_row(accesses[i], share);
	scratch_create(&exclusive, &file);
	NtDuplicateObject(CURRENT_PROCESS, file, CURRENT_PROCESS, &copy, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	NtClose(file);
	tap_is_status(scratch_try(&exclusive), STATUS_SHARING_VIOLATION,
		      "a second handle keeps the open");
	NtClose(copy);
	tap_is_status(scratch_try(&exclusive), STATUS_SUCCESS, "until it is closed");
	scratch_drop(FILE_PATH);
}

/* ---- values ---- */

/* catches: options that make no sense together and are taken all the same */
static void test_values(void)
{
	static const struct {
		struct scratch_open open;
		NTSTATUS wine; /* 0: the same */
		const char *text;
	} rows[] = {
		{{.access = FILE_READ_DATA, .disposition = 6}, 0, "disposition 6"},
		{{.access = FILE_READ_DATA, .disposition = FILE_OPEN, .share = 8},
		 STATUS_SUCCESS,
		 "share 8"},
		{{.access = FILE_READ_DATA,
		  .disposition = FILE_OPEN,
		  .options = FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE},
		 STATUS_NOT_A_DIRECTORY,
		 "a directory that is none"},
		{{.access = FILE_READ_DATA, .disposition = FILE_OPEN, .options = 0x01000000},
		 STATUS_SUCCESS,
		 "an option that does not exist"},
		{{.access = FILE_READ_DATA, .disposition = FILE_OPEN, .attributes = 0x80000000},
		 STATUS_SUCCESS,
		 "an attribute that does not exist"},
		{{.access = FILE_READ_DATA,
		  .disposition = FILE_OPEN,
		  .options = FILE_DELETE_ON_CLOSE},
		 STATUS_ACCESS_DENIED,
		 "DELETE_ON_CLOSE without DELETE"},
		{{.access = FILE_READ_DATA | SYNCHRONIZE,
		  .disposition = FILE_OPEN,
		  .options = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT},
		 STATUS_SUCCESS,
		 "both synchronous options"},
		{{.access = FILE_APPEND_DATA,
		  .disposition = FILE_OPEN,
		  .options = FILE_NO_INTERMEDIATE_BUFFERING},
		 STATUS_SUCCESS,
		 "unbuffered appending"},
		{{.access = FILE_READ_DATA, .disposition = FILE_OPEN_IF, .allocation = 1ull << 63},
		 STATUS_SUCCESS,
		 "a negative allocation size"},
	};

	NtClose(scratch_need(FILE_PATH, 0, 'v', 10));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scratch_open open = rows[i].open;
		NTSTATUS wine = rows[i].wine || i ? rows[i].wine : STATUS_INVALID_PARAMETER;

		open.path = FILE_PATH;
		open.share |= SHARE_ALL;
		tap_is_status_or(scratch_try(&open), STATUS_INVALID_PARAMETER, wine, "%s",
				 rows[i].text);
	}
	scratch_drop(FILE_PATH);
}

/* catches: names relative to a folder looked up elsewhere; bad names made */
static void test_names(void)
{
	struct scratch_open open = {.path = "C:\\data",
				    .access = FILE_LIST_DIRECTORY | SYNCHRONIZE,
				    .share = SHARE_ALL,
				    .disposition = FILE_OPEN,
				    .options = FILE_DIRECTORY_FILE | SYNCHRONOUS};
	static const char *const bad[] = {"C:\\data\\a*b", "C:\\data\\a?b", "C:\\data\\a<b",
					  "C:\\data\\a\"b", "C:\\data\\a|b"};
	HANDLE folder, file, again;

	scratch_create(&open, &folder);
	open = (struct scratch_open){.path = "Create.TMP",
				     .root = folder,
				     .access = FILE_READ_DATA | FILE_WRITE_DATA,
				     .share = SHARE_ALL,
				     .disposition = FILE_CREATE,
				     .options = SYNCHRONOUS};
	tap_is_status(scratch_create(&open, &file), STATUS_SUCCESS, "a name below a folder handle");
	tap_is_status(scratch_open("C:\\DATA\\cREATE.tmp", FILE_READ_DATA, &again), STATUS_SUCCESS,
		      "is found without regard to case");
	NtClose(again);
	open.path = "";
	open.root = file;
	open.disposition = FILE_OPEN;
	tap_is_status(scratch_try(&open), STATUS_SUCCESS, "an empty name opens the file again");
	NtClose(file);
	NtClose(folder);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		open = (struct scratch_open){
			.path = bad[i], .access = FILE_READ_DATA, .disposition = FILE_CREATE};
		tap_is_status(scratch_try(&open), STATUS_OBJECT_NAME_INVALID, "the name %s",
			      bad[i]);
	}
	scratch_drop(FILE_PATH);
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
	test_dispositions();
	test_directories();
	test_sharing();
	test_values();
	test_names();
	test_allocation();
	test_attributes();
	return tap_finish();
}

/*
 * conform_create_file.c - NtCreateFile and NtOpenFile: dispositions, results, sharing, deletion on
 * close, values that make no sense, names. The specification leaves these calls to their public
 * documentation; ids are the tables of it that rows belong to, under section 8.4.
 */
#include <string.h>

#include "case.h"
#include "tests/guest/scratch.h"

#define FILE_PATH "C:\\data\\opened.tmp"
#define FOLDER_PATH "C:\\data\\opened.dir"
#define READ_WRITE (FILE_READ_DATA | FILE_WRITE_DATA)
#define UNTOUCHED 99u /* what scratch_create leaves in Information before the call */

static const struct disposition {
	const char *name;
	ULONG value;
	NTSTATUS existing;
	ULONG existing_result;
	uint64_t bytes; /* of 5, then */
	NTSTATUS missing;
} dispositions[] = {
	{"SUPERSEDE", FILE_SUPERSEDE, STATUS_SUCCESS, FILE_SUPERSEDED, 0, STATUS_SUCCESS},
	{"OPEN", FILE_OPEN, STATUS_SUCCESS, FILE_OPENED, 5, STATUS_OBJECT_NAME_NOT_FOUND},
	{"CREATE", FILE_CREATE, STATUS_OBJECT_NAME_COLLISION, 0, 5, STATUS_SUCCESS},
	{"OPEN_IF", FILE_OPEN_IF, STATUS_SUCCESS, FILE_OPENED, 5, STATUS_SUCCESS},
	{"OVERWRITE", FILE_OVERWRITE, STATUS_SUCCESS, FILE_OVERWRITTEN, 0,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"OVERWRITE_IF", FILE_OVERWRITE_IF, STATUS_SUCCESS, FILE_OVERWRITTEN, 0, STATUS_SUCCESS},
};

static struct scratch_open usual(ULONG disposition)
{
	return (struct scratch_open){.path = FILE_PATH,
				     .access = READ_WRITE | DELETE,
				     .share = SHARE_ALL,
				     .disposition = disposition,
				     .options = SYNCHRONOUS};
}

static void existing_cases(const struct disposition *row)
{
	struct scratch_open open = usual(row->value);
	HANDLE file;
	uint64_t bytes;

	NtClose(scratch_need(FILE_PATH, 0, 'c', 5));
	case_status("8.4", case_format("%s of a file", row->name), scratch_try(&open),
		    row->existing);
	if (NT_SUCCESS(row->existing))
		case_number("8.4", case_format("%s of a file: Information", row->name),
			    scratch_io.Information, row->existing_result);
	scratch_open(FILE_PATH, FILE_READ_ATTRIBUTES, &file);
	bytes = scratch_size(file);
	case_number("8.4", case_format("%s of a file: its size then", row->name), bytes,
		    row->bytes);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

static void missing_cases(const struct disposition *row)
{
	struct scratch_open open = usual(row->value);

	case_status("8.4", case_format("%s of nothing", row->name), scratch_try(&open),
		    row->missing);
	if (NT_SUCCESS(row->missing))
		case_number("8.4", case_format("%s of nothing: Information", row->name),
			    scratch_io.Information, FILE_CREATED);
	case_number("8.4", case_format("%s of nothing: is there a file then?", row->name),
		    scratch_exists(FILE_PATH), NT_SUCCESS(row->missing));
	scratch_drop(FILE_PATH);
}

/* ---- folders ---- */

static void folder_cases(void)
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
	case_status("7", "a file in a folder that is not there", scratch_try(&inside),
		    STATUS_OBJECT_PATH_NOT_FOUND);
	case_status("8.4", "CREATE of a folder", scratch_try(&folder), STATUS_SUCCESS);
	case_number("8.4", "CREATE of a folder: Information", scratch_io.Information, FILE_CREATED);
	case_status("8.4", "CREATE of a folder that is there", scratch_try(&folder),
		    STATUS_OBJECT_NAME_COLLISION);
	folder.disposition = FILE_OPEN_IF;
	case_status("8.4", "OPEN_IF of a folder", scratch_try(&folder), STATUS_SUCCESS);
	case_number("8.4", "OPEN_IF of a folder: Information", scratch_io.Information, FILE_OPENED);
	folder.disposition = FILE_OPEN;
	folder.options = FILE_NON_DIRECTORY_FILE | SYNCHRONOUS;
	case_status("8.4", "OPEN of a folder as a file", scratch_try(&folder),
		    STATUS_FILE_IS_A_DIRECTORY);
	folder.options = FILE_DIRECTORY_FILE | SYNCHRONOUS;
	folder.disposition = FILE_OVERWRITE_IF;
	case_status("8.4", "OVERWRITE_IF of a folder as a folder", scratch_try(&folder),
		    STATUS_INVALID_PARAMETER);
	folder.options = SYNCHRONOUS;
	folder.disposition = FILE_OVERWRITE;
	case_chosen();
	case_status("8.4", "OVERWRITE of a folder", scratch_try(&folder),
		    STATUS_OBJECT_NAME_COLLISION);
	case_status("8.4", "CREATE of a file in a folder", scratch_try(&inside), STATUS_SUCCESS);
	case_status("8.4", "deleting a folder with a file in it", scratch_drop(FOLDER_PATH),
		    STATUS_DIRECTORY_NOT_EMPTY);
	case_status("8.4", "deleting the file in it", scratch_drop(FOLDER_PATH "\\x.tmp"),
		    STATUS_SUCCESS);
	case_status("8.4", "deleting an empty folder", scratch_drop(FOLDER_PATH), STATUS_SUCCESS);
	case_number("8.4", "deleting an empty folder: is it there then?",
		    scratch_exists(FOLDER_PATH), false);
	folder.options = FILE_DIRECTORY_FILE | SYNCHRONOUS;
	folder.disposition = FILE_OPEN;
	NtClose(scratch_need(FILE_PATH, 0, 'f', 1));
	folder.path = FILE_PATH;
	case_status("8.4", "OPEN of a file as a folder", scratch_try(&folder),
		    STATUS_NOT_A_DIRECTORY);
	scratch_drop(FILE_PATH);
}

/* ---- sharing: what one open does against what the other allows ---- */

/* The first ones are opened first; beside each, all. */
#define FIRST_KINDS 4

static const struct kind {
	const char *name;
	ACCESS_MASK access;
	ULONG needs;
} kinds[] = {
	{"attributes", FILE_READ_ATTRIBUTES, 0},
	{"read", FILE_READ_DATA, FILE_SHARE_READ},
	{"write", FILE_WRITE_DATA, FILE_SHARE_WRITE},
	{"delete", DELETE, FILE_SHARE_DELETE},
	{"execute", FILE_EXECUTE, FILE_SHARE_READ},
	{"append", FILE_APPEND_DATA, FILE_SHARE_WRITE},
};

static const char *share_text(ULONG share)
{
	if (!share)
		return "none";
	return case_format("%s%s%s", share & FILE_SHARE_READ ? "r" : "",
			   share & FILE_SHARE_WRITE ? "w" : "",
			   share & FILE_SHARE_DELETE ? "d" : "");
}

static NTSTATUS second_open(const struct kind *kind, ULONG share)
{
	return scratch_try(&(struct scratch_open){.path = FILE_PATH,
						  .access = kind->access,
						  .share = share,
						  .disposition = FILE_OPEN});
}

/* One first open; beside it every kind of second open that shares all, or as `second_share`. */
static void sharing_row(const struct kind *first, ULONG first_share, ULONG second_share)
{
	HANDLE file = NULL;

	scratch_create(&(struct scratch_open){.path = FILE_PATH,
					      .access = first->access,
					      .share = first_share,
					      .disposition = FILE_OPEN},
		       &file);
	for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
		const struct kind *second = &kinds[i];
		bool conflicts = first->needs && second->needs &&
				 ((second->needs & ~first_share) || (first->needs & ~second_share));
		const char *shares =
			case_format("%s %s", share_text(first_share), share_text(second_share));

		case_status(
			"8.4",
			case_format("%s, then %s; shared %s", first->name, second->name, shares),
			second_open(second, second_share),
			conflicts ? STATUS_SHARING_VIOLATION : STATUS_SUCCESS);
	}
	NtClose(file);
}

static void sharing_cases(void)
{
	struct scratch_open exclusive = {
		.path = FILE_PATH, .access = FILE_READ_DATA, .disposition = FILE_OPEN};
	HANDLE file = NULL, copy = NULL;

	NtClose(scratch_need(FILE_PATH, 0, 's', 10));
	for (unsigned i = 0; i < FIRST_KINDS; i++)
		for (ULONG share = 0; share <= SHARE_ALL; share++) {
			sharing_row(&kinds[i], share, SHARE_ALL);
			if (share != SHARE_ALL)
				sharing_row(&kinds[i], SHARE_ALL, share);
		}
	scratch_create(&exclusive, &file);
	NtDuplicateObject(CURRENT_PROCESS, file, CURRENT_PROCESS, &copy, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	NtClose(file);
	case_status("8.4", "an exclusive open whose second handle is left", scratch_try(&exclusive),
		    STATUS_SHARING_VIOLATION);
	NtClose(copy);
	case_status("8.4", "an exclusive open that is closed", scratch_try(&exclusive),
		    STATUS_SUCCESS);
	scratch_drop(FILE_PATH);
}

/* ---- deletion on close ---- */

static NTSTATUS reopen(void)
{
	return second_open(&kinds[1], SHARE_ALL);
}

static void delete_on_close_cases(void)
{
	struct scratch_open open = usual(FILE_OPEN);
	HANDLE file = NULL, copy = NULL, other = NULL;

	open.options |= FILE_DELETE_ON_CLOSE;
	NtClose(scratch_need(FILE_PATH, 0, 'd', 10));
	case_status("8.4", "DELETE_ON_CLOSE", scratch_create(&open, &file), STATUS_SUCCESS);
	case_number("8.4", "DELETE_ON_CLOSE: Information", scratch_io.Information, FILE_OPENED);
	case_status("8.4", "DELETE_ON_CLOSE: another open before the close",
		    scratch_open(FILE_PATH, FILE_READ_DATA, &other), STATUS_SUCCESS);
	NtDuplicateObject(CURRENT_PROCESS, file, CURRENT_PROCESS, &copy, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	NtClose(file);
	case_status("8.4", "DELETE_ON_CLOSE: a second handle is left", reopen(), STATUS_SUCCESS);
	NtClose(copy);
	case_status("8.4", "DELETE_ON_CLOSE: closed, but another open is left", reopen(),
		    STATUS_DELETE_PENDING);
	NtClose(other);
	case_status("8.4", "DELETE_ON_CLOSE: all closed", reopen(), STATUS_OBJECT_NAME_NOT_FOUND);
	open.disposition = FILE_CREATE;
	case_status("8.4", "CREATE with DELETE_ON_CLOSE", scratch_try(&open), STATUS_SUCCESS);
	case_status("8.4", "CREATE with DELETE_ON_CLOSE: closed", reopen(),
		    STATUS_OBJECT_NAME_NOT_FOUND);
	NtClose(scratch_need(FILE_PATH, 0, 'd', 10));
	open.disposition = FILE_OPEN;
	open.access = READ_WRITE;
	case_status("8.4", "DELETE_ON_CLOSE without DELETE", scratch_try(&open),
		    STATUS_INVALID_PARAMETER);
	scratch_drop(FILE_PATH);
}

/* ---- values ---- */

static void value_cases(void)
{
	static const struct {
		const char *what;
		struct scratch_open open;
	} rows[] = {
		{"disposition 6", {.disposition = 6}},
		{"share 8", {.disposition = FILE_OPEN, .share = 8}},
		{"a folder that is none",
		 {.disposition = FILE_OPEN,
		  .options = FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE}},
		{"an option that does not exist", {.disposition = FILE_OPEN, .options = 1u << 24}},
		{"both synchronous options",
		 {.disposition = FILE_OPEN,
		  .access = SYNCHRONIZE,
		  .options = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT}},
		{"a negative allocation size",
		 {.disposition = FILE_OPEN_IF, .allocation = 1ull << 63}},
	};

	NtClose(scratch_need(FILE_PATH, 0, 'v', 10));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scratch_open open = rows[i].open;

		open.path = FILE_PATH;
		open.access |= FILE_READ_DATA;
		open.share |= SHARE_ALL;
		case_status("8.4", rows[i].what, scratch_try(&open), STATUS_INVALID_PARAMETER);
	}
	scratch_drop(FILE_PATH);
}

/* A synchronous option needs SYNCHRONIZE: scratch_create would add it. */
static void synchronize_case(void)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	IO_STATUS_BLOCK io;
	HANDLE file = NULL;
	NTSTATUS status;

	NtClose(scratch_need(FILE_PATH, 0, 'v', 10));
	RtlInitUnicodeString(&name, L"\\??\\"
				    L"C:\\data\\opened.tmp");
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	status = NtCreateFile(&file, FILE_READ_DATA, &attributes, &io, NULL, 0, SHARE_ALL,
			      FILE_OPEN, SYNCHRONOUS, NULL, 0);
	case_status("8.4", "a synchronous option without SYNCHRONIZE", status,
		    STATUS_INVALID_PARAMETER);
	if (NT_SUCCESS(status))
		NtClose(file);
	scratch_drop(FILE_PATH);
}

/* ---- names ---- */

static void name_cases(void)
{
	static const char *const bad[] = {"C:\\data\\a*b", "C:\\data\\a?b", "C:\\data\\a<b",
					  "C:\\data\\a\"b", "C:\\data\\a|b"};
	struct scratch_open open = {.path = "C:\\data",
				    .access = FILE_LIST_DIRECTORY | SYNCHRONIZE,
				    .share = SHARE_ALL,
				    .disposition = FILE_OPEN,
				    .options = FILE_DIRECTORY_FILE | SYNCHRONOUS};
	HANDLE folder = NULL, file = NULL;

	scratch_create(&open, &folder);
	open = usual(FILE_CREATE);
	open.path = "Opened.TMP";
	open.root = folder;
	case_status("7", "a name below a folder's handle", scratch_create(&open, &file),
		    STATUS_SUCCESS);
	case_status("7", "found without regard to case", reopen(), STATUS_SUCCESS);
	open.path = "";
	open.root = file;
	open.disposition = FILE_OPEN;
	case_status("7", "an empty name below a file's handle", scratch_try(&open), STATUS_SUCCESS);
	NtClose(file);
	NtClose(folder);
	scratch_drop(FILE_PATH);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		open = usual(FILE_CREATE);
		open.path = bad[i];
		case_status("7", case_format("the name %s", bad[i]), scratch_try(&open),
			    STATUS_OBJECT_NAME_INVALID);
	}
}

/* ---- NtOpenFile: OPEN with less to say ---- */

static void open_file_cases(void)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	IO_STATUS_BLOCK io = {.Information = UNTOUCHED};
	HANDLE file = NULL;

	RtlInitUnicodeString(&name, L"\\??\\"
				    L"C:\\data\\opened.tmp");
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	case_call("NtOpenFile");
	case_status("8.4", "nothing there",
		    NtOpenFile(&file, FILE_READ_DATA, &attributes, &io, SHARE_ALL, 0),
		    STATUS_OBJECT_NAME_NOT_FOUND);
	NtClose(scratch_need(FILE_PATH, 0, 'o', 3));
	case_status("8.4", "a file",
		    NtOpenFile(&file, FILE_READ_DATA, &attributes, &io, SHARE_ALL, 0),
		    STATUS_SUCCESS);
	case_number("8.4", "a file: Information", io.Information, FILE_OPENED);
	case_status("8.4", "a file: the block's status", io.Status, STATUS_SUCCESS);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_create_file: NtCreateFile and NtOpenFile");
	scratch_drop(FILE_PATH);
	case_call("NtCreateFile");
	for (unsigned i = 0; i < COUNT_OF(dispositions); i++) {
		existing_cases(&dispositions[i]);
		missing_cases(&dispositions[i]);
	}
	folder_cases();
	sharing_cases();
	delete_on_close_cases();
	value_cases();
	synchronize_case();
	name_cases();
	open_file_cases();
	return case_finish();
}

/*
 * conform_file_information.c - NtSetInformationFile and NtQueryInformationFile where the
 * specification names them: end of file and disposition (8.4), the shared mark of deletion (W23),
 * the block of a call that fails (W24); lengths, classes, rights.
 */
#include "case.h"
#include "tests/guest/scratch.h"

#define FILE_PATH "C:\\data\\informed.tmp"
#define UNTOUCHED 99u

static bool is_pending(HANDLE file)
{
	FILE_STANDARD_INFORMATION standard = {.DeletePending = 2};

	scratch_query(file, FileStandardInformation, &standard, sizeof(standard));
	return standard.DeletePending == 1;
}

static void end_of_file_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA, 'e', 8), reader = NULL;
	uint64_t bytes = (uint64_t)-1;

	case_call("NtSetInformationFile");
	case_status("8.4", "set EOF to less", scratch_set_size(file, 6), STATUS_SUCCESS);
	case_number("8.4", "set EOF to less: the size then", scratch_size(file), 6);
	case_status("8.4", "set EOF to more", scratch_set_size(file, 0x3000), STATUS_SUCCESS);
	case_number("8.4", "set EOF to more: the size then", scratch_size(file), 0x3000);
	case_status("8.4", "set EOF to -1",
		    scratch_set(file, FILE_END_OF_FILE_CLASS, &bytes, sizeof(bytes)),
		    STATUS_INVALID_PARAMETER);
	case_number("8.4", "set EOF to -1: the size then", scratch_size(file), 0x3000);
	scratch_open(FILE_PATH, FILE_READ_DATA, &reader);
	case_status("8.4", "set EOF without FILE_WRITE_DATA", scratch_set_size(reader, 6),
		    STATUS_ACCESS_DENIED);
	case_status("C2", "set EOF, handle 0", scratch_set_size(NULL, 6), STATUS_INVALID_HANDLE);
	case_status("C1", "set EOF, handle of a process", scratch_set_size(CURRENT_PROCESS, 6),
		    STATUS_OBJECT_TYPE_MISMATCH);
	NtClose(reader);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

static void disposition_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'd', 8), other = NULL;
	HANDLE reopened = NULL;

	scratch_open(FILE_PATH, FILE_READ_DATA, &other);
	case_call("NtSetInformationFile");
	case_status("8.4", "delete without DELETE", scratch_delete(other, true),
		    STATUS_ACCESS_DENIED);
	case_status("8.4", "delete", scratch_delete(file, true), STATUS_SUCCESS);
	case_true("8.4", "delete: the handle says it is pending", is_pending(file));
	case_true("W23", "delete: another handle says it is pending", is_pending(other));
	case_status("8.4", "delete: another open",
		    scratch_open(FILE_PATH, FILE_READ_DATA, &reopened), STATUS_DELETE_PENDING);
	if (reopened)
		NtClose(reopened);
	case_status("8.4", "delete not", scratch_delete(file, false), STATUS_SUCCESS);
	case_true("W23", "delete not: another handle says it is not pending", !is_pending(other));
	scratch_delete(file, true);
	NtClose(file);
	case_true("8.4", "delete, closed: the other handle reads",
		  NT_SUCCESS(scratch_read(other, 0, &(char){0}, 1)));
	NtClose(other);
	case_true("8.4", "delete, all closed: the file is gone", !scratch_exists(FILE_PATH));
}

/* The block of a call that fails is not written. */
static void block_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'b', 8), section = NULL;
	HANDLE reader = NULL;
	uint64_t bytes = 6;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	scratch_open(FILE_PATH, FILE_READ_DATA, &reader);
	case_call("NtSetInformationFile");
	scratch_io = (IO_STATUS_BLOCK){.Status = UNTOUCHED, .Information = UNTOUCHED};
	scratch_set(reader, FILE_END_OF_FILE_CLASS, &bytes, sizeof(bytes));
	case_number("W24", "set EOF without the right: the block's status",
		    (uint32_t)scratch_io.Status, UNTOUCHED);
	scratch_io = (IO_STATUS_BLOCK){.Status = UNTOUCHED, .Information = UNTOUCHED};
	scratch_set(file, FILE_END_OF_FILE_CLASS, &bytes, sizeof(bytes));
	case_number("W24", "set EOF of a mapped file: the block's status",
		    (uint32_t)scratch_io.Status, UNTOUCHED);
	scratch_io = (IO_STATUS_BLOCK){.Status = UNTOUCHED, .Information = UNTOUCHED};
	bytes = 8;
	scratch_set(file, FILE_END_OF_FILE_CLASS, &bytes, sizeof(bytes));
	case_number("8.4", "set EOF to the same: the block's status", (uint32_t)scratch_io.Status,
		    STATUS_SUCCESS);
	case_number("8.4", "set EOF to the same: Information", scratch_io.Information, 0);
	NtClose(reader);
	NtClose(section);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

static void class_cases(void)
{
	static const struct {
		const char *name;
		ULONG class, bytes;
	} set_rows[] = {
		{"disposition", FileDispositionInformation, 1},
		{"end of file", FILE_END_OF_FILE_CLASS, 8},
		{"basic", FileBasicInformation, 40},
		{"position", FilePositionInformation, 8},
	};
	HANDLE file =
		scratch_need(FILE_PATH, FILE_READ_DATA | DELETE | FILE_WRITE_ATTRIBUTES, 'c', 8);
	FILE_STANDARD_INFORMATION standard;
	uint64_t buffer[8] = {0};

	case_call("NtSetInformationFile");
	for (unsigned i = 0; i < COUNT_OF(set_rows); i++)
		case_status("8.4", case_format("%s, a byte too little", set_rows[i].name),
			    scratch_set(file, set_rows[i].class, buffer, set_rows[i].bytes - 1),
			    STATUS_INFO_LENGTH_MISMATCH);
	case_status("8.4", "a class that does not exist",
		    scratch_set(file, 3333, buffer, sizeof(buffer)), STATUS_INVALID_INFO_CLASS);
	case_call("NtQueryInformationFile");
	case_status("8.4", "standard, a byte too little",
		    scratch_query(file, FileStandardInformation, buffer, 23),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("8.4", "standard", scratch_query(file, FileStandardInformation, &standard, 24),
		    STATUS_SUCCESS);
	case_number("8.4", "standard: Information", scratch_io.Information, 24);
	case_number("8.4", "standard: the size", (uint64_t)standard.EndOfFile.QuadPart, 8);
	case_number("8.4", "standard: links", standard.NumberOfLinks, 1);
	case_status("8.4", "a class that does not exist", scratch_query(file, 3333, buffer, 64),
		    STATUS_INVALID_INFO_CLASS);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_file_information: NtSet- and NtQueryInformationFile");
	scratch_drop(FILE_PATH);
	end_of_file_cases();
	disposition_cases();
	block_cases();
	class_cases();
	return case_finish();
}

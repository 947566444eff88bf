/*
 * conform_file_rights.c - NtCreateSection: what the file's handle must grant (table 3.1.3;
 * P2.51-54).
 */
#include "case.h"
#include "crafted.h"

#define FILE_PATH "C:\\data\\rights.tmp"
#define IMAGE_PATH "C:\\data\\rights.exe"
#define R FILE_READ_DATA
#define W FILE_WRITE_DATA
#define X FILE_EXECUTE

static const char *access_text(ACCESS_MASK access)
{
	if (!(access & (R | W | X)))
		return "none";
	return case_format("%s%s%s", access & R ? "r" : "", access & W ? "w" : "",
			   access & X ? "x" : "");
}

static const struct row {
	ULONG protection;
	ACCESS_MASK data; /* what table 3.1.3 asks for */
} rows[] = {
	{PAGE_READONLY, R},
	{PAGE_WRITECOPY, R},
	{PAGE_READWRITE, R | W},
	{PAGE_EXECUTE, X},
	{PAGE_EXECUTE_READ, R | X},
	{PAGE_EXECUTE_WRITECOPY, R | X},
	{PAGE_EXECUTE_READWRITE, R | W | X},
};

static const ACCESS_MASK masks[] = {0, R, W, X, R | W, R | X, W | X, R | W | X};

static void data_case(const struct row *row, ACCESS_MASK mask)
{
	const char *what = case_format("data, %s, file handle %s", protection_text(row->protection),
				       access_text(mask));
	HANDLE file = NULL;

	scratch_open(FILE_PATH, mask | FILE_READ_ATTRIBUTES, &file);
	case_status("3.1.3", what, section_try(0, row->protection, SEC_COMMIT, file),
		    (mask & row->data) == row->data ? STATUS_SUCCESS : STATUS_ACCESS_DENIED);
	NtClose(file);
}

/* The table names READONLY and WRITECOPY only; the others are mapped by a reader or executor. */
static void image_case(const struct row *row, ACCESS_MASK mask)
{
	const char *what = case_format("image, %s, file handle %s",
				       protection_text(row->protection), access_text(mask));
	ACCESS_MASK any = R | X;
	HANDLE file = NULL;

	if (row->data == R)
		any = R;
	else
		case_chosen();
	scratch_open(IMAGE_PATH, mask | FILE_READ_ATTRIBUTES, &file);
	case_status("3.1.3", what, section_try(0, row->protection, SEC_IMAGE, file),
		    mask & any ? STATUS_SUCCESS : STATUS_ACCESS_DENIED);
	NtClose(file);
}

static void assertion_cases(void)
{
	HANDLE reader = NULL, blind = NULL;

	scratch_open(FILE_PATH, FILE_READ_DATA, &reader);
	scratch_open(FILE_PATH, FILE_READ_ATTRIBUTES, &blind);
	case_status("P2.51", "file opened for read, RW",
		    section_try(0, PAGE_READWRITE, SEC_COMMIT, reader), STATUS_ACCESS_DENIED);
	case_status("P2.52", "file opened for read, WC",
		    section_try(0, PAGE_WRITECOPY, SEC_COMMIT, reader), STATUS_SUCCESS);
	case_status("P2.53", "file opened for read, XR",
		    section_try(0, PAGE_EXECUTE_READ, SEC_COMMIT, reader), STATUS_ACCESS_DENIED);
	case_status("P2.54", "file opened with no data rights, RO",
		    section_try(0, PAGE_READONLY, SEC_COMMIT, blind), STATUS_ACCESS_DENIED);
	NtClose(blind);
	NtClose(reader);
}

/* Rights come before what the file is, and after what the section shall be. */
static void order_cases(void)
{
	HANDLE blind = NULL;

	scratch_open(FILE_PATH, FILE_READ_ATTRIBUTES, &blind);
	case_status("3.1.1/13", "no rights, and attributes 0",
		    section_try(0, PAGE_READONLY, 0, blind), STATUS_INVALID_PARAMETER_6);
	case_status("3.1.1/13", "no rights, and protection 0", section_try(0, 0, SEC_COMMIT, blind),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("3.1.1/13", "no rights, and no image",
		    section_try(0, PAGE_READONLY, SEC_IMAGE, blind), STATUS_ACCESS_DENIED);
	case_status("3.1.1/13", "no rights, and too big",
		    section_try(1 << 20, PAGE_READONLY, SEC_COMMIT, blind), STATUS_ACCESS_DENIED);
	NtClose(blind);
}

/* The gates of a view are the section's, not the file's: once made, the handle may go. */
static void later_cases(void)
{
	HANDLE file = NULL, section = NULL;

	scratch_open(FILE_PATH, R | W, &file);
	case_status("3.1.3", "data, RW, file handle rw: created",
		    section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file), STATUS_SUCCESS);
	NtClose(file);
	case_status("3.1.2", "mapped RW after the file's handle was closed",
		    view_try(section, PAGE_READWRITE), STATUS_SUCCESS);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_file_rights: NtCreateSection, rights of the file handle");
	case_call("NtCreateSection");
	NtClose(scratch_need(FILE_PATH, 0, 'r', 100));
	NtClose(crafted_need(IMAGE_PATH, 0));
	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		for (unsigned j = 0; j < COUNT_OF(masks); j++) {
			data_case(&rows[i], masks[j]);
			image_case(&rows[i], masks[j]);
		}
	assertion_cases();
	order_cases();
	later_cases();
	scratch_drop(FILE_PATH);
	scratch_drop(IMAGE_PATH);
	return case_finish();
}

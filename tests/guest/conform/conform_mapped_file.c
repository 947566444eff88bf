/*
 * conform_mapped_file.c - what sections and views of a file stand in the way of: cutting, deleting
 * and opening it (table 8.4; P5.96-107). Each row with the section's handle open, with a view
 * beside it, and with the view alone.
 */
#include <string.h>

#include "crafted.h"

#define FILE_PATH "C:\\data\\conform.tmp"
#define IMAGE_PATH "C:\\data\\conform.exe"
#define BYTES 8u
#define READ_WRITE (FILE_READ_DATA | FILE_WRITE_DATA)

/* What stands in the way: its name, and the ids of the assertions that are about it. */
struct stage {
	const char *name, *cut, *same, *delete;
};

static const struct stage stages[] = {
	{"section", "P5.96", "P5.98", "P5.101"},
	{"section and view", "8.4", "8.4", "8.4"},
	{"view alone", "P5.99", "8.4", "P5.101"},
};

static NTSTATUS open_as(const char *path, ACCESS_MASK access, ULONG share, ULONG disposition,
			ULONG options)
{
	return scratch_try(&(struct scratch_open){.path = path,
						  .access = access,
						  .share = share,
						  .disposition = disposition,
						  .options = options | SYNCHRONOUS});
}

static const char *about(const char *kind, const struct stage *stage, const char *what)
{
	return case_format("%s, %s: %s", kind, stage->name, what);
}

/* ---- data ---- */

static void data_set_cases(const struct stage *stage, HANDLE file)
{
	char bytes[BYTES + 1] = {0};

	case_call("NtSetInformationFile");
	case_status(stage->cut, about("data", stage, "set EOF to less than the section"),
		    scratch_set_size(file, 2), STATUS_USER_MAPPED_FILE);
	case_status(stage->cut, about("data", stage, "set EOF to less, but the section's"),
		    scratch_set_size(file, 4), STATUS_USER_MAPPED_FILE);
	case_status("P5.97", about("data", stage, "set EOF to less, but more than the section's"),
		    scratch_set_size(file, 6), STATUS_USER_MAPPED_FILE);
	case_number(stage->cut, about("data", stage, "the size then"), scratch_size(file), BYTES);
	scratch_read(file, 0, bytes, BYTES);
	case_text("8.4", about("data", stage, "the bytes then"), bytes, "mmmmmmmm");
	case_status(stage->same, about("data", stage, "set EOF to the same"),
		    scratch_set_size(file, BYTES), STATUS_SUCCESS);
	case_status(stage->delete, about("data", stage, "delete"), scratch_delete(file, true),
		    STATUS_CANNOT_DELETE);
	case_status(stage->delete, about("data", stage, "delete not"), scratch_delete(file, false),
		    STATUS_SUCCESS);
}

static void data_open_cases(const struct stage *stage)
{
	case_call("NtCreateFile");
	case_status("P5.106", about("data", stage, "OVERWRITE"),
		    open_as(FILE_PATH, READ_WRITE, SHARE_ALL, FILE_OVERWRITE, 0),
		    STATUS_USER_MAPPED_FILE);
	case_status("P5.106", about("data", stage, "OVERWRITE_IF"),
		    open_as(FILE_PATH, READ_WRITE, SHARE_ALL, FILE_OVERWRITE_IF, 0),
		    STATUS_USER_MAPPED_FILE);
	case_status("8.4", about("data", stage, "SUPERSEDE"),
		    open_as(FILE_PATH, READ_WRITE | DELETE, SHARE_ALL, FILE_SUPERSEDE, 0),
		    STATUS_USER_MAPPED_FILE);
	case_status("8.4", about("data", stage, "OPEN_IF for writing"),
		    open_as(FILE_PATH, READ_WRITE, SHARE_ALL, FILE_OPEN_IF, 0), STATUS_SUCCESS);
	case_number("8.4", about("data", stage, "OPEN_IF: Information"), scratch_io.Information,
		    FILE_OPENED);
}

static uint64_t section_bytes(HANDLE section)
{
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};

	NtQuerySection(section, SectionBasicInformation, &information, sizeof(information), NULL);
	return (uint64_t)information.Size.QuadPart;
}

static void data_stage(unsigned number, HANDLE file)
{
	data_set_cases(&stages[number], file);
	data_open_cases(&stages[number]);
}

static void data_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'm', BYTES), section;
	char *view;

	section_make(&section, 4, PAGE_READWRITE, SEC_COMMIT, file);
	data_stage(0, file);
	view = view_need(section, PAGE_READWRITE);
	data_stage(1, file);
	NtClose(section);
	data_stage(2, file);
	view_drop(view);
	case_call("NtSetInformationFile");
	case_status("P5.100", "data, all closed: set EOF to less", scratch_set_size(file, 6),
		    STATUS_SUCCESS);
	case_number("P5.100", "data, all closed: the size then", scratch_size(file), 6);
	case_status("P5.102", "data, all closed: delete", scratch_delete(file, true),
		    STATUS_SUCCESS);
	NtClose(file);
	case_true("P5.102", "data, all closed: the file is gone", !scratch_exists(FILE_PATH));
}

/* Growing, and cutting what has grown. */
static void growing_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'm', BYTES), section, other;
	char *view;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	case_call("NtSetInformationFile");
	case_status("P5.98", "data, section: set EOF to more", scratch_set_size(file, 8192),
		    STATUS_SUCCESS);
	case_number("P5.98", "data, section: the section's size then", section_bytes(section),
		    BYTES);
	case_number("P5.98", "data, section: the file's size then", scratch_size(file), 8192);
	case_status("8.4", "data, section: set EOF from 8192 to 8191", scratch_set_size(file, 8191),
		    STATUS_USER_MAPPED_FILE);
	view = view_need(section, PAGE_READWRITE);
	NtClose(section);
	NtClose(file);
	scratch_open(FILE_PATH, READ_WRITE | DELETE, &other);
	case_status("P5.99", "data, view alone, the file's handle closed: set EOF to less",
		    scratch_set_size(other, 8191), STATUS_USER_MAPPED_FILE);
	case_status("P5.101", "data, view alone, the file's handle closed: delete",
		    scratch_delete(other, true), STATUS_CANNOT_DELETE);
	view_drop(view);
	case_status("P5.100", "data, all closed but the file: set EOF to 0",
		    scratch_set_size(other, 0), STATUS_SUCCESS);
	case_call("NtCreateFile");
	case_status("8.4", "data, all closed: OVERWRITE",
		    open_as(FILE_PATH, READ_WRITE, SHARE_ALL, FILE_OVERWRITE, 0), STATUS_SUCCESS);
	NtClose(other);
	scratch_drop(FILE_PATH);
}

/* ---- who may open a file that is mapped, when the creator's handle is closed ---- */

static void open_row(const char *name, ULONG share, NTSTATUS documented)
{
	const char *id = documented == STATUS_SHARING_VIOLATION ? "P5.103" : "8.4";

	case_status(id, case_format("%s: open for writing, share %u", name, (unsigned)share),
		    open_as(FILE_PATH, READ_WRITE, share, FILE_OPEN, 0), documented);
}

static void writable_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA, 'w', BYTES), section;
	char *view;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	NtClose(file);
	case_call("NtCreateFile");
	for (ULONG share = 0; share <= SHARE_ALL; share++)
		open_row("section RW", share,
			 share & FILE_SHARE_WRITE ? STATUS_SUCCESS : STATUS_SHARING_VIOLATION);
	case_status("P5.103", "section RW: open for reading, share 0",
		    open_as(FILE_PATH, FILE_READ_DATA, 0, FILE_OPEN, 0), STATUS_SHARING_VIOLATION);
	case_chosen();
	case_status("8.4", "section RW: open for the attributes, share 0",
		    open_as(FILE_PATH, FILE_READ_ATTRIBUTES, 0, FILE_OPEN, 0), STATUS_SUCCESS);
	view = view_need(section, PAGE_READONLY);
	NtClose(section);
	open_row("view RO of a section RW", 0, STATUS_SHARING_VIOLATION);
	open_row("view RO of a section RW", SHARE_ALL, STATUS_SUCCESS);
	view_drop(view);
	open_row("all closed", 0, STATUS_SUCCESS);
	scratch_drop(FILE_PATH);
}

static void readable_cases(ULONG protection)
{
	const char *name = case_format("section %s", protection_text(protection));
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA, 'r', BYTES), section;
	char *view;

	section_make(&section, 0, protection, SEC_COMMIT, file);
	NtClose(file);
	case_call("NtCreateFile");
	case_status("P5.104", case_format("%s: open for reading, share 0", name),
		    open_as(FILE_PATH, FILE_READ_DATA, 0, FILE_OPEN, 0), STATUS_SUCCESS);
	open_row(name, 0, STATUS_SUCCESS);
	view = view_need(section, protection);
	NtClose(section);
	open_row(case_format("view alone of a %s", name), 0, STATUS_SUCCESS);
	case_status("8.4", case_format("view alone of a %s: DELETE_ON_CLOSE", name),
		    open_as(FILE_PATH, FILE_READ_DATA | DELETE, SHARE_ALL, FILE_OPEN,
			    FILE_DELETE_ON_CLOSE),
		    STATUS_SUCCESS);
	view_drop(view);
	scratch_drop(FILE_PATH);
}

/* ---- images ---- */

static void image_stage(const struct stage *stage, HANDLE file)
{
	case_call("NtCreateFile");
	case_status("P5.105", about("image", stage, "open for writing"),
		    open_as(IMAGE_PATH, READ_WRITE, SHARE_ALL, FILE_OPEN, 0),
		    STATUS_SHARING_VIOLATION);
	case_status("P5.105", about("image", stage, "open for writing, share 0"),
		    open_as(IMAGE_PATH, FILE_WRITE_DATA, 0, FILE_OPEN, 0),
		    STATUS_SHARING_VIOLATION);
	case_status("8.4", about("image", stage, "open for reading"),
		    open_as(IMAGE_PATH, FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0), STATUS_SUCCESS);
	case_status("8.4", about("image", stage, "OVERWRITE_IF"),
		    open_as(IMAGE_PATH, READ_WRITE, SHARE_ALL, FILE_OVERWRITE_IF, 0),
		    STATUS_SHARING_VIOLATION);
	case_status("8.4", about("image", stage, "SUPERSEDE"),
		    open_as(IMAGE_PATH, READ_WRITE | DELETE, SHARE_ALL, FILE_SUPERSEDE, 0),
		    STATUS_SHARING_VIOLATION);
	case_status("P5.107", about("image", stage, "DELETE_ON_CLOSE"),
		    open_as(IMAGE_PATH, FILE_READ_DATA | DELETE, SHARE_ALL, FILE_OPEN,
			    FILE_DELETE_ON_CLOSE),
		    STATUS_CANNOT_DELETE);
	case_call("NtSetInformationFile");
	case_status("8.4", about("image", stage, "set EOF to less"), scratch_set_size(file, 100),
		    STATUS_USER_MAPPED_FILE);
	case_status("8.4", about("image", stage, "set EOF to the same"),
		    scratch_set_size(file, scratch_size(file)), STATUS_SUCCESS);
	case_status("8.4", about("image", stage, "delete"), scratch_delete(file, true),
		    STATUS_CANNOT_DELETE);
	case_status("8.4", about("image", stage, "delete not"), scratch_delete(file, false),
		    STATUS_SUCCESS);
}

static void image_cases(void)
{
	HANDLE file = crafted_need(IMAGE_PATH, FILE_READ_DATA | DELETE), section = NULL;
	char *view;

	section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);
	image_stage(&stages[0], file);
	view = view_need(section, PAGE_READONLY);
	image_stage(&stages[1], file);
	NtClose(section);
	image_stage(&stages[2], file);
	view_drop(view);
	case_call("NtCreateFile");
	case_status("8.4", "image, all closed: open for writing",
		    open_as(IMAGE_PATH, READ_WRITE, SHARE_ALL, FILE_OPEN, 0), STATUS_SUCCESS);
	case_status("8.4", "image, all closed: OVERWRITE_IF",
		    open_as(IMAGE_PATH, READ_WRITE, SHARE_ALL, FILE_OVERWRITE_IF, 0),
		    STATUS_SUCCESS);
	case_call("NtSetInformationFile");
	case_status("8.4", "image, all closed: set EOF to less", scratch_set_size(file, 0),
		    STATUS_SUCCESS);
	case_status("8.4", "image, all closed: delete", scratch_delete(file, true), STATUS_SUCCESS);
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_mapped_file: files that are mapped");
	data_cases();
	growing_cases();
	writable_cases();
	readable_cases(PAGE_READONLY);
	readable_cases(PAGE_WRITECOPY);
	image_cases();
	return case_finish();
}

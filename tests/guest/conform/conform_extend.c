/*
 * conform_extend.c - NtExtendSection (3.6): all of it is of low confidence or drawn from use in
 * production, and Wine has no such call.
 */
#include "case.h"
#include "tests/guest/scratch.h"

#define FILE_PATH "C:\\data\\extended.tmp"
#define VIEW_BYTES 0x40000u

typedef NTSTATUS(NTAPI *section_extender)(HANDLE section, LARGE_INTEGER *size);

static section_extender extend_call;

static NTSTATUS extend(HANDLE section, uint64_t bytes, uint64_t *seen)
{
	LARGE_INTEGER size = {.QuadPart = (LONGLONG)bytes};
	NTSTATUS status = extend_call(section, &size);

	*seen = (uint64_t)size.QuadPart;
	return status;
}

/* A view that goes on behind its section, or NULL. */
static char *view_beyond(HANDLE section)
{
	SIZE_T bytes = VIEW_BYTES;
	PVOID base = NULL;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewUnmap, MEM_RESERVE, PAGE_READWRITE);

	return NT_SUCCESS(status) ? base : NULL;
}

static void growing_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'x', PAGE_BYTES), section;
	uint64_t seen;
	char *view;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_beyond(section);
	case_status("3.6", "behind the end of the file, before", case_load(view + 2 * PAGE_BYTES),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.6", "a file section, RW, to 0x3005", extend(section, 0x3005, &seen),
		    STATUS_SUCCESS);
	case_number("3.6", "to 0x3005: the size written back", seen, 0x3005);
	case_number("3.6", "to 0x3005: the file's size", scratch_size(file), 0x3005);
	case_status("3.6", "behind the old end, after", view ? case_store(view + 0x3004, 'n') : -1,
		    STATUS_SUCCESS);
	case_status("3.6", "in the view's reserved rest, after",
		    case_load(view ? view + 0x5000 : NULL), STATUS_ACCESS_VIOLATION);
	case_chosen();
	case_status("3.6", "to less", extend(section, 0x1000, &seen), STATUS_SUCCESS);
	case_chosen();
	case_number("3.6", "to less: the size written back", seen, 0x3005);
	case_number("3.6", "to less: the file's size", scratch_size(file), 0x3005);
	if (view)
		view_drop(view);
	NtClose(section);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* A file that grows by a write, under a view whose section is closed. */
static void written_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'x', PAGE_BYTES), section;
	char *view;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_beyond(section);
	NtClose(section);
	scratch_write(file, 0x2000, "g", 1);
	case_status("3.6", "a page that the file got by NtWriteFile",
		    view ? case_load(view + 0x2000) : -1, STATUS_SUCCESS);
	case_number("3.6", "what was written there", view ? (unsigned char)view[0x2000] : 0, 'g');
	if (view)
		view_drop(view);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

static void refusal_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'x', PAGE_BYTES);
	HANDLE program = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE);
	HANDLE memory = section_need(PAGE_BYTES), image = NULL, fixed = NULL, weak = NULL;
	uint64_t seen;

	section_make(&image, 0, PAGE_READONLY, SEC_IMAGE, program);
	section_make(&fixed, 0, PAGE_READONLY, SEC_COMMIT, file);
	NtDuplicateObject(CURRENT_PROCESS, memory, CURRENT_PROCESS, &weak,
			  SECTION_ALL_ACCESS & ~SECTION_EXTEND_SIZE, 0, 0);
	case_status("3.6", "size pointer NULL", extend_call(memory, NULL), STATUS_ACCESS_VIOLATION);
	case_status("3.6", "size pointer NULL, handle 0", extend_call(NULL, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.6", "handle 0", extend(NULL, 0x2000, &seen), STATUS_INVALID_HANDLE);
	case_status("3.6", "handle of a process", extend(CURRENT_PROCESS, 0x2000, &seen),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("3.6", "handle without EXTEND_SIZE", extend(weak, 0x2000, &seen),
		    STATUS_ACCESS_DENIED);
	case_chosen();
	case_status("3.6", "a page-file section", extend(memory, 0x2000, &seen),
		    STATUS_SECTION_NOT_EXTENDED);
	case_chosen();
	case_number("3.6", "a page-file section: the size is not written", seen, 0x2000);
	case_chosen();
	case_status("3.6", "an image", extend(image, 0x1000000, &seen),
		    STATUS_SECTION_NOT_EXTENDED);
	case_chosen();
	case_status("3.6", "a file section, RO", extend(fixed, 0x2000, &seen),
		    STATUS_SECTION_NOT_EXTENDED);
	case_number("3.6", "a file section, RO: the file's size", scratch_size(file), PAGE_BYTES);
	NtClose(weak);
	NtClose(fixed);
	NtClose(image);
	NtClose(memory);
	NtClose(program);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_extend: NtExtendSection");
	extend_call = (section_extender)case_find_call("NtExtendSection");
	growing_cases();
	written_cases();
	refusal_cases();
	return case_finish();
}

/*
 * test_extend.c - views that go on behind their section, and how they grow: NtExtendSection,
 * NtWriteFile (3.4.1 rows 13-17, 3.6; P4.84-87).
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define EXTEND_FILE "C:\\data\\scratch9.bin" /* one page at first */
#define VIEW_BYTES 0x40000u

static uint64_t file_bytes(HANDLE file)
{
	FILE_STANDARD_INFORMATION information = {.EndOfFile.QuadPart = -1};
	IO_STATUS_BLOCK io;

	NtQueryInformationFile(file, &io, &information, sizeof(information),
			       FileStandardInformation);
	return (uint64_t)information.EndOfFile.QuadPart;
}

static uint64_t section_bytes(HANDLE section)
{
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};

	NtQuerySection(section, SectionBasicInformation, &information, sizeof(information), NULL);
	return (uint64_t)information.Size.QuadPart;
}

static NTSTATUS map_reserve(HANDLE section, uint64_t offset, SIZE_T bytes, ULONG protection,
			    char **view)
{
	LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};
	PVOID base = NULL;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, &at, &bytes,
					     ViewUnmap, MEM_RESERVE, protection);

	*view = base;
	return status;
}

/* A section of the scratch file as it is, and an extendable view of it. */
static char *view_of_file(HANDLE file, HANDLE *section)
{
	NTSTATUS status = section_make(section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	char *view = NULL;

	if (NT_SUCCESS(status))
		status = map_reserve(*section, 0, VIEW_BYTES, PAGE_READWRITE, &view);
	if (!NT_SUCCESS(status))
		bail_out("an extendable view", status);
	return view;
}

static NTSTATUS extend(HANDLE section, uint64_t bytes, uint64_t *seen)
{
	LARGE_INTEGER size = {.QuadPart = (LONGLONG)bytes};
	NTSTATUS status = NtExtendSection(section, &size);

	*seen = (uint64_t)size.QuadPart;
	return status;
}

static void check_run(char *address, ULONG state, ULONG protection, uint64_t bytes,
		      const char *text)
{
	MEMORY_BASIC_INFORMATION region = region_at(address);

	tap_is_number(region.State, state, "%s: state", text);
	tap_is_number(region.Protect, protection, "%s: protection", text);
	tap_is_number(region.RegionSize, bytes, "%s: size", text);
}

/* catches: MEM_RESERVE taken for other sections, or its size compared with the section's */
static void test_rows(void)
{
	HANDLE file = file_need(EXTEND_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section, fixed;
	HANDLE memory = section_need(PAGE_BYTES);
	char *view;

	tap_is_status(map_reserve(memory, 0, 0, PAGE_READWRITE, &view), STATUS_INVALID_PARAMETER_9,
		      "row 13, P4.84: a page-file section");
	section_make(&fixed, 0, PAGE_READONLY, SEC_COMMIT, file);
	tap_is_status(map_reserve(fixed, 0, VIEW_BYTES, PAGE_READONLY, &view),
		      STATUS_SECTION_PROTECTION, "row 14, P4.87: a read-only section");
	section_make(&section, 200, PAGE_READWRITE, SEC_COMMIT, file);
	tap_is_status(map_reserve(section, 0, 201, PAGE_READWRITE, &view), STATUS_SUCCESS,
		      "row 15, P4.86: one byte more than the section");
	view_drop(view);
	tap_is_status(map_reserve(section, 0, 201, PAGE_READONLY, &view), STATUS_SUCCESS,
		      "a read-only view of it");
	view_drop(view);
	tap_is_status(map_reserve(section, 0, 0, PAGE_READWRITE, &view), STATUS_SUCCESS,
		      "size 0: as long as the section");
	tap_is_number(region_at(view).RegionSize, PAGE_BYTES, "it is");
	view_drop(view);
	tap_is_status(map_reserve(section, GRANULARITY_BYTES, 0, PAGE_READWRITE, &view),
		      STATUS_INVALID_VIEW_SIZE, "row 16: nothing at the offset, and no size");
	tap_is_status(map_reserve(section, INT64_MAX & ~0xFFFFull, 1, PAGE_READWRITE, &view),
		      STATUS_INVALID_VIEW_SIZE, "row 15: an offset beyond any file");
	tap_is_status(
		map_reserve(section, INT64_MAX & ~0xFFFFull, PAGE_BYTES, PAGE_EXECUTE_READ, &view),
		STATUS_SECTION_PROTECTION, "row 12 comes before the range");
	NtClose(section);
	NtClose(fixed);
	NtClose(memory);
	NtClose(file);
}

/* catches: a tail that can be touched; an extension seen by new views only, or not by the file */
static void test_extension(void)
{
	HANDLE file = file_need(EXTEND_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section;
	char *view = view_of_file(file, &section), *second;
	uint64_t seen, start = file_bytes(file);
	ULONG old;

	tap_is_number(start, PAGE_BYTES, "the file is one page long");
	check_run(view, MEM_COMMIT, PAGE_READWRITE, PAGE_BYTES, "the section's page");
	check_run(view + PAGE_BYTES, MEM_RESERVE, 0, VIEW_BYTES - PAGE_BYTES, "the tail");
	tap_is_status(protect(view, 2 * PAGE_BYTES, PAGE_READONLY, &old), STATUS_NOT_COMMITTED,
		      "the tail cannot be protected");
	map_reserve(section, 0, VIEW_BYTES, PAGE_READONLY, &second);
	tap_is_status(extend(section, 3 * PAGE_BYTES + 5, &seen), STATUS_SUCCESS, "extended");
	tap_is_number(seen, 3 * PAGE_BYTES + 5, "its size is written back");
	tap_is_number(section_bytes(section), 3 * PAGE_BYTES + 5, "it has that size");
	tap_is_number(file_bytes(file), 3 * PAGE_BYTES + 5, "and so has the file");
	check_run(view, MEM_COMMIT, PAGE_READWRITE, 4 * PAGE_BYTES, "after the extension");
	check_run(second, MEM_COMMIT, PAGE_READONLY, 4 * PAGE_BYTES, "in the other view");
	view[3 * PAGE_BYTES + 4] = 'x';
	tap_is_number((unsigned char)second[3 * PAGE_BYTES + 4], 'x', "the new page is shared");
	tap_is_number((unsigned char)second[2 * PAGE_BYTES], 0, "and zero where nobody wrote");
	tap_is_status(extend(section, PAGE_BYTES, &seen), STATUS_SUCCESS, "to less than it has");
	tap_is_number(seen, 3 * PAGE_BYTES + 5, "nothing is cut off");
	tap_is_number(file_bytes(file), 3 * PAGE_BYTES + 5, "nor in the file");
	view_drop(second);
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* catches: growth seen only by views whose section is still open (the use LMDB makes of it) */
static void test_growing_file(void)
{
	HANDLE file = file_need(EXTEND_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section;
	uint64_t start = file_bytes(file);
	char *view = view_of_file(file, &section);
	LARGE_INTEGER at = {.QuadPart = 6 * PAGE_BYTES};
	IO_STATUS_BLOCK io;

	NtClose(section);
	check_run(view, MEM_COMMIT, PAGE_READWRITE, (start + 0xFFF) & ~0xFFFull, "as it was");
	tap_is_status(NtWriteFile(file, NULL, NULL, NULL, &io, "grown", 5, &at, NULL),
		      STATUS_SUCCESS, "the file grows by a write");
	check_run(view, MEM_COMMIT, PAGE_READWRITE, 7 * PAGE_BYTES, "the view sees it");
	tap_ok(!memcmp(view + 6 * PAGE_BYTES, "grown", 5), "and what was written");
	view_drop(view);
	NtClose(file);
}

/* catches: page-file, image or read-only sections that pretend to have been extended */
static void test_refusals(void)
{
	HANDLE memory = section_need(PAGE_BYTES), fixed, image, weak;
	HANDLE file = file_need(EXTEND_FILE, FILE_READ_DATA | FILE_WRITE_DATA);
	HANDLE program = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE);
	uint64_t seen, start = file_bytes(file);

	section_make(&fixed, 0, PAGE_READONLY, SEC_COMMIT, file);
	section_make(&image, 0, PAGE_READONLY, SEC_IMAGE, program);
	tap_is_status(extend(memory, 0x10000, &seen), STATUS_SECTION_NOT_EXTENDED,
		      "3.6: a page-file section");
	tap_is_number(seen, 0x10000, "the size is untouched");
	tap_is_status(extend(image, 0x1000000, &seen), STATUS_SECTION_NOT_EXTENDED, "an image");
	tap_is_status(extend(fixed, start + 1, &seen), STATUS_SECTION_NOT_EXTENDED,
		      "a read-only section");
	tap_is_status(extend(fixed, start, &seen), STATUS_SUCCESS, "to the size it has");
	tap_is_number(file_bytes(file), start, "the file is as long as before");
	NtClose(fixed);
	section_make(&fixed, 0, PAGE_READWRITE, SEC_COMMIT, file);
	tap_is_status(extend(fixed, UINT64_MAX, &seen), STATUS_SECTION_TOO_BIG, "size -1");
	NtDuplicateObject(CURRENT_PROCESS, fixed, CURRENT_PROCESS, &weak,
			  SECTION_ALL_ACCESS & ~SECTION_EXTEND_SIZE, 0, 0);
	tap_is_status(extend(weak, start + 1, &seen), STATUS_ACCESS_DENIED,
		      "a handle without SECTION_EXTEND_SIZE");
	tap_is_status(extend(NULL, start + 1, &seen), STATUS_INVALID_HANDLE, "no handle");
	tap_is_status(NtExtendSection(fixed, NULL), STATUS_ACCESS_VIOLATION, "no size");
	NtClose(weak);
	NtClose(image);
	NtClose(fixed);
	NtClose(program);
	NtClose(file);
	NtClose(memory);
}

/* catches: a page behind the end that is an in-page error, or zeros, instead of no memory */
static void touch_tail(void)
{
	HANDLE file = file_need(EXTEND_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section;
	char *view = view_of_file(file, &section);

	RtlExitUserProcess(*(volatile char *)(view + VIEW_BYTES - 1));
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		touch_tail();
	tap_start("extendable views and NtExtendSection");
	if (system_is_wine()) {
		tap_skip(1, "Wine has neither (B10, B30)");
		return tap_finish();
	}
	test_rows();
	test_extension();
	test_growing_file();
	tap_is_status(child_run_self("touch"), STATUS_ACCESS_VIOLATION, "3.6: the tail is touched");
	test_refusals();
	return tap_finish();
}

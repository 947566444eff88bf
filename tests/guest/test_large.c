/*
 * test_large.c - large pages: SEC_LARGE_PAGES and MEM_LARGE_PAGES (3.1.1 rows 5, 11 and 21; 3.1.4;
 * 3.4.4; 5.1.1 row 5). What NT leaves open is tested on Quire alone, as kernel/mm/README.md says.
 */
/* boot: hash=1 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

#define LARGE 0x200000u
#define PAGE 0x1000u
#define LARGE_COMMIT (SEC_COMMIT | SEC_LARGE_PAGES)
#define LARGE_MEMORY (MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES)

static HANDLE large_need(uint64_t bytes)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, bytes, PAGE_EXECUTE_READWRITE, LARGE_COMMIT, NULL);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateSection, large pages", status);
	return section;
}

static NTSTATUS allocate(char **base, uint64_t bytes, ULONG type, ULONG protection)
{
	PVOID at = *base;
	SIZE_T size = bytes;
	NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &at, 0, &size, type, protection);

	*base = at;
	return status;
}

static NTSTATUS free_part(char *base, uint64_t bytes, ULONG type)
{
	PVOID at = base;
	SIZE_T size = bytes;

	return NtFreeVirtualMemory(CURRENT_PROCESS, &at, &size, type);
}

static NTSTATUS map_try(HANDLE section, uint64_t base, uint64_t offset, uint64_t bytes, ULONG type,
			ULONG protection)
{
	PVOID at = (PVOID)base;
	LARGE_INTEGER from = {.QuadPart = (LONGLONG)offset};
	SIZE_T size = bytes;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &at, 0, 0, &from, &size,
					     ViewUnmap, type, protection);

	if (NT_SUCCESS(status))
		view_drop(at);
	return status;
}

/* catches: sections that are large in name only, or of a size that large pages cannot have */
static void test_sections(void)
{
	HANDLE file = file_need(DATA_FILE, FILE_READ_DATA | SYNCHRONIZE), section;
	SECTION_BASIC_INFORMATION basic = {.Attributes = 0};

	tap_is_bad_parameter(
		section_try(LARGE, PAGE_READWRITE, SEC_RESERVE | SEC_LARGE_PAGES, NULL),
		STATUS_INVALID_PARAMETER_6, "3.1.1 row 5: RESERVE with LARGE_PAGES");
	tap_is_bad_parameter(section_try(LARGE, PAGE_READWRITE, SEC_LARGE_PAGES, NULL),
			     STATUS_INVALID_PARAMETER_6, "3.1.1 row 2: LARGE_PAGES alone");
	tap_is_bad_parameter(section_try(0, PAGE_READONLY, LARGE_COMMIT, file),
			     STATUS_INVALID_PARAMETER_6, "3.1.1 row 11: LARGE_PAGES of a file");
	tap_is_status_or(section_try(200, PAGE_READWRITE, LARGE_COMMIT, NULL),
			 STATUS_INVALID_PARAMETER_4, STATUS_SUCCESS, "3.1.1 row 21: 200 bytes");
	tap_is_status(section_try(2 * LARGE, PAGE_READWRITE, LARGE_COMMIT, NULL), STATUS_SUCCESS,
		      "3.1.1 row 21: 4 MiB");
	section = large_need(LARGE);
	NtQuerySection(section, SectionBasicInformation, &basic, sizeof(basic), NULL);
	if (system_is_quire())
		tap_is_number(basic.Attributes, LARGE_COMMIT, "3.1.4: COMMIT and LARGE_PAGES");
	else
		tap_skip(1, "what is reported of it is ours to choose");
	NtClose(section);
	NtClose(file);
}

/* catches: a view mapped page by page; memory that is made by faults; views that do not share */
static void test_view(void)
{
	HANDLE section = large_need(LARGE);
	char *first = view_need(section, PAGE_READWRITE), *second;
	struct quire_fault_counts before, after;
	struct quire_memory_page page = {.is_large = 0};
	bool counted;

	second = view_need(section, PAGE_READONLY);
	touch_own_pages();
	counted = fault_counts_read(&before);
	tap_faults_start();
	for (unsigned i = 0; i < LARGE; i += PAGE)
		((volatile char *)first)[i] = (char)(i / PAGE | 1);
	tap_faults_stop();
	fault_counts_read(&after);
	tap_faults_are(QUIRE_FAULT_LARGE, 1, "512 pages written");
	tap_no_other_faults("512 pages written");
	if (counted) {
		tap_is_number(after.resident_pages - before.resident_pages, LARGE / PAGE,
			      "all of them are mapped");
		tap_ok(after.table_frames - before.table_frames <= 2,
		       "no page table, at most two tables above (%u)",
		       (unsigned)(after.table_frames - before.table_frames));
		tap_ok(page_read(first + 7 * PAGE, &page) && page.is_large, "the page is large");
		tap_ok(frame_at(first + 7 * PAGE) != frame_at(first), "its pages are frames");
		tap_is_number((uint64_t)(uintptr_t)first % LARGE, 0, "the view is aligned");
	} else {
		tap_skip(5, "no counters");
	}
	tap_ok(second[7 * PAGE] == 7 && second[8 * PAGE] == 9, "the other view shows it");
	if (counted)
		tap_is_number(frame_at(second + 9 * PAGE), frame_at(first + 9 * PAGE),
			      "both are one frame");
	else
		tap_skip(1, "no frames");
	view_drop(first);
	view_drop(second);
	second = view_need(section, PAGE_READWRITE);
	tap_ok(second[7 * PAGE] == 7, "the section keeps it without a view");
	view_drop(second);
	NtClose(section);
}

/* catches: views of parts of large pages */
static void test_view_parameters(void)
{
	HANDLE section, small = section_need(LARGE);

	if (!system_is_quire()) {
		tap_skip(8, "choices of ours");
		NtClose(small);
		return;
	}
	section = large_need(2 * LARGE);
	tap_is_status(map_try(section, 0, LARGE, LARGE, MEM_LARGE_PAGES, PAGE_READWRITE),
		      STATUS_SUCCESS, "3.4.4: MEM_LARGE_PAGES, the second large page");
	tap_is_status(map_try(section, 0x30010000, 0, 0, 0, PAGE_READWRITE),
		      STATUS_MAPPED_ALIGNMENT, "a base that is not 2 MiB aligned");
	tap_is_status(map_try(section, 0, 0x10000, 0, 0, PAGE_READWRITE), STATUS_MAPPED_ALIGNMENT,
		      "an offset that is not");
	tap_is_status(map_try(section, 0, 0, PAGE, 0, PAGE_READWRITE), STATUS_INVALID_VIEW_SIZE,
		      "a size that is not");
	tap_is_status(map_try(section, 0, 0, 0, 0, PAGE_WRITECOPY), STATUS_INVALID_PAGE_PROTECTION,
		      "copy-on-write");
	tap_is_status(map_try(section, 0, 0, 0, 0, PAGE_READWRITE | PAGE_GUARD),
		      STATUS_INVALID_PAGE_PROTECTION, "a guard");
	tap_is_status(map_try(small, 0, 0, 0, MEM_LARGE_PAGES, PAGE_READWRITE),
		      STATUS_INVALID_PARAMETER_9, "3.4.4: MEM_LARGE_PAGES of an ordinary section");
	tap_is_status(map_try(small, 0, 0, 0, MEM_LARGE_PAGES | MEM_RESERVE, PAGE_READWRITE),
		      STATUS_INVALID_PARAMETER_9, "3.4.1 row 13: with MEM_RESERVE");
	NtClose(section);
	NtClose(small);
}

static void test_memory_parameters(void)
{
	char *base = NULL, *at = (char *)0x30010000;

	tap_is_bad_parameter(allocate(&base, LARGE, MEM_RESERVE | MEM_LARGE_PAGES, PAGE_READWRITE),
			     STATUS_INVALID_PARAMETER_5, "5.1.1 row 5: without MEM_COMMIT");
	tap_is_bad_parameter(allocate(&base, LARGE, LARGE_MEMORY | MEM_WRITE_WATCH, PAGE_READWRITE),
			     STATUS_INVALID_PARAMETER_5, "5.1.1 row 5: with MEM_WRITE_WATCH");
	if (!system_is_quire()) {
		tap_skip(3, "choices of ours");
		return;
	}
	tap_is_status(allocate(&base, PAGE, LARGE_MEMORY, PAGE_READWRITE),
		      STATUS_INVALID_PARAMETER_4, "a size that is not whole large pages");
	tap_is_status(allocate(&at, LARGE, LARGE_MEMORY, PAGE_READWRITE),
		      STATUS_INVALID_PARAMETER_2, "a base that is not 2 MiB aligned");
	at = (char *)0x30000000;
	tap_is_status(allocate(&at, LARGE, MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE),
		      STATUS_INVALID_PARAMETER_5, "MEM_COMMIT alone at an address");
}

/* catches: parts of large pages that change alone */
static void test_memory(void)
{
	char *base = NULL;
	ULONG old;

	if (!system_is_quire()) {
		tap_skip(12, "Wine has no MEM_LARGE_PAGES; parts are choices of ours");
		return;
	}
	tap_is_status(allocate(&base, 2 * LARGE, LARGE_MEMORY, PAGE_READWRITE), STATUS_SUCCESS,
		      "MEM_LARGE_PAGES");
	touch_own_pages();
	tap_faults_start();
	for (unsigned i = 0; i < 2 * LARGE; i += PAGE)
		((volatile char *)base)[i] = 1;
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_LARGE, 2, "1024 pages written");
	tap_no_other_faults("1024 pages written");
	tap_is_number(region_at(base).Type, MEM_PRIVATE, "it is private memory");
	tap_is_status(protect(base, PAGE, PAGE_READONLY, &old), STATUS_INVALID_PARAMETER_3,
		      "a part is not protected");
	tap_is_status(protect(base, LARGE, PAGE_READONLY, &old), STATUS_SUCCESS, "a whole one is");
	tap_is_number(region_at(base).RegionSize, LARGE, "and is a region of its own");
	tap_is_status(free_part(base, PAGE, MEM_DECOMMIT), STATUS_MEMORY_NOT_ALLOCATED,
		      "it is not decommitted");
	tap_is_status(free_part(base, LARGE, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE,
		      "nor released in parts");
	tap_is_status(view_drop(base), STATUS_NOT_MAPPED_VIEW, "nor unmapped");
	tap_ok(base[LARGE - PAGE] == 1 && base[LARGE] == 1, "all is still there");
	tap_is_status(free_part(base, 0, MEM_RELEASE), STATUS_SUCCESS, "it is released whole");
}

/* catches: a system call that cannot write to a large page, or writes beside it */
static void test_system_calls(void)
{
	HANDLE section = large_need(LARGE), file = file_need(DATA_FILE, FILE_GENERIC_READ);
	char *view = view_need(section, PAGE_READWRITE), *copy = memory_need(4 * PAGE);
	LARGE_INTEGER start = {.QuadPart = 0};
	IO_STATUS_BLOCK io;

	tap_is_status(NtReadFile(file, NULL, NULL, NULL, &io, view + LARGE / 2 - 5, 3 * PAGE,
				 &start, NULL),
		      STATUS_SUCCESS, "a file is read into a large page");
	NtReadFile(file, NULL, NULL, NULL, &io, copy, 3 * PAGE, &start, NULL);
	tap_ok(!memcmp(copy, view + LARGE / 2 - 5, 3 * PAGE), "across three of its pages");
	memory_drop(copy);
	view_drop(view);
	NtClose(file);
	NtClose(section);
}

/* catches: a program that is given 4 KiB pages when large ones cannot be had; half a section */
static void test_more_than_there_is(void)
{
	uint64_t bytes = LARGE;
	HANDLE section;
	NTSTATUS status;

	if (!system_is_quire()) {
		tap_skip(2, "another machine's memory");
		return;
	}
	while (NT_SUCCESS(
		status = section_make(&section, bytes, PAGE_READWRITE, LARGE_COMMIT, NULL))) {
		NtClose(section);
		bytes *= 2;
	}
	tap_ok(status == STATUS_INSUFFICIENT_RESOURCES || status == STATUS_COMMITMENT_LIMIT,
	       "%u MiB are refused: 0x%08x", (unsigned)(bytes >> 20), (unsigned)status);
	tap_is_status(section_try(bytes / 2, PAGE_READWRITE, LARGE_COMMIT, NULL), STATUS_SUCCESS,
		      "and half of that can be had as before");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("large pages");
	if (!memory_suffices(0x2000000, 45, "several large pages need 32 MB of free memory"))
		return tap_finish();
	test_sections();
	test_view();
	test_view_parameters();
	test_memory_parameters();
	test_memory();
	test_system_calls();
	test_more_than_there_is();
	return tap_finish();
}

/*
 * conform_based.c - sections with an address of their own (SEC_BASED, 3.4.9) and sections whose
 * views keep their protection (SEC_NO_CHANGE, 3.1.4).
 */
#include "case.h"

#define BASED (SEC_COMMIT | SEC_BASED)

static uint64_t base_of(HANDLE section)
{
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};

	NtQuerySection(section, SectionBasicInformation, &information, sizeof(information), NULL);
	return (uintptr_t)information.BaseAddress;
}

static ULONG attributes_of(HANDLE section)
{
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};

	NtQuerySection(section, SectionBasicInformation, &information, sizeof(information), NULL);
	return information.Attributes;
}

/* The view's base in *view. */
static NTSTATUS map_at(HANDLE section, uint64_t at, char **view)
{
	PVOID base = (PVOID)(uintptr_t)at;
	SIZE_T bytes = 0;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewShare, 0, PAGE_READWRITE);

	*view = base;
	return status;
}

static void based_cases(void)
{
	HANDLE first = NULL, second = NULL;
	char *view = NULL, *other = NULL, *again = NULL;

	case_call("NtCreateSection");
	case_status("3.4.9", "BASED, one page",
		    section_make(&first, PAGE_BYTES, PAGE_READWRITE, BASED, NULL), STATUS_SUCCESS);
	section_make(&second, PAGE_BYTES, PAGE_READWRITE, BASED, NULL);
	case_call("NtQuerySection");
	case_number("3.1.4", "BASED: attributes", attributes_of(first), BASED);
	case_true("3.1.4", "BASED: there is a BaseAddress", base_of(first));
	case_true("3.4.9", "BASED: the second section is 0x10000 lower",
		  base_of(first) - base_of(second) == GRANULARITY_BYTES);
	case_call("NtMapViewOfSection");
	case_status("3.4.9", "base NULL", map_at(first, 0, &view), STATUS_SUCCESS);
	case_true("3.4.9", "base NULL: mapped at the section's", (uintptr_t)view == base_of(first));
	case_status("3.4.9", "another section, base NULL", map_at(second, 0, &other),
		    STATUS_SUCCESS);
	case_true("3.4.9", "another section: mapped 0x10000 lower",
		  view - other == GRANULARITY_BYTES);
	case_status("3.4.9", "base NULL, a second view", map_at(first, 0, &again),
		    STATUS_CONFLICTING_ADDRESSES);
	if (again)
		view_drop(again);
	view_drop(view);
	case_status("3.4.9", "base NULL, after the view is gone", map_at(first, 0, &again),
		    STATUS_SUCCESS);
	case_true("3.4.9", "base NULL, again: the same place", again == view);
	view_drop(again);
	view_drop(other);
	NtClose(second);
	NtClose(first);
}

/* An address of the caller's, and sections that have none of their own. */
static void other_cases(void)
{
	HANDLE section = NULL, file, image = NULL;
	char *view = NULL;

	section_make(&section, PAGE_BYTES, PAGE_READWRITE, BASED, NULL);
	case_call("NtMapViewOfSection");
	case_chosen();
	case_status("3.4.9", "a base of the caller's", map_at(section, 0x30000000, &view),
		    STATUS_SUCCESS);
	case_number("3.4.9", "a base of the caller's: obeyed", (uintptr_t)view, 0x30000000);
	view_drop(view);
	NtClose(section);
	file = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE);
	case_call("NtCreateSection");
	case_chosen();
	case_status("3.4.9", "IMAGE and BASED",
		    section_make(&image, 0, PAGE_READONLY, SEC_IMAGE | SEC_BASED, file),
		    STATUS_SUCCESS);
	if (image)
		NtClose(image);
	NtClose(file);
}

static void no_change_cases(void)
{
	HANDLE section = NULL;
	ULONG old;
	char *view;

	case_call("NtCreateSection");
	case_status("3.1.4", "NO_CHANGE",
		    section_make(&section, PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT | SEC_NO_CHANGE,
				 NULL),
		    STATUS_SUCCESS);
	view = view_need(section, PAGE_READWRITE);
	case_call("NtProtectVirtualMemory");
	case_chosen();
	case_status("3.1.4", "a view of a NO_CHANGE section, RO",
		    protect(view, PAGE_BYTES, PAGE_READONLY, &old), STATUS_INVALID_PAGE_PROTECTION);
	case_chosen();
	case_status("3.1.4", "a view of a NO_CHANGE section, what it has",
		    protect(view, PAGE_BYTES, PAGE_READWRITE, &old),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_chosen();
	case_protection("3.1.4", "a view of a NO_CHANGE section: its protection",
			region_at(view).Protect, PAGE_READWRITE);
	case_status("3.1.4", "a view of a NO_CHANGE section: a store", case_store(view, 1),
		    STATUS_SUCCESS);
	view_drop(view);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_based: SEC_BASED and SEC_NO_CHANGE");
	based_cases();
	other_cases();
	no_change_cases();
	return case_finish();
}

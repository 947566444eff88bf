/*
 * conform_cow.c - copy-on-write views: when a page becomes the view's own, and what it then reports
 * (8.2); P3.63-70.
 */
#include "case.h"
#include "path.h"

#define FILE_NAME "C:\\data\\cow.bin"
#define FILE_BYTES (3 * PAGE_BYTES)

static char file_byte(HANDLE file, uint64_t offset)
{
	char byte = 0;

	file_read_at(file, offset, &byte, 1);
	return byte;
}

static void store_cases(HANDLE file, HANDLE section)
{
	char *view = view_need(section, PAGE_WRITECOPY), *second;
	MEMORY_BASIC_INFORMATION region = region_at(view);

	case_call("NtMapViewOfSection");
	case_protection("8.2", "before: protection", region.Protect, PAGE_WRITECOPY);
	case_number("8.2", "before: one region", region.RegionSize, FILE_BYTES);
	case_status("P3.63", "WC view of an RO file section: store", case_store(view, 'B'),
		    STATUS_SUCCESS);
	case_number("P3.63", "the view shows", (unsigned char)*view, 'B');
	case_number("P3.63", "the file shows", (unsigned char)file_byte(file, 0), 'A');
	second = view_need(section, PAGE_WRITECOPY);
	case_number("P3.64", "a second WC view shows", (unsigned char)*second, 'A');
	view_drop(second);
	region = region_at(view);
	case_call("NtQueryVirtualMemory");
	case_protection("P3.65", "after: protection", region.Protect, PAGE_READWRITE);
	case_number("P3.65", "after: RegionSize", region.RegionSize, PAGE_BYTES);
	case_protection("P3.65", "after: AllocationProtect", region.AllocationProtect,
			PAGE_WRITECOPY);
	case_number("P3.65", "after: type", region.Type, MEM_MAPPED);
	case_protection("P3.66", "the next page: protection", region_at(view + PAGE_BYTES).Protect,
			PAGE_WRITECOPY);
	view_drop(view);
	view = view_need(section, PAGE_WRITECOPY);
	case_number("8.2", "unmapped and mapped again: the section's data", (unsigned char)*view,
		    'A');
	view_drop(view);
}

/* What NtProtectVirtualMemory says of a page that is private by now. */
static void protect_cases(HANDLE section)
{
	char *view = view_need(section, PAGE_WRITECOPY);
	ULONG old = 0;

	case_store(view, 'B');
	case_call("NtProtectVirtualMemory");
	case_status("P3.67", "a private page to RO", protect(view, PAGE_BYTES, PAGE_READONLY, &old),
		    STATUS_SUCCESS);
	case_protection("P3.67", "old", old, PAGE_READWRITE);
	case_protection("8.2", "it reads back", region_at(view).Protect, PAGE_READONLY);
	case_status("P3.68", "the page to WC", protect(view, PAGE_BYTES, PAGE_WRITECOPY, &old),
		    STATUS_SUCCESS);
	case_protection("P3.68", "it reads back", region_at(view).Protect, PAGE_READWRITE);
	case_status("P3.69", "the page to RW", protect(view, PAGE_BYTES, PAGE_READWRITE, &old),
		    STATUS_SECTION_PROTECTION);
	case_number("8.2", "its data are still there", (unsigned char)*view, 'B');
	view_drop(view);
}

static void execute_case(HANDLE file)
{
	HANDLE section = NULL;
	char *view;
	ULONG old = 0;

	case_call("NtMapViewOfSection");
	case_status("P3.70", "an XWC section",
		    section_make(&section, 0, PAGE_EXECUTE_WRITECOPY, SEC_COMMIT, file),
		    STATUS_SUCCESS);
	view = view_need(section, PAGE_EXECUTE_WRITECOPY);
	case_status("P3.70", "XWC view: store", case_store(view, 'B'), STATUS_SUCCESS);
	case_call("NtQueryVirtualMemory");
	case_protection("P3.70", "XWC view after a store", region_at(view).Protect,
			PAGE_EXECUTE_READWRITE);
	case_call("NtProtectVirtualMemory");
	case_status("8.2", "a private page to XWC",
		    protect(view, PAGE_BYTES, PAGE_EXECUTE_WRITECOPY, &old), STATUS_SUCCESS);
	case_protection("8.2", "a private page to XWC: old", old, PAGE_EXECUTE_READWRITE);
	case_protection("8.2", "a private page to XWC: it reads back", region_at(view).Protect,
			PAGE_EXECUTE_READWRITE);
	view_drop(view);
	NtClose(section);
}

/* Before its own first store a copy-on-write view follows the others. */
static void follow_cases(void)
{
	HANDLE section = section_need(2 * PAGE_BYTES);
	char *writer = view_need(section, PAGE_READWRITE);
	char *copy = view_need(section, PAGE_WRITECOPY);

	case_call("NtMapViewOfSection");
	case_load(copy);
	case_store(writer, '1');
	case_number("8.2", "before the store the view follows", (unsigned char)*copy, '1');
	case_store(copy + 1, 'x');
	case_store(writer, '2');
	case_number("8.2", "after the store it does not", (unsigned char)*copy, '1');
	case_store(writer + PAGE_BYTES, '3');
	case_number("8.2", "its other pages still do", (unsigned char)copy[PAGE_BYTES], '3');
	view_drop(writer);
	view_drop(copy);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	HANDLE file = NULL, section = NULL;

	(void)argc;
	(void)argv;
	case_start("conform_cow: copy-on-write views");
	case_call("NtCreateSection");
	case_status("P3.63", "a file of A",
		    case_file(&file, FILE_NAME, FILE_BYTES, FILE_READ_DATA | FILE_EXECUTE),
		    STATUS_SUCCESS);
	case_status("P3.63", "an RO section of it",
		    section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file), STATUS_SUCCESS);
	store_cases(file, section);
	protect_cases(section);
	NtClose(section);
	execute_case(file);
	NtClose(file);
	follow_cases();
	return case_finish();
}

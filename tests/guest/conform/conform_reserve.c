/*
 * conform_reserve.c - sections of reserved pages, and committing within views (3.4.5, 4.4, 8.3);
 * P2.59-60, P4.74-83, P4.88.
 */
#include "case.h"
#include "path.h"

#define SECTION_BYTES 0x40000u
#define BLOCK_BYTES 0x10000u

static HANDLE reserved_need(void)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, SECTION_BYTES, PAGE_READWRITE, SEC_RESERVE, NULL);

	if (!NT_SUCCESS(status))
		bail_out("a section of reserved pages", status);
	return section;
}

static NTSTATUS allocate(char *at, size_t bytes, ULONG type, ULONG protection)
{
	PVOID base = at;
	SIZE_T size = bytes;

	return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &size, type, protection);
}

static NTSTATUS release(char *at, size_t bytes, ULONG type)
{
	PVOID base = at;
	SIZE_T size = bytes;

	return NtFreeVirtualMemory(CURRENT_PROCESS, &base, &size, type);
}

/* A region as "RESERVE", or "COMMIT RO 0x10000". */
static const char *region_text(const void *address)
{
	MEMORY_BASIC_INFORMATION region = region_at(address);

	if (region.State == MEM_RESERVE)
		return case_format("RESERVE %s", region.Protect ? "with a protection" : "0");
	return case_format("COMMIT %s 0x%llx", protection_text(region.Protect),
			   (unsigned long long)region.RegionSize);
}

/* Two views of one section: pages are committed for the section, their protection for the view. */
static void commit_cases(void)
{
	HANDLE section = reserved_need();
	char *first = view_need(section, PAGE_READWRITE),
	     *second = view_need(section, PAGE_READWRITE);
	char *third;

	case_call("NtMapViewOfSection");
	case_text("P4.74", "first view", region_text(first), "RESERVE 0");
	case_text("P4.74", "second view", region_text(second), "RESERVE 0");
	case_protection("P4.74", "AllocationProtect", region_at(first).AllocationProtect,
			PAGE_READWRITE);
	case_number("8.3", "type", region_at(first).Type, MEM_MAPPED);
	case_status("P4.75", "touch", case_load(first), STATUS_ACCESS_VIOLATION);
	case_call("NtAllocateVirtualMemory");
	case_status("P4.76", "commit 0x10000 RO in the first view",
		    allocate(first, BLOCK_BYTES, MEM_COMMIT, PAGE_READONLY), STATUS_SUCCESS);
	case_text("P4.76", "first view", region_text(first), "COMMIT RO 0x10000");
	case_text("P4.77", "second view", region_text(second), "COMMIT RW 0x10000");
	case_text("8.3", "second view, behind", region_text(second + BLOCK_BYTES), "RESERVE 0");
	case_status("8.3", "the second view can be written", case_store(second, 'x'),
		    STATUS_SUCCESS);
	case_status("8.3", "the first view cannot", case_store(first, 'y'),
		    STATUS_ACCESS_VIOLATION);
	case_number("8.3", "the first view shows the second's store", (unsigned char)*first, 'x');
	case_status("4.4", "committing twice",
		    allocate(first, BLOCK_BYTES, MEM_COMMIT, PAGE_READONLY), STATUS_SUCCESS);
	case_call("NtFreeVirtualMemory");
	case_status("P4.78", "DECOMMIT in a view", release(first, PAGE_BYTES, MEM_DECOMMIT),
		    STATUS_UNABLE_TO_DELETE_SECTION);
	case_status("P4.79", "RELEASE of a view", release(first, 0, MEM_RELEASE),
		    STATUS_UNABLE_TO_DELETE_SECTION);
	view_drop(first);
	view_drop(second);
	third = view_need(section, PAGE_READWRITE);
	case_call("NtMapViewOfSection");
	case_text("8.3", "mapped again", region_text(third), "COMMIT RW 0x10000");
	case_number("8.3", "mapped again: its data", (unsigned char)*third, 'x');
	view_drop(third);
	NtClose(section);
}

/* CommitSize: the head of the view is committed when it is mapped. */
static void commit_size_cases(void)
{
	HANDLE section = reserved_need();
	PVOID view = NULL;
	SIZE_T bytes = 2 * PAGE_BYTES;
	char *first, *second;

	case_call("NtMapViewOfSection");
	case_status("P4.80", "2 pages, CommitSize 0x1000",
		    NtMapViewOfSection(section, CURRENT_PROCESS, &view, 0, PAGE_BYTES, NULL, &bytes,
				       ViewShare, 0, PAGE_READWRITE),
		    STATUS_SUCCESS);
	first = view;
	case_status("P4.80", "page 0: store", case_store(first, 'a'), STATUS_SUCCESS);
	case_status("P4.80", "page 1: store", case_store(first + PAGE_BYTES, 'b'),
		    STATUS_ACCESS_VIOLATION);
	second = view_need(section, PAGE_READWRITE);
	case_call("NtAllocateVirtualMemory");
	case_status("P4.81", "page 1 committed RO through a second view",
		    allocate(second + PAGE_BYTES, PAGE_BYTES, MEM_COMMIT, PAGE_READONLY),
		    STATUS_SUCCESS);
	case_status("P4.81", "page 1: store through the first", case_store(first + PAGE_BYTES, 'c'),
		    STATUS_SUCCESS);
	case_number("P4.81", "seen through the second", (unsigned char)second[PAGE_BYTES], 'c');
	case_status("P4.82", "commit 0x3000 in the view of 0x2000",
		    allocate(first, 3 * PAGE_BYTES, MEM_COMMIT, PAGE_READWRITE),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("P4.83", "reserve behind the view, in its last 64 KiB",
		    allocate(first + 2 * PAGE_BYTES, PAGE_BYTES, MEM_RESERVE, PAGE_READWRITE),
		    STATUS_CONFLICTING_ADDRESSES);
	view_drop(second);
	view_drop(first);
	NtClose(section);
}

/* The next 64 KiB behind a view are free again: shown in a hole that nobody else uses. */
static void neighbour_case(void)
{
	HANDLE section = section_need(2 * PAGE_BYTES);
	char *hole = NULL;
	PVOID base = NULL;
	SIZE_T bytes = 4 * BLOCK_BYTES;

	NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE, PAGE_READWRITE);
	hole = base;
	release(hole, 0, MEM_RELEASE);
	bytes = 0;
	case_call("NtMapViewOfSection");
	case_status("P4.83", "0x2000 at a place",
		    NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
				       ViewShare, 0, PAGE_READWRITE),
		    STATUS_SUCCESS);
	case_call("NtAllocateVirtualMemory");
	case_status("P4.83", "reserve 64 KiB behind the view's base",
		    allocate(hole + BLOCK_BYTES, PAGE_BYTES, MEM_RESERVE, PAGE_READWRITE),
		    STATUS_SUCCESS);
	release(hole + BLOCK_BYTES, 0, MEM_RELEASE);
	view_drop(hole);
	NtClose(section);
}

/* MEM_COMMIT over views of every kind (4.4). */
static void over_view_cases(void)
{
	HANDLE file = NULL, section = NULL, page_file = section_need(2 * PAGE_BYTES);
	char *view;

	case_call("NtAllocateVirtualMemory");
	case_status("P2.59", "a file",
		    case_file(&file, "C:\\data\\reserve.bin", 2 * PAGE_BYTES,
			      FILE_READ_DATA | FILE_WRITE_DATA),
		    STATUS_SUCCESS);
	section_make(&section, 0, PAGE_READWRITE, SEC_RESERVE, file);
	view = view_need(section, PAGE_READWRITE);
	case_text("P4.88", "file section with RESERVE: its view", region_text(view),
		  "COMMIT RW 0x2000");
	for (unsigned i = 0; i < PROTECTIONS; i++)
		if (protections[i].value != PAGE_WRITECOPY &&
		    protections[i].value != PAGE_EXECUTE_WRITECOPY)
			case_status("P2.59",
				    case_format("COMMIT %s over a file view",
						protection_text(protections[i].value)),
				    allocate(view, PAGE_BYTES, MEM_COMMIT, protections[i].value),
				    STATUS_ALREADY_COMMITTED);
	view_drop(view);
	NtClose(section);
	NtClose(file);
	view = view_need(page_file, PAGE_READWRITE);
	case_status("P2.60", "COMMIT RO over one page of a page-file view",
		    allocate(view, PAGE_BYTES, MEM_COMMIT, PAGE_READONLY), STATUS_SUCCESS);
	case_text("P2.60", "that page", region_text(view), "COMMIT RO 0x1000");
	case_text("P2.60", "the others", region_text(view + PAGE_BYTES), "COMMIT RW 0x1000");
	case_status("4.4", "RESERVE inside a view",
		    allocate(view, PAGE_BYTES, MEM_RESERVE, PAGE_READWRITE),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("4.4", "MEM_RESET over a view",
		    allocate(view, PAGE_BYTES, MEM_RESET, PAGE_READWRITE), STATUS_SUCCESS);
	view_drop(view);
	NtClose(page_file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_reserve: sections of reserved pages");
	commit_cases();
	commit_size_cases();
	neighbour_case();
	over_view_cases();
	return case_finish();
}

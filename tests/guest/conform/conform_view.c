/*
 * conform_view.c - what views show and how they end: coherence, lifetime, unmapping (3.4.8, 3.8,
 * 8.1, 8.5); P1.26-36, P5.108-111.
 */
#include <string.h>

#include "case.h"
#include "child.h"
#include "path.h"

#define SECTION_NAME L"\\BaseNamedObjects\\conform_view"
#define VIEW_BYTES 0x20000u

static NTSTATUS section_create(HANDLE *section)
{
	LARGE_INTEGER size = {.QuadPart = VIEW_BYTES};
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;

	RtlInitUnicodeString(&name, SECTION_NAME);
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	return NtCreateSection(section, SECTION_ALL_ACCESS, &attributes, &size, PAGE_READWRITE,
			       SEC_COMMIT, NULL);
}

static NTSTATUS section_open(HANDLE *section)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;

	RtlInitUnicodeString(&name, SECTION_NAME);
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	return NtOpenSection(section, SECTION_MAP_READ | SECTION_MAP_WRITE, &attributes);
}

/* The child: stores through a view of this protection, and tells what the view then shows. */
static NTSTATUS child_store(ULONG protection)
{
	HANDLE section;
	char *view;
	NTSTATUS status = section_open(&section);

	if (!NT_SUCCESS(status))
		return status;
	view = view_need(section, protection);
	NtClose(section);
	view[1] = 'c';
	return view[0] == 'p' && view[1] == 'c' ? STATUS_SUCCESS : STATUS_DATA_ERROR;
}

/* ---- one memory ---- */

static void coherence_cases(void)
{
	LARGE_INTEGER offset = {.QuadPart = 0x10000};
	HANDLE section = section_need(VIEW_BYTES);
	char *first = view_need(section, PAGE_READWRITE),
	     *second = view_need(section, PAGE_READONLY);
	PVOID upper = NULL;
	SIZE_T bytes = 0;

	NtMapViewOfSection(section, CURRENT_PROCESS, &upper, 0, 0, &offset, &bytes, ViewShare, 0,
			   PAGE_READONLY);
	case_call("NtMapViewOfSection");
	first[0] = 'a';
	case_number("P1.26", "a store in one view, seen in another", (unsigned char)second[0], 'a');
	first[0x10000] = 'b';
	case_number("8.1", "the same at another offset", *(unsigned char *)upper, 'b');
	NtClose(section);
	case_status("P1.28", "all handles closed: load", case_load(second), STATUS_SUCCESS);
	case_status("P1.28", "all handles closed: store", case_store(first, 'z'), STATUS_SUCCESS);
	case_number("P1.28", "data kept", (unsigned char)second[0x10000], 'b');
	case_number("P1.28", "data changed", (unsigned char)second[0], 'z');
	view_drop(first);
	view_drop(second);
	view_drop(upper);
}

static void process_cases(void)
{
	HANDLE section = NULL;
	char *view;

	case_call("NtMapViewOfSection");
	case_status("P1.27", "a named section", section_create(&section), STATUS_SUCCESS);
	view = view_need(section, PAGE_READWRITE);
	view[0] = 'p';
	case_status("P1.27", "a child reads it, and stores", child_run_self("store-rw"),
		    STATUS_SUCCESS);
	case_number("P1.27", "its store, seen here", (unsigned char)view[1], 'c');
	case_number("P3.73", "its store through an RW view, seen here", (unsigned char)view[1],
		    'c');
	view[1] = 0;
	case_status("P3.72", "a child stores into a copy-on-write view", child_run_self("store-wc"),
		    STATUS_SUCCESS);
	case_number("P3.72", "its store, not seen here", (unsigned char)view[1], 0);
	view_drop(view);
	NtClose(section);
}

/* ---- a name lives as long as a handle ---- */

static void name_cases(void)
{
	HANDLE section = NULL, other = NULL;
	char *view, *other_view;

	case_call("NtCreateSection");
	case_status("P1.29", "a named section", section_create(&section), STATUS_SUCCESS);
	view = view_need(section, PAGE_READWRITE);
	view[0] = 'o';
	NtClose(section);
	case_call("NtOpenSection");
	case_status("P1.29", "by name, with a view left and no handle", section_open(&other),
		    STATUS_OBJECT_NAME_NOT_FOUND);
	case_call("NtCreateSection");
	case_status("P1.30", "the same name again", section_create(&other), STATUS_SUCCESS);
	other_view = view_need(other, PAGE_READWRITE);
	case_number("P1.30", "the new one is empty", (unsigned char)other_view[0], 0);
	other_view[0] = 'n';
	case_number("P1.30", "the old view keeps its data", (unsigned char)view[0], 'o');
	view_drop(view);
	view_drop(other_view);
	NtClose(other);
}

/* ---- unmapping ---- */

static void unmap_cases(void)
{
	static const uint64_t offsets[] = {0, 100, 0x1000, 0x1050, VIEW_BYTES - 1};
	HANDLE section = section_need(VIEW_BYTES), weak = NULL;
	MEMORY_BASIC_INFORMATION region;
	char *memory = memory_need(PAGE_BYTES), *view = NULL;

	case_call("NtUnmapViewOfSection");
	for (unsigned i = 0; i < COUNT_OF(offsets); i++) {
		view = view_need(section, PAGE_READWRITE);
		case_status(offsets[i] == 0x1050 ? "P1.31" : "3.8",
			    case_format("at base + 0x%x", (unsigned)offsets[i]),
			    NtUnmapViewOfSection(CURRENT_PROCESS, view + offsets[i]),
			    STATUS_SUCCESS);
		case_state(offsets[i] == 0x1050 ? "P1.31" : "3.8",
			   case_format("at base + 0x%x: the base then", (unsigned)offsets[i]),
			   region_at(view).State, MEM_FREE);
	}
	region = region_at(view);
	case_state("P1.32", "state", region.State, MEM_FREE);
	case_protection("P1.32", "protection", region.Protect, PAGE_NOACCESS);
	case_number("P1.32", "AllocationBase", (uintptr_t)region.AllocationBase, 0);
	case_number("P1.32", "AllocationProtect", region.AllocationProtect, 0);
	case_number("P1.32", "type", region.Type, 0);
	case_status("P1.34", "a second time", NtUnmapViewOfSection(CURRENT_PROCESS, view),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("P1.33", "private memory", NtUnmapViewOfSection(CURRENT_PROCESS, memory),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("3.8", "NULL", NtUnmapViewOfSection(CURRENT_PROCESS, NULL),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("3.8", "an address of the kernel",
		    NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)0xFFFF800000000000ull),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("3.8", "process handle 0", NtUnmapViewOfSection(NULL, memory),
		    STATUS_INVALID_HANDLE);
	NtDuplicateObject(CURRENT_PROCESS, CURRENT_PROCESS, CURRENT_PROCESS, &weak,
			  PROCESS_QUERY_INFORMATION, 0, 0);
	case_status("3.8", "process handle without VM_OPERATION",
		    NtUnmapViewOfSection(weak, memory), STATUS_ACCESS_DENIED);
	NtClose(weak);
	memory_drop(memory);
	NtClose(section);
}

/* ---- touches that fail ---- */

static void touch_cases(void)
{
	HANDLE section = section_need(PAGE_BYTES);
	char *readable = view_need(section, PAGE_READONLY),
	     *mute = view_need(section, PAGE_NOACCESS);

	case_call("NtMapViewOfSection");
	case_status("P1.35", "RO view: store", case_store(readable, 1), STATUS_ACCESS_VIOLATION);
	case_number("P1.35", "RO view: parameters", case_fault_parameter_count(), 2);
	case_number("P1.35", "RO view: first parameter, a write", case_fault_parameter(0), 1);
	case_true("P1.35", "RO view: second parameter, the address",
		  case_fault_parameter(1) == (uintptr_t)readable);
	case_status("P1.36", "NA view: load", case_load(mute), STATUS_ACCESS_VIOLATION);
	case_number("P1.36", "NA view: first parameter, a read", case_fault_parameter(0), 0);
	view_drop(readable);
	view_drop(mute);
	NtClose(section);
}

/* ---- files ---- */

static void file_cases(void)
{
	HANDLE file = NULL, section = NULL;
	char *view, byte = 0;
	IO_STATUS_BLOCK io = {.Status = -1};
	PVOID base;
	SIZE_T bytes = 0;

	case_call("NtReadFile");
	case_status("P5.108", "a file",
		    case_file(&file, "C:\\data\\view.bin", 2 * PAGE_BYTES,
			      FILE_READ_DATA | FILE_WRITE_DATA),
		    STATUS_SUCCESS);
	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	view[5] = 's';
	file_read_at(file, 5, &byte, 1);
	case_number("P5.108", "a store in an RW view, read from the file", (unsigned char)byte,
		    's');
	case_call("NtWriteFile");
	case_chosen();
	file_write_at(file, 7, "w", 1);
	case_number("8.1", "a write to the file, seen in the view", (unsigned char)view[7], 'w');
	base = view + 5;
	((NTSTATUS(NTAPI *)(HANDLE, PVOID *, SIZE_T *, IO_STATUS_BLOCK *))case_find_call(
		"NtFlushVirtualMemory"))(CURRENT_PROCESS, &base, &bytes, &io);
	case_true("P5.110", "Size 0: the base is rounded down", base == view);
	case_number("P5.110", "Size 0: to the view's end", bytes, 2 * PAGE_BYTES);
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "store-rw"))
		return child_store(PAGE_READWRITE);
	if (argc == 2 && !strcmp(argv[1], "store-wc"))
		return child_store(PAGE_WRITECOPY);
	case_start("conform_view: what views show");
	coherence_cases();
	process_cases();
	name_cases();
	unmap_cases();
	touch_cases();
	file_cases();
	return case_finish();
}

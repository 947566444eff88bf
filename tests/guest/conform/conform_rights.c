/*
 * conform_rights.c - which right on a process a call needs (section 2: C6, and C1 and C2 of these
 * calls).
 */
#include "kinds.h"

static HANDLE section, event;
static char *memory;

static NTSTATUS allocate_in(HANDLE process)
{
	PVOID base = NULL;
	SIZE_T bytes = PAGE_BYTES;

	return NtAllocateVirtualMemory(process, &base, 0, &bytes, MEM_RESERVE, PAGE_READWRITE);
}

static NTSTATUS free_in(HANDLE process)
{
	PVOID base = memory;
	SIZE_T bytes = 0;

	return NtFreeVirtualMemory(process, &base, &bytes, MEM_RELEASE);
}

static NTSTATUS protect_in(HANDLE process)
{
	PVOID base = memory;
	SIZE_T bytes = PAGE_BYTES;
	ULONG old;

	return NtProtectVirtualMemory(process, &base, &bytes, PAGE_READWRITE, &old);
}

static NTSTATUS map_in(HANDLE process)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;

	return NtMapViewOfSection(section, process, &base, 0, 0, NULL, &bytes, ViewUnmap, 0,
				  PAGE_READONLY);
}

static NTSTATUS unmap_in(HANDLE process)
{
	return NtUnmapViewOfSection(process, memory);
}

static NTSTATUS flush_in(HANDLE process)
{
	PVOID base = memory;
	SIZE_T bytes = PAGE_BYTES;
	IO_STATUS_BLOCK io;

	return NtFlushVirtualMemory(process, &base, &bytes, &io);
}

static NTSTATUS lock_in(HANDLE process)
{
	PVOID base = memory;
	SIZE_T bytes = PAGE_BYTES;

	return NtLockVirtualMemory(process, &base, &bytes, 1);
}

static NTSTATUS query_in(HANDLE process)
{
	MEMORY_BASIC_INFORMATION information;

	return NtQueryVirtualMemory(process, memory, 0, &information, sizeof(information), NULL);
}

static NTSTATUS read_in(HANDLE process)
{
	char byte;

	return NtReadVirtualMemory(process, memory, &byte, 1, NULL);
}

static NTSTATUS write_in(HANDLE process)
{
	return NtWriteVirtualMemory(process, memory, "w", 1, NULL);
}

static void process_cases(void)
{
	static const struct {
		const char *call;
		NTSTATUS (*try)(HANDLE process);
		ACCESS_MASK needed;
		const char *right;
	} rows[] = {
		{"NtAllocateVirtualMemory", allocate_in, PROCESS_VM_OPERATION, "VM_OPERATION"},
		{"NtFreeVirtualMemory", free_in, PROCESS_VM_OPERATION, "VM_OPERATION"},
		{"NtProtectVirtualMemory", protect_in, PROCESS_VM_OPERATION, "VM_OPERATION"},
		{"NtMapViewOfSection", map_in, PROCESS_VM_OPERATION, "VM_OPERATION"},
		{"NtUnmapViewOfSection", unmap_in, PROCESS_VM_OPERATION, "VM_OPERATION"},
		{"NtFlushVirtualMemory", flush_in, PROCESS_VM_OPERATION, "VM_OPERATION"},
		{"NtLockVirtualMemory", lock_in, PROCESS_VM_OPERATION, "VM_OPERATION"},
		{"NtReadVirtualMemory", read_in, PROCESS_VM_READ, "VM_READ"},
		{"NtWriteVirtualMemory", write_in, PROCESS_VM_WRITE, "VM_WRITE"},
		{"NtQueryVirtualMemory", query_in, PROCESS_QUERY_INFORMATION, "QUERY_INFORMATION"},
	};

	HANDLE limited;

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		HANDLE lacking =
			handle_with(CURRENT_PROCESS,
				    (PROCESS_VM_OPERATION | PROCESS_VM_READ | PROCESS_VM_WRITE |
				     PROCESS_DUP_HANDLE | PROCESS_QUERY_INFORMATION) &
					    ~rows[i].needed);

		case_call(rows[i].call);
		case_status("C6", case_format("all rights but %s", rows[i].right),
			    rows[i].try(lacking), STATUS_ACCESS_DENIED);
		case_status("C1", "an event as the process", rows[i].try(event),
			    STATUS_OBJECT_TYPE_MISMATCH);
		case_status("C2", "process handle 0", rows[i].try(NULL), STATUS_INVALID_HANDLE);
		NtClose(lacking);
	}
	limited = handle_with(CURRENT_PROCESS, PROCESS_QUERY_LIMITED_INFORMATION);
	case_call("NtQueryVirtualMemory");
	case_status("C6", "QUERY_LIMITED_INFORMATION alone", query_in(limited), STATUS_SUCCESS);
	NtClose(limited);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_rights: rights on processes");
	section = kind_need(KIND_SECTION, NULL);
	event = kind_need(KIND_EVENT, NULL);
	memory = memory_need(PAGE_BYTES);
	process_cases();
	memory_drop(memory);
	NtClose(event);
	NtClose(section);
	return case_finish();
}

/*
 * conform_handle.c - what is the same for all calls: the order of checks, failures that change
 * nothing, which protections there are (section 2: C1-C4, C7, C8).
 */
#include "kinds.h"

#define BAD_HANDLE ((HANDLE)0x7FF8)
#define BAD_POINTER ((void *)(uintptr_t)0x10)

static HANDLE section, weak_section, event, weak_event, weak_process;
static char *memory;

/* ---- C1, C2: value, then type, then rights ---- */

static NTSTATUS map_section(HANDLE handle)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;

	return NtMapViewOfSection(handle, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes, ViewUnmap, 0,
				  PAGE_READONLY);
}

static NTSTATUS query_section(HANDLE handle)
{
	SECTION_BASIC_INFORMATION information;

	return NtQuerySection(handle, SectionBasicInformation, &information, sizeof(information),
			      NULL);
}

static NTSTATUS set_event(HANDLE handle)
{
	return NtSetEvent(handle, NULL);
}

static NTSTATUS reset_event(HANDLE handle)
{
	return NtResetEvent(handle, NULL);
}

static NTSTATUS query_event(HANDLE handle)
{
	struct event_information information;

	return NtQueryEvent(handle, 0, &information, sizeof(information), NULL);
}

static NTSTATUS release_semaphore(HANDLE handle)
{
	return NtReleaseSemaphore(handle, 1, NULL);
}

static NTSTATUS query_semaphore(HANDLE handle)
{
	struct semaphore_information information;

	return NtQuerySemaphore(handle, 0, &information, sizeof(information), NULL);
}

static NTSTATUS query_mutant(HANDLE handle)
{
	struct mutant_information information;

	return NtQueryMutant(handle, 0, &information, sizeof(information), NULL);
}

static NTSTATUS query_link(HANDLE handle)
{
	WCHAR text[64];
	UNICODE_STRING target = {0, sizeof(text), text};

	return NtQuerySymbolicLinkObject(handle, &target, NULL);
}

static NTSTATUS query_directory(HANDLE handle)
{
	unsigned char buffer[512];
	ULONG context = 0;

	return NtQueryDirectoryObject(handle, buffer, sizeof(buffer), TRUE, TRUE, &context, NULL);
}

static NTSTATUS wait(HANDLE handle)
{
	LARGE_INTEGER none = {.QuadPart = 0};

	return NtWaitForSingleObject(handle, FALSE, &none);
}

static void handle_cases(void)
{
	const struct {
		const char *call;
		NTSTATUS (*try)(HANDLE handle);
		enum kind_index kind;
	} rows[] = {
		{"NtMapViewOfSection", map_section, KIND_SECTION},
		{"NtQuerySection", query_section, KIND_SECTION},
		{"NtSetEvent", set_event, KIND_EVENT},
		{"NtResetEvent", reset_event, KIND_EVENT},
		{"NtQueryEvent", query_event, KIND_EVENT},
		{"NtReleaseSemaphore", release_semaphore, KIND_SEMAPHORE},
		{"NtQuerySemaphore", query_semaphore, KIND_SEMAPHORE},
		{"NtQueryMutant", query_mutant, KIND_MUTANT},
		{"NtQuerySymbolicLinkObject", query_link, KIND_LINK},
		{"NtQueryDirectoryObject", query_directory, KIND_DIRECTORY},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		HANDLE object = kind_need(rows[i].kind, NULL), weak = handle_with(object, 0);
		bool is_section = rows[i].kind == KIND_SECTION;

		case_call(rows[i].call);
		case_status("C2", "handle 0", rows[i].try(NULL), STATUS_INVALID_HANDLE);
		case_status("C2", "a handle that nobody gave out", rows[i].try(BAD_HANDLE),
			    STATUS_INVALID_HANDLE);
		case_status("C1", "another type, all rights",
			    rows[i].try(is_section ? event : section), STATUS_OBJECT_TYPE_MISMATCH);
		case_status("C1", "another type, no rights",
			    rows[i].try(is_section ? weak_event : weak_section),
			    STATUS_OBJECT_TYPE_MISMATCH);
		case_status("C2", "the type, no rights", rows[i].try(weak), STATUS_ACCESS_DENIED);
		NtClose(weak);
		NtClose(object);
	}
}

/* Any type will do for a wait, so the right to wait is all that counts. */
static void wait_cases(void)
{
	case_call("NtWaitForSingleObject");
	case_status("C2", "handle 0", wait(NULL), STATUS_INVALID_HANDLE);
	case_status("C2", "a handle that nobody gave out", wait(BAD_HANDLE), STATUS_INVALID_HANDLE);
	case_status("C2", "an event, no rights", wait(weak_event), STATUS_ACCESS_DENIED);
	case_status("C2", "a section, which nobody may wait for", wait(section),
		    STATUS_ACCESS_DENIED);
	case_status("C2", "an event, all rights, not signaled", wait(event), STATUS_TIMEOUT);
}

/* ---- C3, C4: values, then pointers, then handles ---- */

static void pointer_cases(void)
{
	LARGE_INTEGER size = {.QuadPart = PAGE_BYTES};
	SIZE_T bytes = PAGE_BYTES;
	PVOID base = NULL;

	case_call("NtCreateSection");
	case_status("C3", "handle pointer and file handle bad",
		    NtCreateSection(BAD_POINTER, SECTION_ALL_ACCESS, NULL, &size, PAGE_READONLY,
				    SEC_COMMIT, BAD_HANDLE),
		    STATUS_ACCESS_VIOLATION);
	case_call("NtMapViewOfSection");
	case_status("C3", "base pointer and section bad",
		    NtMapViewOfSection(BAD_HANDLE, CURRENT_PROCESS, BAD_POINTER, 0, 0, NULL, &bytes,
				       ViewShare, 0, PAGE_READONLY),
		    STATUS_ACCESS_VIOLATION);
	case_status("C3", "size pointer and section bad",
		    NtMapViewOfSection(BAD_HANDLE, CURRENT_PROCESS, &base, 0, 0, NULL, BAD_POINTER,
				       ViewShare, 0, PAGE_READONLY),
		    STATUS_ACCESS_VIOLATION);
	case_call("NtAllocateVirtualMemory");
	case_status("C3", "base pointer and process bad",
		    NtAllocateVirtualMemory(BAD_HANDLE, BAD_POINTER, 0, &bytes, MEM_RESERVE,
					    PAGE_READONLY),
		    STATUS_ACCESS_VIOLATION);
	case_call("NtQuerySection");
	case_status("C3", "buffer and section bad",
		    NtQuerySection(BAD_HANDLE, SectionBasicInformation, BAD_POINTER, 24, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_call("NtDuplicateObject");
	case_status("C3", "target pointer and source bad",
		    NtDuplicateObject(CURRENT_PROCESS, BAD_HANDLE, CURRENT_PROCESS, BAD_POINTER, 0,
				      0, DUPLICATE_SAME_ACCESS),
		    STATUS_ACCESS_VIOLATION);
	case_call("NtSetEvent");
	case_status("C3", "state pointer and event bad", NtSetEvent(BAD_HANDLE, BAD_POINTER),
		    STATUS_ACCESS_VIOLATION);
	case_call("NtOpenSection");
	case_status("C3", "handle pointer bad and no such name",
		    NtOpenSection(BAD_POINTER, SECTION_MAP_READ,
				  &(OBJECT_ATTRIBUTES){.Length = sizeof(OBJECT_ATTRIBUTES)}),
		    STATUS_ACCESS_VIOLATION);
}

static void value_cases(void)
{
	SIZE_T bytes = PAGE_BYTES;
	PVOID base = NULL;
	ULONG old;

	case_call("NtCreateSection");
	case_status("C4", "attributes -1, handle pointer and file bad",
		    NtCreateSection(BAD_POINTER, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READONLY,
				    0xFFFFFFFF, BAD_HANDLE),
		    STATUS_INVALID_PARAMETER_6);
	case_call("NtMapViewOfSection");
	case_status("C4", "Inherit 3, pointers and section bad",
		    NtMapViewOfSection(BAD_HANDLE, CURRENT_PROCESS, BAD_POINTER, 0, 0, NULL,
				       BAD_POINTER, 3, 0, PAGE_READONLY),
		    STATUS_INVALID_PARAMETER_8);
	case_status("C4", "protection 0, pointers and section bad",
		    NtMapViewOfSection(BAD_HANDLE, CURRENT_PROCESS, BAD_POINTER, 0, 0, NULL,
				       BAD_POINTER, ViewShare, 0, 0),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_call("NtAllocateVirtualMemory");
	case_status("C4", "type -1, base pointer bad",
		    NtAllocateVirtualMemory(BAD_HANDLE, BAD_POINTER, 0, &bytes, 0xFFFFFFFF,
					    PAGE_READONLY),
		    STATUS_INVALID_PARAMETER_5);
	case_status("C4", "protection 0, process bad",
		    NtAllocateVirtualMemory(BAD_HANDLE, &base, 0, &bytes, MEM_RESERVE, 0),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_call("NtProtectVirtualMemory");
	case_status("C4", "protection 0, process and base pointer bad",
		    NtProtectVirtualMemory(BAD_HANDLE, BAD_POINTER, &bytes, 0, &old),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_call("NtFreeVirtualMemory");
	case_status("C4", "type 0, process bad", NtFreeVirtualMemory(BAD_HANDLE, &base, &bytes, 0),
		    STATUS_INVALID_PARAMETER_4);
	case_call("NtQueryObject");
	case_status("C4", "class 99, handle bad", NtQueryObject(BAD_HANDLE, 99, NULL, 0, NULL),
		    STATUS_INVALID_INFO_CLASS);
}

/* ---- C7: a failure changes nothing ---- */

static void unchanged_cases(void)
{
	PVOID base = (PVOID)(uintptr_t)0x12345678;
	SIZE_T bytes = 0x1234;
	ULONG old = 0x4444;

	case_call("NtAllocateVirtualMemory");
	NtAllocateVirtualMemory(weak_process, &base, 0, &bytes, MEM_RESERVE, PAGE_READWRITE);
	case_number("C7", "process without rights: base", (uintptr_t)base, 0x12345678);
	case_number("C7", "process without rights: size", bytes, 0x1234);
	NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE, 0);
	case_number("C7", "protection 0: base", (uintptr_t)base, 0x12345678);
	case_number("C7", "protection 0: size", bytes, 0x1234);
	case_call("NtFreeVirtualMemory");
	NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
	case_number("C7", "free memory: base", (uintptr_t)base, 0x12345678);
	case_number("C7", "free memory: size", bytes, 0x1234);
	case_call("NtProtectVirtualMemory");
	NtProtectVirtualMemory(weak_process, &base, &bytes, PAGE_READONLY, &old);
	case_number("C7", "process without rights: base", (uintptr_t)base, 0x12345678);
	case_number("C7", "process without rights: size", bytes, 0x1234);
	case_number("C7", "process without rights: old protection", old, 0x4444);
	case_call("NtMapViewOfSection");
	base = (PVOID)(uintptr_t)0x10000;
	NtMapViewOfSection(weak_section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes, ViewShare, 0,
			   PAGE_READONLY);
	case_number("C7", "section without rights: base", (uintptr_t)base, 0x10000);
	case_number("C7", "section without rights: size", bytes, 0x1234);
}

/* ---- C8: which protections there are ---- */

static void protection_cases(void)
{
	static const ULONG modifiers[] = {
		0,
		PAGE_GUARD,
		PAGE_NOCACHE,
		PAGE_WRITECOMBINE,
		PAGE_GUARD | PAGE_NOCACHE,
		PAGE_GUARD | PAGE_WRITECOMBINE,
	};

	case_call("NtAllocateVirtualMemory");
	for (unsigned i = 0; i < PROTECTIONS; i++)
		for (unsigned j = 0; j < COUNT_OF(modifiers); j++) {
			ULONG protection = protections[i].value | modifiers[j];
			PVOID base = NULL;
			SIZE_T bytes = PAGE_BYTES, all = 0;
			NTSTATUS status;
			bool is_valid = j < 4 && (!j || protections[i].value != PAGE_NOACCESS);

			/* Private memory has no copy on write (5.1). */
			if (protections[i].value & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY))
				continue;
			status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
							 MEM_RESERVE | MEM_COMMIT, protection);
			case_status("C8", protection_text(protection), status,
				    is_valid ? STATUS_SUCCESS : STATUS_INVALID_PAGE_PROTECTION);
			if (NT_SUCCESS(status))
				NtFreeVirtualMemory(CURRENT_PROCESS, &base, &all, MEM_RELEASE);
		}
}

static void no_protection_cases(void)
{
	static const ULONG values[] = {0,
				       0xFFFFFFFF,
				       PAGE_GUARD,
				       PAGE_READONLY | PAGE_READWRITE,
				       PAGE_EXECUTE | PAGE_READONLY,
				       0xFF};

	for (unsigned i = 0; i < COUNT_OF(values); i++) {
		PVOID base = NULL;
		SIZE_T bytes = PAGE_BYTES;
		ULONG old;

		case_call("NtAllocateVirtualMemory");
		case_status("C8", case_format("0x%x", (unsigned)values[i]),
			    NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE,
						    values[i]),
			    STATUS_INVALID_PAGE_PROTECTION);
		base = memory;
		case_call("NtProtectVirtualMemory");
		case_status("C8", case_format("0x%x", (unsigned)values[i]),
			    NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, values[i], &old),
			    STATUS_INVALID_PAGE_PROTECTION);
	}
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_handle: what is the same for all calls");
	section = kind_need(KIND_SECTION, NULL);
	weak_section = handle_with(section, 0);
	event = kind_need(KIND_EVENT, NULL);
	weak_event = handle_with(event, 0);
	weak_process = handle_with(CURRENT_PROCESS, 0);
	memory = memory_need(PAGE_BYTES);
	handle_cases();
	wait_cases();
	pointer_cases();
	value_cases();
	unchanged_cases();
	protection_cases();
	no_protection_cases();
	memory_drop(memory);
	NtClose(weak_process);
	NtClose(weak_event);
	NtClose(event);
	NtClose(weak_section);
	NtClose(section);
	return case_finish();
}

/*
 * guest.c - what several guest tests share: short forms of calls with the usual arguments.
 */
#include "guest.h"

#include "path.h"

const struct named_protection protections[PROTECTIONS] = {
	{PAGE_NOACCESS, "NOACCESS"},
	{PAGE_READONLY, "READONLY"},
	{PAGE_READWRITE, "READWRITE"},
	{PAGE_WRITECOPY, "WRITECOPY"},
	{PAGE_EXECUTE, "EXECUTE"},
	{PAGE_EXECUTE_READ, "EXECUTE_READ"},
	{PAGE_EXECUTE_READWRITE, "EXECUTE_READWRITE"},
	{PAGE_EXECUTE_WRITECOPY, "EXECUTE_WRITECOPY"},
};

_Noreturn void bail_out(const char *what, NTSTATUS status)
{
	const char *name = status_name(status);

	print("Bail out! %s: status 0x%08x %s\n", what, (unsigned)status, name ? name : "");
	RtlExitUserProcess(STATUS_UNSUCCESSFUL);
	__builtin_unreachable();
}

NTSTATUS section_make(HANDLE *section, uint64_t bytes, ULONG protection, ULONG attributes,
		      HANDLE file)
{
	LARGE_INTEGER size = {.QuadPart = (LONGLONG)bytes};

	return NtCreateSection(section, SECTION_ALL_ACCESS, NULL, bytes ? &size : NULL, protection,
			       attributes, file);
}

NTSTATUS section_try(uint64_t bytes, ULONG protection, ULONG attributes, HANDLE file)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, bytes, protection, attributes, file);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

HANDLE section_need(uint64_t bytes)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, bytes, PAGE_READWRITE, SEC_COMMIT, NULL);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateSection", status);
	return section;
}

NTSTATUS view_make(HANDLE section, ULONG protection, char **view)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewShare, 0, protection);

	if (NT_SUCCESS(status))
		*view = base;
	return status;
}

NTSTATUS view_try(HANDLE section, ULONG protection)
{
	char *view;
	NTSTATUS status = view_make(section, protection, &view);

	if (NT_SUCCESS(status))
		view_drop(view);
	return status;
}

char *view_need(HANDLE section, ULONG protection)
{
	char *view;
	NTSTATUS status = view_make(section, protection, &view);

	if (!NT_SUCCESS(status))
		bail_out("NtMapViewOfSection", status);
	return view;
}

NTSTATUS view_drop(const void *view)
{
	return NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)view);
}

char *memory_need(size_t bytes)
{
	PVOID base = NULL;
	SIZE_T size = bytes;
	NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &size,
						  MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	if (!NT_SUCCESS(status))
		bail_out("NtAllocateVirtualMemory", status);
	return base;
}

void memory_drop(char *memory)
{
	PVOID base = memory;
	SIZE_T size = 0;

	NtFreeVirtualMemory(CURRENT_PROCESS, &base, &size, MEM_RELEASE);
}

MEMORY_BASIC_INFORMATION region_at(const void *address)
{
	MEMORY_BASIC_INFORMATION region = {.State = 0};

	NtQueryVirtualMemory(CURRENT_PROCESS, address, MemoryBasicInformation, &region,
			     sizeof(region), NULL);
	return region;
}

NTSTATUS protect(const void *address, size_t bytes, ULONG protection, ULONG *old)
{
	PVOID base = (PVOID)address;
	SIZE_T size = bytes;
	ULONG previous = 0;
	NTSTATUS status =
		NtProtectVirtualMemory(CURRENT_PROCESS, &base, &size, protection, &previous);

	if (old)
		*old = previous;
	return status;
}

HANDLE thread_need(thread_start_routine routine, const volatile void *argument, ULONG flags)
{
	HANDLE thread;
	NTSTATUS status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					   routine, (PVOID)argument, flags, 0, 0, 0, NULL);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateThreadEx", status);
	return thread;
}

HANDLE file_need(const char *path, ACCESS_MASK access)
{
	HANDLE file;
	NTSTATUS status = file_open_text(&file, path, access);

	if (!NT_SUCCESS(status))
		bail_out(path, status);
	return file;
}

uint64_t frame_at(const void *address)
{
	struct quire_memory_page page;

	return page_read(address, &page) ? page.frame_identity : 0;
}

bool memory_suffices(uint64_t bytes, unsigned checks, const char *reason)
{
	struct quire_memory memory;

	if (!memory_read(&memory) || (memory.free + memory.zeroed) * PAGE_BYTES >= bytes)
		return true;
	tap_skip(checks, reason);
	return false;
}

bool commit_suffices(uint64_t bytes, unsigned checks, const char *reason)
{
	struct quire_memory memory;

	if (!memory_read(&memory) || (memory.commit_limit - memory.commit) * PAGE_BYTES >= bytes)
		return true;
	tap_skip(checks, reason);
	return false;
}

/*
 * test_clone_views.c - what a copy of an address space does with views that are more than pages:
 * locked and watched memory, views longer than their section, based and frozen ones (3.4.6;
 * placeholders: tests/unit/test_clone.c). The copies never run: their memory is asked for from
 * outside.
 */
/* boot: hash=1 */
#include <string.h>

#include "guest.h"
#include "scratch.h"

#define FILE_PATH "C:\\data\\clone.bin"

static HANDLE clone_need(void)
{
	HANDLE process;
	NTSTATUS status = NtCreateProcessEx(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, 0,
					    NULL, NULL, NULL, 0);

	if (!NT_SUCCESS(status))
		bail_out("a copy", status);
	return process;
}

static MEMORY_BASIC_INFORMATION region_in(HANDLE process, const void *address)
{
	MEMORY_BASIC_INFORMATION information = {.State = 0};

	NtQueryVirtualMemory(process, address, MemoryBasicInformation, &information,
			     sizeof(information), NULL);
	return information;
}

/* The byte there, or -1. */
static int byte_in(HANDLE process, const void *address)
{
	unsigned char byte;

	return NT_SUCCESS(NtReadVirtualMemory(process, address, &byte, 1, NULL)) ? byte : -1;
}

static char *map_shared(HANDLE section, SIZE_T bytes, ULONG type, ULONG protection)
{
	PVOID base = NULL;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewShare, type, protection);

	if (!NT_SUCCESS(status))
		bail_out("a view to inherit", status);
	return base;
}

/* catches: pages that are locked in a process that locked nothing, and count there */
static void test_locked(void)
{
	char *memory = memory_need(4 * PAGE_BYTES);
	PVOID base = memory + PAGE_BYTES;
	SIZE_T bytes = PAGE_BYTES;
	HANDLE process;

	memory[PAGE_BYTES] = 4;
	NtLockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1);
	process = clone_need();
	tap_is_number(byte_in(process, memory + PAGE_BYTES), 4, "a locked page is copied");
	tap_is_status(NtUnlockVirtualMemory(process, &base, &bytes, 1), STATUS_NOT_LOCKED,
		      "and not locked in the copy");
	tap_is_number(region_in(process, memory).RegionSize, 4 * PAGE_BYTES,
		      "where it is one region with its neighbours");
	NtClose(process);
	tap_is_status(NtUnlockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1), STATUS_SUCCESS,
		      "in the original it still was");
	memory_drop(memory);
}

/* catches: marks that two processes share */
static void test_watched(void)
{
	PVOID base = NULL, found[2];
	SIZE_T bytes = 4 * PAGE_BYTES;
	ULONG_PTR count = COUNT_OF(found);
	ULONG granularity;
	HANDLE process;

	NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
				MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
	((char *)base)[PAGE_BYTES] = 5;
	process = clone_need();
	tap_is_number(byte_in(process, (char *)base + PAGE_BYTES), 5, "watched memory is copied");
	tap_is_status(NtGetWriteWatch(process, 0, base, bytes, found, &count, &granularity),
		      STATUS_INVALID_PARAMETER, "and not watched in the copy");
	NtWriteVirtualMemory(process, base, "x", 1, NULL);
	NtClose(process);
	count = COUNT_OF(found);
	NtGetWriteWatch(CURRENT_PROCESS, 0, base, bytes, found, &count, &granularity);
	tap_ok(count == 1 && found[0] == (char *)base + PAGE_BYTES,
	       "a store of the copy leaves no mark here");
	memory_drop(base);
}

/* catches: a view that does not grow with its file; a file that is cut under the copy's view */
static void test_extendable(void)
{
	HANDLE file =
		scratch_need(FILE_PATH, FILE_GENERIC_READ | FILE_GENERIC_WRITE, 'e', PAGE_BYTES);
	HANDLE section, process;
	LARGE_INTEGER size = {.QuadPart = 2 * PAGE_BYTES};
	char *view;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = map_shared(section, 4 * PAGE_BYTES, MEM_RESERVE, PAGE_READWRITE);
	process = clone_need();
	tap_is_number(byte_in(process, view), 'e', "a view longer than its section");
	tap_is_number(byte_in(process, view + PAGE_BYTES), -1, "behind the end: nothing");
	NtExtendSection(section, &size);
	view[PAGE_BYTES] = 'f';
	tap_is_number(byte_in(process, view + PAGE_BYTES), 'f', "it grows in the copy, too");
	view_drop(view);
	NtClose(section);
	tap_is_status(scratch_set_size(file, 1), STATUS_USER_MAPPED_FILE,
		      "the copy alone keeps the file from being cut");
	NtClose(process);
	tap_is_status(scratch_set_size(file, 1), STATUS_SUCCESS, "and lets it go");
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* catches: a based view elsewhere; a frozen one that can be changed in the copy */
static void test_based_and_frozen(void)
{
	HANDLE based, frozen, process;
	PVOID base;
	SIZE_T bytes = PAGE_BYTES;
	char *one, *other;
	ULONG old;

	section_make(&based, PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT | SEC_BASED, NULL);
	section_make(&frozen, PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT | SEC_NO_CHANGE, NULL);
	one = map_shared(based, 0, 0, PAGE_READWRITE);
	base = other = map_shared(frozen, 0, 0, PAGE_READWRITE);
	process = clone_need();
	NtClose(based);
	NtWriteVirtualMemory(process, one, "b", 1, NULL);
	tap_is_number((unsigned char)one[0], 'b', "a based view is the same memory");
	tap_is_number(region_in(process, one).Type, MEM_MAPPED, "at the same place");
	tap_is_status(NtProtectVirtualMemory(process, &base, &bytes, PAGE_READONLY, &old),
		      STATUS_INVALID_PAGE_PROTECTION, "a frozen view stays frozen");
	view_drop(one);
	view_drop(other);
	NtClose(process);
	NtClose(frozen);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("views in copies of processes");
	if (!system_is_quire()) {
		tap_skip(15, "Wine has no NtCreateProcess");
		return tap_finish();
	}
	test_locked();
	test_watched();
	test_extendable();
	test_based_and_frozen();
	return tap_finish();
}

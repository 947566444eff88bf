/*
 * test_clone.c - NtCreateProcess without a section: a copy of the address space, with the views
 * that are mapped with ViewShare and without those mapped with ViewUnmap (3.4.6); with a section: a
 * process that waits for its first thread.
 *
 * The copy runs a function of this very program, on a thread that the parent makes in it. It must
 * not print: what it inherits is what is asked for. It tells its results in a shared view.
 */
/* boot: hash=1 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

#define PAGE 0x1000u
#define LONG_TIME (-1000000000ll) /* 100 s, in 100 ns */

/* What parent and copy tell each other: at the start of a ViewShare view. */
struct board {
	volatile uint32_t from_parent, from_copy;
	volatile uint32_t private_seen, cow_seen, cow_other_seen, guard_state;
	volatile uint64_t unmapped_state;
	volatile uint32_t close_inherited, close_other;
};

static struct {
	struct board *board;
	char *unmapped, *memory, *cow;
	HANDLE inherited, other;
} world;

static char data_byte = 1; /* in the image: copied on write */

static char *map_as(HANDLE section, ULONG inherit, ULONG protection)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     inherit, 0, protection);

	if (!NT_SUCCESS(status))
		bail_out("NtMapViewOfSection", status);
	return base;
}

static NTSTATUS clone_make(HANDLE *process, ULONG flags)
{
	return NtCreateProcessEx(process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, flags, NULL,
				 NULL, NULL, 0);
}

/* Runs the function in the process, and waits for the end of both. => returns: exit status. */
static NTSTATUS run_in(HANDLE process, thread_start_routine function, PVOID argument)
{
	LARGE_INTEGER timeout = {.QuadPart = LONG_TIME};
	PROCESS_BASIC_INFORMATION information = {.ExitStatus = -1};
	HANDLE thread;
	NTSTATUS status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, process, function,
					   argument, 0, 0, 0, 0, NULL);

	if (!NT_SUCCESS(status))
		return status;
	NtClose(thread);
	status = NtWaitForSingleObject(process, FALSE, &timeout);
	if (status != STATUS_SUCCESS)
		return status;
	NtQueryInformationProcess(process, ProcessBasicInformation, &information,
				  sizeof(information), NULL);
	return information.ExitStatus;
}

/* ---- what the copy does ---- */

static NTSTATUS NTAPI look_and_write(PVOID argument)
{
	struct board *board = world.board;

	if (argument != &world || board->from_parent != 11)
		return STATUS_UNSUCCESSFUL;
	board->from_copy = 22;
	board->private_seen = (unsigned char)world.memory[PAGE] | (uint32_t)data_byte << 8;
	world.memory[PAGE] = 99;
	data_byte = 99;
	board->cow_seen = (unsigned char)world.cow[0];
	board->cow_other_seen = (unsigned char)world.cow[PAGE];
	world.cow[PAGE] = 98;
	board->unmapped_state = region_at(world.unmapped).State;
	board->guard_state = region_at(world.memory + 2 * PAGE).Protect;
	board->close_inherited = (uint32_t)NtClose(world.inherited);
	board->close_other = (uint32_t)NtClose(world.other);
	NtTerminateProcess(CURRENT_PROCESS, 77);
	return STATUS_UNSUCCESSFUL;
}

static NTSTATUS NTAPI touch_unmapped(PVOID argument)
{
	return ((volatile char *)argument)[0];
}

static NTSTATUS NTAPI return_number(PVOID argument)
{
	return (NTSTATUS)(uintptr_t)argument;
}

/* ---- tests ---- */

static void world_make(HANDLE section, HANDLE cow_section, HANDLE unmapped_section)
{
	ULONG old;

	world.board = (struct board *)map_as(section, ViewShare, PAGE_READWRITE);
	world.unmapped = map_as(unmapped_section, ViewUnmap, PAGE_READWRITE);
	world.cow = map_as(cow_section, ViewShare, PAGE_WRITECOPY);
	world.memory = memory_need(4 * PAGE);
	world.cow[0] = 5;
	world.memory[PAGE] = 7;
	world.memory[2 * PAGE] = 8;
	data_byte = 2;
	protect(world.memory + 2 * PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
	NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &world.inherited, 0,
			  OBJ_INHERIT, DUPLICATE_SAME_ACCESS);
	NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &world.other, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	world.board->from_parent = 11;
}

static void world_drop(void)
{
	NtClose(world.inherited);
	NtClose(world.other);
	view_drop(world.unmapped);
	view_drop(world.cow);
	view_drop(world.board);
	memory_drop(world.memory);
}

/* catches: views that are missing or too many; pages that are shared, or copied, for the other */
static void test_copy(void)
{
	HANDLE section = section_need(PAGE), cow = section_need(2 * PAGE), process;
	HANDLE unmapped = section_need(PAGE);
	struct board *board;
	char *shared;

	world_make(section, cow, unmapped);
	board = world.board;
	shared = map_as(cow, ViewUnmap, PAGE_READWRITE);
	shared[PAGE] = 6;
	tap_is_status(clone_make(&process, PROCESS_CREATE_FLAGS_INHERIT_HANDLES), STATUS_SUCCESS,
		      "NtCreateProcessEx without a section");
	world.memory[PAGE] = 70;
	tap_is_status(run_in(process, look_and_write, &world), 77, "a thread runs in the copy");
	tap_is_number(board->from_copy, 22, "ViewShare: a store of the copy is seen here");
	tap_is_number(board->private_seen, 0x207, "it has the memory as it was");
	tap_is_number(board->guard_state, PAGE_READWRITE | PAGE_GUARD, "and its protections");
	tap_is_number(board->cow_seen, 5, "copied pages of a WRITECOPY view are copied again");
	tap_is_number(board->cow_other_seen, 6, "the others are the section's");
	tap_ok(world.memory[PAGE] == 70 && data_byte == 2, "its own stores are not seen here");
	tap_ok(world.cow[PAGE] == 6 && shared[PAGE] == 6, "nor those to a WRITECOPY view");
	tap_is_number(board->unmapped_state, MEM_FREE, "ViewUnmap: nothing is there");
	tap_is_status((NTSTATUS)board->close_inherited, STATUS_SUCCESS,
		      "an inheritable handle is inherited");
	tap_is_status((NTSTATUS)board->close_other, STATUS_INVALID_HANDLE, "another one is not");
	NtClose(process);
	view_drop(shared);
	world_drop();
	NtClose(section);
	NtClose(unmapped);
	NtClose(cow);
}

/* catches: handles that come along unasked; a copy that cannot fault, or ends the wrong process */
static void test_ends(void)
{
	HANDLE section = section_need(PAGE), process, again;
	char *view = map_as(section, ViewUnmap, PAGE_READWRITE);
	struct quire_fault_counts counts = {.handles = 0};

	view[0] = 1;
	clone_make(&process, 0);
	NtQueryInformationProcess(process, QUIRE_PROCESS_FAULT_COUNTS, &counts, sizeof(counts),
				  NULL);
	tap_is_number(counts.handles, 0, "no handles are inherited unasked");
	tap_is_status(run_in(process, touch_unmapped, view), STATUS_ACCESS_VIOLATION,
		      "a touch of what it has not ends it");
	tap_is_status(NtCreateThreadEx(&again, THREAD_ALL_ACCESS, NULL, process, return_number,
				       NULL, 0, 0, 0, 0, NULL),
		      STATUS_PROCESS_IS_TERMINATING, "it does not start again");
	NtClose(process);
	tap_is_status(NtCreateProcess(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, FALSE,
				      NULL, NULL, NULL),
		      STATUS_SUCCESS, "NtCreateProcess");
	tap_is_status(run_in(process, return_number, (PVOID)42), 42, "a thread that returns");
	NtClose(process);
	view_drop(view);
	NtClose(section);
}

/* catches: a process without a thread that stays for ever, or is torn down twice */
static void test_never_started(void)
{
	LARGE_INTEGER now = {.QuadPart = 0};
	HANDLE process, other, passed;

	tap_is_status(clone_make(&process, 0), STATUS_SUCCESS, "a copy without a thread");
	tap_is_status(NtClose(process), STATUS_SUCCESS, "goes with its handle");
	clone_make(&process, 0);
	tap_is_status(NtWaitForSingleObject(process, FALSE, &now), STATUS_TIMEOUT,
		      "one is not signaled");
	tap_is_status(NtTerminateProcess(process, 5), STATUS_SUCCESS, "until it is terminated");
	tap_is_status(NtWaitForSingleObject(process, FALSE, &now), STATUS_SUCCESS, "then it is");
	tap_is_status(NtTerminateProcess(process, 6), STATUS_PROCESS_IS_TERMINATING,
		      "but not a second time");
	NtClose(process);
	clone_make(&process, 0);
	clone_make(&other, 0);
	NtDuplicateObject(CURRENT_PROCESS, other, process, &passed, 0, 0, DUPLICATE_SAME_ACCESS);
	NtClose(other);
	tap_is_status(NtClose(process), STATUS_SUCCESS, "a chain of them goes with the first");
}

static void test_large(void)
{
	PVOID base = NULL;
	SIZE_T bytes = 0x200000;
	HANDLE process;
	NTSTATUS status =
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE);

	if (!NT_SUCCESS(status))
		bail_out("large memory", status);
	((char *)base)[0x123456] = 12;
	clone_make(&process, 0);
	((char *)base)[0x123456] = 13;
	tap_is_status(run_in(process, touch_unmapped, (char *)base + 0x123456), 12,
		      "large memory is copied");
	NtClose(process);
	memory_drop(base);
}

static void test_parameters(void)
{
	HANDLE section = section_need(PAGE), process = NULL;

	tap_is_status(NtCreateProcessEx(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, 0,
					section, NULL, NULL, 0),
		      STATUS_SECTION_NOT_IMAGE, "a section that is no image");
	tap_is_status(clone_make(&process, 0x80000000), STATUS_INVALID_PARAMETER, "unknown flags");
	tap_is_status(NtCreateProcessEx(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, 0,
					NULL, section, NULL, 0),
		      STATUS_INVALID_HANDLE, "a debug port that is none");
	tap_ok(!process, "and no handle is written");
	NtClose(section);
}

/* catches: an image whose first thread does not go through the loader, or that has no PEB */
static void test_image(void)
{
	HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE);
	HANDLE section, process, thread;
	PROCESS_BASIC_INFORMATION information = {.PebBaseAddress = NULL};
	NTSTATUS status = section_make(&section, 0, PAGE_EXECUTE_READ, SEC_IMAGE, file);

	NtClose(file);
	if (!NT_SUCCESS(status))
		bail_out("an image section", status);
	tap_is_status(NtCreateProcessEx(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, 0,
					section, NULL, NULL, 0),
		      STATUS_SUCCESS, "a process of an image section");
	NtClose(section);
	NtQueryInformationProcess(process, ProcessBasicInformation, &information,
				  sizeof(information), NULL);
	tap_ok(information.PebBaseAddress && information.ExitStatus == STATUS_PENDING,
	       "it has a PEB and has not ended");
	tap_is_status(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, process, return_number,
				       NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED, 0, 0, 0, NULL),
		      STATUS_SUCCESS, "it gets a thread");
	tap_is_status(NtTerminateProcess(process, 9), STATUS_SUCCESS, "and is terminated");
	tap_is_status(
		NtWaitForSingleObject(process, FALSE, &(LARGE_INTEGER){.QuadPart = LONG_TIME}),
		STATUS_SUCCESS, "with it");
	NtClose(thread);
	NtClose(process);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("copies of processes");
	if (!system_is_quire()) {
		tap_skip(34, "Wine has no NtCreateProcess");
		return tap_finish();
	}
	test_copy();
	test_ends();
	test_never_started();
	if (memory_suffices(0x1000000, 1, "two large pages need 16 MB of free memory"))
		test_large();
	test_parameters();
	test_image();
	return tap_finish();
}

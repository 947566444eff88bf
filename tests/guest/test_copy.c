/*
 * test_copy.c - NtReadVirtualMemory and NtWriteVirtualMemory (5.7; P7.150): within this process and
 * with a child that is never resumed.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define PAGES 4

/* What a call that fails must not leave as it was. */
#define UNTOUCHED 0x5A5A5A5Aull

static struct child child;
static char buffer[PAGES * PAGE_BYTES];

static NTSTATUS read_from(HANDLE process, const void *remote, void *local, size_t bytes,
			  SIZE_T *done)
{
	*done = UNTOUCHED;
	return NtReadVirtualMemory(process, remote, local, bytes, done);
}

static NTSTATUS write_to(HANDLE process, void *remote, const void *local, size_t bytes,
			 SIZE_T *done)
{
	*done = UNTOUCHED;
	return NtWriteVirtualMemory(process, remote, local, bytes, done);
}

static char *allocate_in(HANDLE process, size_t bytes, ULONG type)
{
	PVOID base = NULL;
	SIZE_T size = bytes;
	NTSTATUS status = NtAllocateVirtualMemory(process, &base, 0, &size, type, PAGE_READWRITE);

	if (!NT_SUCCESS(status))
		bail_out("memory of a process", status);
	return base;
}

static void free_in(HANDLE process, char *base)
{
	PVOID address = base;
	SIZE_T size = 0;

	NtFreeVirtualMemory(process, &address, &size, MEM_RELEASE);
}

/* catches: pages in the wrong order; a count of pages; an unaligned side cut short */
static void test_both_directions(void)
{
	char *remote = allocate_in(child.process, sizeof(buffer), MEM_RESERVE | MEM_COMMIT);
	static char back[sizeof(buffer)];
	SIZE_T done;

	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)(i * 7 + i / 256);
	tap_is_status(write_to(child.process, remote + 3, buffer + 100, 2 * PAGE_BYTES, &done),
		      STATUS_SUCCESS, "5.7: writing to a child, neither side aligned");
	tap_is_number(done, 2 * PAGE_BYTES, "5.7: all bytes are counted");
	tap_is_status(read_from(child.process, remote + 3, back + 55, 2 * PAGE_BYTES, &done),
		      STATUS_SUCCESS, "5.7: reading from it");
	tap_is_number(done, 2 * PAGE_BYTES, "5.7: all bytes are counted");
	tap_ok(!memcmp(back + 55, buffer + 100, 2 * PAGE_BYTES), "5.7: what was written is read");
	tap_is_status(read_from(child.process, remote + 3 * PAGE_BYTES, back, PAGE_BYTES, &done),
		      STATUS_SUCCESS, "5.7: a page that nobody has touched");
	tap_ok(!back[0] && !back[PAGE_BYTES - 1], "5.7: it reads as zeros");
	tap_is_status(NtReadVirtualMemory(child.process, remote, back, 16, NULL), STATUS_SUCCESS,
		      "5.7: no count is wanted");
	free_in(child.process, remote);
}

/* catches: a count of 0, or of everything, for what stops in the middle */
static void test_partial(void)
{
	char *remote = allocate_in(child.process, 4 * PAGE_BYTES, MEM_RESERVE);
	PVOID base = remote;
	SIZE_T size = 2 * PAGE_BYTES, done;

	NtAllocateVirtualMemory(child.process, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE);
	if (system_is_wine()) {
		tap_skip(4, "Wine reaches memory that the process itself does not (B34)");
	} else {
		tap_is_status(
			read_from(child.process, remote + 2 * PAGE_BYTES - 100, buffer, 300, &done),
			STATUS_PARTIAL_COPY, "5.7: reading into reserved pages");
		tap_is_number(done, 100, "5.7: the bytes before them count");
		tap_is_status(
			write_to(child.process, remote + 2 * PAGE_BYTES - 50, buffer, 300, &done),
			STATUS_PARTIAL_COPY, "5.7: writing into reserved pages");
		tap_is_number(done, 50, "5.7: the bytes before them count");
	}
	free_in(child.process, remote);
	if (system_is_wine()) {
		tap_skip(2, "W12");
		return;
	}
	tap_is_status(read_from(child.process, remote, buffer, 10, &done), STATUS_PARTIAL_COPY,
		      "P7.150: nothing is there");
	tap_is_number(done, 0, "P7.150: the count is 0");
}

/* catches: protections of the other process passed over */
static void test_remote_protection(void)
{
	char *memory = memory_need(2 * PAGE_BYTES);
	SIZE_T done;

	memory[0] = 1;
	protect(memory, PAGE_BYTES, PAGE_READONLY, NULL);
	tap_is_status(read_from(CURRENT_PROCESS, memory, buffer, 8, &done), STATUS_SUCCESS,
		      "5.7: a read-only page is read");
	if (system_is_wine()) {
		tap_skip(3, "Wine copies past protections");
	} else {
		tap_is_status(write_to(CURRENT_PROCESS, memory, "x", 1, &done), STATUS_PARTIAL_COPY,
			      "5.7: a read-only page is not written");
		tap_ok(memory[0] == 1 && done == 0, "5.7: nothing changed");
		protect(memory, PAGE_BYTES, PAGE_NOACCESS, NULL);
		tap_is_status(read_from(CURRENT_PROCESS, memory, buffer, 8, &done),
			      STATUS_PARTIAL_COPY, "5.7: a no-access page is not read");
	}
	memory_drop(memory);
}

/* catches: a guard that survives, or is consumed twice */
static void test_guard(void)
{
	char *memory = memory_need(PAGE_BYTES);
	SIZE_T done;

	if (system_is_wine()) {
		tap_skip(2, "a guard page behind the call: Wine has its own ways");
		memory_drop(memory);
		return;
	}
	protect(memory, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, NULL);
	tap_is_status(read_from(CURRENT_PROCESS, memory, buffer, 8, &done), STATUS_PARTIAL_COPY,
		      "5.7: a guard page stops the copy");
	tap_is_status(read_from(CURRENT_PROCESS, memory, buffer, 8, &done), STATUS_SUCCESS,
		      "5.7: once");
	memory_drop(memory);
}

/* catches: the order of checks: range, size 0, handle, local buffer */
static void test_refusals(void)
{
	char *memory = memory_need(PAGE_BYTES);
	char *none = allocate_in(CURRENT_PROCESS, PAGE_BYTES, MEM_RESERVE);
	HANDLE weak = NULL;
	SIZE_T done;

	tap_is_status(read_from(NULL, memory, buffer, 8, &done), STATUS_INVALID_HANDLE,
		      "5.7: handle 0");
	tap_is_number(done, 0, "5.7: the count of a failed call is 0");
	tap_is_status(write_to(NULL, memory, buffer, 8, &done), STATUS_INVALID_HANDLE,
		      "5.7: handle 0, writing");
	tap_is_number(done, 0, "5.7: the count of a failed call is 0");
	NtDuplicateObject(CURRENT_PROCESS, child.process, CURRENT_PROCESS, &weak,
			  PROCESS_VM_OPERATION, 0, 0);
	tap_is_status(read_from(weak, memory, buffer, 8, &done), STATUS_ACCESS_DENIED,
		      "5.7: VM_OPERATION does not read");
	tap_is_status(write_to(weak, memory, buffer, 8, &done), STATUS_ACCESS_DENIED,
		      "5.7: VM_OPERATION alone does not write");
	NtClose(weak);
	tap_is_status(read_from(CURRENT_PROCESS, memory, none, 8, &done), STATUS_ACCESS_VIOLATION,
		      "5.7: reading into a bad buffer");
	tap_is_number(done, 0, "5.7: nothing is counted");
	tap_is_status(write_to(CURRENT_PROCESS, memory, none, 8, &done), STATUS_PARTIAL_COPY,
		      "5.7: writing from a bad buffer");
	tap_is_number(done, 0, "5.7: nothing is counted");
	tap_is_status(read_from(CURRENT_PROCESS, memory, none + 3, 8, &done),
		      STATUS_ACCESS_VIOLATION,
		      "5.7: reading into a bad buffer that is not aligned");
	tap_is_number(done, 0, "5.7: nothing is counted");
	tap_is_status(write_to(CURRENT_PROCESS, memory, none + 3, 8, &done), STATUS_PARTIAL_COPY,
		      "5.7: writing from a bad buffer that is not aligned");
	tap_is_number(done, 0, "5.7: nothing is counted");
	if (system_is_wine()) {
		tap_skip(3, "Wine looks at the range and the handle later");
	} else {
		tap_is_status(read_from(NULL, (void *)FIRST_KERNEL_ADDRESS, buffer, 8, &done),
			      STATUS_ACCESS_VIOLATION, "5.7: a kernel address, before the handle");
		tap_is_status(read_from(NULL, (void *)8, buffer, UINT64_MAX, &done),
			      STATUS_ACCESS_VIOLATION, "5.7: a range that wraps");
		tap_is_status(read_from(NULL, memory, buffer, 0, &done), STATUS_SUCCESS,
			      "5.7: size 0 does not look at the handle");
	}
	free_in(CURRENT_PROCESS, none);
	memory_drop(memory);
}

/* catches: a write through a view that reaches the file's page although the view copies */
static void test_copy_on_write_target(void)
{
	HANDLE section = section_need(PAGE_BYTES);
	char *shared = view_need(section, PAGE_READWRITE);
	char *private = view_need(section, PAGE_WRITECOPY);
	SIZE_T done;

	shared[0] = 's';
	tap_is_status(write_to(CURRENT_PROCESS, private, "p", 1, &done), STATUS_SUCCESS,
		      "5.7: writing to a copy-on-write page");
	tap_ok(private[0] == 'p' && shared[0] == 's', "5.7: the copy is written, not the section");
	view_drop(private);
	view_drop(shared);
	NtClose(section);
}

static void child_start_suspended(void)
{
	WCHAR path[512];
	UNICODE_STRING image;
	NTSTATUS status = child_own_image(&image, path, COUNT_OF(path));

	if (NT_SUCCESS(status))
		status = child_start_with(&child, &image, "test_copy child", 0,
					  THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	if (!NT_SUCCESS(status))
		bail_out("a child", status);
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return STATUS_SUCCESS;
	tap_start("NtReadVirtualMemory, NtWriteVirtualMemory");
	child_start_suspended();
	test_both_directions();
	test_partial();
	test_remote_protection();
	test_guard();
	test_refusals();
	test_copy_on_write_target();
	NtTerminateProcess(child.process, STATUS_SUCCESS);
	child_close(&child);
	return tap_finish();
}

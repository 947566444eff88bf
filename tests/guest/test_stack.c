/*
 * test_stack.c - stacks: how they lie, how they grow over their guard page, how they end (5.9,
 * 5.10).
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

static NT_TIB *tib(void)
{
	return (NT_TIB *)NtCurrentTeb();
}

static char *stack_limit(void)
{
	return *(char *volatile *)&tib()->StackLimit;
}

/* TEB.DeallocationStack */
static char *stack_bottom(void)
{
	return *(char **)((char *)NtCurrentTeb() + 0x1478);
}

/* Uses about so many KiB of stack, one call a KiB. */
static unsigned __attribute__((noinline)) recurse(unsigned kib)
{
	volatile char room[1000];

	room[0] = (char)kib;
	if (kib <= 1)
		return (unsigned)(unsigned char)room[0];
	return recurse(kib - 1) + (room[0] ? 1 : 0);
}

/* ---- what children and threads do ---- */

static NTSTATUS NTAPI overflow_thread(PVOID argument)
{
	(void)argument;
	return (NTSTATUS)recurse(1u << 20);
}

#define ROOM 77 /* the child's status: an overflow left two pages */

/* Ends the process with ROOM if a handler has what it should. */
static LONG NTAPI handler_room(EXCEPTION_POINTERS *pointers)
{
	char *lowest = stack_bottom() + PAGE_BYTES;
	MEMORY_BASIC_INFORMATION room = region_at(lowest);

	if (pointers->ExceptionRecord->ExceptionCode != (DWORD)STATUS_STACK_OVERFLOW)
		RtlExitUserProcess(STATUS_UNSUCCESSFUL);
	*(volatile char *)lowest = 1;
	*(volatile char *)(lowest + PAGE_BYTES) = 1;
	RtlExitUserProcess(stack_limit() == lowest && room.State == MEM_COMMIT &&
					   room.Protect == PAGE_READWRITE &&
					   region_at(stack_bottom()).State == MEM_RESERVE
				   ? ROOM
				   : STATUS_UNSUCCESSFUL);
	return EXCEPTION_CONTINUE_SEARCH;
}

static NTSTATUS child_main(const char *task)
{
	if (!strcmp(task, "room")) {
		RtlAddVectoredExceptionHandler(1, handler_room);
		for (;;) /* from the stack's top: the handler stands on other pages */
			*(volatile char *)(stack_limit() - 1) = 1;
	}
	if (!strcmp(task, "deep"))
		return recurse(1000) ? 1 : 2;
	if (!strcmp(task, "overflow"))
		return (NTSTATUS)recurse(1u << 20);
	if (!strcmp(task, "thread")) {
		HANDLE thread;

		NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, overflow_thread,
				 NULL, 0, 0, 0x1000, 0x20000, NULL);
		NtWaitForSingleObject(thread, FALSE, NULL);
		return STATUS_SUCCESS; /* not reached: the fault ends the process */
	}
	if (!strcmp(task, "jump")) /* over the guard page */
		*(volatile char *)(stack_limit() - 0x5000) = 1;
	if (!strcmp(task, "bottom")) /* the page that stays a guard for good */
		*(volatile char *)stack_bottom() = 1;
	return STATUS_SUCCESS;
}

/* ---- tests ---- */

/* catches: limits in the TEB that are not the stack's */
static void test_layout(void)
{
	char *local = (char *)&local, *limit = stack_limit(), *base = tib()->StackBase;
	MEMORY_BASIC_INFORMATION committed = region_at(limit), reserved = region_at(stack_bottom());

	tap_ok(limit < local && local < base, "we run between the limits");
	tap_ok((uintptr_t)limit % PAGE_BYTES == 0 && (uintptr_t)base % PAGE_BYTES == 0,
	       "which are page borders");
	tap_ok(committed.State == MEM_COMMIT && committed.Type == MEM_PRIVATE &&
		       committed.Protect == PAGE_READWRITE,
	       "from StackLimit on it is committed");
	tap_ok(committed.BaseAddress == limit &&
		       (char *)committed.BaseAddress + committed.RegionSize == base,
	       "up to StackBase");
	tap_ok(reserved.AllocationBase == stack_bottom() &&
		       committed.AllocationBase == reserved.AllocationBase,
	       "DeallocationStack is where its allocation starts");
	if (system_is_quire()) {
		tap_is_number(reserved.State, MEM_RESERVE, "below it is reserved");
		tap_is_number(region_at(limit - 1).Protect, PAGE_READWRITE | PAGE_GUARD,
			      "the page below StackLimit is a guard");
		tap_is_number(region_at(limit - 1).RegionSize, PAGE_BYTES, "one page");
	} else {
		tap_skip(3, "others guard more pages (W18)");
	}
}

/* catches: a guard that grows the stack by more than it says, or tells the program of it */
static void test_growth(void)
{
	char *limit = stack_limit();

	if (!system_is_quire()) {
		tap_skip(9, "others move StackLimit by their own sizes (W18)");
		return;
	}
	tap_faults_start();
	*(volatile char *)(limit - 1) = 1; /* the guard page's last byte */
	tap_faults_stop();
	tap_ok(stack_limit() == limit - PAGE_BYTES, "one page more, StackLimit says so");
	tap_faults_are(QUIRE_FAULT_DEMAND_ZERO, 1, "growing by a page");
	tap_is_number(region_at(limit - 1).Protect, PAGE_READWRITE, "it is no guard any more");
	tap_is_number(region_at(limit - PAGE_BYTES - 1).Protect, PAGE_READWRITE | PAGE_GUARD,
		      "the next one is");
	tap_is_number(region_at(limit - PAGE_BYTES - 1).RegionSize, PAGE_BYTES, "alone");
	limit = stack_limit();
	for (unsigned i = 1; i <= 20; i++)
		*(volatile char *)(limit - i * PAGE_BYTES) = 1;
	tap_ok(stack_limit() == limit - 20 * PAGE_BYTES, "twenty pages, one after the other");
	limit = stack_limit();
	tap_ok(recurse(64) && stack_limit() <= limit, "calls");
	tap_is_number(region_at(stack_limit() - 1).Protect, PAGE_READWRITE | PAGE_GUARD,
		      "there is always a guard");
	tap_is_number(region_at(stack_limit()).Protect, PAGE_READWRITE, "and a stack above it");
}

/* catches: a system call that fails because its buffer is where the stack will grow */
static void test_growth_in_kernel(void)
{
	char *limit = stack_limit();

	if (!system_is_quire()) {
		tap_skip(2, "Wine's calls do not grow the stack");
		return;
	}
	tap_is_status(NtQuerySystemTime((LARGE_INTEGER *)(limit - 64)), STATUS_SUCCESS,
		      "a result stored on the guard page");
	tap_ok(stack_limit() == limit - PAGE_BYTES, "grows the stack as a program's store does");
}

/* catches: commit promised in advance, or not at all */
static void test_commit(void)
{
	struct quire_fault_counts before, after;
	char *limit = stack_limit();

	if (!fault_counts_read(&before)) {
		tap_skip(1, "commit counts are Quire's");
		return;
	}
	fault_counts_read(&before);
	for (unsigned i = 1; i <= 5; i++)
		*(volatile char *)(limit - i * PAGE_BYTES) = 1;
	fault_counts_read(&after);
	tap_is_number(after.commit_pages - before.commit_pages, 5,
		      "each page is charged as it comes");
}

/* catches: an overflow that is an access violation, or that hangs for want of a stack */
static void test_ends(void)
{
	tap_is_status(child_run_self("deep"), 1, "1000 KiB of stack can be used");
	if (!system_is_quire()) {
		tap_skip(5, "Wine handles these in the program's own stack");
		return;
	}
	tap_is_status(child_run_self("overflow"), STATUS_STACK_OVERFLOW, "recursion without end");
	tap_is_status(child_run_self("room"), ROOM, "5.10: which leaves a handler two pages");
	tap_is_status(child_run_self("thread"), STATUS_STACK_OVERFLOW,
		      "in a small stack of a thread");
	tap_is_status(child_run_self("jump"), STATUS_ACCESS_VIOLATION,
		      "5.10: a jump over the guard");
	tap_is_status(child_run_self("bottom"), STATUS_ACCESS_VIOLATION, "the lowest page");
}

/* ---- guard pages elsewhere (5.9) ---- */

static char *guarded;

static NTSTATUS child_guard(const char *task)
{
	ULONG old;

	guarded = memory_need(3 * PAGE_BYTES);
	protect(guarded + PAGE_BYTES, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, &old);
	if (!strcmp(task, "guard-read"))
		return *(volatile char *)(guarded + PAGE_BYTES + 8);
	*(volatile char *)(guarded + 2 * PAGE_BYTES - 1) = 1;
	return STATUS_SUCCESS;
}

/* catches: a guard that stays, that tells nobody, or that takes its neighbours along */
static void test_guard(void)
{
	ULONG old = 0;

	tap_is_status(child_run_self("guard-read"), STATUS_GUARD_PAGE_VIOLATION,
		      "P7.145: a load from a guard page");
	tap_is_status(child_run_self("guard-write"), STATUS_GUARD_PAGE_VIOLATION,
		      "P7.145: a store to one");
	if (!system_is_quire()) {
		tap_skip(5, "Wine's calls check buffers in their own way");
		return;
	}
	guarded = memory_need(3 * PAGE_BYTES);
	protect(guarded + PAGE_BYTES, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, NULL);
	tap_is_number(region_at(guarded).RegionSize, PAGE_BYTES, "only that page is guarded");
	tap_ok(!NT_SUCCESS(NtQuerySystemTime((LARGE_INTEGER *)(guarded + PAGE_BYTES))),
	       "5.9: a call that stores there fails");
	tap_is_number(region_at(guarded + PAGE_BYTES).Protect, PAGE_READWRITE,
		      "5.9: and uses the guard up");
	tap_is_status(NtQuerySystemTime((LARGE_INTEGER *)(guarded + PAGE_BYTES)), STATUS_SUCCESS,
		      "5.9: so it succeeds the second time");
	protect(guarded, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, NULL);
	protect(guarded, PAGE_BYTES, PAGE_READWRITE, &old);
	tap_is_number(old, PAGE_READWRITE | PAGE_GUARD,
		      "5.9: the old protection tells of the guard");
	memory_drop(guarded);
}

int program_main(int argc, char **argv)
{
	if (argc == 2)
		return !strncmp(argv[1], "guard", 5) ? child_guard(argv[1]) : child_main(argv[1]);
	tap_start("stacks and guard pages");
	touch_own_pages();
	test_layout();
	test_growth();
	test_growth_in_kernel();
	test_commit();
	test_ends();
	test_guard();
	return tap_finish();
}

/*
 * conform_stack.c - thread stacks: reserved memory, a guard, committed memory; growth and its end
 * (5.10).
 */
#include "memory.h"

#define CALL "NtCreateThreadEx"
#define RESERVE_BYTES 0x100000u /* Wine makes no smaller ones */
#define COMMIT_BYTES 0x4000u
#define GUARD_PAGES_MOST 3u /* Windows 10: 1 to 3 pages */

static NT_TIB *block(void)
{
	return (NT_TIB *)NtCurrentTeb();
}

static char *stack_limit(void)
{
	return block()->StackLimit;
}

static bool is_guard(const MEMORY_BASIC_INFORMATION *region)
{
	return region->State == MEM_COMMIT && region->Protect == (PAGE_GUARD | PAGE_READWRITE);
}

/* The region that ends where the committed part begins */
static MEMORY_BASIC_INFORMATION region_below_limit(void)
{
	MEMORY_BASIC_INFORMATION region = region_at(stack_limit() - 1);
	char *at = region.AllocationBase;

	while (at && at < stack_limit()) {
		region = region_at(at);
		at += region.RegionSize;
	}
	return region;
}

static void test_layout(void)
{
	char *base = block()->StackBase, *limit = stack_limit();
	MEMORY_BASIC_INFORMATION top = region_at(limit), guard = region_below_limit();
	MEMORY_BASIC_INFORMATION bottom = region_at(top.AllocationBase);

	case_true("5.10", "StackLimit to StackBase: committed, RW",
		  top.State == MEM_COMMIT && top.Protect == PAGE_READWRITE &&
			  limit + top.RegionSize == base);
	case_number("5.10", "allocation to StackBase: the size reserved",
		    base - (char *)top.AllocationBase, RESERVE_BYTES);
	case_true("5.10", "below StackLimit: the guard", is_guard(&guard));
	case_true("5.10", "the guard ends at StackLimit",
		  (char *)guard.BaseAddress + guard.RegionSize == limit);
	case_true("5.10", "the guard has 1 to 3 pages",
		  guard.RegionSize >= PAGE_BYTES &&
			  guard.RegionSize <= GUARD_PAGES_MOST * PAGE_BYTES);
	case_state("5.10", "below the guard: state", bottom.State, MEM_RESERVE);
	case_true("5.10", "below the guard: to the allocation's base",
		  (char *)bottom.BaseAddress + bottom.RegionSize == guard.BaseAddress);
}

static void test_growth(void)
{
	char *limit = stack_limit();
	MEMORY_BASIC_INFORMATION bottom = region_at(region_at(limit).AllocationBase), guard;

	case_status("5.10", "a store below the guard", case_store(bottom.BaseAddress, 1),
		    STATUS_ACCESS_VIOLATION);
	case_true("5.10", "a store below the guard: StackLimit unchanged", stack_limit() == limit);
	case_status("5.10", "a store into the guard", case_store(limit - 1, 1), STATUS_SUCCESS);
	case_true("5.10", "a store into the guard: StackLimit is lower", stack_limit() < limit);
	case_protection("5.10", "a store into the guard: the page", region_at(limit - 1).Protect,
			PAGE_READWRITE);
	guard = region_below_limit();
	case_true("5.10", "a store into the guard: a new guard", is_guard(&guard));
	case_true("5.10", "the new guard ends at StackLimit",
		  (char *)guard.BaseAddress + guard.RegionSize == stack_limit());
}

/* Page by page, until the system says that there is no more. */
static void test_overflow(void)
{
	NTSTATUS status = STATUS_SUCCESS;
	unsigned pages = 0;

	while (NT_SUCCESS(status) && pages++ < RESERVE_BYTES / PAGE_BYTES)
		status = case_store(stack_limit() - 1, 1);
	case_status("5.10", "no room left", status, STATUS_STACK_OVERFLOW);
}

static NTSTATUS NTAPI stack_tests(PVOID argument)
{
	(void)argument;
	test_layout();
	test_growth();
	test_overflow();
	return STATUS_SUCCESS;
}

int program_main(int argc, char **argv)
{
	HANDLE thread;
	NTSTATUS status;

	(void)argc;
	(void)argv;
	case_start("conform_stack: thread stacks");
	case_call(CALL);
	status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, stack_tests,
				  NULL, 0, 0, COMMIT_BYTES, RESERVE_BYTES, NULL);
	if (!NT_SUCCESS(status))
		bail_out(CALL, status);
	NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
	return case_finish();
}

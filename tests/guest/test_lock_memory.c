/*
 * test_lock_memory.c - NtLockVirtualMemory, NtUnlockVirtualMemory (5.6).
 */
#include "guest.h"

#define MAP_PROCESS 1u
#define MAP_SYSTEM 2u

static NTSTATUS change(NTSTATUS(NTAPI *call)(HANDLE, PVOID *, SIZE_T *, ULONG), const void *address,
		       size_t bytes, ULONG map_type)
{
	PVOID base = (PVOID)(uintptr_t)address;
	SIZE_T size = bytes;

	return call(CURRENT_PROCESS, &base, &size, map_type);
}

static NTSTATUS lock(const void *address, size_t bytes)
{
	return change(NtLockVirtualMemory, address, bytes, MAP_PROCESS);
}

static NTSTATUS unlock(const void *address, size_t bytes)
{
	return change(NtUnlockVirtualMemory, address, bytes, MAP_PROCESS);
}

/* catches: pages that are not made resident; base and size not rounded; a lock that is counted */
static void test_lock(void)
{
	char *memory = memory_need(4 * PAGE_BYTES);
	PVOID base = memory + PAGE_BYTES + 5;
	SIZE_T size = PAGE_BYTES;

	tap_is_status(NtLockVirtualMemory(CURRENT_PROCESS, &base, &size, MAP_PROCESS),
		      STATUS_SUCCESS, "5.6: locking fresh memory");
	tap_ok(base == memory + PAGE_BYTES && size == 2 * PAGE_BYTES,
	       "5.6: base and size are rounded outward");
	if (system_is_quire())
		tap_ok(frame_at(memory + PAGE_BYTES) && frame_at(memory + 2 * PAGE_BYTES) &&
			       !frame_at(memory) && !frame_at(memory + 3 * PAGE_BYTES),
		       "5.6: these pages are in memory, the others not");
	else
		tap_skip(1, "residence is not seen here");
	tap_is_status_or(lock(memory, 2 * PAGE_BYTES), STATUS_WAS_LOCKED, STATUS_SUCCESS,
			 "5.6: a range of which a page is locked (B27)");
	tap_is_status_or(unlock(memory, 4 * PAGE_BYTES), STATUS_NOT_LOCKED, STATUS_SUCCESS,
			 "5.6: unlocking a range with a page that is not locked (B27)");
	tap_is_status(unlock(memory, 3 * PAGE_BYTES), STATUS_SUCCESS, "5.6: one unlock for all");
	tap_is_status_or(unlock(memory, PAGE_BYTES), STATUS_NOT_LOCKED, STATUS_SUCCESS,
			 "5.6: locks are not counted (B27)");
	memory_drop(memory);
}

/* catches: locks over what is not there, or cannot be reached */
static void test_refusals(void)
{
	char *memory = memory_need(4 * PAGE_BYTES);
	PVOID hole = memory + 2 * PAGE_BYTES;
	SIZE_T bytes = PAGE_BYTES;

	NtFreeVirtualMemory(CURRENT_PROCESS, &hole, &bytes, MEM_DECOMMIT);
	tap_is_status_or(lock(memory, 4 * PAGE_BYTES), STATUS_ACCESS_VIOLATION,
			 STATUS_ACCESS_DENIED, "5.6: over a page that is not committed");
	tap_is_status_or(unlock(memory, PAGE_BYTES), STATUS_NOT_LOCKED, STATUS_SUCCESS,
			 "5.6: nothing was locked then");
	protect(memory, PAGE_BYTES, PAGE_NOACCESS, NULL);
	if (system_is_wine()) {
		tap_skip(8, "Wine ignores the map type (B27) and locks what it likes");
		memory_drop(memory);
		return;
	}
	tap_is_status(lock(memory, PAGE_BYTES), STATUS_ACCESS_VIOLATION, "5.6: a no-access page");
	tap_is_status(change(NtLockVirtualMemory, memory, 1, 0), STATUS_INVALID_PARAMETER,
		      "5.6: no map type");
	tap_is_status(change(NtLockVirtualMemory, memory, 1, 4), STATUS_INVALID_PARAMETER,
		      "5.6: an unknown map type");
	tap_is_status(change(NtLockVirtualMemory, memory, 1, MAP_PROCESS | MAP_SYSTEM),
		      STATUS_PRIVILEGE_NOT_HELD, "5.6: MAP_SYSTEM");
	tap_is_status(lock(memory, 0), STATUS_INVALID_PARAMETER, "5.6: size 0");
	tap_is_status(lock(memory, UINT64_MAX), STATUS_INVALID_PARAMETER, "5.6: a size that wraps");
	memory_drop(memory);
	memory = memory_need(0x200000);
	tap_is_status(lock(memory, 0x200000), STATUS_WORKING_SET_QUOTA, "5.6: beyond the quota");
	tap_is_number(frame_at(memory), 0, "5.6: nothing was brought in for it");
	memory_drop(memory);
}

/* catches: a guard that survives the lock, or that the lock passes over */
static void test_guard(void)
{
	char *memory = memory_need(PAGE_BYTES);

	protect(memory, PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, NULL);
	tap_is_status_or(lock(memory, PAGE_BYTES), STATUS_GUARD_PAGE_VIOLATION,
			 STATUS_ACCESS_DENIED, "5.6: over a guard page (W13)");
	if (system_is_wine()) {
		tap_skip(2, "W13");
	} else {
		tap_is_number(region_at(memory).Protect, PAGE_READWRITE, "5.6: the guard is gone");
		tap_is_status(lock(memory, PAGE_BYTES), STATUS_SUCCESS, "5.6: the second time");
	}
	memory_drop(memory);
}

/* catches: a lock that outlives its pages, or that stops what may be done with them */
static void test_end_of_lock(void)
{
	char *memory = memory_need(4 * PAGE_BYTES);
	PVOID part = memory + PAGE_BYTES;
	SIZE_T bytes = PAGE_BYTES;
	HANDLE section;
	char *view;

	if (system_is_wine()) {
		tap_skip(7, "B27");
		memory_drop(memory);
		return;
	}
	lock(memory, 4 * PAGE_BYTES);
	NtFreeVirtualMemory(CURRENT_PROCESS, &part, &bytes, MEM_DECOMMIT);
	NtAllocateVirtualMemory(CURRENT_PROCESS, &part, 0, &bytes, MEM_COMMIT, PAGE_READWRITE);
	tap_is_status(unlock(memory + PAGE_BYTES, PAGE_BYTES), STATUS_NOT_LOCKED,
		      "5.6: decommitting unlocks");
	tap_is_status(protect(memory, PAGE_BYTES, PAGE_READONLY, NULL), STATUS_SUCCESS,
		      "5.6: protecting as read-only keeps the lock");
	tap_is_status(protect(memory, PAGE_BYTES, PAGE_NOACCESS, NULL), STATUS_WAS_UNLOCKED,
		      "5.6: protecting as no-access takes it, and says so");
	tap_is_status(unlock(memory, PAGE_BYTES), STATUS_NOT_LOCKED, "5.6: it is not locked now");
	tap_is_status(unlock(memory + 2 * PAGE_BYTES, 2 * PAGE_BYTES), STATUS_SUCCESS,
		      "5.6: the others are");
	lock(memory + 2 * PAGE_BYTES, 2 * PAGE_BYTES);
	memory_drop(memory);
	section = section_need(2 * PAGE_BYTES);
	view = view_need(section, PAGE_READWRITE);
	tap_is_status(lock(view, 2 * PAGE_BYTES), STATUS_SUCCESS, "5.6: a view");
	tap_is_status(view_drop(view), STATUS_SUCCESS, "5.6: unmapped while locked");
	NtClose(section);
}

/* catches: a range of several allocations refused, or locked in part */
static void test_several_views(void)
{
	char *memory = memory_need(GRANULARITY_BYTES), *next;
	PVOID base = memory + GRANULARITY_BYTES;
	SIZE_T bytes = GRANULARITY_BYTES;

	if (!NT_SUCCESS(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
						MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))) {
		tap_skip(2, "the address is taken");
		memory_drop(memory);
		return;
	}
	next = base;
	tap_is_status(lock(next - PAGE_BYTES, 2 * PAGE_BYTES), STATUS_SUCCESS,
		      "5.6: a range over two allocations");
	tap_is_status(unlock(next - PAGE_BYTES, 2 * PAGE_BYTES), STATUS_SUCCESS,
		      "5.6: unlocked again");
	memory_drop(next);
	memory_drop(memory);
}

/* catches: a lock that makes copies of pages that nobody writes */
static void test_copy_on_write(void)
{
	HANDLE section = section_need(PAGE_BYTES);
	char *shared = view_need(section, PAGE_READWRITE);
	char *copy = view_need(section, PAGE_WRITECOPY);

	shared[0] = 1;
	tap_is_status(lock(copy, PAGE_BYTES), STATUS_SUCCESS, "5.6: a copy-on-write page");
	if (system_is_quire())
		tap_ok(frame_at(copy) == frame_at(shared), "5.6: it is still shared");
	else
		tap_skip(1, "frames are not seen here");
	copy[0] = 2;
	tap_ok(shared[0] == 1 && copy[0] == 2, "5.6: a store makes the copy as ever");
	view_drop(copy);
	view_drop(shared);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("locked memory");
	test_lock();
	test_refusals();
	test_guard();
	test_end_of_lock();
	test_several_views();
	test_copy_on_write();
	return tap_finish();
}

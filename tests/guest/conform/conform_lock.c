/*
 * conform_lock.c - NtLockVirtualMemory and NtUnlockVirtualMemory (5.6).
 */
#include "memory.h"

#define LOCK "NtLockVirtualMemory"
#define UNLOCK "NtUnlockVirtualMemory"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define MAP_PROCESS 1u
#define MAP_SYSTEM 2u

typedef NTSTATUS(NTAPI *lock_call)(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG map_type);
static lock_call lock, unlock;

static NTSTATUS locked(lock_call call, const void *base, SIZE_T bytes, ULONG map_type)
{
	PVOID start = (PVOID)base;
	SIZE_T size = bytes;

	return call(CURRENT_PROCESS, &start, &size, map_type);
}

static void test_arguments(const char *name, lock_call call)
{
	char *memory = range_need(0x2000, COMMITTED, PAGE_READWRITE);
	HANDLE reader = process_with(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION);
	PVOID base = memory;
	SIZE_T bytes = 1;

	case_call(name);
	case_status("5.6", "MapType 0", locked(call, memory, 1, 0), STATUS_INVALID_PARAMETER);
	case_status("5.6", "MapType 4", locked(call, memory, 1, 4), STATUS_INVALID_PARAMETER);
	case_status("5.6", "MapType 5", locked(call, memory, 1, 5), STATUS_INVALID_PARAMETER);
	case_status("5.6", "size 0", locked(call, memory, 0, MAP_PROCESS),
		    STATUS_INVALID_PARAMETER);
	case_status("5.6", "size -1", locked(call, memory, SIZE_MAX, MAP_PROCESS),
		    STATUS_INVALID_PARAMETER);
	case_status("C3", "base pointer bad",
		    call(CURRENT_PROCESS, BAD_POINTER, &bytes, MAP_PROCESS),
		    STATUS_ACCESS_VIOLATION);
	case_status("C2", "process handle 0", call(NULL, &base, &bytes, MAP_PROCESS),
		    STATUS_INVALID_HANDLE);
	case_status("C6", "handle without VM_OPERATION", call(reader, &base, &bytes, MAP_PROCESS),
		    STATUS_ACCESS_DENIED);
	NtClose(reader);
	range_drop(memory);
}

static void test_lock(void)
{
	char *memory = range_need(0x4000, MEM_RESERVE, PAGE_READWRITE);
	struct range range = {memory, 0x3000};

	case_call(LOCK);
	range_allocate(&range, MEM_COMMIT, PAGE_READWRITE);
	range = (struct range){memory + 0xFFF, 2};
	case_status("5.6", "(B+0xfff, 2)",
		    lock(CURRENT_PROCESS, &range.base, &range.bytes, MAP_PROCESS), STATUS_SUCCESS);
	case_number("5.6", "(B+0xfff, 2): base", (char *)range.base - memory, 0);
	case_number("5.6", "(B+0xfff, 2): size", range.bytes, 0x2000);
	case_status("5.6", "again", locked(lock, memory, 0x2000, MAP_PROCESS), STATUS_WAS_LOCKED);
	case_status("5.6", "reserved memory", locked(lock, memory + 0x3000, 1, MAP_PROCESS),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.6", "free memory", locked(lock, (PVOID)FIXED_ADDRESS, 1, MAP_PROCESS),
		    STATUS_ACCESS_VIOLATION);
	case_call(UNLOCK);
	case_status("5.6", "a page that is not locked among them",
		    locked(unlock, memory, 0x3000, MAP_PROCESS), STATUS_NOT_LOCKED);
	range = (struct range){memory + 0xFFF, 2};
	case_status("5.6", "nothing was unlocked by that",
		    unlock(CURRENT_PROCESS, &range.base, &range.bytes, MAP_PROCESS),
		    STATUS_SUCCESS);
	case_number("5.6", "unlock (B+0xfff, 2): base", (char *)range.base - memory, 0);
	case_number("5.6", "unlock (B+0xfff, 2): size", range.bytes, 0x2000);
	case_status("5.6", "unlocked a second time", locked(unlock, memory, 1, MAP_PROCESS),
		    STATUS_NOT_LOCKED);
	range_drop(memory);
}

static void test_guard(void)
{
	char *memory = range_need(0x1000, COMMITTED, PAGE_GUARD | PAGE_READWRITE);

	case_call(LOCK);
	case_status("5.6", "a guard page", locked(lock, memory, 1, MAP_PROCESS),
		    STATUS_GUARD_PAGE_VIOLATION);
	case_protection("5.6", "a guard page: Protect afterwards", region_at(memory).Protect,
			PAGE_READWRITE);
	case_status("5.6", "a guard page, second call", locked(lock, memory, 1, MAP_PROCESS),
		    STATUS_SUCCESS);
	locked(unlock, memory, 1, MAP_PROCESS);
	range_drop(memory);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_lock: locking pages");
	lock = (lock_call)case_find_call(LOCK);
	unlock = (lock_call)case_find_call(UNLOCK);
	test_arguments(LOCK, lock);
	test_arguments(UNLOCK, unlock);
	test_lock();
	test_guard();
	return case_finish();
}

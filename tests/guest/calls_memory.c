/*
 * calls_memory.c - valid arguments of the calls on other memory: copies, watches, locks, flushes.
 */
#include "calls_valid.h"
#include "guest.h"

static void fill_write(uint64_t *arguments)
{
	static char *block;

	if (!block)
		block = block_make(MEM_RESERVE | MEM_COMMIT);
	arguments[1] = (uintptr_t)block;
}

static char *watched_block(void)
{
	static char *block;

	if (!block)
		block = block_make(MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH);
	return block;
}

static void fill_get_watch(uint64_t *arguments)
{
	arguments[2] = (uintptr_t)watched_block();
	*SLOT(5, ULONG_PTR) = 1;
}

static void fill_reset_watch(uint64_t *arguments)
{
	arguments[1] = (uintptr_t)watched_block();
}

static void fill_flush(uint64_t *arguments)
{
	static char *view;

	if (!view)
		view = view_need(call_object("Section"), PAGE_READWRITE);
	*SLOT(1, PVOID) = view;
	*SLOT(2, SIZE_T) = PAGE_BYTES;
}

static void fill_lock(uint64_t *arguments)
{
	*SLOT(1, PVOID) = watched_block();
	*SLOT(2, SIZE_T) = PAGE_BYTES;
}

static void fill_unlock(uint64_t *arguments)
{
	PVOID base = watched_block();
	SIZE_T bytes = PAGE_BYTES;

	NtLockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1);
	fill_lock(arguments);
}

static void fill_prefetch(uint64_t *arguments)
{
	*SLOT(3, struct memory_range_entry) =
		(struct memory_range_entry){watched_block(), PAGE_BYTES};
}

static void fill_allocate(uint64_t *arguments)
{
	*SLOT(2, SIZE_T) = PAGE_BYTES;
	((struct memory_parameter *)(uintptr_t)arguments[5])->type = 2; /* NUMA node 0 */
}

static const struct valid valids[] = {
	{"NtAllocateVirtualMemoryEx",
	 {[3] = MEM_RESERVE, [4] = PAGE_READWRITE, [6] = 1},
	 fill_allocate},
	{"NtFlushVirtualMemory", {0}, fill_flush},
	{"NtGetWriteWatch", {[3] = PAGE_BYTES}, fill_get_watch},
	{"NtLockVirtualMemory", {[3] = 1}, fill_lock},
	{"NtReadVirtualMemory", {[1] = SHARED_DATA_ADDRESS, [3] = 64}, NULL},
	{"NtResetWriteWatch", {[2] = PAGE_BYTES}, fill_reset_watch},
	{"NtSetInformationVirtualMemory", {[2] = 1, [5] = 4}, fill_prefetch},
	{"NtUnlockVirtualMemory", {[3] = 1}, fill_unlock},
	{"NtWriteVirtualMemory", {[3] = 64}, fill_write},
};

const struct valid_table valid_memory = {valids, COUNT_OF(valids)};

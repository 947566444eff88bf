/*
 * private.c - memory of one thread: written, decommitted and committed again, written to by a
 * system call, locked.
 */
#include "stress.h"

#define RUN_MAX 8u
#define LOCK_IN_WORKING_SET 1u

static bool private_open(struct worker *worker, struct area *area)
{
	area->owner = 0x9417A7E00ull + worker->process * MAX_THREADS + worker->thread;
	area->base = memory_make(worker, area->pages);
	return area->base && area_make_versions(worker, area);
}

/* Pages that were given back are zeros again. */
static void give_back(struct worker *worker, struct area *area, uint64_t index)
{
	uint64_t count = 1 + random_below(&worker->random, RUN_MAX);
	PVOID base = area_page(area, index);
	SIZE_T bytes;

	if (count > area->pages - index)
		count = area->pages - index;
	bytes = count * PAGE_BYTES;
	if (!call_done(worker, "NtFreeVirtualMemory",
		       NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT)))
		return;
	for (uint64_t i = 0; i < count; i++)
		area->versions[index + i] = 0;
	call_done(worker, "NtAllocateVirtualMemory",
		  NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT,
					  PAGE_READWRITE));
	area_verify(worker, area, index, area_page(area, index), "committed again");
}

static void write_by_call(struct worker *worker, struct area *area, uint64_t index)
{
	SIZE_T done = 0;

	area_write_next(area, index, worker->copy);
	call_done(worker, "NtWriteVirtualMemory",
		  NtWriteVirtualMemory(CURRENT_PROCESS, area_page(area, index), worker->copy,
				       PAGE_BYTES, &done));
	area_verify(worker, area, index, area_page(area, index), "after NtWriteVirtualMemory");
}

/* Locking may be refused: the quota is small. */
static void lock_and_unlock(struct worker *worker, struct area *area, uint64_t index)
{
	PVOID base = area_page(area, index);
	SIZE_T bytes = PAGE_BYTES;

	if (!NT_SUCCESS(NtLockVirtualMemory(CURRENT_PROCESS, &base, &bytes, LOCK_IN_WORKING_SET)))
		return;
	area_verify(worker, area, index, area_page(area, index), "locked");
	call_done(worker, "NtUnlockVirtualMemory",
		  NtUnlockVirtualMemory(CURRENT_PROCESS, &base, &bytes, LOCK_IN_WORKING_SET));
}

static void private_special(struct worker *worker, struct area *area, uint64_t index)
{
	switch (random_below(&worker->random, 5)) {
	case 0:
		give_back(worker, area, index);
		break;
	case 1:
		write_by_call(worker, area, index);
		break;
	case 2:
		lock_and_unlock(worker, area, index);
		break;
	case 3:
		area_protect(worker, area, index, PAGE_READWRITE);
		break;
	default:
		area_read_by_call(worker, area, index);
		break;
	}
}

const struct kind_calls private_calls = {.open = private_open, .special = private_special};

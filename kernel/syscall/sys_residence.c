/*
 * sys_residence.c - NtFlushVirtualMemory, NtLockVirtualMemory, NtUnlockVirtualMemory,
 * NtSetInformationVirtualMemory (nt-semantics 5.5, 5.6).
 */
#include "syscall.h"

#include "io_status.h"
#include "kernel/lib/range.h"
#include "kernel/mm/user_memory.h"
#include "memory_range.h"

NTSTATUS NtFlushVirtualMemory(const uint64_t *arguments)
{
	struct memory_range range = {.base_address = arguments[1], .size_address = arguments[2]};
	NTSTATUS status, io_status = STATUS_SUCCESS;
	struct target target;

	status = range_capture(&range);
	if (NT_SUCCESS(status))
		status = probe_write(arguments[3], sizeof(struct nt_io_status_block));
	if (!NT_SUCCESS(status))
		return status;
	if (range.base > USER_HIGHEST_ADDRESS ||
	    !range_ok(range.base, range.size_bytes, USER_LIMIT))
		return STATUS_INVALID_PARAMETER_2;
	status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = memory_flush(target.space, &range.base, &range.size_bytes, &io_status);
	target_close(&target);
	if (NT_SUCCESS(status))
		status = range_write(&range);
	if (NT_SUCCESS(status))
		status = io_status_write(arguments[3], io_status, 0);
	return NT_SUCCESS(status) ? io_status : status;
}

/* ---- locking ---- */

#define MAP_PROCESS 1u
#define MAP_SYSTEM 2u

static NTSTATUS residence_call(const uint64_t *arguments,
			       NTSTATUS (*change)(struct address_space *space, vaddr_t *base,
						  uint64_t *size_bytes))
{
	uint32_t map_type = (uint32_t)arguments[3];
	struct memory_range range = {.base_address = arguments[1], .size_address = arguments[2]};
	NTSTATUS status;
	struct target target;

	if (!map_type || (map_type & ~(MAP_PROCESS | MAP_SYSTEM)))
		return STATUS_INVALID_PARAMETER;
	status = range_capture(&range);
	if (!NT_SUCCESS(status))
		return status;
	if (!range.size_bytes || !range_ok(range.base, range.size_bytes, USER_LIMIT))
		return STATUS_INVALID_PARAMETER;
	status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	/* pages that no process could take away: a privilege that nobody here has */
	status = map_type & MAP_SYSTEM ? STATUS_PRIVILEGE_NOT_HELD
				       : change(target.space, &range.base, &range.size_bytes);
	target_close(&target);
	if (NT_SUCCESS(status))
		range_tell(&range);
	return status;
}

NTSTATUS NtLockVirtualMemory(const uint64_t *arguments)
{
	return residence_call(arguments, memory_lock);
}

NTSTATUS NtUnlockVirtualMemory(const uint64_t *arguments)
{
	return residence_call(arguments, memory_unlock);
}

/* ---- prefetching ---- */

#define PREFETCH_INFORMATION_CLASS 0u

struct memory_range_entry {
	vaddr_t base;
	uint64_t size_bytes;
};

static NTSTATUS entry_capture(vaddr_t array, uint64_t index, struct memory_range_entry *entry)
{
	NTSTATUS status = copy_in(entry, array + index * sizeof(*entry), sizeof(*entry));

	if (NT_SUCCESS(status) &&
	    (!entry->size_bytes || !range_ok(entry->base, entry->size_bytes, USER_LIMIT)))
		status = STATUS_INVALID_PARAMETER_4;
	return status;
}

/* Every entry is looked at before the first is used. */
static NTSTATUS entries_check(vaddr_t array, uint64_t count)
{
	struct memory_range_entry entry;
	NTSTATUS status = STATUS_SUCCESS;

	if (count > USER_LIMIT / sizeof(entry) ||
	    !range_ok(array, count * sizeof(entry), USER_LIMIT))
		return STATUS_ACCESS_VIOLATION;
	for (uint64_t i = 0; NT_SUCCESS(status) && i < count; i++)
		status = entry_capture(array, i, &entry);
	return status;
}

static NTSTATUS prefetch_perform(struct address_space *space, vaddr_t array, uint64_t count)
{
	struct memory_range_entry entry;
	NTSTATUS status = STATUS_SUCCESS;

	for (uint64_t i = 0; NT_SUCCESS(status) && i < count; i++) {
		status = entry_capture(array, i, &entry);
		if (NT_SUCCESS(status))
			memory_prefetch(space, entry.base, entry.size_bytes);
	}
	return status;
}

/* (process, class, count, entries, information, length) */
NTSTATUS NtSetInformationVirtualMemory(const uint64_t *arguments)
{
	uint64_t count = arguments[2];
	struct target target;
	uint32_t flags;
	NTSTATUS status;

	if ((uint32_t)arguments[1] != PREFETCH_INFORMATION_CLASS)
		return STATUS_INVALID_PARAMETER_2;
	if (!count)
		return STATUS_INVALID_PARAMETER_3;
	if ((uint32_t)arguments[5] != sizeof(flags))
		return STATUS_INVALID_PARAMETER_6;
	status = copy_in(&flags, arguments[4], sizeof(flags));
	if (!NT_SUCCESS(status))
		return status;
	if (flags)
		return STATUS_INVALID_PARAMETER_5;
	status = entries_check(arguments[3], count);
	if (NT_SUCCESS(status))
		status = target_open(arguments[0], PROCESS_VM_OPERATION, &target);
	if (!NT_SUCCESS(status))
		return status;
	status = prefetch_perform(target.space, arguments[3], count);
	target_close(&target);
	return status;
}

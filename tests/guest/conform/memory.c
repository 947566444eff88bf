/*
 * memory.c - private memory in the conformance suite (see memory.h).
 */
#include "memory.h"

NTSTATUS range_allocate(struct range *range, ULONG type, ULONG protection)
{
	return NtAllocateVirtualMemory(CURRENT_PROCESS, &range->base, 0, &range->bytes, type,
				       protection);
}

NTSTATUS range_free(struct range *range, ULONG type)
{
	return NtFreeVirtualMemory(CURRENT_PROCESS, &range->base, &range->bytes, type);
}

NTSTATUS range_protect(struct range *range, ULONG protection, ULONG *old)
{
	ULONG previous = 0;
	NTSTATUS status = NtProtectVirtualMemory(CURRENT_PROCESS, &range->base, &range->bytes,
						 protection, &previous);

	if (old)
		*old = previous;
	return status;
}

void range_drop(PVOID base)
{
	struct range range = {base, 0};

	if (base)
		range_free(&range, MEM_RELEASE);
}

char *range_need(uint64_t bytes, ULONG type, ULONG protection)
{
	struct range range = range_of(0, bytes);
	NTSTATUS status = range_allocate(&range, type, protection);

	if (!NT_SUCCESS(status))
		bail_out("NtAllocateVirtualMemory", status);
	return range.base;
}

HANDLE process_with(ACCESS_MASK access)
{
	HANDLE process = NULL;
	NTSTATUS status = NtDuplicateObject(CURRENT_PROCESS, CURRENT_PROCESS, CURRENT_PROCESS,
					    &process, access, 0, 0);

	if (!NT_SUCCESS(status))
		bail_out("NtDuplicateObject of this process", status);
	return process;
}

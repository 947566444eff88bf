/*
 * memory.c - stretches of memory, and stacks (rtl_memory.h).
 */
#include <string.h>

#include "peb.h"

/* winternl.h has macros of these names; here are the functions. */
#undef RtlMoveMemory
#undef RtlCopyMemory
#undef RtlFillMemory
#undef RtlZeroMemory

void NTAPI RtlMoveMemory(void *target, const void *source, SIZE_T size_bytes);
void NTAPI RtlCopyMemory(void *target, const void *source, SIZE_T size_bytes);
void NTAPI RtlFillMemory(void *target, SIZE_T size_bytes, int byte);
void NTAPI RtlZeroMemory(void *target, SIZE_T size_bytes);

void NTAPI RtlMoveMemory(void *target, const void *source, SIZE_T size_bytes)
{
	memmove(target, source, size_bytes);
}

void NTAPI RtlCopyMemory(void *target, const void *source, SIZE_T size_bytes)
{
	memmove(target, source, size_bytes);
}

void NTAPI RtlFillMemory(void *target, SIZE_T size_bytes, int byte)
{
	memset(target, byte, size_bytes);
}

void NTAPI RtlZeroMemory(void *target, SIZE_T size_bytes)
{
	memset(target, 0, size_bytes);
}

/* Exported as RtlCompareMemory, which winnt.h declares as imported. */
SIZE_T NTAPI memory_compare(const void *first, const void *second, SIZE_T size_bytes);

SIZE_T NTAPI memory_compare(const void *first, const void *second, SIZE_T size_bytes)
{
	const char *a = first, *b = second;
	SIZE_T count = 0;

	while (count < size_bytes && a[count] == b[count])
		count++;
	return count;
}

SIZE_T NTAPI RtlCompareMemoryUlong(PVOID memory, SIZE_T size_bytes, ULONG number)
{
	const ULONG *numbers = memory;
	SIZE_T count = 0;

	while (count < size_bytes / sizeof(ULONG) && numbers[count] == number)
		count++;
	return count * sizeof(ULONG);
}

/* ---- stacks ---- */

/* Commits the top of the reservation and makes the page below it the guard. */
static NTSTATUS stack_commit(char *bottom, SIZE_T reserve_bytes, SIZE_T commit_bytes)
{
	PVOID start = bottom + reserve_bytes - commit_bytes;
	SIZE_T size = commit_bytes;
	NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &start, 0, &size, MEM_COMMIT,
						  PAGE_READWRITE);

	if (!NT_SUCCESS(status) || commit_bytes + PAGE_BYTES > reserve_bytes)
		return status;
	start = (char *)start - PAGE_BYTES;
	size = PAGE_BYTES;
	return NtAllocateVirtualMemory(CURRENT_PROCESS, &start, 0, &size, MEM_COMMIT,
				       PAGE_READWRITE | PAGE_GUARD);
}

NTSTATUS NTAPI RtlCreateUserStack(SIZE_T commit_bytes, SIZE_T reserve_bytes, ULONG_PTR zero_bits,
				  SIZE_T commit_alignment, SIZE_T reserve_alignment,
				  struct initial_teb *stack)
{
	const IMAGE_NT_HEADERS *headers = RtlImageNtHeader(peb_current()->image_base);
	PVOID bottom = NULL;
	NTSTATUS status;

	if (!commit_alignment || !reserve_alignment)
		return STATUS_INVALID_PARAMETER;
	if (!reserve_bytes)
		reserve_bytes = headers->OptionalHeader.SizeOfStackReserve;
	if (!commit_bytes)
		commit_bytes = headers->OptionalHeader.SizeOfStackCommit;
	commit_bytes = (commit_bytes + commit_alignment - 1) & ~(commit_alignment - 1);
	if (reserve_bytes < commit_bytes)
		reserve_bytes = commit_bytes;
	reserve_bytes = (reserve_bytes + reserve_alignment - 1) & ~(reserve_alignment - 1);
	status = NtAllocateVirtualMemory(CURRENT_PROCESS, &bottom, zero_bits, &reserve_bytes,
					 MEM_RESERVE, PAGE_READWRITE);
	if (!NT_SUCCESS(status))
		return status;
	status = stack_commit(bottom, reserve_bytes, commit_bytes);
	if (!NT_SUCCESS(status)) {
		RtlFreeUserStack(bottom);
		return status;
	}
	*stack = (struct initial_teb){.base = (char *)bottom + reserve_bytes,
				      .limit = (char *)bottom + reserve_bytes - commit_bytes,
				      .allocation = bottom};
	return STATUS_SUCCESS;
}

void NTAPI RtlFreeUserStack(PVOID allocation)
{
	SIZE_T size = 0;

	NtFreeVirtualMemory(CURRENT_PROCESS, &allocation, &size, MEM_RELEASE);
}

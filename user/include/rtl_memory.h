/*
 * rtl_memory.h - Rtl's heaps, thread stacks and stretches of memory. RtlCreateHeap,
 * RtlAllocateHeap, RtlFreeHeap and RtlDestroyHeap are winternl.h's; RtlMoveMemory and its like are
 * macros there and exported all the same.
 *
 * Heaps grow as long as there is memory. Of an allocation's flags HEAP_ZERO_MEMORY counts, and
 * HEAP_GENERATE_EXCEPTIONS (also of RtlCreateHeap): STATUS_NO_MEMORY is raised in place of NULL.
 * Memory or a lock of the caller's for a heap is not supported (RtlCreateHeap: NULL).
 */
#pragma once

/* The size asked for, or -1 for what is no block. */
SIZE_T NTAPI RtlSizeHeap(PVOID heap, ULONG flags, const void *block);
/*
 * The block with another size, moved if need be; HEAP_ZERO_MEMORY zeros what is added,
 * HEAP_REALLOC_IN_PLACE_ONLY forbids moving. => returns: NULL, the block being as it was.
 */
PVOID NTAPI RtlReAllocateHeap(PVOID heap, ULONG flags, PVOID block, SIZE_T size);
/* Whether the heap's books are right: all of it (block NULL), or whether this is a block of it. */
BOOLEAN NTAPI RtlValidateHeap(PVOID heap, ULONG flags, const void *block);

/* INITIAL_TEB: the stack grows from base down to limit, and within the allocation below that. */
struct initial_teb {
	PVOID old_base, old_limit, base, limit, allocation;
};

/*
 * A stack in this process: reserved, its top committed, a guard page below. Sizes of 0 are the
 * image's; they are rounded up to the alignments (bytes, powers of 2).
 * => returns: STATUS_INVALID_PARAMETER without an alignment, STATUS_NO_MEMORY.
 */
NTSTATUS NTAPI RtlCreateUserStack(SIZE_T commit_bytes, SIZE_T reserve_bytes, ULONG_PTR zero_bits,
				  SIZE_T commit_alignment, SIZE_T reserve_alignment,
				  struct initial_teb *stack);
/* `allocation` of RtlCreateUserStack. */
void NTAPI RtlFreeUserStack(PVOID allocation);

/*
 * How many bytes, in whole numbers of 32 bits, equal `number` from the start on. RtlCompareMemory
 * (winnt.h): how many bytes of two stretches are equal from the start on.
 */
SIZE_T NTAPI RtlCompareMemoryUlong(PVOID memory, SIZE_T size_bytes, ULONG number);

/*
 * heap.c - RtlAllocateHeap and its family: a first-fit heap over NtAllocateVirtualMemory.
 *
 * A heap is a list of regions, each committed at once and cut into blocks. A block has a 16-byte
 * head; its neighbour follows at once, so a block finds the next one by its size. Freed blocks join
 * free ones behind them; a search joins what freeing in the other order left apart. A large block
 * is a region of its own and goes back when it is freed.
 */
#include <string.h>

#include "native.h"
#include "spin.h"

#define REGION_BYTES 0x10000u
#define LARGE_BYTES 0x20000u
#define BLOCK_MAGIC 0x71756972u /* "quir" */
#define FREE_MAGIC 0x66726565u	/* "free" */

/* In front of what the caller sees. Sizes are multiples of 16 and include the head. */
struct block {
	uint64_t bytes;	 /* to the next block of the region */
	uint32_t magic;	 /* BLOCK_MAGIC, FREE_MAGIC */
	uint32_t unused; /* at the end: bytes - head - the caller's size */
};
_Static_assert(sizeof(struct block) == 16, "alignment of what the caller gets");

/* At the start of each piece of memory. Blocks follow up to `end`. */
struct region {
	struct region *next;
	char *end;
};
_Static_assert(sizeof(struct region) == 16, "alignment of the first block");

/* Lies in its first region, behind the head of a block. */
struct heap {
	struct spin lock;
	ULONG flags; /* HEAP_GENERATE_EXCEPTIONS or 0 */
	struct region *regions;
};

static struct block *block_of(const void *memory)
{
	return (struct block *)memory - 1;
}

static struct block *block_next(struct block *block)
{
	return (struct block *)((char *)block + block->bytes);
}

/* A fresh region of at least `bytes` for blocks, as one free block; or NULL. */
static struct region *region_create(uint64_t bytes)
{
	PVOID base = NULL;
	SIZE_T size = bytes + sizeof(struct region);
	struct region *region;
	struct block *block;

	if (size < REGION_BYTES)
		size = REGION_BYTES;
	if (!NT_SUCCESS(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &size,
						MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)))
		return NULL;
	region = base;
	region->next = NULL;
	region->end = (char *)base + size;
	block = (struct block *)(region + 1);
	*block = (struct block){.bytes = size - sizeof(*region), .magic = FREE_MAGIC};
	return region;
}

static void region_release(struct region *region)
{
	PVOID base = region;
	SIZE_T size = 0;

	NtFreeVirtualMemory(CURRENT_PROCESS, &base, &size, MEM_RELEASE);
}

/* Takes `bytes` from a free block; what remains becomes a free block if it can hold anything. */
static void block_take(struct block *block, uint64_t bytes)
{
	uint64_t rest = block->bytes - bytes;

	if (rest > sizeof(struct block)) {
		block->bytes = bytes;
		*block_next(block) = (struct block){.bytes = rest, .magic = FREE_MAGIC};
	}
	block->magic = BLOCK_MAGIC;
}

/* Joins a block with the free ones behind it. */
static void block_join(const struct region *region, struct block *block)
{
	while ((char *)block_next(block) < region->end && block_next(block)->magic == FREE_MAGIC)
		block->bytes += block_next(block)->bytes;
}

static struct block *region_find(struct region *region, uint64_t bytes)
{
	struct block *block = (struct block *)(region + 1);

	for (; (char *)block < region->end; block = block_next(block)) {
		if (block->magic != FREE_MAGIC)
			continue;
		block_join(region, block);
		if (block->bytes >= bytes)
			return block;
	}
	return NULL;
}

/* The bytes of a block for `size` bytes of the caller; 0 if there is no such number. */
static uint64_t block_bytes(SIZE_T size)
{
	if (size > (SIZE_MAX >> 1))
		return 0;
	if (!size)
		size = 1;
	return ((uint64_t)size + sizeof(struct block) + 15) & ~15ull;
}

static struct block *heap_take(struct heap *heap, uint64_t bytes)
{
	struct block *block = NULL;
	struct region *region = NULL;

	if (bytes < LARGE_BYTES)
		for (region = heap->regions; region && !block; region = region->next)
			block = region_find(region, bytes);
	if (!block) {
		region = region_create(bytes);
		if (!region)
			return NULL;
		region->next = heap->regions->next; /* the first region holds the heap itself */
		heap->regions->next = region;
		block = (struct block *)(region + 1);
	}
	block_take(block, bytes < LARGE_BYTES ? bytes : block->bytes);
	return block;
}

PVOID NTAPI RtlCreateHeap(ULONG flags, PVOID base, SIZE_T reserve_bytes, SIZE_T commit_bytes,
			  PVOID lock, PRTL_HEAP_PARAMETERS parameters)
{
	struct region *region;
	struct block *block;
	struct heap *heap;

	(void)reserve_bytes;
	(void)commit_bytes;
	(void)parameters;
	if (base || lock) /* memory and locks of the caller's are not supported */
		return NULL;
	region = region_create(0);
	if (!region)
		return NULL;
	block = (struct block *)(region + 1);
	block_take(block, block_bytes(sizeof(*heap)));
	heap = (struct heap *)(block + 1);
	*heap = (struct heap){.flags = flags & HEAP_GENERATE_EXCEPTIONS, .regions = region};
	return heap;
}

PVOID NTAPI RtlDestroyHeap(PVOID handle)
{
	struct region *region = ((struct heap *)handle)->regions;

	while (region) {
		struct region *next = region->next;

		region_release(region);
		region = next;
	}
	return NULL;
}

/* There is no memory: an exception, which does not return, for who asked for it. */
static PVOID heap_fail(const struct heap *heap, ULONG flags)
{
	if ((flags | heap->flags) & HEAP_GENERATE_EXCEPTIONS)
		RtlRaiseStatus(STATUS_NO_MEMORY);
	return NULL;
}

PVOID NTAPI RtlAllocateHeap(PVOID handle, ULONG flags, SIZE_T size)
{
	struct heap *heap = handle;
	uint64_t bytes = block_bytes(size);
	struct block *block;

	if (!bytes)
		return heap_fail(heap, flags);
	spin_lock(&heap->lock);
	block = heap_take(heap, bytes);
	if (block)
		block->unused = (uint32_t)(block->bytes - sizeof(*block) - size);
	spin_unlock(&heap->lock);
	if (!block)
		return heap_fail(heap, flags);
	if (flags & HEAP_ZERO_MEMORY)
		memset(block + 1, 0, size);
	return block + 1;
}

/* The region a block lies in, and the one before it. */
static struct region *region_of(struct heap *heap, const struct block *block,
				struct region **previous)
{
	struct region *region = heap->regions;

	for (*previous = NULL; region; *previous = region, region = region->next)
		if ((const char *)block > (char *)region && (const char *)block < region->end)
			return region;
	return NULL;
}

static bool heap_release(struct heap *heap, struct block *block)
{
	struct region *previous, *region = region_of(heap, block, &previous);

	if (!region || block->magic != BLOCK_MAGIC)
		return false;
	block->magic = FREE_MAGIC;
	block_join(region, block);
	if (previous && block == (struct block *)(region + 1) &&
	    (char *)block_next(block) == region->end) {
		previous->next = region->next;
		region_release(region);
	}
	return true;
}

BOOLEAN NTAPI RtlFreeHeap(PVOID handle, ULONG flags, PVOID memory)
{
	struct heap *heap = handle;
	bool ok;

	(void)flags;
	if (!memory)
		return TRUE;
	spin_lock(&heap->lock);
	ok = heap_release(heap, block_of(memory));
	spin_unlock(&heap->lock);
	return ok;
}

SIZE_T NTAPI RtlSizeHeap(PVOID handle, ULONG flags, const void *memory)
{
	const struct block *block = block_of(memory);

	(void)handle;
	(void)flags;
	if (block->magic != BLOCK_MAGIC)
		return (SIZE_T)-1;
	return block->bytes - sizeof(*block) - block->unused;
}

PVOID NTAPI RtlReAllocateHeap(PVOID handle, ULONG flags, PVOID memory, SIZE_T size)
{
	SIZE_T old_size = RtlSizeHeap(handle, flags, memory);
	struct block *block = block_of(memory);
	PVOID copy;

	if (old_size == (SIZE_T)-1)
		return NULL;
	if (size <= block->bytes - sizeof(*block) && block->bytes - size < UINT32_MAX) {
		block->unused = (uint32_t)(block->bytes - sizeof(*block) - size);
		if ((flags & HEAP_ZERO_MEMORY) && size > old_size)
			memset((char *)memory + old_size, 0, size - old_size);
		return memory;
	}
	if (flags & HEAP_REALLOC_IN_PLACE_ONLY)
		return NULL;
	copy = RtlAllocateHeap(handle, flags, size);
	if (!copy)
		return NULL;
	memcpy(copy, memory, old_size < size ? old_size : size);
	RtlFreeHeap(handle, 0, memory);
	return copy;
}

/* Whether the blocks of a region lie end to end; *found: one of them is `wanted`. */
static bool region_is_right(struct region *region, const struct block *wanted, bool *found)
{
	struct block *block = (struct block *)(region + 1);

	while ((char *)block < region->end) {
		if ((block->magic != BLOCK_MAGIC && block->magic != FREE_MAGIC) || !block->bytes ||
		    block->bytes > (uint64_t)(region->end - (char *)block))
			return false;
		if (block == wanted && block->magic == BLOCK_MAGIC)
			*found = true;
		block = block_next(block);
	}
	return true;
}

BOOLEAN NTAPI RtlValidateHeap(PVOID handle, ULONG flags, const void *memory)
{
	struct heap *heap = handle;
	const struct block *wanted = memory ? block_of(memory) : NULL;
	bool is_right = true, found = !memory;

	(void)flags;
	spin_lock(&heap->lock);
	for (struct region *region = heap->regions; region && is_right; region = region->next)
		is_right = region_is_right(region, wanted, &found);
	spin_unlock(&heap->lock);
	return is_right && found;
}

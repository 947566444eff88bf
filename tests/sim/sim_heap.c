/*
 * sim_heap.c - the host memory behind what the simulated kernel allocates.
 *
 * Under AddressSanitizer it is malloc's, so that a byte too far is seen, and a use after the free.
 * Otherwise it is one arena that a snapshot can take whole (arch/host/snapshot.c), with a list of
 * free blocks per size; a freed block is overwritten, so that its use shows as nonsense.
 */
#include "sim_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_BYTES (64ull << 20)
#define GRAIN 64u
#define PAGE 4096u
#define SMALL_CLASSES (PAGE / GRAIN)
#define PAGE_CLASSES 4096u
#define FREED 0xDD

struct free_block {
	struct free_block *next;
};

static HOST_KEPT uint8_t *arena;
static size_t used;
static struct free_block *small_free[SMALL_CLASSES], *page_free[PAGE_CLASSES];

/* Rounded up to what blocks of this size have; *list: where they are when free. */
static size_t block_bytes(size_t size_bytes, struct free_block ***list)
{
	size_t unit = size_bytes < PAGE ? GRAIN : PAGE;
	size_t count = (size_bytes + unit - 1) / unit;

	if (count * unit < PAGE) {
		*list = &small_free[count];
		return count * unit;
	}
	count = (size_bytes + PAGE - 1) / PAGE;
	KASSERT(count < PAGE_CLASSES);
	*list = &page_free[count];
	return count * PAGE;
}

static void *arena_extend(size_t size_bytes)
{
	size_t alignment = size_bytes < PAGE ? GRAIN : PAGE;
	size_t start = (used + alignment - 1) / alignment * alignment;

	if (!arena)
		arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	KASSERT(arena != MAP_FAILED);
	if (start + size_bytes > ARENA_BYTES)
		panic("the arena of the simulation is full");
	used = start + size_bytes;
	return arena + start;
}

static void *malloc_aligned(size_t size_bytes)
{
	void *memory;

	if (posix_memalign(&memory, size_bytes == PAGE ? PAGE : 16, size_bytes) != 0)
		panic("the host is out of memory");
	return memory;
}

void *sim_heap_alloc(size_t size_bytes)
{
	struct free_block **list, *block;
	size_t rounded;

	if (!host_snapshot_is_possible())
		return memset(malloc_aligned(size_bytes), 0, size_bytes);
	rounded = block_bytes(size_bytes, &list);
	block = *list;
	if (block)
		*list = block->next;
	else
		block = arena_extend(rounded);
	return memset(block, 0, size_bytes);
}

void sim_heap_free(void *memory, size_t size_bytes)
{
	struct free_block **list, *block = memory;

	if (!host_snapshot_is_possible()) {
		free(memory);
		return;
	}
	memset(memory, FREED, block_bytes(size_bytes, &list));
	block->next = *list;
	*list = block;
}

void *sim_heap_used(size_t *size_bytes)
{
	*size_bytes = used;
	return arena;
}

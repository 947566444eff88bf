/*
 * sim_pool.c - the kernel allocator over the host's memory (sim_heap.c): each block is exactly as
 * large as was asked for, so AddressSanitizer sees a byte too far, and a block that was freed is
 * not used again soon.
 *
 * The supply of pages is not used: the number of frames that a pool would take is not what host
 * tests are about.
 */
#include "sim_internal.h"

#include <bsd/sys/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/pool.h"

#define CALLERS 6

struct sim_block {
	RB_ENTRY(sim_block) node;
	const uint8_t *base;
	size_t size_bytes;
	vaddr_t callers[CALLERS]; /* who allocated it, for leak reports */
	size_t caller_count;
};

static int block_compare(const struct sim_block *a, const struct sim_block *b)
{
	return a->base < b->base ? -1 : a->base > b->base;
}

RB_HEAD(sim_block_tree, sim_block);
RB_PROTOTYPE(sim_block_tree, sim_block, node, block_compare)
RB_GENERATE(sim_block_tree, sim_block, node, block_compare)

static struct sim_block_tree blocks = RB_INITIALIZER(&blocks);
static struct pool_statistics statistics;
static uint64_t allocations, fail_at;
static bool is_traced; /* QUIRE_SIM_TRACE_POOL is set */

static struct sim_block *block_containing(const void *pointer)
{
	struct sim_block key = {.base = pointer}, *block = RB_NFIND(sim_block_tree, &blocks, &key);

	if (block && block->base == pointer)
		return block;
	block = block ? RB_PREV(sim_block_tree, &blocks, block) : RB_MAX(sim_block_tree, &blocks);
	if (block && (const uint8_t *)pointer < block->base + block->size_bytes)
		return block;
	return NULL;
}

static bool is_pool_block(const void *pointer)
{
	return block_containing(pointer) != NULL;
}

void pool_init(const struct page_supply *supply)
{
	(void)supply;
}

static void check_context(const char *what)
{
	if (sim_spinlocks_held() || !arch_irq_enabled())
		panic("%s under a spinlock", what);
	sim_point(SIM_POINT_POOL, what);
}

void *pool_alloc(size_t size_bytes)
{
	struct sim_block *block;

	KASSERT(size_bytes > 0);
	check_context("pool_alloc");
	allocations++;
	if (size_bytes > POOL_MAX_BYTES || allocations == fail_at || fail_point(QUIRE_FAIL_POOL))
		return NULL;
	block = sim_heap_alloc(sizeof(*block));
	block->base = sim_heap_alloc(size_bytes);
	block->size_bytes = size_bytes;
	if (is_traced)
		block->caller_count = arch_backtrace(NULL, block->callers, CALLERS);
	RB_INSERT(sim_block_tree, &blocks, block);
	statistics.blocks_used++;
	statistics.bytes_used += size_bytes;
	return (void *)(uintptr_t)block->base;
}

static void block_free(struct sim_block *block)
{
	RB_REMOVE(sim_block_tree, &blocks, block);
	statistics.blocks_used--;
	statistics.bytes_used -= block->size_bytes;
	sim_heap_free((void *)(uintptr_t)block->base, block->size_bytes);
	sim_heap_free(block, sizeof(*block));
}

void pool_free(void *memory, size_t size_bytes)
{
	struct sim_block *block;

	if (!memory)
		return;
	check_context("pool_free");
	block = block_containing(memory);
	if (!block || block->base != memory)
		panic("pool_free of %p, which is not a block", memory);
	if (block->size_bytes != size_bytes)
		panic("pool_free with size %zu of a block of %zu bytes", size_bytes,
		      block->size_bytes);
	block_free(block);
}

void pool_statistics_read(struct pool_statistics *result)
{
	*result = statistics;
}

void pool_check(void)
{
	struct pool_statistics counted = {0};
	struct sim_block *block;

	RB_FOREACH (block, sim_block_tree, &blocks) {
		counted.blocks_used++;
		counted.bytes_used += block->size_bytes;
	}
	KASSERT(counted.blocks_used == statistics.blocks_used);
	KASSERT(counted.bytes_used == statistics.bytes_used);
}

void sim_fail_nth_allocation(uint64_t n)
{
	fail_at = n ? allocations + n : 0;
}

uint64_t sim_allocation_count(void)
{
	return allocations;
}

void sim_pool_begin(void)
{
	KASSERT(RB_EMPTY(&blocks));
	memset(&statistics, 0, sizeof(statistics));
	allocations = fail_at = 0;
	is_traced = getenv("QUIRE_SIM_TRACE_POOL") != NULL;
	host_is_pool_block = is_pool_block;
}

static void block_report(const struct sim_block *block)
{
	fprintf(stderr, "sim: leaked pool block of %zu bytes", block->size_bytes);
	for (size_t i = 0; i < block->caller_count; i++)
		fprintf(stderr, " %#llx", (unsigned long long)block->callers[i]);
	fprintf(stderr, "\n");
}

void sim_pool_end(bool check)
{
	bool leaked = check && !RB_EMPTY(&blocks);
	struct sim_block *block, *next;

	RB_FOREACH_SAFE (block, sim_block_tree, &blocks, next) {
		if (leaked)
			block_report(block);
		block_free(block);
	}
	host_is_pool_block = NULL;
	if (leaked)
		panic("pool blocks leaked (QUIRE_SIM_TRACE_POOL=1 shows who allocated them)");
}

/*
 * pool.c - the kernel allocator: pages of equal blocks.
 *
 * A slab is one page: a header, then as many blocks of one size class as fit. The class sizes are
 * the largest multiples of 16 that go 126, 84, 63, ... 2 times into what the header leaves, so
 * little is lost at the end of a page. Which blocks are in use is a bitmap in the header and not a
 * list through the free blocks, so the content of a free block is poison from end to end, freeing
 * twice is seen by one bit, and the recount needs no trust in memory that a stray pointer may have
 * hit. Sizes above the largest class get a page of their own.
 *
 * Debug builds put a guard behind each block's bytes, with the size in it: freeing checks that
 * nothing was written past the end and that the size is the one that was asked for.
 */
#include "pool.h"

#include "fail.h"
#include "kernel/lib/string.h"
#include "lock.h"
#include "sanitize/kasan.h"
#include "nt/quire.h"

#include <bsd/sys/queue.h>

#define SLAB_HEADER_BYTES 64u
#define SLAB_BYTES ((unsigned)PAGE_SIZE - SLAB_HEADER_BYTES)
#define SLAB_BLOCKS_MAX (SLAB_BYTES / 32)
#define SLAB_MAGIC 0x62616C5371756972ull
#define MAP_WORDS 2
#define MAP_WORD_BITS 64

#define POISON_FREE 0xDF
#define POISON_GUARD 0xBD
_Static_assert(POISON_FREE * 0x01010101u == QUIRE_MARKER_POOL &&
		       POISON_GUARD * 0x01010101u == QUIRE_MARKER_GUARD,
	       "what programs look for");
#ifdef QUIRE_DEBUG
#define IS_DEBUG true
/* At least so many behind the block's bytes, a struct guard at the end. */
#define GUARD_BYTES (4u + (unsigned)sizeof(struct guard))
#else
#define IS_DEBUG false
#define GUARD_BYTES 0u
#endif

/* The last bytes of a used block; what lies between its own bytes and these is POISON_GUARD. */
struct guard {
	uint32_t size_bytes;
	uint32_t size_inverted; /* so that a byte written over either is seen */
#ifdef QUIRE_KASAN
	struct callers callers; /* who allocated it */
#endif
};

static const uint16_t class_bytes[] = {32,  48,	 64,  80,  96,	112,  128,  160, 192,
				       256, 336, 448, 576, 800, 1008, 1344, 2016};
#define CLASSES (sizeof(class_bytes) / sizeof(class_bytes[0]))
#define CLASS_LARGEST 2016u

/* All (pool lock) except what stays as it is while the page is a slab: magic, class, count. */
struct slab {
	uint64_t magic;
	uint16_t class_index;
	uint16_t block_count;
	uint16_t used_count;
	uint64_t used_map[MAP_WORDS];
	LIST_ENTRY(slab) link; /* partial_slabs, or full_slabs when used_count == block_count */
};
_Static_assert(sizeof(struct slab) <= SLAB_HEADER_BYTES, "slab header");
_Static_assert(SLAB_BLOCKS_MAX <= MAP_WORDS * MAP_WORD_BITS, "a bit for each block");
_Static_assert(SLAB_HEADER_BYTES % 16 == 0, "alignment of blocks");

LIST_HEAD(slab_list, slab);

static struct spinlock pool_lock = SPINLOCK_INIT("pool", RANK_POOL);
static const struct page_supply *page_supply;

/* All (pool lock) */
static struct slab_list partial_slabs[CLASSES], full_slabs[CLASSES];
static unsigned empty_slabs[CLASSES]; /* 0 or 1: on partial_slabs too */
static struct pool_statistics statistics;
static uint64_t page_blocks,
	page_block_bytes; /* the part of statistics that blocks of a whole page make */

void pool_init(const struct page_supply *supply)
{
	page_supply = supply;
	memset(&statistics, 0, sizeof(statistics));
	page_blocks = page_block_bytes = 0;
	for (unsigned i = 0; i < CLASSES; i++) {
		LIST_INIT(&partial_slabs[i]);
		LIST_INIT(&full_slabs[i]);
		empty_slabs[i] = 0;
	}
}

static bool needs_page(size_t size_bytes)
{
	return size_bytes + GUARD_BYTES > CLASS_LARGEST;
}

static unsigned class_of(size_t size_bytes)
{
	unsigned i = 0;

	while (class_bytes[i] < size_bytes + GUARD_BYTES)
		i++;
	return i;
}

/* ---- debug builds: poison in free blocks, a guard behind used ones ---- */

/* All bytes of [at, end), at least one: the first has the value, and each equals the next. */
static bool is_filled(const uint8_t *at, const uint8_t *end, uint8_t value)
{
	return *at == value && memcmp(at, at + 1, (size_t)(end - at) - 1) == 0;
}

static void poison_check(const void *block, size_t size_bytes)
{
	if (IS_DEBUG && !is_filled(block, (const uint8_t *)block + size_bytes, POISON_FREE))
		panic("pool: the free block at %p was written to", block);
}

static void guard_write(void *block, size_t size_bytes, size_t block_bytes)
{
	struct guard guard = {.size_bytes = size_bytes, .size_inverted = ~(uint32_t)size_bytes};
	uint8_t *start = block, *end = start + block_bytes - sizeof(guard);

	if (!IS_DEBUG)
		return;
	memset(start + size_bytes, POISON_GUARD, (size_t)(end - start) - size_bytes);
	memcpy(end, &guard, sizeof(guard));
}

/* => returns: the size that was asked for. */
static size_t guard_check(const void *block, size_t block_bytes)
{
	struct guard guard;
	const uint8_t *start = block, *end = start + block_bytes - sizeof(guard);

	memcpy(&guard, end, sizeof(guard));
	if (guard.size_bytes != ~guard.size_inverted ||
	    guard.size_bytes + GUARD_BYTES > block_bytes ||
	    !is_filled(start + guard.size_bytes, end, POISON_GUARD))
		panic("pool: something was written past the end of the block at %p", block);
	return guard.size_bytes;
}

/* ---- slabs ---- */

static uint8_t *slab_block(struct slab *slab, unsigned index)
{
	return (uint8_t *)slab + SLAB_HEADER_BYTES + index * class_bytes[slab->class_index];
}

static struct slab *slab_create(unsigned class_index)
{
	struct slab *slab = page_supply->page_alloc();

	if (!slab)
		return NULL;
	KASSERT(page_offset((uintptr_t)slab) == 0);
	kasan_forbid(slab, PAGE_SIZE, SHADOW_POOL);
	memset(slab, 0, sizeof(*slab));
	slab->magic = SLAB_MAGIC;
	slab->class_index = (uint16_t)class_index;
	slab->block_count = (uint16_t)(SLAB_BYTES / class_bytes[class_index]);
	if (IS_DEBUG)
		memset((uint8_t *)slab + SLAB_HEADER_BYTES, POISON_FREE, SLAB_BYTES);
	return slab;
}

/* Takes a free block of a slab on the partial list. => locks: pool lock held. */
static void *slab_take(struct slab *slab) REQUIRES(pool_lock)
{
	unsigned word = 0, bit;

	while (slab->used_map[word] == UINT64_MAX)
		word++;
	bit = (unsigned)__builtin_ctzll(~slab->used_map[word]);
	slab->used_map[word] |= 1ull << bit;
	if (slab->used_count++ == 0)
		empty_slabs[slab->class_index]--;
	if (slab->used_count == slab->block_count) {
		LIST_REMOVE(slab, link);
		LIST_INSERT_HEAD(&full_slabs[slab->class_index], slab, link);
	}
	KASSERT(word * MAP_WORD_BITS + bit < slab->block_count);
	return slab_block(slab, word * MAP_WORD_BITS + bit);
}

/*
 * => locks: pool lock held.
 * => returns: the slab if it is now one empty page too many; it is on no list then.
 */
static struct slab *slab_give_back(struct slab *slab, unsigned index) REQUIRES(pool_lock)
{
	unsigned class_index = slab->class_index;
	uint64_t bit = 1ull << (index % MAP_WORD_BITS);

	if (!(slab->used_map[index / MAP_WORD_BITS] & bit))
		panic("pool: the block at %p is freed twice", (void *)slab_block(slab, index));
	slab->used_map[index / MAP_WORD_BITS] &= ~bit;
	if (slab->used_count-- == slab->block_count) {
		LIST_REMOVE(slab, link);
		LIST_INSERT_HEAD(&partial_slabs[class_index], slab, link);
	}
	if (slab->used_count > 0)
		return NULL;
	if (empty_slabs[class_index] == 0) {
		empty_slabs[class_index]++;
		return NULL;
	}
	LIST_REMOVE(slab, link);
	slab->magic = 0;
	statistics.pages--;
	return slab;
}

/* The slab of a block that pool_alloc returned for this size, and the block's number in it. */
static struct slab *slab_of(void *block, size_t size_bytes, unsigned *index)
{
	struct slab *slab = (struct slab *)((uintptr_t)block - page_offset((uintptr_t)block));
	size_t offset = page_offset((uintptr_t)block) - SLAB_HEADER_BYTES;
	unsigned bytes = class_bytes[class_of(size_bytes)];

	if (slab->magic != SLAB_MAGIC || slab->class_index != class_of(size_bytes) ||
	    offset % bytes != 0 || offset / bytes >= slab->block_count)
		panic("pool: %p is not a block of %zu bytes", block, size_bytes);
	*index = (unsigned)(offset / bytes);
	return slab;
}

/* ---- blocks of a whole page ---- */

static void *page_block_alloc(size_t size_bytes)
{
	void *page = page_supply->page_alloc();

	if (!page)
		return NULL;
	memset(page, 0, PAGE_SIZE);
	kasan_block(page, PAGE_SIZE, size_bytes);
	spin_lock(&pool_lock);
	statistics.blocks_used++;
	statistics.bytes_used += size_bytes;
	statistics.pages++;
	page_blocks++;
	page_block_bytes += size_bytes;
	spin_unlock(&pool_lock);
	return page;
}

static void page_block_free(void *page, size_t size_bytes)
{
	if (page_offset((uintptr_t)page) != 0)
		panic("pool: %p is not a block of %zu bytes", page, size_bytes);
	spin_lock(&pool_lock);
	KASSERT(page_blocks > 0 && page_block_bytes >= size_bytes);
	statistics.blocks_used--;
	statistics.bytes_used -= size_bytes;
	statistics.pages--;
	page_blocks--;
	page_block_bytes -= size_bytes;
	spin_unlock(&pool_lock);
	page_supply->page_free(page);
}

/* ---- the interface ---- */

/*
 * A block of the class from a slab with a free one, else from `fresh` (may be NULL), which then
 * becomes a slab.
 */
static void *block_take(unsigned class_index, size_t size_bytes, struct slab **fresh)
{
	struct slab *slab;
	void *block = NULL;

	spin_lock(&pool_lock);
	slab = LIST_FIRST(&partial_slabs[class_index]);
	if (!slab && *fresh) {
		slab = *fresh;
		*fresh = NULL;
		LIST_INSERT_HEAD(&partial_slabs[class_index], slab, link);
		empty_slabs[class_index]++;
		statistics.pages++;
	}
	if (slab) {
		block = slab_take(slab);
		statistics.blocks_used++;
		statistics.bytes_used += size_bytes;
	}
	spin_unlock(&pool_lock);
	return block;
}

void *pool_alloc(size_t size_bytes)
{
	struct slab *fresh = NULL;
	unsigned class_index;
	void *block;

	KASSERT(size_bytes > 0 && page_supply);
	if (size_bytes > POOL_MAX_BYTES || fail_point(QUIRE_FAIL_POOL))
		return NULL;
	if (needs_page(size_bytes))
		return page_block_alloc(size_bytes);
	class_index = class_of(size_bytes);
	block = block_take(class_index, size_bytes, &fresh);
	if (!block) {
		/* The supply takes locks of a lower rank, so the pool lock was given up. */
		fresh = slab_create(class_index);
		block = block_take(class_index, size_bytes, &fresh);
		if (fresh)
			page_supply->page_free(fresh); /* somebody freed a block meanwhile */
		if (!block)
			return NULL;
	}
	poison_check(block, class_bytes[class_index]);
	memset(block, 0, size_bytes);
	guard_write(block, size_bytes, class_bytes[class_index]);
	kasan_block(block, class_bytes[class_index], size_bytes);
	return block;
}

static void slab_block_free(void *block, size_t size_bytes)
{
	struct slab *slab, *empty;
	unsigned index, bytes;

	slab = slab_of(block, size_bytes, &index);
	bytes = class_bytes[slab->class_index];
	spin_lock(&pool_lock);
	empty = slab_give_back(slab, index);
	/* Under the lock: the block may be taken again as soon as that is released. */
	if (IS_DEBUG) {
		if (guard_check(block, bytes) != size_bytes)
			panic("pool: the block at %p is freed with size %zu, which is not its own",
			      block, size_bytes);
		memset(block, POISON_FREE, bytes);
	}
	statistics.blocks_used--;
	statistics.bytes_used -= size_bytes;
	spin_unlock(&pool_lock);
	if (empty)
		page_supply->page_free(empty);
}

void pool_free(void *block, size_t size_bytes)
{
	if (!block)
		return;
	KASSERT(size_bytes > 0 && size_bytes <= POOL_MAX_BYTES);
	if (needs_page(size_bytes))
		page_block_free(block, size_bytes);
	else if (kasan_quarantine(&block, &size_bytes))
		slab_block_free(block, size_bytes);
}

void pool_statistics_read(struct pool_statistics *result)
{
	kasan_quarantine_empty(slab_block_free);
	spin_lock(&pool_lock);
	*result = statistics;
	spin_unlock(&pool_lock);
}

/* ---- check ---- */

/*
 * Adds what the slab holds to *counted; bytes are known in debug builds only.
 * => locks: pool lock held.
 */
static void slab_check(struct slab *slab, unsigned class_index, struct pool_statistics *counted)
	REQUIRES(pool_lock)
{
	unsigned used = 0;

	KASSERT(slab->magic == SLAB_MAGIC && slab->class_index == class_index);
	KASSERT(slab->block_count == SLAB_BYTES / class_bytes[class_index]);
	for (unsigned i = 0; i < MAP_WORDS * MAP_WORD_BITS; i++) {
		bool is_used = slab->used_map[i / MAP_WORD_BITS] >> (i % MAP_WORD_BITS) & 1;

		KASSERT(!is_used || i < slab->block_count);
		used += is_used;
		if (!IS_DEBUG || i >= slab->block_count)
			continue;
		if (is_used)
			counted->bytes_used +=
				guard_check(slab_block(slab, i), class_bytes[class_index]);
		else
			poison_check(slab_block(slab, i), class_bytes[class_index]);
	}
	KASSERT(used == slab->used_count);
	counted->blocks_used += used;
	counted->pages++;
}

void pool_check(void)
{
	struct pool_statistics counted = {0};
	struct slab *slab;

	spin_lock(&pool_lock);
	for (unsigned i = 0; i < CLASSES; i++) {
		unsigned empty = 0;

		LIST_FOREACH (slab, &partial_slabs[i], link) {
			slab_check(slab, i, &counted);
			KASSERT(slab->used_count < slab->block_count);
			empty += slab->used_count == 0;
		}
		LIST_FOREACH (slab, &full_slabs[i], link) {
			slab_check(slab, i, &counted);
			KASSERT(slab->used_count == slab->block_count);
		}
		KASSERT(empty == empty_slabs[i] && empty <= 1);
	}
	KASSERT(counted.blocks_used + page_blocks == statistics.blocks_used);
	KASSERT(counted.pages + page_blocks == statistics.pages);
	KASSERT(!IS_DEBUG || counted.bytes_used + page_block_bytes == statistics.bytes_used);
	spin_unlock(&pool_lock);
}

#ifdef QUIRE_KASAN
bool pool_block_near(const void *address, struct pool_block *result)
{
	size_t offset = page_offset((uintptr_t)address);
	struct slab *slab = (struct slab *)((uintptr_t)address - offset);
	struct guard guard;
	unsigned bytes, index;

	if (slab->magic != SLAB_MAGIC)
		return false;
	bytes = class_bytes[slab->class_index];
	/* Right before a block's first byte: it is that block that was missed. */
	offset += GUARD_BYTES / 2;
	index = offset < SLAB_HEADER_BYTES ? 0 : (unsigned)(offset - SLAB_HEADER_BYTES) / bytes;
	if (index >= slab->block_count)
		index = slab->block_count - 1u;
	memcpy(&guard, slab_block(slab, index) + bytes - sizeof(guard), sizeof(guard));
	result->start = (uintptr_t)slab_block(slab, index);
	result->size_bytes = guard.size_bytes;
	result->callers = guard.callers;
	return guard.size_bytes == ~guard.size_inverted;
}
#endif

/*
 * selftest_kasan.c - planted misuse of memory. Watched by the sanitizers, as the rest of this
 * folder is not. Each fault touches memory that nobody owns, so the kernel can go on.
 */
#include "report.h"

#ifdef QUIRE_KASAN

#include <stdint.h>

#include "arch/pte.h"
#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define BLOCK_BYTES 40u
#define LARGE_BYTES 3000u

/* What the compiler cannot see through. */
static volatile uint64_t zero;
static volatile uint8_t sink;
static uint8_t thirteen[13];

static uint8_t *block_get(size_t size_bytes)
{
	uint8_t *block = pool_alloc(size_bytes);

	KASSERT(block);
	return block;
}

static void plant_over(void)
{
	uint8_t *block = block_get(BLOCK_BYTES);
	uint8_t kept = block[BLOCK_BYTES - 1];

	sink = kept;
	block[BLOCK_BYTES + zero] = 0xBD; /* what the guard behind the block is made of */
	pool_free(block, BLOCK_BYTES);
}

static void plant_over_word(void)
{
	uint8_t *block = block_get(BLOCK_BYTES - 3);

	sink = (uint8_t) * (volatile uint64_t *)(block + BLOCK_BYTES - 8 + zero);
	pool_free(block, BLOCK_BYTES - 3);
}

static void plant_under(void)
{
	uint8_t *block = block_get(BLOCK_BYTES);

	sink = block[zero - 1];
	pool_free(block, BLOCK_BYTES);
}

static void plant_large(void)
{
	uint8_t *block = block_get(LARGE_BYTES);

	block[LARGE_BYTES + zero] = 1;
	pool_free(block, LARGE_BYTES);
}

static void plant_freed(void)
{
	uint8_t *block = block_get(BLOCK_BYTES);

	pool_free(block, BLOCK_BYTES);
	sink = block[3 + zero];
}

static void plant_twice(void)
{
	uint8_t *block = block_get(BLOCK_BYTES);

	pool_free(block, BLOCK_BYTES);
	pool_free(block, BLOCK_BYTES);
}

/* A block of a whole page is a frame, and free memory when it has been freed. */
static void plant_frame(void)
{
	uint8_t *page = block_get(PAGE_SIZE);

	pool_free(page, PAGE_SIZE);
	sink = page[100 + zero];
}

static void plant_copy(void)
{
	uint8_t *from = block_get(BLOCK_BYTES), to[BLOCK_BYTES + 8];

	memcpy(to, from, BLOCK_BYTES + 1 + zero);
	sink = to[zero];
	pool_free(from, BLOCK_BYTES);
}

static void plant_text(void)
{
	char *text = (char *)block_get(BLOCK_BYTES);

	memset(text, 'a', BLOCK_BYTES);
	sink = (uint8_t)strlen(text);
	pool_free(text, BLOCK_BYTES);
}

static void plant_stack(void)
{
	volatile uint8_t bytes[20], *volatile hidden = bytes;

	bytes[zero] = 1;
	sink = hidden[sizeof(bytes)];
}

static void plant_stack_under(void)
{
	volatile uint8_t bytes[20], *volatile hidden = bytes;

	bytes[zero] = 1;
	sink = hidden[-1];
}

static void plant_scope(void)
{
	volatile uint8_t *outlives;

	{
		volatile uint8_t bytes[20];

		bytes[zero] = 1;
		outlives = bytes;
	}
	sink = outlives[zero];
}

static void plant_global(void)
{
	volatile uint8_t *volatile hidden = thirteen;

	sink = hidden[sizeof(thirteen)];
}

static void plant_null(void)
{
	sink = ((volatile uint8_t *)zero)[8];
}

static void plant_user(void)
{
	sink = ((volatile uint8_t *)zero)[0x10008];
}

/* The last byte of each kind of memory may be touched. */
static void plant_nothing(void)
{
	volatile uint8_t bytes[20], *block = block_get(BLOCK_BYTES), *page = block_get(PAGE_SIZE);

	bytes[sizeof(bytes) - 1 + zero] = 1;
	block[BLOCK_BYTES - 1 + zero] = bytes[sizeof(bytes) - 1 + zero];
	page[PAGE_SIZE - 1 + zero] = block[BLOCK_BYTES - 1 + zero];
	thirteen[sizeof(thirteen) - 1 + zero] = page[PAGE_SIZE - 1 + zero];
	pool_free((void *)block, BLOCK_BYTES);
	pool_free((void *)page, PAGE_SIZE);
}

#define KASAN "kasan: "
const struct selftest selftests_kasan[] = {
	{"nothing", NULL, plant_nothing},
	{"pool_over", KASAN "pool overrun: write of 1 bytes in plant_over", plant_over},
	{"pool_over_word", KASAN "pool overrun: read of 8 bytes in plant_over_word",
	 plant_over_word},
	{"pool_under", KASAN "pool overrun: read of 1 bytes in plant_under", plant_under},
	{"pool_large", KASAN "pool overrun: write of 1 bytes in plant_large", plant_large},
	{"pool_freed", KASAN "pool block used after free: read of 1 bytes in plant_freed",
	 plant_freed},
	{"pool_twice", KASAN "pool block used after free: write of 40 bytes in pool_free",
	 plant_twice},
	{"frame_freed", KASAN "free frame used: read of 1 bytes in plant_frame", plant_frame},
	{"copy_over", KASAN "pool overrun: read of 41 bytes in plant_copy", plant_copy},
	{"text_over", KASAN "pool overrun: read of", plant_text},
	{"stack_over", KASAN "stack overrun: read of 1 bytes in plant_stack", plant_stack},
	{"stack_under", KASAN "stack overrun: read of 1 bytes in plant_stack_under",
	 plant_stack_under},
	{"stack_scope", KASAN "stack variable out of scope: read of 1 bytes in plant_scope",
	 plant_scope},
	{"global_over", KASAN "global overrun: read of 1 bytes in plant_global", plant_global},
	{"null", selftest_fatal, plant_null},
	{"user", selftest_fatal, plant_user},
	{NULL, NULL, NULL},
};

#endif

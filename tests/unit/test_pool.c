/*
 * test_pool.c - the kernel allocator, compiled into this file above a supply of pages with a limit.
 *
 * tests/sim has a pool of its own, so pool.c gets other names here, and locks and panic that the
 * test can watch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/lock.h"
#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"

static void pool_lock_taken(void);
static void pool_lock_released(void);
static _Noreturn void pool_panicked(const char *format, ...) PRINTF_LIKE(1, 2);

#define spin_lock(lock) ((void)(lock), pool_lock_taken())
#define spin_unlock(lock) ((void)(lock), pool_lock_released())
#define panic pool_panicked
#define pool_init tested_pool_init
#define pool_alloc tested_pool_alloc
#define pool_free tested_pool_free
#define pool_statistics_read tested_pool_statistics_read
#define pool_check tested_pool_check
void pool_init(const struct page_supply *supply);
void *pool_alloc(size_t size_bytes) MUST_CHECK;
void pool_free(void *block, size_t size_bytes);
void pool_statistics_read(struct pool_statistics *result);
void pool_check(void);
#include "kernel/core/pool.c"

/* ---- what the pool stands on ---- */

static unsigned lock_depth, pages_out, page_limit;
static jmp_buf panic_landing;
static bool panic_expected;
static char panic_text[256];

static void pool_lock_taken(void)
{
	assert_int_equal(lock_depth, 0);
	lock_depth++;
}

static void pool_lock_released(void)
{
	assert_int_equal(lock_depth, 1);
	lock_depth--;
}

static _Noreturn void pool_panicked(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(panic_text, sizeof(panic_text), format, arguments);
	va_end(arguments);
	if (!panic_expected)
		fail_msg("panic: %s", panic_text);
	lock_depth = 0;
	longjmp(panic_landing, 1);
}

/* Runs the statement, which must panic with a message that contains `part`. */
#define ASSERT_PANIC(statement, part) \
	do { \
		panic_expected = true; \
		if (setjmp(panic_landing) == 0) { \
			statement; \
			fail_msg("no panic in %s", #statement); \
		} \
		panic_expected = false; \
		if (!strstr(panic_text, part)) \
			fail_msg("panic \"%s\" does not say \"%s\"", panic_text, part); \
	} while (0)

static void *supply_alloc(void)
{
	void *page;

	assert_int_equal(lock_depth, 0); /* the frame lock ranks below the pool's */
	if (pages_out == page_limit)
		return NULL;
	pages_out++;
	page = aligned_alloc(4096, 4096);
	assert_non_null(page);
	memset(page, 0xA5, 4096);
	return page;
}

static void supply_free(void *page)
{
	assert_int_equal(lock_depth, 0);
	assert_true(pages_out > 0);
	pages_out--;
	free(page);
}

static const struct page_supply supply = {supply_alloc, supply_free};

static void start(unsigned limit)
{
	page_limit = limit;
	pages_out = 0;
	pool_init(&supply);
}

static struct pool_statistics statistics_now(void)
{
	struct pool_statistics result;

	pool_check();
	pool_statistics_read(&result);
	assert_int_equal(result.pages, pages_out);
	return result;
}

/*
 * Everything was freed: at most one empty page per class is kept. The kept pages go back to the
 * host.
 */
static void finish(void)
{
	struct pool_statistics end = statistics_now();

	assert_int_equal(end.blocks_used, 0);
	assert_int_equal(end.bytes_used, 0);
	assert_true(end.pages <= CLASSES);
	for (unsigned i = 0; i < CLASSES; i++) {
		while (!LIST_EMPTY(&partial_slabs[i])) {
			struct slab *slab = LIST_FIRST(&partial_slabs[i]);

			LIST_REMOVE(slab, link);
			supply_free(slab);
		}
	}
	assert_int_equal(pages_out, 0);
}

/* ---- tests ---- */

static bool is_zero(const uint8_t *block, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (block[i])
			return false;
	}
	return true;
}

static void test_every_size(void **state)
{
	(void)state;
	start(1000);
	for (size_t size = 1; size <= POOL_MAX_BYTES; size++) {
		uint8_t *first = pool_alloc(size), *second;

		assert_non_null(first);
		assert_true(is_zero(first, size));
		assert_int_equal((uintptr_t)first % 16, 0);
		if (size == POOL_MAX_BYTES)
			assert_int_equal((uintptr_t)first % 4096, 0);
		memset(first, 0xEE, size);
		second = pool_alloc(size);
		assert_non_null(second);
		assert_true(first + size <= second || second + size <= first);
		assert_true(is_zero(second, size));
		assert_int_equal(statistics_now().bytes_used, 2 * size);
		pool_free(first, size);
		pool_free(second, size);
	}
	assert_null(pool_alloc(POOL_MAX_BYTES + 1));
	assert_null(pool_alloc(SIZE_MAX));
	pool_free(NULL, 100);
	finish();
}

/*
 * A page holds as many blocks as its class promises, and the page goes when the last one does, but
 * for one.
 */
static void test_page_use(void **state)
{
	void *blocks[3 * 126];
	unsigned per_page = SLAB_BYTES / 32;

	(void)state;
	start(1000);
	assert_int_equal(per_page, 126);
	for (unsigned i = 0; i < 3 * per_page; i++) {
		blocks[i] = pool_alloc(20);
		assert_int_equal(pages_out, i / per_page + 1);
	}
	for (unsigned i = 0; i < 3 * per_page; i++) {
		pool_free(blocks[i], 20);
		pool_check();
	}
	assert_int_equal(pages_out, 1);
	/* The kept page serves again without the supply. */
	page_limit = pages_out;
	blocks[0] = pool_alloc(20);
	assert_non_null(blocks[0]);
	pool_free(blocks[0], 20);
	finish();
}

static void test_exhaustion(void **state)
{
	void *blocks[64], *more;
	unsigned count = 0;

	(void)state;
	start(3);
	while ((more = pool_alloc(1000)) != NULL)
		blocks[count++] = more;
	assert_int_equal(pages_out, 3);
	assert_true(count >= 9);
	assert_null(pool_alloc(4096));
	assert_null(pool_alloc(20));
	assert_int_equal(statistics_now().blocks_used, count);
	/* What was given back can be had again. */
	pool_free(blocks[--count], 1000);
	blocks[count++] = pool_alloc(1000);
	assert_non_null(blocks[count - 1]);
	while (count)
		pool_free(blocks[--count], 1000);
	finish();
}

/* ---- against a model ---- */

#define LIVE_MAX 600

static uint64_t random_state = 11;

static unsigned random_below(unsigned limit)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)((random_state >> 33) % limit);
}

static struct live {
	uint8_t *block;
	size_t size;
	uint8_t fill;
} live[LIVE_MAX];

static size_t random_size(void)
{
	if (random_below(40) == 0)
		return random_below(POOL_MAX_BYTES) + 1;
	return random_below(random_below(4) ? 150 : 2100) + 1;
}

static void live_free(struct live *entry)
{
	for (size_t i = 0; i < entry->size; i++)
		assert_int_equal(entry->block[i], entry->fill);
	pool_free(entry->block, entry->size);
}

/*
 * Blocks of random sizes, each filled with its own byte, come and go; contents and sums are those
 * of the model.
 */
static void test_random(void **state)
{
	unsigned count = 0, refused = 0;
	uint64_t bytes = 0;

	(void)state;
	start(50);
	for (unsigned step = 0; step < 200000; step++) {
		/*
		 * The number of blocks swings between few and many, so that pages fill and empty.
		 */
		bool grows = step / 3000 % 2 == 0;

		if (count < LIVE_MAX && random_below(100) < (grows ? 60u : 40u)) {
			struct live entry = {.size = random_size(), .fill = (uint8_t)step};

			entry.block = pool_alloc(entry.size);
			refused += !entry.block;
			if (!entry.block)
				continue;
			assert_true(is_zero(entry.block, entry.size));
			memset(entry.block, entry.fill, entry.size);
			bytes += entry.size;
			live[count++] = entry;
		} else if (count) {
			unsigned victim = random_below(count);

			bytes -= live[victim].size;
			live_free(&live[victim]);
			live[victim] = live[--count];
		}
		if (step % 1000 == 0) {
			struct pool_statistics now = statistics_now();

			assert_int_equal(now.blocks_used, count);
			assert_int_equal(now.bytes_used, bytes);
		}
	}
	assert_true(refused > 0); /* the limit was met */
	while (count)
		live_free(&live[--count]);
	finish();
}

/* ---- mistakes of a caller ---- */

static void test_double_free(void **state)
{
	void *block, *other;

	(void)state;
	start(10);
	other = pool_alloc(100);
	block = pool_alloc(100);
	pool_free(block, 100);
	ASSERT_PANIC(pool_free(block, 100), "freed twice");
	pool_free(other, 100);
	finish();
}

static void test_foreign_pointers(void **state)
{
	uint8_t *block;
	uint8_t *page = aligned_alloc(4096, 4096);

	(void)state;
	start(10);
	assert_non_null(page);
	memset(page, 0, 4096);
	block = pool_alloc(100);
	ASSERT_PANIC(pool_free(page + 64, 100), "is not a block of 100 bytes");
	ASSERT_PANIC(pool_free(block + 16, 100), "is not a block of 100 bytes");
	ASSERT_PANIC(pool_free((void *)page_round_down((uintptr_t)block), 100),
		     "is not a block of 100");
	ASSERT_PANIC(pool_free(block, 300), "is not a block of 300 bytes"); /* another class */
	ASSERT_PANIC(pool_free(block, 4096), "is not a block of 4096 bytes");
	ASSERT_PANIC(pool_free(block, 0), "size_bytes > 0");
	ASSERT_PANIC(pool_free(block, 5000), "assertion failed");
	ASSERT_PANIC((void)!pool_alloc(0), "assertion failed");
	pool_free(block, 100);
	finish();
	free(page);
}

/*
 * The debug build's checks; the panics leave the pool in the middle of a call, so each starts anew.
 */
static void test_overrun(void **state)
{
	volatile size_t past; /* setjmp */

	(void)state;
	for (past = 0; past < 12; past++) {
		uint8_t *block;

		start(10);
		block = pool_alloc(100);
		block[100 + past] ^= 1;
		ASSERT_PANIC(pool_check(), "past the end");
		ASSERT_PANIC(pool_free(block, 100), "past the end");
		free((void *)page_round_down((uintptr_t)block));
	}
}

static void test_wrong_size(void **state)
{
	uint8_t *block;

	(void)state;
	start(10);
	block = pool_alloc(99); /* of the same class as 100 */
	ASSERT_PANIC(pool_free(block, 100), "is freed with size 100");
	free((void *)page_round_down((uintptr_t)block));
}

static void test_write_after_free(void **state)
{
	uint8_t *block, *other;
	volatile size_t at; /* setjmp */

	(void)state;
	for (at = 0; at < 112; at++) {
		start(10);
		other = pool_alloc(100);
		block = pool_alloc(100);
		pool_free(block, 100);
		block[at] = 0;
		ASSERT_PANIC(pool_check(), "was written to");
		ASSERT_PANIC((void)!pool_alloc(100), "was written to");
		free((void *)page_round_down((uintptr_t)other));
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),	 cmocka_unit_test(test_page_use),
		cmocka_unit_test(test_exhaustion),	 cmocka_unit_test(test_random),
		cmocka_unit_test(test_double_free),	 cmocka_unit_test(test_foreign_pointers),
		cmocka_unit_test(test_overrun),		 cmocka_unit_test(test_wrong_size),
		cmocka_unit_test(test_write_after_free),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

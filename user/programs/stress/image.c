/*
 * image.c - pages of the program's own file: a table that is only read, and data that are copied
 * when they are written. Both are filled at compile time.
 */
#include "stress.h"

#define WORD(owner, page, i) (PAGE_BASE(owner, page, 1ull) + (i)*PAGE_STEP)
#define WORDS_2(owner, page, i) WORD(owner, page, i), WORD(owner, page, (i) + 1ull)
#define WORDS_4(owner, page, i) WORDS_2(owner, page, i), WORDS_2(owner, page, (i) + 2ull)
#define WORDS_8(owner, page, i) WORDS_4(owner, page, i), WORDS_4(owner, page, (i) + 4ull)
#define WORDS_16(owner, page, i) WORDS_8(owner, page, i), WORDS_8(owner, page, (i) + 8ull)
#define WORDS_32(owner, page, i) WORDS_16(owner, page, i), WORDS_16(owner, page, (i) + 16ull)
#define WORDS_64(owner, page, i) WORDS_32(owner, page, i), WORDS_32(owner, page, (i) + 32ull)
#define WORDS_128(owner, page, i) WORDS_64(owner, page, i), WORDS_64(owner, page, (i) + 64ull)
#define WORDS_256(owner, page, i) WORDS_128(owner, page, i), WORDS_128(owner, page, (i) + 128ull)

#define PAGE(owner, page) \
	{ \
		(owner), (page), 1, PAGE_SUM(PAGE_BASE(owner, page, 1ull)), \
			WORDS_4(owner, page, 4ull), WORDS_8(owner, page, 8ull), \
			WORDS_16(owner, page, 16ull), WORDS_32(owner, page, 32ull), \
			WORDS_64(owner, page, 64ull), WORDS_128(owner, page, 128ull), \
			WORDS_256(owner, page, 256ull), \
	}
#define PAGES_2(owner, page) PAGE(owner, page), PAGE(owner, (page) + 1ull)
#define PAGES_4(owner, page) PAGES_2(owner, page), PAGES_2(owner, (page) + 2ull)
#define PAGES_8(owner, page) PAGES_4(owner, page), PAGES_4(owner, (page) + 4ull)
#define PAGES_16(owner, page) PAGES_8(owner, page), PAGES_8(owner, (page) + 8ull)
#define PAGES_32(owner, page) PAGES_16(owner, page), PAGES_16(owner, (page) + 16ull)

static uint64_t image_data[IMAGE_PAGES][PAGE_WORDS]
	__attribute__((aligned(PAGE_BYTES))) = {PAGES_32(IMAGE_OWNER, 0ull)};
static const uint64_t image_table[IMAGE_PAGES][PAGE_WORDS]
	__attribute__((aligned(PAGE_BYTES))) = {PAGES_32(TABLE_OWNER, 0ull)};

/* The threads of a process share the data: each has its part. */
static bool image_open(struct worker *worker, struct area *area)
{
	area->pages = IMAGE_PAGES / worker->control->options.threads;
	area->first_index = worker->thread * area->pages;
	area->base = image_data[area->first_index];
	area->owner = IMAGE_OWNER;
	area->first_version = 1;
	return area_make_versions(worker, area);
}

static bool table_open(struct worker *worker, struct area *area)
{
	area->base = (uint64_t *)image_table[0];
	area->owner = TABLE_OWNER;
	area->first_version = 1;
	area->is_read_only = true;
	return area_make_versions(worker, area);
}

const struct kind_calls image_calls = {.open = image_open, .special = area_read_by_call};
const struct kind_calls table_calls = {.open = table_open, .special = area_read_by_call};

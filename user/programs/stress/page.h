/*
 * page.h - what stands in a page: whose it is, which one, of which version, a checksum, and words
 * that follow from these. So a page that is lost, old, another's or torn in two is told from the
 * right one, and its words can be made at compile time too (the tables of the program's image).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PAGE_WORDS 512u
enum { WORD_OWNER, WORD_INDEX, WORD_VERSION, WORD_CHECKSUM, WORDS_NAMED };

/* Version 0 is a page that nobody wrote: zeros. */
struct page_name {
	uint64_t owner, index, version;
};

/* The words from WORDS_NAMED on: word i is PAGE_BASE + i * PAGE_STEP. */
#define PAGE_STEP 0x9E3779B97F4A7C15ull
#define PAGE_BASE(owner, index, version) \
	((owner)*0xD6E8FEB86659FD93ull + (index)*0xC2B2AE3D27D4EB4Full + \
	 (version)*0x165667B19E3779F9ull)
/* Their sum. */
#define PAGE_SUM(base) \
	((PAGE_WORDS - WORDS_NAMED) * (base) + \
	 (PAGE_WORDS * (PAGE_WORDS - 1) / 2 - WORDS_NAMED * (WORDS_NAMED - 1) / 2) * PAGE_STEP)

void page_write(uint64_t *page, const struct page_name *name);
/* Reads all of the page: are the four words and the sum of the others right? */
bool page_is(const uint64_t *page, const struct page_name *name);
/*
 * Says on standard output what is wrong with a page: the four words, how many of the others differ,
 * and the first that do.
 */
void page_report(const char *what, const uint64_t *page, const struct page_name *name);

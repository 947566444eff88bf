/*
 * page.c - see page.h. Verifying costs some 600 instructions, writing some 1,200.
 */
#include "page.h"

#include "console.h"

#define AT_ONCE 4u
#define WORDS_SHOWN 4u
_Static_assert((PAGE_WORDS - WORDS_NAMED) % AT_ONCE == 0, "the loops take four words at once");

void page_write(uint64_t *page, const struct page_name *name)
{
	uint64_t base = PAGE_BASE(name->owner, name->index, name->version);
	uint64_t word = base + WORDS_NAMED * PAGE_STEP;

	page[WORD_OWNER] = name->owner;
	page[WORD_INDEX] = name->index;
	page[WORD_VERSION] = name->version;
	page[WORD_CHECKSUM] = PAGE_SUM(base);
	for (unsigned i = WORDS_NAMED; i < PAGE_WORDS; i += AT_ONCE, word += AT_ONCE * PAGE_STEP) {
		page[i] = word;
		page[i + 1] = word + PAGE_STEP;
		page[i + 2] = word + 2 * PAGE_STEP;
		page[i + 3] = word + 3 * PAGE_STEP;
	}
}

static uint64_t sum_of(const uint64_t *page)
{
	uint64_t sum = 0, other = 0;

	for (unsigned i = WORDS_NAMED; i < PAGE_WORDS; i += AT_ONCE) {
		sum += page[i] + page[i + 1];
		other += page[i + 2] + page[i + 3];
	}
	return sum + other;
}

static bool is_zeros(const uint64_t *page)
{
	uint64_t some = 0;

	for (unsigned i = 0; i < PAGE_WORDS; i += AT_ONCE)
		some |= page[i] | page[i + 1] | page[i + 2] | page[i + 3];
	return !some;
}

bool page_is(const uint64_t *page, const struct page_name *name)
{
	uint64_t sum;

	if (!name->version)
		return is_zeros(page);
	sum = PAGE_SUM(PAGE_BASE(name->owner, name->index, name->version));
	return page[WORD_OWNER] == name->owner && page[WORD_INDEX] == name->index &&
	       page[WORD_VERSION] == name->version && page[WORD_CHECKSUM] == sum &&
	       sum_of(page) == sum;
}

static void report_words(const uint64_t *page, const struct page_name *name)
{
	uint64_t base = PAGE_BASE(name->owner, name->index, name->version);
	unsigned differ = 0;

	for (unsigned i = WORDS_NAMED; i < PAGE_WORDS; i++) {
		uint64_t expected = name->version ? base + i * PAGE_STEP : 0;

		if (page[i] == expected || ++differ > WORDS_SHOWN)
			continue;
		print("#   word %u: seen 0x%llx, expected 0x%llx\n", i, (unsigned long long)page[i],
		      (unsigned long long)expected);
	}
	print("#   %u of %u words differ\n", differ, PAGE_WORDS - WORDS_NAMED);
}

void page_report(const char *what, const uint64_t *page, const struct page_name *name)
{
	uint64_t sum = PAGE_SUM(PAGE_BASE(name->owner, name->index, name->version));

	print("# WRONG %s at %p\n"
	      "#   expected owner 0x%llx index %llu version %llu checksum 0x%llx\n"
	      "#   seen     owner 0x%llx index %llu version %llu checksum 0x%llx, sum 0x%llx\n",
	      what, (const void *)page, (unsigned long long)name->owner,
	      (unsigned long long)name->index, (unsigned long long)name->version,
	      (unsigned long long)(name->version ? sum : 0), (unsigned long long)page[WORD_OWNER],
	      (unsigned long long)page[WORD_INDEX], (unsigned long long)page[WORD_VERSION],
	      (unsigned long long)page[WORD_CHECKSUM], (unsigned long long)sum_of(page));
	report_words(page, name);
}

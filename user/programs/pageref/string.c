/*
 * string.c - making a page reference string. Integers only, so that it is the same everywhere.
 *
 * Random numbers are xorshift64* (x ^= x >> 12; x ^= x << 25; x ^= x >> 27; the upper 32 bits of
 * x * 0x2545F4914F6CDD1D), seeded with the seed. Pages are drawn first, then which references
 * write: so the pages are the same whatever --writes is.
 */
#include "console.h"
#include "format.h"
#include "pageref.h"

#define LINE_NUMBERS 32

static uint16_t references[REFERENCES_MAX];
static uint64_t reference_count;

static uint64_t random_state;

/* From 0 to limit - 1; limit <= 2^32. */
static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return ((random_state * 0x2545F4914F6CDD1Dull) >> 32) * limit >> 32;
}

/* ---- the string as digits ---- */

/* The next reference of "1,2,w3"; *text is then behind it and its comma. */
static bool reference_read(const char **text, uint64_t *page, bool *is_write)
{
	const char *at = *text;
	uint64_t value = 0;

	*is_write = *at == 'w';
	if (*is_write)
		at++;
	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9' && value < PAGES_MAX; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	if (value >= PAGES_MAX || (*at && *at != ',') || (*at == ',' && !at[1]))
		return false;
	*text = *at ? at + 1 : at;
	*page = value;
	return true;
}

static bool given(struct options *options)
{
	const char *text = options->string;

	options->pages = 0;
	do {
		uint64_t page;
		bool is_write;

		if (!reference_read(&text, &page, &is_write)) {
			print_error("pageref: --string %s: page numbers below %u with commas, w "
				    "before those that are written\n",
				    options->string, PAGES_MAX);
			return false;
		}
		references[reference_count++] = (uint16_t)(page | (is_write ? REFERENCE_WRITE : 0));
		if (page >= options->pages)
			options->pages = page + 1;
	} while (*text && reference_count < REFERENCES_MAX);
	return true;
}

/* ---- patterns ---- */

static void loop(const struct options *options)
{
	for (uint64_t i = 0; i < options->references; i++)
		references[i] = (uint16_t)(i % options->pages);
}

static void uniform(const struct options *options)
{
	for (uint64_t i = 0; i < options->references; i++)
		references[i] = (uint16_t)random_below(options->pages);
}

/* Weights 2^20 / (page + 1); the page is where their running sum passes a random number. */
static void zipf(const struct options *options)
{
	const uint64_t scale = 1 << 20;
	uint64_t total = 0;

	for (uint64_t page = 0; page < options->pages; page++)
		total += scale / (page + 1);
	for (uint64_t i = 0; i < options->references; i++) {
		uint64_t left = random_below(total), page = 0;

		for (; left >= scale / (page + 1); page++)
			left -= scale / (page + 1);
		references[i] = (uint16_t)page;
	}
}

static void phases(const struct options *options)
{
	uint64_t first = 0;

	for (uint64_t i = 0; i < options->references; i++) {
		if (i % options->phase == 0)
			first = random_below(options->pages - options->locality + 1);
		references[i] = (uint16_t)(first + random_below(options->locality));
	}
}

/* Each page of the classic string is a run of pages, which FIFO treats as it did the page. */
static bool belady(const struct options *options)
{
	static const uint8_t classic[] = {0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4};
	uint64_t run = options->pages / 5;

	if (sizeof(classic) * run > REFERENCES_MAX) {
		print_error("pageref: --pattern belady: too many pages\n");
		return false;
	}
	for (size_t i = 0; i < sizeof(classic); i++)
		for (uint64_t page = 0; page < run; page++)
			references[reference_count++] = (uint16_t)(classic[i] * run + page);
	return true;
}

static bool generate(struct options *options)
{
	reference_count = options->references;
	switch (options->pattern) {
	case PATTERN_GIVEN:
		reference_count = 0;
		return given(options);
	case PATTERN_LOOP:
	case PATTERN_SEQUENTIAL:
		loop(options);
		return true;
	case PATTERN_RANDOM:
		uniform(options);
		return true;
	case PATTERN_ZIPF:
		zipf(options);
		return true;
	case PATTERN_PHASES:
		phases(options);
		return true;
	case PATTERN_BELADY:
		reference_count = 0;
		return belady(options);
	}
	return false;
}

static void draw_writes(uint64_t percent)
{
	for (uint64_t i = 0; i < reference_count && percent; i++)
		if (random_below(100) < percent)
			references[i] |= REFERENCE_WRITE;
}

bool string_make(struct string *string, struct options *options)
{
	random_state = options->seed;
	if (!generate(options))
		return false;
	draw_writes(options->write_percent);
	*string = (struct string){.references = references, .count = reference_count};
	for (uint64_t i = 0; i < reference_count; i++)
		string->any_write |= (references[i] & REFERENCE_WRITE) != 0;
	return true;
}

uint64_t string_hash(const struct string *string)
{
	uint64_t hash = 0xCBF29CE484222325ull;

	for (uint64_t i = 0; i < string->count; i++) {
		hash = (hash ^ (string->references[i] & 0xFFu)) * 0x100000001B3ull;
		hash = (hash ^ (string->references[i] >> 8)) * 0x100000001B3ull;
	}
	return hash;
}

void string_print(const struct string *string)
{
	char line[LINE_NUMBERS * 8];

	for (uint64_t i = 0; i < string->count;) {
		size_t length = 0;

		for (unsigned n = 0; n < LINE_NUMBERS && i < string->count; n++, i++) {
			uint16_t reference = string->references[i];

			length += format_text(line + length, sizeof(line) - length, "%s%s%u",
					      n ? "," : "", reference & REFERENCE_WRITE ? "w" : "",
					      reference & (PAGES_MAX - 1));
		}
		print("string %s\n", line);
	}
}

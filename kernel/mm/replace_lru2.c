/*
 * replace_lru2.c - LRU-2 (O'Neil, O'Neil and Weikum 1993), by the accessed bit: the page whose
 * last use but one is longest ago goes; pages used only once go before all others.
 *
 * Uses are seen when the hand comes by. The note keeps the times of the last two uses that were
 * seen, in virtual time, coarsely: UNIT pages given to the process are one unit, counted modulo
 * TIMES. A page read once, however large the file it is of, never pushes out what is used again
 * and again. The access that brought the page in is no second use, so the first look that finds the
 * page accessed only notes that. A page that was not used while the whole memory was exchanged once
 * has lost its merit (the paper's retained information period): else an old locality would stay for
 * ever.
 */
#include "replace.h"

#define UNIT 8u
#define TIME_BITS 9u
#define TIMES (1u << TIME_BITS)
#define USED_TWICE (1u << (2 * TIME_BITS))
#define SEEN TIMES /* not used twice yet, and the access that brought it is done with */

static uint32_t time_of(uint64_t now)
{
	return (uint32_t)(now / UNIT) % TIMES;
}

/* Units since `then`. Longer than TIMES is seen as shorter: such a page is ranked anew soon. */
static uint32_t age(uint32_t now, uint32_t then)
{
	return (now - then) % TIMES;
}

static uint32_t enter(uint64_t now)
{
	return time_of(now);
}

static uint32_t rank(struct replace_page *page)
{
	uint32_t now = time_of(page->now);
	uint32_t last = page->note % TIMES, last_but_one = page->note / TIMES % TIMES;

	if (page->was_accessed && !(page->note & (USED_TWICE | SEEN))) {
		page->note |= SEEN;
	} else if (page->was_accessed && last != now) {
		last_but_one = last;
		last = now;
		page->note = USED_TWICE | last_but_one * TIMES | last;
	}
	if (age(now, last) * UNIT > page->in_set)
		page->note &= ~USED_TWICE;
	if (!(page->note & USED_TWICE))
		return TIMES - age(now, last); /* 1 ... TIMES: the longest unused first */
	return 2 * TIMES - age(now, last_but_one);
}

const struct replace_policy replace_lru2 = {
	.name = "lru2", .window = 8, .looks_at_accessed = true, .enter = enter, .rank = rank};

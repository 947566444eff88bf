/*
 * pick.c - see pick.h.
 */
#include "pick.h"

#define STRETCH 200u /* steps of one way, on average */

enum way { WAY_IN_ORDER, WAY_ANYWHERE, WAY_FAVOURITE, WAY_FAVOURITE_TOO, WAYS };

void random_start(struct random *random, uint64_t seed)
{
	random->state = seed * 0x9E3779B97F4A7C15ull + 0x2545F4914F6CDD1Dull;
	if (!random->state)
		random->state = 1;
	for (unsigned i = 0; i < 8; i++)
		random_next(random);
}

uint64_t random_next(struct random *random)
{
	uint64_t x = random->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	random->state = x;
	return x * 0x2545F4914F6CDD1Dull;
}

uint64_t random_below(struct random *random, uint64_t limit)
{
	return (random_next(random) >> 32) * limit >> 32;
}

/* The cube of a number from 0 to 1 is mostly small. */
static uint64_t near_favourite(const struct pick *pick, struct random *random, uint64_t pages)
{
	uint64_t part = random_next(random) >> 32;

	part = (part * part >> 32) * part >> 32;
	return (pick->favourite + (part * pages >> 32)) % pages;
}

uint64_t pick_page(struct pick *pick, struct random *random, uint64_t pages)
{
	if (!pick->left) {
		pick->left = 1 + (unsigned)random_below(random, 2 * STRETCH);
		pick->way = (unsigned)random_below(random, WAYS);
		pick->cursor = random_below(random, pages);
		if (!random_below(random, 8))
			pick->favourite = random_below(random, pages);
	}
	pick->left--;
	switch ((enum way)pick->way) {
	case WAY_IN_ORDER:
		pick->cursor = pick->cursor + 1 < pages ? pick->cursor + 1 : 0;
		return pick->cursor;
	case WAY_FAVOURITE:
	case WAY_FAVOURITE_TOO:
		return near_favourite(pick, random, pages);
	case WAY_ANYWHERE:
	case WAYS:
		break;
	}
	return random_below(random, pages);
}

/*
 * pick.c - see pick.h.
 */
#include "pick.h"

#define STRETCH 200u /* steps of one way, on average */

enum way { WAY_IN_ORDER, WAY_ANYWHERE, WAY_FAVOURITE, WAY_FAVOURITE_TOO, WAYS };

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

/*
 * pick.h - random numbers that repeat with their seed, and which page comes next.
 */
#pragma once

#include <stdint.h>

struct random {
	uint64_t state; /* not 0 */
};
void random_start(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* Below `limit`, which is below 2^32; 0 for 0. */
uint64_t random_below(struct random *random, uint64_t limit);

/*
 * Pages of one area: now in order, now anywhere, most often near a place that many steps like
 * (the k-th of n pages about as often as in a Zipf distribution), which moves from time to time.
 */
struct pick {
	uint64_t cursor, favourite;
	unsigned way, left; /* steps left of this way */
};
uint64_t pick_page(struct pick *pick, struct random *random, uint64_t pages);

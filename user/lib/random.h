/*
 * random.h - random numbers that repeat with their seed.
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

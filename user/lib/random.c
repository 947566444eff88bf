/*
 * random.c - xorshift64*: see random.h.
 */
#include "random.h"

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

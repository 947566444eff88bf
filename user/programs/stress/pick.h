/*
 * pick.h - which page comes next.
 */
#pragma once

#include <stdint.h>

#include "random.h"

/*
 * Pages of one area: now in order, now anywhere, most often near a place that many steps like
 * (the k-th of n pages about as often as in a Zipf distribution), which moves from time to time.
 */
struct pick {
	uint64_t cursor, favourite;
	unsigned way, left; /* steps left of this way */
};
uint64_t pick_page(struct pick *pick, struct random *random, uint64_t pages);

/*
 * time.h - from counts of the machine's clock to time in 100 ns units.
 */
#pragma once

#include <stdint.h>

#define TIME_UNITS_PER_SECOND 10000000ull

/*
 * Exact to the unit for every count: whole seconds and the rest are converted apart, so nothing
 * overflows for 58,000 years at any frequency up to 1.8 THz.
 */
static inline uint64_t time_from_ticks(uint64_t ticks, uint64_t ticks_per_second)
{
	return ticks / ticks_per_second * TIME_UNITS_PER_SECOND +
	       ticks % ticks_per_second * TIME_UNITS_PER_SECOND / ticks_per_second;
}

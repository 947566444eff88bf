/*
 * range.h - the arithmetic of [base, base + size): the only place that adds user numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * True when [base, base + size) lies within [0, limit), without ever computing base + size. An
 * empty range may stand at limit.
 */
static inline bool range_ok(uint64_t base, uint64_t size, uint64_t limit)
{
	return size <= limit && base <= limit - size;
}

/* True when [base, base + size) lies within [low, high). */
static inline bool range_within(uint64_t base, uint64_t size, uint64_t low, uint64_t high)
{
	return base >= low && range_ok(base, size, high);
}

/* True when [a, a_end) and [b, b_end) have a byte in common. Half-open, both valid. */
static inline bool range_overlaps(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
	return a < b_end && b < a_end;
}

static inline uint64_t round_down(uint64_t value, uint64_t power_of_two)
{
	return value & ~(power_of_two - 1);
}

/* *result = value rounded up; false if that overflows. */
static inline bool round_up_ok(uint64_t value, uint64_t power_of_two, uint64_t *result)
{
	uint64_t sum;

	if (__builtin_add_overflow(value, power_of_two - 1, &sum))
		return false;
	*result = round_down(sum, power_of_two);
	return true;
}

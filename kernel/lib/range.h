/*
 * range.h - the arithmetic of [base, base + size): the only place that adds user numbers.
 *
 * The contracts in ACSL comments are proved: `make prove`, tests/proofs. There integers do not
 * overflow, so base + size means the sum.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * True when [base, base + size) lies within [0, limit), without ever computing base + size. An
 * empty range may stand at limit.
 */
/*@ assigns \nothing;
    ensures \result <==> base + size <= limit; */
static inline bool range_ok(uint64_t base, uint64_t size, uint64_t limit)
{
	return size <= limit && base <= limit - size;
}

/* True when [base, base + size) lies within [low, high). */
/*@ assigns \nothing;
    ensures \result <==> low <= base && base + size <= high; */
static inline bool range_within(uint64_t base, uint64_t size, uint64_t low, uint64_t high)
{
	return base >= low && range_ok(base, size, high);
}

/* The greatest multiple of unit that is not above value. A constant unit makes this one AND. */
/*@ requires unit > 0;
    assigns \nothing;
    ensures \result == value / unit * unit;
    ensures \result <= value < \result + unit; */
static inline uint64_t round_down(uint64_t value, uint64_t unit)
{
	return value / unit * unit;
}

/* *result = value rounded up; false if value + unit - 1 overflows, *result is then unchanged. */
/*@ requires unit > 0 && \valid(result);
    assigns *result;
    ensures \result <==> value + unit - 1 <= UINT64_MAX;
    ensures \result ==> *result == (value + unit - 1) / unit * unit;
    ensures \result ==> value <= *result < value + unit;
    ensures !\result ==> *result == \old(*result); */
static inline bool round_up_ok(uint64_t value, uint64_t unit, uint64_t *result)
{
	if (value > UINT64_MAX - (unit - 1))
		return false;
	*result = round_down(value + (unit - 1), unit);
	return true;
}

/*
 * The lowest, or highest, multiple of unit where size bytes fit into [start, end).
 * => returns: the place, or 0 if there is none.
 */
/*@ requires unit > 0 && size > 0;
    assigns \nothing;
    ensures \result != 0 ==> start <= \result && \result + size <= end;
    ensures \result != 0 && !is_highest ==> \result == (start + unit - 1) / unit * unit;
    ensures \result != 0 && is_highest ==> \let lowest = (start + unit - 1) / unit * unit;
      \result == lowest + (end - size - lowest) / unit * unit;
    ensures \result != 0 && is_highest ==> end < \result + size + unit;
    ensures \result == 0 && 0 < start <= end && start + unit - 1 <= UINT64_MAX ==>
      end < (start + unit - 1) / unit * unit + size; */
static inline uint64_t range_place(uint64_t start, uint64_t end, uint64_t size, uint64_t unit,
				   bool is_highest)
{
	uint64_t lowest;

	if (!round_up_ok(start, unit, &lowest) || end < lowest || end - lowest < size)
		return 0;
	return is_highest ? lowest + round_down(end - size - lowest, unit) : lowest;
}

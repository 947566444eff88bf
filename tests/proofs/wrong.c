/*
 * wrong.c - mistakes with the contracts of the right functions: none of them may be proved.
 *
 * refute: sum_overflows rounding_overflows place_ignores_end room_wraps
 */
#include <stdbool.h>
#include <stdint.h>

/*@ assigns \nothing;
    ensures \result <==> base + size <= limit; */
bool sum_overflows(uint64_t base, uint64_t size, uint64_t limit)
{
	return base + size <= limit;
}

/*@ requires unit > 0 && \valid(result);
    assigns *result;
    ensures \result ==> value <= *result < value + unit; */
bool rounding_overflows(uint64_t value, uint64_t unit, uint64_t *result)
{
	*result = (value + unit - 1) / unit * unit;
	return true;
}

/*@ requires unit > 0 && size > 0;
    assigns \nothing;
    ensures \result != 0 ==> start <= \result && \result + size <= end; */
uint64_t place_ignores_end(uint64_t start, uint64_t end, uint64_t size, uint64_t unit)
{
	if (start > UINT64_MAX - (unit - 1) || end < start || end - start < size)
		return 0;
	return (start + (unit - 1)) / unit * unit;
}

/*@ assigns \nothing;
    ensures \result + taken <= total || \result == 0; */
uint64_t room_wraps(uint64_t total, uint64_t taken)
{
	return total - taken;
}

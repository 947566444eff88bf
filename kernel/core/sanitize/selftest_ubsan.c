/*
 * selftest_ubsan.c - planted undefined behaviour that the machine itself goes on from.
 */
#include "report.h"

#ifdef QUIRE_UBSAN

#include <stddef.h>
#include <stdint.h>

/* What the compiler cannot see through. */
static volatile int32_t highest = INT32_MAX, lowest = INT32_MIN, zero, one = 1, places = 33;
static volatile uint64_t far_away = UINT64_MAX - 7;
static volatile int64_t sink;
static const int32_t four[4] = {1, 2, 3, 4};
static uint8_t bytes[32];

static void plant_add(void)
{
	sink = highest + one;
}

static void plant_subtract(void)
{
	sink = lowest - one;
}

static void plant_multiply(void)
{
	sink = (one + one) * highest;
}

static void plant_negate(void)
{
	sink = -lowest;
}

static void plant_divide(void)
{
	sink = one / zero;
}

static void plant_shift(void)
{
	sink = one << places;
}

static void plant_shift_negative(void)
{
	sink = highest >> lowest;
}

static void plant_index(void)
{
	/* Read nothing beyond the array: the index alone is wrong. */
	sink = (int64_t)(uintptr_t)&four[places];
}

static void plant_misaligned(void)
{
	sink = *(volatile int32_t *)(bytes + 1 + zero + ((4 - (uintptr_t)bytes) & 3));
}

static void plant_pointer(void)
{
	uint8_t *volatile base = (uint8_t *)far_away;

	sink = (int64_t)(uintptr_t)(base + 8 * places);
}

static void plant_bool(void)
{
	bytes[8] = 2;
	sink = *(volatile bool *)&bytes[8 + zero];
}

static void plant_count_zeros(void)
{
	sink = __builtin_ctz((unsigned)zero);
}

static void plant_unreachable(void)
{
	if (zero == 0)
		__builtin_unreachable();
}

#define UBSAN "ubsan: "
const struct selftest selftests_ubsan[] = {
	{"add",
	 UBSAN "2147483647 + 1 is no 'int' at kernel/core/sanitize/selftest_ubsan.c:", plant_add},
	{"subtract", UBSAN "-2147483648 - 1 is no 'int'", plant_subtract},
	{"multiply", UBSAN "2 * 2147483647 is no 'int'", plant_multiply},
	{"negate", UBSAN "0 - -2147483648 is no 'int'", plant_negate},
	{"shift", UBSAN "shift of 1 by 33 is no 'int'", plant_shift},
	{"shift_negative", UBSAN "shift of 2147483647 by -2147483648 is no 'int'",
	 plant_shift_negative},
	{"index", UBSAN "index 33 is outside of 'int32_t [4]'", plant_index},
	{"misaligned", UBSAN "read of 'volatile int32_t' at 0x", plant_misaligned},
	{"pointer", UBSAN "pointer arithmetic from 0x", plant_pointer},
	{"bool", UBSAN "2 is no value of '_Bool'", plant_bool},
	{"count_zeros", UBSAN "zero given to a function that counts zeros", plant_count_zeros},
	{"divide", selftest_fatal, plant_divide},
	{"unreachable", selftest_fatal, plant_unreachable},
	{NULL, NULL, NULL},
};

#endif

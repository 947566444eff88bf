/*
 * bitmap.c - Rtl's bit maps (rtl_bitmap.h). Everything is found by going from run to run, a word at
 * a time.
 */
#include <string.h>

#include "native.h"

#define WORD_BITS 32u

/* What `bit` of the map's words is, turned so that a bit that equals `value` becomes 1. */
static ULONG word_of(const RTL_BITMAP *map, ULONG bit, bool value)
{
	ULONG word = map->Buffer[bit / WORD_BITS];

	return value ? word : ~word;
}

/* The first bit at or behind `start` that equals `value`, or the end of the map. */
static ULONG bit_find(const RTL_BITMAP *map, ULONG start, bool value)
{
	ULONG end = map->SizeOfBitMap;

	while (start < end) {
		ULONG word = word_of(map, start, value) >> start % WORD_BITS;

		if (word) {
			start += (ULONG)__builtin_ctz(word);
			return start < end ? start : end;
		}
		if (end - start <= WORD_BITS - start % WORD_BITS)
			break;
		start += WORD_BITS - start % WORD_BITS;
	}
	return end;
}

/* The next run of bits equal to `value` at or behind `from`: its length, 0 at the end. */
static ULONG run_next(const RTL_BITMAP *map, ULONG from, bool value, ULONG *start)
{
	*start = bit_find(map, from, value);
	return bit_find(map, *start, !value) - *start;
}

static bool range_is_inside(const RTL_BITMAP *map, ULONG start, ULONG count)
{
	return count && start < map->SizeOfBitMap && count <= map->SizeOfBitMap - start;
}

static void range_change(RTL_BITMAP *map, ULONG start, ULONG count, bool value)
{
	if (!range_is_inside(map, start, count))
		return;
	while (count) {
		ULONG first = start % WORD_BITS, bits = WORD_BITS - first, mask;
		ULONG *word = &map->Buffer[start / WORD_BITS];

		if (bits > count)
			bits = count;
		mask = (bits == WORD_BITS ? ~0u : (1u << bits) - 1) << first;
		*word = value ? *word | mask : *word & ~mask;
		start += bits;
		count -= bits;
	}
}

void NTAPI RtlInitializeBitMap(RTL_BITMAP *map, ULONG *words, ULONG bit_count)
{
	*map = (RTL_BITMAP){.SizeOfBitMap = bit_count, .Buffer = words};
}

static void all_change(RTL_BITMAP *map, int byte)
{
	memset(map->Buffer, byte,
	       ((size_t)map->SizeOfBitMap + WORD_BITS - 1) / WORD_BITS * sizeof(ULONG));
}

void NTAPI RtlSetAllBits(RTL_BITMAP *map)
{
	all_change(map, 0xFF);
}

void NTAPI RtlClearAllBits(RTL_BITMAP *map)
{
	all_change(map, 0);
}

void NTAPI RtlSetBits(RTL_BITMAP *map, ULONG start, ULONG count)
{
	range_change(map, start, count, true);
}

void NTAPI RtlClearBits(RTL_BITMAP *map, ULONG start, ULONG count)
{
	range_change(map, start, count, false);
}

void NTAPI RtlSetBit(RTL_BITMAP *map, ULONG index)
{
	range_change(map, index, 1, true);
}

void NTAPI RtlClearBit(RTL_BITMAP *map, ULONG index)
{
	range_change(map, index, 1, false);
}

BOOLEAN NTAPI RtlTestBit(const RTL_BITMAP *map, ULONG index)
{
	return word_of(map, index, true) >> index % WORD_BITS & 1;
}

BOOLEAN NTAPI RtlAreBitsSet(const RTL_BITMAP *map, ULONG start, ULONG count)
{
	return range_is_inside(map, start, count) && bit_find(map, start, false) - start >= count;
}

BOOLEAN NTAPI RtlAreBitsClear(const RTL_BITMAP *map, ULONG start, ULONG count)
{
	return range_is_inside(map, start, count) && bit_find(map, start, true) - start >= count;
}

ULONG NTAPI RtlNumberOfSetBits(const RTL_BITMAP *map)
{
	ULONG start, total = 0;

	for (ULONG from = 0, length; (length = run_next(map, from, true, &start));
	     from = start + length)
		total += length;
	return total;
}

ULONG NTAPI RtlNumberOfClearBits(const RTL_BITMAP *map)
{
	return map->SizeOfBitMap - RtlNumberOfSetBits(map);
}

/* ---- finding ---- */

/* The first `count` bits in a row at or behind `from`. */
static ULONG row_find(const RTL_BITMAP *map, ULONG count, ULONG from, bool value)
{
	ULONG start;

	for (ULONG length; (length = run_next(map, from, value, &start)); from = start + length)
		if (length >= count)
			return start;
	return RTL_BITMAP_NOT_FOUND;
}

static ULONG row_find_hinted(const RTL_BITMAP *map, ULONG count, ULONG hint, bool value)
{
	ULONG found = RTL_BITMAP_NOT_FOUND;

	if (!count || count > map->SizeOfBitMap)
		return RTL_BITMAP_NOT_FOUND;
	if (hint && hint < map->SizeOfBitMap)
		found = row_find(map, count, hint, value);
	return found != RTL_BITMAP_NOT_FOUND ? found : row_find(map, count, 0, value);
}

ULONG NTAPI RtlFindSetBits(const RTL_BITMAP *map, ULONG count, ULONG hint)
{
	return row_find_hinted(map, count, hint, true);
}

ULONG NTAPI RtlFindClearBits(const RTL_BITMAP *map, ULONG count, ULONG hint)
{
	return row_find_hinted(map, count, hint, false);
}

ULONG NTAPI RtlFindSetBitsAndClear(RTL_BITMAP *map, ULONG count, ULONG hint)
{
	ULONG found = row_find_hinted(map, count, hint, true);

	if (found != RTL_BITMAP_NOT_FOUND)
		range_change(map, found, count, false);
	return found;
}

ULONG NTAPI RtlFindClearBitsAndSet(RTL_BITMAP *map, ULONG count, ULONG hint)
{
	ULONG found = row_find_hinted(map, count, hint, false);

	if (found != RTL_BITMAP_NOT_FOUND)
		range_change(map, found, count, true);
	return found;
}

ULONG NTAPI RtlFindNextForwardRunClear(const RTL_BITMAP *map, ULONG from, ULONG *start)
{
	return run_next(map, from, false, start);
}

/*
 * Puts a run where its length belongs among the `count` runs; the shortest one falls out of a full
 * list. => returns: how many there are then.
 */
static ULONG runs_insert(RTL_BITMAP_RUN *runs, ULONG count, ULONG capacity, RTL_BITMAP_RUN run)
{
	ULONG place = count;

	while (place && runs[place - 1].NumberOfBits < run.NumberOfBits)
		place--;
	if (place == capacity)
		return count;
	if (count < capacity)
		count++;
	memmove(&runs[place + 1], &runs[place], (count - place - 1) * sizeof(*runs));
	runs[place] = run;
	return count;
}

ULONG NTAPI RtlFindClearRuns(const RTL_BITMAP *map, RTL_BITMAP_RUN *runs, ULONG capacity,
			     BOOLEAN longest)
{
	RTL_BITMAP_RUN run;
	ULONG count = 0;

	for (ULONG from = 0; (run.NumberOfBits = run_next(map, from, false, &run.StartingIndex));
	     from = run.StartingIndex + run.NumberOfBits) {
		if (longest)
			count = runs_insert(runs, count, capacity, run);
		else if (count < capacity)
			runs[count++] = run;
	}
	return count;
}

ULONG NTAPI RtlFindLongestRunClear(const RTL_BITMAP *map, ULONG *start)
{
	RTL_BITMAP_RUN run;

	if (!RtlFindClearRuns(map, &run, 1, TRUE))
		return 0;
	*start = run.StartingIndex;
	return run.NumberOfBits;
}

CCHAR NTAPI RtlFindMostSignificantBit(ULONGLONG value)
{
	return value ? (CCHAR)(63 - __builtin_clzll(value)) : -1;
}

CCHAR NTAPI RtlFindLeastSignificantBit(ULONGLONG value)
{
	return value ? (CCHAR)__builtin_ctzll(value) : -1;
}

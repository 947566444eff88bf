/*
 * test_rtl_bitmap.c - ntdll's bit maps (user/include/rtl_bitmap.h).
 */
#include <string.h>

#include "guest.h"

#define BITS 100u
#define WORDS 4

static ULONG words[WORDS];
static RTL_BITMAP map;

/* The map with the runs [start, start + count) set, up to a count of 0. */
static void map_make(const RTL_BITMAP_RUN *runs)
{
	memset(words, 0, sizeof(words));
	RtlInitializeBitMap(&map, words, BITS);
	for (; runs->NumberOfBits; runs++)
		RtlSetBits(&map, runs->StartingIndex, runs->NumberOfBits);
}

/* 4-6, 30-39, 64-95, 99: within a word, across two, a whole one, the last bit */
static const RTL_BITMAP_RUN some_runs[] = {{4, 3}, {30, 10}, {64, 32}, {99, 1}, {0, 0}};

/* catches: a mask one bit short at either end; a range that leaves the map written in part */
static void test_set(void)
{
	map_make(some_runs);
	tap_ok(words[0] == 0xC0000070 && words[1] == 0xFF && words[2] == 0xFFFFFFFF &&
		       words[3] == 8,
	       "RtlSetBits, the words");
	RtlSetBits(&map, 98, 3);
	RtlSetBits(&map, 100, 1);
	RtlSetBits(&map, 0, 0);
	RtlSetBits(&map, 1, 0xFFFFFFFF);
	tap_ok(words[0] == 0xC0000070 && words[3] == 8, "not beyond the end, and not in part");
	RtlClearBits(&map, 31, 34);
	tap_ok(words[0] == 0x40000070 && !words[1] && words[2] == 0xFFFFFFFE, "RtlClearBits");
	RtlSetAllBits(&map);
	tap_is_number(words[3], 0xFFFFFFFF, "RtlSetAllBits: whole words");
	tap_is_number(RtlNumberOfSetBits(&map), BITS, "of which the map's count");
	RtlClearAllBits(&map);
	tap_ok(!words[0] && !words[3], "RtlClearAllBits");
}

/* catches: bits behind the map's end counted */
static void test_ask(void)
{
	static const struct {
		ULONG start, count;
		bool set, clear;
	} rows[] = {
		{4, 3, true, false},   {3, 3, false, false},   {4, 4, false, false},
		{64, 32, true, false}, {63, 33, false, false}, {64, 33, false, false},
		{30, 10, true, false}, {40, 24, false, true},  {96, 3, false, true},
		{99, 1, true, false},  {99, 2, false, false},  {100, 1, false, false},
		{0, 0, false, false},  {7, 23, false, true},
	};

	map_make(some_runs);
	words[3] |= 0xFFFFFFF0; /* behind the end */
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		tap_ok(RtlAreBitsSet(&map, rows[i].start, rows[i].count) == rows[i].set,
		       "RtlAreBitsSet(%u, %u)", (unsigned)rows[i].start, (unsigned)rows[i].count);
		tap_ok(RtlAreBitsClear(&map, rows[i].start, rows[i].count) == rows[i].clear,
		       "RtlAreBitsClear(%u, %u)", (unsigned)rows[i].start, (unsigned)rows[i].count);
	}
	tap_is_number(RtlNumberOfSetBits(&map), 46, "RtlNumberOfSetBits");
	tap_is_number(RtlNumberOfClearBits(&map), 54, "RtlNumberOfClearBits");
}

/* catches: a run that ends with the map missed; the hint taken for a limit */
static void test_find(void)
{
	map_make(some_runs);
	tap_is_number(RtlFindSetBits(&map, 3, 0), 4, "RtlFindSetBits: the first that fits");
	tap_is_number(RtlFindSetBits(&map, 4, 0), 30, "passing over a short run");
	tap_is_number(RtlFindSetBits(&map, 32, 0), 64, "a whole word");
	tap_is_number(RtlFindSetBits(&map, 1, 96), 99, "at the end");
	tap_is_number(RtlFindSetBits(&map, 3, 97), 4, "from the start again");
	tap_is_number(RtlFindSetBits(&map, 33, 0), RTL_BITMAP_NOT_FOUND, "none is that long");
	tap_is_number(RtlFindSetBits(&map, BITS + 1, 0), RTL_BITMAP_NOT_FOUND, "nor the map");
	tap_is_number(RtlFindClearBits(&map, 24, 0), 40, "RtlFindClearBits");
	tap_is_number(RtlFindClearBits(&map, 3, 96), 96, "with a hint");
	tap_is_number(RtlFindClearBitsAndSet(&map, 23, 0), 7, "RtlFindClearBitsAndSet");
	tap_ok(RtlAreBitsSet(&map, 4, 36), "they are set");
	tap_is_number(RtlFindSetBitsAndClear(&map, 36, 0), 4, "RtlFindSetBitsAndClear");
	tap_ok(RtlAreBitsClear(&map, 0, 64), "they are clear");
	tap_is_number(RtlFindSetBitsAndClear(&map, 36, 0), RTL_BITMAP_NOT_FOUND, "only once");
}

static void check_run_lists(void)
{
	RTL_BITMAP_RUN runs[3];

	tap_is_number(RtlFindClearRuns(&map, runs, 2, FALSE), 2, "RtlFindClearRuns: the first");
	tap_ok(!runs[0].StartingIndex && runs[0].NumberOfBits == 4 && runs[1].StartingIndex == 7 &&
		       runs[1].NumberOfBits == 23,
	       "in their order");
	tap_is_number(RtlFindClearRuns(&map, runs, 3, TRUE), 3, "RtlFindClearRuns: the longest");
	tap_ok(runs[0].StartingIndex == 40 && runs[1].StartingIndex == 7 &&
		       runs[1].NumberOfBits == 23 && runs[2].StartingIndex == 0,
	       "longest first");
}

/* catches: runs cut at word borders; the longest ones not in order */
static void test_runs(void)
{
	RTL_BITMAP_RUN runs[3];
	ULONG start = 0;

	map_make(some_runs);
	map.SizeOfBitMap = 96; /* whole bytes: Wine 8.0 miscounts at a border within one */
	tap_is_number(RtlFindNextForwardRunClear(&map, 32, &start), 24,
		      "RtlFindNextForwardRunClear");
	tap_is_number(start, 40, "its start");
	tap_is_number(RtlFindLongestRunClear(&map, &start), 24, "RtlFindLongestRunClear");
	tap_is_number(start, 40, "its start");
	if (system_is_wine())
		tap_skip(4, "Wine 8.0 joins runs");
	else
		check_run_lists();
	RtlSetAllBits(&map);
	tap_is_number(RtlFindLongestRunClear(&map, &start), 0, "no run");
	tap_is_number(RtlFindClearRuns(&map, runs, 3, TRUE), 0, "none either");
	tap_ok(RtlFindMostSignificantBit(0x8000000000ull) == 39 &&
		       RtlFindMostSignificantBit(0) == -1,
	       "RtlFindMostSignificantBit");
	tap_ok(RtlFindLeastSignificantBit(0x8000001000ull) == 12 &&
		       RtlFindLeastSignificantBit(0) == -1,
	       "RtlFindLeastSignificantBit");
}

/* Windows exports these; for Wine they are macros of the compiler's headers. */
static void test_single(void)
{
	if (system_is_wine()) {
		tap_skip(2, "Wine has no RtlTestBit, RtlSetBit, RtlClearBit");
		return;
	}
	map_make(some_runs);
	tap_ok(RtlTestBit(&map, 99) && !RtlTestBit(&map, 98) && RtlTestBit(&map, 39), "RtlTestBit");
	RtlSetBit(&map, 98);
	RtlClearBit(&map, 39);
	tap_ok(RtlTestBit(&map, 98) && !RtlTestBit(&map, 39), "RtlSetBit, RtlClearBit");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("Rtl bit maps");
	test_set();
	test_ask();
	test_find();
	test_runs();
	test_single();
	return tap_finish();
}

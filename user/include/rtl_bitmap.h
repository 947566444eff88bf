/*
 * rtl_bitmap.h - Rtl's bit maps: an array of 32-bit words of the caller's, and how many bits of it
 * count. No locks: who shares a map guards it.
 */
#pragma once

typedef struct _RTL_BITMAP {
	ULONG SizeOfBitMap; /* bits */
	ULONG *Buffer;
} RTL_BITMAP;

typedef struct _RTL_BITMAP_RUN {
	ULONG StartingIndex;
	ULONG NumberOfBits;
} RTL_BITMAP_RUN;

#define RTL_BITMAP_NOT_FOUND 0xFFFFFFFFu

/* The bits keep the values that the words have. */
void NTAPI RtlInitializeBitMap(RTL_BITMAP *map, ULONG *words, ULONG bit_count);

/* ---- changing and asking; bits beyond the map's end stay as they are ---- */

/* All words, the part of the last one behind the map's end included. */
void NTAPI RtlSetAllBits(RTL_BITMAP *map);
void NTAPI RtlClearAllBits(RTL_BITMAP *map);
/* A range that does not lie in the map changes nothing. */
void NTAPI RtlSetBits(RTL_BITMAP *map, ULONG start, ULONG count);
void NTAPI RtlClearBits(RTL_BITMAP *map, ULONG start, ULONG count);
/* One bit, which lies in the map. */
void NTAPI RtlSetBit(RTL_BITMAP *map, ULONG index);
void NTAPI RtlClearBit(RTL_BITMAP *map, ULONG index);
BOOLEAN NTAPI RtlTestBit(const RTL_BITMAP *map, ULONG index);
/* Whether all of them are; false for no bits, or if the range does not lie in the map. */
BOOLEAN NTAPI RtlAreBitsSet(const RTL_BITMAP *map, ULONG start, ULONG count);
BOOLEAN NTAPI RtlAreBitsClear(const RTL_BITMAP *map, ULONG start, ULONG count);
ULONG NTAPI RtlNumberOfSetBits(const RTL_BITMAP *map);
ULONG NTAPI RtlNumberOfClearBits(const RTL_BITMAP *map);

/* ---- finding ---- */

/*
 * The start of `count` equal bits in a row: the first at or behind `hint`, else the first of all.
 * => returns: RTL_BITMAP_NOT_FOUND if there is none, or if count is 0.
 */
ULONG NTAPI RtlFindSetBits(const RTL_BITMAP *map, ULONG count, ULONG hint);
ULONG NTAPI RtlFindClearBits(const RTL_BITMAP *map, ULONG count, ULONG hint);
/* The same, and the bits found are changed. */
ULONG NTAPI RtlFindSetBitsAndClear(RTL_BITMAP *map, ULONG count, ULONG hint);
ULONG NTAPI RtlFindClearBitsAndSet(RTL_BITMAP *map, ULONG count, ULONG hint);
/* The next run of clear bits from `from` on: its length; 0 if there is none, *start the end. */
ULONG NTAPI RtlFindNextForwardRunClear(const RTL_BITMAP *map, ULONG from, ULONG *start);
/* The longest run of clear bits, the first of them: its length, or 0 and *start not set. */
ULONG NTAPI RtlFindLongestRunClear(const RTL_BITMAP *map, ULONG *start);
/*
 * Up to `capacity` runs of clear bits: the first ones in their order, or the longest ones, longest
 * first.
 * => returns: how many.
 */
ULONG NTAPI RtlFindClearRuns(const RTL_BITMAP *map, RTL_BITMAP_RUN *runs, ULONG capacity,
			     BOOLEAN longest);
/* The number of the highest or lowest bit that is set; -1 for 0. */
CCHAR NTAPI RtlFindMostSignificantBit(ULONGLONG value);
CCHAR NTAPI RtlFindLeastSignificantBit(ULONGLONG value);

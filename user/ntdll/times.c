/*
 * times.c - times as people write them, random numbers, and images (rtl_system.h).
 */
#include "native.h"

#define TICKS_PER_MILLISECOND 10000
#define TICKS_PER_SECOND 10000000ll
#define SECONDS_PER_DAY 86400
#define DAYS_PER_400_YEARS 146097
#define SECONDS_1601_TO_1970 11644473600ll

/* Days before the month, counting from March; February with its odd length comes last. */
static int days_before(int month_from_march)
{
	return (153 * month_from_march + 2) / 5;
}

/* Days from 1 March 1600 to the date; the year is one from March to February. */
static LONGLONG days_of(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	y -= 1600;
	return y * 365ll + y / 4 - y / 100 + y / 400 + days_before(m) + day - 1;
}

/* 1601-01-01, where NT's time begins, in the days of days_of */
#define DAYS_TO_1601 306

void NTAPI RtlTimeToTimeFields(const LARGE_INTEGER *time, struct time_fields *fields)
{
	LONGLONG seconds = time->QuadPart / TICKS_PER_SECOND;
	LONGLONG days = seconds / SECONDS_PER_DAY + DAYS_TO_1601;
	int rest = (int)(seconds % SECONDS_PER_DAY), month = 0;
	int year = (int)((days * 400 + 400) / DAYS_PER_400_YEARS) + 1600;

	fields->weekday = (SHORT)((days - DAYS_TO_1601 + 1) % 7); /* 1601-01-01 was a Monday */
	fields->hour = (SHORT)(rest / 3600);
	fields->minute = (SHORT)(rest / 60 % 60);
	fields->second = (SHORT)(rest % 60);
	fields->milliseconds = (SHORT)(time->QuadPart % TICKS_PER_SECOND / TICKS_PER_MILLISECOND);
	while (days_of(year, 3, 1) > days) /* the estimate is at most a year off */
		year--;
	while (days_of(year + 1, 3, 1) <= days)
		year++;
	days -= days_of(year, 3, 1);
	while (month < 11 && days_before(month + 1) <= days)
		month++;
	fields->day = (SHORT)(days - days_before(month) + 1);
	fields->month = (SHORT)(month < 10 ? month + 3 : month - 9);
	fields->year = (SHORT)(month < 10 ? year : year + 1);
}

static int days_in_month(int year, int month)
{
	int next_year = month == 12 ? year + 1 : year, next = month == 12 ? 1 : month + 1;

	return (int)(days_of(next_year, next, 1) - days_of(year, month, 1));
}

BOOLEAN NTAPI RtlTimeFieldsToTime(struct time_fields *fields, LARGE_INTEGER *time)
{
	LONGLONG days, seconds;

	if (fields->milliseconds < 0 || fields->milliseconds > 999 || fields->second < 0 ||
	    fields->second > 59 || fields->minute < 0 || fields->minute > 59 || fields->hour < 0 ||
	    fields->hour > 23 || fields->year < 1601 || fields->month < 1 || fields->month > 12)
		return FALSE;
	if (fields->day < 1 || fields->day > days_in_month(fields->year, fields->month))
		return FALSE;
	days = days_of(fields->year, fields->month, fields->day) - DAYS_TO_1601;
	seconds =
		days * SECONDS_PER_DAY + fields->hour * 3600 + fields->minute * 60 + fields->second;
	time->QuadPart = seconds * TICKS_PER_SECOND + fields->milliseconds * TICKS_PER_MILLISECOND;
	return TRUE;
}

BOOLEAN NTAPI RtlTimeToSecondsSince1970(LARGE_INTEGER *time, ULONG *seconds)
{
	LONGLONG result = time->QuadPart / TICKS_PER_SECOND - SECONDS_1601_TO_1970;

	if (result < 0 || result > UINT32_MAX)
		return FALSE;
	*seconds = (ULONG)result;
	return TRUE;
}

void NTAPI RtlSecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER *time)
{
	time->QuadPart = (seconds + SECONDS_1601_TO_1970) * TICKS_PER_SECOND;
}

/* ---- random numbers ---- */

#define RANDOM_LIMIT 0x7FFFFFFFu

ULONG NTAPI RtlUniform(ULONG *seed)
{
	*seed = (ULONG)((0x7FFFFFEDull * *seed + 0x7FFFFFC3) % RANDOM_LIMIT);
	return *seed;
}

ULONG NTAPI RtlRandom(ULONG *seed)
{
	ULONG first = RtlUniform(seed);

	return (first ^ RtlUniform(seed) >> 9) % RANDOM_LIMIT;
}

ULONG NTAPI RtlRandomEx(ULONG *seed)
{
	return RtlRandom(seed);
}

/* ---- images ---- */

IMAGE_NT_HEADERS *NTAPI RtlImageNtHeader(PVOID base)
{
	const IMAGE_DOS_HEADER *header = base;
	IMAGE_NT_HEADERS *headers;

	if (!base || header->e_magic != IMAGE_DOS_SIGNATURE || header->e_lfanew < 0)
		return NULL;
	headers = (IMAGE_NT_HEADERS *)((char *)base + header->e_lfanew);
	return headers->Signature == IMAGE_NT_SIGNATURE ? headers : NULL;
}

PVOID NTAPI RtlImageDirectoryEntryToData(HMODULE base, BOOLEAN is_mapped, WORD directory,
					 ULONG *size_bytes)
{
	const IMAGE_NT_HEADERS *headers = RtlImageNtHeader(base);
	const IMAGE_DATA_DIRECTORY *entry;

	if (!headers || !is_mapped || directory >= headers->OptionalHeader.NumberOfRvaAndSizes)
		return NULL;
	entry = &headers->OptionalHeader.DataDirectory[directory];
	if (!entry->VirtualAddress)
		return NULL;
	*size_bytes = entry->Size;
	return (char *)base + entry->VirtualAddress;
}

/*
 * rtl_system.h - Rtl's times, random numbers, and what an image says of itself.
 * RtlNtStatusToDosError, RtlTimeToSecondsSince1970 and RtlUniform are winternl.h's.
 */
#pragma once

/* TIME_FIELDS: Gregorian, from 1601 on; weekday 0 is Sunday. */
struct time_fields {
	SHORT year, month, day, hour, minute, second, milliseconds, weekday;
};

/* Time is in 100 ns since 1601. */
void NTAPI RtlTimeToTimeFields(const LARGE_INTEGER *time, struct time_fields *fields);
/* The weekday is not looked at. => returns: false for a day or an hour that does not exist. */
BOOLEAN NTAPI RtlTimeFieldsToTime(struct time_fields *fields, LARGE_INTEGER *time);
/* RtlTimeToSecondsSince1970 is false beyond 32 bits; this is the way back. */
void NTAPI RtlSecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER *time);

/* The next number, 0 to 0x7FFFFFFE, of the generator whose state is *seed. Not for secrets. */
ULONG NTAPI RtlRandom(ULONG *seed);
ULONG NTAPI RtlRandomEx(ULONG *seed);

/* NULL if the memory does not begin as an image does. */
IMAGE_NT_HEADERS *NTAPI RtlImageNtHeader(PVOID base);
/*
 * A directory of a mapped image (IMAGE_DIRECTORY_ENTRY_*) and its size in bytes; NULL if it has
 * none. For an image as it lies in the file (is_mapped false) always NULL.
 */
PVOID NTAPI RtlImageDirectoryEntryToData(HMODULE base, BOOLEAN is_mapped, WORD directory,
					 ULONG *size_bytes);

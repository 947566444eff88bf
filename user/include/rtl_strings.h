/*
 * rtl_strings.h - Rtl's counted strings, as ntdll.dll exports them; with what mingw's winternl.h
 * declares already.
 *
 * Length and MaximumLength count bytes, a terminating NUL not included in Length. Text is UTF-16;
 * its 8-bit form ("ANSI") is Latin-1 here, the code page on Windows. Upper case is known for ASCII
 * and Latin-1. Whatever gets a terminating NUL gets it if there is room, unless said otherwise. No
 * function here sleeps or keeps a lock beyond the heap's; strings made by them are freed with
 * RtlFreeUnicodeString or RtlFreeAnsiString.
 */
#pragma once

/*
 * RtlInitUnicodeString and RtlInitAnsiString (winternl.h) describe a terminated text in place and
 * cut it at 0xFFFC or 0xFFFE bytes; these refuse it. NULL: an empty string without a buffer.
 * => returns: STATUS_NAME_TOO_LONG, the target unchanged.
 */
NTSTATUS NTAPI RtlInitUnicodeStringEx(UNICODE_STRING *target, const WCHAR *source);
NTSTATUS NTAPI RtlInitAnsiStringEx(ANSI_STRING *target, const char *source);

/* ---- comparing: < 0, 0, > 0, by code unit and then by length ---- */

LONG NTAPI RtlCompareUnicodeString(const UNICODE_STRING *first, const UNICODE_STRING *second,
				   BOOLEAN ignore_case);
/* The same over texts and their lengths in characters. */
LONG NTAPI RtlCompareUnicodeStrings(const WCHAR *first, SIZE_T first_chars, const WCHAR *second,
				    SIZE_T second_chars, BOOLEAN ignore_case);
BOOLEAN NTAPI RtlEqualUnicodeString(const UNICODE_STRING *first, const UNICODE_STRING *second,
				    BOOLEAN ignore_case);
/* RtlPrefixUnicodeString (winternl.h): whether the second string begins with the first. */
LONG NTAPI RtlCompareString(const STRING *first, const STRING *second, BOOLEAN ignore_case);
BOOLEAN NTAPI RtlEqualString(const STRING *first, const STRING *second, BOOLEAN ignore_case);
BOOLEAN NTAPI RtlPrefixString(const STRING *prefix, const STRING *text, BOOLEAN ignore_case);
/*
 * A number for tables. Algorithm 0 (the default) and 1 are hash = hash * 65599 + character.
 * => returns: STATUS_INVALID_PARAMETER for others, or without a string or a place for the hash.
 */
NTSTATUS NTAPI RtlHashUnicodeString(const UNICODE_STRING *text, BOOLEAN ignore_case,
				    ULONG algorithm, ULONG *hash);

/* ---- copying: what does not fit is cut (Copy) or refused (Append: STATUS_BUFFER_TOO_SMALL) -- */

/* Source NULL: the target becomes empty. */
void NTAPI RtlCopyUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source);
/* No terminating NUL. */
void NTAPI RtlCopyString(STRING *target, const STRING *source);
NTSTATUS NTAPI RtlAppendUnicodeStringToString(UNICODE_STRING *target, const UNICODE_STRING *source);
/* Source NULL: nothing is appended. */
NTSTATUS NTAPI RtlAppendUnicodeToString(UNICODE_STRING *target, const WCHAR *source);
NTSTATUS NTAPI RtlAppendStringToString(STRING *target, const STRING *source);
NTSTATUS NTAPI RtlAppendAsciizToString(STRING *target, const char *source);

/* ---- making ---- */

/* A terminated copy on the process' heap. => returns: false without memory. */
BOOLEAN NTAPI RtlCreateUnicodeString(UNICODE_STRING *target, const WCHAR *source);
/* RtlCreateUnicodeStringFromAsciiz (winternl.h): the same from an 8-bit text. */

#define RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE 1u
#define RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING 2u /* with the first only */
/*
 * A copy on the process' heap; an empty source gives a string without a buffer unless both flags
 * are set.
 * => returns: STATUS_INVALID_PARAMETER (flags, NULL, a source that contradicts itself),
 * STATUS_NO_MEMORY.
 */
NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG flags, const UNICODE_STRING *source,
					 UNICODE_STRING *target);
/* Zeros the whole buffer; the string is empty then. */
void NTAPI RtlEraseUnicodeString(UNICODE_STRING *text);

/* ---- upper and lower case ---- */

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR character);
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR character);
CHAR NTAPI RtlUpperChar(CHAR character);
/*
 * `allocate`: the target gets a buffer of its own, without a NUL; else its buffer is used, and may
 * be the source's. => returns: STATUS_NO_MEMORY; STATUS_BUFFER_OVERFLOW if the source is longer.
 */
NTSTATUS NTAPI RtlUpcaseUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source,
				      BOOLEAN allocate);
NTSTATUS NTAPI RtlDowncaseUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source,
					BOOLEAN allocate);
/* Cuts what does not fit. */
void NTAPI RtlUpperString(STRING *target, const STRING *source);

/* ---- 8-bit and 16-bit: RtlAnsiStringToUnicodeString, RtlUnicodeStringToAnsiString and ... ---- */

/* Bytes that the other form takes, with its NUL. */
ULONG NTAPI RtlAnsiStringToUnicodeSize(const STRING *text);
ULONG NTAPI RtlUnicodeStringToAnsiSize(const UNICODE_STRING *text);
/*
 * Counted texts without NUL; what does not fit is cut. *result_bytes (optional): bytes written.
 * => returns: STATUS_SUCCESS.
 */
NTSTATUS NTAPI RtlMultiByteToUnicodeN(WCHAR *target, ULONG target_bytes, ULONG *result_bytes,
				      const char *source, ULONG source_bytes);
NTSTATUS NTAPI RtlUnicodeToMultiByteN(char *target, ULONG target_bytes, ULONG *result_bytes,
				      const WCHAR *source, ULONG source_bytes);
/* RtlUnicodeToMultiByteSize (winternl.h) and the other way: bytes that the other form takes. */
NTSTATUS NTAPI RtlMultiByteToUnicodeSize(ULONG *result_bytes, const char *source,
					 ULONG source_bytes);

/* ---- numbers; bases are 2, 8, 10 and 16, or 0: as the prefix 0b, 0o, 0x says, else 10 ---- */

/*
 * White space, a sign, digits; stops at what is no digit. No digits are 0; overflow is cut.
 * => returns: STATUS_INVALID_PARAMETER for another base, STATUS_ACCESS_VIOLATION without a place
 * for the number. RtlCharToInteger (winternl.h) does the same for a terminated 8-bit text.
 */
NTSTATUS NTAPI RtlUnicodeStringToInteger(const UNICODE_STRING *text, ULONG base, ULONG *value);
/*
 * Digits in upper case, no prefix, terminated: the buffer must hold the NUL, too. Base 0 is 10.
 * => returns: STATUS_INVALID_PARAMETER, STATUS_BUFFER_OVERFLOW (Length then tells what is needed).
 */
NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING *text);
NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG value, ULONG base, UNICODE_STRING *text);
/*
 * The same in 8 bits into `capacity` bytes, where the NUL may be missing for want of room.
 * => returns: STATUS_ACCESS_VIOLATION without a buffer.
 */
NTSTATUS NTAPI RtlIntegerToChar(ULONG value, ULONG base, ULONG capacity, char *text);

/*
 * numbers.c - numbers as text and back (rtl_strings.h).
 */
#include <string.h>

#include "native.h"

#define MOST_DIGITS 64u /* of a 64-bit number in base 2 */

/* A text of either width. */
struct digits {
	const WCHAR *wide;
	const char *narrow;
	size_t next, count;
};

/* The character at the place, NUL behind the end. */
static WCHAR digits_peek(const struct digits *text, size_t ahead)
{
	size_t place = text->next + ahead;

	if (place >= text->count)
		return 0;
	return text->wide ? text->wide[place] : (unsigned char)text->narrow[place];
}

static unsigned digit_value(WCHAR character)
{
	if (character >= L'0' && character <= L'9')
		return character - (unsigned)L'0';
	if (character >= L'A' && character <= L'F')
		return character - (unsigned)L'A' + 10;
	if (character >= L'a' && character <= L'f')
		return character - (unsigned)L'a' + 10;
	return UINT_MAX;
}

static bool base_is_valid(ULONG base)
{
	return base == 2 || base == 8 || base == 10 || base == 16;
}

/* What the prefix says, which is passed over. */
static ULONG digits_base(struct digits *text)
{
	static const struct {
		WCHAR letter;
		ULONG base;
	} prefixes[] = {{L'b', 2}, {L'o', 8}, {L'x', 16}};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (digits_peek(text, 0) == L'0' && digits_peek(text, 1) == prefixes[i].letter) {
			text->next += 2;
			return prefixes[i].base;
		}
	return 10;
}

static NTSTATUS digits_read(struct digits *text, ULONG base, ULONG *value)
{
	ULONG result = 0;
	bool negative;

	while (text->next < text->count && digits_peek(text, 0) <= L' ')
		text->next++;
	negative = digits_peek(text, 0) == L'-';
	if (negative || digits_peek(text, 0) == L'+')
		text->next++;
	if (!base)
		base = digits_base(text);
	if (!base_is_valid(base))
		return STATUS_INVALID_PARAMETER;
	if (!value)
		return STATUS_ACCESS_VIOLATION;
	for (; digit_value(digits_peek(text, 0)) < base; text->next++)
		result = result * base + digit_value(digits_peek(text, 0));
	*value = negative ? 0 - result : result;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeStringToInteger(const UNICODE_STRING *text, ULONG base, ULONG *value)
{
	struct digits digits = {.wide = text->Buffer, .count = text->Length / sizeof(WCHAR)};

	return digits_read(&digits, base, value);
}

NTSTATUS NTAPI RtlCharToInteger(const char *text, ULONG base, ULONG *value)
{
	struct digits digits = {.narrow = text, .count = strlen(text)};

	return digits_read(&digits, base, value);
}

/* The digits, at the end of the buffer. => returns: how many; 0 for a base that is none. */
static size_t digits_write(ULONGLONG value, ULONG base, char buffer[MOST_DIGITS])
{
	size_t count = 0;

	if (!base)
		base = 10;
	if (!base_is_valid(base))
		return 0;
	do {
		buffer[MOST_DIGITS - ++count] = "0123456789ABCDEF"[value % base];
		value /= base;
	} while (value);
	return count;
}

NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG value, ULONG base, UNICODE_STRING *text)
{
	char buffer[MOST_DIGITS];
	size_t count = digits_write(value, base, buffer);

	if (!count)
		return STATUS_INVALID_PARAMETER;
	text->Length = (USHORT)(count * sizeof(WCHAR));
	if (text->Length >= text->MaximumLength)
		return STATUS_BUFFER_OVERFLOW;
	for (size_t i = 0; i < count; i++)
		text->Buffer[i] = (unsigned char)buffer[MOST_DIGITS - count + i];
	text->Buffer[count] = 0;
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING *text)
{
	return RtlInt64ToUnicodeString(value, base, text);
}

NTSTATUS NTAPI RtlIntegerToChar(ULONG value, ULONG base, ULONG capacity, char *text)
{
	char buffer[MOST_DIGITS];
	size_t count = digits_write(value, base, buffer);

	if (!count)
		return STATUS_INVALID_PARAMETER;
	if (count > capacity)
		return STATUS_BUFFER_OVERFLOW;
	if (!text)
		return STATUS_ACCESS_VIOLATION;
	memcpy(text, buffer + MOST_DIGITS - count, count);
	if (count < capacity)
		text[count] = '\0';
	return STATUS_SUCCESS;
}

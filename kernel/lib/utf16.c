/*
 * utf16.c - names in UTF-16 as NT counts them: 16-bit units, no normalisation, case folded unit by
 * unit.
 */
#include "string.h"

uint16_t utf16_upcase(uint16_t c)
{
	bool is_ascii_lower = c >= 'a' && c <= 'z';
	/*
	 * 0xF7 is the division sign. 0xDF (sharp s) has no capital; that of 0xFF is outside
	 * Latin-1, at 0x178.
	 */
	bool is_latin_lower = c >= 0xE0 && c <= 0xFE && c != 0xF7;

	if (c == 0xFF)
		return 0x178;
	return is_ascii_lower || is_latin_lower ? (uint16_t)(c - 0x20) : c;
}

bool utf16_equal(const uint16_t *a, size_t a_chars, const uint16_t *b, size_t b_chars,
		 bool ignore_case)
{
	if (a_chars != b_chars)
		return false;
	for (size_t i = 0; i < a_chars; i++) {
		if (a[i] == b[i])
			continue;
		if (!ignore_case || utf16_upcase(a[i]) != utf16_upcase(b[i]))
			return false;
	}
	return true;
}

size_t utf16_to_ascii(char *to, size_t capacity, const uint16_t *from, size_t from_chars)
{
	size_t written = 0;

	if (capacity == 0)
		return 0;
	while (written < from_chars && written < capacity - 1) {
		uint16_t c = from[written];

		to[written++] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	to[written] = '\0';
	return written;
}

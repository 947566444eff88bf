/*
 * string.c - the C string functions that programs and ntdll need; mingw's ntdll import library has
 * none of them.
 *
 * Compiled with -fno-tree-loop-distribute-patterns, or gcc would turn memcpy's loop into a call of
 * memcpy. The contracts are C's own (<string.h>, <wchar.h>).
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

/*
 * Words of any alignment and any effective type: x86-64 allows the one, the attributes tell gcc of
 * the other.
 */
typedef uint64_t __attribute__((may_alias, aligned(1))) any_word;

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	unsigned char *target = to;
	const unsigned char *source = from;

	for (; size >= sizeof(any_word); size -= sizeof(any_word)) {
		*(any_word *)target = *(const any_word *)source;
		target += sizeof(any_word);
		source += sizeof(any_word);
	}
	while (size--)
		*target++ = *source++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *target = to;
	const unsigned char *source = from;

	if ((uintptr_t)target - (uintptr_t)source >= size)
		return memcpy(to, from, size);
	while (size--)
		target[size] = source[size];
	return to;
}

void *memset(void *to, int value, size_t size)
{
	unsigned char *target = to;
	uint64_t pattern = 0x0101010101010101ull * (unsigned char)value;

	for (; size >= sizeof(any_word); size -= sizeof(any_word)) {
		*(any_word *)target = pattern;
		target += sizeof(any_word);
	}
	while (size--)
		*target++ = (unsigned char)value;
	return to;
}

int memcmp(const void *first, const void *second, size_t size)
{
	const unsigned char *a = first, *b = second;

	for (; size; size--, a++, b++)
		if (*a != *b)
			return *a < *b ? -1 : 1;
	return 0;
}

void *memchr(const void *from, int value, size_t size)
{
	const unsigned char *text = from;

	for (; size; size--, text++)
		if (*text == (unsigned char)value)
			return (void *)text;
	return NULL;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

int strncmp(const char *first, const char *second, size_t limit)
{
	for (; limit; limit--, first++, second++) {
		if (*first != *second)
			return (unsigned char)*first < (unsigned char)*second ? -1 : 1;
		if (!*first)
			return 0;
	}
	return 0;
}

int strcmp(const char *first, const char *second)
{
	return strncmp(first, second, SIZE_MAX);
}

char *strchr(const char *text, int value)
{
	for (; *text; text++)
		if (*text == (char)value)
			return (char *)text;
	return (char)value ? NULL : (char *)text;
}

size_t wcslen(const wchar_t *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

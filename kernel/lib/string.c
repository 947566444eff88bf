/*
 * string.c - the functions of <string.h> that gcc calls by itself and that the kernel uses. Not
 * compiled on the host.
 *
 * The kernel may not use vector registers, so eight bytes at a time is as wide as it gets. Copies
 * and fills of less than eight bytes at the end are done without a loop.
 */
#include "string.h"

/*
 * gcc would recognise the loops below and replace each with a call of the function that it is in.
 */
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

/* Memory of any type at any address; x86 reads and writes it in one access. */
typedef uint64_t word64_t __attribute__((may_alias, aligned(1)));
typedef uint32_t word32_t __attribute__((may_alias, aligned(1)));
typedef uint16_t word16_t __attribute__((may_alias, aligned(1)));

#define WORD_BYTES sizeof(word64_t)
#define UNROLLED_BYTES (4 * WORD_BYTES)

static inline uint64_t load(const void *from)
{
	return *(const word64_t *)from;
}

static inline void store(void *to, uint64_t value)
{
	*(word64_t *)to = value;
}

/* The last 0-7 bytes, upwards. */
static inline void copy_tail(uint8_t *to, const uint8_t *from, size_t size)
{
	if (size & 4) {
		*(word32_t *)to = *(const word32_t *)from;
		to += 4;
		from += 4;
	}
	if (size & 2) {
		*(word16_t *)to = *(const word16_t *)from;
		to += 2;
		from += 2;
	}
	if (size & 1)
		*to = *from;
}

/*
 * Right also for overlapping memory with `to` below `from`: each word is read before anything at or
 * above it is written.
 */
static inline void copy_up(uint8_t *to, const uint8_t *from, size_t size)
{
	for (; size >= UNROLLED_BYTES; size -= UNROLLED_BYTES) {
		uint64_t a = load(from), b = load(from + 8), c = load(from + 16),
			 d = load(from + 24);

		store(to, a);
		store(to + 8, b);
		store(to + 16, c);
		store(to + 24, d);
		to += UNROLLED_BYTES;
		from += UNROLLED_BYTES;
	}
	for (; size >= WORD_BYTES; size -= WORD_BYTES) {
		store(to, load(from));
		to += WORD_BYTES;
		from += WORD_BYTES;
	}
	copy_tail(to, from, size);
}

/* From the end downwards, for overlapping memory with `to` above `from`. */
static inline void copy_down(uint8_t *to, const uint8_t *from, size_t size)
{
	for (; size >= WORD_BYTES; size -= WORD_BYTES)
		store(to + size - WORD_BYTES, load(from + size - WORD_BYTES));
	while (size--)
		to[size] = from[size];
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	copy_up(to, from, size);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	if ((uintptr_t)to - (uintptr_t)from >= size)
		copy_up(to, from, size);
	else
		copy_down(to, from, size);
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint64_t word = (uint8_t)value * 0x0101010101010101ull;
	uint8_t *at = to;

	for (; size >= UNROLLED_BYTES; size -= UNROLLED_BYTES) {
		store(at, word);
		store(at + 8, word);
		store(at + 16, word);
		store(at + 24, word);
		at += UNROLLED_BYTES;
	}
	for (; size >= WORD_BYTES; size -= WORD_BYTES) {
		store(at, word);
		at += WORD_BYTES;
	}
	copy_tail(at, (const uint8_t *)&word, size);
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	while (size >= WORD_BYTES && load(x) == load(y)) {
		x += WORD_BYTES;
		y += WORD_BYTES;
		size -= WORD_BYTES;
	}
	for (; size; size--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit; limit--, a++, b++) {
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	}
	return 0;
}

char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++) {
		if (!*text)
			return NULL;
	}
	return (char *)(uintptr_t)text;
}

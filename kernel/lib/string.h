/*
 * string.h - the C functions that gcc calls and the few that the kernel uses. Semantics of ISO C.
 *
 * On the host the C library's own are used (this header then only names them).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int c);

/* UTF-16 names. Upper-casing is that of ASCII and Latin-1 (documented limit of our names). */
uint16_t utf16_upcase(uint16_t c);
bool utf16_equal(const uint16_t *a, size_t a_chars, const uint16_t *b, size_t b_chars,
		 bool ignore_case);

/*
 * Copies ASCII for display; other characters become '?'. Always terminates; returns the characters
 * written.
 */
size_t utf16_to_ascii(char *to, size_t capacity, const uint16_t *from, size_t from_chars);

/*
 * format.h - a small snprintf: bounded, without floating point, the same on every system.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define PRINTF_LIKE(text, first) __attribute__((format(gnu_printf, text, first)))

/*
 * Writes at most capacity bytes, NUL included (capacity 0: nothing), and returns the length that
 * the whole text has.
 *
 * Conversions: %d %i %u %x %X %p %c %s %% and %ls (UTF-16, what is not ASCII becomes '?'); flags
 * '-' and '0'; width and precision as numbers or '*'; sizes l (32 bits here, as on Windows), ll and
 * z. %'u and %'d group digits by three with ','.
 */
size_t format_text(char *buffer, size_t capacity, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_arguments(char *buffer, size_t capacity, const char *format, va_list arguments)
	PRINTF_LIKE(3, 0);

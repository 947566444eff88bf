/*
 * print.h - formatted text into a buffer: %d %i %u %x %X %c %s %p %% with hh, h, l, ll, z, width
 * and precision (also *), and the flags '-', '0', '+', ' ', '#'. As ISO C, except that %p is 0x and
 * digits, and that a conversion which we do not have is copied as it stands and takes no argument.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "annotate.h"

/*
 * As ISO C's snprintf: always terminates (capacity > 0), returns the length the whole text would
 * have.
 */
int format_text(char *buffer, size_t capacity, const char *format, ...) PRINTF_LIKE(3, 4);
int format_text_v(char *buffer, size_t capacity, const char *format, va_list arguments);

/*
 * console.h - standard input and output of a program, and the kernel's log.
 */
#pragma once

#include <stddef.h>

#include "format.h"

/*
 * Formatted text (format.h) on standard output or standard error; longer than 1,000 characters it
 * is cut.
 */
void print(const char *format, ...) PRINTF_LIKE(1, 2);
void print_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* Bytes as they are, on standard output. */
void print_bytes(const void *bytes, size_t size_bytes);

/* One line on the kernel's log (NtDisplayString); elsewhere it is lost. The line end is added. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* The next byte of standard input, waiting for it; -1 at its end or when there is none. */
int read_byte(void);

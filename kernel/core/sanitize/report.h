/*
 * report.h - what the sanitizers say.
 */
#pragma once

#include <stdbool.h>

#include "kernel/lib/annotate.h"

/*
 * A finding: a panic with this text, unless a self test expects it; then it is kept for the test
 * and the kernel goes on.
 */
void sanitize_report(const char *format, ...) PRINTF_LIKE(1, 2);

/* From now on findings are kept, and until the next call. */
void report_expect(void);

/* The first finding since report_expect, "" if there was none; how many there were. */
const char *report_taken(unsigned *count);

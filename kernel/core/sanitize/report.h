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

/* From now on findings are kept and counted, until report_taken. */
void report_expect(void);

/* The first finding since report_expect, "" if there was none; how many there were. */
const char *report_taken(unsigned *count);

/*
 * A planted fault. Its report begins with `expected` and then has the name of `plant`; NULL: it is
 * none, and must not be reported; selftest_fatal: one that cannot be gone on from.
 */
struct selftest {
	const char *name, *expected;
	void (*plant)(void);
};
extern const char selftest_fatal[];

/* Tables that end with a name of NULL; the kinds that are not built in have none (selftest_*.c). */
extern const struct selftest selftests_kasan[], selftests_ubsan[], selftests_race[];

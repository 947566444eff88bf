/*
 * assert.h - what must be true if we are right. A user's mistake is a status, never an assertion.
 */
#pragma once

#include "annotate.h"

/* Stops the system: see kernel/core/panic.c (kernel) and tests/sim (host: message and abort). */
_Noreturn void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#define KASSERT(condition) \
	do { \
		if (__builtin_expect(!(condition), 0)) \
			panic("%s:%d: %s: assertion failed: %s", __FILE__, __LINE__, __func__, \
			      #condition); \
	} while (0)

/* Checks that cost too much for every run: in builds with DEBUG=1 only. */
#ifdef QUIRE_DEBUG
#define KASSERT_DEBUG(condition) KASSERT(condition)
#else
#define KASSERT_DEBUG(condition) ((void)sizeof(condition))
#endif

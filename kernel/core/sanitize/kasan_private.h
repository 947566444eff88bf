/*
 * kasan_private.h - what the files of the address sanitizer tell each other.
 */
#pragma once

#include "kasan.h"
#include "kernel/core/symbols.h"

/* An access that the shadow forbids: reported, unless one is being reported. */
struct bad_access {
	uintptr_t address;
	size_t size_bytes;
	bool is_write;
	uintptr_t place; /* in the code */
};
void kasan_report(const struct bad_access *access);

/* Checks an access: what the compiler's calls and the string functions come to. False: it was
 * reported. */
bool kasan_check(uintptr_t address, size_t size_bytes, bool is_write, uintptr_t place);

/* The first byte in the range that may not be touched; false: there is none. */
bool kasan_first_bad(uintptr_t address, size_t size_bytes, uintptr_t *bad);

/* What gcc says of a global variable (its interface; sanopt.cc, asan.cc of GCC). */
struct global {
	uintptr_t start;
	size_t size_bytes, with_redzone_bytes;
	const char *name, *module;
	uintptr_t has_initializer, location, odr_indicator;
};
/* The variable whose bytes or redzone the address is in, or NULL. */
const struct global *global_at(uintptr_t address);

/* The latest release of memory that the address is in. */
struct freed {
	uintptr_t start;
	size_t size_bytes;
	struct callers callers;
	char thread[16];
};
const struct freed *freed_at(uintptr_t address);

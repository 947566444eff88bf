/*
 * race_private.h - what the files of the race detector tell each other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct race_access {
	uintptr_t address;
	size_t size_bytes;
	bool is_write, is_atomic;
	uintptr_t place; /* in the code */
};

/* Each access of the kernel to memory, before it is made. */
void race_check(const struct race_access *access);

/* From now on one of so many accesses sets a watchpoint; the same seed gives the same ones. */
void race_enable(uint64_t seed, uint64_t accesses);

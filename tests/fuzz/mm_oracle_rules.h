/*
 * mm_oracle_rules.h - what both files of the oracle's rules share.
 */
#pragma once

#include "mm_oracle.h"

#define ONE_MODIFIER (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)
#define COPY (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)

static inline struct oracle_expectation must(NTSTATUS status)
{
	return (struct oracle_expectation){.status = status, .other = status};
}

static inline struct oracle_expectation either(NTSTATUS status, NTSTATUS other)
{
	return (struct oracle_expectation){.status = status, .other = other};
}

static inline struct oracle_expectation succeed(uint64_t charge_min, uint64_t charge_max)
{
	return (struct oracle_expectation){.charge_min = charge_min, .charge_max = charge_max};
}

/* C8 */
static inline bool is_valid(uint32_t protection)
{
	uint32_t base = protection & 0xFF, modifier = protection & ~0xFFu;

	if (!base || (base & (base - 1)) || (modifier & ~ONE_MODIFIER))
		return false;
	return !modifier || (!(modifier & (modifier - 1)) && base != PAGE_NOACCESS);
}

#define R 1u
#define W 2u
#define X 4u

/* The sets of 4.3. Copying on write takes no right to write. */
static inline unsigned rights(uint32_t protection)
{
	switch (protection & 0xFF) {
	case PAGE_READONLY:
	case PAGE_WRITECOPY:
		return R;
	case PAGE_READWRITE:
		return R | W;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return R | X;
	case PAGE_EXECUTE_READWRITE:
		return R | W | X;
	}
	return 0;
}

/* Large pages: the machine is too small for 2 MiB of frames that lie together. */
struct oracle_expectation expect_large(vaddr_t base, uint64_t size, uint32_t type,
				       uint32_t protection);

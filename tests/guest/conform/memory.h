/*
 * memory.h - private memory in the conformance suite: the calls with a range that goes in and out.
 */
#pragma once

#include "case.h"

#ifndef MEM_RESERVE_PLACEHOLDER
#define MEM_RESERVE_PLACEHOLDER 0x40000u
#endif
#ifndef MEM_REPLACE_PLACEHOLDER
#define MEM_REPLACE_PLACEHOLDER 0x4000u
#endif
#ifndef MEM_PRESERVE_PLACEHOLDER
#define MEM_PRESERVE_PLACEHOLDER 2u
#endif
#ifndef MEM_COALESCE_PLACEHOLDERS
#define MEM_COALESCE_PLACEHOLDERS 1u
#endif
#define MEM_AT_ROUND_TO_PAGE 0x40000000u

/* Where tests place memory: free in every process that has just started. */
#define FIXED_ADDRESS 0x50000000ull
#define ABOVE_USER (USER_LIMIT + GRANULARITY_BYTES)
#define BAD_POINTER ((void *)8)

/* What a call is told and what it answers, in bytes. */
struct range {
	PVOID base;
	SIZE_T bytes;
};

static inline struct range range_of(uint64_t base, uint64_t bytes)
{
	return (struct range){(PVOID)(uintptr_t)base, bytes};
}

NTSTATUS range_allocate(struct range *range, ULONG type, ULONG protection);
NTSTATUS range_free(struct range *range, ULONG type);
NTSTATUS range_protect(struct range *range, ULONG protection, ULONG *old);

/* Frees a whole allocation, if there is one at `base`. */
void range_drop(PVOID base);
/* Allocates anywhere or ends the program. */
char *range_need(uint64_t bytes, ULONG type, ULONG protection);

/* A handle to this process with just these rights; ends the program if there is none. */
HANDLE process_with(ACCESS_MASK access);

/*
 * shadow.h - kernels built with SAN=kasan: where the shadow of a kernel address is, a byte for
 * eight (kernel/core/sanitize). arch/x86_64 only.
 *
 * SHADOW_OFFSET comes from the Makefile, for the compiler writes the shadow of stacks by itself.
 * It puts the shadow of the kernel image into the image, right behind the rest of it, so that this
 * part is there from the first instruction on.
 */
#pragma once

#include "nt/ntdef.h"

struct boot_info;

#define SHADOW_GRANULE 8u
#define SHADOW_RANGES 3u

/* Addresses that have shadow, in the order in which it is worth looking for them. */
struct shadow_range {
	uintptr_t base;
	uint64_t size_bytes;
};
extern struct shadow_range shadow_ranges[SHADOW_RANGES];

static inline bool has_shadow(uintptr_t address)
{
	return address - shadow_ranges[0].base < shadow_ranges[0].size_bytes ||
	       address - shadow_ranges[1].base < shadow_ranges[1].size_bytes ||
	       address - shadow_ranges[2].base < shadow_ranges[2].size_bytes;
}

#define SHADOW_OF(address) ((address) / SHADOW_GRANULE + SHADOW_OFFSET)

#ifdef SHADOW_OFFSET
static inline int8_t *shadow_of(uintptr_t address)
{
	return (int8_t *)SHADOW_OF(address);
}
#endif

/*
 * Takes memory for the shadow of all RAM and of kernel stacks out of the usable ranges, and maps
 * it: all may be touched. Panics if there is too little, or more RAM than there is room for.
 * => order: once paging_init has run, before the first other root is made. Boot only.
 */
void arch_shadow_init(struct boot_info *info);

/*
 * stacks.h - the stacks that stand outside any thread (descriptors.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BOOT_STACK_BYTES 16384

/* The boot stack and one for each IST entry; stacks_guard takes away the page below each. */
#define STATIC_STACKS 5
void stacks_guard_addresses(uint64_t addresses[STATIC_STACKS]);

/* Takes the guard pages below these stacks out of the kernel image. Once paging_init has run. */
void stacks_guard(void);

void boot_stack_bounds(uintptr_t *base, uintptr_t *top);

/* The boot or IST stack that `address` lies in; false if none. */
bool stack_find_static(uintptr_t address, uintptr_t *base, uintptr_t *top);

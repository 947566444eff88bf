/*
 * guard_test.h - do the hardware's guards protect? Debug kernel alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arch/pte.h"

struct trap_frame;

#ifdef QUIRE_DEBUG
/*
 * Makes the mistakes that WP, NX, SMEP and SMAP must catch, each once, and panics unless a page
 * fault with the right error code came of each; a guard that the CPU lacks is left out. UMIP shows
 * in user mode only (tests/guest/test_hygiene.c).
 * => order: paging_init, before there is any process. `text` is then what was caught.
 */
void guard_test(char *text, size_t capacity);
/* A page fault of the kernel: was it one of these? Then the frame leads on. (trap.c) */
bool guard_probe_caught(struct trap_frame *frame, vaddr_t address);
#else
static inline bool guard_probe_caught(struct trap_frame *frame, vaddr_t address)
{
	(void)frame;
	(void)address;
	return false;
}
#endif

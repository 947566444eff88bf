/*
 * sanitize.h - kernels built with SAN=: what start-up does for them. Other kernels have nothing of
 * it.
 */
#pragma once

#include "kernel/lib/annotate.h"

struct boot_info;

#ifdef QUIRE_SANITIZE

/* => order: right after arch_init; takes memory out of info's ranges for SAN=kasan. */
void sanitize_start(struct boot_info *info);

/*
 * Runs the planted faults that the knob `selftest` names, when the machine has started. One ends in
 * a panic with its report; "all" runs those that can go on one after the other, and compares what
 * is reported with what is expected. A kernel thread's.
 */
void selftest_run(void);

/* No findings any more: a panic is under way, and has something to say itself. */
void sanitize_stop(void);

#else

static inline void sanitize_start(struct boot_info *info)
{
	(void)info;
}
static inline void selftest_run(void)
{
}
static inline void sanitize_stop(void)
{
}

#endif

/*
 * zero_pool.h - free frames zeroed ahead of time, while the CPU has nothing else to do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/annotate.h"

/*
 * Zeroes one free frame, if the zeroed list is shorter than the knob `zeropool` and the free frames
 * are not all the kernel's. Preemption is allowed at any point but under frame_lock.
 * => locks: none may be held. => may sleep: no. => returns: false when there was nothing to do.
 */
bool zero_pool_work(void);

/* Frames zeroed so since the start. */
uint64_t zero_pool_pages(void);

/*
 * around.h - pages of a segment that one fault maps besides its own.
 */
#pragma once

#include "fault.h"

/*
 * After a fault that found its page in memory, for reading or executing, and mapped it in `slot`:
 * maps up to `around` - 1 (a knob) pages behind it as well, as long as they are in memory, their
 * slots in the same page table, still empty, and in the same region. They get the rights that the
 * region gives to shared pages, so a copy-on-write page stays read-only, and no accessed bit. Makes
 * no room: it ends where the working set has none.
 * => locks: the space's. Takes no memory, does not sleep.
 */
void around_map_locked(struct fault *fault, const struct region *region, pte_t *slot)
	REQUIRES(frame_lock);

/*
 * reclaim.h - making room. What needs a frame calls frame_alloc_wait (frame.h).
 */
#pragma once

#include "types.h"

/*
 * One step towards a free frame: trims processes, and writes modified pages if that brought none
 * to standby. Needs no memory. => locks: none may be held. => may sleep.
 * => returns: true: something changed.
 */
bool reclaim_some(void);

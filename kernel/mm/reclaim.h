/*
 * reclaim.h - making room. What needs a frame calls frame_alloc_wait (frame.h).
 */
#pragma once

#include "types.h"

/*
 * One step towards a free frame: writes modified pages, or trims processes if there are none. Needs
 * no memory. => locks: none may be held. => may sleep.
 * => returns: true: something changed.
 */
bool reclaim_some(void);

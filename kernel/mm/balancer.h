/*
 * balancer.h - the thread that makes room before somebody needs it.
 */
#pragma once

#include <stdbool.h>

#include "kernel/lib/annotate.h"

/*
 * Starts the thread "balancer". Boot only, once, after the disk is there. Without it everything
 * works: whoever needs a frame makes room for it (reclaim.c).
 * => returns: false: no memory for its stack.
 */
bool balancer_start(void) MUST_CHECK;

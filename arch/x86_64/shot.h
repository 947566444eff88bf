/*
 * shot.h - what trap.c tells shot.c: that the interrupt which arch_shot_arm asked for has come.
 */
#pragma once

#include <stdbool.h>

struct trap_frame;

/*
 * VECTOR_SHOT or an NMI, first thing in its handler. => returns: it is the one that was asked for;
 * release builds: never.
 */
#ifdef QUIRE_DEBUG
bool shot_take(const struct trap_frame *frame);
#else
static inline bool shot_take(const struct trap_frame *frame)
{
	(void)frame;
	return false;
}
#endif

/*
 * frame_private.h - what frame.c and frame_alloc.c tell each other.
 */
#pragma once

#include "frame.h"

/* A frame has come to the list of this state: somebody may wait for that. */
void frame_listed_locked(enum frame_state state) REQUIRES(frame_lock);

/* HELD -> ZEROED: its content is all zero. */
void frame_make_zeroed_locked(struct frame *frame) REQUIRES(frame_lock);

/* Debug builds: fills a frame that becomes free. (frame_poison.c) */
void frame_poison(struct frame *frame) REQUIRES(frame_lock);

/* Boot: the knob `frames` (0: none), and usable frames that were added. */
void frame_limits_init(uint64_t limit);
void frame_limits_add(uint64_t frames);

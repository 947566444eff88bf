/*
 * log.h - the kernel log: lines on the log console, and recent events in a ring that panic prints.
 */
#pragma once

#include "kernel/lib/annotate.h"

/*
 * One line "[seconds.micros] text"; no newline needed, and one inside makes two lines. At most
 * about 1000 characters; what is longer is cut. May be called before threads exist.
 * => locks: takes a leaf spinlock; not under a spinlock.
 */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * Stage marks for the runner and the human: firmware, loader, kernel, init, program. A line of the
 * log and a mark.
 */
void log_stage(const char *stage);

/*
 * Recent events (faults that end a program, exceptions, process starts), kept in memory, printed by
 * panic only. Callable anywhere. Costs about a thousand instructions: not for the way of every page
 * fault.
 */
void log_event(const char *format, ...) PRINTF_LIKE(1, 2);

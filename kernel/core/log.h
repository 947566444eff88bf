/*
 * log.h - the kernel log: lines on the log console and in a ring that panic prints.
 */
#pragma once

#include "kernel/lib/annotate.h"

/* One line "[seconds.micros] text"; no newline needed. Not under a spinlock. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* Stage marks for the runner and the human: firmware, loader, kernel, init, program. */
void log_stage(const char *stage);

/* Recent events (faults, exceptions, process starts), kept in memory, printed by panic only. Callable anywhere. */
void log_event(const char *format, ...) PRINTF_LIKE(1, 2);

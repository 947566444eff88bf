/*
 * report.h - how the tour shows a step: what it does, and a table of what was seen beside what was
 * expected.
 */
#pragma once

#include "console.h"
#include "native.h"
#include "system.h"

/* A numbered heading with one or two lines of explanation (NULL: only one). */
void step_begin(const char *title, const char *line1, const char *line2);

/* An indented line of text. */
void step_say(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * Between measure_start and measure_stop faults are counted; system calls, but nothing that prints,
 * may stand between. The rows of the table follow: first step_faults for each expected class, then
 * step_value, then step_other_faults.
 */
void measure_start(void);
void measure_stop(void);
void step_faults(enum quire_fault_class class, uint64_t expected);
void step_disk_reads(uint64_t expected);
/* All classes without a row since measure_start: 0 is expected. */
void step_other_faults(void);

/* Any other number. `counted` values exist only on Quire, and the row is left out elsewhere. */
void step_value(const char *label, uint64_t seen, uint64_t expected);
void step_counted(const char *label, uint64_t seen, uint64_t expected);
/* A system call that must succeed: ends the tour with a message and its status if it does not. */
void step_need(NTSTATUS status, const char *what);

/* Faults of a class between measure_start and measure_stop. */
uint64_t measured_faults(enum quire_fault_class class);

/* The last lines. => returns: the exit status. */
NTSTATUS tour_end(void);

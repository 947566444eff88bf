/*
 * tap.h - the Test Anything Protocol for programs that run in the guest: one line per check, the
 * plan at the end.
 *
 * A program calls tap_start, then checks, and returns tap_finish() as its exit status (0:
 * everything was ok). A line that fails is followed by "# seen ..., expected ...". What cannot be
 * checked on this system is skipped with a reason.
 */
#pragma once

#include "format.h"
#include "native.h"

/* Prints the version line and what the program is about. */
void tap_start(const char *title);
NTSTATUS tap_finish(void);

bool tap_ok(bool condition, const char *format, ...) PRINTF_LIKE(2, 3);
bool tap_is_status(NTSTATUS seen, NTSTATUS expected, const char *format, ...) PRINTF_LIKE(3, 4);
bool tap_is_number(uint64_t seen, uint64_t expected, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * tap_is_status that under Wine also takes `wine` (a known difference, nt-semantics section 9);
 * elsewhere only `expected`.
 */
bool tap_is_status_or(NTSTATUS seen, NTSTATUS expected, NTSTATUS wine, const char *format, ...)
	PRINTF_LIKE(4, 5);
/*
 * Any of INVALID_PARAMETER, its numbered forms and _MIX where the system is not Quire; there only
 * `expected`.
 */
bool tap_is_bad_parameter(NTSTATUS seen, NTSTATUS expected, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* `count` checks that this system cannot make. */
void tap_skip(unsigned count, const char *reason);
/* A line of explanation. */
void tap_note(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * Mechanism: checks what a stretch of code cost in faults. tap_faults_start reads the counters;
 * tap_faults_are compares the difference of one class. Skipped where there are no counters.
 */
void tap_faults_start(void);
void tap_faults_stop(void);
bool tap_faults_are(enum quire_fault_class class, uint64_t expected, const char *text);
/*
 * All classes not named between start and here must be 0: call after the tap_faults_are of one
 * stretch.
 */
bool tap_no_other_faults(const char *text);

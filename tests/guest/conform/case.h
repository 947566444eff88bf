/*
 * case.h - the conformance suite: programs made of cases, each one statement of the specification
 * of calls with the value that is documented and the value that is seen.
 *
 * A case prints one TAP line ("ok" exactly if seen is as documented) and one line for the matrix:
 *
 *     # case CALL | ID | WHAT | DOCUMENTED | SEEN
 *
 * CALL is set once for a group of cases. ID is the row of the specification: "P1.9" for the
 * assertions of section 10, "3.1.1/6" for a row of a table, "4.1 RO x RW" for a cell of a matrix.
 * CALL, ID and WHAT together name the case on every system, so they hold no addresses or times.
 * What is known of Wine stands in files (README.md), not here: a program has one documented value.
 */
#pragma once

#include "tests/guest/guest.h"

/* Begins and ends a program; the title must be a string in the source (the test engine reads it).
 */
void case_start(const char *title);
/* => returns: the program's exit status. */
NTSTATUS case_finish(void);

/* The call that the cases from here on are about. */
void case_call(const char *call);

/*
 * case_call, and the call's address from the running ntdll: for calls that not every system has.
 * => returns: where it is absent a function that returns STATUS_ENTRYPOINT_NOT_FOUND and does
 * nothing; every case of an absent call is then skipped (and on Quire fails).
 */
PVOID case_find_call(const char *call);

/*
 * The next case rests on a choice of ours, because the specification is silent or of low
 * confidence: Wine's value is shown and not judged.
 */
void case_chosen(void);

/* Seen and documented; true where they agree. Statuses are printed by name. */
bool case_status(const char *id, const char *what, NTSTATUS seen, NTSTATUS documented);
/* Both values are documented; the first is Quire's. Elsewhere either is right. */
bool case_status_either(const char *id, const char *what, NTSTATUS seen, NTSTATUS documented,
			NTSTATUS other);
bool case_number(const char *id, const char *what, uint64_t seen, uint64_t documented);
bool case_text(const char *id, const char *what, const char *seen, const char *documented);
bool case_true(const char *id, const char *what, bool seen);
/* PAGE_* values, printed as RW, GUARD+RO, ... */
bool case_protection(const char *id, const char *what, ULONG seen, ULONG documented);
/* MEM_COMMIT, MEM_RESERVE, MEM_FREE */
bool case_state(const char *id, const char *what, ULONG seen, ULONG documented);

/* This system cannot show it, for this reason. On Quire that is a failure. */
void case_skip(const char *id, const char *what, const char *reason);

/* A text made of parts, for `id` and `what`; the last 16 stay valid at least. */
const char *case_format(const char *format, ...) PRINTF_LIKE(1, 2);

/* "RW", "XRW", "GUARD+RO": the short names of the specification; valid as case_format's. */
const char *protection_text(ULONG protection);

/*
 * ---- accesses that may fault ----
 * => returns: STATUS_SUCCESS, or the status of the exception that the access raised (first chance,
 * through a vectored handler; STATUS_ENTRYPOINT_NOT_FOUND where there are no such handlers). The
 * program goes on in either case. One thread at a time.
 */
NTSTATUS case_load(const void *address);
NTSTATUS case_store(void *address, unsigned char value);
/* Calls the address, where a `ret` (0xC3) must stand if it can be reached. */
NTSTATUS case_execute(const void *address);
/* The exception of the last access: EXCEPTION_RECORD's parameters; 0 parameters if there was none.
 */
ULONG case_fault_parameter_count(void);
uint64_t case_fault_parameter(unsigned number);

/*
 * ---- scratch files ----
 * Makes (or makes anew) a file of `bytes` bytes of "A" in C:\data, synchronous, sharing everything,
 * and opens it with `access` and SYNCHRONIZE. Each program takes names that begin with its own.
 * => returns: the status of what failed first.
 */
NTSTATUS case_file(HANDLE *file, const char *path, uint64_t bytes, ACCESS_MASK access);

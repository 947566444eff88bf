/*
 * failures.h - an operation that meets every failure on its way: the 1st, 2nd, 3rd ... place where
 * the kernel may be refused something fails, until the operation succeeds (QUIRE_SYSTEM_FAILURES).
 *
 * After each failure: the status is one of those that this kind of failure may have (the table in
 * failures.c); handles, commit, views, pool, files and processes are as before; now and then the
 * kernel checks all its books. With the knob hash=1 the kernel compares the caller's memory map
 * and handles too.
 */
#pragma once

#include "guest.h"

struct scenario {
	const char *name;
	/* What the operation uses up; not counted, and nothing fails. May be NULL. */
	void (*prepare)(void *context);
	NTSTATUS (*perform)(void *context);
	/* Gives back what prepare made, and perform if it succeeded. May be NULL. */
	void (*undo)(void *context, NTSTATUS status);
	void *context;
	/* Kinds that perform survives, so that it may succeed: bits of enum quire_fail_kind. */
	uint32_t absorbed;
	/* Statuses beyond those of the table that are right here. */
	NTSTATUS also[3];
	/* A failure may leave tables of a file's blocks, which go with the file. */
	bool keeps_tables;
	/* The kinds that fail; 0: all. */
	uint32_t kinds;
};

/* Failures and complaints of all scenarios so far. */
struct failure_counts {
	unsigned scenarios, failures, complaints;
};
extern struct failure_counts failure_counts;
/* Scenarios run with all pairs of two failures, too: long. */
extern bool failures_in_pairs;

/* False, with a skip, where the kernel does not fail on purpose. Starts the recording. */
bool failures_begin(void);

/* One failure at a time. => returns: complaints, which are printed. */
unsigned scenario_run(const struct scenario *scenario);

/* Plans for the caller, and what became of it. */
void plan_begin(uint32_t kinds, uint32_t first, uint32_t second);
#define ALL_FAILURES ((1u << QUIRE_FAIL_KINDS) - 1)
/*
 * All but copies, for who touches memory: the exception that tells of the first failure is made by
 * copies.
 */
#define BUT_COPIES (ALL_FAILURES & ~(1u << QUIRE_FAIL_COPY_IN | 1u << QUIRE_FAIL_COPY_OUT))
struct quire_failures plan_end(void);
/* For a thread that does not run. */
void plan_give(HANDLE thread, uint32_t first);
/* Failures of all threads since the start. */
uint64_t failures_total(void);

/*
 * From here on a page fault of this program that cannot be resolved is tried again, once, and its
 * status noted: only one failure was to come. => returns: the handler, to be removed.
 */
PVOID faults_note(void);
extern volatile NTSTATUS touch_status; /* STATUS_SUCCESS before an operation */

/* The kernel checks its books; a line of TAP comment with the counts. */
void failures_tell(void);

/* Prints the chains of calls that were met and never failed. => returns: how many. */
unsigned chains_report(void);
/* The line of TAP about them: there are none. */
void chains_check(void);

/*
 * fail_groups.h - the scenarios of test_fail, by what they are about. Each group runs in a child of
 * its own.
 */
#pragma once

#include "calls.h"
#include "failures.h"

/* A call with some of its arguments replaced: {index, value}, the unused {0, 0} at the end. */
struct call_variant {
	const char *call, *what;
	struct {
		unsigned index;
		uint64_t value;
	} changes[3];
};
extern const struct call_variant call_variants[];
extern const size_t call_variants_count;

/* fail_calls.c: one call of syscalls.def and its variants. */
bool fail_call_is_possible(const struct call *call);
NTSTATUS fail_call_run(const char *name);

/* Scenarios with operations of their own. */
void fail_memory_run(void);
void fail_files_run(void);
void fail_objects_run(void);
void fail_faults_run(void);
void fail_programs_run(void);
/* fail_programs.c: a child that does something while its nth point fails,
 * or that and another one behind it. */
NTSTATUS fail_child_run(const char *name, uint32_t nth, bool twice);

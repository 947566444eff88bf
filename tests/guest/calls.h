/*
 * calls.h - every system call of syscalls.def with arguments that make it succeed: what the
 * generated tests (test_badptr, test_badhandle) change, one argument at a time.
 *
 * A call that syscalls.def has and the tables in calls*.c have not makes those tests fail: so none
 * can be forgotten.
 */
#pragma once

#include "call_table.h"

/* Objects and memory that the valid arguments name. Once, before the first call_prepare. */
void calls_init(void);

/*
 * In a copy of the process that called calls_init: where the call's arguments named the process or
 * its thread, they name the copy's own from here on.
 */
void calls_adopt(const struct call *call);

/* Does the table have valid arguments for it? */
bool call_is_known(const struct call *call);

/*
 * Arguments with which the call succeeds, new ones each time where it uses them up. What it makes
 * stays until the process ends. For a call that is known.
 */
void call_prepare(const struct call *call, uint64_t *arguments);

/* A handle to an object of the type, with all its rights; NULL for a type that nothing here has. */
HANDLE call_object(const char *type);

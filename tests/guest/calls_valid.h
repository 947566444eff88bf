/*
 * calls_valid.h - valid arguments of calls, for the files that make up the table of calls.
 */
#pragma once

#include "calls.h"

struct valid {
	const char *name;
	uint64_t values[CALL_ARGUMENTS]; /* of the parameters that are values */
	/* the rest: objects, memory, contents of the pointers' slots; NULL: nothing */
	void (*fill)(uint64_t *arguments);
};

/* The memory calls of calls_memory.c; NULL: the call is not one of them. */
const struct valid *valid_find_memory(const char *name);

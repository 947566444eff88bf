/*
 * calls_valid.h - the table of valid arguments, for the files that it is spread over.
 */
#pragma once

#include "calls.h"

#define SLOT(index, type) ((type *)(uintptr_t)arguments[index])

struct valid {
	const char *name;
	uint64_t values[CALL_ARGUMENTS]; /* of the parameters that are values */
	void (*fill)(uint64_t *arguments);
};

/* calls_objects.c: the calls about objects, and the objects that they need. */
extern const struct valid object_valids[];
extern const size_t object_valids_count;
NTSTATUS calls_objects_init(void);
/* NULL: none of that type. */
HANDLE call_object_of(const char *type);

/* calls_memory.c: NULL: the call is not one of the memory calls there. */
const struct valid *valid_find_memory(const char *name);

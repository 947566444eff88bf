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

/* One file's rows. */
struct valid_table {
	const struct valid *rows;
	size_t count;
};
extern const struct valid_table valid_objects; /* calls_objects.c */
extern const struct valid_table valid_memory;  /* calls_memory.c */

/* calls_objects.c: the objects that its calls need, and one by type. NULL: none of that type. */
NTSTATUS calls_objects_init(void);
HANDLE call_object_of(const char *type);

/* calls.c: for the rows' own use. */
void attributes_fill(OBJECT_ATTRIBUTES *attributes, UNICODE_STRING *name, const WCHAR *text);
/* 64 KiB of private memory; type: MEM_RESERVE, MEM_COMMIT and so on. */
char *block_make(ULONG type);

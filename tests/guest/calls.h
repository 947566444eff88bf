/*
 * calls.h - every system call of syscalls.def with arguments that make it succeed: what the
 * generated tests (test_badptr, test_badhandle) change, one argument at a time.
 *
 * A call that syscalls.def has and the tables in calls*.c have not makes those tests fail: so none
 * can be forgotten.
 */
#pragma once

#include "native.h"

#define CALL_ARGUMENTS 11

enum parameter_kind {
	PARAMETER_VALUE,
	PARAMETER_HANDLE,
	PARAMETER_OUTPUT,
	PARAMETER_INPUT,
	PARAMETER_BOTH,
	PARAMETER_OUTPUT_BUFFER, /* its length is another parameter */
	PARAMETER_INPUT_BUFFER,
	PARAMETER_ATTRIBUTES,
	PARAMETER_STRUCTURE, /* with a shape of its own */
};

struct call_parameter {
	enum parameter_kind kind;
	bool is_optional;
	char type[16];		  /* of a handle; "" is any */
	unsigned bytes;		  /* of an output, input or both */
	unsigned length_argument; /* of a buffer: index of its length */
};

typedef NTSTATUS(NTAPI *call_entry)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
				    uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

struct call {
	const char *name;
	call_entry entry;
	unsigned argument_count;
	struct call_parameter parameters[CALL_ARGUMENTS];
};

/* How many calls there are, and number `index` of them. */
size_t calls_count(void);
struct call call_at(size_t index);
/* False: no call has this name. */
bool call_find(const char *name, struct call *call);

NTSTATUS call_perform(const struct call *call, const uint64_t *arguments);

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

/* Is the parameter a pointer, and does the call read or write there? */
bool parameter_is_pointer(const struct call_parameter *parameter);
bool parameter_is_read(const struct call_parameter *parameter);
bool parameter_is_written(const struct call_parameter *parameter);
/* Bytes that the pointer covers, given the other arguments. */
size_t parameter_bytes(const struct call_parameter *parameter, const uint64_t *arguments);

/*
 * call_table.h - every system call as syscalls.def has it: the name, the entry of ntdll, and what
 * is known of each parameter. What is generated from that list (tests, the fuzzer) forgets no call.
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

/* Is the parameter a pointer, and does the call read or write there? */
bool parameter_is_pointer(const struct call_parameter *parameter);
bool parameter_is_read(const struct call_parameter *parameter);
bool parameter_is_written(const struct call_parameter *parameter);
/* Bytes that the pointer covers, given the other arguments. */
size_t parameter_bytes(const struct call_parameter *parameter, const uint64_t *arguments);

/*
 * offsets.c - checks that the numbers in offsets.inc, which nasm uses, are those of the C
 * structures. No code.
 */
#include "kernel/core/thread.h"

#include "cpu.h"
#include "stacks.h"
#include "trap.h"
#include "trap_frame.h"

#define PURPOSE(text)
#define OFFSET(name, structure, field, value) \
	_Static_assert(offsetof(struct structure, field) == (value), #name " in offsets.inc")
#define CONSTANT(name, value) _Static_assert((name) == (value), #name " in offsets.inc")

#include "offsets.inc"

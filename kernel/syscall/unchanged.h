/*
 * unchanged.h - with the knob hash=1: a system call that fails must have changed nothing.
 *
 * What is compared is the caller's own: views, regions, protections and commit of its address
 * space, and its handles with objects, access and attributes. Left out are calls during which
 * another thread ran, for it may have changed anything, and the exceptions in unchanged.c.
 */
#pragma once

#include "syscall.h"

struct call_state {
	uint64_t space, handles; /* hashes */
	uint64_t guard_faults;	 /* touching a guard page changes it, whoever does */
	uint64_t run_ticks;	 /* of the thread: changes when another one runs */
};

/* Before the call. No lock held; may sleep. */
void call_state_read(struct call_state *state);
/* After it; panics with its name if it failed and the state differs. */
void call_state_check(const struct call_state *before, const char *name, const uint64_t *arguments,
		      NTSTATUS status);

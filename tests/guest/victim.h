/*
 * victim.h - objects for calls that would end or stop what the valid arguments of calls.h name: a
 * suspended thread, a suspended process.
 */
#pragma once

#include "calls.h"
#include "child.h"

struct victim {
	HANDLE handle;
	struct child child; /* process and thread NULL: none */
	bool is_ours;	    /* a thread that victim_end ends */
};

/* For a handle parameter: one of its own where the call needs that, else `prepared`. */
struct victim victim_make(const struct call *call, unsigned argument, uint64_t prepared);
/* Ends and closes what was made. */
void victim_end(const struct victim *victim);

/*
 * Our own program, suspended; the caller closes it (child_close). A call may let it run: it has an
 * argument, with which the program must end at once.
 */
struct child victim_child(void);

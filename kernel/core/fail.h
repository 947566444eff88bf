/*
 * fail.h - failures on purpose: every place where something may be refused asks here first, and a
 * thread may have a plan which of them refuses. Debug kernels and host tests only: elsewhere
 * fail_point is the constant false.
 *
 * A point stands where the refusal begins (the allocator, not its callers), so that what follows
 * is what would follow the real thing. While recording is on, each point notes the chain of calls
 * that led to it: a chain that no plan ever made fail is a failure that nobody has tried.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nt/quire.h"

/* Return addresses that tell one chain of calls from another. */
#define FAIL_CALLS 5u

/* What a thread is to meet. Only the thread itself, or whoever has it suspended, may touch it. */
struct fail_plan {
	uint32_t kinds;	    /* a bit for each enum quire_fail_kind; 0: none */
	uint32_t first;	    /* so many points on, one fails; 0: none; QUIRE_FAIL_FRESH */
	uint32_t second;    /* the same, behind that one */
	uint32_t reached;   /* points of these kinds that were met */
	uint32_t failed;    /* how many of them failed: 0, 1 or 2 */
	uint32_t failed_at; /* `reached` at the last failure */
	uint32_t fresh;	    /* met after the last failure, in chains of calls that never failed */
	uint32_t failed_kinds; /* of those that failed: a bit for each */
	bool is_paused;	       /* the thread looks at its plan: nothing counts meanwhile */
};

/* A chain of calls that led to a point. */
struct fail_chain {
	enum quire_fail_kind kind;
	uint32_t seen, failed; /* how often */
	uintptr_t addresses
		[FAIL_CALLS]; /* where the calls return to, the point's own first; 0: none */
};

#ifdef QUIRE_DEBUG
struct thread;

/*
 * True: the caller does as if it had been refused what it asks for.
 * => locks: any may be held. => may sleep: no.
 */
bool fail_point(enum quire_fail_kind kind);

/* Replaces the plan of a thread that does not run, or is the caller. Its counts begin anew. */
void fail_plan_set(struct thread *thread, uint32_t kinds, uint32_t first, uint32_t second);

/* Forgets all chains; notes from now on what threads of programs, and those with a plan, meet. */
void fail_record(void);
/* How many failures there were since the start. */
uint64_t fail_count(void);
/* Chains that found no room in the table. */
uint32_t fail_chains_lost(void);
/* The first chain at or after *index of the table; *index becomes one more than its. */
bool fail_chain_next(uint32_t *index, struct fail_chain *chain);
#else
static inline bool fail_point(enum quire_fail_kind kind)
{
	(void)kind;
	return false;
}
#endif

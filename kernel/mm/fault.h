/*
 * fault.h - the state of one page fault and the decision, for fault.c and its table test.
 */
#pragma once

#include "segment.h"
#include "tlb.h"

enum fault_step {
	FAULT_DONE,	   /* the access may be tried again; fault.class says how it ended */
	FAULT_FAIL,	   /* fault.status is the answer */
	FAULT_GUARD,	   /* a guard page: remove the guard, or grow the stack */
	FAULT_STACK_GROWN, /* the guard moved down: tell the thread, then decide again */
	FAULT_PAGE_STEP,   /* fault.page_step must be performed without locks, then decide again */
};

struct fault {
	struct address_space *space;
	vaddr_t va; /* of the page */
	enum access access;
	vaddr_t stack_limit;	  /* a new one for the TEB, not yet written; 0: none */
	struct page_request page; /* segment NULL: a private page; the spare frame is here */
	enum page_step page_step;
	enum quire_fault_class class;
	NTSTATUS status;
	uint64_t surplus; /* pages of the space above its hard maximum, once it is done */
	struct tlb_batch batch;
};

/*
 * Decides the next step for the page. => locks: space->lock held; takes and releases frame_lock.
 * Never sleeps or allocates. Translations it took away are in fault->batch, for the caller to
 * flush.
 */
enum fault_step fault_resolve(struct fault *fault);

/* Faults of a class since boot. */
uint64_t fault_total(enum quire_fault_class class);

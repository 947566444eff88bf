/*
 * dispatcher_private.h - what the files around dispatcher.c share. Private to kernel/core.
 */
#pragma once

#include "dispatcher.h"

extern struct spinlock dispatcher_lock;

/* A wait that has begun; on the stack of its thread, which sleeps on its address. */
struct wait {
	struct thread *thread;
	const struct wait_request *request;
	NTSTATUS status; /* (D) STATUS_PENDING: it goes on, and its blocks are on their lists */
};

static inline struct waitable_mutant *mutant_of(struct waitable *waitable)
{
	KASSERT(waitable->kind == WAITABLE_MUTANT);
	return (struct waitable_mutant *)waitable;
}

/* => locks: the dispatcher lock, for all of these. */

/* As wait_for, with its deadline worked out. => may sleep: the lock is free meanwhile. */
NTSTATUS wait_locked(const struct wait_request *request, uint64_t deadline) MUST_CHECK;
/* The object has been made signaled: ends every wait that can end, first come, first served. */
void waiters_serve(struct waitable *waitable);
/* Ends the alertable wait that the thread is in. False: it is in none. */
bool wait_interrupt(struct thread *thread, NTSTATUS status);
/* A free mutant gets an owner. */
void mutant_give(struct waitable_mutant *mutant, struct thread *thread);

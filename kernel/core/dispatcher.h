/*
 * dispatcher.h - waiting for objects: what a process, thread, event, semaphore, mutant or file has
 * in common for whoever waits for it.
 *
 * A thread that has to wait puts a block for each object on that object's list and sleeps. Whoever
 * makes an object signaled goes through its list in the order of arrival and ends each wait that
 * can now end, acquiring for the waiter what it waits for. All of that is under one spinlock, so a
 * wait for all takes all at once or nothing, and a wait for any takes exactly one; the waiter only
 * reads what became of it. kernel/core/README.md draws it.
 *
 * Field letters: (D) dispatcher lock, (C) constant once others know it.
 */
#pragma once

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "thread.h"

enum waitable_kind {
	WAITABLE_NOTIFICATION,	  /* stays signaled: process, thread, file, notification event */
	WAITABLE_SYNCHRONIZATION, /* who waited for it resets it: synchronization event */
	WAITABLE_SEMAPHORE,	  /* who waited for it takes one off */
	WAITABLE_MUTANT,	  /* who waited for it owns it */
};

struct wait_block;

/* NT's dispatcher header. Zeroed memory is not one yet: waitable_init. */
struct waitable {
	enum waitable_kind kind; /* (C) */
	/*
	 * (D) above 0: signaled. A mutant: 1 free, 0 owned, below 0 owned once more for each. A
	 * semaphore: its count.
	 */
	int32_t signal_state;
	TAILQ_HEAD(wait_list, wait_block) blocks; /* (D) who waits, in order of arrival */
};

/* A mutant's waitable, and whose it is. */
struct waitable_mutant {
	struct waitable waitable; /* first: a waitable of WAITABLE_MUTANT is one of these */
	struct thread *owner;	  /* (D) NULL: free */
	bool is_abandoned;	  /* (D) its owner ended; the next owner is told */
	LIST_ENTRY(waitable_mutant) of_owner; /* (D) while it has an owner */
};

#define WAIT_MAX_OBJECTS 64 /* NT's MAXIMUM_WAIT_OBJECTS */

/* One object of one wait; the caller of wait_for fills in `waitable` and keeps the memory. */
struct wait_block {
	struct waitable *waitable;
	struct wait *wait;		 /* (D) */
	TAILQ_ENTRY(wait_block) of_list; /* (D) */
};

enum wait_type { WAIT_ALL, WAIT_ANY }; /* NT's numbers */

struct wait_request {
	struct wait_block *blocks;
	unsigned count; /* 0: only time ends it */
	enum wait_type type;
	bool alertable;
	const int64_t *timeout; /* NT's: timeout_deadline */
};

/* => locks: none; nobody else knows the waitable yet. */
void waitable_init(struct waitable *waitable, enum waitable_kind kind, int32_t signal_state);

/*
 * Waits until one of the objects is signaled, or all are at once, and acquires that one or all of
 * them. No object may occur twice in a wait for all. The caller keeps the objects alive. What is
 * signaled already comes before a pending alert, and that before a time that has passed.
 * => may sleep. A termination request ends the sleep.
 * => returns: STATUS_WAIT_0 + index of the first signaled one (WAIT_ALL: 0), the same plus
 *    STATUS_ABANDONED_WAIT_0 if a mutant was abandoned, STATUS_TIMEOUT, STATUS_ALERTED,
 *    STATUS_USER_APC, STATUS_THREAD_IS_TERMINATING, STATUS_MUTANT_LIMIT_EXCEEDED; with the last
 *    five nothing was acquired.
 */
NTSTATUS wait_for(const struct wait_request *request) MUST_CHECK;

/* What makes a waitable signaled. NULL: nothing, a wait only. */
struct signal_request {
	struct waitable *waitable;
	int32_t limit; /* of a semaphore */
};
/*
 * Signals (an event is set, a semaphore released once, a mutant released) and waits, with nobody in
 * between.
 * => returns: waitable_signal_locked's errors (nothing was changed, nobody waited), or wait_for's.
 */
NTSTATUS signal_and_wait(const struct signal_request *signal,
			 const struct wait_request *request) MUST_CHECK;

/* ---- events; each returns the signal state before ---- */

int32_t event_set(struct waitable *event);
int32_t event_reset(struct waitable *event);
/* Ends the waits that can end now, as setting would, and leaves the event not signaled. */
int32_t event_pulse(struct waitable *event);

int32_t waitable_state(struct waitable *waitable);

/* ---- semaphores and mutants ---- */

/*
 * Adds `count` (above 0). *previous: the count before.
 * => returns: STATUS_SUCCESS, STATUS_SEMAPHORE_LIMIT_EXCEEDED (nothing changed).
 */
NTSTATUS semaphore_release(struct waitable *semaphore, int32_t count, int32_t limit,
			   int32_t *previous) MUST_CHECK;

/* `owner` NULL: free. => locks: none; nobody else knows the mutant yet. */
void mutant_init(struct waitable_mutant *mutant, struct thread *owner);
/*
 * Undoes one acquisition by the current thread. *previous: the signal state before.
 * => returns: STATUS_SUCCESS, STATUS_MUTANT_NOT_OWNED.
 */
NTSTATUS mutant_release(struct waitable_mutant *mutant, int32_t *previous) MUST_CHECK;
/* Its memory is about to go: no thread owns it any more, nobody waits for it. */
void mutant_forget(struct waitable_mutant *mutant);
/* The current thread is ending: its mutants become free and abandoned. */
void mutants_abandon(void);

struct mutant_state {
	int32_t signal_state;
	bool is_mine, is_abandoned;
};
void mutant_query(struct waitable_mutant *mutant, struct mutant_state *result);

/* ---- notifications that stay, and go with a reference ---- */

/*
 * Signals for ever. `before_wakeup(argument)` (or NULL) runs under the lock, before any waiter can.
 */
void waitable_signal_with(struct waitable *waitable, void (*before_wakeup)(void *), void *argument);

/* ---- alerts ---- */

/*
 * Ends the alertable wait of `thread` with STATUS_ALERTED; if it is in none, its next one ends at
 * once, or thread_test_alert takes the alert.
 */
void thread_alert(struct thread *thread);
/* The current thread: STATUS_ALERTED, once for an alert; else STATUS_SUCCESS. */
NTSTATUS thread_test_alert(void) MUST_CHECK;

/*
 * For procedure calls queued to user threads: says whether `thread` has one that it is to make.
 * While it has, its alertable waits end with STATUS_USER_APC: the one it is in, at once, and each
 * later one. Who delivers the call takes the mark away.
 */
void thread_mark_user_apc(struct thread *thread, bool is_pending);

/*
 * The other kind of alert: one bit for each thread, set by whoever knows the thread, taken by the
 * thread itself. Any number of alerts before the wait are one.
 */
void thread_alert_by_id(struct thread *thread);
/* => may sleep. => returns: STATUS_ALERTED, STATUS_TIMEOUT, STATUS_THREAD_IS_TERMINATING. */
NTSTATUS thread_wait_for_alert_by_id(const int64_t *timeout) MUST_CHECK;

/* ---- time ---- */

/*
 * time_now() value at which *timeout ends. NULL: never; *timeout < 0 relative, > 0 absolute (NT
 * time), 0: now; 100 ns units.
 */
uint64_t timeout_deadline(const int64_t *timeout);

/*
 * Sleeps until then; a time that has passed gives the CPU away once.
 * => returns: STATUS_SUCCESS, STATUS_THREAD_IS_TERMINATING; if alertable, STATUS_ALERTED and
 *    STATUS_USER_APC too.
 */
NTSTATUS timeout_sleep_alertable(const int64_t *timeout, bool alertable) MUST_CHECK;
NTSTATUS timeout_sleep(const int64_t *timeout) MUST_CHECK;

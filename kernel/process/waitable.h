/*
 * waitable.h - objects one can wait for: the state of a dispatcher object.
 *
 * The first field after struct object of every waitable type. A wait takes the global waitable
 * lock, tests, and sleeps on the object's state; signaling wakes all, and each waiter tests again.
 */
#pragma once

#include "kernel/core/thread.h"
#include "kernel/object/object.h"

struct waitable {
	bool signaled; /* (waitable lock) stays once it is set */
};

/* Every waitable object begins so. */
struct waitable_object {
	struct object header;
	struct waitable waitable;
};

/*
 * timeout: NULL = for ever; *timeout < 0 relative, > 0 absolute (NT time), 0 = test only; 100 ns
 * units. The object's type must be waitable; the caller holds a reference.
 * => returns: STATUS_SUCCESS (STATUS_WAIT_0), STATUS_TIMEOUT, STATUS_THREAD_IS_TERMINATING.
 */
NTSTATUS waitable_wait(struct object *object, const int64_t *timeout) MUST_CHECK;
void waitable_signal(struct object *object);

/*
 * Signals and drops the caller's reference before a waiter can go on: when that one drops the last
 * reference, the object is really freed. (The balance of pool memory that init compares after each
 * program needs this.) => may sleep: when it deletes the object.
 */
void waitable_signal_and_release(struct object *object);

/* time_now() value at which *timeout ends (as above). */
uint64_t timeout_deadline(const int64_t *timeout);

/* Sleeps until then; STATUS_SUCCESS, or STATUS_THREAD_IS_TERMINATING. */
NTSTATUS timeout_sleep(const int64_t *timeout) MUST_CHECK;

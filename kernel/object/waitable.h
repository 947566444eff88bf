/*
 * waitable.h - objects one can wait for. How waits work: kernel/core/dispatcher.h.
 */
#pragma once

#include "kernel/core/dispatcher.h"
#include "object.h"

/*
 * Every object whose type is waitable begins so. object_create makes it a notification that is not
 * signaled; the creator of anything else calls waitable_init or mutant_init.
 */
struct waitable_object {
	struct object header;
	struct waitable waitable;
};

/* The object's type must be waitable. */
struct waitable *waitable_of(struct object *object);

/*
 * Waits for one object, not alertably. timeout: see timeout_deadline. The caller holds a reference.
 * => returns: STATUS_SUCCESS (STATUS_WAIT_0), STATUS_TIMEOUT, STATUS_THREAD_IS_TERMINATING, and
 *    what else wait_for returns for a mutant.
 */
NTSTATUS waitable_wait(struct object *object, const int64_t *timeout) MUST_CHECK;
/* Signals for ever. */
void waitable_signal(struct object *object);

/*
 * Signals and drops the caller's reference before a waiter can go on: when that one drops the last
 * reference, the object is really freed. (The balance of pool memory that init compares after each
 * program needs this.) => may sleep: when it deletes the object.
 */
void waitable_signal_and_release(struct object *object);

/*
 * synchronization.h - the objects that exist to be waited for: events, semaphores, mutants. What
 * they do is kernel/core/dispatcher.h; here they are objects with types and rights.
 */
#pragma once

#include "nt/ntob.h"
#include "waitable.h"

struct event {
	struct object header;
	struct waitable waitable; /* WAITABLE_NOTIFICATION or WAITABLE_SYNCHRONIZATION */
};

struct semaphore {
	struct object header;
	struct waitable waitable; /* WAITABLE_SEMAPHORE */
	int32_t limit;		  /* (C) the count never exceeds it */
};

struct mutant {
	struct object header;
	struct waitable_mutant mutant;
};

extern struct object_type event_type, semaphore_type, mutant_type;

/* Registers the types. */
void synchronization_init(void);

/* => returns (all three): STATUS_SUCCESS and a reference, STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS event_create(enum event_kind kind, bool is_signaled, struct event **result) MUST_CHECK;
/* 0 <= count <= limit, limit > 0. */
NTSTATUS semaphore_create(int32_t count, int32_t limit, struct semaphore **result) MUST_CHECK;
/* owner NULL: free; else the current thread. */
NTSTATUS mutant_create(struct thread *owner, struct mutant **result) MUST_CHECK;

/*
 * What signaling the object as NtSignalAndWaitForSingleObject does takes.
 * => returns: STATUS_SUCCESS; STATUS_OBJECT_TYPE_MISMATCH when it is none of the three;
 *    STATUS_ACCESS_DENIED when `granted` does not allow it.
 */
NTSTATUS synchronization_signal(struct object *object, access_mask_t granted,
				struct signal_request *result) MUST_CHECK;

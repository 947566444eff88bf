/*
 * dispatcher.c - waits for objects: how they begin and how they end. What signals is in signal.c.
 *
 * The rule that everything here keeps: while the dispatcher lock is free, no thread is on a list
 * whose wait could end. So whoever makes an object signaled looks at that object's list alone, and
 * a wait that starts looks at its objects once.
 */
#include "dispatcher_private.h"

struct spinlock dispatcher_lock = SPINLOCK_INIT("dispatcher", RANK_OBJECT);

void waitable_init(struct waitable *waitable, enum waitable_kind kind, int32_t signal_state)
{
	waitable->kind = kind;
	waitable->signal_state = signal_state;
	TAILQ_INIT(&waitable->blocks);
}

/* ---- one object; all with the lock held ---- */

/* Would a wait of `thread` for this object end now? */
static bool is_signaled_for(struct waitable *waitable, const struct thread *thread)
{
	if (waitable->signal_state > 0)
		return true;
	return waitable->kind == WAITABLE_MUTANT && mutant_of(waitable)->owner == thread;
}

void mutant_give(struct waitable_mutant *mutant, struct thread *thread)
{
	mutant->owner = thread;
	mutant->is_abandoned = false;
	LIST_INSERT_HEAD(&thread->mutants, mutant, of_owner);
}

/* The thread has waited for the object. => returns: STATUS_ABANDONED_WAIT_0 or STATUS_WAIT_0. */
static NTSTATUS waitable_acquire(struct waitable *waitable, struct thread *thread)
{
	NTSTATUS status = STATUS_WAIT_0;

	switch (waitable->kind) {
	case WAITABLE_NOTIFICATION:
		break;
	case WAITABLE_SYNCHRONIZATION:
		waitable->signal_state = 0;
		break;
	case WAITABLE_SEMAPHORE:
		waitable->signal_state--;
		break;
	case WAITABLE_MUTANT:
		if (--waitable->signal_state == 0) {
			if (mutant_of(waitable)->is_abandoned)
				status = STATUS_ABANDONED_WAIT_0;
			mutant_give(mutant_of(waitable), thread);
		}
		break;
	}
	return status;
}

/* ---- one wait; all with the lock held ---- */

static bool is_at_limit(struct waitable *waitable)
{
	return waitable->kind == WAITABLE_MUTANT && waitable->signal_state == INT32_MIN;
}

/* => returns: what the wait ends with, having acquired; or STATUS_PENDING, and nothing changed. */
static NTSTATUS try_any(struct wait *wait)
{
	const struct wait_request *request = wait->request;

	for (unsigned i = 0; i < request->count; i++) {
		struct waitable *waitable = request->blocks[i].waitable;

		if (!is_signaled_for(waitable, wait->thread))
			continue;
		if (is_at_limit(waitable))
			return STATUS_MUTANT_LIMIT_EXCEEDED;
		return waitable_acquire(waitable, wait->thread) + (NTSTATUS)i;
	}
	return STATUS_PENDING;
}

static NTSTATUS try_all(struct wait *wait)
{
	const struct wait_request *request = wait->request;
	NTSTATUS status = STATUS_WAIT_0;

	for (unsigned i = 0; i < request->count; i++) {
		struct waitable *waitable = request->blocks[i].waitable;

		if (!is_signaled_for(waitable, wait->thread))
			return STATUS_PENDING;
		if (is_at_limit(waitable))
			return STATUS_MUTANT_LIMIT_EXCEEDED;
	}
	for (unsigned i = 0; i < request->count; i++)
		status |= waitable_acquire(request->blocks[i].waitable, wait->thread);
	return status;
}

static NTSTATUS wait_try(struct wait *wait)
{
	switch (wait->request->type) {
	case WAIT_ANY:
		return try_any(wait);
	case WAIT_ALL:
		break;
	}
	return try_all(wait);
}

static void wait_begin(struct wait *wait)
{
	for (unsigned i = 0; i < wait->request->count; i++) {
		struct wait_block *block = &wait->request->blocks[i];

		block->wait = wait;
		TAILQ_INSERT_TAIL(&block->waitable->blocks, block, of_list);
	}
	wait->thread->wait = wait;
}

/* The waiter finds `status` when it runs again. */
static void wait_finish(struct wait *wait, NTSTATUS status)
{
	KASSERT(wait->status == STATUS_PENDING && status != STATUS_PENDING);
	for (unsigned i = 0; i < wait->request->count; i++) {
		struct wait_block *block = &wait->request->blocks[i];

		TAILQ_REMOVE(&block->waitable->blocks, block, of_list);
	}
	wait->thread->wait = NULL;
	wait->status = status;
	thread_wake(wait);
}

void waiters_serve(struct waitable *waitable)
{
	struct wait_block *block = TAILQ_FIRST(&waitable->blocks), *next;

	for (; block && waitable->signal_state > 0; block = next) {
		struct wait *wait = block->wait;
		NTSTATUS status;

		/* An object that is twice in a wait has both blocks side by side. */
		for (next = TAILQ_NEXT(block, of_list); next && next->wait == wait;)
			next = TAILQ_NEXT(next, of_list);
		status = wait_try(wait);
		if (status != STATUS_PENDING)
			wait_finish(wait, status);
	}
}

/* What ends an alertable wait at its start. */
static NTSTATUS alert_take(struct thread *thread)
{
	if (thread->is_alerted) {
		thread->is_alerted = false;
		return STATUS_ALERTED;
	}
	return thread->has_user_apc ? STATUS_USER_APC : STATUS_PENDING;
}

bool wait_interrupt(struct thread *thread, NTSTATUS status)
{
	if (!thread->wait || !thread->wait->request->alertable)
		return false;
	wait_finish(thread->wait, status);
	return true;
}

/* ---- waiting ---- */

NTSTATUS wait_locked(const struct wait_request *request, uint64_t deadline)
{
	struct wait wait = {
		.thread = thread_current(), .request = request, .status = STATUS_PENDING};
	enum quire_wait_reason reason = request->count ? QUIRE_WAIT_OBJECT : QUIRE_WAIT_TIME;
	NTSTATUS status = wait_try(&wait);

	if (status == STATUS_PENDING && request->alertable)
		status = alert_take(wait.thread);
	if (status != STATUS_PENDING)
		return status;
	wait_begin(&wait);
	while (wait.status == STATUS_PENDING) {
		status = thread_sleep_for(reason, &wait, &dispatcher_lock, deadline, true);
		if (wait.status == STATUS_PENDING && status != STATUS_SUCCESS)
			wait_finish(&wait, status);
	}
	return wait.status;
}

NTSTATUS wait_for(const struct wait_request *request)
{
	uint64_t deadline = timeout_deadline(request->timeout);
	NTSTATUS status;

	spin_lock(&dispatcher_lock);
	status = wait_locked(request, deadline);
	spin_unlock(&dispatcher_lock);
	return status;
}

/*
 * signal.c - what makes objects signaled: events, semaphores, mutants, and things that end.
 */
#include "dispatcher_private.h"

/* ---- events ---- */

static int32_t event_set_locked(struct waitable *event)
{
	int32_t previous = event->signal_state;

	event->signal_state = 1;
	waiters_serve(event);
	return previous;
}

int32_t event_set(struct waitable *event)
{
	int32_t previous;

	spin_lock(&dispatcher_lock);
	previous = event_set_locked(event);
	spin_unlock(&dispatcher_lock);
	return previous;
}

int32_t event_reset(struct waitable *event)
{
	int32_t previous;

	spin_lock(&dispatcher_lock);
	previous = event->signal_state;
	event->signal_state = 0;
	spin_unlock(&dispatcher_lock);
	return previous;
}

int32_t event_pulse(struct waitable *event)
{
	int32_t previous;

	spin_lock(&dispatcher_lock);
	previous = event_set_locked(event);
	event->signal_state = 0;
	spin_unlock(&dispatcher_lock);
	return previous;
}

int32_t waitable_state(struct waitable *waitable)
{
	int32_t state;

	spin_lock(&dispatcher_lock);
	state = waitable->signal_state;
	spin_unlock(&dispatcher_lock);
	return state;
}

static NTSTATUS semaphore_release_locked(struct waitable *semaphore, int32_t count, int32_t limit,
					 int32_t *previous)
{
	KASSERT(count > 0 && semaphore->signal_state <= limit);
	if (count > limit - semaphore->signal_state)
		return STATUS_SEMAPHORE_LIMIT_EXCEEDED;
	*previous = semaphore->signal_state;
	semaphore->signal_state += count;
	waiters_serve(semaphore);
	return STATUS_SUCCESS;
}

NTSTATUS semaphore_release(struct waitable *semaphore, int32_t count, int32_t limit,
			   int32_t *previous)
{
	NTSTATUS status;

	spin_lock(&dispatcher_lock);
	status = semaphore_release_locked(semaphore, count, limit, previous);
	spin_unlock(&dispatcher_lock);
	return status;
}

/* ---- what stays signaled ---- */

void waitable_signal_with(struct waitable *waitable, void (*before_wakeup)(void *), void *argument)
{
	KASSERT(waitable->kind == WAITABLE_NOTIFICATION);
	spin_lock(&dispatcher_lock);
	event_set_locked(waitable);
	if (before_wakeup)
		before_wakeup(argument);
	spin_unlock(&dispatcher_lock);
}

/* ---- mutants ---- */

void mutant_init(struct waitable_mutant *mutant, struct thread *owner)
{
	waitable_init(&mutant->waitable, WAITABLE_MUTANT, owner ? 0 : 1);
	mutant->owner = NULL;
	mutant->is_abandoned = false;
	if (!owner)
		return;
	spin_lock(&dispatcher_lock);
	mutant_give(mutant, owner);
	spin_unlock(&dispatcher_lock);
}

static void mutant_free(struct waitable_mutant *mutant, bool is_abandoned)
{
	LIST_REMOVE(mutant, of_owner);
	mutant->owner = NULL;
	mutant->is_abandoned = is_abandoned;
	mutant->waitable.signal_state = 1;
	waiters_serve(&mutant->waitable);
}

static NTSTATUS mutant_release_locked(struct waitable_mutant *mutant, int32_t *previous)
{
	if (mutant->owner != thread_current())
		return STATUS_MUTANT_NOT_OWNED;
	*previous = mutant->waitable.signal_state;
	if (mutant->waitable.signal_state == 0)
		mutant_free(mutant, false);
	else
		mutant->waitable.signal_state++;
	return STATUS_SUCCESS;
}

NTSTATUS mutant_release(struct waitable_mutant *mutant, int32_t *previous)
{
	NTSTATUS status;

	spin_lock(&dispatcher_lock);
	status = mutant_release_locked(mutant, previous);
	spin_unlock(&dispatcher_lock);
	return status;
}

void mutant_forget(struct waitable_mutant *mutant)
{
	spin_lock(&dispatcher_lock);
	KASSERT(TAILQ_EMPTY(&mutant->waitable.blocks));
	if (mutant->owner)
		mutant_free(mutant, false);
	spin_unlock(&dispatcher_lock);
}

void mutants_abandon(void)
{
	struct thread *thread = thread_current();
	struct waitable_mutant *mutant;

	spin_lock(&dispatcher_lock);
	while ((mutant = LIST_FIRST(&thread->mutants)))
		mutant_free(mutant, true);
	spin_unlock(&dispatcher_lock);
}

void mutant_query(struct waitable_mutant *mutant, struct mutant_state *result)
{
	spin_lock(&dispatcher_lock);
	*result = (struct mutant_state){
		.signal_state = mutant->waitable.signal_state,
		.is_mine = mutant->owner == thread_current(),
		.is_abandoned = mutant->is_abandoned,
	};
	spin_unlock(&dispatcher_lock);
}

/* ---- signal and wait ---- */

static NTSTATUS signal_locked(const struct signal_request *signal)
{
	int32_t previous;

	switch (signal->waitable->kind) {
	case WAITABLE_NOTIFICATION:
	case WAITABLE_SYNCHRONIZATION:
		break;
	case WAITABLE_SEMAPHORE:
		return semaphore_release_locked(signal->waitable, 1, signal->limit, &previous);
	case WAITABLE_MUTANT:
		return mutant_release_locked(mutant_of(signal->waitable), &previous);
	}
	event_set_locked(signal->waitable);
	return STATUS_SUCCESS;
}

NTSTATUS signal_and_wait(const struct signal_request *signal, const struct wait_request *request)
{
	uint64_t deadline = timeout_deadline(request->timeout);
	NTSTATUS status;

	spin_lock(&dispatcher_lock);
	status = signal_locked(signal);
	if (NT_SUCCESS(status))
		status = wait_locked(request, deadline);
	spin_unlock(&dispatcher_lock);
	return status;
}

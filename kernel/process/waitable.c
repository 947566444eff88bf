/*
 * waitable.c - waiting for processes, threads and files; time-outs.
 *
 * One spinlock guards the state of all waitable objects: the sections under it are a few
 * instructions long.
 */
#include "waitable.h"

static struct spinlock waitable_lock = SPINLOCK_INIT("waitable", RANK_OBJECT);

static struct waitable *waitable_of(struct object *object)
{
	KASSERT(object->type->waitable);
	return &((struct waitable_object *)object)->waitable;
}

uint64_t timeout_deadline(const int64_t *timeout)
{
	uint64_t now = time_now(), end;

	if (!timeout)
		return TIME_FOREVER;
	if (*timeout > 0) {
		uint64_t system = time_system();

		if ((uint64_t)*timeout <= system)
			return now;
		end = now + ((uint64_t)*timeout - system);
	} else {
		/* 0 - x in unsigned arithmetic is right for INT64_MIN too */
		end = now + (0 - (uint64_t)*timeout);
	}
	return end < now ? TIME_FOREVER : end;
}

NTSTATUS waitable_wait(struct object *object, const int64_t *timeout)
{
	struct waitable *waitable = waitable_of(object);
	uint64_t deadline = timeout_deadline(timeout);
	NTSTATUS status = STATUS_SUCCESS;

	spin_lock(&waitable_lock);
	while (!waitable->signaled && status == STATUS_SUCCESS) {
		if (timeout && *timeout == 0)
			status = STATUS_TIMEOUT;
		else
			status = thread_sleep(waitable, &waitable_lock, deadline, true);
	}
	if (waitable->signaled)
		status = STATUS_SUCCESS;
	spin_unlock(&waitable_lock);
	return status;
}

void waitable_signal(struct object *object)
{
	struct waitable *waitable = waitable_of(object);

	spin_lock(&waitable_lock);
	waitable->signaled = true;
	thread_wake(waitable);
	spin_unlock(&waitable_lock);
}

void waitable_signal_and_release(struct object *object)
{
	struct waitable *waitable = waitable_of(object);
	bool released;

	spin_lock(&waitable_lock);
	waitable->signaled = true;
	thread_wake(waitable);
	released = object_release_unless_last(object);
	spin_unlock(&waitable_lock);
	/* The last reference: nobody else knows the object, so nobody waits. */
	if (!released)
		object_release(object);
}

NTSTATUS timeout_sleep(const int64_t *timeout)
{
	uint64_t deadline = timeout_deadline(timeout);
	NTSTATUS status;

	if (deadline <= time_now()) {
		thread_yield();
		return STATUS_SUCCESS;
	}
	do {
		/* The address is this stack's own: nobody wakes it. */
		status = thread_sleep(&deadline, NULL, deadline, true);
	} while (status == STATUS_SUCCESS);
	return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}

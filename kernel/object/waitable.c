/*
 * waitable.c - waiting for an object, and signaling one that has ended.
 */
#include "waitable.h"

#include "kernel/lib/assert.h"

struct waitable *waitable_of(struct object *object)
{
	KASSERT(object->type->waitable);
	return &((struct waitable_object *)object)->waitable;
}

NTSTATUS waitable_wait(struct object *object, const int64_t *timeout)
{
	struct wait_block block = {.waitable = waitable_of(object)};
	struct wait_request request = {
		.blocks = &block, .count = 1, .type = WAIT_ANY, .timeout = timeout};

	return wait_for(&request);
}

void waitable_signal(struct object *object)
{
	waitable_signal_with(waitable_of(object), NULL, NULL);
}

struct release {
	struct object *object;
	bool is_done;
};

static void release_try(void *argument)
{
	struct release *release = argument;

	release->is_done = object_release_unless_last(release->object);
}

void waitable_signal_and_release(struct object *object)
{
	struct release release = {.object = object};

	waitable_signal_with(waitable_of(object), release_try, &release);
	/* The last reference: nobody else knows the object, so nobody waits. */
	if (!release.is_done)
		object_release(object);
}

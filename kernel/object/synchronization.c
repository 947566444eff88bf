/*
 * synchronization.c - the types Event, Semaphore and Mutant.
 */
#include "synchronization.h"

#include "kernel/lib/assert.h"

static void mutant_delete(struct object *object);

struct object_type event_type = {
	.name = "Event",
	.body_bytes = sizeof(struct event),
	.valid_access = EVENT_ALL_ACCESS,
	.generic_read = STANDARD_RIGHTS_READ | EVENT_QUERY_STATE,
	.generic_write = STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
	.generic_all = EVENT_ALL_ACCESS,
	.waitable = true,
};

struct object_type semaphore_type = {
	.name = "Semaphore",
	.body_bytes = sizeof(struct semaphore),
	.valid_access = SEMAPHORE_ALL_ACCESS,
	.generic_read = STANDARD_RIGHTS_READ | SEMAPHORE_QUERY_STATE,
	.generic_write = STANDARD_RIGHTS_WRITE | SEMAPHORE_MODIFY_STATE,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
	.generic_all = SEMAPHORE_ALL_ACCESS,
	.waitable = true,
};

struct object_type mutant_type = {
	.name = "Mutant",
	.body_bytes = sizeof(struct mutant),
	.valid_access = MUTANT_ALL_ACCESS,
	.generic_read = STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE,
	.generic_write = STANDARD_RIGHTS_WRITE,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
	.generic_all = MUTANT_ALL_ACCESS,
	.waitable = true,
	.delete = mutant_delete,
};

_Static_assert(offsetof(struct event, waitable) == offsetof(struct waitable_object, waitable),
	       "waitable object");
_Static_assert(offsetof(struct semaphore, waitable) == offsetof(struct waitable_object, waitable),
	       "waitable object");
_Static_assert(offsetof(struct mutant, mutant.waitable) ==
		       offsetof(struct waitable_object, waitable),
	       "waitable object");

void synchronization_init(void)
{
	object_type_register(&event_type);
	object_type_register(&semaphore_type);
	object_type_register(&mutant_type);
}

NTSTATUS event_create(enum event_kind kind, bool is_signaled, struct event **result)
{
	NTSTATUS status = object_create(&event_type, result);

	if (NT_SUCCESS(status))
		waitable_init(&(*result)->waitable,
			      kind == NOTIFICATION_EVENT ? WAITABLE_NOTIFICATION
							 : WAITABLE_SYNCHRONIZATION,
			      is_signaled);
	return status;
}

NTSTATUS semaphore_create(int32_t count, int32_t limit, struct semaphore **result)
{
	NTSTATUS status = object_create(&semaphore_type, result);

	KASSERT(count >= 0 && count <= limit && limit > 0);
	if (!NT_SUCCESS(status))
		return status;
	waitable_init(&(*result)->waitable, WAITABLE_SEMAPHORE, count);
	(*result)->limit = limit;
	return STATUS_SUCCESS;
}

NTSTATUS mutant_create(struct thread *owner, struct mutant **result)
{
	NTSTATUS status = object_create(&mutant_type, result);

	if (NT_SUCCESS(status))
		mutant_init(&(*result)->mutant, owner);
	return status;
}

static void mutant_delete(struct object *object)
{
	mutant_forget(&((struct mutant *)object)->mutant);
}

NTSTATUS synchronization_signal(struct object *object, access_mask_t granted,
				struct signal_request *result)
{
	access_mask_t need = 0; /* a mutant asks for its owner, not for rights */

	if (object->type == &event_type)
		need = EVENT_MODIFY_STATE;
	else if (object->type == &semaphore_type)
		need = SEMAPHORE_MODIFY_STATE;
	else if (object->type != &mutant_type)
		return STATUS_OBJECT_TYPE_MISMATCH;
	if (need & ~granted)
		return STATUS_ACCESS_DENIED;
	result->waitable = waitable_of(object);
	if (object->type == &semaphore_type)
		result->limit = ((struct semaphore *)object)->limit;
	return STATUS_SUCCESS;
}

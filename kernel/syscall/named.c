/*
 * named.c - objects with names: what is the same for every type when one is created or opened.
 */
#include "named.h"

#include "kernel/mm/user_memory.h"
#include "syscall.h"

/* ---- create ---- */

NTSTATUS creation_capture(const uint64_t *arguments, const struct object_type *type,
			  struct creation *creation)
{
	NTSTATUS status;

	creation->handle_address = arguments[0];
	status = probe_write(creation->handle_address, sizeof(handle_t));
	if (NT_SUCCESS(status))
		status = object_map_access(type, (access_mask_t)arguments[1], &creation->granted);
	if (NT_SUCCESS(status))
		status = attributes_capture(arguments[2], CAPTURE_CREATE, &creation->attributes);
	return status;
}

void creation_release(struct creation *creation)
{
	attributes_release(&creation->attributes);
}

NTSTATUS creation_finish(struct creation *creation, NTSTATUS status, struct object *object)
{
	if (NT_SUCCESS(status)) {
		status = object_publish(object, &creation->attributes, creation->granted,
					creation->handle_address);
		object_release(object);
	}
	creation_release(creation);
	return status;
}

NTSTATUS object_publish_name(struct object *object, const struct captured_attributes *attributes,
			     struct object **existing)
{
	*existing = NULL;
	object_handle_opened(object);
	return attributes->is_named ? namespace_insert(&attributes->name, object, existing)
				    : STATUS_SUCCESS;
}

NTSTATUS object_publish_handle(struct object *object, struct object *existing, NTSTATUS status,
			       const struct captured_attributes *attributes, access_mask_t granted,
			       vaddr_t handle_address)
{
	NTSTATUS insert_status;

	if (NT_SUCCESS(status)) {
		insert_status =
			handle_give(existing ? existing : object, granted,
				    attributes->name.attributes & OBJ_INHERIT, handle_address);
		if (!NT_SUCCESS(insert_status))
			status = insert_status;
	}
	if (existing)
		object_handle_closed(existing);
	object_handle_closed(object);
	return status;
}

NTSTATUS object_publish(struct object *object, const struct captured_attributes *attributes,
			access_mask_t granted, vaddr_t handle_address)
{
	struct object *existing;
	NTSTATUS status = object_publish_name(object, attributes, &existing);

	return object_publish_handle(object, existing, status, attributes, granted, handle_address);
}

/* ---- open ---- */

NTSTATUS object_open(const uint64_t *arguments, const struct object_type *type)
{
	vaddr_t handle_address = arguments[0];
	access_mask_t desired = (access_mask_t)arguments[1], granted;
	struct captured_attributes attributes;
	struct object *object;
	NTSTATUS status = probe_write(handle_address, sizeof(handle_t));

	if (NT_SUCCESS(status))
		status = attributes_capture(arguments[2], CAPTURE_OPEN, &attributes);
	if (!NT_SUCCESS(status))
		return status;
	status = namespace_open(&attributes.name, type, NULL, &object);
	if (NT_SUCCESS(status)) {
		status = object_map_access(type, desired, &granted);
		if (NT_SUCCESS(status))
			status = handle_give(object, granted,
					     attributes.name.attributes & OBJ_INHERIT,
					     handle_address);
		object_handle_closed(object);
	}
	attributes_release(&attributes);
	return status;
}

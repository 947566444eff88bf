/*
 * named.h - what the Nt*Create* and Nt*Open* calls of objects with names share (nt-semantics
 * section 7).
 */
#pragma once

#include "capture.h"

/* The first three arguments of a creating call: handle, access, attributes. */
struct creation {
	vaddr_t handle_address;
	access_mask_t granted;
	struct captured_attributes attributes;
};

/*
 * Probes and captures them. Values that are the call's own are checked before.
 * => returns: STATUS_ACCESS_VIOLATION, STATUS_ACCESS_DENIED (a right that the type does not know),
 *    attributes_capture's; on success give it to creation_finish or creation_release.
 */
NTSTATUS creation_capture(const uint64_t *arguments, const struct object_type *type,
			  struct creation *creation) MUST_CHECK;
void creation_release(struct creation *creation);
/*
 * Publishes the new object, whose creation ended with `status`; drops the caller's reference to it,
 * and the captured arguments. `object` counts only if `status` is a success.
 * => returns: `status` if it is a failure, else object_publish's.
 */
NTSTATUS creation_finish(struct creation *creation, NTSTATUS status,
			 struct object *object) MUST_CHECK;

/*
 * Names the object if it is to have a name, and gives the handle: to the older object of that name
 * with OBJ_OPENIF. The object counts as having a handle from the start (object.h), so nobody else's
 * close takes the name away meanwhile.
 * => returns: namespace_insert's and handle_give's statuses.
 *
 * In two steps for who has something to do between them: object_publish_name, and after it in any
 * case object_publish_handle with the status so far (a failure takes the name away again).
 * *existing: NULL, or the older object (STATUS_OBJECT_NAME_EXISTS).
 */
NTSTATUS object_publish_name(struct object *object, const struct captured_attributes *attributes,
			     struct object **existing) MUST_CHECK;
NTSTATUS object_publish_handle(struct object *object, struct object *existing, NTSTATUS status,
			       const struct captured_attributes *attributes, access_mask_t granted,
			       vaddr_t handle_address) MUST_CHECK;
NTSTATUS object_publish(struct object *object, const struct captured_attributes *attributes,
			access_mask_t granted, vaddr_t handle_address) MUST_CHECK;

/* All of an NtOpen* call with the arguments handle, access, attributes. */
NTSTATUS object_open(const uint64_t *arguments, const struct object_type *type) MUST_CHECK;

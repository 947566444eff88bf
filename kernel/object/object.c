/*
 * object.c - the counts of objects: how they come into being, stay and go.
 *
 * Every kernel object (section, file, process, directory, ...) begins with struct object. This file
 * knows nothing of what the bodies mean: a type's hooks do. Handles are handle.c, names
 * namespace.c.
 */
#include "object.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "namespace.h"
#include "waitable.h"

/* A count that got here stays here. */
#define COUNT_SATURATED UINT32_MAX

static struct object_type *types[OBJECT_TYPES_MAX];
static unsigned type_count;

void object_type_register(struct object_type *type)
{
	KASSERT(type->body_bytes >= sizeof(struct object) && type->body_bytes <= POOL_MAX_BYTES);
	for (unsigned i = 0; i < type_count; i++) {
		if (types[i] == type)
			return;
	}
	KASSERT(type_count < OBJECT_TYPES_MAX);
	types[type_count++] = type;
}

struct object_type *object_type_at(unsigned index)
{
	return index < type_count ? types[index] : NULL;
}

NTSTATUS object_create(struct object_type *type, void *object_out)
{
	struct object *object;

	KASSERT(type->body_bytes >= sizeof(*object) && type->body_bytes <= POOL_MAX_BYTES);
	object = pool_alloc(type->body_bytes);
	if (!object)
		return STATUS_INSUFFICIENT_RESOURCES;
	object->type = type;
	atomic_store(&object->reference_count, 1);
	if (type->waitable)
		waitable_init(waitable_of(object), WAITABLE_NOTIFICATION, 0);
	atomic_fetch_add(&type->object_count, 1);
	*(struct object **)object_out = object;
	return STATUS_SUCCESS;
}

/* Adds one unless the count is below `least`, or saturated (then it stays). Returns what it was. */
static unsigned count_raise(atomic_uint *count, unsigned least)
{
	unsigned old = atomic_load(count);

	do {
		if (old < least || old == COUNT_SATURATED)
			return old;
	} while (!atomic_compare_exchange_weak(count, &old, old + 1));
	return old;
}

/* Takes one away and returns what is left; a saturated count stays. */
static unsigned count_lower(atomic_uint *count)
{
	unsigned old = atomic_load(count);

	do {
		KASSERT(old > 0);
		if (old == COUNT_SATURATED)
			return old;
	} while (!atomic_compare_exchange_weak(count, &old, old - 1));
	return old - 1;
}

void object_reference(void *object)
{
	struct object *header = object;
	unsigned old = count_raise(&header->reference_count, 1);

	KASSERT(old > 0);
}

bool object_reference_if_alive(void *object)
{
	struct object *header = object;

	return count_raise(&header->reference_count, 1) > 0;
}

static void object_delete(struct object *object)
{
	struct object_type *type = object->type;
	void (*delete_hook)(struct object *) = type->delete;

	KASSERT(!object->name_entry);
	KASSERT(atomic_load(&object->handle_count) == 0);
	if (delete_hook)
		delete_hook(object);
	atomic_fetch_sub(&type->object_count, 1);
	pool_free(object, type->body_bytes);
}

void object_release(void *object)
{
	struct object *header = object;

	if (count_lower(&header->reference_count) == 0)
		object_delete(header);
}

bool object_release_unless_last(void *object)
{
	struct object *header = object;
	unsigned old = atomic_load(&header->reference_count);

	do {
		KASSERT(old > 0);
		if (old == COUNT_SATURATED)
			return true;
		if (old == 1)
			return false;
	} while (!atomic_compare_exchange_weak(&header->reference_count, &old, old - 1));
	return true;
}

void object_handle_opened(void *object)
{
	struct object *header = object;

	object_reference(header);
	count_raise(&header->handle_count, 0);
}

void object_handle_closed(void *object)
{
	struct object *header = object;
	unsigned remaining = count_lower(&header->handle_count);

	if (header->type->close)
		header->type->close(header, remaining);
	if (remaining == 0)
		namespace_handle_count_zero(header);
	object_release(header);
}

NTSTATUS object_map_access(const struct object_type *type, access_mask_t desired,
			   access_mask_t *granted)
{
	access_mask_t access = desired & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE |
					   GENERIC_ALL | MAXIMUM_ALLOWED);

	if (desired & GENERIC_READ)
		access |= type->generic_read;
	if (desired & GENERIC_WRITE)
		access |= type->generic_write;
	if (desired & GENERIC_EXECUTE)
		access |= type->generic_execute;
	if (desired & GENERIC_ALL)
		access |= type->generic_all;
	if (access & ~type->valid_access)
		return STATUS_ACCESS_DENIED;
	if (desired & MAXIMUM_ALLOWED)
		access |= type->valid_access;
	*granted = access;
	return STATUS_SUCCESS;
}

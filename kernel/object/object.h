/*
 * object.h - what handles and names refer to: a header before the body, a type, two counts.
 *
 * reference_count: pointers and handles that keep the object alive; 0 deletes it. handle_count:
 * handles only; when it reaches 0 a temporary object loses its name at once, even while views or
 * kernel references keep it alive (nt-semantics 6.6). A name holds a reference of its own, so a
 * named object is alive. A reference count never rises from 0: who finds an object in a list that
 * holds no reference uses object_reference_if_alive under the list's lock.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "nt/ntdef.h"
#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

struct object;
struct directory;

struct object_type {
	const char *name;	    /* "Section" */
	uint32_t body_bytes;	    /* size of the whole structure, struct object included */
	access_mask_t valid_access; /* bits outside are STATUS_ACCESS_DENIED for user mode */
	access_mask_t generic_read, generic_write, generic_execute, generic_all;
	bool waitable; /* the body's first field after struct object is a struct waitable */

	/*
	 * The last reference is gone: release what the body holds. May sleep. The header is freed
	 * afterwards. NULL: nothing.
	 */
	void (*delete)(struct object *object);
	/* A handle was closed; `remaining` handles are left. May sleep. NULL: nothing. */
	void (*close)(struct object *object, uint32_t remaining);
	/*
	 * Opens the rest of a path below this object (devices). `rest` has no leading '\'. On
	 * success *result is a new reference. `context` is what the caller of namespace_lookup
	 * gave. NULL: the object has no names below it.
	 */
	NTSTATUS(*parse)
	(struct object *object, const uint16_t *rest, size_t rest_chars, uint32_t attributes,
	 void *context, struct object **result);

	atomic_uint_fast32_t object_count; /* (A) alive */
};

/* First field of every object's structure. */
struct object {
	struct object_type *type;	    /* (C) */
	atomic_uint reference_count;	    /* (A) */
	atomic_uint handle_count;	    /* (A) by object_handle_opened and _closed only */
	uint32_t flags;			    /* (namespace lock) OBJ_PERMANENT, OBJ_EXCLUSIVE */
	struct directory_entry *name_entry; /* (namespace lock) NULL: no name */
};

#define OBJECT_TYPES_MAX 32

/*
 * Registers a type (for counts and NtQueryObject). At start, before other threads run; again is no
 * harm.
 */
void object_type_register(struct object_type *type);

/* The index-th registered type, or NULL when there are not so many. */
struct object_type *object_type_at(unsigned index);

/*
 * A new object with a zeroed body and reference_count 1 (the caller's).
 * => returns: STATUS_SUCCESS or STATUS_INSUFFICIENT_RESOURCES. Sizes above POOL_MAX_BYTES are a
 *    programming error.
 */
NTSTATUS object_create(struct object_type *type, void *object_out) MUST_CHECK;

/*
 * Counts saturate: an object that 2^32 - 1 references were taken of lives for ever (a leak),
 * instead of being freed under its users (reliability, threat 4).
 */
void object_reference(void *object);
/*
 * False, and no reference, when the object is being deleted. The caller's lock keeps its memory in
 * place.
 */
bool object_reference_if_alive(void *object);
/*
 * => may sleep: when it deletes. No spinlock held, and no lock that the type's delete hook takes.
 */
void object_release(void *object);
/*
 * Drops the caller's reference unless it is the last one; then false, and nothing done. => locks:
 * any may be held.
 */
bool object_release_unless_last(void *object) MUST_CHECK;

/*
 * A handle comes into being, or goes: counts it, and a reference with it. The last one gone calls
 * the close hook, and takes the name of a temporary object away.
 *
 * A creator brackets namespace_insert and handle_insert with the pair, so that somebody else who
 * opens and closes the new name in between does not take it away, and so that the name goes if
 * handle_insert fails: object_create, object_handle_opened, namespace_insert, handle_insert,
 * object_handle_closed, object_release.
 * => locks: opened: any may be held. closed: none (it takes the namespace lock). closed may sleep.
 */
void object_handle_opened(void *object);
void object_handle_closed(void *object);

/*
 * Turns a wanted access mask into the granted one: generic bits mapped, MAXIMUM_ALLOWED = all
 * valid.
 * => returns: STATUS_ACCESS_DENIED when a bit outside valid_access remains.
 */
NTSTATUS object_map_access(const struct object_type *type, access_mask_t desired,
			   access_mask_t *granted) MUST_CHECK;

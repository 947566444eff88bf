/*
 * handle.h - a process' table of handles.
 *
 * A handle value is (generation << 23 | index << 2): a multiple of 4 below 2^31, index from 1,
 * generation 8 bits. A slot's generation rises when it is closed, and free slots are reused
 * first-in first-out, so a stale value does not resolve until its slot was closed 256 times. As in
 * NT the two low bits of a value are the program's own and are ignored. Entries stand in pages of a
 * radix table; the table grows one page at a time and finds a free slot in O(1).
 */
#pragma once

#include "kernel/core/lock.h"
#include "object.h"

struct handle_table {
	struct mutex lock;
	/* private to handle.c; all under the lock */
	void *root;			/* radix table over pages of entries */
	uint32_t capacity;		/* entries that have a page, the unused entry 0 included */
	uint32_t first_free, last_free; /* indices, 0: no free entry */
	uint32_t used;
	bool closed; /* the owner is exiting: no new handles */
};

#define HANDLE_INDEX_BITS 21
#define HANDLE_MAX_COUNT ((1u << HANDLE_INDEX_BITS) - 1)

/* => returns: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS handle_table_init(struct handle_table *table) MUST_CHECK;
/*
 * Closes every handle (also protected ones) and frees the pages. Further inserts fail with
 * STATUS_PROCESS_IS_TERMINATING, further look-ups with STATUS_INVALID_HANDLE; again is no harm.
 * => locks: none held; may sleep (object deletion).
 */
void handle_table_destroy(struct handle_table *table);

/*
 * Adds a handle to `object` with the granted access. Takes a reference of its own.
 * attributes: OBJ_INHERIT | OBJ_PROTECT_CLOSE; other bits are ignored.
 * => returns: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES, STATUS_PROCESS_IS_TERMINATING.
 */
NTSTATUS handle_insert(struct handle_table *table, void *object, access_mask_t granted,
		       uint32_t attributes, handle_t *result) MUST_CHECK;

/*
 * The only way from a handle to an object: value, then type, then access (nt-semantics C1). type
 * NULL: any type. *object_out receives a reference; *granted (if not NULL) the handle's access.
 * Pseudo handles are resolved by the caller (process_reference_by_handle).
 * => returns: STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED,
 *    STATUS_SUCCESS.
 */
NTSTATUS handle_reference(struct handle_table *table, handle_t handle,
			  const struct object_type *type, access_mask_t desired, void *object_out,
			  access_mask_t *granted) MUST_CHECK;

struct handle_information {
	access_mask_t granted;
	uint32_t attributes;
};
/*
 * What the handle is. object not NULL: for a caller who makes another handle to the object, which
 * is counted as if it had that one already (object_handle_opened), so that a close of this one
 * meanwhile is not the last. The caller gives it back with object_handle_closed.
 * => returns: STATUS_INVALID_HANDLE, STATUS_SUCCESS.
 */
NTSTATUS handle_open(struct handle_table *table, handle_t handle, struct object **object,
		     struct handle_information *result) MUST_CHECK;

/* => returns: STATUS_INVALID_HANDLE, STATUS_SUCCESS. The same for handle_set_attributes. */
static inline NTSTATUS handle_query(struct handle_table *table, handle_t handle,
				    struct handle_information *result)
{
	return handle_open(table, handle, NULL, result);
}

NTSTATUS handle_set_attributes(struct handle_table *table, handle_t handle,
			       uint32_t attributes) MUST_CHECK;

/*
 * => returns: STATUS_INVALID_HANDLE, STATUS_HANDLE_NOT_CLOSABLE (protected), STATUS_SUCCESS.
 * => locks: none held; may sleep (object deletion).
 */
NTSTATUS handle_close(struct handle_table *table, handle_t handle) MUST_CHECK;

/*
 * The handle with the lowest index above that of *handle (0: the first of all), which becomes its
 * value; a reference in *object. False at the end of the table.
 */
bool handle_next(struct handle_table *table, handle_t *handle, struct object **object,
		 struct handle_information *information);

uint32_t handle_count(struct handle_table *table);
/* A number of all handles: values, objects, granted access, attributes. */
uint64_t handle_table_hash(struct handle_table *table);

/*
 * Process creation: copies every handle of `from` that has OBJ_INHERIT to the same value in `to`.
 * `to` is freshly initialised and known to the caller alone.
 * => returns: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES (`to` may hold some: destroy it).
 */
NTSTATUS handle_table_inherit(struct handle_table *from, struct handle_table *to) MUST_CHECK;

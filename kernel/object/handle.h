/*
 * handle.h - a process' table of handles.
 *
 * A handle value is (generation << 23 | index << 2): a multiple of 4 below 2^31, index from 1, generation 8 bits. A
 * slot's generation rises when it is closed, and free slots are reused first-in first-out, so a stale value does not
 * resolve. Entries stand in pages of a radix table; the table grows one page at a time and finds a free slot in O(1).
 */
#pragma once

#include "kernel/core/lock.h"
#include "object.h"

struct handle_table {
	struct mutex lock;
	/* private to handle.c */
	void *root;
	uint32_t capacity, first_free, last_free, used;
	bool closed; /* the owner is exiting: no new handles */
};

NTSTATUS handle_table_init(struct handle_table *table) MUST_CHECK;
/* Closes every handle (also protected ones) and frees the pages. Further inserts fail with STATUS_PROCESS_IS_TERMINATING. */
void handle_table_destroy(struct handle_table *table);

/*
 * Adds a handle to `object` with the granted access. Takes a reference of its own.
 * attributes: OBJ_INHERIT | OBJ_PROTECT_CLOSE.
 * => returns: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES, STATUS_PROCESS_IS_TERMINATING.
 */
NTSTATUS handle_insert(struct handle_table *table, void *object, access_mask_t granted,
		       uint32_t attributes, handle_t *result) MUST_CHECK;

/*
 * The only way from a handle to an object: value, then type, then access (nt-semantics C1).
 * type NULL: any type. *object_out receives a reference; *granted (if not NULL) the handle's access.
 * Pseudo handles are resolved by the caller (process_reference_by_handle).
 * => returns: STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED, STATUS_SUCCESS.
 */
NTSTATUS handle_reference(struct handle_table *table, handle_t handle,
			  const struct object_type *type, access_mask_t desired, void *object_out,
			  access_mask_t *granted) MUST_CHECK;

struct handle_information {
	access_mask_t granted;
	uint32_t attributes;
};
NTSTATUS handle_query(struct handle_table *table, handle_t handle,
		      struct handle_information *result) MUST_CHECK;
NTSTATUS handle_set_attributes(struct handle_table *table, handle_t handle,
			       uint32_t attributes) MUST_CHECK;

/* => returns: STATUS_INVALID_HANDLE, STATUS_HANDLE_NOT_CLOSABLE (protected), STATUS_SUCCESS. May sleep (object deletion). */
NTSTATUS handle_close(struct handle_table *table, handle_t handle) MUST_CHECK;

/*
 * Calls visit for each handle in ascending index order, with the table locked; stops when it returns false.
 * For inheritance, the shell's `handles`, and mm_check.
 */
void handle_for_each(struct handle_table *table,
		     bool (*visit)(handle_t handle, struct object *object,
				   const struct handle_information *information, void *context),
		     void *context);

uint32_t handle_count(struct handle_table *table);

/*
 * placeholder.h - reservations that only keep a place: split, joined, and replaced as a whole by a
 * view or by memory (MEM_RESERVE_PLACEHOLDER and its kin; nt-semantics 3.5, 3.8, 5.1.4).
 *
 * A placeholder is a private view with one reserved region. It may stand at any page boundary,
 * since it comes from an allocation at a multiple of 64 KiB. Every status below is a choice within
 * the documented classes. All need the space's lock.
 */
#pragma once

#include "view.h"

/* The template of a placeholder over [start, end). */
struct view_template placeholder_template(vaddr_t start, vaddr_t end);

/*
 * MEM_REPLACE_PLACEHOLDER: the placeholder that is exactly [start, end). It goes into `replaced` of
 * the template of what takes its place.
 * => returns: STATUS_INVALID_PARAMETER (nothing at `start`, or no placeholder),
 *    STATUS_CONFLICTING_ADDRESSES (another range).
 */
NTSTATUS placeholder_find(struct address_space *space, vaddr_t start, vaddr_t end,
			  struct view **result) MUST_CHECK;

/*
 * MEM_COALESCE_PLACEHOLDERS: makes one of the placeholders that fill [start, end).
 * => returns: STATUS_CONFLICTING_ADDRESSES (fewer than two, or not exactly these),
 *    STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS placeholder_coalesce(struct address_space *space, vaddr_t start, vaddr_t end) MUST_CHECK;

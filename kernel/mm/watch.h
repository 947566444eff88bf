/*
 * watch.h - write watches: which pages of a MEM_WRITE_WATCH reservation have been written
 * (nt-semantics 5.8).
 *
 * A mark per page, kept beside the view and not in the page tables, so that it outlives protection
 * changes and decommitting. A page without a mark is mapped without the right to write; the fault
 * of its first write makes the mark. Resetting takes the mark and the right away again.
 */
#pragma once

#include "types.h"

/*
 * No marks, for page_count pages from `start`, with one reference.
 * => returns: STATUS_NO_MEMORY (more pages than marks can be kept for),
 *    STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS watch_create(vaddr_t start, uint64_t page_count, struct watch **result) MUST_CHECK;
/* The parts that a view is cut into share its watch. => locks: any. NULL is nothing. */
void watch_reference(struct watch *watch);
void watch_release(struct watch *watch);

/* ---- with the space's lock ---- */

/* The page is written to: does nothing when the view is not watched. */
void watch_mark(const struct view *view, vaddr_t va);
/* True: the page is watched and has no mark, so its slot must not be writable. */
bool watch_withholds_write(const struct view *view, vaddr_t va);
/* The bits of a slot of the page, without the right to write as long as it has no mark. */
uint64_t watch_hardware_bits(const struct view *view, vaddr_t va, uint64_t bits);

/* ---- without locks; each returns at once when the space has no watch ---- */

/*
 * Marks the pages of [start, start + size) that can be written: the kernel writes there by ways
 * that the page tables do not see, or says so before it does (NtReadFile's buffer).
 */
void watch_mark_range(struct address_space *space, vaddr_t start, uint64_t size_bytes);

/*
 * True when a probe need not write to the page to know that it can be written: a probe of a watched
 * page must not mark it.
 */
bool watch_answers_probe(struct address_space *space, vaddr_t va);

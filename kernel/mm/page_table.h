/*
 * page_table.h - slots of an address space: finding them, making the tables they stand in, counting
 * their use.
 *
 * A page table counts its entries in use in the `shares` of its frame, so an empty one is noticed
 * and given back. Every change of a slot therefore goes through word_set_locked or
 * slot_exchange_locked. State words are not counted: their tables go with the segment.
 */
#pragma once

#include "types.h"

struct tlb_batch;

/* Writes a slot that the MMU does not use now (it was not valid), and counts it in its table. */
void word_set_locked(pte_t *word, pte_t value) REQUIRES(frame_lock);

/*
 * Replaces a valid slot atomically; the result has the A and D bits of the last moment. The caller
 * owes a flush.
 */
pte_t slot_exchange_locked(pte_t *slot, pte_t value) REQUIRES(frame_lock);

/* The slot of `va`, or NULL when a table is missing. */
pte_t *slot_find(struct address_space *space, vaddr_t va);

/*
 * The slot of `va`, making one missing table from *spare (a zeroed HELD frame; becomes PFN_NONE
 * when used).
 * => returns: NULL when another zeroed frame is needed: get one without locks and call again.
 */
pte_t *slot_make_locked(struct address_space *space, vaddr_t va, pfn_t *spare) REQUIRES(frame_lock);

/*
 * The first slot at or after *va, below `end`, whose table exists; *va is moved to it. NULL at the
 * end. Skips missing tables whole, so a walk costs what is there, not the size of the range.
 */
pte_t *slot_next(struct address_space *space, vaddr_t *va, vaddr_t end);

/*
 * Takes the tables over [start, end) that have become empty out of the tree; `batch` frees them
 * after its flush.
 */
void tables_prune_locked(struct address_space *space, vaddr_t start, vaddr_t end,
			 struct tlb_batch *batch) REQUIRES(frame_lock);

/*
 * page_table.h - slots of an address space: finding them, making the tables they stand in, counting
 * their use.
 *
 * A page table counts its entries in use in the `shares` of its frame, so an empty one is noticed
 * and given back. Every change of a slot therefore goes through word_set_locked or
 * slot_exchange_locked. State words are not counted: their tables go with the segment.
 *
 * A large page is one valid word of level 2, where otherwise a page table is named: the slot of
 * 512 pages at once.
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

/* The slot of `va`, or NULL when a table is missing or a large page is in its place. */
pte_t *slot_find(struct address_space *space, vaddr_t va);

/*
 * The slot of `va`, making one missing table from *spare (a zeroed HELD frame; becomes PFN_NONE
 * when used).
 * => returns: NULL when another zeroed frame is needed: get one without locks and call again.
 */
pte_t *slot_make_locked(struct address_space *space, vaddr_t va, pfn_t *spare) REQUIRES(frame_lock);
/* The same for the slot of the large page that holds `va`, where no page table may stand. */
pte_t *slot_make_large_locked(struct address_space *space, vaddr_t va, pfn_t *spare)
	REQUIRES(frame_lock);

/*
 * The word that translates the page of `va`: its slot's, or, within a large page, one that names
 * the page's own frame, PTE_LARGE still set. Without a slot: 0.
 */
pte_t slot_word(struct address_space *space, vaddr_t va);

/* Bytes that a slot with this word stands for. */
static inline uint64_t slot_span(pte_t word)
{
	return pte_is_large(word) ? LARGE_PAGE_BYTES : PAGE_SIZE;
}

/*
 * The first slot at or after *va, below `end`, whose table exists or that is a large page (the one
 * *va lies in counts); *va is moved to it. NULL at the end. The next one is slot_span on. Skips
 * missing tables whole, so a walk costs what is there, not the size of the range.
 */
pte_t *slot_next(struct address_space *space, vaddr_t *va, vaddr_t end);

/*
 * Takes the tables over [start, end) that have become empty out of the tree; `batch` frees them
 * after its flush.
 */
void tables_prune_locked(struct address_space *space, vaddr_t start, vaddr_t end,
			 struct tlb_batch *batch) REQUIRES(frame_lock);

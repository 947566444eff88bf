/*
 * working_set.h - the pages of an address space that are in memory and may be taken out of it: NT's
 * working set list.
 *
 * One entry of 8 bytes per page, in a table that grows by frames, in the order in which the pages
 * came; a page that comes takes the place (the hole) of the one that went longest ago. The order is
 * what replacement policies work with (replace.h).
 *
 *   entry   63        29 28     19 18         0
 *           page number   stamp     note of the policy          0 as page number: a hole
 *
 * A page that is unmapped leaves its entry behind: unmapping knows nothing of this list. Each
 * mapping has a stamp of ten bits, in its entry and in the spare bits of its slot; an entry whose
 * slot is not valid, or has another stamp, is found out when the hand or the sweep comes to it. (An
 * old stamp that fits by chance makes a page stand twice in the list, no more.)
 *
 * Large pages and pages of locked regions stay in memory: the first have no entry, the second are
 * passed over.
 *
 * => locks: all functions need the space's lock.
 */
#pragma once

#include "types.h"

#define WORKING_SET_NOTE_BITS 19
#define WORKING_SET_PAGE_SHIFT 29
#define WORKING_SET_NOTE_MASK ((1ull << WORKING_SET_NOTE_BITS) - 1)

/* How many entries name pages, those of pages that went included. */
static inline uint32_t working_set_count(const struct working_set *set)
{
	return set->used - set->hole_count;
}

/*
 * Makes room for one more page, from *spare (a zeroed HELD frame; PFN_NONE when it was used).
 * => returns: false when another zeroed frame is needed: get one without locks and call again.
 */
bool working_set_make_room_locked(struct address_space *space, pfn_t *spare) REQUIRES(frame_lock);

/* Enters a page that is being mapped; there is room. => returns: its stamp, as bits of the slot. */
uint64_t working_set_enter(struct address_space *space, vaddr_t va);

/* The entry at an index below `used`. */
uint64_t *working_set_entry(const struct working_set *set, uint32_t index);
/* The page of an entry; 0: it is a hole. */
static inline vaddr_t working_set_page(uint64_t entry)
{
	return pages_to_bytes(entry >> WORKING_SET_PAGE_SHIFT);
}

/* The slot that the entry stands for, or NULL when its page has gone. */
pte_t *working_set_slot(struct address_space *space, uint64_t entry);

/* The entry names no page any more. */
void working_set_remove(struct working_set *set, uint32_t index);

/* Closes up the holes when they are most of the list, and gives frames back. Takes frame_lock. */
void working_set_tidy(struct address_space *space);

/* Frees the list; the space is going. Takes frame_lock. */
void working_set_destroy(struct address_space *space);

/* Frames that all lists take: they come and go with what is in memory, not with what is used. */
uint64_t working_set_frames(void);

/*
 * pages.h - what happens to the pages of a range of an address space when views go or change.
 *
 * All need the space's lock on entry and hold it on return. They work in batches: slots are changed
 * under frame_lock, then flushed, then the frames are released.
 */
#pragma once

#include "types.h"

struct tlb_batch;

/*
 * Forgets the pages of [start, end): shared ones are unmapped, private ones freed. Empty page
 * tables go too.
 */
void pages_discard(struct address_space *space, vaddr_t start, vaddr_t end);

/*
 * Gives the resident pages of [start, end) the hardware rights of `protection`. Where it allows no
 * access (PAGE_NOACCESS, PAGE_GUARD), or a private page must not be reached, pages are unmapped
 * with their content kept.
 */
void pages_protect(struct address_space *space, vaddr_t start, vaddr_t end, uint32_t protection);

/* Takes the right to write from the resident pages of [start, end); the next write faults. */
void pages_withhold_write(struct address_space *space, vaddr_t start, vaddr_t end);
/* True when the page is private: its content belongs to this space alone. Takes frame_lock. */
bool page_is_private(struct address_space *space, vaddr_t va);
bool slot_is_private_locked(pte_t slot) REQUIRES(frame_lock);

/*
 * Unmaps a page and keeps its content: a private page stays in its frame, a shared one is found
 * again through its segment. The slot is valid; the batch has room.
 */
void page_unmap_locked(struct tlb_batch *batch, pte_t *slot, vaddr_t va) REQUIRES(frame_lock);

/*
 * Maps a frame: sets the slot (not valid before) and counts the share. The frame is HELD (owned),
 * ACTIVE, STANDBY, MODIFIED or WRITING. With PTE_LARGE among the bits: the first of a large page;
 * else the page enters the working set, which has room.
 */
void page_map_locked(struct address_space *space, vaddr_t va, pte_t *slot, struct frame *frame,
		     uint64_t hardware_bits) REQUIRES(frame_lock);

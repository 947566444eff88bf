/*
 * tlb.h - translations that were taken away, and the frames that must not be released before they
 * are flushed.
 *
 * The order is: exchange the slot -> flush every CPU that runs the space -> only then release the
 * frame. The batch owns the frames in between, so releasing early cannot be written. A translation
 * that is added, or gains rights, needs no flush.
 */
#pragma once

#include "types.h"

#define TLB_BATCH_PAGES 32u

enum tlb_release {
	TLB_KEEP,	  /* the translation lost rights; its frame stays */
	TLB_UNSHARE,	  /* one slot less names the frame */
	TLB_FREE_PRIVATE, /* a private page is gone: its only slot is cleared */
	TLB_FREE_TABLE,	  /* a page table is out of the tree */
};

struct tlb_batch {
	struct address_space *space;
	unsigned count;
	bool flush_all; /* a page table went: the paging-structure caches go too */
	struct {
		vaddr_t va;
		uint32_t pfn;	 /* frame numbers fit: the database links by 32 bits */
		uint8_t release; /* enum tlb_release */
		bool was_dirty;
	} pages[TLB_BATCH_PAGES];
};

void tlb_batch_begin(struct tlb_batch *batch, struct address_space *space);

static inline bool tlb_batch_has_room(const struct tlb_batch *batch)
{
	return batch->count < TLB_BATCH_PAGES;
}

/* `old` is the slot's last word. There must be room. */
void tlb_batch_add(struct tlb_batch *batch, vaddr_t va, pte_t old, enum tlb_release release);
void tlb_batch_add_table(struct tlb_batch *batch, pfn_t table);

/*
 * Flushes, then releases what the batch owns; it is empty afterwards and may be used again.
 * => locks: takes frame_lock; the caller holds the space's lock, so no slot changes in between.
 */
void tlb_batch_flush(struct tlb_batch *batch) EXCLUDES(frame_lock);

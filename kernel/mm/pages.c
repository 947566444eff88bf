/*
 * pages.c - see pages.h.
 */
#include "pages.h"

#include "frame.h"
#include "kernel/io/pagefile.h"
#include "page_table.h"
#include "protection.h"
#include "tlb.h"
#include "view.h"
#include "watch.h"
#include "working_set.h"

bool slot_is_private_locked(pte_t slot)
{
	switch (pte_kind(slot)) {
	case PTE_VALID:
		return (frame_of(pte_pfn(slot))->flags & FRAME_PRIVATE) != 0;
	case PTE_IN_FRAME:
	case PTE_IN_PAGEFILE:
		return true;
	case PTE_NONE:
	case PTE_ZERO:
		break;
	}
	return false;
}

bool page_is_private(struct address_space *space, vaddr_t va)
{
	bool is_private;
	pte_t *slot;

	spin_lock(&frame_lock);
	slot = slot_find(space, va);
	/* a large page is its segment's */
	is_private = slot && slot_is_private_locked(pt_read(slot));
	spin_unlock(&frame_lock);
	return is_private;
}

void page_map_locked(struct address_space *space, vaddr_t va, pte_t *slot, struct frame *frame,
		     uint64_t hardware_bits)
{
	if (!(hardware_bits & PTE_LARGE))
		hardware_bits |= working_set_enter(space, va);
	word_set_locked(slot, pte_valid(frame_number(frame), hardware_bits));
	frame_share_locked(frame);
	space->resident_pages += hardware_bits & PTE_LARGE ? LARGE_PAGE_PAGES : 1;
	if (space->resident_pages > space->peak_resident_pages)
		space->peak_resident_pages = space->resident_pages;
}

/* A private page that no slot maps: at rest, in transfer, or borrowed for a copy. */
static void discard_unmapped_locked(pte_t *slot) REQUIRES(frame_lock)
{
	struct frame *frame = frame_of(pte_pfn(pt_read(slot)));

	word_set_locked(slot, pte_none());
	frame_abandon_locked(frame);
}

static void discard_slot_locked(struct tlb_batch *batch, pte_t *slot, vaddr_t va, uint32_t unused)
	REQUIRES(frame_lock)
{
	pte_t old = pt_read(slot);
	bool is_private = slot_is_private_locked(old);

	(void)unused;
	switch (pte_kind(old)) {
	case PTE_VALID:
		tlb_batch_add(batch, va, slot_exchange_locked(slot, pte_none()),
			      is_private ? TLB_FREE_PRIVATE : TLB_UNSHARE);
		batch->space->resident_pages -= page_of(slot_span(old));
		break;
	case PTE_IN_FRAME:
		discard_unmapped_locked(slot);
		break;
	case PTE_IN_PAGEFILE:
		pagefile_free(pte_pagefile_slot(old));
		word_set_locked(slot, pte_none());
		break;
	case PTE_NONE:
	case PTE_ZERO:
		break;
	}
}

/* Takes out empty page tables, as many as one batch holds; true when there may be more. */
static bool prune_some(struct tlb_batch *batch, vaddr_t start, vaddr_t end)
{
	bool full;

	spin_lock(&frame_lock);
	tables_prune_locked(batch->space, start, end, batch);
	full = !tlb_batch_has_room(batch);
	spin_unlock(&frame_lock);
	tlb_batch_flush(batch);
	return full;
}

/*
 * Lets `change` have each slot of [start, end) that stands in a table, a batch of them at a time.
 */
static void change_slots(struct address_space *space, vaddr_t start, vaddr_t end,
			 void (*change)(struct tlb_batch *batch, pte_t *slot, vaddr_t va,
					uint32_t protection),
			 uint32_t protection)
{
	struct tlb_batch batch;
	vaddr_t va = start;

	KASSERT(mutex_is_held(&space->lock));
	tlb_batch_begin(&batch, space);
	while (va < end) {
		pte_t *slot;

		spin_lock(&frame_lock);
		while (tlb_batch_has_room(&batch) && (slot = slot_next(space, &va, end)) != NULL) {
			uint64_t span = slot_span(pt_read(slot));

			KASSERT(va + span <= end && (va & (span - 1)) == 0);
			change(&batch, slot, va, protection);
			va += span;
		}
		spin_unlock(&frame_lock);
		tlb_batch_flush(&batch);
	}
}

void pages_discard(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct tlb_batch batch;

	change_slots(space, start, end, discard_slot_locked, 0);
	tlb_batch_begin(&batch, space);
	while (prune_some(&batch, start, end))
		;
}

void page_unmap_locked(struct tlb_batch *batch, pte_t *slot, vaddr_t va)
{
	pte_t old = pt_read(slot);
	pte_t kept = slot_is_private_locked(old) ? pte_in_frame(pte_pfn(old)) : pte_none();

	tlb_batch_add(batch, va, slot_exchange_locked(slot, kept), TLB_UNSHARE);
	batch->space->resident_pages -= page_of(slot_span(old));
}

/* What a watch of the page's view leaves of the bits. */
static uint64_t watched_bits(struct address_space *space, vaddr_t va, uint64_t bits)
{
	if (!atomic_load_explicit(&space->watch_count, memory_order_relaxed))
		return bits;
	return watch_hardware_bits(view_find(space, va), va, bits);
}

/* What a change of rights leaves as it is in a slot. */
#define PTE_KEPT (PTE_ACCESSED | PTE_DIRTY | PTE_LARGE | PTE_STAMP_MASK)

static void protect_slot_locked(struct tlb_batch *batch, pte_t *slot, vaddr_t va,
				uint32_t protection) REQUIRES(frame_lock)
{
	pte_t old = pt_read(slot);
	uint64_t bits;

	if (pte_kind(old) != PTE_VALID)
		return;
	if (!protection_rights(protection) || (protection & PAGE_GUARD)) {
		page_unmap_locked(batch, slot, va);
		return;
	}
	bits = protection_hardware_bits(protection, slot_is_private_locked(old));
	bits = watched_bits(batch->space, va, bits) | (old.bits & PTE_KEPT);
	tlb_batch_add(batch, va, slot_exchange_locked(slot, pte_valid(pte_pfn(old), bits)),
		      TLB_KEEP);
}

void pages_protect(struct address_space *space, vaddr_t start, vaddr_t end, uint32_t protection)
{
	change_slots(space, start, end, protect_slot_locked, protection);
}

static void withhold_write_locked(struct tlb_batch *batch, pte_t *slot, vaddr_t va, uint32_t unused)
	REQUIRES(frame_lock)
{
	pte_t old = pt_read(slot), kept = {.bits = old.bits & ~PTE_WRITE};

	(void)unused;
	if (pte_is_writable(old))
		tlb_batch_add(batch, va, slot_exchange_locked(slot, kept), TLB_KEEP);
}

void pages_withhold_write(struct address_space *space, vaddr_t start, vaddr_t end)
{
	change_slots(space, start, end, withhold_write_locked, 0);
}

/*
 * tlb.c - see tlb.h. One CPU today; the shape is that of several: active_cpus says whom a flush
 * must reach.
 */
#include "tlb.h"

#include "frame.h"

void tlb_batch_begin(struct tlb_batch *batch, struct address_space *space)
{
	batch->space = space;
	batch->count = 0;
	batch->flush_all = false;
}

void tlb_batch_add(struct tlb_batch *batch, vaddr_t va, pte_t old, enum tlb_release release)
{
	unsigned i = batch->count++;

	KASSERT(i < TLB_BATCH_PAGES && pte_kind(old) == PTE_VALID);
	batch->pages[i].va = va;
	batch->pages[i].pfn = (uint32_t)pte_pfn(old);
	batch->pages[i].release = (uint8_t)release;
	batch->pages[i].was_dirty = pte_is_dirty(old);
}

void tlb_batch_add_table(struct tlb_batch *batch, pfn_t table)
{
	unsigned i = batch->count++;

	KASSERT(i < TLB_BATCH_PAGES);
	batch->pages[i].va = 0;
	batch->pages[i].pfn = (uint32_t)table;
	batch->pages[i].release = TLB_FREE_TABLE;
	batch->pages[i].was_dirty = false;
	batch->flush_all = true;
}

static void flush(const struct tlb_batch *batch)
{
	if (!atomic_load_explicit(&batch->space->active_cpus, memory_order_relaxed))
		return;
	if (batch->flush_all) {
		arch_tlb_flush_all();
		return;
	}
	for (unsigned i = 0; i < batch->count; i++)
		arch_tlb_flush_page(batch->pages[i].va);
}

static void release_locked(struct frame *frame, enum tlb_release release, bool was_dirty)
	REQUIRES(frame_lock)
{
	switch (release) {
	case TLB_KEEP:
		break;
	case TLB_UNSHARE:
		frame_unshare_locked(frame, was_dirty);
		break;
	case TLB_FREE_PRIVATE:
		KASSERT((frame->flags & FRAME_PRIVATE) && frame->shares == 1);
		frame->shares = 0;
		frame_abandon_locked(frame);
		break;
	case TLB_FREE_TABLE:
		KASSERT(frame->state == FRAME_TABLE);
		frame_free_locked(frame);
		break;
	}
}

void tlb_batch_flush(struct tlb_batch *batch)
{
	if (!batch->count)
		return;
	flush(batch);
	spin_lock(&frame_lock);
	for (unsigned i = 0; i < batch->count; i++)
		release_locked(frame_of(batch->pages[i].pfn),
			       (enum tlb_release)batch->pages[i].release,
			       batch->pages[i].was_dirty);
	spin_unlock(&frame_lock);
	tlb_batch_begin(batch, batch->space);
}

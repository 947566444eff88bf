/*
 * fault.c - the page fault: decide under locks, act without locks, start again from the top.
 *
 * tour of a page fault: 4 of 6; next: pagein.c
 *
 *   slot                private view             view of a segment
 *   0, ask the view     make a page of zeros     ask the segment (segment_page_locked) and map its
 *                                                frame; a write to a copy-on-write page: copy it
 *   IN_FRAME            map it again (soft)      the same: it is a private copy
 *   IN_PAGEFILE         read it                  the same
 *   VALID               spurious                 spurious; a write to a copy-on-write page: copy it
 *
 * A view of large pages has slots of level 2: 0 is mapped, 512 pages at once, VALID is spurious.
 *
 * fault_resolve is the decision. It never blocks and never allocates: what it needs (a frame for a
 * missing page table, for the page itself, a page read) it names as the next step, mm_fault does
 * that step with no lock held, and the whole decision is made again. Nothing survives in between
 * but a spare frame that we own.
 *
 * Locks: space->lock, then frame_lock, both released before a step is performed.
 */
#include "fault.h"

#include "around.h"
#include "frame.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "large.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "stack.h"
#include "trim.h"
#include "view.h"
#include "watch.h"
#include "working_set.h"

#define MAX_TURNS 1000u

static atomic_uint_fast64_t fault_totals[QUIRE_FAULT_CLASSES];

uint64_t fault_total(enum quire_fault_class class)
{
	return atomic_load_explicit(&fault_totals[class], memory_order_relaxed);
}

static void count_one(atomic_uint_fast64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void count(struct fault *fault, enum quire_fault_class class)
{
	count_one(&fault->space->faults[class]);
	count_one(&fault_totals[class]);
	if (fault->page.segment)
		count_one(&fault->page.segment->faults[class]);
}

static enum fault_step done(struct fault *fault, enum quire_fault_class class)
{
	fault->class = class;
	fault->status = STATUS_SUCCESS;
	return FAULT_DONE;
}

static enum fault_step fail(struct fault *fault, enum quire_fault_class class, NTSTATUS status)
{
	fault->class = class;
	fault->status = status;
	return FAULT_FAIL;
}

/* What is told about the fault; the cause goes with it (upcall_page_fault). */
static NTSTATUS in_page_error(NTSTATUS cause)
{
	thread_current()->in_page_cause = cause;
	return STATUS_IN_PAGE_ERROR;
}

static enum fault_step need_frame(struct fault *fault, bool zeroed)
{
	fault->page.need_zeroed = zeroed;
	fault->page_step = PAGE_NEED_FRAME;
	return FAULT_PAGE_STEP;
}

static uint64_t private_page_bits(const struct fault *fault, const struct region *region)
{
	return PTE_ACCESSED |
	       watch_hardware_bits(region->view, fault->va,
				   protection_hardware_bits(region->protection, true));
}

/*
 * Gives the spare to this space as the page's private content and maps it; the slot was not valid.
 */
static void map_private_locked(struct fault *fault, const struct region *region, pte_t *slot,
			       uint8_t flags) REQUIRES(frame_lock)
{
	struct frame *frame = frame_of(fault->page.spare);

	fault->page.spare = PFN_NONE;
	frame_own_locked(frame, fault->space, page_of(fault->va), slot, pte_none(),
			 FRAME_PRIVATE | flags);
	page_map_locked(fault->space, fault->va, slot, frame, private_page_bits(fault, region));
}

static enum fault_step make_zero_page_locked(struct fault *fault, const struct region *region,
					     pte_t *slot) REQUIRES(frame_lock)
{
	if (fault->page.spare == PFN_NONE || !fault->page.spare_zeroed)
		return need_frame(fault, true);
	map_private_locked(fault, region, slot, 0);
	return done(fault, QUIRE_FAULT_DEMAND_ZERO);
}

/*
 * The first write to a copy-on-write page: the spare becomes a private copy of `source`, which
 * stays as it is.
 */
static enum fault_step make_copy_locked(struct fault *fault, const struct region *region,
					pte_t *slot, pfn_t source) REQUIRES(frame_lock)
{
	if (fault->page.spare == PFN_NONE)
		return need_frame(fault, false);
	page_copy(frame_memory(fault->page.spare), frame_memory(source));
	if (pte_kind(pt_read(slot)) == PTE_VALID) {
		tlb_batch_add(&fault->batch, fault->va, slot_exchange_locked(slot, pte_none()),
			      TLB_UNSHARE);
		fault->space->resident_pages--;
	}
	map_private_locked(fault, region, slot, FRAME_DIRTY);
	return done(fault, QUIRE_FAULT_COPY_ON_WRITE);
}

static bool wants_copy(const struct fault *fault, const struct region *region)
{
	return fault->access == ACCESS_WRITE && protection_is_copy(region->protection);
}

static enum quire_fault_class class_of_ready(const struct page_request *page)
{
	if (page->was_read)
		return QUIRE_FAULT_FILE;
	if (page->was_born)
		return QUIRE_FAULT_DEMAND_ZERO;
	return page->was_mapped ? QUIRE_FAULT_SHARED : QUIRE_FAULT_SOFT;
}

/* A page of a segment that this space does not map yet. */
static enum fault_step resolve_segment_page_locked(struct fault *fault, const struct region *region,
						   pte_t *slot) REQUIRES(frame_lock)
{
	struct page_request *page = &fault->page;

	if (wants_copy(fault, region) && segment_page_is_zero_locked(page->segment, page->index))
		return make_zero_page_locked(fault, region, slot);
	fault->page_step = segment_page_locked(page);
	switch (fault->page_step) {
	case PAGE_READY:
		break;
	case PAGE_FAIL:
		if (page->status == STATUS_ACCESS_VIOLATION || region->view->is_extendable)
			return fail(fault, QUIRE_FAULT_NO_VIEW, STATUS_ACCESS_VIOLATION);
		return fail(fault, QUIRE_FAULT_IN_PAGE_ERROR, in_page_error(page->status));
	case PAGE_NEED_FRAME:
	case PAGE_IN:
	case PAGE_WAIT:
		return FAULT_PAGE_STEP;
	}
	if (wants_copy(fault, region) && page->spare != PFN_NONE)
		return make_copy_locked(fault, region, slot, page->pfn);
	page_map_locked(fault->space, fault->va, slot, frame_of(page->pfn),
			protection_hardware_bits(region->protection, false) | PTE_ACCESSED);
	/* mapped, the page cannot be evicted to make room for its own copy, again and again */
	if (wants_copy(fault, region))
		return need_frame(fault, false);
	if (fault->access != ACCESS_WRITE && !page->was_read && !page->was_born)
		around_map_locked(fault, region, slot);
	return done(fault, class_of_ready(page));
}

/*
 * The slot is valid. Protection changes rewrite slots at once, so what is left to do is
 * copy-on-write, and the first write to a watched page (it is marked by now): a right is gained, so
 * nothing is flushed.
 */
static enum fault_step resolve_valid_locked(struct fault *fault, const struct region *region,
					    pte_t *slot) REQUIRES(frame_lock)
{
	pte_t word = pt_read(slot);

	if (wants_copy(fault, region) && !slot_is_private_locked(word))
		return make_copy_locked(fault, region, slot, pte_pfn(word));
	if (fault->access == ACCESS_WRITE && region->view->watch && !pte_is_writable(word)) {
		slot_exchange_locked(slot, (pte_t){.bits = word.bits | PTE_WRITE});
		return done(fault, QUIRE_FAULT_SOFT);
	}
	return done(fault, QUIRE_FAULT_SPURIOUS);
}

/* A private page that is in a frame but not mapped, or in the page file. */
static enum fault_step resolve_private_page_locked(struct fault *fault, const struct region *region,
						   pte_t *slot) REQUIRES(frame_lock)
{
	struct page_request *page = &fault->page;

	fault->page_step = private_page_locked(fault->space, fault->va, slot, page);
	if (fault->page_step != PAGE_READY)
		return FAULT_PAGE_STEP;
	page_map_locked(fault->space, fault->va, slot, frame_of(page->pfn),
			private_page_bits(fault, region));
	return done(fault, page->was_read ? QUIRE_FAULT_FILE : QUIRE_FAULT_SOFT);
}

static enum fault_step resolve_slot_locked(struct fault *fault, const struct region *region)
	REQUIRES(frame_lock)
{
	pfn_t table = fault->page.spare_zeroed ? fault->page.spare : PFN_NONE;
	pte_t *slot = NULL;

	if (working_set_make_room_locked(fault->space, &table))
		slot = slot_make_locked(fault->space, fault->va, &table);
	if (fault->page.spare_zeroed)
		fault->page.spare = table;
	if (!slot)
		return need_frame(fault, true);
	switch (pte_kind(pt_read(slot))) {
	case PTE_NONE:
		if (fault->page.segment)
			return resolve_segment_page_locked(fault, region, slot);
		return make_zero_page_locked(fault, region, slot);
	case PTE_VALID:
		return resolve_valid_locked(fault, region, slot);
	case PTE_IN_FRAME:
	case PTE_IN_PAGEFILE:
		return resolve_private_page_locked(fault, region, slot);
	case PTE_ZERO:
		break;
	}
	panic("slot of 0x%llx: impossible word", (unsigned long long)fault->va);
}

/* The frames are there since the segment was made. */
static enum fault_step resolve_large_locked(struct fault *fault, const struct region *region)
	REQUIRES(frame_lock)
{
	pfn_t table = fault->page.spare_zeroed ? fault->page.spare : PFN_NONE;
	pte_t *slot = slot_make_large_locked(fault->space, fault->va, &table);

	if (fault->page.spare_zeroed)
		fault->page.spare = table;
	if (!slot)
		return need_frame(fault, true);
	if (pte_kind(pt_read(slot)) == PTE_VALID)
		return done(fault, QUIRE_FAULT_SPURIOUS);
	page_map_locked(fault->space, fault->va, slot,
			large_frame_locked(fault->page.segment, fault->page.index),
			protection_hardware_bits(region->protection, false) | PTE_LARGE);
	return done(fault, QUIRE_FAULT_LARGE);
}

static unsigned right_for(enum access access)
{
	switch (access) {
	case ACCESS_READ:
		return RIGHT_READ;
	case ACCESS_WRITE:
		return RIGHT_WRITE;
	case ACCESS_EXECUTE:
		return RIGHT_EXECUTE;
	}
	return 0;
}

enum fault_step fault_resolve(struct fault *fault)
{
	struct region *region = region_find(fault->space, fault->va);
	enum fault_step step;

	fault->page.segment = NULL;
	if (!region || region->state == REGION_RESERVED)
		return fail(fault, QUIRE_FAULT_NO_VIEW, STATUS_ACCESS_VIOLATION);
	/* before the rights: the first access of any kind takes the guard away (5.9) */
	if ((region->protection & PAGE_GUARD) && page_is_committed(region, fault->va))
		return FAULT_GUARD;
	if (!(protection_rights(region->protection) & right_for(fault->access)))
		return fail(fault, QUIRE_FAULT_PROTECTION, STATUS_ACCESS_VIOLATION);
	if (fault->access == ACCESS_WRITE)
		watch_mark(region->view, fault->va);
	if (region->view->segment) {
		struct view *view = region->view;

		fault->page.segment = view->segment;
		fault->page.index = view->first_page + page_of(fault->va - view->start);
	}
	spin_lock(&frame_lock);
	step = view_is_large(region->view) ? resolve_large_locked(fault, region)
					   : resolve_slot_locked(fault, region);
	spin_unlock(&frame_lock);
	return step;
}

/*
 * A guard page was touched: its guard goes, and the toucher is told once; a stack grows silently
 * instead.
 */
static enum fault_step fault_guard(struct fault *fault)
{
	struct region *region = region_find(fault->space, fault->va);
	NTSTATUS status;

	if (region->view->is_stack) {
		status = stack_grow(fault->space, fault->va, &fault->stack_limit);
		if (NT_SUCCESS(status))
			return FAULT_STACK_GROWN;
	} else {
		status = guard_remove(fault->space, fault->va);
		if (NT_SUCCESS(status))
			status = STATUS_GUARD_PAGE_VIOLATION;
	}
	return fail(fault, QUIRE_FAULT_GUARD, status);
}

/* Pages that the space has above its hard maximum. */
static uint64_t surplus_pages(const struct address_space *space)
{
	const struct working_set *set = &space->working_set;

	if (!set->hard_maximum || space->resident_pages <= set->maximum_pages)
		return 0;
	return space->resident_pages - set->maximum_pages;
}

/* One decision. The counts are made here, while the lock keeps the view and its segment. */
static enum fault_step fault_turn(struct fault *fault)
{
	enum fault_step step;

	mutex_lock(&fault->space->lock);
	step = fault_resolve(fault);
	tlb_batch_flush(&fault->batch);
	if (step == FAULT_GUARD)
		step = fault_guard(fault);
	if (step == FAULT_DONE || step == FAULT_FAIL)
		count(fault, fault->class);
	if (step == FAULT_DONE)
		fault->surplus = surplus_pages(fault->space);
	mutex_unlock(&fault->space->lock);
	return step;
}

/* Performs the step that fault_turn named, without locks. True: decide again. */
static bool fault_perform(struct fault *fault, enum fault_step step)
{
	switch (step) {
	case FAULT_DONE:
	case FAULT_GUARD:
		return false;
	case FAULT_FAIL:
	case FAULT_STACK_GROWN:
		if (fault->stack_limit)
			stack_limit_publish(fault->space, fault->stack_limit);
		fault->stack_limit = 0;
		return step == FAULT_STACK_GROWN;
	case FAULT_PAGE_STEP:
		break;
	}
	fault->status = page_step_perform(fault->page_step, &fault->page);
	if (NT_SUCCESS(fault->status))
		return true;
	fault->page.segment = NULL;
	if (fault->page_step == PAGE_IN) {
		count(fault, QUIRE_FAULT_IN_PAGE_ERROR);
		fault->status = in_page_error(fault->status);
	}
	return false;
}

NTSTATUS mm_fault(struct address_space *space, vaddr_t address, enum access access, bool from_user)
{
	struct fault fault = {.space = space, .va = page_round_down(address), .access = access};
	unsigned turns = 0;
	enum fault_step step;

	tlb_batch_begin(&fault.batch, space);
	do {
		step = fault_turn(&fault);
	} while (fault_perform(&fault, step) && ++turns < MAX_TURNS);
	if (turns == MAX_TURNS) /* so little memory that what it needs pushes itself out */
		fault.status = STATUS_NO_MEMORY;
	page_request_end(&fault.page);
	if (fault.surplus)
		space_trim_but(space, (unsigned)fault.surplus, fault.va);
	if (!from_user) {
		fault.page.segment = NULL;
		count(&fault, QUIRE_FAULT_KERNEL_COPY);
	}
	return fault.status;
}

NTSTATUS upcall_page_fault(vaddr_t address, enum access access, bool from_user)
{
	struct address_space *space = thread_current()->space;

	if (!space || address >= USER_LIMIT)
		return STATUS_ACCESS_VIOLATION;
	return mm_fault(space, address, access, from_user);
}

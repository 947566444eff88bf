/*
 * trim.c - taking pages out of working sets.
 *
 * Only the slot changes: a private page is IN_FRAME then, a shared one is found again through its
 * segment. Whoever touches the page before its frame is taken for something else finds it by a soft
 * fault. Dirty bits are collected here, so that the frame goes to the list that it belongs on.
 *
 * The accessed bit is cleared when the hand comes by, and the translation flushed, so that the
 * next access sets it again.
 */
#include "trim.h"

#include "frame.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "region.h"
#include "replace.h"
#include "space.h"
#include "tlb.h"
#include "working_set.h"

/* As small as it may be that a program can go on: NT's number (SetProcessWorkingSetSize). */
#define LEAST_MAXIMUM 13u
#define ROUNDS 4u /* over all spaces, before shares no longer count */

static atomic_uint_fast64_t trimmed_total;

uint64_t trim_total(void)
{
	return atomic_load_explicit(&trimmed_total, memory_order_relaxed);
}

/* ---- a victim ---- */

/* One search over a working set. */
struct search {
	struct address_space *space;
	struct tlb_batch batch;
	uint32_t victim; /* the best entry so far */
	uint32_t rank;	 /* its rank */
	bool found;
};

/* Reads the accessed bit of a mapped page, and clears it for the next look. */
static bool accessed_take_locked(struct search *search, pte_t *slot, vaddr_t va)
	REQUIRES(frame_lock)
{
	pte_t word = pt_read(slot);

	if (!pte_is_accessed(word))
		return false;
	word.bits &= ~PTE_ACCESSED;
	/* D may be set until the exchange: it comes back in what was there, and is kept */
	word = slot_exchange_locked(slot, word);
	if (pte_is_dirty(word) && !pte_is_dirty(pt_read(slot)))
		slot_exchange_locked(slot, (pte_t){word.bits & ~PTE_ACCESSED});
	tlb_batch_add(&search->batch, va, word, TLB_KEEP);
	return true;
}

static uint32_t rank_locked(struct search *search, uint64_t *entry, pte_t *slot)
	REQUIRES(frame_lock)
{
	const struct working_set *set = &search->space->working_set;
	pte_t word = pt_read(slot);
	struct replace_page page = {
		.is_dirty = pte_is_dirty(word) || (frame_of(pte_pfn(word))->flags & FRAME_DIRTY),
		.note = (uint32_t)(*entry & WORKING_SET_NOTE_MASK),
		.now = set->clock,
		.in_set = working_set_count(set),
	};
	uint32_t rank;

	if (replace_policy->looks_at_accessed)
		page.was_accessed = accessed_take_locked(search, slot, working_set_page(*entry));
	rank = replace_policy->rank(&page);
	*entry = (*entry & ~WORKING_SET_NOTE_MASK) | (page.note & WORKING_SET_NOTE_MASK);
	return rank;
}

static bool is_locked(struct address_space *space, vaddr_t va)
{
	return space->locked_pages && region_find(space, va)->is_locked;
}

/* Looks at the page under the hand. => returns: false: there is none, or it has to stay. */
static bool look(struct search *search, uint32_t index)
{
	struct working_set *set = &search->space->working_set;
	uint64_t *entry = working_set_entry(set, index);
	uint32_t rank;
	pte_t *slot;

	if (!working_set_page(*entry))
		return false;
	slot = working_set_slot(search->space, *entry);
	if (!slot) {
		working_set_remove(set, index);
		return false;
	}
	if (is_locked(search->space, working_set_page(*entry)))
		return false;
	if (!tlb_batch_has_room(&search->batch))
		tlb_batch_flush(&search->batch);
	spin_lock(&frame_lock);
	rank = rank_locked(search, entry, slot);
	spin_unlock(&frame_lock);
	if (!search->found || rank < search->rank) {
		search->victim = index;
		search->rank = rank;
		search->found = true;
	}
	return true;
}

/* Finds search->victim. Entries that name no page cost a step, but are no look. */
static bool victim_find(struct search *search)
{
	struct working_set *set = &search->space->working_set;
	unsigned looks = 0;

	search->found = false;
	if (replace_policy->jump && set->used)
		set->hand = replace_policy->jump(set->used);
	for (uint32_t steps = set->used; steps && looks < replace_policy->window; steps--) {
		uint32_t index = set->hand < set->used ? set->hand : 0;

		set->hand = index + 1;
		looks += look(search, index);
		if (search->found && search->rank == 0)
			break;
	}
	return search->found;
}

static void victim_take(struct search *search)
{
	struct working_set *set = &search->space->working_set;
	uint64_t entry = *working_set_entry(set, search->victim);
	pte_t *slot = working_set_slot(search->space, entry);

	if (!tlb_batch_has_room(&search->batch))
		tlb_batch_flush(&search->batch);
	spin_lock(&frame_lock);
	page_unmap_locked(&search->batch, slot, working_set_page(entry));
	spin_unlock(&frame_lock);
	working_set_remove(set, search->victim);
}

/* ---- a space ---- */

unsigned space_trim(struct address_space *space, unsigned wanted)
{
	struct search search = {.space = space};
	unsigned taken = 0;

	mutex_lock(&space->lock);
	tlb_batch_begin(&search.batch, space);
	while (taken < wanted && victim_find(&search)) {
		victim_take(&search);
		taken++;
	}
	tlb_batch_flush(&search.batch);
	working_set_tidy(space);
	mutex_unlock(&space->lock);
	atomic_fetch_add_explicit(&trimmed_total, taken, memory_order_relaxed);
	return taken;
}

uint64_t space_empty(struct address_space *space)
{
	return space_trim(space, UINT32_MAX);
}

/* ---- limits ---- */

NTSTATUS space_set_limits(struct address_space *space, const struct working_set_limits *limits)
{
	struct working_set *set = &space->working_set;
	uint64_t resident;

	if (limits->minimum_pages > limits->maximum_pages || limits->maximum_pages < LEAST_MAXIMUM)
		return STATUS_BAD_WORKING_SET_LIMIT;
	mutex_lock(&space->lock);
	set->minimum_pages = limits->minimum_pages;
	set->maximum_pages = limits->maximum_pages;
	set->hard_minimum = limits->hard_minimum;
	set->hard_maximum = limits->hard_maximum;
	set->is_limited = true;
	resident = space->resident_pages;
	mutex_unlock(&space->lock);
	if (limits->hard_maximum && resident > limits->maximum_pages)
		space_trim(space, (unsigned)(resident - limits->maximum_pages));
	return STATUS_SUCCESS;
}

void space_read_limits(struct address_space *space, struct working_set_limits *limits)
{
	const struct working_set *set = &space->working_set;

	mutex_lock(&space->lock);
	limits->minimum_pages = set->minimum_pages;
	limits->maximum_pages = set->maximum_pages;
	limits->hard_minimum = set->hard_minimum;
	limits->hard_maximum = set->hard_maximum;
	mutex_unlock(&space->lock);
}

/* ---- all spaces ---- */

struct demand {
	unsigned wanted, taken;
	uint64_t in_memory;  /* pages of all, about */
	bool spares_minimum; /* minimums that are not hard count, too */
	bool by_share;
};

/* Pages that the space has above its minimum. */
static uint64_t excess(struct address_space *space, bool spares_minimum)
{
	const struct working_set *set = &space->working_set;
	uint64_t minimum = 0, resident;

	if (set->hard_minimum || (spares_minimum && set->is_limited))
		minimum = set->minimum_pages;
	spin_lock(&frame_lock);
	resident = space->resident_pages;
	spin_unlock(&frame_lock);
	return resident > minimum ? resident - minimum : 0;
}

/*
 * What the space owes: wanted * (its excess / all pages), where the fractions add up over the
 * visits.
 */
static unsigned share_of(struct address_space *space, const struct demand *demand,
			 uint64_t available)
{
	uint64_t missing = demand->wanted - demand->taken, share = available;

	if (demand->by_share) {
		uint64_t *credit = &space->working_set.credit;

		*credit += demand->wanted * available;
		share = *credit / demand->in_memory;
		*credit -= share * demand->in_memory;
	}
	if (share > available)
		share = available;
	return (unsigned)(share < missing ? share : missing);
}

static bool visit(struct address_space *space, void *context)
{
	struct demand *demand = context;
	uint64_t available = excess(space, demand->spares_minimum);
	unsigned share = available ? share_of(space, demand, available) : 0;

	if (share)
		demand->taken += space_trim(space, share);
	return demand->taken < demand->wanted;
}

/* First by shares above all minimums, then whoever has a page, at last without minimums. */
unsigned spaces_trim(unsigned wanted)
{
	struct demand demand = {.wanted = wanted, .spares_minimum = true, .by_share = true};

	demand.in_memory = frame_count(FRAME_ACTIVE) + 1;
	for (unsigned round = 0; round < ROUNDS && demand.taken < wanted; round++)
		space_visit_in_turn(visit, &demand);
	demand.by_share = false;
	if (!demand.taken)
		space_visit_in_turn(visit, &demand);
	demand.spares_minimum = false;
	if (!demand.taken)
		space_visit_in_turn(visit, &demand);
	return demand.taken;
}

/*
 * page_table.c - see page_table.h. The format of a word is arch/pte.h's, the walk is the machine's.
 */
#include "page_table.h"

#include "frame.h"
#include "tlb.h"

#define ROOT_LEVEL 4

static void count_use(pte_t *word, bool was_used, bool is_used) REQUIRES(frame_lock)
{
	struct frame *table = frame_of_word(word);

	KASSERT(table->state == FRAME_TABLE);
	if (was_used == is_used)
		return;
	if (is_used) {
		table->shares++;
	} else {
		KASSERT(table->shares > 0);
		table->shares--;
	}
}

void word_set_locked(pte_t *word, pte_t value)
{
	pte_t old = pt_read(word);

	KASSERT(pte_kind(old) != PTE_VALID);
	count_use(word, !pte_is_none(old), !pte_is_none(value));
	pt_write(word, value);
}

pte_t slot_exchange_locked(pte_t *slot, pte_t value)
{
	pte_t old = pt_exchange(slot, value);

	KASSERT(pte_kind(old) == PTE_VALID);
	count_use(slot, true, !pte_is_none(value));
	return old;
}

pte_t *slot_find(struct address_space *space, vaddr_t va)
{
	return pt_slot(space->root, va, 1, NULL);
}

static void table_link_locked(struct address_space *space, vaddr_t va, unsigned level, pfn_t table)
	REQUIRES(frame_lock)
{
	pte_t *entry = pt_slot(space->root, va, level, NULL);

	frame_make_table_locked(frame_of(table));
	word_set_locked(entry, pt_table_word(table));
	space->table_frames++;
}

static inline __attribute__((always_inline)) pte_t *
slot_make_at_locked(struct address_space *space, vaddr_t va, unsigned level, pfn_t *spare)
	REQUIRES(frame_lock)
{
	unsigned missing_level;
	pte_t *slot;

	while (!(slot = pt_slot(space->root, va, level, &missing_level))) {
		if (*spare == PFN_NONE)
			return NULL;
		table_link_locked(space, va, missing_level, *spare);
		*spare = PFN_NONE;
	}
	return slot;
}

pte_t *slot_make_locked(struct address_space *space, vaddr_t va, pfn_t *spare)
{
	return slot_make_at_locked(space, va, 1, spare);
}

pte_t *slot_make_large_locked(struct address_space *space, vaddr_t va, pfn_t *spare)
{
	pte_t *slot = slot_make_at_locked(space, va, LARGE_PAGE_LEVEL, spare);

	KASSERT(!slot || pte_is_none(pt_read(slot)) || pte_is_large(pt_read(slot)));
	return slot;
}

/* The slot of the large page that holds `va`, or NULL. */
static pte_t *large_find(struct address_space *space, vaddr_t va)
{
	pte_t *slot = pt_slot(space->root, va, LARGE_PAGE_LEVEL, NULL);

	return slot && pte_is_large(pt_read(slot)) ? slot : NULL;
}

pte_t slot_word(struct address_space *space, vaddr_t va)
{
	const pte_t *slot = slot_find(space, va);

	if (slot)
		return pt_read(slot);
	slot = large_find(space, va);
	if (!slot)
		return pte_none();
	return (pte_t){pt_read(slot).bits + pages_to_bytes(page_of(va) % LARGE_PAGE_PAGES)};
}

pte_t *slot_next(struct address_space *space, vaddr_t *va, vaddr_t end)
{
	while (*va < end) {
		unsigned missing_level;
		pte_t *slot = pt_slot(space->root, *va, 1, &missing_level);

		if (!slot && missing_level == LARGE_PAGE_LEVEL)
			slot = large_find(space, *va);
		if (slot)
			return slot;
		*va = (*va | (pt_entry_span(missing_level) - 1)) + 1;
	}
	return NULL;
}

/* Removes the table that the entry names, if it is empty. */
static void table_unlink_locked(struct address_space *space, pte_t *entry, struct tlb_batch *batch)
	REQUIRES(frame_lock)
{
	pfn_t table;

	if (pte_kind(pt_read(entry)) != PTE_VALID || pte_is_large(pt_read(entry)))
		return;
	table = pte_pfn(pt_read(entry));
	if (frame_of(table)->shares > 0 || !tlb_batch_has_room(batch))
		return;
	slot_exchange_locked(entry, pte_none());
	space->table_frames--;
	tlb_batch_add_table(batch, table);
}

void tables_prune_locked(struct address_space *space, vaddr_t start, vaddr_t end,
			 struct tlb_batch *batch)
{
	for (unsigned level = 2; level <= ROOT_LEVEL; level++) {
		for (vaddr_t va = start; va < end;) {
			unsigned step_level = level; /* of what is missing, if something is */
			pte_t *entry = pt_slot(space->root, va, level, &step_level);

			if (entry)
				table_unlink_locked(space, entry, batch);
			va = (va | (pt_entry_span(entry ? level : step_level) - 1)) + 1;
		}
	}
}

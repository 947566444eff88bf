/*
 * working_set.c - see working_set.h. The table is a radix tree of frames: entries at level 1,
 * above it tables of 512 pointers.
 */
#include "working_set.h"

#include "frame.h"
#include "page_table.h"
#include "replace.h"

#define ENTRIES_PER_TABLE 512u
#define INDEX_BITS 9u
#define STAMP_SHIFT WORKING_SET_NOTE_BITS
#define SWEEP_AT_ONCE 8u /* entries looked at before the list grows */
#define TIDY_LEAST 512u	 /* a shorter list is not worth tidying */

_Static_assert(REPLACE_NOTE_BITS == WORKING_SET_NOTE_BITS, "the policy's note fits its place");

static uint64_t frames_in_lists GUARDED_BY(frame_lock);

/* Entries below one pointer of a table of `level`, which is 2 or more. */
static uint64_t span_of(unsigned level)
{
	return 1ull << (INDEX_BITS * (level - 1));
}

/* The table of `level` that holds the index, or NULL; levels above it are there. */
static uint64_t *table_find(const struct working_set *set, uint32_t index, unsigned level)
{
	uint64_t *table = set->root;

	for (unsigned at = set->levels; table && at > level; at--)
		table = (uint64_t *)table[index / span_of(at) % ENTRIES_PER_TABLE];
	return table;
}

uint64_t *working_set_entry(const struct working_set *set, uint32_t index)
{
	KASSERT(index < set->capacity);
	return &table_find(set, index, 1)[index % ENTRIES_PER_TABLE];
}

/* ---- growing ---- */

static uint64_t *table_take_locked(pfn_t *spare) REQUIRES(frame_lock)
{
	uint64_t *table = frame_memory(*spare);

	frame_make_table_locked(frame_of(*spare));
	frames_in_lists++;
	*spare = PFN_NONE;
	return table;
}

static void table_free_locked(uint64_t *table) REQUIRES(frame_lock)
{
	frame_free_locked(frame_of(pfn_of(virt_to_phys(table))));
	frames_in_lists--;
}

/* Is a new root needed, above the old one, before the next table of entries has a place? */
static bool is_full_at_root(const struct working_set *set)
{
	return !set->levels || set->capacity == span_of(set->levels + 1);
}

/* Adds one table, of any level. */
static void grow_locked(struct working_set *set, pfn_t *spare) REQUIRES(frame_lock)
{
	uint64_t *added = table_take_locked(spare), *table;

	if (is_full_at_root(set)) {
		added[0] = (uint64_t)set->root;
		set->root = added;
		if (++set->levels == 1)
			set->capacity = ENTRIES_PER_TABLE;
		return;
	}
	table = set->root;
	for (unsigned level = set->levels; level > 1; level--) {
		uint64_t *entry = &table[set->capacity / span_of(level) % ENTRIES_PER_TABLE];

		if (!*entry) {
			*entry = (uint64_t)added;
			set->capacity += level == 2 ? ENTRIES_PER_TABLE : 0;
			return;
		}
		table = (uint64_t *)*entry;
	}
	panic("working set: no place for a table");
}

/* Looks for pages that have gone, a few entries further each time. */
static void sweep(struct address_space *space)
{
	struct working_set *set = &space->working_set;

	for (unsigned i = 0; i < SWEEP_AT_ONCE && !set->hole_head && set->used; i++) {
		uint64_t entry;

		if (set->sweep >= set->used)
			set->sweep = 0;
		entry = *working_set_entry(set, set->sweep);
		if (working_set_page(entry) && !working_set_slot(space, entry))
			working_set_remove(set, set->sweep);
		set->sweep++;
	}
}

bool working_set_make_room_locked(struct address_space *space, pfn_t *spare)
{
	struct working_set *set = &space->working_set;

	if (set->hole_head || set->used < set->capacity)
		return true;
	sweep(space);
	while (!set->hole_head && set->used == set->capacity) {
		if (*spare == PFN_NONE)
			return false;
		grow_locked(set, spare);
	}
	return true;
}

/* ---- entries ---- */

static uint32_t hole_take(struct working_set *set)
{
	uint32_t index = set->hole_head - 1;

	set->hole_head = (uint32_t)*working_set_entry(set, index);
	if (!set->hole_head)
		set->hole_tail = 0;
	set->hole_count--;
	return index;
}

uint64_t working_set_enter(struct address_space *space, vaddr_t va)
{
	struct working_set *set = &space->working_set;
	uint32_t index = set->hole_head ? hole_take(set) : set->used++;
	unsigned stamp = (unsigned)(set->clock++ % PTE_STAMPS);
	uint32_t note = replace_policy->enter ? replace_policy->enter(set->clock) : 0;

	*working_set_entry(set, index) = page_of(va) << WORKING_SET_PAGE_SHIFT |
					 (uint64_t)stamp << STAMP_SHIFT |
					 (note & WORKING_SET_NOTE_MASK);
	return pte_stamp_bits(stamp);
}

pte_t *working_set_slot(struct address_space *space, uint64_t entry)
{
	pte_t *slot = slot_find(space, working_set_page(entry)), word;

	if (!slot)
		return NULL;
	word = pt_read(slot);
	if (pte_kind(word) != PTE_VALID ||
	    pte_stamp(word) != (unsigned)(entry >> STAMP_SHIFT) % PTE_STAMPS)
		return NULL;
	return slot;
}

void working_set_remove(struct working_set *set, uint32_t index)
{
	*working_set_entry(set, index) = 0;
	if (set->hole_tail)
		*working_set_entry(set, set->hole_tail - 1) = index + 1;
	else
		set->hole_head = index + 1;
	set->hole_tail = index + 1;
	set->hole_count++;
}

/* ---- shrinking ---- */

/* Slides the entries together, in their order; the hand stays before the entry it was before. */
static void close_up(struct working_set *set)
{
	uint32_t kept = 0, hand = 0;

	for (uint32_t index = 0; index < set->used; index++) {
		uint64_t entry = *working_set_entry(set, index);

		if (index == set->hand)
			hand = kept;
		if (working_set_page(entry))
			*working_set_entry(set, kept++) = entry;
	}
	set->used = kept;
	set->hand = hand;
	set->sweep = 0;
	set->hole_count = set->hole_head = set->hole_tail = 0;
}

void working_set_tidy(struct address_space *space)
{
	struct working_set *set = &space->working_set;

	if (set->used < TIDY_LEAST || set->hole_count < set->used / 4 * 3)
		return;
	close_up(set);
	spin_lock(&frame_lock);
	while (set->levels > 1 && set->capacity > set->used + 2 * ENTRIES_PER_TABLE) {
		uint32_t last = set->capacity - ENTRIES_PER_TABLE;
		uint64_t *entry = &table_find(set, last, 2)[last / span_of(2) % ENTRIES_PER_TABLE];

		table_free_locked((uint64_t *)*entry);
		*entry = 0;
		set->capacity = last;
	}
	spin_unlock(&frame_lock);
}

/* Frees the tables of a level; those below have gone. `end` is behind the last entry of one. */
static void free_level_locked(struct working_set *set, unsigned level, uint64_t end)
	REQUIRES(frame_lock)
{
	for (uint64_t index = 0; index < end; index += span_of(level + 1)) {
		uint64_t *table = table_find(set, (uint32_t)index, level);

		if (table)
			table_free_locked(table);
	}
}

void working_set_destroy(struct address_space *space)
{
	struct working_set *set = &space->working_set;
	uint64_t all = span_of(set->levels + 1);

	spin_lock(&frame_lock);
	/* a table of level 2 or more may be there without one of entries */
	for (unsigned level = 1; level <= set->levels; level++)
		free_level_locked(set, level, level == 1 ? set->capacity : all);
	spin_unlock(&frame_lock);
	*set = (struct working_set){0};
}

uint64_t working_set_frames(void)
{
	uint64_t count;

	spin_lock(&frame_lock);
	count = frames_in_lists;
	spin_unlock(&frame_lock);
	return count;
}

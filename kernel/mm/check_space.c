/*
 * check_space.c - the invariants of an address space: its slots, its tables, its regions. They are
 * numbered in check.c.
 */
#include "check.h"
#include "kernel/lib/range.h"
#include "large.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "watch.h"
#include "working_set.h"

static void check_slot(const struct region *region, vaddr_t va,
		       pte_t word) NO_THREAD_SAFETY_ANALYSIS
{
	unsigned rights = protection_rights(region->protection);
	unsigned long long at = va;

	CHECK(7, region->state == REGION_COMMITTED && rights && !(region->protection & PAGE_GUARD),
	      "0x%llx is mapped in a region that allows no access", at);
	CHECK(7, frame_of(pte_pfn(word))->state == FRAME_ACTIVE,
	      "0x%llx maps frame 0x%llx in state %u", at, (unsigned long long)pte_pfn(word),
	      frame_of(pte_pfn(word))->state);
	CHECK(7, (word.bits & PTE_NO_EXECUTE) || (rights & RIGHT_EXECUTE), "0x%llx is executable",
	      at);
	CHECK(7, word.bits & PTE_USER, "0x%llx lacks the user bit", at);
	CHECK(7,
	      (word.bits & PTE_UNCACHED) ==
		      (protection_hardware_bits(region->protection, false) & PTE_UNCACHED),
	      "0x%llx is not cached as its region says", at);
	if (!pte_is_writable(word))
		return;
	CHECK(6, rights & RIGHT_WRITE, "0x%llx is writable", at);
	CHECK(15, !watch_withholds_write(region->view, va), "0x%llx is writable without a mark",
	      at);
	CHECK(6, !protection_is_copy(region->protection) || slot_is_private_locked(word),
	      "0x%llx is copy-on-write, writable and shared", at);
}

/* The region that a slot in use stands in; there must be one. */
static const struct region *region_of_slot(struct address_space *space, vaddr_t va)
{
	const struct region *region = region_find(space, va);

	if (!region)
		panic("mm_check: invariant 7: 0x%llx has a slot and no view",
		      (unsigned long long)va);
	return region;
}

/* => returns: the valid slots of the page table that `slot`, its first one, stands in. */
static uint64_t check_slots_of_table(struct address_space *space, const pte_t *slot, vaddr_t va,
				     struct check_totals *totals)
{
	uint64_t resident = 0;

	for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++, va += PAGE_SIZE) {
		pte_t word = pt_read(&slot[i]);
		const struct region *region;

		if (pte_is_none(word))
			continue;
		region = region_of_slot(space, va);
		CHECK(17, !view_is_large(region->view), "0x%llx has a slot of 4 KiB",
		      (unsigned long long)va);
		check_word(word, totals);
		if (pte_kind(word) == PTE_VALID) {
			check_slot(region, va, word);
			resident++;
		}
	}
	return resident;
}

static void check_large_slot(const struct region *region, vaddr_t va, pte_t word)
{
	const struct frame *frame = frame_of(pte_pfn(word));
	const struct view *view = region->view;

	check_slot(region, va, word);
	CHECK(17,
	      view_is_large(view) && region->start <= va && region->end - va >= LARGE_PAGE_BYTES &&
		      (va & (LARGE_PAGE_BYTES - 1)) == 0,
	      "0x%llx has a large slot", (unsigned long long)va);
	CHECK(17,
	      frame->owner == view->segment &&
		      frame->index == view->first_page + page_of(va - view->start),
	      "0x%llx maps another large page", (unsigned long long)va);
}

/* => returns: the valid slots of small pages. */
static uint64_t check_slots(struct address_space *space, struct check_totals *totals)
{
	uint64_t small = 0, large = 0;
	vaddr_t va = 0;
	pte_t *slot;

	for (; (slot = slot_next(space, &va, USER_LIMIT)) != NULL; va += pt_entry_span(2)) {
		if (!pte_is_large(pt_read(slot))) {
			small += check_slots_of_table(space, slot, va, totals);
			continue;
		}
		check_large_slot(region_of_slot(space, va), va, pt_read(slot));
		large += LARGE_PAGE_PAGES;
	}
	CHECK(9, small + large == space->resident_pages, "%llu resident pages, %llu counted",
	      (unsigned long long)space->resident_pages, (unsigned long long)(small + large));
	return small;
}

static uint32_t entries_used(pfn_t table, unsigned entries)
{
	const pte_t *words = frame_memory(table);
	uint32_t used = 0;

	for (unsigned i = 0; i < entries; i++)
		used += !pte_is_none(words[i]);
	return used;
}

static void check_table(pfn_t table, unsigned entries)
{
	const struct frame *frame = frame_of(table);

	CHECK(8, frame->state == FRAME_TABLE, "frame 0x%llx is a table in state %u",
	      number_of(frame), frame->state);
	CHECK(8, frame->shares == entries_used(table, entries),
	      "table 0x%llx counts %u entries, has %u", number_of(frame), frame->shares,
	      entries_used(table, entries));
}

/* Tables that the entries of `level` name. */
static uint64_t check_tables_of_level(struct address_space *space, unsigned level)
{
	uint64_t tables = 0;
	pte_t *entry = NULL;
	vaddr_t va = 0;

	while (va < USER_LIMIT) {
		unsigned missing = level;

		/* the entries of one table lie together */
		entry = entry && pt_index(va, level) ? entry + 1
						     : pt_slot(space->root, va, level, &missing);
		if (entry && pte_kind(pt_read(entry)) == PTE_VALID &&
		    !pte_is_large(pt_read(entry))) {
			check_table(pte_pfn(pt_read(entry)), PAGE_TABLE_ENTRIES);
			CHECK(8,
			      frame_of(pte_pfn(pt_read(entry)))->shares ||
				      !region_range_is_free(space, va, va + pt_entry_span(level)),
			      "an empty table at 0x%llx, where no view is", (unsigned long long)va);
			tables++;
		}
		va = (va | (pt_entry_span(entry ? level : missing) - 1)) + 1;
	}
	return tables;
}

static void check_tables(struct address_space *space)
{
	uint64_t tables = 1;

	check_table(pfn_of(space->root), PAGE_TABLE_ENTRIES / 2); /* the user half */
	for (unsigned level = 4; level >= 2; level--)
		tables += check_tables_of_level(space, level);
	CHECK(9, tables == space->table_frames, "%llu page tables, %llu counted",
	      (unsigned long long)space->table_frames, (unsigned long long)tables);
}

static void check_region(const struct region *region, vaddr_t *previous_end)
{
	const struct view *view = region->view;
	unsigned long long at = region->start;
	vaddr_t free_from =
		(*previous_end + ALLOCATION_GRANULARITY - 1) & ~(ALLOCATION_GRANULARITY - 1);

	CHECK(11,
	      region->start >= *previous_end && region->start < region->end &&
		      region->end <= USER_LIMIT,
	      "region at 0x%llx", at);
	CHECK(11, page_offset(region->start | region->end) == 0, "region at 0x%llx is not aligned",
	      at);
	CHECK(11, region->start >= view->start && region->end <= view->end,
	      "region at 0x%llx leaves its view", at);
	CHECK(11, region->gap == (region->start > free_from ? region->start - free_from : 0),
	      "gap before 0x%llx is 0x%llx", at, (unsigned long long)region->gap);
	*previous_end = region->end;
}

static void check_view(const struct region *region)
{
	const struct view *view = region->view;
	unsigned long long at = view->start;

	CHECK(14,
	      !view->is_placeholder ||
		      (!view->segment && !view->commit_pages && region->end == view->end &&
		       region->state == REGION_RESERVED),
	      "placeholder at 0x%llx", at);
	CHECK(14,
	      !view->segment || view->is_extendable ||
		      view->first_page + bytes_to_pages(view->end - view->start) <=
			      view->segment->page_count,
	      "the view at 0x%llx is longer than its segment", at);
}

/* => returns: the pages of the region, if it is locked. */
static uint64_t check_locked(struct address_space *space, const struct region *region)
{
	if (!region->is_locked)
		return 0;
	CHECK(16,
	      region->state == REGION_COMMITTED && protection_rights(region->protection) &&
		      !(region->protection & PAGE_GUARD),
	      "0x%llx is locked and out of reach", (unsigned long long)region->start);
	for (vaddr_t va = region->start; !region->view->segment && va < region->end;
	     va += PAGE_SIZE) {
		pte_t *slot = slot_find(space, va);

		CHECK(16, slot && pte_kind(pt_read(slot)) == PTE_VALID,
		      "0x%llx is locked and not mapped", (unsigned long long)va);
	}
	return bytes_to_pages(region->end - region->start);
}

/* Largest gap by counting, to hold against the root of the tree. */
static void check_regions(struct address_space *space, struct check_totals *totals)
{
	uint64_t commit = 0, views = 0, bytes = 0, largest = 0, watches = 0, locked = 0;
	vaddr_t previous_end = USER_LOWEST_ADDRESS;
	struct region *region = region_at_or_after(space, 0);

	for (; region; region = region_next(region)) {
		check_region(region, &previous_end);
		locked += check_locked(space, region);
		if (region->gap > largest)
			largest = region->gap;
		if (region->start == region->view->start) {
			check_view(region);
			commit += region->view->commit_pages;
			totals->tables += region->view->table_pages;
			bytes += region->view->end - region->view->start;
			watches += region->view->watch != NULL;
			views++;
		}
	}
	CHECK(16, locked == space->locked_pages, "%llu locked pages, counted %llu",
	      (unsigned long long)space->locked_pages, (unsigned long long)locked);
	CHECK(15, watches == atomic_load(&space->watch_count), "%llu watched views, counted %llu",
	      (unsigned long long)atomic_load(&space->watch_count), (unsigned long long)watches);
	CHECK(11, !RB_ROOT(&space->regions) || RB_ROOT(&space->regions)->largest_gap == largest,
	      "the largest gap is 0x%llx, not what the tree says", (unsigned long long)largest);
	CHECK(9,
	      commit == space->commit_pages && views == space->view_count &&
		      bytes == space->virtual_bytes,
	      "views %llu commit %llu; counted %llu, %llu", (unsigned long long)space->view_count,
	      (unsigned long long)space->commit_pages, (unsigned long long)views,
	      (unsigned long long)commit);
}

/* Every small page that is mapped has an entry. (By chance an old one fits besides.) */
static void check_working_set(struct address_space *space, uint64_t small)
{
	const struct working_set *set = &space->working_set;
	uint32_t holes = 0, linked = 0, hole = set->hole_head;
	uint64_t live = 0;

	for (uint32_t index = 0; index < set->used; index++) {
		uint64_t entry = *working_set_entry(set, index);

		holes += !working_set_page(entry);
		live += working_set_page(entry) && working_set_slot(space, entry);
	}
	for (; hole && linked <= holes; linked++)
		hole = (uint32_t)*working_set_entry(set, hole - 1);
	CHECK(19, holes == set->hole_count && linked == holes, "%u holes, %u linked, %u counted",
	      holes, linked, set->hole_count);
	CHECK(19, live >= small, "%llu pages are mapped, %llu are in the working set",
	      (unsigned long long)small, (unsigned long long)live);
}

void check_space(struct address_space *space, void *context)
{
	struct check_totals *totals = context;

	totals->commit += space->commit_pages;
	arch_check_map(space->root);
	check_regions(space, totals);
	check_working_set(space, check_slots(space, totals));
	check_tables(space);
}

/*
 * check.c - mm_check: recounts everything that the VM keeps twice, and panics with the number of
 * the invariant that does not hold. For quiet moments: no other thread may be inside the VM
 * (between test programs; after each operation on the host).
 *
 *  1 every frame is in one state, on the list its state names; list lengths and counts agree
 *  2 a frame that is READING, ACTIVE, STANDBY, MODIFIED or WRITING is named by *word, and the word
 *    says this frame
 *  3 shares = valid slots that name the frame; a private frame has at most one, which is its word
 *  4 STANDBY and MODIFIED: shares = pins = 0, and the dirty flag says which list
 *  5 ACTIVE: shares > 0 or pins > 0
 *  6 a writable slot stands in a region that allows writing; if that is copy-on-write, the frame is
 *    private
 *  7 a valid slot stands in a committed region that is neither no-access nor guarded, and names an
 *    ACTIVE frame; an executable one only where execution is allowed
 *  8 a page table's use count is the number of its entries in use; an empty one stands only where a
 *    view is (left by a fault that ended for another reason; it goes with the view)
 *  9 a space's resident pages, table frames and commit charge are the sums over its slots, tables
 *    and views
 * 10 the commit charge is the sum over spaces and segments
 * 11 regions are ordered, page aligned, disjoint, in user space; gaps are right; each belongs to a
 *    view that contains it
 * 12 a segment's resident pages and view count are the sums over its words and views; its writers
 *    are those of its views and at most its sections
 * 13 the addresses of based sections are aligned, in their window and disjoint
 * 14 a placeholder is one reserved region without commit charge; a mapped view stays within its
 *    segment unless it is extendable
 * 15 a writable slot of a watched view has its mark; a space counts its watched views
 * 16 the pages of a locked region are committed and can be reached, private ones are mapped; a
 *    space counts them
 */
#include "based.h"
#include "commit.h"
#include "frame.h"
#include "kernel/core/pool.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "space.h"
#include "watch.h"

#define CHECK(number, condition, ...) \
	do { \
		if (!(condition)) \
			panic("mm_check: invariant " #number ": " __VA_ARGS__); \
	} while (0)

static unsigned long long number_of(const struct frame *frame)
{
	return (unsigned long long)frame_number(frame);
}

/* ---- frames and lists ---- */

static void check_lists(void) NO_THREAD_SAFETY_ANALYSIS
{
	static const enum frame_state listed[] = {FRAME_FREE, FRAME_ZEROED, FRAME_STANDBY,
						  FRAME_MODIFIED};

	for (unsigned i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		uint64_t length = 0;

		for (struct frame *frame = frame_first_locked(listed[i]); frame;
		     frame = frame_next_locked(frame), length++)
			CHECK(1, frame->state == listed[i],
			      "frame 0x%llx in state %u is on list %u", number_of(frame),
			      frame->state, listed[i]);
		CHECK(1, length == frame_count(listed[i]),
		      "list %u has %llu frames, count says %llu", listed[i],
		      (unsigned long long)length, (unsigned long long)frame_count(listed[i]));
	}
}

static bool has_word(const struct frame *frame)
{
	switch ((enum frame_state)frame->state) {
	case FRAME_READING:
	case FRAME_ACTIVE:
	case FRAME_STANDBY:
	case FRAME_MODIFIED:
	case FRAME_WRITING:
		return true;
	case FRAME_KERNEL:
	case FRAME_FREE:
	case FRAME_ZEROED:
	case FRAME_HELD:
	case FRAME_TABLE:
		break;
	}
	return false;
}

/* Valid slots of the segment's views that name the frame. */
static uint32_t count_shares(const struct segment *segment, const struct frame *frame)
{
	uint32_t shares = 0;
	struct view *view;

	LIST_FOREACH (view, &segment->views, segment_link) {
		vaddr_t va = view->start + pages_to_bytes(frame->index - view->first_page);
		pte_t *slot;

		if (frame->index < view->first_page || va >= view->end)
			continue;
		slot = slot_find(view->space, va);
		if (slot && pte_kind(pt_read(slot)) == PTE_VALID &&
		    pte_pfn(pt_read(slot)) == frame_number(frame))
			shares++;
	}
	return shares;
}

static void check_owned(const struct frame *frame)
{
	enum pte_kind kind = pte_kind(pt_read(frame->word));
	bool is_private = frame->flags & FRAME_PRIVATE;
	uint32_t shares;

	CHECK(2, kind == PTE_IN_FRAME || (kind == PTE_VALID && is_private),
	      "the word of frame 0x%llx is of kind %u", number_of(frame), kind);
	CHECK(2, pte_pfn(pt_read(frame->word)) == frame_number(frame),
	      "the word of frame 0x%llx names frame 0x%llx", number_of(frame),
	      (unsigned long long)pte_pfn(pt_read(frame->word)));
	shares = is_private ? kind == PTE_VALID : count_shares(frame->owner, frame);
	CHECK(3, frame->shares == shares, "frame 0x%llx has %u shares, %u slots name it",
	      number_of(frame), frame->shares, shares);
	if (frame->state == FRAME_ACTIVE)
		CHECK(5, frame->shares || frame->pins, "frame 0x%llx is active and unused",
		      number_of(frame));
	if (frame->state == FRAME_STANDBY || frame->state == FRAME_MODIFIED) {
		CHECK(4, !frame->shares && !frame->pins, "frame 0x%llx is listed and used",
		      number_of(frame));
		CHECK(4, (frame->state == FRAME_MODIFIED) == ((frame->flags & FRAME_DIRTY) != 0),
		      "frame 0x%llx is on the wrong list for its dirty flag", number_of(frame));
	}
}

static void check_frames(void)
{
	for (pfn_t pfn = 1; pfn < frame_highest(); pfn++) {
		const struct frame *frame = frame_of(pfn);

		CHECK(1, frame->state < FRAME_STATES, "frame 0x%llx has state %u", number_of(frame),
		      frame->state);
		if (frame->flags & FRAME_ORPHAN)
			CHECK(2, frame->state == FRAME_ACTIVE && frame->pins && !frame->word,
			      "frame 0x%llx has lost its page, and is not pinned",
			      number_of(frame));
		else if (has_word(frame))
			check_owned(frame);
	}
}

/* ---- address spaces ---- */

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

/* => returns: the valid slots of the page table that `slot`, its first one, stands in. */
static uint64_t check_slots_of_table(struct address_space *space, const pte_t *slot, vaddr_t va)
{
	uint64_t resident = 0;

	for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++, va += PAGE_SIZE) {
		pte_t word = pt_read(&slot[i]);
		struct region *region;

		if (pte_is_none(word))
			continue;
		region = region_find(space, va);
		CHECK(7, region, "0x%llx has a slot and no view", (unsigned long long)va);
		if (pte_kind(word) == PTE_VALID) {
			check_slot(region, va, word);
			resident++;
		}
	}
	return resident;
}

static void check_slots(struct address_space *space)
{
	uint64_t resident = 0;
	vaddr_t va = 0;
	pte_t *slot;

	for (; (slot = slot_next(space, &va, USER_LIMIT)) != NULL; va += pt_entry_span(2))
		resident += check_slots_of_table(space, slot, va);
	CHECK(9, resident == space->resident_pages, "%llu resident pages, %llu counted",
	      (unsigned long long)space->resident_pages, (unsigned long long)resident);
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
		if (entry && pte_kind(pt_read(entry)) == PTE_VALID) {
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
static void check_regions(struct address_space *space)
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

static void check_space(struct address_space *space, void *context)
{
	*(uint64_t *)context += space->commit_pages;
	check_regions(space);
	check_slots(space);
	check_tables(space);
}

/* ---- segments ---- */

static void check_segment(struct segment *segment, void *context) NO_THREAD_SAFETY_ANALYSIS
{
	uint64_t resident = 0, views = 0;
	uint64_t writers = 0;
	page_index_t index = 0;
	struct view *view;
	pte_t *word;

	*(uint64_t *)context += segment->commit_pages;
	for (; (word = segment_word_next_locked(segment, &index, segment->page_count)) != NULL;
	     index++) {
		const struct frame *frame;

		if (pte_kind(pt_read(word)) != PTE_IN_FRAME)
			continue;
		frame = frame_of(pte_pfn(pt_read(word)));
		resident++;
		CHECK(12, frame->owner == segment && frame->word == word && frame->index == index,
		      "page %llu of a segment names frame 0x%llx, which is another's",
		      (unsigned long long)index, number_of(frame));
	}
	LIST_FOREACH (view, &segment->views, segment_link) {
		views++;
		writers += view->is_writer;
	}
	CHECK(12,
	      writers <= segment->writer_count &&
		      segment->writer_count <= writers + segment->section_count,
	      "%llu writers counted, %llu views are", (unsigned long long)segment->writer_count,
	      (unsigned long long)writers);
	CHECK(12, resident == segment->resident_pages && views == segment->view_count,
	      "resident %llu views %llu; counted %llu, %llu",
	      (unsigned long long)segment->resident_pages, (unsigned long long)segment->view_count,
	      (unsigned long long)resident, (unsigned long long)views);
}

void mm_check(void)
{
	uint64_t commit = 0;

	check_lists();
	space_for_each(check_space, &commit);
	segment_for_each(check_segment, &commit);
	check_frames();
	based_check();
	CHECK(10, commit == commit_used(), "%llu pages charged, %llu counted",
	      (unsigned long long)commit_used(), (unsigned long long)commit);
	pool_check();
}

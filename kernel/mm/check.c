/*
 * check.c - mm_check: recounts everything that the VM keeps twice, and panics with the number of
 * the invariant that does not hold. For quiet moments: no other thread may be inside the VM
 * (between test programs; after each operation on the host).
 *
 *  1 every frame is in one state, on the list its state names; list lengths and counts agree
 *  2 a frame that is READING, ACTIVE, STANDBY, MODIFIED or WRITING is named by *word, and the word
 *    says this frame
 *  3 shares = valid slots that name the frame (of a large page: its first); a private frame has at
 *    most one, which is its word
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
 * 12 a segment's resident pages and view count are the sums over its words and views
 * 13 a large page is 512 frames together, aligned, in the order of their segment, each pinned by
 *    it; its slot stands whole in one region of a view of that segment, which has no other slots
 */
#include "commit.h"
#include "frame.h"
#include "kernel/core/pool.h"
#include "large.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "space.h"

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
		pte_t word;

		if (frame->index < view->first_page || va >= view->end)
			continue;
		word = slot_word(view->space, va);
		if (pte_kind(word) == PTE_VALID && pte_pfn(word) == frame_number(frame) &&
		    frame_of_shares(word) == frame)
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
		if (has_word(frame))
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
	if (!pte_is_writable(word))
		return;
	CHECK(6, rights & RIGHT_WRITE, "0x%llx is writable", at);
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
		CHECK(13, !view_is_large(region->view), "0x%llx has a slot of 4 KiB",
		      (unsigned long long)va);
		if (pte_kind(word) == PTE_VALID) {
			check_slot(region, va, word);
			resident++;
		}
	}
	return resident;
}

static uint64_t check_large_slot(struct address_space *space, vaddr_t va, pte_t word)
{
	struct region *region = region_find(space, va);
	const struct frame *frame = frame_of(pte_pfn(word));
	const struct view *view;

	CHECK(7, region, "0x%llx has a slot and no view", (unsigned long long)va);
	check_slot(region, va, word);
	view = region->view;
	CHECK(13,
	      view_is_large(view) && region->start <= va && region->end - va >= LARGE_PAGE_BYTES &&
		      (va & (LARGE_PAGE_BYTES - 1)) == 0,
	      "0x%llx has a large slot", (unsigned long long)va);
	CHECK(13,
	      frame->owner == view->segment &&
		      frame->index == view->first_page + page_of(va - view->start),
	      "0x%llx maps another large page", (unsigned long long)va);
	return LARGE_PAGE_PAGES;
}

static void check_slots(struct address_space *space)
{
	uint64_t resident = 0;
	vaddr_t va = 0;
	pte_t *slot;

	for (; (slot = slot_next(space, &va, USER_LIMIT)) != NULL; va += pt_entry_span(2))
		resident += pte_is_large(pt_read(slot))
				    ? check_large_slot(space, va, pt_read(slot))
				    : check_slots_of_table(space, slot, va);
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

/* Largest gap by counting, to hold against the root of the tree. */
static void check_regions(struct address_space *space)
{
	uint64_t commit = 0, views = 0, bytes = 0, largest = 0;
	vaddr_t previous_end = USER_LOWEST_ADDRESS;
	struct region *region = region_at_or_after(space, 0);

	for (; region; region = region_next(region)) {
		check_region(region, &previous_end);
		if (region->gap > largest)
			largest = region->gap;
		if (region->start == region->view->start) {
			commit += region->view->commit_pages;
			bytes += region->view->end - region->view->start;
			views++;
		}
	}
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

static void check_large_page(const struct segment *segment, const struct frame *frame)
{
	pfn_t pfn = frame_number(frame);

	CHECK(13, ((frame->flags & FRAME_LARGE) != 0) == segment->is_large,
	      "frame 0x%llx is large, or is not", number_of(frame));
	if (!segment->is_large)
		return;
	CHECK(13,
	      pfn % LARGE_PAGE_PAGES == frame->index % LARGE_PAGE_PAGES && frame->pins &&
		      frame->state == FRAME_ACTIVE,
	      "frame 0x%llx of a large page", number_of(frame));
	CHECK(13,
	      frame->index % LARGE_PAGE_PAGES == 0 ||
		      (frame_of(pfn - 1)->owner == segment &&
		       frame_of(pfn - 1)->index == frame->index - 1),
	      "frame 0x%llx does not follow the page before", number_of(frame));
}

static void check_segment(struct segment *segment, void *context) NO_THREAD_SAFETY_ANALYSIS
{
	uint64_t resident = 0, views = 0;
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
		check_large_page(segment, frame);
	}
	LIST_FOREACH (view, &segment->views, segment_link)
		views++;
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
	CHECK(10, commit == commit_used(), "%llu pages charged, %llu counted",
	      (unsigned long long)commit_used(), (unsigned long long)commit);
	pool_check();
}

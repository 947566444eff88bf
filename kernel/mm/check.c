/*
 * check.c - mm_check: recounts everything that the VM keeps twice, and panics with the number of
 * the invariant that does not hold. For quiet moments: no other thread may be inside the VM
 * (between test programs; after each operation on the host).
 *
 *  1 every frame is in one state, on the list its state names; list lengths and counts agree; a
 *    ZEROED frame is zero
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
 * 10 the commit charge is the sum over spaces and segments, the page tables promised are that over
 *    views
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
 * 17 a large page is 512 frames together, aligned, in the order of their segment, each pinned by
 *    it; its slot stands whole in one region of a view of that segment, which has no other slots
 * 18 each page-file slot in use is named once: by a state word, a private slot, or the `original`
 *    of a frame that is not dirty
 * 19 each valid slot of a small page has an entry of the working set with its stamp; holes are
 *    counted and linked
 *
 * and, of the machine (arch_check_map): all spaces have the same kernel half, in which no page is
 * open to user mode, writable and executable, or mapped where a guard page must be.
 */
#include "based.h"
#include "check.h"
#include "commit.h"
#include "kernel/core/pool.h"
#include "kernel/core/sanitize/kasan.h"
#include "kernel/io/pagefile.h"
#include "mm.h"
#include "page_table.h"
#include "segment.h"
#include "space.h"

/* ---- frames and lists ---- */

static void check_lists(void) NO_THREAD_SAFETY_ANALYSIS
{
	static const enum frame_state listed[] = {FRAME_FREE, FRAME_ZEROED, FRAME_STANDBY,
						  FRAME_MODIFIED};
	uint64_t lengths[FRAME_STATES] = {0};

	for (unsigned list = 0; list < FRAME_LISTS; list++) {
		for (struct frame *frame = frame_first_locked((enum frame_list)list); frame;
		     frame = frame_next_locked(frame)) {
			CHECK(1, frame_list_of(frame) == list,
			      "frame 0x%llx in state %u is on list %u", number_of(frame),
			      frame->state, list);
			lengths[frame->state]++;
		}
	}
	for (unsigned i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
		CHECK(1, lengths[listed[i]] == frame_count(listed[i]),
		      "%llu frames in state %u are listed, count says %llu",
		      (unsigned long long)lengths[listed[i]], listed[i],
		      (unsigned long long)frame_count(listed[i]));
}

static void check_zeroed(const struct frame *frame)
{
	const uint64_t *words = frame_memory(number_of(frame));

	kasan_frame(words, false); /* nobody but us may look at it */
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		CHECK(1, words[i] == 0, "zeroed frame 0x%llx has 0x%llx in it", number_of(frame),
		      (unsigned long long)words[i]);
	kasan_frame(words, true);
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
	CHECK(18,
	      pte_kind(frame->original) != PTE_IN_PAGEFILE || !(frame->flags & FRAME_DIRTY) ||
		      (frame->flags & FRAME_BEING_WRITTEN),
	      "frame 0x%llx is dirty and has a slot", number_of(frame));
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

static void check_frames(struct check_totals *totals)
{
	for (pfn_t pfn = 1; pfn < frame_highest(); pfn++) {
		const struct frame *frame = frame_of(pfn);

		CHECK(1, frame->state < FRAME_STATES, "frame 0x%llx has state %u", number_of(frame),
		      frame->state);
		if (frame->flags & FRAME_ORPHAN)
			CHECK(2,
			      (frame->state == FRAME_ACTIVE || frame->state == FRAME_READING ||
			       frame->state == FRAME_WRITING) &&
				      frame->pins && !frame->word,
			      "frame 0x%llx has lost its page, and is not pinned",
			      number_of(frame));
		else if (has_word(frame))
			check_owned(frame);
		if (has_word(frame))
			check_word(frame->original, totals);
		if (frame->state == FRAME_ZEROED)
			check_zeroed(frame);
	}
}

/* ---- page-file slots ---- */

void check_word(pte_t word, struct check_totals *totals)
{
	if (pte_kind(word) != PTE_IN_PAGEFILE)
		return;
	CHECK(18, pagefile_slot_is_used(pte_pagefile_slot(word)), "slot %llu is named and free",
	      (unsigned long long)pte_pagefile_slot(word));
	totals->slots++;
}

/* ---- segments ---- */

static void check_large_page(const struct segment *segment, const struct frame *frame)
{
	pfn_t pfn = frame_number(frame);

	CHECK(17, ((frame->flags & FRAME_LARGE) != 0) == segment->is_large,
	      "frame 0x%llx is large, or is not", number_of(frame));
	if (!segment->is_large)
		return;
	CHECK(17,
	      pfn % LARGE_PAGE_PAGES == frame->index % LARGE_PAGE_PAGES && frame->pins &&
		      frame->state == FRAME_ACTIVE,
	      "frame 0x%llx of a large page", number_of(frame));
	CHECK(17,
	      frame->index % LARGE_PAGE_PAGES == 0 ||
		      (frame_of(pfn - 1)->owner == segment &&
		       frame_of(pfn - 1)->index == frame->index - 1),
	      "frame 0x%llx does not follow the page before", number_of(frame));
}

static void check_segment(struct segment *segment, void *context) NO_THREAD_SAFETY_ANALYSIS
{
	struct check_totals *totals = context;
	uint64_t resident = 0, views = 0;
	uint64_t writers = 0;
	page_index_t index = 0;
	struct view *view;
	pte_t *word;

	totals->commit += segment->commit_pages;
	for (; (word = segment_word_next_locked(segment, &index, segment->page_count)) != NULL;
	     index++) {
		const struct frame *frame;

		check_word(pt_read(word), totals);
		if (pte_kind(pt_read(word)) != PTE_IN_FRAME)
			continue;
		frame = frame_of(pte_pfn(pt_read(word)));
		resident++;
		CHECK(12, frame->owner == segment && frame->word == word && frame->index == index,
		      "page %llu of a segment names frame 0x%llx, which is another's",
		      (unsigned long long)index, number_of(frame));
		check_large_page(segment, frame);
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
	struct check_totals totals = {0};

	check_lists();
	arch_check_map(arch_kernel_root());
	space_for_each(check_space, &totals);
	segment_for_each(check_segment, &totals);
	check_frames(&totals);
	based_check();
	CHECK(10, totals.commit == commit_used(), "%llu pages charged, %llu counted",
	      (unsigned long long)commit_used(), (unsigned long long)totals.commit);
	CHECK(10, totals.tables == commit_tables(), "%llu page tables promised, %llu counted",
	      (unsigned long long)commit_tables(), (unsigned long long)totals.tables);
	CHECK(18, totals.slots == pagefile_slots_total() - pagefile_slots_free(),
	      "%llu slots in use, %llu named",
	      (unsigned long long)(pagefile_slots_total() - pagefile_slots_free()),
	      (unsigned long long)totals.slots);
	pool_check();
}

/*
 * around.c - see around.h.
 */
#include "around.h"

#include "frame.h"
#include "kernel/core/cmdline.h"
#include "pages.h"
#include "protection.h"
#include "working_set.h"

/* The frame of the page, if it has its content and can be mapped as it is. */
static struct frame *frame_at_locked(struct segment *segment, page_index_t index)
	REQUIRES(frame_lock)
{
	const pte_t *word = segment_word_find_locked(segment, index);
	struct frame *frame;

	if (!word || pte_kind(pt_read(word)) != PTE_IN_FRAME)
		return NULL;
	frame = frame_of(pte_pfn(pt_read(word)));
	return frame->state == FRAME_ACTIVE || frame->state == FRAME_STANDBY ? frame : NULL;
}

/* The working set takes one more page at no cost. */
static bool has_room_locked(struct address_space *space) REQUIRES(frame_lock)
{
	const struct working_set *set = &space->working_set;
	pfn_t none = PFN_NONE;

	if (set->hard_maximum && space->resident_pages >= set->maximum_pages)
		return false;
	return working_set_make_room_locked(space, &none);
}

/* Pages behind the faulting one that may be mapped, so far as the region and its table tell. */
static unsigned pages_behind(const struct fault *fault, const struct region *region,
			     const pte_t *slot)
{
	uint64_t in_region = bytes_to_pages(region->end - fault->va) - 1;
	uint64_t in_table = (PAGE_SIZE - page_offset((uintptr_t)slot)) / sizeof(*slot) - 1;
	uint64_t most = knobs.around - 1;

	if (most > in_region)
		most = in_region;
	return (unsigned)(most < in_table ? most : in_table);
}

void around_map_locked(struct fault *fault, const struct region *region, pte_t *slot)
{
	uint64_t bits = protection_hardware_bits(region->protection, false) & ~PTE_ACCESSED;
	unsigned most = pages_behind(fault, region, slot);

	for (unsigned i = 1; i <= most; i++) {
		struct frame *frame;

		if (!pte_is_none(pt_read(slot + i)))
			continue;
		frame = frame_at_locked(fault->page.segment, fault->page.index + i);
		if (!frame)
			continue;
		if (!has_room_locked(fault->space))
			return;
		page_map_locked(fault->space, fault->va + pages_to_bytes(i), slot + i, frame, bits);
	}
}

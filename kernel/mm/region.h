/*
 * region.h - the tree of regions of an address space: lookup, free gaps, splitting and merging.
 *
 * Regions are ordered by address and do not overlap. Each node keeps the largest free gap of its
 * subtree, so placing a new view is logarithmic in the number of views. All functions need the
 * space's lock.
 */
#pragma once

#include "types.h"

/* The region that contains `va`, or NULL. */
struct region *region_find(struct address_space *space, vaddr_t va);
/* The first region that ends above `va`, or NULL. */
struct region *region_at_or_after(struct address_space *space, vaddr_t va);
struct region *region_next(struct region *region);
/* The next region of the same view, or NULL. */
struct region *region_next_in_view(struct region *region);

/* start, end, view and the attributes are set; the range is free. */
void region_insert(struct address_space *space, struct region *region);
void region_remove(struct address_space *space, struct region *region);

/* True when no region touches [start, end). */
bool region_range_is_free(struct address_space *space, vaddr_t start, vaddr_t end);

/*
 * A free range of size_bytes (whole pages) that satisfies `where`: the lowest, or the highest if
 * top_down. A view occupies its last 64 KiB block whole.
 * => returns: its address, or 0.
 */
vaddr_t region_find_gap(struct address_space *space, uint64_t size_bytes,
			const struct memory_requirements *where, bool top_down);

/*
 * Two spare nodes: what changing a range in the middle of a region can need. Freed by
 * region_spares_free.
 */
struct region_spares {
	struct region *nodes[2];
};
NTSTATUS region_spares_alloc(struct region_spares *spares) MUST_CHECK;
void region_spares_free(struct region_spares *spares);

/*
 * Cuts the regions of one view so that `start` and `end` are region boundaries, using the spares.
 * => returns: the region that begins at `start`.
 */
struct region *region_isolate(struct address_space *space, vaddr_t start, vaddr_t end,
			      struct region_spares *spares);
/* Gives [start, end), which lies in one view, a state and a protection: isolates, sets, merges. */
void region_change(struct address_space *space, vaddr_t start, vaddr_t end, enum region_state state,
		   uint32_t protection, struct region_spares *spares);
/* The region's pages are not locked any more (residence.c); region_change does it by itself. */
void region_unlock(struct address_space *space, struct region *region);
/* Joins neighbours of one view with equal attributes around [start, end). */
void region_merge(struct address_space *space, vaddr_t start, vaddr_t end);

/* Pages of [start, end) that regions of this state cover; the range begins in a region. */
uint64_t region_count_pages(struct address_space *space, vaddr_t start, vaddr_t end,
			    enum region_state state);

/* Gives back a node that is out of the tree (a view's first region is part of the view). */
void region_discard(struct region *region);

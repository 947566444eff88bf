/*
 * region.c - see region.h.
 */
#include "region.h"

#include "kernel/core/pool.h"
#include "kernel/lib/range.h"
#include "protection.h"

static int region_compare(const struct region *a, const struct region *b)
{
	return a->start < b->start ? -1 : a->start > b->start;
}

static uint64_t largest_of(const struct region *region)
{
	return region ? region->largest_gap : 0;
}

static void gap_recompute(struct region *region)
{
	const struct region *left = region->node.rbe_left;
	const struct region *right = region->node.rbe_right;
	uint64_t largest = region->gap;

	if (largest_of(left) > largest)
		largest = largest_of(left);
	if (largest_of(right) > largest)
		largest = largest_of(right);
	region->largest_gap = largest;
}

#undef RB_AUGMENT
#define RB_AUGMENT(region) gap_recompute(region)
RB_GENERATE_INTERNAL(region_tree, region, node, region_compare, static __attribute__((unused)))

static void gap_propagate(struct region *region)
{
	for (; region; region = region->node.rbe_parent)
		gap_recompute(region);
}

/* Where a new view may begin after a region that ends at `end`. */
static vaddr_t gap_start_after(vaddr_t end)
{
	return (end + ALLOCATION_GRANULARITY - 1) & ~(ALLOCATION_GRANULARITY - 1);
}

static vaddr_t gap_start_before(struct region *region)
{
	struct region *previous = RB_PREV(region_tree, , region);

	return previous ? gap_start_after(previous->end) : USER_LOWEST_ADDRESS;
}

static void gap_update(struct region *region)
{
	vaddr_t start;

	if (!region)
		return;
	start = gap_start_before(region);
	region->gap = region->start > start ? region->start - start : 0;
	gap_propagate(region);
}

struct region *region_at_or_after(struct address_space *space, vaddr_t va)
{
	struct region *region = RB_ROOT(&space->regions);
	struct region *best = NULL;

	while (region) {
		if (va < region->end) {
			best = region;
			if (va >= region->start)
				break;
			region = region->node.rbe_left;
		} else {
			region = region->node.rbe_right;
		}
	}
	return best;
}

struct region *region_find(struct address_space *space, vaddr_t va)
{
	struct region *region = RB_ROOT(&space->regions);

	while (region) {
		if (va < region->start)
			region = region->node.rbe_left;
		else if (va >= region->end)
			region = region->node.rbe_right;
		else
			return region;
	}
	return NULL;
}

struct region *region_next(struct region *region)
{
	return RB_NEXT(region_tree, , region);
}

struct region *region_next_in_view(struct region *region)
{
	struct region *next = region_next(region);

	return next && next->view == region->view ? next : NULL;
}

void region_insert(struct address_space *space, struct region *region)
{
	struct region *clash;

	KASSERT(mutex_is_held(&space->lock));
	KASSERT(region->start < region->end && page_offset(region->start | region->end) == 0);
	region->gap = region->largest_gap = 0;
	clash = RB_INSERT(region_tree, &space->regions, region);
	KASSERT(!clash);
	gap_update(region);
	gap_update(region_next(region));
}

void region_remove(struct address_space *space, struct region *region)
{
	struct region *next = region_next(region);

	KASSERT(mutex_is_held(&space->lock));
	/*
	 * RB_REMOVE recomputes only the nodes that it moves: none above may count this gap any more
	 */
	region->gap = 0;
	gap_propagate(region);
	RB_REMOVE(region_tree, &space->regions, region);
	gap_update(next);
}

bool region_range_is_free(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct region *region = region_at_or_after(space, start);

	return !region || region->start >= end;
}

/* The place for size bytes in the free range [start, end) that satisfies `where`, or 0. */
static vaddr_t fit(vaddr_t start, vaddr_t end, uint64_t size,
		   const struct memory_requirements *where, bool top_down)
{
	if (start < where->lowest)
		start = where->lowest;
	if (end > where->limit)
		end = where->limit;
	return range_place(start, end, size, where->alignment_bytes, top_down);
}

static bool subtree_may_fit(const struct region *region, uint64_t size)
{
	return largest_of(region) >= size;
}

/* In-order walk of the nodes with gap >= size, skipping subtrees that have none. */
static struct region *lowest_gap_in(struct region *region, uint64_t size)
{
	while (region) {
		if (subtree_may_fit(region->node.rbe_left, size))
			region = region->node.rbe_left;
		else if (region->gap >= size)
			return region;
		else
			region = region->node.rbe_right;
	}
	return NULL;
}

static struct region *next_gap(struct region *region, uint64_t size)
{
	struct region *parent;

	if (subtree_may_fit(region->node.rbe_right, size))
		return lowest_gap_in(region->node.rbe_right, size);
	while ((parent = region->node.rbe_parent) != NULL) {
		if (region == parent->node.rbe_left) {
			if (parent->gap >= size)
				return parent;
			if (subtree_may_fit(parent->node.rbe_right, size))
				return lowest_gap_in(parent->node.rbe_right, size);
		}
		region = parent;
	}
	return NULL;
}

static struct region *highest_gap_in(struct region *region, uint64_t size)
{
	while (region) {
		if (subtree_may_fit(region->node.rbe_right, size))
			region = region->node.rbe_right;
		else if (region->gap >= size)
			return region;
		else
			region = region->node.rbe_left;
	}
	return NULL;
}

static struct region *previous_gap(struct region *region, uint64_t size)
{
	struct region *parent;

	if (subtree_may_fit(region->node.rbe_left, size))
		return highest_gap_in(region->node.rbe_left, size);
	while ((parent = region->node.rbe_parent) != NULL) {
		if (region == parent->node.rbe_right) {
			if (parent->gap >= size)
				return parent;
			if (subtree_may_fit(parent->node.rbe_left, size))
				return highest_gap_in(parent->node.rbe_left, size);
		}
		region = parent;
	}
	return NULL;
}

/* The free range above the last region, which no node's gap describes. */
static vaddr_t fit_above_all(struct address_space *space, uint64_t size,
			     const struct memory_requirements *where, bool top_down)
{
	struct region *last = RB_MAX(region_tree, &space->regions);
	vaddr_t start = last ? gap_start_after(last->end) : USER_LOWEST_ADDRESS;

	return fit(start, USER_LIMIT, size, where, top_down);
}

vaddr_t region_find_gap(struct address_space *space, uint64_t size_bytes,
			const struct memory_requirements *where, bool top_down)
{
	struct region *root = RB_ROOT(&space->regions);
	struct region *region;
	vaddr_t found;

	if (top_down) {
		found = fit_above_all(space, size_bytes, where, true);
		region = found ? NULL : highest_gap_in(root, size_bytes);
	} else {
		found = 0;
		region = lowest_gap_in(root, size_bytes);
	}
	while (region && !found) {
		found = fit(region->start - region->gap, region->start, size_bytes, where,
			    top_down);
		region = top_down ? previous_gap(region, size_bytes) : next_gap(region, size_bytes);
	}
	if (!found && !top_down)
		found = fit_above_all(space, size_bytes, where, false);
	return found;
}

NTSTATUS region_spares_alloc(struct region_spares *spares)
{
	for (unsigned i = 0; i < 2; i++) {
		spares->nodes[i] = pool_alloc(sizeof(struct region));
		if (!spares->nodes[i]) {
			if (i)
				pool_free(spares->nodes[0], sizeof(struct region));
			return STATUS_INSUFFICIENT_RESOURCES;
		}
	}
	return STATUS_SUCCESS;
}

void region_spares_free(struct region_spares *spares)
{
	for (unsigned i = 0; i < 2; i++)
		pool_free(spares->nodes[i], sizeof(struct region));
}

uint64_t region_count_pages(struct address_space *space, vaddr_t start, vaddr_t end,
			    enum region_state state)
{
	struct region *region = region_find(space, start);
	uint64_t pages = 0;

	for (; region && region->start < end; region = region_next(region)) {
		vaddr_t from = region->start > start ? region->start : start;
		vaddr_t to = region->end < end ? region->end : end;

		if (region->state == state)
			pages += bytes_to_pages(to - from);
	}
	return pages;
}

/* Splits `region` at `at`, which lies strictly inside it. */
static void split(struct address_space *space, struct region *region, vaddr_t at,
		  struct region *upper)
{
	*upper = *region;
	upper->start = at;
	region->end = at;
	region_insert(space, upper);
}

static struct region *take_spare(struct region_spares *spares)
{
	unsigned i = spares->nodes[0] ? 0 : 1;
	struct region *node = spares->nodes[i];

	KASSERT(node);
	spares->nodes[i] = NULL;
	return node;
}

struct region *region_isolate(struct address_space *space, vaddr_t start, vaddr_t end,
			      struct region_spares *spares)
{
	struct region *first = region_find(space, start);
	struct region *last;

	KASSERT(first);
	if (first->start < start) {
		split(space, first, start, take_spare(spares));
		first = region_next(first);
	}
	last = region_find(space, end - 1);
	KASSERT(last && last->view == first->view);
	if (last->end > end)
		split(space, last, end, take_spare(spares));
	return first;
}

static bool can_merge(const struct region *a, const struct region *b)
{
	return a->view == b->view && a->end == b->start && a->state == b->state &&
	       a->is_locked == b->is_locked &&
	       (a->state == REGION_RESERVED || a->protection == b->protection);
}

/* The lower node stays: a view's own first region is its lowest, or out of the tree. */
static void merge_pair(struct address_space *space, struct region *lower, struct region *upper)
{
	KASSERT(upper != &upper->view->first);
	region_remove(space, upper);
	lower->end = upper->end;
	gap_update(region_next(lower));
	region_discard(upper);
}

void region_merge(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct region *region = region_at_or_after(space, start > PAGE_SIZE ? start - 1 : 0);
	struct region *next;

	while (region && region->start < end && (next = region_next(region)) != NULL) {
		if (can_merge(region, next))
			merge_pair(space, region, next);
		else
			region = next;
	}
}

/* Nobody reaches the pages now, so they do not stay in memory either. */
static bool hides_pages(enum region_state state, uint32_t protection)
{
	return state == REGION_RESERVED || !protection_rights(protection) ||
	       (protection & PAGE_GUARD);
}

void region_change(struct address_space *space, vaddr_t start, vaddr_t end, enum region_state state,
		   uint32_t protection, struct region_spares *spares)
{
	struct region *region = region_isolate(space, start, end, spares);

	for (; region && region->start < end; region = region_next(region)) {
		region->state = state;
		region->protection = protection;
		if (hides_pages(state, protection))
			region_unlock(space, region);
	}
	region_merge(space, start, end);
}

void region_unlock(struct address_space *space, struct region *region)
{
	if (region->is_locked)
		space->locked_pages -= bytes_to_pages(region->end - region->start);
	region->is_locked = false;
}

void region_discard(struct region *region)
{
	if (region != &region->view->first)
		pool_free(region, sizeof(*region));
}

/*
 * view.c - what one call mapped: placing, making and removing views.
 */
#include "view.h"

#include "commit.h"
#include "kernel/core/pool.h"
#include "kernel/lib/range.h"
#include "mm.h"
#include "pages.h"
#include "region.h"
#include "segment.h"
#include "space.h"

static atomic_uint_fast64_t views_alive;

uint64_t view_count_all(void)
{
	return atomic_load(&views_alive);
}

void view_count_changed(int change)
{
	atomic_fetch_add(&views_alive, (uint_fast64_t)change);
}

struct view *view_find(struct address_space *space, vaddr_t va)
{
	struct region *region = region_find(space, va);

	return region ? region->view : NULL;
}

bool zero_bits_limit(uint64_t zero_bits, vaddr_t *limit)
{
	*limit = USER_LIMIT;
	if (zero_bits == 0)
		return true;
	if (zero_bits < 32) {
		*limit = 1ull << (32 - zero_bits);
		return zero_bits <= 21;
	}
	/* an address mask: all bits below its highest one count */
	zero_bits = UINT64_MAX >> __builtin_clzll(zero_bits);
	if (zero_bits < USER_HIGHEST_ADDRESS)
		*limit = zero_bits + 1;
	return true;
}

vaddr_t view_place(struct address_space *space, uint64_t size_bytes, uint64_t zero_bits,
		   bool top_down)
{
	vaddr_t limit;

	if (!zero_bits_limit(zero_bits, &limit))
		return 0;
	return region_find_gap(space, size_bytes, USER_LOWEST_ADDRESS, limit, top_down);
}

vaddr_t view_place_aligned(struct address_space *space, uint64_t size_bytes, uint64_t alignment,
			   uint64_t zero_bits, bool top_down)
{
	uint64_t slack = alignment - ALLOCATION_GRANULARITY;
	vaddr_t gap = view_place(space, size_bytes + slack, zero_bits, top_down);

	return gap ? round_down(gap + slack, alignment) : 0;
}

uint64_t view_alignment(const struct segment *segment)
{
	return segment->is_large ? LARGE_PAGE_BYTES : ALLOCATION_GRANULARITY;
}

void view_attach_segment(struct view *view, struct segment *segment)
{
	segment_reference(segment);
	view->segment = segment;
	mutex_lock(&segment->lock);
	LIST_INSERT_HEAD(&segment->views, view, segment_link);
	segment->view_count++;
	mutex_unlock(&segment->lock);
}

static void detach_segment(struct view *view)
{
	mutex_lock(&view->segment->lock);
	LIST_REMOVE(view, segment_link);
	view->segment->view_count--;
	mutex_unlock(&view->segment->lock);
}

/* How many regions the view begins with. */
static unsigned region_count(const struct view_template *template)
{
	page_index_t last;

	if (template->kind != VIEW_IMAGE)
		return 1;
	last = page_of(template->end - template->start - 1) + template->first_page;
	return (unsigned)(segment_subsection(template->segment, last) -
			  template->segment->subsections) +
	       1;
}

static void set_region(struct region *region, struct view *view, vaddr_t start, vaddr_t end,
		       enum region_state state, uint32_t protection)
{
	region->view = view;
	region->start = start;
	region->end = end;
	region->state = state;
	region->protection = protection;
}

/* Regions 1 .. count-1 of an image view, chained through rbe_left until they are inserted. */
static void free_chain(struct region *chain)
{
	while (chain) {
		struct region *next = chain->node.rbe_left;

		pool_free(chain, sizeof(*chain));
		chain = next;
	}
}

static bool alloc_chain(unsigned count, struct region **chain)
{
	*chain = NULL;
	while (count--) {
		struct region *region = pool_alloc(sizeof(*region));

		if (!region) {
			free_chain(*chain);
			return false;
		}
		region->node.rbe_left = *chain;
		*chain = region;
	}
	return true;
}

static void insert_image_regions(struct address_space *space, struct view *view, unsigned count,
				 struct region *chain)
{
	const struct subsection *part = view->segment->subsections;

	for (unsigned i = 0; i < count; i++, part++) {
		struct region *region = i ? chain : &view->first;
		vaddr_t start = view->start + pages_to_bytes(part->first_page);
		vaddr_t end = start + pages_to_bytes(part->page_count);

		if (i)
			chain = chain->node.rbe_left;
		set_region(region, view, start, end < view->end ? end : view->end, REGION_COMMITTED,
			   part->protection);
		region_insert(space, region);
	}
	region_merge(space, view->start, view->end);
}

static void account(struct address_space *space, struct view *view)
{
	space->view_count++;
	space->virtual_bytes += view->end - view->start;
	if (space->virtual_bytes > space->peak_virtual_bytes)
		space->peak_virtual_bytes = space->virtual_bytes;
	space_commit_changed(space, (int64_t)view->commit_pages);
	view_count_changed(1);
}

NTSTATUS view_create(struct address_space *space, const struct view_template *template,
		     struct view **result)
{
	unsigned count = region_count(template);
	struct region *chain;
	struct view *view;

	if (space->dying)
		return STATUS_PROCESS_IS_TERMINATING;
	view = pool_alloc(sizeof(*view));
	if (!view)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!alloc_chain(count - 1, &chain)) {
		pool_free(view, sizeof(*view));
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	view->start = template->start;
	view->end = template->end;
	view->kind = template->kind;
	view->allocation_protect = template->protection;
	view->inherit = template->inherit;
	view->is_stack = template->is_stack;
	view->space = space;
	view->first_page = template->first_page;
	view->commit_pages = template->commit_pages;
	if (template->segment)
		view_attach_segment(view, template->segment);
	if (template->kind == VIEW_IMAGE) {
		insert_image_regions(space, view, count, chain);
	} else {
		set_region(&view->first, view, view->start, view->end, template->state,
			   template->protection);
		region_insert(space, &view->first);
	}
	account(space, view);
	*result = view;
	return STATUS_SUCCESS;
}

void view_remove(struct address_space *space, struct view *view)
{
	struct region *region;

	pages_discard(space, view->start, view->end);
	while ((region = region_at_or_after(space, view->start)) != NULL && region->view == view) {
		region_remove(space, region);
		region_discard(region);
	}
	if (view->segment)
		detach_segment(view);
	space->view_count--;
	space->virtual_bytes -= view->end - view->start;
	space_commit_changed(space, -(int64_t)view->commit_pages);
	commit_release(view->commit_pages);
}

void view_free(struct view *view)
{
	if (view->segment)
		segment_release(view->segment);
	pool_free(view, sizeof(*view));
	view_count_changed(-1);
}

NTSTATUS view_unmap(struct address_space *space, vaddr_t address)
{
	struct view *view;

	mutex_lock(&space->lock);
	view = view_find(space, address);
	if (view && view->kind != VIEW_PRIVATE)
		view_remove(space, view);
	else
		view = NULL;
	mutex_unlock(&space->lock);
	if (!view)
		return STATUS_NOT_MAPPED_VIEW;
	view_free(view);
	return STATUS_SUCCESS;
}

void view_charge(struct view *view, int64_t pages)
{
	view->commit_pages += (uint64_t)pages;
	space_commit_changed(view->space, pages);
}

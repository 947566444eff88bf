/*
 * view.c - what one call mapped: placing, making and removing views.
 */
#include "view.h"

#include "commit.h"
#include "kernel/core/pool.h"
#include "kernel/lib/range.h"
#include "mm.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "space.h"
#include "watch.h"

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

bool zero_bits_requirements(uint64_t zero_bits, struct memory_requirements *where)
{
	where->lowest = USER_LOWEST_ADDRESS;
	where->alignment_bytes = ALLOCATION_GRANULARITY;
	return zero_bits_limit(zero_bits, &where->limit);
}

vaddr_t view_place(struct address_space *space, uint64_t size_bytes, uint64_t zero_bits,
		   bool top_down)
{
	struct memory_requirements where;

	return zero_bits_requirements(zero_bits, &where)
		       ? view_place_within(space, size_bytes, &where, top_down)
		       : 0;
}

vaddr_t view_place_within(struct address_space *space, uint64_t size_bytes,
			  const struct memory_requirements *where, bool top_down)
{
	return region_find_gap(space, size_bytes, where, top_down);
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
	segment->writer_count += view->is_writer;
	mutex_unlock(&segment->lock);
}

static void detach_segment(struct view *view)
{
	mutex_lock(&view->segment->lock);
	LIST_REMOVE(view, segment_link);
	view->segment->view_count--;
	view->segment->writer_count -= view->is_writer;
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
			  segment_subsection(template->segment, template->first_page)) +
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

/* What a page of a SEC_IMAGE_NO_EXECUTE view gets instead. */
static uint32_t image_protection(const struct view *view, const struct subsection *part)
{
	return view->is_no_execute ? protection_without_execute(part->protection)
				   : part->protection;
}

static void insert_image_regions(struct address_space *space, struct view *view, unsigned count,
				 struct region *chain)
{
	const struct subsection *part = segment_subsection(view->segment, view->first_page);
	vaddr_t start = view->start;

	for (unsigned i = 0; i < count; i++, part++) {
		struct region *region = i ? chain : &view->first;
		vaddr_t end = view->start + pages_to_bytes(part->first_page + part->page_count -
							   view->first_page);

		if (i)
			chain = chain->node.rbe_left;
		set_region(region, view, start, end < view->end ? end : view->end, REGION_COMMITTED,
			   image_protection(view, part));
		region_insert(space, region);
		start = end;
	}
	region_merge(space, view->start, view->end);
}

static void account(struct address_space *space, struct view *view)
{
	if (view->watch)
		atomic_fetch_add(&space->watch_count, 1);
	space->view_count++;
	space->virtual_bytes += view->end - view->start;
	if (space->virtual_bytes > space->peak_virtual_bytes)
		space->peak_virtual_bytes = space->virtual_bytes;
	space_commit_changed(space, (int64_t)view->commit_pages);
	view_promise_tables(view);
	view_count_changed(1);
}

NTSTATUS view_memory_alloc(const struct view_template *template, struct view_memory *memory)
{
	memory->region_count = region_count(template);
	memory->view = pool_alloc(sizeof(*memory->view));
	if (!memory->view)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!alloc_chain(memory->region_count - 1, &memory->chain)) {
		pool_free(memory->view, sizeof(*memory->view));
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	return STATUS_SUCCESS;
}

void view_memory_free(struct view_memory *memory)
{
	free_chain(memory->chain);
	pool_free(memory->view, sizeof(*memory->view));
}

static void fill_view(struct view *view, const struct view_template *template)
{
	view->start = template->start;
	view->end = template->end;
	view->kind = template->kind;
	view->allocation_protect = template->protection;
	view->inherit = template->inherit;
	view->is_stack = template->is_stack;
	view->is_placeholder = template->is_placeholder;
	view->was_placeholder = template->was_placeholder;
	view->is_extendable = template->is_extendable;
	view->is_frozen = template->is_frozen;
	view->is_no_execute = template->is_no_execute;
	view->is_physical = template->is_physical;
	view->is_writer = template->is_writer;
	view->watch = template->watch;
	view->first_page = template->first_page;
	view->commit_pages = template->commit_pages;
}

struct view *view_insert(struct address_space *space, const struct view_template *template,
			 struct view_memory *memory)
{
	struct view *view = memory->view;

	KASSERT(!space->dying);
	fill_view(view, template);
	view->space = space;
	if (template->replaced) {
		KASSERT(template->replaced->start == view->start &&
			template->replaced->end == view->end);
		view->was_placeholder = !view->is_placeholder;
		view_remove(space, template->replaced);
	}
	if (template->segment)
		view_attach_segment(view, template->segment);
	if (template->kind == VIEW_IMAGE) {
		insert_image_regions(space, view, memory->region_count, memory->chain);
	} else {
		set_region(&view->first, view, view->start, view->end, template->state,
			   template->protection);
		region_insert(space, &view->first);
	}
	account(space, view);
	return view;
}

NTSTATUS view_create(struct address_space *space, const struct view_template *template,
		     struct view **result)
{
	struct view_memory memory;
	NTSTATUS status;

	if (space->dying)
		return STATUS_PROCESS_IS_TERMINATING;
	status = view_memory_alloc(template, &memory);
	if (NT_SUCCESS(status))
		*result = view_insert(space, template, &memory);
	return status;
}

void view_remove(struct address_space *space, struct view *view)
{
	struct region *region;

	pages_discard(space, view->start, view->end);
	while ((region = region_at_or_after(space, view->start)) != NULL && region->view == view) {
		region_unlock(space, region);
		region_remove(space, region);
		region_discard(region);
	}
	if (view->segment)
		detach_segment(view);
	if (view->watch)
		atomic_fetch_sub(&space->watch_count, 1);
	space->view_count--;
	space->virtual_bytes -= view->end - view->start;
	space_commit_changed(space, -(int64_t)view->commit_pages);
	commit_release(view->commit_pages);
	commit_tables_changed(-(int64_t)view->table_pages);
}

void view_free(struct view *view)
{
	if (view->segment)
		segment_release(view->segment);
	watch_release(view->watch);
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

NTSTATUS views_compare_files(struct address_space *space, vaddr_t first, vaddr_t second)
{
	const struct view *one, *other;
	NTSTATUS status;

	mutex_lock(&space->lock);
	one = view_find(space, first);
	other = view_find(space, second);
	if (!one || !other)
		status = STATUS_INVALID_ADDRESS;
	else if (one->kind == VIEW_PRIVATE || other->kind == VIEW_PRIVATE)
		status = STATUS_CONFLICTING_ADDRESSES;
	else if (one == other)
		status = STATUS_SUCCESS;
	else if (one->kind == VIEW_IMAGE && one->segment->file == other->segment->file)
		status = STATUS_SUCCESS;
	else
		status = STATUS_NOT_SAME_DEVICE;
	mutex_unlock(&space->lock);
	return status;
}

void view_charge(struct view *view, int64_t pages)
{
	view->commit_pages += (uint64_t)pages;
	space_commit_changed(view->space, pages);
	view_promise_tables(view);
}

/* Pages of the view that are promised to be there: its own, or those of a page-file section. */
static uint64_t promised_pages(const struct view *view)
{
	const struct segment *segment = view->segment;

	if (!segment || segment->kind != SEGMENT_PAGEFILE || segment->is_reserve)
		return view->commit_pages;
	return segment->is_large ? 0 : bytes_to_pages(view->end - view->start);
}

/* At most one page table per page, and one per table's span that the view touches. */
void view_promise_tables(struct view *view)
{
	uint64_t span = pt_entry_span(2), pages = promised_pages(view);
	uint64_t tables = (view->end - 1) / span - view->start / span + 1;

	if (tables > pages)
		tables = pages;
	commit_tables_changed((int64_t)(tables - view->table_pages));
	view->table_pages = tables;
}

/*
 * clone.c - a copy of an address space, for NtCreateProcess without a section (nt-semantics 3.4.6).
 *
 *   first   under the space's lock: which views there are, with their regions, as of one moment
 *   then    without it: commit is charged, and the views are made in the copy
 *   last    page by page: what is private is copied, as of the moment of its copy
 *
 * Only the copying of one page happens under locks, so the parent may run, fault and unmap
 * meanwhile. What it has given up before its turn came is in the copy as it was born: zeros, or
 * what the section has. Views share their segments from the first step on, which keeps them alive.
 *
 * What belongs to a process and not to its memory stays behind: locks of pages and write watches.
 */
#include "commit.h"
#include "file_change.h"
#include "frame.h"
#include "kernel/core/pool.h"
#include "large.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "region.h"
#include "segment.h"
#include "view.h"

#define SLOTS_AT_ONCE 64u /* how many are looked at in one hold of frame_lock */

struct region_copy {
	STAILQ_ENTRY(region_copy) link;
	vaddr_t start, end;
	enum region_state state;
	uint32_t protection;
};

struct view_copy {
	STAILQ_ENTRY(view_copy) link;
	struct view_template template; /* its segment is referenced */
	STAILQ_HEAD(, region_copy) regions;
};

STAILQ_HEAD(view_copies, view_copy);

/* ---- the list of views ---- */

/* Until the copy has its view, it counts by itself as one who maps the file. */
static bool is_mapper(const struct view_template *template)
{
	return template->kind != VIEW_PRIVATE;
}

static void view_copy_free(struct view_copy *copy)
{
	struct region_copy *region;

	while ((region = STAILQ_FIRST(&copy->regions)) != NULL) {
		STAILQ_REMOVE_HEAD(&copy->regions, link);
		pool_free(region, sizeof(*region));
	}
	if (is_mapper(&copy->template))
		mapper_uncount(copy->template.segment, copy->template.is_writer);
	if (copy->template.segment)
		segment_release(copy->template.segment);
	pool_free(copy, sizeof(*copy));
}

static void view_copies_free(struct view_copies *copies)
{
	struct view_copy *copy;

	while ((copy = STAILQ_FIRST(copies)) != NULL) {
		STAILQ_REMOVE_HEAD(copies, link);
		view_copy_free(copy);
	}
}

static struct view_copy *view_copy_create(const struct view *view)
{
	struct view_copy *copy = pool_alloc(sizeof(*copy));

	if (!copy)
		return NULL;
	copy->template = (struct view_template){.kind = view->kind,
						.start = view->start,
						.end = view->end,
						.protection = view->allocation_protect,
						.state = REGION_COMMITTED,
						.inherit = view->inherit,
						.is_stack = view->is_stack,
						.is_placeholder = view->is_placeholder,
						.was_placeholder = view->was_placeholder,
						.is_extendable = view->is_extendable,
						.is_frozen = view->is_frozen,
						.is_no_execute = view->is_no_execute,
						.is_physical = view->is_physical,
						.is_writer = view->is_writer,
						.segment = view->segment,
						.first_page = view->first_page,
						.commit_pages = view->commit_pages};
	STAILQ_INIT(&copy->regions);
	if (view->segment)
		segment_reference(view->segment);
	if (is_mapper(&copy->template))
		mapper_count(view->segment, view->is_writer);
	return copy;
}

static bool region_copy_add(struct view_copy *copy, const struct region *region)
{
	struct region_copy *added = pool_alloc(sizeof(*added));

	if (!added)
		return false;
	added->start = region->start;
	added->end = region->end;
	added->state = region->state;
	added->protection = region->protection;
	STAILQ_INSERT_TAIL(&copy->regions, added, link);
	return true;
}

static bool is_inherited(const struct view *view)
{
	return view->kind == VIEW_PRIVATE || view->inherit == VIEW_SHARE;
}

/* Needs the space's lock. False: no memory; what was listed is in *copies all the same. */
static bool views_list_locked(struct address_space *space, struct view_copies *copies)
{
	struct region *region = region_at_or_after(space, 0);
	struct view_copy *copy = NULL;

	for (; region; region = region_next(region)) {
		if (!is_inherited(region->view))
			continue;
		if (region->start == region->view->start) {
			copy = view_copy_create(region->view);
			if (!copy)
				return false;
			STAILQ_INSERT_TAIL(copies, copy, link);
		}
		if (!region_copy_add(copy, region))
			return false;
	}
	return true;
}

/* ---- making the views ---- */

/* Needs the lock of `space`, in which the view has just been made. */
static NTSTATUS regions_apply_locked(struct address_space *space, const struct view_copy *copy)
{
	const struct region_copy *region;

	STAILQ_FOREACH (region, &copy->regions, link) {
		struct region_spares spares;
		NTSTATUS status = region_spares_alloc(&spares);

		if (!NT_SUCCESS(status))
			return status;
		region_change(space, region->start, region->end, region->state, region->protection,
			      &spares);
		region_spares_free(&spares);
	}
	return STATUS_SUCCESS;
}

/*
 * Private large memory gets frames of its own. Those of the source stay where they are for as long
 * as its segment is referenced.
 */
static NTSTATUS large_copy(struct view_copy *copy)
{
	uint64_t pages = bytes_to_pages(copy->template.end - copy->template.start);
	struct segment *source = copy->template.segment, *target;
	NTSTATUS status = large_segment_create(pages, &target);

	if (!NT_SUCCESS(status))
		return status;
	for (page_index_t index = 0; index < pages; index++) {
		pfn_t from, to;

		spin_lock(&frame_lock);
		from = frame_number(large_frame_locked(source, index)) + index % LARGE_PAGE_PAGES;
		to = frame_number(large_frame_locked(target, index)) + index % LARGE_PAGE_PAGES;
		spin_unlock(&frame_lock);
		page_copy(frame_memory(to), frame_memory(from));
	}
	copy->template.segment = target;
	segment_release(source);
	return status;
}

static NTSTATUS view_clone(struct address_space *space, struct view_copy *copy)
{
	const struct view_template *template = &copy->template;
	struct view *view;
	NTSTATUS status = STATUS_SUCCESS;

	if (template->kind == VIEW_PRIVATE && template->segment)
		status = large_copy(copy);
	if (NT_SUCCESS(status))
		status = commit_charge(template->commit_pages);
	if (!NT_SUCCESS(status))
		return status;
	mutex_lock(&space->lock);
	status = view_create(space, template, &view);
	if (NT_SUCCESS(status))
		status = regions_apply_locked(space, copy);
	else
		commit_release(template->commit_pages);
	mutex_unlock(&space->lock);
	return status;
}

/* ---- copying the pages ---- */

/* One walk over the private pages of a view. */
struct page_walk {
	struct address_space *from, *to;
	const struct view_copy *view;
	vaddr_t va;		  /* the page looked at next */
	struct page_request page; /* its spare: room for a page that is read */
	enum page_step page_step;
	/*
	 * HELD: room for a copy, then the copy. It is there before a page is read: else the page
	 * could be what makes room for its own copy, again and again
	 */
	pfn_t copy;
	pfn_t table; /* a HELD, zeroed frame for a page table */
};

enum walk_step { WALK_END, WALK_MORE, WALK_NEED_COPY, WALK_PAGE_STEP, WALK_COPIED };

/* The page at walk->va still belongs to what was mapped there when the views were listed. */
static bool is_same_view(const struct page_walk *walk)
{
	const struct region *region = region_find(walk->from, walk->va);

	return region && region->view->kind == walk->view->template.kind &&
	       region->view->segment == walk->view->template.segment;
}

/* Copies a private page, wherever it is, into walk->copy; or says what stands in the way. */
static enum walk_step page_copy_locked(struct page_walk *walk, pte_t *slot) REQUIRES(frame_lock)
{
	pte_t word = pt_read(slot);

	if (walk->copy == PFN_NONE)
		return WALK_NEED_COPY;
	walk->page_step = PAGE_READY;
	walk->page.pfn = pte_pfn(word);
	if (pte_kind(word) != PTE_VALID)
		walk->page_step = private_page_locked(walk->from, walk->va, slot, &walk->page);
	if (walk->page_step != PAGE_READY)
		return WALK_PAGE_STEP;
	page_copy(frame_memory(walk->copy), frame_memory(walk->page.pfn));
	return WALK_COPIED;
}

/* Copies the next private page. Needs the lock of walk->from. */
static enum walk_step page_copy_next_locked(struct page_walk *walk) REQUIRES(frame_lock)
{
	vaddr_t end = walk->view->template.end;

	for (unsigned looked_at = 0; looked_at < SLOTS_AT_ONCE; looked_at++) {
		pte_t *slot = slot_next(walk->from, &walk->va, end), word;

		if (!slot)
			return WALK_END;
		word = pt_read(slot);
		if (slot_is_private_locked(word) && is_same_view(walk))
			return page_copy_locked(walk, slot);
		walk->va += slot_span(word);
	}
	return WALK_MORE;
}

static enum walk_step page_copy_next(struct page_walk *walk)
{
	enum walk_step step;

	mutex_lock(&walk->from->lock);
	spin_lock(&frame_lock);
	step = page_copy_next_locked(walk);
	spin_unlock(&frame_lock);
	mutex_unlock(&walk->from->lock);
	return step;
}

/*
 * Gives the copy to the new space, not mapped: its first access there is a soft fault. Needs the
 * lock of walk->to. => returns: false when a page table is missing.
 */
static bool page_install_locked(struct page_walk *walk) REQUIRES(frame_lock)
{
	pte_t *slot = slot_make_locked(walk->to, walk->va, &walk->table);
	struct frame *frame = frame_of(walk->copy);

	if (!slot)
		return false;
	frame_own_locked(frame, walk->to, page_of(walk->va), slot, pte_none(),
			 FRAME_PRIVATE | FRAME_DIRTY);
	word_set_locked(slot, pte_in_frame(walk->copy));
	frame_pin_locked(frame);
	frame_unpin_locked(frame, true);
	walk->copy = PFN_NONE;
	return true;
}

/* A page that was not committed when the views were listed is not to have content. */
static NTSTATUS page_install(struct page_walk *walk)
{
	for (;;) {
		const struct region *region;
		bool done = true;

		mutex_lock(&walk->to->lock);
		region = region_find(walk->to, walk->va);
		if (region && region->state == REGION_COMMITTED) {
			spin_lock(&frame_lock);
			done = page_install_locked(walk);
			spin_unlock(&frame_lock);
		}
		mutex_unlock(&walk->to->lock);
		if (done)
			break;
		walk->table = frame_alloc_wait(FRAME_ALL_ZERO);
		if (walk->table == PFN_NONE)
			return STATUS_NO_MEMORY;
	}
	walk->va += PAGE_SIZE;
	return STATUS_SUCCESS;
}

static NTSTATUS walk_turn(struct page_walk *walk, enum walk_step step)
{
	switch (step) {
	case WALK_NEED_COPY:
		walk->copy = frame_alloc_wait(FRAME_ANY_CONTENT);
		return walk->copy == PFN_NONE ? STATUS_NO_MEMORY : STATUS_SUCCESS;
	case WALK_PAGE_STEP:
		return page_step_perform(walk->page_step, &walk->page);
	case WALK_COPIED:
		return page_install(walk);
	case WALK_MORE:
	case WALK_END:
		break;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS pages_clone(struct address_space *from, struct address_space *to,
			    const struct view_copy *view)
{
	struct page_walk walk = {.from = from, .to = to, .view = view};
	enum walk_step step;
	NTSTATUS status;

	walk.va = view->template.start;
	do {
		step = page_copy_next(&walk);
		status = walk_turn(&walk, step);
	} while (NT_SUCCESS(status) && step != WALK_END);
	page_request_end(&walk.page);
	if (walk.copy != PFN_NONE)
		frame_free(walk.copy);
	if (walk.table != PFN_NONE)
		frame_free(walk.table);
	return status;
}

/* ---- the whole ---- */

NTSTATUS space_clone(struct address_space *from, struct address_space *to)
{
	struct view_copies copies = STAILQ_HEAD_INITIALIZER(copies);
	struct view_copy *copy, *first;
	NTSTATUS status;

	KASSERT(to->view_count == 0);
	mutex_lock(&from->lock);
	status = views_list_locked(from, &copies) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
	mutex_unlock(&from->lock);
	first = STAILQ_FIRST(&copies);
	for (copy = first; NT_SUCCESS(status) && copy; copy = STAILQ_NEXT(copy, link))
		status = view_clone(to, copy);
	for (copy = first; NT_SUCCESS(status) && copy; copy = STAILQ_NEXT(copy, link))
		status = pages_clone(from, to, copy);
	view_copies_free(&copies);
	return status;
}

/*
 * memory.c - private memory: reserving, committing, decommitting, releasing (nt-semantics 5.1,
 * 5.2).
 */
#include "commit.h"
#include "kernel/core/pool.h"
#include "kernel/lib/range.h"
#include "large.h"
#include "mm.h"
#include "pages.h"
#include "placeholder.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "space.h"
#include "view.h"
#include "watch.h"

/* Both go alone. */
#define MEM_RESETS (MEM_RESET | MEM_RESET_UNDO)
#define ALLOCATE_TYPES \
	(MEM_COMMIT | MEM_RESERVE | MEM_RESETS | MEM_TOP_DOWN | MEM_WRITE_WATCH | MEM_PHYSICAL | \
	 MEM_LARGE_PAGES)

static NTSTATUS check_type(uint32_t type)
{
	if ((type & ~ALLOCATE_TYPES) || !(type & (MEM_COMMIT | MEM_RESERVE | MEM_RESETS)))
		return STATUS_INVALID_PARAMETER_5;
	if ((type & MEM_RESETS) && type != MEM_RESET && type != MEM_RESET_UNDO)
		return STATUS_INVALID_PARAMETER_5;
	if ((type & MEM_LARGE_PAGES) &&
	    (!(type & MEM_COMMIT) || (type & (MEM_PHYSICAL | MEM_WRITE_WATCH))))
		return STATUS_INVALID_PARAMETER_5;
	if ((type & MEM_WRITE_WATCH) && !(type & MEM_RESERVE))
		return STATUS_INVALID_PARAMETER_5;
	if ((type & MEM_PHYSICAL) && type != (MEM_PHYSICAL | MEM_RESERVE) &&
	    type != (MEM_PHYSICAL | MEM_RESERVE | MEM_TOP_DOWN))
		return STATUS_INVALID_PARAMETER_5;
	return STATUS_SUCCESS;
}

NTSTATUS memory_allocate_check(vaddr_t base, uint64_t zero_bits, uint64_t size_bytes, uint32_t type,
			       uint32_t protection)
{
	NTSTATUS status;
	vaddr_t limit;

	if (!zero_bits_limit(zero_bits, &limit))
		return STATUS_INVALID_PARAMETER_3;
	status = check_type(type);
	if (!NT_SUCCESS(status))
		return status;
	if ((type & MEM_PHYSICAL) && protection != PAGE_READWRITE)
		return STATUS_INVALID_PARAMETER_6;
	if (!protection_is_valid(protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (base > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (!size_bytes || !range_ok(base, size_bytes, USER_LIMIT))
		return STATUS_INVALID_PARAMETER_4;
	return STATUS_SUCCESS;
}

/*
 * Where a reservation stands: at the address asked for, rounded outward, or anywhere. Needs the
 * space's lock.
 */
static NTSTATUS place_reservation(struct address_space *space, vaddr_t base,
				  const struct memory_requirements *where, uint64_t size,
				  bool top_down, struct view_template *template)
{
	if (!base) {
		size = page_round_up(size);
		template->start = view_place_within(space, size, where, top_down);
		template->end = template->start + size;
		return template->start ? STATUS_SUCCESS : STATUS_NO_MEMORY;
	}
	template->start = round_down(base, ALLOCATION_GRANULARITY);
	template->end = page_round_up(base + size);
	if (template->start < USER_LOWEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (template->end > where->limit)
		return STATUS_INVALID_PARAMETER_3;
	if (!region_range_is_free(space, template->start, template->end))
		return STATUS_CONFLICTING_ADDRESSES;
	return STATUS_SUCCESS;
}

/* The view of a template, and its charge. Needs the space's lock. */
static NTSTATUS create_charged(struct address_space *space, const struct view_template *template)
{
	struct view *view;
	NTSTATUS status = commit_charge(template->commit_pages);

	if (!NT_SUCCESS(status))
		return status;
	status = view_create(space, template, &view);
	if (!NT_SUCCESS(status))
		commit_release(template->commit_pages);
	return status;
}

/* MEM_REPLACE_PLACEHOLDER: the range is the placeholder's, to the byte. Needs the space's lock. */
static NTSTATUS place_on_placeholder(struct address_space *space, vaddr_t base, uint64_t size,
				     struct view_template *template)
{
	template->start = base;
	template->end = base + size;
	return base ? placeholder_find(space, template->start, template->end, &template->replaced)
		    : STATUS_INVALID_PARAMETER;
}

/* Reserves, and commits the whole reservation if asked. Needs the space's lock. */
static NTSTATUS reserve_locked(struct address_space *space, const struct memory_requirements *where,
			       uint32_t type, uint32_t protection, vaddr_t *base, uint64_t *size)
{
	struct view_template template = {.kind = VIEW_PRIVATE,
					 .protection = protection,
					 .inherit = VIEW_UNMAP,
					 .state = REGION_RESERVED,
					 .is_placeholder = type & MEM_RESERVE_PLACEHOLDER,
					 .is_physical = type & MEM_PHYSICAL};
	uint64_t pages;
	NTSTATUS status;

	status = type & MEM_REPLACE_PLACEHOLDER
			 ? place_on_placeholder(space, *base, *size, &template)
			 : place_reservation(space, *base, where, *size, type & MEM_TOP_DOWN,
					     &template);
	if (!NT_SUCCESS(status))
		return status;
	pages = bytes_to_pages(template.end - template.start);
	if (type & MEM_COMMIT) {
		template.state = REGION_COMMITTED;
		template.commit_pages = pages;
	}
	if (type & MEM_WRITE_WATCH)
		status = watch_create(template.start, pages, &template.watch);
	if (NT_SUCCESS(status))
		status = create_charged(space, &template);
	if (!NT_SUCCESS(status)) {
		watch_release(template.watch);
		return status;
	}
	if (template.replaced)
		view_free(template.replaced);
	*base = template.start;
	*size = template.end - template.start;
	return STATUS_SUCCESS;
}

/* MEM_COMMIT over private memory. Needs the space's lock; [start, end) lies in `view`. */
static NTSTATUS commit_private_locked(struct view *view, vaddr_t start, vaddr_t end,
				      uint32_t protection)
{
	struct address_space *space = view->space;
	uint64_t pages = region_count_pages(space, start, end, REGION_RESERVED);
	struct region_spares spares;
	NTSTATUS status;

	if (view->is_placeholder)
		return STATUS_CONFLICTING_ADDRESSES;
	if (protection_is_copy(protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	protection = protection_in_allocation(view->allocation_protect, protection);
	status = region_spares_alloc(&spares);
	if (!NT_SUCCESS(status))
		return status;
	status = commit_charge(pages);
	if (NT_SUCCESS(status)) {
		view_charge(view, (int64_t)pages);
		region_change(space, start, end, REGION_COMMITTED, protection, &spares);
		pages_protect(space, start, end, protection);
	}
	region_spares_free(&spares);
	return status;
}

/* What MEM_COMMIT over a view of a section may do (nt-semantics 4.4). */
static NTSTATUS check_commit_mapped(const struct view *view, uint32_t protection)
{
	if (view->segment->kind != SEGMENT_PAGEFILE)
		return STATUS_ALREADY_COMMITTED;
	if (!protection_view_allows(view->allocation_protect, protection))
		return STATUS_SECTION_PROTECTION;
	if (view->is_frozen &&
	    ((protection ^ view->allocation_protect) & ~(uint32_t)PAGE_CACHE_MASK))
		return STATUS_INVALID_PAGE_PROTECTION;
	return STATUS_SUCCESS;
}

/* Finds the one view that holds the range. Needs the space's lock. */
static struct view *view_holding(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct view *view = view_find(space, start);

	return view && end <= view->end ? view : NULL;
}

/* Pages of a SEC_RESERVE section behind a range of a view, made ready to be committed. */
struct section_pages {
	struct segment *segment; /* a reference; NULL: there are none */
	page_index_t first;
	uint64_t count, charged;
};

static page_index_t section_page(const struct view *view, vaddr_t va)
{
	return view->first_page + page_of(va - view->start);
}

/*
 * The segment's tables may need memory, so this happens without the space's lock; the caller then
 * looks at the view again.
 */
static NTSTATUS prepare_section_pages(struct address_space *space, vaddr_t start, vaddr_t end,
				      uint32_t protection, struct section_pages *pages)
{
	struct view *view;

	*pages = (struct section_pages){.count = bytes_to_pages(end - start)};
	mutex_lock(&space->lock);
	view = view_holding(space, start, end);
	if (view && view->segment && view->segment->is_reserve &&
	    NT_SUCCESS(check_commit_mapped(view, protection))) {
		pages->segment = view->segment;
		segment_reference(pages->segment);
		pages->first = section_page(view, start);
	}
	mutex_unlock(&space->lock);
	if (!pages->segment)
		return STATUS_SUCCESS;
	return segment_commit_prepare(pages->segment, pages->first, pages->count, &pages->charged);
}

/* Gives back what was prepared and not performed. */
static void release_section_pages(struct section_pages *pages)
{
	commit_release(pages->charged);
	if (pages->segment)
		segment_release(pages->segment);
}

/* MEM_COMMIT over a view of a section. Needs the space's lock; [start, end) lies in `view`. */
static NTSTATUS commit_mapped_locked(struct view *view, vaddr_t start, vaddr_t end,
				     uint32_t protection, struct section_pages *pages)
{
	bool is_reserve = view->segment->is_reserve;
	NTSTATUS status = check_commit_mapped(view, protection);

	if (!NT_SUCCESS(status))
		return status;
	if (is_reserve &&
	    (view->segment != pages->segment || section_page(view, start) != pages->first))
		return STATUS_CONFLICTING_ADDRESSES; /* another view came between */
	status = view_protect_locked(view, start, end, protection);
	if (NT_SUCCESS(status) && is_reserve) {
		segment_commit_perform(pages->segment, pages->first, pages->count, pages->charged);
		pages->charged = 0;
	}
	return status;
}

static NTSTATUS commit_range(struct address_space *space, vaddr_t start, vaddr_t end,
			     uint32_t protection)
{
	struct section_pages pages;
	struct view *view;
	NTSTATUS status = prepare_section_pages(space, start, end, protection, &pages);

	if (NT_SUCCESS(status)) {
		mutex_lock(&space->lock);
		view = view_holding(space, start, end);
		if (!view || view->is_physical)
			status = STATUS_CONFLICTING_ADDRESSES;
		else if (view_is_large(view))
			status = large_commit_locked(view, start, end, protection);
		else if (!view->segment)
			status = commit_private_locked(view, start, end, protection);
		else
			status = commit_mapped_locked(view, start, end, protection, &pages);
		mutex_unlock(&space->lock);
	}
	release_section_pages(&pages);
	return status;
}

/*
 * MEM_RESET: "the contents are of no interest"; we keep them, which the call allows, and so
 * MEM_RESET_UNDO always finds them.
 */
static NTSTATUS reset_range(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct view *view;

	mutex_lock(&space->lock);
	view = view_holding(space, start, end);
	mutex_unlock(&space->lock);
	return view ? STATUS_SUCCESS : STATUS_CONFLICTING_ADDRESSES;
}

NTSTATUS memory_allocate(struct address_space *space, vaddr_t *base, uint64_t zero_bits,
			 uint64_t *size_bytes, uint32_t type, uint32_t protection)
{
	struct memory_requirements where;

	if (!zero_bits_requirements(zero_bits, &where))
		return STATUS_INVALID_PARAMETER_3;
	if (type & MEM_PLACEHOLDERS)
		return STATUS_INVALID_PARAMETER_5;
	return memory_allocate_within(space, base, &where, size_bytes, type, protection);
}

NTSTATUS memory_allocate_within(struct address_space *space, vaddr_t *base,
				const struct memory_requirements *where, uint64_t *size_bytes,
				uint32_t type, uint32_t protection)
{
	vaddr_t start = page_round_down(*base), end;
	NTSTATUS status;

	status = memory_allocate_check(*base, 0, *size_bytes, type & ~MEM_PLACEHOLDERS, protection);
	if (!NT_SUCCESS(status))
		return status;
	if (type & MEM_LARGE_PAGES)
		return large_allocate(space, base, where, *size_bytes, type, protection);
	if ((type & MEM_RESERVE) || ((type & MEM_COMMIT) && !*base)) {
		if (protection_is_copy(protection))
			return STATUS_INVALID_PAGE_PROTECTION;
		mutex_lock(&space->lock);
		status = reserve_locked(space, where, type, protection, base, size_bytes);
		mutex_unlock(&space->lock);
		return status;
	}
	end = page_round_up(*base + *size_bytes);
	status = type & MEM_RESETS ? reset_range(space, start, end)
				   : commit_range(space, start, end, protection);
	if (NT_SUCCESS(status)) {
		*base = start;
		*size_bytes = end - start;
	}
	return status;
}

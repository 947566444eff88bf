/*
 * map.c - mapping a view of a section (nt-semantics 3.4): the checks in their order, then the view.
 */
#include "commit.h"
#include "file_change.h"
#include "kernel/lib/range.h"
#include "large.h"
#include "mm.h"
#include "placeholder.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "view.h"

#define MAP_NO_CHANGE 0x00400000u /* SEC_NO_CHANGE, also an allocation type */
#define MAP_TYPES (MEM_TOP_DOWN | MEM_LARGE_PAGES | MEM_RESERVE | MAP_NO_CHANGE)

NTSTATUS map_check_values(const struct map_request *request)
{
	vaddr_t limit;

	if (request->inherit != VIEW_SHARE && request->inherit != VIEW_UNMAP)
		return STATUS_INVALID_PARAMETER_8;
	if (request->allocation_type &
	    ~(MAP_TYPES | (request->is_extended ? MEM_REPLACE_PLACEHOLDER : 0)))
		return STATUS_INVALID_PARAMETER_9;
	if (!protection_is_valid(request->protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (request->base > USER_HIGHEST_ADDRESS ||
	    request->size_bytes > USER_HIGHEST_ADDRESS - request->base)
		return STATUS_INVALID_PARAMETER_3;
	if (!zero_bits_limit(request->zero_bits, &limit))
		return STATUS_INVALID_PARAMETER_4;
	/* Row 8, also for a view whose size only the section knows. */
	if (request->base >= limit ||
	    !range_ok(request->base, request->base ? request->size_bytes : 0, limit))
		return STATUS_INVALID_PARAMETER_4;
	return STATUS_SUCCESS;
}

access_mask_t map_required_access(uint32_t protection)
{
	switch (protection & PAGE_BASE_MASK) {
	case PAGE_READWRITE:
		return SECTION_MAP_WRITE;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return SECTION_MAP_EXECUTE;
	case PAGE_EXECUTE_READWRITE:
		return SECTION_MAP_WRITE | SECTION_MAP_EXECUTE;
	}
	return SECTION_MAP_READ;
}

/* Rows 13, 14 and 21: MEM_RESERVE and MEM_LARGE_PAGES. */
static NTSTATUS check_type(const struct map_request *request, const struct section *section)
{
	if (request->allocation_type & MEM_RESERVE) {
		if (section->segment->kind == SEGMENT_PAGEFILE)
			return STATUS_INVALID_PARAMETER_9;
		if (!protection_is_writable(section->protection))
			return STATUS_SECTION_PROTECTION;
		if (section->segment->kind == SEGMENT_IMAGE)
			return STATUS_INVALID_PARAMETER_9;
		if (request->allocation_type & MEM_LARGE_PAGES)
			return STATUS_INVALID_PARAMETER;
	}
	if ((request->allocation_type & MEM_LARGE_PAGES) && !section->segment->is_large)
		return STATUS_INVALID_PARAMETER_9;
	return STATUS_SUCCESS;
}

/*
 * Rows 15-17: the range within the section, or, with MEM_RESERVE, beginning anywhere and going on
 * behind its end; *size is the view's size in bytes, page rounded.
 */
static NTSTATUS check_range(const struct map_request *request, struct section *section,
			    uint64_t *size)
{
	bool is_extendable = request->allocation_type & MEM_RESERVE;
	uint64_t section_bytes = section_size(section);

	if (request->offset_bytes >= section_bytes && !(is_extendable && request->size_bytes))
		return STATUS_INVALID_VIEW_SIZE;
	*size = request->size_bytes ? request->size_bytes : section_bytes - request->offset_bytes;
	if (!range_ok(request->offset_bytes, *size, is_extendable ? USER_LIMIT : section_bytes))
		return STATUS_INVALID_VIEW_SIZE;
	if (request->commit_bytes > *size)
		return STATUS_INVALID_PARAMETER_5;
	*size = page_round_up(*size);
	return STATUS_SUCCESS;
}

/* A placeholder may stand at any page, and so may what replaces it, unless its pages are large. */
static uint64_t view_granularity(const struct map_request *request)
{
	uint64_t alignment = view_alignment(request->section->segment);

	return alignment == ALLOCATION_GRANULARITY &&
			       (request->allocation_type & MEM_REPLACE_PLACEHOLDER)
		       ? PAGE_SIZE
		       : alignment;
}

/* Rows 11-18 of table 3.4.1. */
static NTSTATUS check_against_section(const struct map_request *request, uint64_t *size)
{
	struct section *section = request->section;
	NTSTATUS status;

	if ((request->allocation_type & MEM_REPLACE_PLACEHOLDER) && !request->base)
		return STATUS_INVALID_PARAMETER;
	if ((request->base | request->offset_bytes) & (view_granularity(request) - 1))
		return STATUS_MAPPED_ALIGNMENT;
	if (section->segment->kind != SEGMENT_IMAGE &&
	    !protection_section_allows(section->protection, request->protection))
		return STATUS_SECTION_PROTECTION;
	status = check_type(request, section);
	if (!NT_SUCCESS(status))
		return status;
	status = check_range(request, section, size);
	if (!NT_SUCCESS(status))
		return status;
	if (section->segment->kind == SEGMENT_PAGEFILE && (request->protection & PAGE_WRITECOMBINE))
		return STATUS_INVALID_PARAMETER_10;
	if (section->segment->is_large)
		return large_check_view(*size, request->protection);
	return STATUS_SUCCESS;
}

static vaddr_t place_anywhere(struct address_space *space, const struct map_request *request,
			      uint64_t size)
{
	bool top_down = request->allocation_type & MEM_TOP_DOWN;
	uint64_t alignment = view_alignment(request->section->segment);
	struct memory_requirements where;

	if (request->where)
		where = *request->where;
	else if (!zero_bits_requirements(request->zero_bits, &where))
		return 0;
	if (where.alignment_bytes < alignment)
		where.alignment_bytes = alignment;
	return view_place_within(space, size, &where, top_down);
}

/*
 * Where the section wants to be: a based one always, an image if the caller leaves it the choice.
 * 0: nowhere in particular.
 */
static vaddr_t preferred_base(const struct section *section, const struct map_request *request)
{
	const struct segment *segment = section->segment;

	if (section->based.start)
		return section->based.start + request->offset_bytes;
	if (segment->kind == SEGMENT_IMAGE && !request->zero_bits && !request->where)
		return segment->image_base + request->offset_bytes;
	return 0;
}

static bool is_free(struct address_space *space, vaddr_t start, uint64_t size)
{
	return range_within(start, size, USER_LOWEST_ADDRESS, USER_LIMIT) &&
	       region_range_is_free(space, start, start + size);
}

/* Rows 19 and 20. Needs the space's lock. */
static NTSTATUS place(struct address_space *space, const struct map_request *request, uint64_t size,
		      struct view_template *template)
{
	const struct section *section = request->section;
	vaddr_t preferred = preferred_base(section, request);

	if (request->base || section->based.start) {
		template->start = request->base ? request->base : preferred;
		template->end = template->start + size;
		if (request->allocation_type & MEM_REPLACE_PLACEHOLDER)
			return placeholder_find(space, template->start, template->end,
						&template->replaced);
		return is_free(space, template->start, size) ? STATUS_SUCCESS
							     : STATUS_CONFLICTING_ADDRESSES;
	}
	if (preferred && is_free(space, preferred, size))
		template->start = preferred;
	else
		template->start = place_anywhere(space, request, size);
	template->end = template->start + size;
	return template->start ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/*
 * Pages of the view that a write would copy: promised now, so that a copy never fails for memory.
 */
static uint64_t copy_pages(const struct segment *segment, uint32_t protection,
			   page_index_t first_page, uint64_t size)
{
	page_index_t end_page = first_page + bytes_to_pages(size);
	uint64_t pages = 0;

	if (segment->kind != SEGMENT_IMAGE)
		return protection_is_copy(protection) ? end_page - first_page : 0;
	for (uint32_t i = 0; i < segment->subsection_count; i++) {
		const struct subsection *part = &segment->subsections[i];
		page_index_t from = part->first_page, to = from + part->page_count;

		from = from > first_page ? from : first_page;
		to = to < end_page ? to : end_page;
		if (protection_is_copy(part->protection) && from < to)
			pages += to - from;
	}
	return pages;
}

/* 3.4.7. What the section says of caching stands above what the view asks for. */
static uint32_t view_protection(const struct section *section, uint32_t protection)
{
	if (section->attributes & SEC_NOCACHE)
		return (protection & ~PAGE_CACHE_MASK) | PAGE_NOCACHE;
	if (section->attributes & SEC_WRITECOMBINE)
		return (protection & ~PAGE_CACHE_MASK) | PAGE_WRITECOMBINE;
	return protection;
}

static void fill_template(struct view_template *template, const struct map_request *request,
			  uint64_t size)
{
	struct section *section = request->section;
	page_index_t first_page = page_of(request->offset_bytes);

	*template = (struct view_template){
		.kind = VIEW_MAPPED,
		.protection = view_protection(section, request->protection),
		.state = REGION_COMMITTED,
		.inherit = request->inherit,
		.is_extendable = request->allocation_type & MEM_RESERVE,
		.is_frozen = (section->attributes & SEC_NO_CHANGE) ||
			     (request->allocation_type & MAP_NO_CHANGE),
		.is_writer = section_is_writer(section),
		.segment = section->segment,
		.first_page = first_page,
		.commit_pages = copy_pages(section->segment, request->protection, first_page, size),
	};
	if (section->segment->kind == SEGMENT_IMAGE) {
		template->kind = VIEW_IMAGE;
		template->is_no_execute = section->is_no_execute;
		template->protection =
			section->is_no_execute ? PAGE_WRITECOPY : PAGE_EXECUTE_WRITECOPY;
	}
}

static NTSTATUS map_at(struct address_space *space, const struct map_request *request,
		       struct view_template *template, uint64_t size)
{
	struct view *view;
	NTSTATUS status;

	mutex_lock(&space->lock);
	status = place(space, request, size, template);
	if (NT_SUCCESS(status))
		status = view_create(space, template, &view);
	mutex_unlock(&space->lock);
	if (NT_SUCCESS(status) && template->replaced)
		view_free(template->replaced);
	return status;
}

/* The successes that say more than STATUS_SUCCESS. */
static NTSTATUS image_status(const struct segment *segment, const struct view_template *template)
{
	if (segment->kind != SEGMENT_IMAGE)
		return STATUS_SUCCESS;
	if (segment->image.machine != MACHINE_NATIVE)
		return STATUS_IMAGE_MACHINE_TYPE_MISMATCH;
	if (template->start != segment->image_base + pages_to_bytes(template->first_page))
		return STATUS_IMAGE_NOT_AT_BASE;
	return STATUS_SUCCESS;
}

NTSTATUS view_map(struct address_space *space, struct map_request *request)
{
	struct segment *segment = request->section->segment;
	bool commits = segment->is_reserve && request->commit_bytes;
	uint64_t commit_pages = bytes_to_pages(request->commit_bytes), charged = 0;
	struct view_template template;
	uint64_t size;
	NTSTATUS status;

	status = check_against_section(request, &size);
	if (!NT_SUCCESS(status))
		return status;
	fill_template(&template, request, size);
	status = commit_charge(template.commit_pages);
	if (!NT_SUCCESS(status))
		return status;
	if (commits)
		status = segment_commit_prepare(segment, template.first_page, commit_pages,
						&charged);
	if (NT_SUCCESS(status))
		status = map_at(space, request, &template, size);
	if (!NT_SUCCESS(status)) {
		commit_release(template.commit_pages + charged);
		return status;
	}
	if (commits)
		segment_commit_perform(segment, template.first_page, commit_pages, charged);
	request->base = template.start;
	request->size_bytes = size;
	return image_status(segment, &template);
}

/*
 * map.c - mapping a view of a section (nt-semantics 3.4): the checks in their order, then the view.
 */
#include "commit.h"
#include "kernel/lib/range.h"
#include "large.h"
#include "mm.h"
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
	if (request->allocation_type & ~MAP_TYPES)
		return STATUS_INVALID_PARAMETER_9;
	if (!protection_is_valid(request->protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (request->base > USER_HIGHEST_ADDRESS ||
	    request->size_bytes > USER_HIGHEST_ADDRESS - request->base)
		return STATUS_INVALID_PARAMETER_3;
	if (!zero_bits_limit(request->zero_bits, &limit) ||
	    (request->base && !range_ok(request->base, request->size_bytes, limit)))
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
		if (request->allocation_type & MEM_LARGE_PAGES)
			return STATUS_INVALID_PARAMETER;
		return STATUS_NOT_IMPLEMENTED; /* views that grow with their section */
	}
	if ((request->allocation_type & MEM_LARGE_PAGES) && !section->segment->is_large)
		return STATUS_INVALID_PARAMETER_9;
	return STATUS_SUCCESS;
}

/* Rows 15-17: the range within the section; *size is the view's size in bytes, page rounded. */
static NTSTATUS check_range(const struct map_request *request, const struct section *section,
			    uint64_t *size)
{
	if (request->offset_bytes >= section->size_bytes)
		return STATUS_INVALID_VIEW_SIZE;
	*size = request->size_bytes ? request->size_bytes
				    : section->size_bytes - request->offset_bytes;
	if (!range_ok(request->offset_bytes, *size, section->size_bytes))
		return STATUS_INVALID_VIEW_SIZE;
	if (request->commit_bytes > *size)
		return STATUS_INVALID_PARAMETER_5;
	*size = page_round_up(*size);
	return STATUS_SUCCESS;
}

/* Rows 11-18 of table 3.4.1. */
static NTSTATUS check_against_section(const struct map_request *request, uint64_t *size)
{
	const struct section *section = request->section;
	bool is_image = section->segment->kind == SEGMENT_IMAGE;
	NTSTATUS status;

	if ((request->base | request->offset_bytes) & (view_alignment(section->segment) - 1))
		return STATUS_MAPPED_ALIGNMENT;
	if (!is_image && !protection_section_allows(section->protection, request->protection))
		return STATUS_SECTION_PROTECTION;
	status = check_type(request, section);
	if (!NT_SUCCESS(status))
		return status;
	status = check_range(request, section, size);
	if (!NT_SUCCESS(status))
		return status;
	if (is_image && request->offset_bytes) /* an image is mapped from its headers on */
		return STATUS_INVALID_VIEW_SIZE;
	if (section->segment->kind == SEGMENT_PAGEFILE && (request->protection & PAGE_WRITECOMBINE))
		return STATUS_INVALID_PARAMETER_10;
	if (section->segment->is_large)
		return large_check_view(*size, request->protection);
	return STATUS_SUCCESS;
}

/* Rows 19 and 20. An image goes to its own base if that is free. Needs the space's lock. */
static NTSTATUS place(struct address_space *space, const struct map_request *request, uint64_t size,
		      vaddr_t *start)
{
	const struct segment *segment = request->section->segment;

	if (request->base) {
		if (!range_within(request->base, size, USER_LOWEST_ADDRESS, USER_LIMIT) ||
		    !region_range_is_free(space, request->base, request->base + size))
			return STATUS_CONFLICTING_ADDRESSES;
		*start = request->base;
		return STATUS_SUCCESS;
	}
	if (segment->kind == SEGMENT_IMAGE && !request->zero_bits &&
	    range_within(segment->image_base, size, USER_LOWEST_ADDRESS, USER_LIMIT) &&
	    region_range_is_free(space, segment->image_base, segment->image_base + size)) {
		*start = segment->image_base;
		return STATUS_SUCCESS;
	}
	*start = view_place_aligned(space, size, view_alignment(segment), request->zero_bits,
				    request->allocation_type & MEM_TOP_DOWN);
	return *start ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/*
 * Pages of the view that a write would copy: promised now, so that a copy never fails for memory.
 */
static uint64_t copy_pages(const struct segment *segment, uint32_t protection, uint64_t size)
{
	uint64_t view_pages = bytes_to_pages(size), pages = 0;

	if (segment->kind != SEGMENT_IMAGE)
		return protection_is_copy(protection) ? view_pages : 0;
	for (uint32_t i = 0; i < segment->subsection_count; i++) {
		const struct subsection *part = &segment->subsections[i];

		if (!protection_is_copy(part->protection) || part->first_page >= view_pages)
			continue;
		pages += part->first_page + part->page_count <= view_pages
				 ? part->page_count
				 : view_pages - part->first_page;
	}
	return pages;
}

static void fill_template(struct view_template *template, const struct map_request *request,
			  uint64_t size)
{
	struct section *section = request->section;

	*template = (struct view_template){.kind = VIEW_MAPPED,
					   .protection = request->protection,
					   .state = REGION_COMMITTED,
					   .inherit = request->inherit,
					   .segment = section->segment,
					   .first_page = page_of(request->offset_bytes)};
	if (section->attributes & SEC_NOCACHE)
		template->protection |= PAGE_NOCACHE;
	if (section->segment->kind == SEGMENT_IMAGE) {
		template->kind = VIEW_IMAGE;
		template->protection = PAGE_EXECUTE_WRITECOPY;
	}
	template->commit_pages = copy_pages(section->segment, request->protection, size);
}

static NTSTATUS map_at(struct address_space *space, const struct map_request *request,
		       struct view_template *template, uint64_t size)
{
	struct view *view;
	NTSTATUS status;

	mutex_lock(&space->lock);
	status = place(space, request, size, &template->start);
	if (NT_SUCCESS(status)) {
		template->end = template->start + size;
		status = view_create(space, template, &view);
	}
	mutex_unlock(&space->lock);
	return status;
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
	if (segment->kind == SEGMENT_IMAGE && template.start != segment->image_base)
		return STATUS_IMAGE_NOT_AT_BASE;
	return STATUS_SUCCESS;
}

/*
 * mm_oracle_rules.c - with which status a call on sections and views must end: the validation
 * tables of nt-semantics.md, row by row. Those of memory: mm_oracle_memory.c.
 *
 * A comment "row n" names the row of the table of that section.
 */
#include "mm_oracle_rules.h"

#include "nt/ntio.h"

#define BASED_BYTES_CERTAIN (16ull << 40) /* as much SEC_BASED sections find room for */
#define NO_CHANGE 0x00400000u

/* Matrix 4.1: as 4.3, but PAGE_EXECUTE is about executing alone. */
static bool section_allows(uint32_t section, uint32_t view)
{
	unsigned have = section & PAGE_EXECUTE ? X : rights(section);
	unsigned need = view & PAGE_EXECUTE ? X : rights(view);

	return !(need & ~have);
}

struct oracle_expectation expect_large(vaddr_t base, uint64_t size, uint32_t type,
				       uint32_t protection)
{
	if (base && !(type & MEM_RESERVE))
		return must(STATUS_INVALID_PARAMETER_5);
	if ((base | size) % LARGE_PAGE_BYTES)
		return either(STATUS_INVALID_PARAMETER_2, STATUS_INVALID_PARAMETER_4);
	return protection & (COPY | PAGE_GUARD)
		       ? must(STATUS_INVALID_PAGE_PROTECTION)
		       : either(STATUS_INSUFFICIENT_RESOURCES, STATUS_COMMITMENT_LIMIT);
}

/* ---- 3.1.1 ---- */

static bool attributes_are_valid(uint32_t attributes)
{
	const uint32_t all = SEC_BASED | SEC_NO_CHANGE | SEC_FILE | SEC_IMAGE |
			     SEC_PROTECTED_IMAGE | SEC_RESERVE | SEC_COMMIT | SEC_NOCACHE |
			     SEC_WRITECOMBINE | SEC_LARGE_PAGES;
	uint32_t kind = attributes & (SEC_COMMIT | SEC_RESERVE | SEC_IMAGE);

	if ((attributes & ~all) || !kind || (kind & (kind - 1))) /* rows 1, 2, 4 */
		return false;
	if (kind == SEC_IMAGE) /* row 3 */
		return !(attributes & (SEC_LARGE_PAGES | SEC_FILE | SEC_WRITECOMBINE));
	return !(attributes & SEC_FILE) && /* row 5 */
	       !(kind == SEC_RESERVE && (attributes & SEC_LARGE_PAGES));
}

/* 3.1.3 */
static uint32_t file_access_needed(uint32_t protection)
{
	uint32_t need = protection == PAGE_EXECUTE ? 0 : FILE_READ_DATA;

	need |= rights(protection) & W ? FILE_WRITE_DATA : 0;
	return need | (rights(protection) & X ? FILE_EXECUTE : 0);
}

/* Rows 17 to 19 for images. Their shared pages are promised once. */
static struct oracle_expectation expect_image_section(const struct section_request *request,
						      const struct oracle_content *file,
						      const struct oracle_image *image)
{
	struct oracle_expectation result = must(STATUS_SUCCESS);

	if (!file->size_bytes)
		return must(STATUS_INVALID_FILE_FOR_SECTION);
	if (!image)
		return must(STATUS_INVALID_IMAGE_NOT_MZ);
	for (uint64_t i = 0; i < image->page_count; i++)
		result.charge_max += (rights(image->protections[i]) & W) != 0;
	if (request->size_bytes > pages_to_bytes(image->page_count))
		result.status = result.other = STATUS_SECTION_TOO_BIG;
	return result;
}

static struct oracle_expectation expect_file_section(const struct section_request *request,
						     const struct oracle_content *file,
						     const struct oracle_image *image)
{
	uint64_t size = request->size_bytes;
	uint32_t need = request->attributes & SEC_IMAGE ? FILE_READ_DATA
							: file_access_needed(request->protection);
	struct oracle_expectation result = must(STATUS_SUCCESS);

	if ((request->file_access & need) != need)
		return must(STATUS_ACCESS_DENIED);
	if (request->attributes & SEC_IMAGE)
		return expect_image_section(request, file, image);
	if (!file->size_bytes && !size)
		return must(STATUS_MAPPED_FILE_SIZE_ZERO);
	if (size > file->size_bytes && !(rights(request->protection) & W))
		return must(STATUS_SECTION_TOO_BIG);
	if (size > USER_LIMIT)
		return must(STATUS_SECTION_TOO_BIG);
	if (size > file->size_bytes)
		result.disk_blocks = bytes_to_pages(size) - bytes_to_pages(file->size_bytes);
	return result;
}

/* 3.4.9: SEC_BASED asks for a place as well. */
static struct oracle_expectation and_place(const struct section_request *request,
					   struct oracle_expectation result)
{
	if ((request->attributes & SEC_BASED) && request->size_bytes > BASED_BYTES_CERTAIN &&
	    NT_SUCCESS(result.status))
		result.other = STATUS_NO_MEMORY;
	return result;
}

struct oracle_expectation oracle_expect_section(const struct section_request *request,
						const struct oracle_content *file,
						const struct oracle_image *image)
{
	bool is_bad = !is_valid(request->protection) || (request->protection & ONE_MODIFIER) ||
		      request->protection == PAGE_NOACCESS;
	struct oracle_expectation result = must(STATUS_SUCCESS);

	if (!attributes_are_valid(request->attributes))
		return must(STATUS_INVALID_PARAMETER_6);
	if (is_bad && !file && !request->size_bytes) /* rows 8 and 9: order open */
		return either(STATUS_INVALID_PAGE_PROTECTION, STATUS_INVALID_PARAMETER_4);
	if (is_bad)
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (file && (request->attributes & SEC_LARGE_PAGES))
		return must(STATUS_INVALID_PARAMETER_6);
	if (file)
		return and_place(request, expect_file_section(request, file, image));
	if (!request->size_bytes) /* row 10: the order of the two is open, too */
		return either(STATUS_INVALID_PARAMETER_4, request->attributes & SEC_IMAGE
								  ? STATUS_INVALID_FILE_FOR_SECTION
								  : STATUS_INVALID_PARAMETER_4);
	if (request->attributes & SEC_IMAGE)
		return must(STATUS_INVALID_FILE_FOR_SECTION);
	if (request->size_bytes > USER_LIMIT)
		return must(STATUS_SECTION_TOO_BIG);
	if (request->attributes & SEC_LARGE_PAGES)
		return expect_large(0, page_round_up(request->size_bytes), 0, 0);
	if (!(request->attributes & SEC_RESERVE))
		result = succeed(bytes_to_pages(request->size_bytes),
				 bytes_to_pages(request->size_bytes));
	return and_place(request, result);
}

/* ---- 3.4.1 ---- */

/* Rows 1 to 8, and the handle's rights (4.2). */
static NTSTATUS check_map_values(const struct map_request *request)
{
	uint32_t base = request->protection & 0xFF, need = SECTION_MAP_READ;
	vaddr_t limit;

	if (request->inherit != VIEW_SHARE && request->inherit != VIEW_UNMAP)
		return STATUS_INVALID_PARAMETER_8;
	if (request->allocation_type & ~(MEM_TOP_DOWN | MEM_LARGE_PAGES | MEM_RESERVE | NO_CHANGE))
		return STATUS_INVALID_PARAMETER_9;
	if (!is_valid(request->protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (request->base > USER_HIGHEST_ADDRESS ||
	    USER_HIGHEST_ADDRESS - request->base < request->size_bytes)
		return STATUS_INVALID_PARAMETER_3;
	if (!oracle_zero_bits(request->zero_bits, &limit) ||
	    (request->base && request->base >= limit))
		return STATUS_INVALID_PARAMETER_4;
	if (base == PAGE_READWRITE || base == PAGE_EXECUTE_READWRITE)
		need = SECTION_MAP_WRITE;
	if (base >= PAGE_EXECUTE)
		need = (need & SECTION_MAP_WRITE) | SECTION_MAP_EXECUTE;
	return (request->granted & need) == need ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/* Rows 11 to 18; *size is the view's. */
static NTSTATUS check_map_section(const struct oracle_section *section,
				  const struct map_request *request, uint64_t *size)
{
	uint64_t offset = request->offset_bytes;

	if ((request->base | offset) % ALLOCATION_GRANULARITY)
		return STATUS_MAPPED_ALIGNMENT;
	/* 3.3.3: the pages of an image have their own */
	if (!section->content->image && !section_allows(section->protection, request->protection))
		return STATUS_SECTION_PROTECTION;
	if ((request->allocation_type & MEM_RESERVE) && !section->content->is_file)
		return STATUS_INVALID_PARAMETER_9;
	if ((request->allocation_type & MEM_RESERVE) && !(rights(section->protection) & W))
		return STATUS_SECTION_PROTECTION;
	if ((request->allocation_type & MEM_RESERVE) && section->content->image)
		return STATUS_INVALID_PARAMETER_9;
	if (request->allocation_type & MEM_LARGE_PAGES) /* 3.4.4: no section here has them */
		return STATUS_INVALID_PARAMETER_9;
	if (offset >= section->size_bytes || request->size_bytes > section->size_bytes - offset)
		return STATUS_INVALID_VIEW_SIZE;
	*size = request->size_bytes ? request->size_bytes : section->size_bytes - offset;
	if (request->commit_bytes > *size)
		return STATUS_INVALID_PARAMETER_5;
	if (!section->content->is_file && (request->protection & PAGE_WRITECOMBINE))
		return STATUS_INVALID_PARAMETER_10;
	return STATUS_SUCCESS;
}

static struct oracle_expectation expect_map(struct oracle_space *space,
					    const struct oracle_section *section,
					    const struct map_request *request)
{
	NTSTATUS status = check_map_values(request);
	const struct oracle_image *image = section->content->image;
	struct oracle_expectation result = must(STATUS_SUCCESS);
	page_index_t first = page_of(request->offset_bytes);
	vaddr_t wanted = request->base, own = 0, limit;
	uint64_t size, charge = 0;

	if (status == STATUS_SUCCESS)
		status = check_map_section(section, request, &size);
	if (status != STATUS_SUCCESS)
		return must(status);
	size = page_round_up(size);
	for (uint64_t i = 0; image && i < bytes_to_pages(size); i++)
		charge += (image->protections[first + i] & COPY) != 0;
	if (!image && (request->protection & COPY))
		charge = bytes_to_pages(size);
	for (uint64_t i = 0;
	     section->content->is_reserve && i < bytes_to_pages(request->commit_bytes); i++)
		charge += !section->content->committed[first + i];
	(void)oracle_zero_bits(request->zero_bits, &limit);
	if (!wanted && section->based) /* 3.4.9 */
		wanted = section->based + request->offset_bytes;
	if (image)
		own = image->base + request->offset_bytes;
	if (wanted && (wanted + size > USER_LIMIT || !oracle_is_free(space, wanted, wanted + size)))
		result = must(STATUS_CONFLICTING_ADDRESSES);
	else if (!wanted && !oracle_place(space, size, limit, false))
		result = must(STATUS_NO_MEMORY);
	else if (image && (wanted ? wanted != own
				  : request->zero_bits || !oracle_is_free(space, own, own + size)))
		result = either(STATUS_IMAGE_NOT_AT_BASE, STATUS_IMAGE_NOT_AT_BASE);
	result.charge_min = result.charge_max = charge; /* its place in the order is open */
	return result;
}

struct oracle_expectation oracle_expect_map(struct oracle_space *space,
					    const struct oracle_section *section,
					    const struct map_request *request)
{
	struct oracle_expectation result = expect_map(space, section, request);
	vaddr_t limit;

	/* row 8 speaks of the base; whether the end must satisfy the zero bits, too, is open */
	if (request->base && oracle_zero_bits(request->zero_bits, &limit) &&
	    request->size_bytes + (request->base - 1) > limit - 1)
		result.other = STATUS_INVALID_PARAMETER_4;
	return result;
}

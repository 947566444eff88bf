/*
 * mm_oracle_rules.c - with which status a call must end: the validation tables of nt-semantics.md,
 * row by row.
 *
 * A comment "row n" names the row of the table of that section.
 */
#include "mm_oracle.h"

#include "kernel/lib/range.h"
#include "nt/ntio.h"

#define ONE_MODIFIER (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)
#define COPY (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)
#define NO_CHANGE 0x00400000u

static struct oracle_expectation must(NTSTATUS status)
{
	return (struct oracle_expectation){.status = status, .other = status};
}

static struct oracle_expectation either(NTSTATUS status, NTSTATUS other)
{
	return (struct oracle_expectation){.status = status, .other = other};
}

static struct oracle_expectation succeed(uint64_t charge_min, uint64_t charge_max)
{
	return (struct oracle_expectation){.charge_min = charge_min, .charge_max = charge_max};
}

/* C8 */
static bool is_valid(uint32_t protection)
{
	uint32_t base = protection & 0xFF, modifier = protection & ~0xFFu;

	if (!base || (base & (base - 1)) || (modifier & ~ONE_MODIFIER))
		return false;
	return !modifier || (!(modifier & (modifier - 1)) && base != PAGE_NOACCESS);
}

#define R 1u
#define W 2u
#define X 4u

/* The sets of 4.3. Copying on write takes no right to write. */
static unsigned rights(uint32_t protection)
{
	switch (protection & 0xFF) {
	case PAGE_READONLY:
	case PAGE_WRITECOPY:
		return R;
	case PAGE_READWRITE:
		return R | W;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return R | X;
	case PAGE_EXECUTE_READWRITE:
		return R | W | X;
	}
	return 0;
}

/* Matrix 4.1: as 4.3, but PAGE_EXECUTE is about executing alone. */
static bool section_allows(uint32_t section, uint32_t view)
{
	unsigned have = section & PAGE_EXECUTE ? X : rights(section);
	unsigned need = view & PAGE_EXECUTE ? X : rights(view);

	return !(need & ~have);
}

/* The machine is too small for 2 MiB of frames that lie together. */
static struct oracle_expectation expect_large(vaddr_t base, uint64_t size, uint32_t type,
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

struct oracle_expectation oracle_expect_section(const struct section_request *request,
						const struct oracle_content *file,
						const struct oracle_image *image)
{
	bool is_bad = !is_valid(request->protection) || (request->protection & ONE_MODIFIER) ||
		      request->protection == PAGE_NOACCESS;

	if (!attributes_are_valid(request->attributes))
		return must(STATUS_INVALID_PARAMETER_6);
	if (is_bad && !file && !request->size_bytes) /* rows 8 and 9: order open */
		return either(STATUS_INVALID_PAGE_PROTECTION, STATUS_INVALID_PARAMETER_4);
	if (is_bad)
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (file && (request->attributes & SEC_LARGE_PAGES))
		return must(STATUS_INVALID_PARAMETER_6);
	if (file)
		return expect_file_section(request, file, image);
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
	if (request->attributes & SEC_RESERVE)
		return must(STATUS_SUCCESS);
	return succeed(bytes_to_pages(request->size_bytes), bytes_to_pages(request->size_bytes));
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
	if (wanted &&
	    (wanted + size > USER_LIMIT || !oracle_is_free(space, wanted, wanted + size)))
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

/* ---- 5.1.1 ---- */

static bool type_is_valid(uint32_t type)
{
	const uint32_t all = MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH |
			     MEM_PHYSICAL | MEM_LARGE_PAGES;

	if ((type & ~all) || !(type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET))) /* rows 2, 3 */
		return false;
	if ((type & MEM_RESET) && type != MEM_RESET) /* row 4 */
		return false;
	if ((type & MEM_LARGE_PAGES) &&
	    (!(type & MEM_COMMIT) || (type & (MEM_PHYSICAL | MEM_WRITE_WATCH)))) /* row 5 */
		return false;
	if ((type & MEM_WRITE_WATCH) && !(type & MEM_RESERVE)) /* row 6 */
		return false;
	return !(type & MEM_PHYSICAL) || /* row 7 */
	       (type & ~MEM_TOP_DOWN) == (MEM_PHYSICAL | MEM_RESERVE);
}

static struct oracle_expectation expect_reserve(struct oracle_space *space, vaddr_t base,
						vaddr_t limit, uint64_t size, uint32_t type)
{
	vaddr_t start = round_down(base, ALLOCATION_GRANULARITY);
	vaddr_t end = page_round_up(base + size);
	uint64_t charge = type & MEM_COMMIT ? bytes_to_pages(end - start) : 0;

	if (!base && !oracle_place(space, end, limit, false))
		return must(STATUS_NO_MEMORY);
	if (base && start < USER_LOWEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (base && end > limit)
		return either(STATUS_INVALID_PARAMETER_3, STATUS_CONFLICTING_ADDRESSES);
	if (base && !oracle_is_free(space, start, end))
		return must(STATUS_CONFLICTING_ADDRESSES);
	return succeed(charge, charge);
}

static struct oracle_expectation expect_commit(struct oracle_space *space, vaddr_t start,
					       vaddr_t end, uint32_t type, uint32_t protection)
{
	const struct oracle_view *view = oracle_find(space, start);
	uint64_t needed = 0, copies = 0;

	if (!view || end > view->end) /* row 20; row 16 if it is to be private memory */
		return either(STATUS_CONFLICTING_ADDRESSES, type != MEM_RESET && (protection & COPY)
								    ? STATUS_INVALID_PAGE_PROTECTION
								    : STATUS_CONFLICTING_ADDRESSES);
	if (type == MEM_RESET)
		return must(STATUS_SUCCESS);
	if (!view->content && (protection & COPY))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (view->content && view->content->is_file) /* 4.4 */
		return must(STATUS_ALREADY_COMMITTED);
	if (view->content && (rights(protection) & ~rights(view->allocation_protect)))
		return must(STATUS_SECTION_PROTECTION);
	if (view->is_frozen && ((protection ^ view->allocation_protect) &
				~(PAGE_NOCACHE | PAGE_WRITECOMBINE)))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	for (uint64_t i = page_of(start - view->start); i < page_of(end - view->start); i++) {
		if (!view->content)
			needed += !view->pages[i].is_committed;
		else if (view->content->is_reserve)
			needed += !view->content->committed[view->first_page + i];
		copies += view->content && (protection & COPY);
	}
	return succeed(needed, needed + copies);
}

struct oracle_expectation oracle_expect_allocate(struct oracle_space *space, vaddr_t base,
						 uint64_t zero_bits, uint64_t size, uint32_t type,
						 uint32_t protection)
{
	vaddr_t limit;

	if (!oracle_zero_bits(zero_bits, &limit))
		return must(STATUS_INVALID_PARAMETER_3);
	if (!type_is_valid(type))
		return must(STATUS_INVALID_PARAMETER_5);
	if (!is_valid(protection))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (base > USER_HIGHEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (!size || size > USER_LIMIT - base)
		return must(STATUS_INVALID_PARAMETER_4);
	if (type & MEM_LARGE_PAGES)
		return expect_large(base, size, type, protection);
	if ((type & MEM_RESERVE) || (!base && (type & MEM_COMMIT))) {
		if (protection & COPY)
			return must(STATUS_INVALID_PAGE_PROTECTION);
		return expect_reserve(space, base, limit, size, type);
	}
	return expect_commit(space, page_round_down(base), page_round_up(base + size), type,
			     protection);
}

/* ---- 5.2 ---- */

struct oracle_expectation oracle_expect_free(struct oracle_space *space, vaddr_t base,
					     uint64_t size, uint32_t type)
{
	const struct oracle_view *view = oracle_find(space, base);

	if (type != MEM_DECOMMIT && type != MEM_RELEASE)
		return must(STATUS_INVALID_PARAMETER_4);
	if (base > USER_HIGHEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (size > USER_LIMIT - base)
		return must(STATUS_INVALID_PARAMETER_3);
	if (!view)
		return must(STATUS_MEMORY_NOT_ALLOCATED);
	if (base + size > view->end)
		return must(STATUS_UNABLE_TO_FREE_VM);
	if (view->content)
		return must(STATUS_UNABLE_TO_DELETE_SECTION);
	if (!size && page_round_down(base) != view->start)
		return must(STATUS_FREE_VM_NOT_AT_BASE);
	return must(STATUS_SUCCESS);
}

/* ---- 5.3 ---- */

struct oracle_expectation oracle_expect_protect(struct oracle_space *space, vaddr_t base,
						uint64_t size, uint32_t protection)
{
	const struct oracle_view *view = oracle_find(space, base);
	struct nt_memory_basic_information information;
	uint64_t copies = 0;

	if (!is_valid(protection))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (base > USER_HIGHEST_ADDRESS)
		return must(STATUS_INVALID_PARAMETER_2);
	if (!size || size > USER_LIMIT - base)
		return must(STATUS_INVALID_PARAMETER_3);
	if (!view || base + size > view->end)
		return must(STATUS_CONFLICTING_ADDRESSES);
	for (vaddr_t va = page_round_down(base); va < base + size;
	     va += information.region_size_bytes) {
		(void)oracle_query(space, va, &information);
		if (information.state != MEM_COMMIT)
			return must(STATUS_NOT_COMMITTED);
	}
	if (view->is_frozen)
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (!view->content && (protection & COPY))
		return must(STATUS_INVALID_PAGE_PROTECTION);
	if (view->content && view->content->image) /* 3.3.3: any; kept as copied on write */
		protection |= protection & PAGE_READWRITE ? PAGE_WRITECOPY : 0;
	else if (view->content && (rights(protection) & ~rights(view->allocation_protect)))
		return must(STATUS_SECTION_PROTECTION);
	if (protection & (COPY | PAGE_EXECUTE_READWRITE))
		copies = bytes_to_pages(page_round_up(base + size) - page_round_down(base));
	return succeed(0, copies);
}

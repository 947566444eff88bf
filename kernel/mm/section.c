/*
 * section.c - the section object: what NtCreateSection makes (nt-semantics 3.1).
 */
#include "commit.h"
#include "file_segment.h"
#include "image.h"
#include "kernel/io/file.h"
#include "large.h"
#include "mm.h"
#include "nt/ntio.h"
#include "protection.h"
#include "segment.h"

#define ATTRIBUTES_ALL \
	(SEC_BASED | SEC_NO_CHANGE | SEC_FILE | SEC_IMAGE | SEC_PROTECTED_IMAGE | SEC_RESERVE | \
	 SEC_COMMIT | SEC_NOCACHE | SEC_WRITECOMBINE | SEC_LARGE_PAGES)
#define ATTRIBUTES_NOT_WITH_IMAGE \
	(SEC_COMMIT | SEC_RESERVE | SEC_LARGE_PAGES | SEC_FILE | SEC_WRITECOMBINE)

static void section_delete(struct object *object)
{
	struct section *section = (struct section *)object;

	if (section->segment)
		segment_release(section->segment);
}

struct object_type section_type = {
	.name = "Section",
	.body_bytes = sizeof(struct section),
	.valid_access = SECTION_ALL_ACCESS | SYNCHRONIZE,
	.generic_read = STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ,
	.generic_write = STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE,
	.generic_all = SECTION_ALL_ACCESS,
	.delete = section_delete,
};

static NTSTATUS check_attributes(uint32_t attributes)
{
	if ((attributes & ~ATTRIBUTES_ALL) ||
	    !(attributes & (SEC_COMMIT | SEC_RESERVE | SEC_IMAGE)))
		return STATUS_INVALID_PARAMETER_6;
	if ((attributes & SEC_IMAGE) && (attributes & ATTRIBUTES_NOT_WITH_IMAGE))
		return STATUS_INVALID_PARAMETER_6;
	if ((attributes & SEC_COMMIT) && (attributes & SEC_RESERVE))
		return STATUS_INVALID_PARAMETER_6;
	if ((attributes & SEC_RESERVE) && (attributes & SEC_LARGE_PAGES))
		return STATUS_INVALID_PARAMETER_6;
	if ((attributes & SEC_FILE) && (attributes & (SEC_RESERVE | SEC_COMMIT)))
		return STATUS_INVALID_PARAMETER_6;
	return STATUS_SUCCESS;
}

NTSTATUS section_check_values(uint32_t protection, uint32_t attributes, bool has_file)
{
	NTSTATUS status = check_attributes(attributes);

	if (!NT_SUCCESS(status))
		return status;
	if ((protection & PAGE_MODIFIER_MASK) || protection == PAGE_NOACCESS ||
	    !protection_is_valid(protection))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (has_file && (attributes & SEC_LARGE_PAGES))
		return STATUS_INVALID_PARAMETER_6;
	return STATUS_SUCCESS;
}

/* Table 3.1.3: what the file handle must grant. */
static NTSTATUS check_file_access(const struct section_request *request)
{
	access_mask_t need = 0;

	if (request->attributes & SEC_IMAGE)
		return request->file_access & (FILE_READ_DATA | FILE_EXECUTE)
			       ? STATUS_SUCCESS
			       : STATUS_ACCESS_DENIED;
	if (request->protection != PAGE_EXECUTE)
		need |= FILE_READ_DATA;
	if (protection_is_writable(request->protection))
		need |= FILE_WRITE_DATA;
	if (request->protection &
	    (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY))
		need |= FILE_EXECUTE;
	return (request->file_access & need) == need ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/* What the three kinds of section work out before the object is made. */
struct section_plan {
	struct segment *segment; /* a reference */
	uint64_t size_bytes;
	uint32_t attributes;
};

static NTSTATUS plan_pagefile(const struct section_request *request, struct section_plan *plan)
{
	bool is_reserve = request->attributes & SEC_RESERVE;
	bool is_large = request->attributes & SEC_LARGE_PAGES;
	uint64_t pages = bytes_to_pages(request->size_bytes);
	uint64_t charge = is_reserve ? 0 : pages;
	NTSTATUS status;

	if (request->attributes & SEC_IMAGE)
		return STATUS_INVALID_FILE_FOR_SECTION;
	if (!pages)
		return STATUS_INVALID_PARAMETER_4;
	if (request->size_bytes > USER_LIMIT)
		return STATUS_SECTION_TOO_BIG;
	if (is_large && pages % LARGE_PAGE_PAGES)
		return STATUS_INVALID_PARAMETER_4;
	if (request->attributes & SEC_BASED)
		return STATUS_NOT_IMPLEMENTED;
	status = commit_charge(charge);
	if (!NT_SUCCESS(status))
		return status;
	status = is_large ? large_segment_create(pages, &plan->segment)
			  : segment_create(SEGMENT_PAGEFILE, pages, NULL, &plan->segment);
	if (!NT_SUCCESS(status)) {
		commit_release(charge);
		return status;
	}
	plan->segment->is_reserve = is_reserve;
	plan->segment->commit_pages = charge;
	plan->size_bytes = pages_to_bytes(pages);
	plan->attributes = request->attributes & (SEC_COMMIT | SEC_RESERVE | SEC_NOCACHE |
						  SEC_WRITECOMBINE | SEC_NO_CHANGE |
						  SEC_LARGE_PAGES);
	return STATUS_SUCCESS;
}

static NTSTATUS plan_data(const struct section_request *request, struct section_plan *plan)
{
	uint64_t file_bytes = file_size(request->file);
	NTSTATUS status;

	plan->size_bytes = request->size_bytes ? request->size_bytes : file_bytes;
	if (!plan->size_bytes)
		return STATUS_MAPPED_FILE_SIZE_ZERO;
	if (plan->size_bytes > file_bytes && !protection_is_writable(request->protection))
		return STATUS_SECTION_TOO_BIG;
	if (plan->size_bytes > USER_LIMIT)
		return STATUS_SECTION_TOO_BIG;
	if (request->attributes & SEC_BASED)
		return STATUS_NOT_IMPLEMENTED;
	status = file_segment_acquire(request->file, &plan->segment);
	if (!NT_SUCCESS(status))
		return status;
	status = file_segment_set_size(plan->segment, plan->size_bytes);
	if (!NT_SUCCESS(status))
		segment_release(plan->segment);
	plan->attributes = SEC_FILE | (request->attributes & (SEC_NOCACHE | SEC_WRITECOMBINE));
	return status;
}

static NTSTATUS plan_image(const struct section_request *request, struct section_plan *plan)
{
	uint64_t image_bytes;
	NTSTATUS status;

	if (!file_size(request->file))
		return STATUS_INVALID_FILE_FOR_SECTION;
	status = image_segment_acquire(request->file, &plan->segment);
	if (!NT_SUCCESS(status))
		return status;
	image_bytes = pages_to_bytes(plan->segment->page_count);
	plan->size_bytes = request->size_bytes ? request->size_bytes : image_bytes;
	plan->attributes = SEC_FILE | SEC_IMAGE;
	if (plan->size_bytes > image_bytes) {
		segment_release(plan->segment);
		return STATUS_SECTION_TOO_BIG;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS plan_file(const struct section_request *request, struct section_plan *plan)
{
	NTSTATUS status = check_file_access(request);

	if (!NT_SUCCESS(status))
		return status;
	if (request->file->kind != FILE_KIND_FILE)
		return STATUS_INVALID_FILE_FOR_SECTION;
	return request->attributes & SEC_IMAGE ? plan_image(request, plan)
					       : plan_data(request, plan);
}

/* The object comes first: a plan that succeeds may have made the file longer. */
NTSTATUS section_create(const struct section_request *request, struct section **result)
{
	struct section_plan plan = {0};
	struct section *section;
	NTSTATUS status;

	status = section_check_values(request->protection, request->attributes,
				      request->file != NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = object_create(&section_type, &section);
	if (!NT_SUCCESS(status))
		return status;
	status = request->file ? plan_file(request, &plan) : plan_pagefile(request, &plan);
	if (!NT_SUCCESS(status)) {
		object_release(section);
		return status;
	}
	section->segment = plan.segment;
	section->size_bytes = plan.size_bytes;
	section->protection = request->protection;
	section->attributes = plan.attributes;
	*result = section;
	return STATUS_SUCCESS;
}

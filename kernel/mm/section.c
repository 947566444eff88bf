/*
 * section.c - the section object: what NtCreateSection makes (nt-semantics 3.1).
 */
#include "based.h"
#include "commit.h"
#include "file_change.h"
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

	if (section->segment) {
		section_uncount(section);
		segment_release(section->segment);
	}
	based_release(&section->based);
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
	if (attributes & SEC_FILE)
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

/* An image is read or executed; its pages are never written to the file. */
static NTSTATUS check_image_access(const struct section_request *request)
{
	access_mask_t any = FILE_READ_DATA;

	if (!(request->protection & (PAGE_READONLY | PAGE_WRITECOPY)))
		any |= FILE_EXECUTE;
	return request->file_access & any ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/* Table 3.1.3: what the file handle must grant. */
static NTSTATUS check_file_access(const struct section_request *request)
{
	access_mask_t need = 0;

	if (request->attributes & SEC_IMAGE)
		return check_image_access(request);
	if (request->protection != PAGE_EXECUTE)
		need |= FILE_READ_DATA;
	if (protection_is_writable(request->protection))
		need |= FILE_WRITE_DATA;
	if (request->protection &
	    (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY))
		need |= FILE_EXECUTE;
	return (request->file_access & need) == need ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/* SEC_BASED: an image has a base of its own. */
static NTSTATUS reserve_base(const struct section_request *request, struct section *section)
{
	if (!(request->attributes & SEC_BASED))
		return STATUS_SUCCESS;
	return based_reserve(&section->based, section->size_bytes,
			     request->attributes & SEC_LARGE_PAGES ? LARGE_PAGE_BYTES
								   : ALLOCATION_GRANULARITY);
}

static NTSTATUS fill_pagefile(const struct section_request *request, struct section *section)
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
	section->size_bytes = pages_to_bytes(pages);
	status = reserve_base(request, section);
	if (!NT_SUCCESS(status))
		return status;
	status = commit_charge(charge);
	if (!NT_SUCCESS(status))
		return status;
	status = is_large ? large_segment_create(pages, &section->segment)
			  : segment_create(SEGMENT_PAGEFILE, pages, NULL, &section->segment);
	if (!NT_SUCCESS(status)) {
		commit_release(charge);
		return status;
	}
	section->segment->is_reserve = is_reserve;
	section->segment->commit_pages = charge;
	section->attributes =
		request->attributes & (SEC_COMMIT | SEC_RESERVE | SEC_NOCACHE | SEC_WRITECOMBINE |
				       SEC_NO_CHANGE | SEC_BASED | SEC_LARGE_PAGES);
	return STATUS_SUCCESS;
}

/* The section is no longer than the file for now: section_complete makes both longer. */
static NTSTATUS fill_data(const struct section_request *request, struct section *section)
{
	uint64_t file_bytes = file_size(request->file);
	NTSTATUS status;

	section->size_bytes = request->size_bytes ? request->size_bytes : file_bytes;
	if (!section->size_bytes)
		return STATUS_MAPPED_FILE_SIZE_ZERO;
	if (section->size_bytes > file_bytes && !protection_is_writable(request->protection))
		return STATUS_SECTION_TOO_BIG;
	if (section->size_bytes > USER_LIMIT)
		return STATUS_SECTION_TOO_BIG;
	section->attributes = SEC_FILE | (request->attributes & (SEC_NOCACHE | SEC_WRITECOMBINE |
								 SEC_NO_CHANGE | SEC_BASED));
	status = reserve_base(request, section);
	if (NT_SUCCESS(status))
		status = file_segment_acquire(request->file, &section->segment);
	if (section->size_bytes > file_bytes)
		section->size_bytes = file_bytes;
	return status;
}

static NTSTATUS fill_image(const struct section_request *request, struct section *section)
{
	uint64_t image_bytes;
	NTSTATUS status;

	if (!file_size(request->file))
		return STATUS_INVALID_FILE_FOR_SECTION;
	status = image_segment_acquire(request->file, &section->segment);
	if (!NT_SUCCESS(status))
		return status;
	image_bytes = pages_to_bytes(section->segment->page_count);
	section->size_bytes = request->size_bytes ? request->size_bytes : image_bytes;
	section->attributes = SEC_FILE | SEC_IMAGE | (request->attributes & SEC_NO_CHANGE);
	section->is_no_execute = request->attributes & SEC_NOCACHE; /* SEC_IMAGE_NO_EXECUTE */
	return section->size_bytes > image_bytes ? STATUS_SECTION_TOO_BIG : STATUS_SUCCESS;
}

static NTSTATUS fill_from_file(const struct section_request *request, struct section *section)
{
	NTSTATUS status = check_file_access(request);

	if (!NT_SUCCESS(status))
		return status;
	if (request->file->kind != FILE_KIND_FILE)
		return STATUS_INVALID_FILE_FOR_SECTION;
	return request->attributes & SEC_IMAGE ? fill_image(request, section)
					       : fill_data(request, section);
}

/*
 * A section that cannot be filled is deleted with what it has got so far. The file is held until
 * the section counts as one who maps it.
 */
NTSTATUS section_prepare(const struct section_request *request, struct section **result)
{
	struct section *section;
	NTSTATUS status;

	status = section_check_values(request->protection, request->attributes,
				      request->file != NULL);
	if (!NT_SUCCESS(status))
		return status;
	status = object_create(&section_type, &section);
	if (!NT_SUCCESS(status))
		return status;
	section->protection = request->protection;
	if (request->file)
		file_hold(request->file);
	status = request->file ? fill_from_file(request, section) : fill_pagefile(request, section);
	if (section->segment)
		section_count(section);
	if (request->file)
		file_unhold(request->file);
	if (!NT_SUCCESS(status)) {
		object_release(section);
		return status;
	}
	*result = section;
	return STATUS_SUCCESS;
}

uint64_t section_size(struct section *section)
{
	uint64_t size_bytes;

	mutex_lock(&section->segment->lock);
	size_bytes = section->size_bytes;
	mutex_unlock(&section->segment->lock);
	return size_bytes;
}

/* Makes the file as long, and the section. */
static NTSTATUS section_reach(struct section *section, uint64_t size_bytes)
{
	struct segment *segment = section->segment;
	NTSTATUS status = file_segment_extend(segment, size_bytes);

	if (!NT_SUCCESS(status))
		return status;
	mutex_lock(&segment->lock);
	if (size_bytes > section->size_bytes)
		section->size_bytes = size_bytes;
	mutex_unlock(&segment->lock);
	return STATUS_SUCCESS;
}

NTSTATUS section_complete(struct section *section, const struct section_request *request)
{
	if (section->segment->kind != SEGMENT_FILE || request->size_bytes <= section_size(section))
		return STATUS_SUCCESS;
	return section_reach(section, request->size_bytes);
}

NTSTATUS section_create(const struct section_request *request, struct section **result)
{
	struct section *section;
	NTSTATUS status = section_prepare(request, &section);

	if (!NT_SUCCESS(status))
		return status;
	status = section_complete(section, request);
	if (NT_SUCCESS(status))
		*result = section;
	else
		object_release(section);
	return status;
}

NTSTATUS section_extend(struct section *section, uint64_t *size_bytes)
{
	struct segment *segment = section->segment;
	NTSTATUS status;

	if (segment->kind != SEGMENT_FILE || section->based.start)
		return STATUS_SECTION_NOT_EXTENDED;
	if (*size_bytes > USER_LIMIT)
		return STATUS_SECTION_TOO_BIG;
	if (*size_bytes > section_size(section)) {
		if (!protection_is_writable(section->protection))
			return STATUS_SECTION_NOT_EXTENDED;
		status = section_reach(section, *size_bytes);
		if (!NT_SUCCESS(status))
			return status;
	}
	*size_bytes = section_size(section);
	return STATUS_SUCCESS;
}

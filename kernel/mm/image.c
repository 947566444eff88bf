/*
 * image.c - making a segment of a PE file: one subsection for the headers and one per PE section.
 */
#include "image.h"

#include "commit.h"
#include "file_segment.h"
#include "kernel/core/pool.h"
#include "kernel/io/file.h"
#include "kernel/io/pe.h"
#include "mm.h"
#include "protection.h"
#include "segment.h"
#include "writeback.h"

#define HEADER_BYTES POOL_MAX_BYTES

/*
 * Reads the headers and lets the parser judge them. `image` and `header` are pool blocks of the
 * caller.
 */
static NTSTATUS read_headers(struct segment *data, struct pe_image *image, void *header)
{
	uint64_t file_bytes = file_size(data->file);
	uint64_t header_bytes = file_bytes < HEADER_BYTES ? file_bytes : HEADER_BYTES;
	uint64_t needed, offset;
	NTSTATUS status;

	status = file_segment_read_kernel(data, 0, header, (size_t)header_bytes);
	if (!NT_SUCCESS(status))
		return status;
	status = pe_parse(header, header_bytes, file_bytes, image, &needed);
	if (status != STATUS_BUFFER_TOO_SMALL)
		return status;
	/* the new header is not, or not wholly, in the first page: a page from where it begins */
	offset = pe_new_header_offset(header);
	header_bytes = file_bytes - offset < HEADER_BYTES ? file_bytes - offset : HEADER_BYTES;
	status = file_segment_read_kernel(data, offset, header, (size_t)header_bytes);
	if (!NT_SUCCESS(status))
		return status;
	status = pe_parse_from(header, offset, header_bytes, file_bytes, image, &needed);
	/* headers that need more than a page are legal, and no linker makes them */
	return status == STATUS_BUFFER_TOO_SMALL ? STATUS_INVALID_IMAGE_FORMAT : status;
}

static bool is_charged(const struct pe_subsection *part)
{
	return part->is_shared && protection_is_writable(part->protection);
}

static NTSTATUS copy_subsections(struct segment *segment, const struct pe_image *image)
{
	size_t bytes = image->subsection_count * sizeof(struct subsection);
	struct subsection *parts = pool_alloc(bytes);
	uint64_t charge = 0;
	NTSTATUS status;

	if (!parts)
		return STATUS_INSUFFICIENT_RESOURCES;
	for (uint32_t i = 0; i < image->subsection_count; i++) {
		const struct pe_subsection *from = &image->subsections[i];

		parts[i] = (struct subsection){.first_page = from->first_page,
					       .page_count = from->page_count,
					       .file_offset = from->file_offset,
					       .raw_bytes = from->raw_bytes,
					       .protection = from->protection,
					       .is_shared = from->is_shared};
		if (is_charged(from))
			charge += from->page_count;
	}
	status = commit_charge(charge);
	if (!NT_SUCCESS(status)) {
		pool_free(parts, bytes);
		return status;
	}
	segment->subsections = parts;
	segment->subsection_count = image->subsection_count;
	segment->commit_pages = charge;
	return STATUS_SUCCESS;
}

static NTSTATUS build(struct file_node *file, const struct pe_image *image, struct segment **result)
{
	struct segment *segment;
	NTSTATUS status;

	status = segment_create(SEGMENT_IMAGE, bytes_to_pages(image->image_bytes), file, &segment);
	if (!NT_SUCCESS(status))
		return status;
	segment->image = image->information;
	segment->image.image_file_size_bytes = (uint32_t)file_size(file);
	segment->image_base = image->image_base;
	status = copy_subsections(segment, image);
	if (!NT_SUCCESS(status)) {
		segment_destroy(segment);
		return status;
	}
	*result = file_segment_publish(segment);
	return STATUS_SUCCESS;
}

static NTSTATUS create_from_data(struct file_node *file, struct segment *data,
				 struct segment **result)
{
	struct pe_image *image = pool_alloc(sizeof(*image));
	void *header = pool_alloc(HEADER_BYTES);
	NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

	_Static_assert(sizeof(struct pe_image) <= POOL_MAX_BYTES, "a pool block holds it");
	if (image && header)
		status = read_headers(data, image, header);
	if (NT_SUCCESS(status))
		status = segment_write_back(data);
	if (NT_SUCCESS(status))
		status = build(file, image, result);
	pool_free(header, HEADER_BYTES);
	pool_free(image, sizeof(*image));
	return status;
}

NTSTATUS image_segment_acquire(struct file_node *file, struct segment **result)
{
	struct segment *data;
	NTSTATUS status;

	*result = file_segment_find(file, SEGMENT_IMAGE);
	if (*result)
		return STATUS_SUCCESS;
	status = file_segment_acquire(file, &data);
	if (!NT_SUCCESS(status))
		return status;
	status = create_from_data(file, data, result);
	segment_release(data);
	return status;
}

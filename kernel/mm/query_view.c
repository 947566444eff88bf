/*
 * query_view.c - what NtQueryVirtualMemory tells of whole views: allocation, image, file name
 * (nt-semantics 5.4, classes 2, 3, 6 and 7).
 */
#include "kernel/io/file.h"
#include "kernel/lib/string.h"
#include "mm.h"
#include "region.h"
#include "segment.h"
#include "view.h"

#define DEVICE_NAME "\\Device\\RamDisk"
#define IMAGE_PARTIAL_MAP 1u

static uint32_t region_type_of(const struct view *view)
{
	switch (view->kind) {
	case VIEW_PRIVATE: /* as tested, private memory has no type */
		return view->is_physical ? MEMORY_REGION_MAPPED_PHYSICAL : 0;
	case VIEW_MAPPED:
		return view->segment->file ? MEMORY_REGION_MAPPED_DATA_FILE : 0;
	case VIEW_IMAGE:
		return MEMORY_REGION_MAPPED_IMAGE;
	}
	return 0;
}

NTSTATUS memory_query_region(struct address_space *space, vaddr_t address,
			     struct nt_memory_region_information *result)
{
	struct view *view;

	mutex_lock(&space->lock);
	view = view_find(space, address);
	if (view)
		*result = (struct nt_memory_region_information){
			.allocation_base = view->start,
			.allocation_protect = view->allocation_protect,
			.region_type = region_type_of(view),
			.region_size_bytes = view->end - view->start,
			.commit_size_bytes = pages_to_bytes(view->commit_pages)};
	mutex_unlock(&space->lock);
	return view ? STATUS_SUCCESS : STATUS_INVALID_ADDRESS;
}

NTSTATUS memory_query_image(struct address_space *space, vaddr_t address,
			    struct nt_memory_image_information *result)
{
	NTSTATUS status = STATUS_INVALID_ADDRESS;
	struct view *view;

	mutex_lock(&space->lock);
	view = view_find(space, address);
	if (view && view->kind == VIEW_IMAGE) {
		uint64_t bytes = pages_to_bytes(view->segment->page_count);

		*result = (struct nt_memory_image_information){
			.image_base = view->start,
			.size_of_image_bytes = bytes,
			.image_flags = view->end - view->start < bytes ? IMAGE_PARTIAL_MAP : 0};
		status = STATUS_SUCCESS;
	}
	mutex_unlock(&space->lock);
	return status;
}

NTSTATUS memory_query_file_name(struct address_space *space, vaddr_t address, char *name,
				size_t capacity, size_t *length)
{
	const size_t prefix = sizeof(DEVICE_NAME) - 1;
	struct segment *segment = NULL;
	NTSTATUS status = STATUS_SUCCESS;
	struct view *view;

	KASSERT(capacity > prefix);
	mutex_lock(&space->lock);
	view = view_find(space, address);
	if (!view || view->kind == VIEW_PRIVATE)
		status = STATUS_INVALID_ADDRESS;
	else if (!view->segment->file)
		status = STATUS_FILE_INVALID;
	else
		segment_reference(segment = view->segment);
	mutex_unlock(&space->lock);
	if (!segment)
		return status;
	/* The files' lock comes before the address space's. */
	memcpy(name, DEVICE_NAME, prefix);
	*length = prefix + file_path(segment->file, name + prefix, capacity - prefix);
	segment_release(segment);
	return STATUS_SUCCESS;
}

uint64_t memory_query_shared_commit(struct address_space *space)
{
	struct region *region;
	uint64_t pages = 0;

	mutex_lock(&space->lock);
	region = region_at_or_after(space, 0);
	for (; region; region = region_next(region)) {
		const struct view *view = region->view;
		page_index_t page, end;

		if (region->start != view->start || view->kind != VIEW_MAPPED ||
		    view->segment->file)
			continue;
		end = view->first_page + bytes_to_pages(view->end - view->start);
		for (page = view->first_page; page < end;) {
			page_index_t next = segment_commit_run_end(view->segment, page, end);
			bool committed;

			spin_lock(&frame_lock);
			committed = segment_page_is_committed_locked(view->segment, page);
			spin_unlock(&frame_lock);
			if (committed)
				pages += next - page;
			page = next;
		}
	}
	mutex_unlock(&space->lock);
	return pages;
}

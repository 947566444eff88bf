/*
 * file_segment.c - the segments of a file: one for data, one as an image, shared by everybody who
 * has the file open or mapped; and reading and writing files through them.
 *
 * NtReadFile, NtWriteFile and every view of a file meet in the frames of its data segment, so they
 * are coherent by construction. A segment lives as long as somebody refers to it; the last one to
 * leave writes the dirty pages back first, while the segment can still be found, so nobody reads
 * the file behind its back.
 */
#include "file_change.h"
#include "file_segment.h"
#include "frame.h"
#include "kernel/io/file.h"
#include "kernel/core/log.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"
#include "mm.h"
#include "segment.h"
#include "user_memory.h"
#include "writeback.h"

static struct mutex file_segments_lock = MUTEX_INIT("file segments", RANK_FILE_SEGMENTS);

/* The field of the file that publishes segments of this kind. */
static struct segment **publication(struct file_node *file, enum segment_kind kind)
{
	return kind == SEGMENT_IMAGE ? &file->image_segment : &file->data_segment;
}

struct segment *file_segment_find(struct file_node *file, enum segment_kind kind)
{
	struct segment *segment;

	mutex_lock(&file_segments_lock);
	segment = *publication(file, kind);
	if (segment)
		segment_reference(segment);
	mutex_unlock(&file_segments_lock);
	return segment;
}

struct segment *file_segment_publish(struct segment *segment)
{
	struct segment **field = publication(segment->file, segment->kind);
	struct segment *winner;

	mutex_lock(&file_segments_lock);
	winner = *field;
	if (winner)
		segment_reference(winner);
	else
		*field = winner = segment;
	mutex_unlock(&file_segments_lock);
	if (winner != segment)
		segment_destroy(segment); /* never seen by anybody */
	return winner;
}

NTSTATUS file_segment_acquire(struct file_node *file, struct segment **result)
{
	struct segment *segment = file_segment_find(file, SEGMENT_FILE);
	uint64_t pages;
	NTSTATUS status;

	if (!segment) {
		pages = bytes_to_pages(file_size(file));
		status = segment_create(SEGMENT_FILE, pages ? pages : 1, file, &segment);
		if (!NT_SUCCESS(status))
			return status;
		segment = file_segment_publish(segment);
	}
	*result = segment;
	return STATUS_SUCCESS;
}

/* ---- who maps the file ---- */

static bool is_used(struct segment *segment, bool *by_writer)
{
	bool used = false;

	if (segment) {
		mutex_lock(&segment->lock);
		used = segment->section_count || segment->view_count;
		*by_writer |= segment->writer_count > 0;
		mutex_unlock(&segment->lock);
	}
	return used;
}

struct file_users file_users_read(struct file_node *file)
{
	struct file_users users = {0};

	mutex_lock(&file_segments_lock);
	users.data = is_used(file->data_segment, &users.writer);
	users.image = is_used(file->image_segment, &users.writer);
	mutex_unlock(&file_segments_lock);
	return users;
}

void file_segment_retire_image(struct file_node *file)
{
	bool by_writer = false;

	mutex_lock(&file_segments_lock);
	if (!is_used(file->image_segment, &by_writer))
		file->image_segment = NULL;
	mutex_unlock(&file_segments_lock);
}

/* Drops a reference that is not the last one. */
static bool drop_unless_last(struct segment *segment)
{
	unsigned old = atomic_load(&segment->reference_count);

	while (old > 1)
		if (atomic_compare_exchange_weak(&segment->reference_count, &old, old - 1))
			return true;
	return false;
}

static bool has_modified_page(struct segment *segment)
{
	bool found = false;
	page_index_t index = 0;
	pte_t *word;

	spin_lock(&frame_lock);
	while (!found && (word = segment_word_next_locked(segment, &index, segment->page_count))) {
		if (pte_kind(pt_read(word)) == PTE_IN_FRAME)
			found = frame_of(pte_pfn(pt_read(word)))->flags & FRAME_DIRTY;
		index++;
	}
	spin_unlock(&frame_lock);
	return found;
}

/*
 * Takes the segment out of its file if the caller's reference is still the only one. Who writes
 * modified pages refers to it without file_segments_lock (segment_try_reference).
 */
static bool unpublish(struct segment *segment, bool even_if_modified)
{
	unsigned last = 1;
	bool gone = false;

	mutex_lock(&file_segments_lock);
	if ((even_if_modified || !has_modified_page(segment)) &&
	    atomic_compare_exchange_strong(&segment->reference_count, &last, 0)) {
		if (*publication(segment->file, segment->kind) == segment)
			*publication(segment->file, segment->kind) = NULL;
		gone = true;
	}
	mutex_unlock(&file_segments_lock);
	return gone;
}

static void release_file_segment(struct segment *segment)
{
	bool failed = false;

	while (!drop_unless_last(segment)) {
		if (segment->kind == SEGMENT_FILE && !NT_SUCCESS(segment_write_back(segment))) {
			log_line("mm: a page of a file could not be written back; it is lost");
			failed = true;
		}
		if (unpublish(segment, failed || segment->kind == SEGMENT_IMAGE)) {
			segment_destroy(segment);
			return;
		}
	}
}

void segment_release(struct segment *segment)
{
	if (segment->file)
		release_file_segment(segment);
	else if (atomic_fetch_sub(&segment->reference_count, 1) == 1)
		segment_destroy(segment);
}

/* ---- reading and writing ---- */

NTSTATUS file_segment_read(struct segment *segment, uint64_t offset_bytes, vaddr_t buffer,
			   uint64_t size_bytes, uint64_t *transferred)
{
	uint64_t end = file_size(segment->file);
	NTSTATUS status = STATUS_SUCCESS;

	*transferred = 0;
	if (offset_bytes >= end)
		return size_bytes ? STATUS_END_OF_FILE : STATUS_SUCCESS;
	if (size_bytes > end - offset_bytes)
		size_bytes = end - offset_bytes;
	while (NT_SUCCESS(status) && *transferred < size_bytes) {
		uint64_t at = offset_bytes + *transferred;
		size_t part = page_part(at, size_bytes - *transferred);
		pfn_t pfn;

		status = segment_page_pin(segment, page_of(at), &pfn);
		if (status == STATUS_END_OF_FILE) /* it was cut meanwhile */
			return *transferred ? STATUS_SUCCESS : STATUS_END_OF_FILE;
		if (!NT_SUCCESS(status))
			return STATUS_IN_PAGE_ERROR;
		status = copy_out(buffer + *transferred,
				  (unsigned char *)frame_memory(pfn) + page_offset(at), part);
		segment_page_unpin(pfn, false);
		if (NT_SUCCESS(status))
			*transferred += part;
	}
	return status;
}

NTSTATUS file_segment_read_kernel(struct segment *segment, uint64_t offset_bytes, void *buffer,
				  size_t size_bytes)
{
	size_t done = 0;

	memset(buffer, 0, size_bytes);
	while (done < size_bytes && offset_bytes + done < file_size(segment->file)) {
		uint64_t at = offset_bytes + done;
		size_t part = page_part(at, size_bytes - done);
		pfn_t pfn;
		NTSTATUS status = segment_page_pin(segment, page_of(at), &pfn);

		if (!NT_SUCCESS(status))
			return STATUS_IN_PAGE_ERROR;
		memcpy((unsigned char *)buffer + done,
		       (unsigned char *)frame_memory(pfn) + page_offset(at), part);
		segment_page_unpin(pfn, false);
		done += part;
	}
	return STATUS_SUCCESS;
}

/* Writes into the pages; the file has the range. */
static NTSTATUS write_pages(struct segment *segment, uint64_t offset_bytes, vaddr_t buffer,
			    uint64_t size_bytes, uint64_t *transferred)
{
	NTSTATUS status = STATUS_SUCCESS;

	while (NT_SUCCESS(status) && *transferred < size_bytes) {
		uint64_t at = offset_bytes + *transferred;
		size_t part = page_part(at, size_bytes - *transferred);
		pfn_t pfn;

		status = segment_page_pin(segment, page_of(at), &pfn);
		if (!NT_SUCCESS(status))
			return STATUS_IN_PAGE_ERROR;
		status = copy_in((unsigned char *)frame_memory(pfn) + page_offset(at),
				 buffer + *transferred, part);
		segment_page_unpin(pfn, true);
		if (NT_SUCCESS(status))
			*transferred += part;
	}
	return status;
}

static NTSTATUS write_held(struct segment *segment, uint64_t offset_bytes, vaddr_t buffer,
			   uint64_t size_bytes, uint64_t *transferred)
{
	NTSTATUS status;

	*transferred = 0;
	if (!size_bytes)
		return STATUS_SUCCESS;
	if (!range_ok(offset_bytes, size_bytes, INT64_MAX))
		return STATUS_INVALID_PARAMETER;
	file_segment_retire_image(segment->file);
	status = file_extend_held(segment, offset_bytes + size_bytes);
	if (NT_SUCCESS(status))
		status = write_pages(segment, offset_bytes, buffer, size_bytes, transferred);
	return status;
}

NTSTATUS file_segment_write(struct segment *segment, uint64_t offset_bytes, vaddr_t buffer,
			    uint64_t size_bytes, uint64_t *transferred)
{
	NTSTATUS status;

	file_hold(segment->file);
	status = write_held(segment, offset_bytes, buffer, size_bytes, transferred);
	file_unhold(segment->file);
	return status;
}

NTSTATUS file_segment_append(struct segment *segment, vaddr_t buffer, uint64_t size_bytes,
			     uint64_t *offset_bytes, uint64_t *transferred)
{
	NTSTATUS status;

	file_hold(segment->file);
	*offset_bytes = file_size(segment->file);
	status = write_held(segment, *offset_bytes, buffer, size_bytes, transferred);
	file_unhold(segment->file);
	return status;
}

/*
 * file_change.c - the size of a file that has segments, and who counts as mapping it (nt-semantics
 * 8.1, 8.4).
 *
 * Cutting a file. Nobody maps it (a section or a view refuses the cut), and the file is held, so
 * none comes. What is cached of it can be in the middle of a transfer, though, so it goes in three
 * steps:
 *
 *   file_cut_begin   the file ends earlier: a page-in behind the new end finds nothing from now on
 *   frames           of pages behind the end go, once nobody reads, writes or borrows them
 *   file_cut_end     the blocks go back to the disk: nothing transfers to or from them any more
 *
 * Behind the end of a file, up to the end of its last page, are zeros: made when the page is read,
 * and made again when the file is cut or grows, as a program may have stored something there.
 */
#include "file_change.h"

#include "file_segment.h"
#include "frame.h"
#include "kernel/io/file.h"
#include "kernel/lib/string.h"
#include "mm.h"
#include "protection.h"
#include "segment.h"
#include "writeback.h"

/* ---- who maps the file ---- */

bool section_is_writer(const struct section *section)
{
	return section->segment->kind == SEGMENT_FILE &&
	       protection_is_writable(section->protection);
}

void mapper_count(struct segment *segment, bool is_writer)
{
	mutex_lock(&segment->lock);
	segment->section_count++;
	segment->writer_count += is_writer;
	mutex_unlock(&segment->lock);
}

void mapper_uncount(struct segment *segment, bool is_writer)
{
	mutex_lock(&segment->lock);
	segment->section_count--;
	segment->writer_count -= is_writer;
	mutex_unlock(&segment->lock);
}

void section_count(struct section *section)
{
	mapper_count(section->segment, section_is_writer(section));
}

void section_uncount(struct section *section)
{
	mapper_uncount(section->segment, section_is_writer(section));
}

/* ---- pages behind the end ---- */

static bool is_in_use(const struct frame *frame)
{
	return frame->state == FRAME_READING || frame->pins > 0;
}

/*
 * The frame of the page at or after *index that nobody reads, writes or borrows, or NULL at the
 * end. *index is moved to it.
 */
static struct frame *frame_at_rest_locked(struct segment *segment, page_index_t *index,
					  page_index_t end) REQUIRES(frame_lock)
{
	pte_t *word;

	while ((word = segment_word_next_locked(segment, index, end)) != NULL) {
		struct frame *frame;

		if (pte_kind(pt_read(word)) != PTE_IN_FRAME) {
			++*index;
			continue;
		}
		frame = frame_of(pte_pfn(pt_read(word)));
		if (!is_in_use(frame))
			return frame;
		frame_sleep_locked(frame); /* then look at the word again */
	}
	return NULL;
}

/* Frees the frames of all pages from `first` on. */
static void frames_cut(struct segment *segment, page_index_t first)
{
	struct frame *frame;

	do {
		spin_lock(&frame_lock);
		frame = frame_at_rest_locked(segment, &first, segment->page_count);
		if (frame) {
			KASSERT(frame->shares == 0);
			pt_write(frame->word, frame->original);
			segment->resident_pages--;
			frame_free_locked(frame);
		}
		spin_unlock(&frame_lock);
	} while (frame);
}

/* Zeroes what a cached page has behind the end of the file. */
static void tail_zero(struct segment *segment, uint64_t end_bytes)
{
	page_index_t last = page_of(end_bytes), index = last;
	size_t offset = page_offset(end_bytes);
	struct frame *frame;

	if (!offset || last >= segment->page_count)
		return;
	spin_lock(&frame_lock);
	frame = frame_at_rest_locked(segment, &index, last + 1);
	if (frame)
		memset((unsigned char *)frame_memory(frame_number(frame)) + offset, 0,
		       PAGE_SIZE - offset);
	spin_unlock(&frame_lock);
}

/* ---- sizes ---- */

NTSTATUS file_extend_held(struct segment *segment, uint64_t size_bytes)
{
	uint64_t old_bytes = file_size(segment->file);
	NTSTATUS status;

	if (size_bytes <= old_bytes)
		return STATUS_SUCCESS;
	status = segment_grow(segment, bytes_to_pages(size_bytes));
	if (!NT_SUCCESS(status))
		return status;
	tail_zero(segment, old_bytes);
	return file_set_size(segment->file, size_bytes);
}

NTSTATUS file_segment_extend(struct segment *segment, uint64_t size_bytes)
{
	NTSTATUS status;

	file_hold(segment->file);
	status = file_extend_held(segment, size_bytes);
	file_unhold(segment->file);
	return status;
}

NTSTATUS file_resize_held(struct segment *segment, uint64_t size_bytes)
{
	uint64_t old_bytes = file_size(segment->file);
	struct file_users users;

	if (size_bytes > INT64_MAX)
		return STATUS_INVALID_PARAMETER;
	if (size_bytes >= old_bytes)
		return file_extend_held(segment, size_bytes);
	users = file_users_read(segment->file);
	if (users.data || users.image)
		return STATUS_USER_MAPPED_FILE;
	file_segment_retire_image(segment->file);
	file_cut_begin(segment->file, size_bytes);
	frames_cut(segment, bytes_to_pages(size_bytes));
	tail_zero(segment, size_bytes);
	file_cut_end(segment->file);
	return STATUS_SUCCESS;
}

NTSTATUS file_segment_resize(struct segment *segment, uint64_t size_bytes)
{
	NTSTATUS status;

	file_hold(segment->file);
	status = file_resize_held(segment, size_bytes);
	file_unhold(segment->file);
	return status;
}

NTSTATUS file_segment_flush(struct segment *segment)
{
	return segment_write_back(segment);
}

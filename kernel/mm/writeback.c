/*
 * writeback.c - see writeback.h. Dirty is cleared before the transfer starts
 * (frame_begin_write_locked), so a page that is written to meanwhile is dirty again afterwards and
 * nothing is lost.
 */
#include "writeback.h"

#include "frame.h"
#include "kernel/io/file.h"
#include "mm.h"
#include "segment.h"

/* The transfer of one page; the frame is WRITING, or ACTIVE and pinned. */
static NTSTATUS write_page(struct segment *segment, page_index_t index, struct frame *frame)
{
	NTSTATUS status;

	lock_assert_none_held();
	status = file_write(segment->file, pages_to_bytes(index), frame_memory(frame_number(frame)),
			    PAGE_SIZE);
	if (status == STATUS_END_OF_FILE) /* the file was cut: there is nothing to write to */
		status = STATUS_SUCCESS;
	spin_lock(&frame_lock);
	frame_end_write_locked(frame, NT_SUCCESS(status));
	spin_unlock(&frame_lock);
	return status;
}

static bool is_file_page(const struct frame *frame)
{
	return !(frame->flags & FRAME_PRIVATE) &&
	       ((struct segment *)frame->owner)->kind == SEGMENT_FILE;
}

bool writeback_one(void)
{
	struct segment *segment;
	struct frame *frame;
	page_index_t index;
	NTSTATUS status;

	spin_lock(&frame_lock);
	frame = frame_first_locked(FRAME_MODIFIED);
	while (frame && !is_file_page(frame))
		frame = frame_next_locked(frame);
	if (!frame) {
		spin_unlock(&frame_lock);
		return false;
	}
	segment = frame->owner;
	index = frame->index;
	segment_reference(segment);
	frame_begin_write_locked(frame);
	spin_unlock(&frame_lock);
	status = write_page(segment, index, frame);
	segment_release(segment);
	return NT_SUCCESS(status);
}

/* The frame of the page, made ready to be written, or NULL when it equals the file. */
static struct frame *begin_page_locked(pte_t *word) REQUIRES(frame_lock)
{
	struct frame *frame;

	if (pte_kind(pt_read(word)) != PTE_IN_FRAME)
		return NULL;
	frame = frame_of(pte_pfn(pt_read(word)));
	if (frame->state != FRAME_MODIFIED && frame->state != FRAME_ACTIVE)
		return NULL;
	frame_begin_write_locked(frame);
	return frame;
}

/* A page that somebody else is writing now: its frame, to wait for. */
static pfn_t writing_locked(pte_t *word) REQUIRES(frame_lock)
{
	pte_t value = pt_read(word);

	if (pte_kind(value) != PTE_IN_FRAME || frame_of(pte_pfn(value))->state != FRAME_WRITING)
		return PFN_NONE;
	return pte_pfn(value);
}

NTSTATUS segment_write_back(struct segment *segment)
{
	return segment_write_back_range(segment, 0, UINT64_MAX);
}

NTSTATUS segment_write_back_range(struct segment *segment, page_index_t first, page_index_t end)
{
	NTSTATUS result = STATUS_SUCCESS;

	KASSERT(segment->kind == SEGMENT_FILE);
	for (page_index_t index = first;; index++) {
		struct frame *frame = NULL;
		pfn_t busy = PFN_NONE;
		NTSTATUS status;
		pte_t *word;

		spin_lock(&frame_lock);
		word = segment_word_next_locked(
			segment, &index, end < segment->page_count ? end : segment->page_count);
		if (word)
			busy = writing_locked(word);
		if (word)
			frame = begin_page_locked(word);
		spin_unlock(&frame_lock);
		if (!word)
			return result;
		if (busy != PFN_NONE) {
			frame_wait(busy);
			index--; /* look again: the write may have failed */
			continue;
		}
		if (!frame)
			continue;
		status = write_page(segment, index, frame);
		if (!NT_SUCCESS(status) && NT_SUCCESS(result))
			result = status;
	}
}

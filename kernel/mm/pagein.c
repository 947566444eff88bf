/*
 * pagein.c - a page of a segment in a frame: what stands in the way, and the reading of it.
 *
 * tour of a page fault: 5 of 6; next: arch/x86_64/paging.c
 *
 * A page being read is a state of its frame (READING), never a held lock. The reader makes the
 * state word name the frame before it starts, so a second fault on the page finds it and waits; a
 * finished read maps nothing, it only makes the frame STANDBY and wakes everybody, who then ask
 * again. If the read fails the word gets back what it said before, and each waiter asks again and
 * may read again; no error is remembered.
 *
 * Neighbours come with the page (ahead.h). If the request for all of them fails, the page is read
 * alone: a bad neighbour is nobody's error before somebody asks for it.
 */
#include "ahead.h"
#include "frame.h"
#include "kernel/core/thread.h"
#include "kernel/io/file.h"
#include "kernel/io/pagefile.h"
#include "mm.h"
#include "page_table.h"
#include "segment.h"

static atomic_uint_fast64_t pages_read, pages_ahead, reads_joined;

uint64_t pagein_pages(void)
{
	return atomic_load_explicit(&pages_read, memory_order_relaxed);
}

uint64_t pagein_ahead(void)
{
	return atomic_load_explicit(&pages_ahead, memory_order_relaxed);
}

uint64_t pagein_collided(void)
{
	return atomic_load_explicit(&reads_joined, memory_order_relaxed);
}

/* Claims the spare, which is zeroed, for the page: the word names it from now on. */
static void claim_spare_locked(struct page_request *request, pte_t *word) REQUIRES(frame_lock)
{
	struct frame *frame = frame_of(request->spare);

	frame_own_locked(frame, request->segment, request->index, word, pt_read(word), 0);
	pt_write(word, pte_in_frame(request->spare));
	request->segment->resident_pages++;
	request->pfn = request->spare;
	request->spare = PFN_NONE;
}

static enum page_step need_frame(struct page_request *request, bool zeroed)
{
	request->need_zeroed = zeroed;
	return PAGE_NEED_FRAME;
}

/* The page is in the file or the page file: the spare is for it. */
static enum page_step page_begin_read_locked(struct page_request *request,
					     const struct page_place *place) REQUIRES(frame_lock)
{
	if (request->spare == PFN_NONE) {
		ahead_count_locked(request, place);
		return need_frame(request, false);
	}
	place_claim_locked(place, frame_of(request->spare));
	ahead_claim_locked(request, place);
	request->pfn = request->spare;
	request->spare = PFN_NONE;
	return PAGE_IN;
}

static enum page_step segment_begin_read_locked(struct page_request *request, pte_t *word)
	REQUIRES(frame_lock)
{
	struct page_place place = {.segment = request->segment,
				   .index = request->index,
				   .word = word,
				   .content = pt_read(word)};
	enum page_step step = page_begin_read_locked(request, &place);

	if (step == PAGE_IN)
		segment_reference(request->segment);
	return step;
}

/* No frame has the page: make it, or say what is missing. */
static enum page_step page_absent_locked(struct page_request *request, pte_t *word,
					 enum page_birth birth) REQUIRES(frame_lock)
{
	switch (birth) {
	case BORN_UNCOMMITTED:
		request->status = STATUS_ACCESS_VIOLATION;
		return PAGE_FAIL;
	case BORN_NOWHERE:
		request->status = STATUS_END_OF_FILE;
		return PAGE_FAIL;
	case BORN_ZERO:
		if (request->spare == PFN_NONE || !request->spare_zeroed)
			return need_frame(request, true);
		claim_spare_locked(request, word);
		request->was_born = true;
		request->was_mapped = false;
		return PAGE_READY;
	case BORN_IN_FILE:
		break;
	}
	return segment_begin_read_locked(request, word);
}

static enum page_step page_in_frame_locked(struct page_request *request, pfn_t pfn)
	REQUIRES(frame_lock)
{
	struct frame *frame = frame_of(pfn);

	request->pfn = pfn;
	request->was_born = false;
	if (frame->state == FRAME_READING)
		return PAGE_WAIT;
	request->was_mapped = frame->shares > 0;
	return PAGE_READY;
}

enum page_step segment_page_locked(struct page_request *request)
{
	enum page_birth birth = segment_page_birth(request->segment, request->index);
	pfn_t table = request->spare_zeroed ? request->spare : PFN_NONE;
	pte_t *word;

	if (birth == BORN_NOWHERE)
		return page_absent_locked(request, NULL, birth);
	word = segment_word_make_locked(request->segment, request->index, &table);
	if (request->spare_zeroed)
		request->spare = table;
	if (!word)
		return need_frame(request, true);
	switch (pte_kind(pt_read(word))) {
	case PTE_NONE:
		return page_absent_locked(request, word, birth);
	case PTE_ZERO:
		return page_absent_locked(request, word, BORN_ZERO);
	case PTE_IN_FRAME:
		return page_in_frame_locked(request, pte_pfn(pt_read(word)));
	case PTE_IN_PAGEFILE:
		return segment_begin_read_locked(request, word);
	case PTE_VALID:
		break;
	}
	panic("segment %p page %llu: impossible state word", (void *)request->segment,
	      (unsigned long long)request->index);
}

enum page_step private_page_locked(struct address_space *space, vaddr_t va, pte_t *slot,
				   struct page_request *request)
{
	struct page_place place = {
		.space = space, .index = page_of(va), .word = slot, .content = pt_read(slot)};

	if (pte_kind(place.content) != PTE_IN_PAGEFILE)
		return page_in_frame_locked(request, pte_pfn(place.content));
	return page_begin_read_locked(request, &place);
}

/* Where the bytes of `count` pages are in the file; *size shrinks to those that are the pages'. */
static void locate(const struct segment *segment, page_index_t index, uint64_t *offset,
		   size_t *size)
{
	const struct subsection *part;
	uint64_t start;

	if (segment->kind == SEGMENT_FILE) {
		*offset = pages_to_bytes(index);
		return;
	}
	part = segment_subsection(segment, index);
	start = pages_to_bytes(index - part->first_page);
	*offset = part->file_offset + start;
	if (part->raw_bytes - start < *size)
		*size = (size_t)(part->raw_bytes - start);
}

/* From where the page of `first`, and those behind it, were before. */
static NTSTATUS read_frames(const struct frame *first, const struct segment *segment,
			    void *const *pages, unsigned count)
{
	size_t size = pages_to_bytes(count);
	uint64_t offset;

	if (pte_kind(first->original) == PTE_IN_PAGEFILE)
		return pagefile_read(pte_pagefile_slot(first->original), pages, count);
	KASSERT(segment);
	locate(segment, first->index, &offset, &size);
	return file_read_pages(segment->file, offset, size, pages, count);
}

/* Reads the page, and its neighbours if there are any. */
static NTSTATUS read_request(const struct page_request *request, const struct segment *segment,
			     unsigned ahead_count)
{
	void *pages[1 + AHEAD_MOST] = {frame_memory(request->pfn)};

	for (unsigned i = 0; i < ahead_count; i++)
		pages[1 + i] = frame_memory(request->ahead[i]);
	atomic_fetch_add_explicit(&pages_read, 1 + ahead_count, memory_order_relaxed);
	atomic_fetch_add_explicit(&pages_ahead, ahead_count, memory_order_relaxed);
	return read_frames(frame_of(request->pfn), segment, pages, 1 + ahead_count);
}

/* The read failed: the page is where it was. */
static void give_back_locked(struct frame *frame, struct segment *segment) REQUIRES(frame_lock)
{
	if (segment) {
		pt_write(frame->word, frame->original);
		segment->resident_pages--;
	} else {
		word_set_locked(frame->word, frame->original);
	}
	frame->original = pte_none(); /* the word has it */
	frame_free_locked(frame);
}

/* A private page may have gone when it has been read. */
static void end_read_locked(pfn_t pfn, struct segment *segment, NTSTATUS status)
	REQUIRES(frame_lock)
{
	struct frame *frame = frame_of(pfn);

	if (frame_end_read_locked(frame) && !NT_SUCCESS(status))
		give_back_locked(frame, segment);
}

static void end_ahead(struct page_request *request, struct segment *segment, NTSTATUS status)
{
	spin_lock(&frame_lock);
	while (request->ahead_count)
		end_read_locked(request->ahead[--request->ahead_count], segment, status);
	spin_unlock(&frame_lock);
}

/* The reader's part of PAGE_IN. */
static NTSTATUS page_in(struct page_request *request)
{
	const struct frame *frame = frame_of(request->pfn);
	struct segment *segment = frame->flags & FRAME_PRIVATE ? NULL : frame->owner;
	NTSTATUS status;

	lock_assert_none_held();
	status = read_request(request, segment, request->ahead_count);
	if (request->ahead_count) {
		bool was_in_vain = !NT_SUCCESS(status);

		end_ahead(request, segment, status);
		if (was_in_vain)
			status = read_request(request, segment, 0);
	}
	spin_lock(&frame_lock);
	end_read_locked(request->pfn, segment, status);
	spin_unlock(&frame_lock);
	if (segment)
		segment_release(segment);
	request->was_read = true;
	return status;
}

NTSTATUS page_step_perform(enum page_step step, struct page_request *request)
{
	switch (step) {
	case PAGE_NEED_FRAME:
		page_request_end(request);
		request->spare =
			frame_alloc_wait(request->need_zeroed ? FRAME_ALL_ZERO : FRAME_ANY_CONTENT);
		request->spare_zeroed = request->need_zeroed;
		ahead_take_frames(request);
		return request->spare == PFN_NONE ? STATUS_NO_MEMORY : STATUS_SUCCESS;
	case PAGE_IN:
		return page_in(request);
	case PAGE_WAIT:
		atomic_fetch_add_explicit(&reads_joined, 1, memory_order_relaxed);
		ahead_drop_frames(request);
		frame_wait(request->pfn);
		return STATUS_SUCCESS;
	case PAGE_READY:
	case PAGE_FAIL:
		break;
	}
	panic("page step %d has nothing to perform", step);
}

void page_request_end(struct page_request *request)
{
	if (request->spare != PFN_NONE)
		frame_free(request->spare);
	request->spare = PFN_NONE;
	ahead_drop_frames(request);
}

NTSTATUS segment_page_pin(struct segment *segment, page_index_t index, pfn_t *result)
{
	struct page_request request = {.segment = segment, .index = index};
	NTSTATUS status = STATUS_SUCCESS;

	while (NT_SUCCESS(status)) {
		enum page_step step;

		spin_lock(&frame_lock);
		step = segment_page_locked(&request);
		if (step == PAGE_READY)
			frame_pin_locked(frame_of(request.pfn));
		spin_unlock(&frame_lock);
		if (step == PAGE_READY) {
			*result = request.pfn;
			break;
		}
		status = step == PAGE_FAIL ? request.status : page_step_perform(step, &request);
	}
	page_request_end(&request);
	return status;
}

void segment_page_unpin(pfn_t pfn, bool was_written)
{
	spin_lock(&frame_lock);
	frame_unpin_locked(frame_of(pfn), was_written);
	spin_unlock(&frame_lock);
}

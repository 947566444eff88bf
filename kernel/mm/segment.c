/*
 * segment.c - the life of a segment, and where its pages are born.
 */
#include "segment.h"

#include "commit.h"
#include "frame.h"
#include "kernel/core/pool.h"
#include "kernel/io/file.h"
#include "kernel/io/pagefile.h"
#include "large.h"
#include "mm.h"

static LIST_HEAD(, segment) segments GUARDED_BY(frame_lock) = LIST_HEAD_INITIALIZER(segments);
static uint64_t segments_alive GUARDED_BY(frame_lock);

static void list_add(struct segment *segment)
{
	spin_lock(&frame_lock);
	LIST_INSERT_HEAD(&segments, segment, all);
	segments_alive++;
	spin_unlock(&frame_lock);
}

static void list_remove(struct segment *segment)
{
	spin_lock(&frame_lock);
	LIST_REMOVE(segment, all);
	segments_alive--;
	spin_unlock(&frame_lock);
}

void segment_for_each(void (*visit)(struct segment *segment, void *context),
		      void *context) NO_THREAD_SAFETY_ANALYSIS
{
	struct segment *segment;

	LIST_FOREACH (segment, &segments, all)
		visit(segment, context);
}

NTSTATUS segment_create(enum segment_kind kind, uint64_t page_count, struct file_node *file,
			struct segment **result)
{
	struct segment *segment = pool_alloc(sizeof(*segment));
	NTSTATUS status;

	KASSERT(page_count > 0);
	if (!segment)
		return STATUS_INSUFFICIENT_RESOURCES;
	mutex_init(&segment->lock, "segment", RANK_SEGMENT);
	segment->kind = kind;
	segment->page_count = page_count;
	atomic_init(&segment->reference_count, 1);
	LIST_INIT(&segment->views);
	status = segment_words_init(segment);
	if (!NT_SUCCESS(status)) {
		pool_free(segment, sizeof(*segment));
		return status;
	}
	if (file) {
		file_reference(file);
		segment->file = file;
	}
	list_add(segment);
	*result = segment;
	return STATUS_SUCCESS;
}

void segment_reference(struct segment *segment)
{
	unsigned old = atomic_fetch_add(&segment->reference_count, 1);

	KASSERT(old > 0);
}

bool segment_try_reference(struct segment *segment)
{
	unsigned old = atomic_load(&segment->reference_count);

	while (old)
		if (atomic_compare_exchange_weak(&segment->reference_count, &old, old + 1))
			return true;
	return false;
}

/*
 * No view, section, open file or page-in is left: every frame is at rest, or on its way to the page
 * file, and then goes when it has been written.
 */
static void free_frames(struct segment *segment)
{
	page_index_t index = 0;
	pte_t *word;

	spin_lock(&frame_lock);
	while ((word = segment_word_next_locked(segment, &index, segment->page_count)) != NULL) {
		if (pte_kind(*word) == PTE_IN_FRAME) {
			struct frame *frame = frame_of(pte_pfn(*word));

			KASSERT(frame->state == FRAME_STANDBY || frame->state == FRAME_MODIFIED ||
				frame->state == FRAME_WRITING);
			pt_write(word, pte_none());
			segment->resident_pages--;
			frame_abandon_locked(frame);
		} else if (pte_kind(*word) == PTE_IN_PAGEFILE) {
			pagefile_free(pte_pagefile_slot(*word));
			pt_write(word, pte_none());
		}
		index++;
	}
	KASSERT(segment->resident_pages == 0);
	spin_unlock(&frame_lock);
}

void segment_destroy(struct segment *segment)
{
	KASSERT(LIST_EMPTY(&segment->views));
	list_remove(segment);
	if (segment->is_large)
		large_pages_release(segment);
	free_frames(segment);
	segment_words_destroy(segment);
	pool_free(segment->subsections, segment->subsection_count * sizeof(*segment->subsections));
	commit_release(segment->commit_pages);
	if (segment->file)
		file_release(segment->file);
	pool_free(segment, sizeof(*segment));
}

uint64_t segment_count_all(void) NO_THREAD_SAFETY_ANALYSIS
{
	return __atomic_load_n(&segments_alive, __ATOMIC_RELAXED);
}

const struct subsection *segment_subsection(const struct segment *segment, page_index_t index)
{
	uint32_t low = 0, high = segment->subsection_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (segment->subsections[middle].first_page <= index)
			low = middle;
		else
			high = middle;
	}
	return &segment->subsections[low];
}

page_index_t segment_end(const struct segment *segment)
{
	page_index_t end = segment->page_count;

	if (segment->kind == SEGMENT_FILE && bytes_to_pages(file_size(segment->file)) < end)
		end = bytes_to_pages(file_size(segment->file));
	return end;
}

enum page_birth segment_page_birth(const struct segment *segment, page_index_t index)
{
	if (index >= segment_end(segment))
		return BORN_NOWHERE;
	switch (segment->kind) {
	case SEGMENT_PAGEFILE:
		return segment->is_reserve ? BORN_UNCOMMITTED : BORN_ZERO;
	case SEGMENT_FILE:
		return BORN_IN_FILE;
	case SEGMENT_IMAGE: {
		const struct subsection *part = segment_subsection(segment, index);

		return pages_to_bytes(index - part->first_page) < part->raw_bytes ? BORN_IN_FILE
										  : BORN_ZERO;
	}
	}
	return BORN_NOWHERE;
}

bool segment_page_is_zero_locked(struct segment *segment, page_index_t index)
{
	enum page_birth birth = segment_page_birth(segment, index);
	pte_t *word;

	if (birth == BORN_NOWHERE)
		return false;
	word = segment_word_find_locked(segment, index);
	if (!word || pte_kind(pt_read(word)) == PTE_NONE)
		return birth == BORN_ZERO;
	return pte_kind(pt_read(word)) == PTE_ZERO;
}

/*
 * writeback.c - see writeback.h. Dirty is cleared before the transfer starts
 * (frame_begin_write_locked), so a page that is written to meanwhile is dirty again afterwards and
 * nothing is lost. A page whose write fails stays modified, last of its list, and is tried again.
 */
#include "writeback.h"

#include "frame.h"
#include "kernel/core/cmdline.h"
#include "kernel/io/file.h"
#include "kernel/io/pagefile.h"
#include "mm.h"
#include "segment.h"

#define CLUSTER_MOST FILE_PAGES_MAX
#define FAILURES_MOST 16u /* clusters in a row, before writing counts as hopeless */

/* Pages that follow each other, in one transfer; their frames are being written. */
struct cluster {
	struct segment *segment; /* of a file: a reference; NULL: they go to the page file */
	page_index_t index;	 /* of the first one, in its segment */
	uint64_t slot;		 /* of the first one, in the page file */
	struct frame *frames[CLUSTER_MOST];
	unsigned count;
};

static atomic_uint_fast64_t pages_written, pages_failed;

uint64_t writeback_pages(void)
{
	return atomic_load_explicit(&pages_written, memory_order_relaxed);
}

uint64_t writeback_failures(void)
{
	return atomic_load_explicit(&pages_failed, memory_order_relaxed);
}

/* ---- the transfer ---- */

static NTSTATUS transfer(const struct cluster *cluster)
{
	void *pages[CLUSTER_MOST];
	NTSTATUS status;

	for (unsigned i = 0; i < cluster->count; i++)
		pages[i] = frame_memory(frame_number(cluster->frames[i]));
	if (!cluster->segment)
		return pagefile_write(cluster->slot, pages, cluster->count);
	status = file_write_pages(cluster->segment->file, pages_to_bytes(cluster->index),
				  pages_to_bytes(cluster->count), pages, cluster->count);
	/* the file was cut: there is nothing to write to */
	return status == STATUS_END_OF_FILE ? STATUS_SUCCESS : status;
}

static NTSTATUS cluster_write(struct cluster *cluster)
{
	NTSTATUS status;

	lock_assert_none_held();
	status = transfer(cluster);
	spin_lock(&frame_lock);
	for (unsigned i = 0; i < cluster->count; i++)
		frame_end_write_locked(cluster->frames[i], NT_SUCCESS(status));
	spin_unlock(&frame_lock);
	atomic_fetch_add_explicit(NT_SUCCESS(status) ? &pages_written : &pages_failed,
				  cluster->count, memory_order_relaxed);
	return status;
}

/* ---- modified pages, to make room ---- */

/* The word `distance` behind the frame's, if it is in the same table; NULL otherwise. */
static pte_t *word_behind_locked(const struct frame *frame, unsigned distance) REQUIRES(frame_lock)
{
	if (!(frame->flags & FRAME_PRIVATE))
		return segment_word_find_locked(frame->owner, frame->index + distance);
	if (page_offset((uintptr_t)frame->word) + distance * sizeof(pte_t) >= PAGE_SIZE)
		return NULL;
	return frame->word + distance;
}

/* The frame of the page `distance` behind the frame's, if it is modified, too. */
static struct frame *modified_behind_locked(const struct frame *frame, unsigned distance)
	REQUIRES(frame_lock)
{
	pte_t *word = word_behind_locked(frame, distance);
	struct frame *found;

	if (!word || pte_kind(pt_read(word)) != PTE_IN_FRAME)
		return NULL;
	found = frame_of(pte_pfn(pt_read(word)));
	return found->state == FRAME_MODIFIED ? found : NULL;
}

static void gather_locked(struct cluster *cluster, struct frame *first, unsigned most)
	REQUIRES(frame_lock)
{
	struct frame *frame = first;

	cluster->count = 0;
	while (frame && cluster->count < most) {
		cluster->frames[cluster->count++] = frame;
		frame = modified_behind_locked(first, cluster->count);
	}
}

/* The oldest modified page of a file, and those behind it; of no segment that is going. */
static bool begin_file_locked(struct cluster *cluster) REQUIRES(frame_lock)
{
	struct frame *first = frame_first_locked(LIST_MODIFIED_FILE);

	while (first && !segment_try_reference(first->owner))
		first = frame_next_locked(first);
	if (!first)
		return false;
	cluster->segment = first->owner;
	cluster->index = first->index;
	gather_locked(cluster, first, (unsigned)knobs.cluster);
	for (unsigned i = 0; i < cluster->count; i++)
		frame_begin_write_locked(cluster->frames[i]);
	return true;
}

/* The oldest modified page that lives in the page file, and those behind it: they get slots. */
static bool begin_paged_locked(struct cluster *cluster) REQUIRES(frame_lock)
{
	struct frame *first = frame_first_locked(LIST_MODIFIED_PAGED);

	if (!first)
		return false;
	cluster->segment = NULL;
	gather_locked(cluster, first, (unsigned)knobs.cluster);
	cluster->count = pagefile_take(cluster->count, &cluster->slot);
	for (unsigned i = 0; i < cluster->count; i++) {
		cluster->frames[i]->original = pte_in_pagefile(cluster->slot + i);
		frame_begin_write_locked(cluster->frames[i]);
	}
	return cluster->count > 0;
}

/* Files first, which need no slots; but if one of them cannot be written, not only files. */
static bool begin_locked(struct cluster *cluster, bool paged_first) REQUIRES(frame_lock)
{
	if (paged_first && begin_paged_locked(cluster))
		return true;
	return begin_file_locked(cluster) || begin_paged_locked(cluster);
}

bool writeback_some(void)
{
	struct cluster cluster;

	for (unsigned failures = 0; failures < FAILURES_MOST; failures++) {
		NTSTATUS status;
		bool found;

		spin_lock(&frame_lock);
		found = begin_locked(&cluster, failures % 2);
		spin_unlock(&frame_lock);
		if (!found)
			return false;
		status = cluster_write(&cluster);
		if (cluster.segment)
			segment_release(cluster.segment);
		if (NT_SUCCESS(status))
			return true;
	}
	return false;
}

/* ---- all of a file ---- */

/* The frame of the page, if it may differ from the file. */
static struct frame *writable_at_locked(const pte_t *word) REQUIRES(frame_lock)
{
	struct frame *frame;

	if (!word || pte_kind(pt_read(word)) != PTE_IN_FRAME)
		return NULL;
	frame = frame_of(pte_pfn(pt_read(word)));
	return frame->state == FRAME_MODIFIED || frame->state == FRAME_ACTIVE ? frame : NULL;
}

/* A page that somebody else is writing now: its frame, to wait for. */
static pfn_t writing_locked(const pte_t *word) REQUIRES(frame_lock)
{
	pte_t value = pt_read(word);

	if (pte_kind(value) != PTE_IN_FRAME || frame_of(pte_pfn(value))->state != FRAME_WRITING)
		return PFN_NONE;
	return pte_pfn(value);
}

/* The page at `index` and those behind it, none at or behind `end`; there may be none. */
static void begin_range_locked(struct cluster *cluster, page_index_t index, page_index_t end)
	REQUIRES(frame_lock)
{
	struct segment *segment = cluster->segment;
	struct frame *frame;

	cluster->index = index;
	cluster->count = 0;
	while (index < end && cluster->count < knobs.cluster &&
	       (frame = writable_at_locked(segment_word_find_locked(segment, index))) != NULL) {
		frame_begin_write_locked(frame);
		cluster->frames[cluster->count++] = frame;
		index++;
	}
}

NTSTATUS segment_write_back(struct segment *segment)
{
	return segment_write_back_range(segment, 0, UINT64_MAX);
}

NTSTATUS segment_write_back_range(struct segment *segment, page_index_t first, page_index_t end)
{
	struct cluster cluster = {.segment = segment};
	NTSTATUS result = STATUS_SUCCESS;
	page_index_t index = first;

	KASSERT(segment->kind == SEGMENT_FILE);
	for (;;) {
		pfn_t busy = PFN_NONE;
		NTSTATUS status;
		pte_t *word;

		spin_lock(&frame_lock);
		if (end > segment->page_count)
			end = segment->page_count;
		word = segment_word_next_locked(segment, &index, end);
		if (word)
			busy = writing_locked(word);
		if (word && busy == PFN_NONE)
			begin_range_locked(&cluster, index, end);
		spin_unlock(&frame_lock);
		if (!word)
			return result;
		if (busy != PFN_NONE) {
			frame_wait(busy); /* then look again: the write may have failed */
			continue;
		}
		index += cluster.count ? cluster.count : 1;
		status = cluster.count ? cluster_write(&cluster) : STATUS_SUCCESS;
		if (!NT_SUCCESS(status) && NT_SUCCESS(result))
			result = status;
	}
}

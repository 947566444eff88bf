/*
 * ahead.c - see ahead.h.
 */
#include "ahead.h"

#include "frame.h"
#include "kernel/core/cmdline.h"
#include "kernel/io/file.h"
#include "page_table.h"

_Static_assert(AHEAD_MOST + 1 == FILE_PAGES_MAX, "the page and its neighbours are one request");

static pte_t *word_behind_locked(const struct page_place *place, unsigned distance)
	REQUIRES(frame_lock)
{
	if (place->segment)
		return segment_word_find_locked(place->segment, place->index + distance);
	if (page_offset((uintptr_t)place->word) + distance * sizeof(pte_t) >= PAGE_SIZE)
		return NULL;
	return place->word + distance;
}

/* Both are born in the file, and lie in it as far apart as in memory. */
static bool is_together_in_file(const struct segment *segment, page_index_t first,
				page_index_t other)
{
	if (segment_page_birth(segment, other) != BORN_IN_FILE)
		return false;
	return segment->kind == SEGMENT_FILE ||
	       segment_subsection(segment, first) == segment_subsection(segment, other);
}

struct page_place place_behind_locked(const struct page_place *place, unsigned distance)
{
	struct page_place behind = *place;
	bool is_readable;

	behind.index += distance;
	behind.word = word_behind_locked(place, distance);
	if (!behind.word)
		return behind;
	behind.content = pt_read(behind.word);
	if (pte_kind(place->content) == PTE_IN_PAGEFILE)
		is_readable = pte_kind(behind.content) == PTE_IN_PAGEFILE &&
			      pte_pagefile_slot(behind.content) ==
				      pte_pagefile_slot(place->content) + distance;
	else
		is_readable = pte_is_none(behind.content) &&
			      is_together_in_file(place->segment, place->index, behind.index);
	if (!is_readable)
		behind.word = NULL;
	return behind;
}

void place_claim_locked(const struct page_place *place, struct frame *frame)
{
	pte_t named = pte_in_frame(frame_number(frame));

	if (place->segment) {
		frame_own_locked(frame, place->segment, place->index, place->word, place->content,
				 0);
		pt_write(place->word, named);
		place->segment->resident_pages++;
	} else {
		frame_own_locked(frame, place->space, place->index, place->word, place->content,
				 FRAME_PRIVATE);
		word_set_locked(place->word, named);
	}
	frame_begin_read_locked(frame);
}

void ahead_count_locked(struct page_request *request, const struct page_place *place)
{
	unsigned count = 0;

	while (count + 1 < knobs.ahead && place_behind_locked(place, count + 1).word)
		count++;
	request->ahead_wanted = count;
}

void ahead_take_frames(struct page_request *request)
{
	KASSERT(!request->ahead_count && request->ahead_wanted <= AHEAD_MOST);
	while (request->ahead_count < request->ahead_wanted) {
		pfn_t pfn = frame_alloc_free();

		if (pfn == PFN_NONE)
			break;
		request->ahead[request->ahead_count++] = pfn;
	}
	request->ahead_wanted = 0;
}

void ahead_claim_locked(struct page_request *request, const struct page_place *place)
{
	unsigned claimed = 0;

	for (; claimed < request->ahead_count; claimed++) {
		struct page_place behind = place_behind_locked(place, claimed + 1);

		if (!behind.word)
			break;
		place_claim_locked(&behind, frame_of(request->ahead[claimed]));
	}
	while (request->ahead_count > claimed)
		frame_free_locked(frame_of(request->ahead[--request->ahead_count]));
}

void ahead_drop_frames(struct page_request *request)
{
	while (request->ahead_count)
		frame_free(request->ahead[--request->ahead_count]);
}

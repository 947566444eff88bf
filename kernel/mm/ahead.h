/*
 * ahead.h - neighbours of a page that is read: found, and brought in by the same request to the
 * disk.
 *
 * A request costs more than a page of it, and who touches a page often touches the next ones. So
 * pages that lie behind it on the disk as they do in memory, and are not in memory, come with it,
 * as long as free frames are there: nothing is pushed out for a guess, and nobody waits. They are
 * READING like the page itself, then STANDBY; a later touch is a soft fault.
 */
#pragma once

#include "segment.h"

/* Where a page is that is to be read: the word that will name its frame, and what it says now. */
struct page_place {
	struct segment *segment;     /* NULL: a private page */
	struct address_space *space; /* of a private page */
	uint64_t index;		     /* in the segment; the virtual page number if private */
	pte_t *word;
	pte_t content; /* none: in the segment's file; or IN_PAGEFILE */
};

/* The place of the page `distance` behind; word is NULL when it cannot be read with this one. */
struct page_place place_behind_locked(const struct page_place *place, unsigned distance)
	REQUIRES(frame_lock);

/* A HELD frame -> READING; the place's word names it from now on. */
void place_claim_locked(const struct page_place *place, struct frame *frame) REQUIRES(frame_lock);

/* Sets request->ahead_wanted: how many neighbours could be read with the page. */
void ahead_count_locked(struct page_request *request, const struct page_place *place)
	REQUIRES(frame_lock);
/* Takes free frames for them, as far as there are. No lock held; does not sleep. */
void ahead_take_frames(struct page_request *request);
/* Claims the frames for neighbours of a page that was just claimed, and frees what is too much. */
void ahead_claim_locked(struct page_request *request, const struct page_place *place)
	REQUIRES(frame_lock);
/* Gives back frames that were not claimed. */
void ahead_drop_frames(struct page_request *request);

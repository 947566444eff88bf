/*
 * segment.h - the shared truth about mappable content: state words, where a page was born, and its
 * life.
 */
#pragma once

#include "types.h"

/* ---- life ---- */

/*
 * A segment of page_count pages (> 0) with one reference, nothing resident. `file` (SEGMENT_FILE
 * and _IMAGE) is referenced. The caller adds subsections, commit charge and publication.
 */
NTSTATUS segment_create(enum segment_kind kind, uint64_t page_count, struct file_node *file,
			struct segment **result) MUST_CHECK;

/*
 * Frees a segment that nothing refers to any more: its frames, tables, subsections, commit charge.
 * Not for callers: segment_release.
 */
void segment_destroy(struct segment *segment);

/*
 * Lets a file segment describe more pages. => returns: STATUS_INSUFFICIENT_RESOURCES, nothing
 * changed. Takes segment.lock.
 */
NTSTATUS segment_grow(struct segment *segment, uint64_t page_count) MUST_CHECK;

/* False: the last reference has gone, and the segment goes. */
bool segment_try_reference(struct segment *segment) MUST_CHECK;

uint64_t segment_count_all(void); /* segments alive, for accounting */
/* Every segment alive, for mm_check: nothing else may run in the VM meanwhile. */
void segment_for_each(void (*visit)(struct segment *segment, void *context), void *context);

/* ---- state words: a radix table of 512 words a node, grown on demand ---- */

/* NULL: there is no word yet, or the page is beyond the end of the segment. */
pte_t *segment_word_find_locked(struct segment *segment, page_index_t index) REQUIRES(frame_lock);
/* Makes missing tables from *spare (a zeroed HELD frame). NULL: another one is needed. */
pte_t *segment_word_make_locked(struct segment *segment, page_index_t index, pfn_t *spare)
	REQUIRES(frame_lock);
/*
 * The first word at or after *index, below `end`, whose table exists; *index is moved to it. NULL
 * at the end.
 */
pte_t *segment_word_next_locked(struct segment *segment, page_index_t *index, page_index_t end)
	REQUIRES(frame_lock);
/* Sets up and frees the table; used by segment.c alone. */
NTSTATUS segment_words_init(struct segment *segment) MUST_CHECK;
void segment_words_destroy(struct segment *segment);

/*
 * The first page behind the segment. Of a file: where the file ends, which page_count, the room in
 * the table, does not follow when the file is cut or cannot grow. => locks: any may be held.
 */
page_index_t segment_end(const struct segment *segment);

/* ---- what a page was born as: the meaning of a state word that is 0 ---- */

enum page_birth {
	BORN_UNCOMMITTED, /* SEC_RESERVE page file: no content until committed */
	BORN_ZERO,
	BORN_IN_FILE,
	BORN_NOWHERE, /* beyond the end of the segment */
};
enum page_birth segment_page_birth(const struct segment *segment, page_index_t index);
/* True when nobody has touched the page yet and its content is zeros. */
bool segment_page_is_zero_locked(struct segment *segment, page_index_t index) REQUIRES(frame_lock);
/* Image segments: the subsection of a page. */
const struct subsection *segment_subsection(const struct segment *segment, page_index_t index);

/* ---- commit state of SEC_RESERVE segments (segment_commit.c) ---- */

/*
 * Committing `count` pages from `first`, in two halves. The first makes the tables of state words
 * and charges the pages that are not committed yet; it may fail, and changes nothing that anybody
 * can see. No lock held; may sleep. Then follows either the second, which cannot fail (the space's
 * lock may be held), or commit_release(charged).
 * => returns: STATUS_COMMITMENT_LIMIT, STATUS_NO_MEMORY.
 */
NTSTATUS segment_commit_prepare(struct segment *segment, page_index_t first, uint64_t count,
				uint64_t *charged) MUST_CHECK;
void segment_commit_perform(struct segment *segment, page_index_t first, uint64_t count,
			    uint64_t charged);
/* Of a segment that is not SEC_RESERVE: true for every page up to its end. */
bool segment_page_is_committed_locked(struct segment *segment, page_index_t index)
	REQUIRES(frame_lock);
/* Where, from `first` on and at most at `end`, the commit state changes. Takes frame_lock. */
page_index_t segment_commit_run_end(struct segment *segment, page_index_t first, page_index_t end);

/* ---- a page in a frame ---- */

/* What stands between a caller and a page of a segment. */
enum page_step {
	PAGE_READY, /* request->pfn has the content; share or pin it before the lock is dropped */
	/* get request->spare (zeroed if request->need_zeroed) without locks, and ask again */
	PAGE_NEED_FRAME,
	/* the spare became READING, pinned by us: read the page without locks, and ask again */
	PAGE_IN,
	PAGE_WAIT, /* somebody else is reading request->pfn: wait without locks, and ask again */
	PAGE_FAIL, /* request->status */
};

#define AHEAD_MOST 15u /* neighbours in one request to the disk (the knob `cluster`, less one) */

struct page_request {
	struct segment *segment;
	page_index_t index;
	pfn_t pfn;   /* out: the frame */
	pfn_t spare; /* a HELD frame that the caller owns, or PFN_NONE */
	bool spare_zeroed;
	bool need_zeroed; /* out */
	bool was_mapped;  /* out, READY: some slot maps the frame already */
	bool was_born;	  /* out, READY: the page has just been made of zeros */
	bool was_read;	  /* a page-in was done for this request */
	NTSTATUS status;  /* out, FAIL */
	/* neighbours read with the page (ahead.h): how many; frames, HELD, then READING */
	unsigned ahead_wanted, ahead_count;
	pfn_t ahead[AHEAD_MOST];
};

/* The decision: never blocks, never allocates. (pagein.c) */
enum page_step segment_page_locked(struct page_request *request) REQUIRES(frame_lock);

/*
 * The same for a private page that is not mapped: its slot is IN_FRAME or IN_PAGEFILE. Needs the
 * space's lock.
 */
enum page_step private_page_locked(struct address_space *space, vaddr_t va, pte_t *slot,
				   struct page_request *request) REQUIRES(frame_lock);

/*
 * The blocking part of a step: NEED_FRAME, IN and WAIT. => locks: none held. => may sleep.
 * => returns: STATUS_SUCCESS (ask again), STATUS_NO_MEMORY, or the status of the failed read.
 */
NTSTATUS page_step_perform(enum page_step step, struct page_request *request) MUST_CHECK;

/* Gives back the spare frames, if any are left. */
void page_request_end(struct page_request *request);

/*
 * The frame of a page, pinned, its content there. => returns: STATUS_IN_PAGE_ERROR class,
 * STATUS_NO_MEMORY.
 */
NTSTATUS segment_page_pin(struct segment *segment, page_index_t index, pfn_t *result) MUST_CHECK;
void segment_page_unpin(pfn_t pfn, bool was_written);

uint64_t pagein_pages(void);	/* pages read since the start, also in vain */
uint64_t pagein_ahead(void);	/* of them: neighbours of a page that was asked for */
uint64_t pagein_collided(void); /* times that a thread waited for another one's read */

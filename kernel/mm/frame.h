/*
 * frame.h - the frame database: who owns each page frame, in which state, on which list.
 *
 * Life of a frame. It is taken from a list and HELD by one thread; a word (a segment's state word
 * or a private page-table slot) is made to name it, and it is READING until its content is there,
 * or ACTIVE at once. While some slot maps it (shares) or the kernel borrows it (pins) it is ACTIVE.
 * When both reach 0 it becomes STANDBY or MODIFIED, still named by its word, so that a soft fault
 * can bring it back. A STANDBY frame may be taken for something else at any moment: the taker
 * writes `original` to the word, and that store is the whole eviction.
 *
 * A typical sequence for a file page: frame_alloc -> frame_begin_read_locked -> (file_read) ->
 * frame_end_read_locked -> frame_share_locked (soft fault) -> frame_unshare_locked (unmap) -> taken
 * by somebody's frame_alloc.
 *
 * All functions named _locked need frame_lock. A frame is named by its number (pfn_t), PFN_NONE
 * being none.
 */
#pragma once

#include "types.h"

struct frame *frame_of(pfn_t pfn);
pfn_t frame_number(const struct frame *frame);
/* The content of a frame, through the direct map. */
void *frame_memory(pfn_t pfn);
/* The frame that counts the shares of a valid word's: its own, or the first of a large page. */
static inline struct frame *frame_of_shares(pte_t word)
{
	pfn_t pfn = pte_pfn(word);

	return frame_of(pte_is_large(word) ? pfn - pfn % LARGE_PAGE_PAGES : pfn);
}
/* The table frame in which a slot or state word lies. */
struct frame *frame_of_word(const pte_t *word);

enum frame_content { FRAME_ANY_CONTENT, FRAME_ALL_ZERO };

/*
 * A HELD frame, or PFN_NONE when neither a free nor a standby frame is left. Zeroes it, if asked,
 * outside all locks.
 * => locks: takes frame_lock. => may sleep: no.
 */
pfn_t frame_alloc(enum frame_content content) EXCLUDES(frame_lock);

/*
 * As frame_alloc, for a page of a program or a file: leaves the last free frames to the kernel, and
 * takes none at all while as many as the knob `frames` allows are in use; only pages on standby
 * make room then.
 */
pfn_t frame_alloc_paged(enum frame_content content) EXCLUDES(frame_lock);

/*
 * The one place that waits for memory: as frame_alloc_paged, but trims processes and writes
 * modified pages when nothing else is left. (reclaim.c)
 * => locks: none may be held. => may sleep: yes. => returns: PFN_NONE when that makes no room
 *    either.
 */
pfn_t frame_alloc_wait(enum frame_content content) EXCLUDES(frame_lock);

/*
 * LARGE_PAGE_PAGES HELD frames that lie together, aligned to their size, zeroed; *result is the
 * lowest. Free and standby frames are used where they lie; nothing that is in use is moved, so this
 * can fail with much memory free. Each look at a run and each taking is one hold of frame_lock, at
 * most 512 entries long; there are three passes over the database at most, highest addresses first.
 * (frame_run.c)
 * => locks: none may be held. => may sleep: yes, to clean modified file pages.
 * => returns: STATUS_INSUFFICIENT_RESOURCES, nothing changed but what is cached.
 */
NTSTATUS frame_run_alloc(pfn_t *result) MUST_CHECK EXCLUDES(frame_lock);
/* Gives back such a run, all its frames HELD. */
void frame_run_free(pfn_t first) EXCLUDES(frame_lock);

/*
 * FREE, ZEROED or STANDBY -> HELD, taken from the page it caches. => returns: what it was; the
 * caller owes a FREE one frame_check_poison, without the lock.
 */
enum frame_state frame_take_locked(struct frame *frame) REQUIRES(frame_lock);
/* Debug builds: a free frame that was written to is a panic. No-op for frames of other origin. */
void frame_check_poison(struct frame *frame);

/* Gives back a HELD frame. */
void frame_free(pfn_t pfn) EXCLUDES(frame_lock);
/* Gives back a HELD or TABLE frame, or a frame that no word names any more (shares and pins 0). */
void frame_free_locked(struct frame *frame) REQUIRES(frame_lock);

/*
 * The page that the frame holds is gone, and no word names it: freed now, or, while somebody has it
 * pinned, when the last pin goes. Shares and slots are the caller's business (shares = 0).
 */
void frame_abandon_locked(struct frame *frame) REQUIRES(frame_lock);
/* HELD -> KERNEL and back: pool pages, kernel stacks. The frame stays out of every list. */
pfn_t frame_alloc_kernel(void) EXCLUDES(frame_lock);
void frame_free_kernel(pfn_t pfn) EXCLUDES(frame_lock);

/* HELD -> TABLE: a page table or a state-word table, all zero, no entry in use. */
void frame_make_table_locked(struct frame *frame) REQUIRES(frame_lock);

/*
 * Gives a HELD frame an owner: *word names it from now on, and gets `original` back when the frame
 * is taken. flags: FRAME_PRIVATE and FRAME_DIRTY or 0. The caller then makes it ACTIVE or READING.
 * Does not write *word.
 */
void frame_own_locked(struct frame *frame, void *owner, uint64_t index, pte_t *word, pte_t original,
		      uint8_t flags) REQUIRES(frame_lock);

/* HELD -> READING, pinned by the caller. */
void frame_begin_read_locked(struct frame *frame) REQUIRES(frame_lock);
/*
 * READING -> STANDBY, or free, if its page has gone meanwhile; wakes those who wait for the page.
 * => returns: false: it was freed.
 */
bool frame_end_read_locked(struct frame *frame) REQUIRES(frame_lock);

/*
 * One more valid slot names the frame: HELD (just owned), ACTIVE, STANDBY, MODIFIED or WRITING ->
 * ACTIVE.
 */
void frame_share_locked(struct frame *frame) REQUIRES(frame_lock);
/*
 * One slot less, its translation flushed; was_dirty: the slot's D bit. The last one settles the
 * frame.
 */
void frame_unshare_locked(struct frame *frame, bool was_dirty) REQUIRES(frame_lock);

/* A borrow by the kernel keeps the frame where it is: -> ACTIVE. Not for a READING frame. */
void frame_pin_locked(struct frame *frame) REQUIRES(frame_lock);
void frame_unpin_locked(struct frame *frame, bool was_dirty) REQUIRES(frame_lock);

/*
 * A MODIFIED or ACTIVE page goes to its file, or to the page-file slot that `original` names by
 * then: MODIFIED -> WRITING (ACTIVE stays ACTIVE, pinned), dirty is cleared first. end: back to
 * MODIFIED, without a slot, when it failed or was dirtied again, else STANDBY (ACTIVE stays). Wakes
 * waiters.
 */
void frame_begin_write_locked(struct frame *frame) REQUIRES(frame_lock);
void frame_end_write_locked(struct frame *frame, bool written) REQUIRES(frame_lock);

/*
 * Sleeps until the frame is no longer READING or WRITING; may return early: look again. No lock
 * held on entry.
 */
void frame_wait(pfn_t pfn) EXCLUDES(frame_lock);

/*
 * Sleeps until somebody ends a transfer or a borrow of the frame. It may be another's by then: look
 * at the word again. The lock is released meanwhile; no other is held.
 */
void frame_sleep_locked(struct frame *frame) REQUIRES(frame_lock);

/* The lists, each ordered by time. Modified pages of files need no slot of the page file. */
enum frame_list {
	LIST_FREE,
	LIST_ZEROED,
	LIST_STANDBY,
	LIST_MODIFIED_PAGED,
	LIST_MODIFIED_FILE,
	LIST_NONE
};
#define FRAME_LISTS LIST_NONE
/* The list that the frame is on, by its state and owner. */
enum frame_list frame_list_of(const struct frame *frame);
/* The first frame of a list, or NULL, and the one after `frame`. */
struct frame *frame_first_locked(enum frame_list list) REQUIRES(frame_lock);
struct frame *frame_next_locked(const struct frame *frame) REQUIRES(frame_lock);

uint64_t frame_count(enum frame_state state); /* without the lock: exact only when nothing runs */
uint64_t frame_total(void); /* frames of RAM that the database describes, kernel's included */
pfn_t frame_highest(void);  /* one above the last entry */

/* Frames of pages of programs and files: those that the knob `frames` limits. */
uint64_t frame_count_paged(void);
/* Frames that somebody reads, writes or borrows, or that never leave: a walk over all. */
uint64_t frame_count_pinned(void);
uint64_t frame_limit(void);	/* the most of them */
uint64_t frame_evictions(void); /* frames taken away from the page they cached, since the start */

/*
 * Sleeps until a frame becomes free, standby or modified, at most until wake_time.
 * => locks: none may be held.
 */
void frame_wait_any(uint64_t wake_time) EXCLUDES(frame_lock);

/* ---- what the balancer is for (balancer.c) ---- */

enum frame_want {
	NOTHING_WANTED,
	FRAMES_WANTED, /* fewer can be had at once than the kernel's reserve is to hold */
	WRITES_WANTED, /* writeback=eager, and there are modified pages */
};
enum frame_want frame_want(void) EXCLUDES(frame_lock);
/* Sleeps until something may be wanted that was not before. => locks: none may be held. */
void frame_wait_wanted(void) EXCLUDES(frame_lock);

/*
 * Builds the database: first every entry stands outside, then RAM is added, usable or the kernel's.
 * Boot only (mm.c).
 */
void frame_system_init(struct frame *array, pfn_t entries, uint64_t limit);
void frame_system_add(pfn_t first, uint64_t count, bool usable);

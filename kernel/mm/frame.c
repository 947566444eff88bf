/*
 * frame.c - states, lists and counts of the frame database. The transitions are those drawn in
 * types.h.
 */
#include "frame_private.h"

#include "kernel/core/sanitize/kasan.h"
#include "kernel/core/thread.h"
#include "kernel/io/pagefile.h"
#include "kernel/lib/string.h"
#include "page_table.h"

struct spinlock frame_lock = SPINLOCK_INIT("frame", RANK_FRAME);

struct list {
	uint32_t head, tail;
};

static struct frame *frames GUARDED_BY(frame_lock);
static pfn_t frame_entries;
static struct list lists[FRAME_LISTS] GUARDED_BY(frame_lock);
static uint64_t counts[FRAME_STATES] GUARDED_BY(frame_lock);
static uint64_t evictions GUARDED_BY(frame_lock);

struct frame *frame_of(pfn_t pfn) NO_THREAD_SAFETY_ANALYSIS
{
	KASSERT(pfn != PFN_NONE && pfn < frame_entries);
	return &frames[pfn];
}

pfn_t frame_number(const struct frame *frame) NO_THREAD_SAFETY_ANALYSIS
{
	return (pfn_t)(frame - frames);
}

void *frame_memory(pfn_t pfn)
{
	return phys_to_virt(pfn_address(pfn));
}

struct frame *frame_of_word(const pte_t *word)
{
	return frame_of(pfn_of(virt_to_phys(word)));
}

/* Modified pages of these are written to the page file. */
static bool is_of_file(const struct frame *frame)
{
	return !(frame->flags & FRAME_PRIVATE) &&
	       ((const struct segment *)frame->owner)->kind == SEGMENT_FILE;
}

enum frame_list frame_list_of(const struct frame *frame)
{
	switch ((enum frame_state)frame->state) {
	case FRAME_FREE:
		return LIST_FREE;
	case FRAME_ZEROED:
		return LIST_ZEROED;
	case FRAME_STANDBY:
		return LIST_STANDBY;
	case FRAME_MODIFIED:
		return is_of_file(frame) ? LIST_MODIFIED_FILE : LIST_MODIFIED_PAGED;
	case FRAME_KERNEL:
	case FRAME_HELD:
	case FRAME_READING:
	case FRAME_ACTIVE:
	case FRAME_WRITING:
	case FRAME_TABLE:
		break;
	}
	return LIST_NONE;
}

static void list_append(struct list *list, struct frame *frame) REQUIRES(frame_lock)
{
	uint32_t number = (uint32_t)frame_number(frame);

	frame->next = 0;
	frame->previous = list->tail;
	if (list->tail)
		frames[list->tail].next = number;
	else
		list->head = number;
	list->tail = number;
}

static void list_remove(struct list *list, struct frame *frame) REQUIRES(frame_lock)
{
	if (frame->previous)
		frames[frame->previous].next = frame->next;
	else
		list->head = frame->next;
	if (frame->next)
		frames[frame->next].previous = frame->previous;
	else
		list->tail = frame->previous;
	frame->next = frame->previous = 0;
}

static bool is_unowned(enum frame_state state)
{
	return state == FRAME_FREE || state == FRAME_ZEROED;
}

/* The one place where a state changes: list membership and counts follow from it. */
static void set_state(struct frame *frame, enum frame_state state) REQUIRES(frame_lock)
{
	enum frame_list list = frame_list_of(frame);

	if (list != LIST_NONE)
		list_remove(&lists[list], frame);
	if (is_unowned(state) != is_unowned((enum frame_state)frame->state))
		kasan_frame(frame_memory(frame_number(frame)), is_unowned(state));
	counts[frame->state]--;
	frame->state = (uint8_t)state;
	counts[state]++;
	list = frame_list_of(frame);
	if (list == LIST_NONE)
		return;
	list_append(&lists[list], frame);
	frame_listed_locked(state);
}

/* The frame's content is not what its page-file slot has, or is gone: the slot is free. */
static void slot_drop(struct frame *frame) REQUIRES(frame_lock)
{
	if (pte_kind(frame->original) != PTE_IN_PAGEFILE)
		return;
	pagefile_free(pte_pagefile_slot(frame->original));
	frame->original = frame->flags & FRAME_PRIVATE ? pte_none() : pte_zero();
}

/* While a write is under way its slot stays the frame's: nobody else may write there. */
static void mark_dirty(struct frame *frame) REQUIRES(frame_lock)
{
	frame->flags |= FRAME_DIRTY;
	if (!(frame->flags & FRAME_BEING_WRITTEN))
		slot_drop(frame);
}

void frame_free_locked(struct frame *frame)
{
	KASSERT(frame->state != FRAME_FREE && frame->state != FRAME_ZEROED);
	KASSERT(frame->state != FRAME_KERNEL);
	KASSERT(frame->shares == 0 && frame->pins == 0);
	slot_drop(frame);
	set_state(frame, FRAME_FREE);
	frame->flags = 0;
	frame->word = NULL;
	frame->original = pte_none();
	frame->owner = NULL;
	frame->index = 0;
	frame_poison(frame);
}

void frame_abandon_locked(struct frame *frame)
{
	KASSERT(frame->shares == 0);
	if (!frame->pins) {
		frame_free_locked(frame);
		return;
	}
	KASSERT(frame->state == FRAME_ACTIVE || frame->state == FRAME_READING ||
		frame->state == FRAME_WRITING);
	frame->flags |= FRAME_ORPHAN;
	frame->word = NULL;
	frame->owner = NULL;
}

void frame_free(pfn_t pfn)
{
	spin_lock(&frame_lock);
	KASSERT(frame_of(pfn)->state == FRAME_HELD);
	frame_free_locked(frame_of(pfn));
	spin_unlock(&frame_lock);
}

/* Takes a standby frame away from the page it caches: one store, and the counts that go with it. */
static void evict(struct frame *frame) REQUIRES(frame_lock)
{
	KASSERT(frame->state == FRAME_STANDBY && !(frame->flags & FRAME_DIRTY));
	KASSERT(pte_kind(*frame->word) == PTE_IN_FRAME);
	if (frame->flags & FRAME_PRIVATE) {
		word_set_locked(frame->word, frame->original);
	} else {
		pt_write(frame->word, frame->original); /* state words are not counted */
		((struct segment *)frame->owner)->resident_pages--;
	}
	evictions++;
}

enum frame_state frame_take_locked(struct frame *frame)
{
	enum frame_state found = (enum frame_state)frame->state;

	KASSERT(found == FRAME_FREE || found == FRAME_ZEROED || found == FRAME_STANDBY);
	if (found == FRAME_STANDBY)
		evict(frame);
	set_state(frame, FRAME_HELD);
	frame->flags &= FRAME_POISONED;
	frame->word = NULL;
	frame->owner = NULL;
	frame->original = pte_none();
	return found;
}

pfn_t frame_alloc_kernel(void)
{
	pfn_t pfn = frame_alloc(FRAME_ANY_CONTENT);

	if (pfn == PFN_NONE)
		return PFN_NONE;
	spin_lock(&frame_lock);
	set_state(frame_of(pfn), FRAME_KERNEL);
	spin_unlock(&frame_lock);
	return pfn;
}

void frame_free_kernel(pfn_t pfn)
{
	struct frame *frame = frame_of(pfn);

	spin_lock(&frame_lock);
	KASSERT(frame->state == FRAME_KERNEL);
	set_state(frame, FRAME_HELD);
	frame_free_locked(frame);
	spin_unlock(&frame_lock);
}

void frame_make_table_locked(struct frame *frame)
{
	KASSERT(frame->state == FRAME_HELD && frame->shares == 0);
	set_state(frame, FRAME_TABLE);
}

void frame_own_locked(struct frame *frame, void *owner, uint64_t index, pte_t *word, pte_t original,
		      uint8_t flags)
{
	KASSERT(frame->state == FRAME_HELD);
	frame->owner = owner;
	frame->index = index;
	frame->word = word;
	frame->original = original;
	frame->flags = flags;
}

void frame_make_zeroed_locked(struct frame *frame)
{
	KASSERT(frame->state == FRAME_HELD && !frame->word);
	set_state(frame, FRAME_ZEROED);
}

void frame_begin_read_locked(struct frame *frame)
{
	KASSERT(frame->state == FRAME_HELD && frame->word);
	frame->pins = 1;
	set_state(frame, FRAME_READING);
}

bool frame_end_read_locked(struct frame *frame)
{
	bool is_orphan = frame->flags & FRAME_ORPHAN;

	KASSERT(frame->state == FRAME_READING && frame->pins == 1 && frame->shares == 0);
	frame->pins = 0;
	frame->flags &= (uint8_t)~FRAME_AWAITED;
	if (is_orphan)
		frame_free_locked(frame);
	else
		set_state(frame, FRAME_STANDBY);
	thread_wake(frame);
	return !is_orphan;
}

/*
 * Nobody maps or pins the frame any more: where it goes is decided by whether it is the only copy.
 */
static void settle(struct frame *frame) REQUIRES(frame_lock)
{
	if (frame->shares || frame->pins)
		return;
	if (frame->flags & FRAME_ORPHAN)
		frame_free_locked(frame);
	else if (frame->flags & FRAME_DIRTY)
		set_state(frame, FRAME_MODIFIED);
	else
		set_state(frame, FRAME_STANDBY);
}

void frame_share_locked(struct frame *frame)
{
	KASSERT(frame->state != FRAME_READING && frame->word);
	KASSERT(frame->shares < UINT32_MAX);
	frame->shares++;
	if (frame->state != FRAME_ACTIVE)
		set_state(frame, FRAME_ACTIVE);
}

void frame_unshare_locked(struct frame *frame, bool was_dirty)
{
	KASSERT(frame->state == FRAME_ACTIVE && frame->shares > 0);
	if (was_dirty)
		mark_dirty(frame);
	frame->shares--;
	settle(frame);
}

void frame_pin_locked(struct frame *frame)
{
	KASSERT(frame->state != FRAME_READING && frame->pins < UINT16_MAX);
	frame->pins++;
	if (frame->state != FRAME_ACTIVE)
		set_state(frame, FRAME_ACTIVE);
}

void frame_unpin_locked(struct frame *frame, bool was_dirty)
{
	bool is_awaited = frame->flags & FRAME_AWAITED;

	KASSERT(frame->state == FRAME_ACTIVE && frame->pins > 0);
	if (was_dirty)
		mark_dirty(frame);
	if (--frame->pins == 0)
		frame->flags &= (uint8_t)~FRAME_AWAITED;
	settle(frame); /* frees an orphan */
	if (is_awaited && frame->pins == 0)
		thread_wake(frame);
}

void frame_sleep_locked(struct frame *frame)
{
	NTSTATUS status;

	KASSERT(frame->state == FRAME_READING || frame->pins > 0);
	frame->flags |= FRAME_AWAITED;
	status = thread_sleep(frame, &frame_lock, TIME_FOREVER, false);
	KASSERT(status == STATUS_SUCCESS);
}

void frame_begin_write_locked(struct frame *frame)
{
	KASSERT(frame->state == FRAME_MODIFIED || frame->state == FRAME_ACTIVE);
	frame->flags = (uint8_t)((frame->flags & ~FRAME_DIRTY) | FRAME_BEING_WRITTEN);
	frame->pins++;
	if (frame->state == FRAME_MODIFIED)
		set_state(frame, FRAME_WRITING);
}

void frame_end_write_locked(struct frame *frame, bool written)
{
	KASSERT(frame->state == FRAME_WRITING || frame->state == FRAME_ACTIVE);
	KASSERT(frame->pins > 0);
	frame->pins--;
	frame->flags &= (uint8_t) ~(FRAME_AWAITED | FRAME_BEING_WRITTEN);
	if (!written || (frame->flags & FRAME_DIRTY))
		mark_dirty(frame);
	settle(frame);
	thread_wake(frame);
}

void frame_wait(pfn_t pfn)
{
	struct frame *frame = frame_of(pfn);

	lock_assert_none_held();
	spin_lock(&frame_lock);
	if (frame->state == FRAME_READING || frame->state == FRAME_WRITING) {
		NTSTATUS status = thread_sleep(frame, &frame_lock, TIME_FOREVER, false);

		KASSERT(status == STATUS_SUCCESS);
	}
	spin_unlock(&frame_lock);
}

struct frame *frame_first_locked(enum frame_list list)
{
	return lists[list].head ? &frames[lists[list].head] : NULL;
}

struct frame *frame_next_locked(const struct frame *frame)
{
	return frame->next ? &frames[frame->next] : NULL;
}

uint64_t frame_count(enum frame_state state) NO_THREAD_SAFETY_ANALYSIS
{
	return __atomic_load_n(&counts[state], __ATOMIC_RELAXED);
}

uint64_t frame_total(void)
{
	uint64_t total = 0;

	for (int state = 0; state < FRAME_STATES; state++)
		total += frame_count((enum frame_state)state);
	return total;
}

uint64_t frame_count_pinned(void) NO_THREAD_SAFETY_ANALYSIS
{
	uint64_t count = 0;

	for (pfn_t pfn = 1; pfn < frame_entries; pfn++)
		count += frames[pfn].pins > 0;
	return count;
}

uint64_t frame_evictions(void)
{
	uint64_t count;

	spin_lock(&frame_lock);
	count = evictions;
	spin_unlock(&frame_lock);
	return count;
}

pfn_t frame_highest(void)
{
	return frame_entries;
}

void frame_system_init(struct frame *array, pfn_t entries, uint64_t limit) NO_THREAD_SAFETY_ANALYSIS
{
	frames = array;
	frame_entries = entries;
	frame_limits_init(limit);
	evictions = 0;
	memset(lists, 0, sizeof(lists));
	memset(counts, 0, sizeof(counts));
	for (pfn_t pfn = 0; pfn < entries; pfn++)
		array[pfn] = (struct frame){.state = FRAME_KERNEL};
}

void frame_system_add(pfn_t first, uint64_t count, bool usable) NO_THREAD_SAFETY_ANALYSIS
{
	KASSERT(first != PFN_NONE && first + count <= frame_entries);
	counts[FRAME_KERNEL] += count;
	if (usable)
		frame_limits_add(count);
	for (pfn_t pfn = first; usable && pfn < first + count; pfn++)
		set_state(&frames[pfn], FRAME_FREE);
}

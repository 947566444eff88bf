/*
 * pagefile.c - which slots of the page file are free, and transfers of slots.
 *
 * A bit of level 0 is a slot, set while it is free. A bit of level n + 1 is a word of level n, set
 * while any bit is set in it, up to a level of one word. The next free slot behind any other is so
 * found in as many steps as there are levels, twice, however large the page file is.
 *
 * All levels are one array of words, each level behind the one below it, in pool pages.
 */
#include "pagefile.h"

#include "kernel/core/fail.h"
#include "kernel/core/lock.h"
#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "device.h"
#include "disk.h"

#define WORD_BITS 64u
#define STORE_PAGE_WORDS (PAGE_SIZE / sizeof(uint64_t))
#define LEVELS 4u /* 64^4 slots: as many as a disk has blocks at most */
#define SLOTS_MAX (((uint64_t)1 << 24) - 1)
#define STORE_PAGES 522u /* 2^18 + 2^12 + 2^6 + 1 words */
/* When a run is shorter than what is wanted, so many are looked at, and the longest is taken. */
#define RUNS_LOOKED_AT 4u

#define NO_SLOT 0u

static struct spinlock pagefile_lock = SPINLOCK_INIT("page file", RANK_PAGEFILE);

/* (C) while attached, (L) pagefile_lock */
static struct {
	uint64_t slot_count;	      /* (C) 0: there is no page file */
	uint64_t first_block;	      /* (C) of the disk: it is slot 1 */
	uint64_t level_start[LEVELS]; /* (C) its first word in the store */
	uint64_t level_words[LEVELS]; /* (C) */
	uint64_t *store[STORE_PAGES]; /* (C) the pages; (L) the words */
	uint64_t free_count;	      /* (L) */
	uint64_t next;		      /* (L) where the search begins: behind what was taken last */
	/* (L) */
	struct pagefile_statistics statistics;
} pagefile;

/* ---- the bits ---- */

static uint64_t *word_at(unsigned level, uint64_t index)
{
	uint64_t at = pagefile.level_start[level] + index;

	return &pagefile.store[at / STORE_PAGE_WORDS][at % STORE_PAGE_WORDS];
}

static void slot_set_free(uint64_t slot)
{
	uint64_t bit = slot;

	for (unsigned level = 0; level < LEVELS; level++, bit /= WORD_BITS) {
		uint64_t *word = word_at(level, bit / WORD_BITS), before = *word;

		*word |= 1ull << bit % WORD_BITS;
		if (before) /* the levels above know */
			return;
	}
}

static void slot_set_used(uint64_t slot)
{
	uint64_t bit = slot;

	for (unsigned level = 0; level < LEVELS; level++, bit /= WORD_BITS) {
		uint64_t *word = word_at(level, bit / WORD_BITS);

		*word &= ~(1ull << bit % WORD_BITS);
		if (*word)
			return;
	}
}

static bool slot_is_free(uint64_t slot)
{
	return *word_at(0, slot / WORD_BITS) >> slot % WORD_BITS & 1;
}

/* The first free slot from `slot` on, or NO_SLOT. */
static uint64_t free_at_or_after(uint64_t slot)
{
	uint64_t bit = slot, word = 0;
	unsigned level = 0;

	for (; level < LEVELS; level++, bit = bit / WORD_BITS + 1) {
		if (bit / WORD_BITS >= pagefile.level_words[level])
			return NO_SLOT;
		word = *word_at(level, bit / WORD_BITS) & ~0ull << bit % WORD_BITS;
		if (word)
			break;
	}
	if (!word)
		return NO_SLOT;
	bit = bit / WORD_BITS * WORD_BITS + (uint64_t)__builtin_ctzll(word);
	while (level-- > 0)
		bit = bit * WORD_BITS + (uint64_t)__builtin_ctzll(*word_at(level, bit));
	return bit;
}

static unsigned run_length(uint64_t first, unsigned limit)
{
	unsigned length = 0;

	while (length < limit && first + length <= pagefile.slot_count &&
	       slot_is_free(first + length))
		length++;
	return length;
}

/* ---- the region ---- */

/* The words that each level needs for the slots, and where they are in the store. */
static uint64_t levels_lay_out(uint64_t slots)
{
	uint64_t bits = slots + 1, at = 0; /* bit 0 is no slot, and never set */

	for (unsigned level = 0; level < LEVELS; level++) {
		bits = (bits + WORD_BITS - 1) / WORD_BITS;
		pagefile.level_start[level] = at;
		pagefile.level_words[level] = bits;
		at += bits;
	}
	return at;
}

static bool store_make(uint64_t words)
{
	for (uint64_t i = 0; i * STORE_PAGE_WORDS < words; i++) {
		pagefile.store[i] = pool_alloc(PAGE_SIZE);
		if (!pagefile.store[i])
			return false;
	}
	return true;
}

NTSTATUS pagefile_attach(uint64_t slots)
{
	uint32_t first_block = 0;
	bool has_room = true;

	KASSERT(!pagefile.slot_count);
	if (!slots)
		return STATUS_SUCCESS;
	if (slots > SLOTS_MAX)
		return STATUS_DISK_FULL;
	if (!store_make(levels_lay_out(slots))) {
		pagefile_detach();
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	mutex_lock(&disk_lock);
	has_room = disk_run_take(slots, &first_block);
	mutex_unlock(&disk_lock);
	if (!has_room) {
		pagefile_detach();
		return STATUS_DISK_FULL;
	}
	for (uint64_t slot = 1; slot <= slots; slot++)
		slot_set_free(slot);
	pagefile.first_block = first_block;
	pagefile.free_count = slots;
	pagefile.next = 1;
	pagefile.slot_count = slots;
	return STATUS_SUCCESS;
}

void pagefile_detach(void)
{
	for (unsigned i = 0; i < STORE_PAGES; i++)
		pool_free(pagefile.store[i], PAGE_SIZE);
	memset(&pagefile, 0, sizeof(pagefile));
}

uint64_t pagefile_slots_total(void)
{
	return pagefile.slot_count;
}

uint64_t pagefile_slots_free(void)
{
	uint64_t free_count;

	spin_lock(&pagefile_lock);
	free_count = pagefile.free_count;
	spin_unlock(&pagefile_lock);
	return free_count;
}

void pagefile_statistics_read(struct pagefile_statistics *statistics)
{
	spin_lock(&pagefile_lock);
	*statistics = pagefile.statistics;
	spin_unlock(&pagefile_lock);
}

/* ---- slots ---- */

/* Some free run, long if one is near. There is a free slot. => returns: its length. */
static unsigned run_find(unsigned wanted, uint64_t *first)
{
	uint64_t from = pagefile.next;
	unsigned best = 0;

	for (unsigned i = 0; i < RUNS_LOOKED_AT && best < wanted; i++) {
		uint64_t start = free_at_or_after(from);
		unsigned length;

		if (start == NO_SLOT) /* once around */
			start = free_at_or_after(1);
		length = run_length(start, wanted);
		if (length > best) {
			best = length;
			*first = start;
		}
		from = start + length;
	}
	return best;
}

unsigned pagefile_take(unsigned wanted, uint64_t *first)
{
	unsigned count = 0;

	KASSERT(wanted > 0);
	if (fail_point(QUIRE_FAIL_SLOT))
		return 0;
	spin_lock(&pagefile_lock);
	if (pagefile.free_count)
		count = run_find(wanted, first);
	for (unsigned i = 0; i < count; i++)
		slot_set_used(*first + i);
	if (count)
		pagefile.next = *first + count;
	pagefile.free_count -= count;
	if (pagefile.slot_count - pagefile.free_count > pagefile.statistics.peak)
		pagefile.statistics.peak = pagefile.slot_count - pagefile.free_count;
	spin_unlock(&pagefile_lock);
	return count;
}

void pagefile_free(uint64_t slot)
{
	bool was_used;

	KASSERT(slot != NO_SLOT && slot <= pagefile.slot_count);
	spin_lock(&pagefile_lock);
	was_used = !slot_is_free(slot);
	slot_set_free(slot);
	pagefile.free_count++;
	spin_unlock(&pagefile_lock);
	KASSERT(was_used);
}

bool pagefile_slot_is_used(uint64_t slot)
{
	bool is_used;

	if (slot == NO_SLOT || slot > pagefile.slot_count)
		return false;
	spin_lock(&pagefile_lock);
	is_used = !slot_is_free(slot);
	spin_unlock(&pagefile_lock);
	return is_used;
}

/* ---- transfers ---- */

static NTSTATUS transfer(enum disk_direction direction, uint64_t slot, void *const *pages,
			 size_t count)
{
	struct disk_extent extent = {
		.offset = pages_to_bytes(pagefile.first_block + slot - 1),
		.size_bytes = pages_to_bytes(count),
	};
	struct disk_request request = {direction, &extent, 1, pages, count};

	KASSERT(count > 0 && slot != NO_SLOT && slot <= pagefile.slot_count);
	KASSERT(count <= pagefile.slot_count - slot + 1);
	return disk_transfer(&request);
}

NTSTATUS pagefile_read(uint64_t slot, void *const *pages, size_t count)
{
	return transfer(DISK_READ, slot, pages, count);
}

NTSTATUS pagefile_write(uint64_t slot, void *const *pages, size_t count)
{
	NTSTATUS status = transfer(DISK_WRITE, slot, pages, count);

	if (NT_SUCCESS(status)) {
		spin_lock(&pagefile_lock);
		pagefile.statistics.writes++;
		pagefile.statistics.pages_written += count;
		spin_unlock(&pagefile_lock);
	}
	return status;
}

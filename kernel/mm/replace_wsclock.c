/*
 * replace_wsclock.c - WSClock (Carr and Hennessy 1981): a page belongs to the working set if it was
 * used within the last TAU of the process's virtual time, and stays. Of the others the hand takes
 * the first clean one; dirty ones have to be written first and go only if no clean one is near.
 *
 * Virtual time is the pages given to the process so far; TAU is as many of them as it has in
 * memory, so a page that was not used while its whole memory was exchanged once is out of the set.
 */
#include "replace.h"

enum { RANK_CLEAN_OLD, RANK_DIRTY_OLD, RANK_YOUNG };

static uint32_t enter(uint64_t now)
{
	return (uint32_t)now & REPLACE_NOTE_MASK;
}

static uint32_t rank(struct replace_page *page)
{
	uint32_t now = (uint32_t)page->now & REPLACE_NOTE_MASK, age;

	if (page->was_accessed)
		page->note = now;
	age = (now - page->note) & REPLACE_NOTE_MASK;
	if (age <= page->in_set)
		return RANK_YOUNG + page->in_set - age; /* the oldest first */
	return page->is_dirty ? RANK_DIRTY_OLD : RANK_CLEAN_OLD;
}

const struct replace_policy replace_wsclock = {
	.name = "wsclock", .window = 16, .looks_at_accessed = true, .enter = enter, .rank = rank};

/*
 * replace_clock.c - second chance: the hand takes the first page that was not used since it last
 * came by, and clears the accessed bit of those that were. After `window` used pages it takes the
 * oldest of them.
 */
#include "replace.h"

static uint32_t rank(struct replace_page *page)
{
	return page->was_accessed ? 1 : 0;
}

const struct replace_policy replace_clock = {
	.name = "clock", .window = 16, .looks_at_accessed = true, .rank = rank};

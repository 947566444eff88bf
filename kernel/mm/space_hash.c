/*
 * space_hash.c - one number of all that a program can observe of its address space but the content
 * of memory: to see that a call which failed has changed nothing.
 */
#include "mm.h"
#include "region.h"

#define HASH_PRIME 0x9E3779B97F4A7C15ull

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * HASH_PRIME;
	return hash ^ hash >> 29;
}

static uint64_t mix_view(uint64_t hash, const struct view *view)
{
	hash = mix(hash, view->start);
	hash = mix(hash, view->end);
	hash = mix(hash, (uint64_t)view->kind << 32 | view->allocation_protect);
	hash = mix(hash, (uint64_t)view->inherit);
	hash = mix(hash, view->first_page);
	hash = mix(hash, view->commit_pages);
	return hash;
}

uint64_t space_hash(struct address_space *space)
{
	struct region *region;
	uint64_t hash;

	mutex_lock(&space->lock);
	hash = mix(space->view_count, space->commit_pages);
	for (region = region_at_or_after(space, 0); region; region = region_next(region)) {
		hash = mix(hash, region->start);
		hash = mix(hash, region->end);
		hash = mix(hash, (uint64_t)region->state);
		/* of no meaning while reserved */
		if (region->state == REGION_COMMITTED)
			hash = mix(hash, region->protection);
		if (region->start == region->view->start)
			hash = mix_view(hash, region->view);
	}
	mutex_unlock(&space->lock);
	return hash;
}

/*
 * kasan_freed.c - what was freed lately: blocks of the pool wait in quarantine, so that who still
 * uses one meets no new owner; and a ring of releases says who freed what.
 */
#include "kasan_private.h"

#ifdef QUIRE_KASAN

#include "kernel/core/thread.h"
#include "kernel/lib/string.h"

#define QUARANTINE_BLOCKS 256u
#define RECORDS 2048u
#define OWN_CALLS 3u /* of a backtrace: callers_take, who calls it, and the allocator */

static struct spinlock freed_lock = SPINLOCK_INIT("freed", RANK_POOL);

/* A ring (freed_lock): the block to go next is at [quarantine_first]. */
static struct {
	void *block;
	size_t size_bytes;
} quarantine[QUARANTINE_BLOCKS];
static unsigned quarantine_first, quarantine_count;

static struct freed releases[RECORDS]; /* a ring (freed_lock) */
static uint64_t release_count;

static void callers_take(struct callers *callers)
{
	vaddr_t addresses[OWN_CALLS + KASAN_CALLERS];
	size_t count = arch_backtrace(NULL, addresses, OWN_CALLS + KASAN_CALLERS);

	memset(callers, 0, sizeof(*callers));
	for (size_t i = OWN_CALLS; i < count; i++)
		callers->addresses[i - OWN_CALLS] = (uint32_t)addresses[i];
}

void kasan_block(void *block, size_t capacity_bytes, size_t size_bytes)
{
	if (capacity_bytes - size_bytes >= sizeof(struct callers))
		callers_take((struct callers *)((uint8_t *)block + capacity_bytes) - 1);
	kasan_forbid(block, capacity_bytes, SHADOW_POOL);
	kasan_allow(block, size_bytes);
}

void kasan_note_free(const void *start, size_t size_bytes)
{
	struct freed freed = {.start = (uintptr_t)start, .size_bytes = size_bytes};
	irq_state_t state = arch_irq_save();

	callers_take(&freed.callers);
	if (thread_current())
		memcpy(freed.thread, thread_current()->name, sizeof(freed.thread));
	releases[release_count++ % RECORDS] = freed;
	arch_irq_restore(state);
}

const struct freed *freed_at(uintptr_t address)
{
	uint64_t oldest = release_count > RECORDS ? release_count - RECORDS : 0;

	for (uint64_t i = release_count; i > oldest; i--) {
		const struct freed *freed = &releases[(i - 1) % RECORDS];

		if (address - freed->start < freed->size_bytes)
			return freed;
	}
	return NULL;
}

/* ---- quarantine ---- */

static void take_first(void **block, size_t *size_bytes)
{
	*block = quarantine[quarantine_first].block;
	*size_bytes = quarantine[quarantine_first].size_bytes;
	quarantine_first = (quarantine_first + 1) % QUARANTINE_BLOCKS;
	quarantine_count--;
}

bool kasan_quarantine(void **block, size_t *size_bytes)
{
	void *freed = *block;
	size_t freed_bytes = *size_bytes;
	bool is_full;
	unsigned last;

	/* A block that is free already, or the middle of one. */
	if (!kasan_check((uintptr_t)freed, freed_bytes, true,
			 (uintptr_t)__builtin_return_address(0)))
		return false;
	kasan_note_free(freed, freed_bytes);
	kasan_forbid(freed, freed_bytes, SHADOW_POOL_FREED);
	spin_lock(&freed_lock);
	is_full = quarantine_count == QUARANTINE_BLOCKS;
	if (is_full)
		take_first(block, size_bytes);
	last = (quarantine_first + quarantine_count) % QUARANTINE_BLOCKS;
	quarantine[last].block = freed;
	quarantine[last].size_bytes = freed_bytes;
	quarantine_count++;
	spin_unlock(&freed_lock);
	return is_full;
}

static bool quarantine_take(void **block, size_t *size_bytes)
{
	bool found;

	spin_lock(&freed_lock);
	found = quarantine_count > 0;
	if (found)
		take_first(block, size_bytes);
	spin_unlock(&freed_lock);
	return found;
}

void kasan_quarantine_empty(void (*block_free)(void *block, size_t size_bytes))
{
	size_t size_bytes;
	void *block;

	while (quarantine_take(&block, &size_bytes))
		block_free(block, size_bytes);
}

#endif

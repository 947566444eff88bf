/*
 * snapshot.c - the whole state of the machine and of the kernel on it, saved once and put back as
 * often as wanted: much faster than to start a machine anew.
 *
 * Of RAM, a frame whose words are all the same but not zero, a free one full of poison, is put back
 * only if it was touched. All others are put back always, for the kernel has pointers into them, to
 * page table entries for instance, through which it writes without asking for their address again.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/lib/assert.h"

#define VERIFY_EVERY 1024 /* restorations, one of which compares everything */

/* The linker's: where variables are, and the section of those that are kept. */
extern uint8_t __data_start[], _end[], __start_host_kept[], __stop_host_kept[];

struct saved_range {
	uint8_t *base, *copy;
	size_t size_bytes;
};

static HOST_KEPT struct {
	struct saved_range ranges[3]; /* variables below and above the kept ones; the heap */
	uint8_t *ram, *stacks;
	uint8_t *is_pinned; /* one per frame: put back always */
	uint64_t restorations;
} saved;

static void range_save(struct saved_range *range, uint8_t *base, size_t size_bytes)
{
	*range = (struct saved_range){.base = base, .size_bytes = size_bytes};
	range->copy = malloc(size_bytes);
	KASSERT(range->copy);
	memcpy(range->copy, base, size_bytes);
}

static bool is_poison(const uint64_t *words)
{
	return words[0] && memcmp(words, words + 1, PAGE_SIZE - sizeof(*words)) == 0;
}

static uint8_t *frame_at(uint8_t *base, uint64_t frame)
{
	return base + pages_to_bytes(frame);
}

static void ram_save(void)
{
	saved.ram = malloc(pages_to_bytes(host_ram.frame_count));
	saved.is_pinned = calloc(1, host_ram.frame_count);
	KASSERT(saved.ram && saved.is_pinned);
	for (uint64_t i = 0; i < host_ram.frame_count; i++) {
		uint8_t *frame = frame_at(host_ram.base, i);

		if (!host_frame_exists(i))
			continue;
		memcpy(frame_at(saved.ram, i), frame, PAGE_SIZE);
		saved.is_pinned[i] = !is_poison((const uint64_t *)(const void *)frame);
	}
	memset(host_ram.is_touched, 0, host_ram.frame_count);
}

static void ram_restore(void)
{
	for (uint64_t i = 0; i < host_ram.frame_count; i++) {
		if (host_ram.is_touched[i] || saved.is_pinned[i])
			memcpy(frame_at(host_ram.base, i), frame_at(saved.ram, i), PAGE_SIZE);
	}
	memset(host_ram.is_touched, 0, host_ram.frame_count);
}

static void ram_verify(void)
{
	for (uint64_t i = 0; i < host_ram.frame_count; i++) {
		if (host_frame_exists(i) &&
		    memcmp(frame_at(host_ram.base, i), frame_at(saved.ram, i), PAGE_SIZE) != 0)
			panic("snapshot: frame %llu was changed and not touched",
			      (unsigned long long)i);
	}
}

void host_snapshot_take(void *heap, size_t heap_bytes)
{
	KASSERT(host_snapshot_is_possible() && !saved.ram);
	saved.stacks = malloc(host_stacks_copy(NULL, false) + 1);
	KASSERT(saved.stacks);
	(void)host_stacks_copy(saved.stacks, false);
	ram_save();
	range_save(&saved.ranges[0], __data_start, (size_t)(__start_host_kept - __data_start));
	range_save(&saved.ranges[1], __stop_host_kept, (size_t)(_end - __stop_host_kept));
	range_save(&saved.ranges[2], heap, heap_bytes);
}

void host_snapshot_restore(void)
{
	for (size_t i = 0; i < sizeof(saved.ranges) / sizeof(saved.ranges[0]); i++)
		memcpy(saved.ranges[i].base, saved.ranges[i].copy, saved.ranges[i].size_bytes);
	ram_restore();
	if (saved.restorations++ % VERIFY_EVERY == 0)
		ram_verify();
	(void)host_stacks_copy(saved.stacks, true);
}

void host_snapshot_drop(void)
{
	for (size_t i = 0; i < sizeof(saved.ranges) / sizeof(saved.ranges[0]); i++)
		free(saved.ranges[i].copy);
	free(saved.ram);
	free(saved.stacks);
	free(saved.is_pinned);
	memset(&saved, 0, sizeof(saved));
}

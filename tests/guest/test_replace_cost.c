/*
 * test_replace_cost.c - what a fault costs while memory is full, on the release kernel: it does not
 * depend on how many pages are in memory, but for the bounded search of the clock. Large pages,
 * which never leave, take most of the frames for the first measurement. Times are instructions (the
 * TSC under -icount).
 */
/* boot: kernel=release mem=256 frames=21000 pagefile=4000 alone */
#include "guest.h"

#define FRAMES 21000u
#define FEW 1000u
#define EXTRA 512u /* pages more than memory holds */
#define LARGE_BYTES ((SIZE_T)2 << 20)
#define LARGE_PAGES 39u /* 39 * 512 frames: about FEW are left */

static uint64_t demand_zero_faults(void)
{
	struct quire_fault_counts counts;

	fault_counts_read(&counts);
	return counts.by_class[QUIRE_FAULT_DEMAND_ZERO];
}

static void touch(const volatile char *memory, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		(void)memory[i * PAGE_BYTES];
}

/* Goes around more pages than there are frames, twice; the second time is measured. No writes. */
static uint64_t ticks_per_fault(unsigned frames)
{
	char *memory = memory_need((frames + EXTRA) * PAGE_BYTES);
	uint64_t faults, start, ticks;

	touch(memory, frames + EXTRA);
	faults = demand_zero_faults();
	start = ticks_read();
	touch(memory, frames + EXTRA);
	ticks = ticks_read() - start;
	faults = demand_zero_faults() - faults;
	memory_drop(memory);
	return faults ? ticks / faults : 0;
}

static PVOID large_pages_take(void)
{
	SIZE_T bytes = LARGE_PAGES * LARGE_BYTES;
	PVOID base = NULL;
	NTSTATUS status =
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE);

	if (!NT_SUCCESS(status))
		bail_out("large pages", status);
	return base;
}

int program_main(int argc, char **argv)
{
	uint64_t few, many;
	PVOID large;

	(void)argc;
	(void)argv;
	tap_start("what replacing a page costs, with few pages in memory and with many");
	if (!system_is_quire()) {
		tap_skip(2, "costs are Quire's");
		return tap_finish();
	}
	if (!memory_suffices((uint64_t)(FRAMES + EXTRA) * PAGE_BYTES, 2,
			     "it fills 84 MiB of memory"))
		return tap_finish();
	large = large_pages_take();
	few = ticks_per_fault(FRAMES - LARGE_PAGES * 512);
	memory_drop(large);
	many = ticks_per_fault(FRAMES);
	tap_note("a fault costs %llu instructions with about %u pages in memory, %llu with %u",
		 (unsigned long long)few, FEW, (unsigned long long)many, FRAMES);
	tap_ok(few > 0 && many > 0, "both had to replace pages");
	/* catches: a walk over all pages of a process for each that is taken */
	tap_ok(many <= 3 * few, "twenty times the pages cost at most three times as much");
	return tap_finish();
}

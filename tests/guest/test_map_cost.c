/*
 * test_map_cost.c - what it costs to map a view, on the kernel that is used: without assertions.
 * Times are instructions (the TSC under -icount).
 */
/* boot: kernel=release */
#include "guest.h"

#define TIB (1ull << 40)
#define MAP_TICKS 3000u
#define SAME_TICKS 100u /* apart: the size does not matter */

/* One map of all of the section, after one that is not counted. */
static uint64_t map_ticks(uint64_t bytes)
{
	uint64_t start, ticks;
	HANDLE section;
	char *view;

	if (!NT_SUCCESS(section_make(&section, bytes, PAGE_READWRITE, SEC_RESERVE, NULL)))
		bail_out("a reserved section", STATUS_UNSUCCESSFUL);
	view_drop(view_need(section, PAGE_READWRITE));
	start = ticks_read();
	view = view_need(section, PAGE_READWRITE);
	ticks = ticks_read() - start;
	view_drop(view);
	NtClose(section);
	return ticks;
}

int program_main(int argc, char **argv)
{
	uint64_t small, huge;

	(void)argc;
	(void)argv;
	tap_start("what mapping costs on the release kernel");
	if (!system_is_quire()) {
		tap_skip(2, "costs are Quire's");
		return tap_finish();
	}
	small = map_ticks(GRANULARITY_BYTES);
	huge = map_ticks(TIB);
	tap_note("mapping 64 KiB: %llu instructions, 1 TiB: %llu", (unsigned long long)small,
		 (unsigned long long)huge);
	/* catches: assertions left in the release kernel, work for every page or table of a view */
	tap_ok(huge < MAP_TICKS, "a view of 1 TiB is mapped in under %u instructions", MAP_TICKS);
	tap_ok(huge < small + SAME_TICKS, "as fast as one of 64 KiB");
	return tap_finish();
}

/*
 * test_scale.c - what mapping costs when there is a lot of it: 100,000 views in one process, and a
 * section of 1 TiB. Times are instructions (the TSC under -icount).
 */
/* boot: alone */
#include "guest.h"

#define FEW 100u
#define MANY 100000u
#define SAMPLES 64u
#define TIMES 3u /* as much, at most */
#define TIB (1ull << 40)
#define KERNEL_BYTES (32u << 10)
#define MAP_TICKS \
	5000u /* with assertions and failure points; test_map_cost holds the release kernel */

#define FREE_BYTES 48000000ull /* for them */

static PVOID views[MANY];

/* Ticks of one operation, on average. */
struct costs {
	uint64_t map, find, unmap;
};

static PVOID map_one(HANDLE section)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewUnmap, 0, PAGE_READWRITE);

	if (!NT_SUCCESS(status))
		bail_out("one of many views", status);
	return base;
}

/* With `count` views there: looks for some, takes these away and maps them again. */
static struct costs measure(HANDLE section, unsigned count)
{
	const unsigned step = count / SAMPLES;
	struct costs costs;
	uint64_t start = ticks_read();

	for (unsigned i = 0; i < SAMPLES; i++)
		if (region_at(views[i * step]).AllocationBase != views[i * step])
			bail_out("a view is not found", STATUS_UNSUCCESSFUL);
	costs.find = (ticks_read() - start) / SAMPLES;
	start = ticks_read();
	for (unsigned i = 0; i < SAMPLES; i++)
		NtUnmapViewOfSection(CURRENT_PROCESS, views[i * step]);
	costs.unmap = (ticks_read() - start) / SAMPLES;
	start = ticks_read();
	for (unsigned i = 0; i < SAMPLES; i++)
		views[i * step] = map_one(section);
	costs.map = (ticks_read() - start) / SAMPLES;
	return costs;
}

static void compare(uint64_t few, uint64_t many, const char *what)
{
	tap_note("%s: %llu with %u views, %llu with %u", what, (unsigned long long)few, FEW,
		 (unsigned long long)many, MANY);
	tap_ok(many <= TIMES * few, "%s costs at most %u times as much", what, TIMES);
}

/* catches: a list that is walked where a tree is meant */
static void test_many_views(void)
{
	HANDLE section = section_need(PAGE_BYTES);
	struct costs few, many;
	unsigned count = 0;

	for (; count < FEW; count++)
		views[count] = map_one(section);
	measure(section, FEW); /* first touches */
	few = measure(section, FEW);
	for (; count < MANY; count++)
		views[count] = map_one(section);
	many = measure(section, MANY);
	compare(few.map, many.map, "mapping");
	compare(few.find, many.find, "finding");
	compare(few.unmap, many.unmap, "unmapping");
	while (count--)
		NtUnmapViewOfSection(CURRENT_PROCESS, views[count]);
	tap_is_number(region_at(views[MANY / 2]).State, MEM_FREE, "all are gone");
	NtClose(section);
}

static uint64_t kernel_bytes(void)
{
	struct quire_memory memory;

	memory_read(&memory);
	return memory.pool_bytes + memory.table * PAGE_BYTES;
}

/* catches: memory taken for the size of a section instead of for what is used of it */
static void test_huge_section(void)
{
	uint64_t before = kernel_bytes(), start, ticks;
	SIZE_T bytes = PAGE_BYTES;
	HANDLE section;
	PVOID page;
	char *view;

	if (!NT_SUCCESS(section_make(&section, TIB, PAGE_READWRITE, SEC_RESERVE, NULL)))
		bail_out("1 TiB", STATUS_UNSUCCESSFUL);
	view = map_one(section); /* once before it is measured */
	view_drop(view);
	start = ticks_read();
	view = map_one(section);
	ticks = ticks_read() - start;
	tap_note("mapping 1 TiB: %llu instructions", (unsigned long long)ticks);
	tap_ok(ticks < MAP_TICKS, "a view of 1 TiB is mapped in under %u instructions", MAP_TICKS);
	page = view + TIB / 2 + 5 * PAGE_BYTES;
	tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &page, 0, &bytes, MEM_COMMIT,
					      PAGE_READWRITE),
		      STATUS_SUCCESS, "one page in its middle is committed");
	*(volatile char *)page = 1;
	tap_note("1 TiB with a page in use: %llu bytes of kernel memory",
		 (unsigned long long)(kernel_bytes() - before));
	tap_ok(kernel_bytes() - before < KERNEL_BYTES, "and used with under %u bytes",
	       KERNEL_BYTES);
	view_drop(view);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("scale: many views, a huge section");
	if (!system_is_quire()) {
		tap_skip(7, "costs are Quire's");
		return tap_finish();
	}
	test_huge_section();
	if (memory_suffices(FREE_BYTES, 4, "100,000 views need 48 MB of free memory"))
		test_many_views();
	return tap_finish();
}

/*
 * paging.c - the price of paging: instructions per page that comes back to memory, and per page
 * that makes room for another. For runs with the knob `frames` and --icount; tools/quire figures
 * prints what it says.
 *
 *   paging.exe costs FRAMES     a page found in memory, read from a file, read from the page file
 *   paging.exe replace FRAMES   a fault while memory is full of clean pages, or of dirty ones
 *
 * FRAMES is the knob's value: how many pages fill memory. Lines begin with "cost", for tools.
 */
#include <string.h>

#include "console.h"
#include "path.h"
#include "program.h"
#include "system.h"
#include "touch.h"

#define PAGES 256u	 /* of what is read again */
#define EXTRA 512u	 /* pages more than memory holds, when pages replace each other */
#define DIRTY_MOST 2000u /* more frames are not filled with dirty pages */
#define FILE_NAME "\\data\\text.txt"

static void need(NTSTATUS status, const char *what)
{
	if (NT_SUCCESS(status))
		return;
	print_error("paging: %s: status 0x%08X\n", what, (unsigned)status);
	RtlExitUserProcess(status);
}

static char *memory_make(uint64_t pages)
{
	SIZE_T bytes = pages * PAGE_BYTES;
	PVOID base = NULL;

	need(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
				     PAGE_READWRITE),
	     "NtAllocateVirtualMemory");
	return base;
}

static void memory_free(char *memory)
{
	PVOID base = memory;
	SIZE_T bytes = 0;

	need(NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE),
	     "NtFreeVirtualMemory");
}

static void touch(volatile char *memory, uint64_t pages, bool write)
{
	for (uint64_t i = 0; i < pages; i++) {
		if (write)
			memory[i * PAGE_BYTES] = 1;
		else
			(void)memory[i * PAGE_BYTES];
	}
}

/* Takes all pages out of the working set; those in memory are found there by a soft fault. */
static void pages_leave(void)
{
	QUOTA_LIMITS limits = {.MinimumWorkingSetSize = (SIZE_T)-1,
			       .MaximumWorkingSetSize = (SIZE_T)-1};

	need(NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &limits, sizeof(limits)),
	     "NtSetInformationProcess");
}

static void cost(const char *name, char *memory, uint64_t pages, bool write)
{
	uint64_t start = ticks_read();

	touch(memory, pages, write);
	print("cost %-24s %6llu\n", name, (unsigned long long)((ticks_read() - start) / pages));
}

/* Fills memory with pages that nobody needs, dirty, so that all others are written and evicted. */
static void memory_flush(uint64_t frames)
{
	char *filler = memory_make(2 * frames);

	touch(filler, 2 * frames, true);
	memory_free(filler);
}

static char *file_map(void)
{
	HANDLE file, section;
	PVOID base = NULL;
	SIZE_T bytes = 0;

	need(file_open_text(&file, FILE_NAME, FILE_READ_DATA), FILE_NAME);
	need(NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READONLY, SEC_COMMIT,
			     file),
	     "NtCreateSection");
	need(NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes, ViewShare, 0,
				PAGE_READONLY),
	     "NtMapViewOfSection");
	return base;
}

static void costs(uint64_t frames)
{
	char *memory = memory_make(PAGES), *file = file_map();

	touch(memory, PAGES, true);
	pages_leave();
	touch_own_pages();
	cost("soft-private", memory, PAGES, false);
	cost("page-in-file", file, PAGES, false);
	pages_leave();
	touch_own_pages();
	cost("soft-file", file, PAGES, false);
	pages_leave();
	memory_flush(frames);
	touch_own_pages();
	cost("page-in-page-file", memory, PAGES, false);
}

static uint64_t faults_read(void)
{
	struct quire_fault_counts counts;

	fault_counts_read(&counts);
	return counts.by_class[QUIRE_FAULT_DEMAND_ZERO] + counts.by_class[QUIRE_FAULT_FILE] +
	       counts.by_class[QUIRE_FAULT_SOFT];
}

/*
 * Memory is full, and all of it has been gone around once: what a fault costs then, whichever pages
 * the policy chose to keep.
 */
static void replace(uint64_t frames, bool write, const char *name)
{
	char *memory = memory_make(frames + EXTRA);
	uint64_t faults, start, ticks;

	touch(memory, frames + EXTRA, write);
	touch(memory, frames, write);
	faults = faults_read();
	start = ticks_read();
	touch(memory + frames * PAGE_BYTES, EXTRA, write);
	touch(memory, EXTRA, write);
	ticks = ticks_read() - start;
	faults = faults_read() - faults;
	print("cost %-24s %6llu\n", name, (unsigned long long)(faults ? ticks / faults : 0));
	memory_free(memory);
}

static uint64_t number_of(const char *text)
{
	uint64_t value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return *text ? 0 : value;
}

int program_main(int argc, char **argv)
{
	uint64_t frames = argc == 3 ? number_of(argv[2]) : 0;

	if (frames && !strcmp(argv[1], "costs")) {
		costs(frames);
	} else if (frames && !strcmp(argv[1], "replace")) {
		replace(frames, false, "replace-clean");
		if (frames <= DIRTY_MOST)
			replace(frames, true, "replace-dirty");
	} else {
		print_error("paging: arguments: costs FRAMES, or replace FRAMES\n");
		return 2;
	}
	return 0;
}

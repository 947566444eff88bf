/*
 * costs.c - the price of a fault, by class: time-stamp ticks per touched page, the bare loop
 * subtracted.
 *
 * Under QEMU's -icount a tick is one guest instruction and the figures are exact; otherwise they
 * are only of that order. Lines begin with "cost", for tools.
 */
#include "path.h"
#include "report.h"
#include "tour.h"

#define PAGES 64
#define CALLS 64

/* Ticks for reading (or writing) each of the pages once. */
static uint64_t ticks_for(char *view, bool write)
{
	uint64_t start, end;

	start = ticks_read();
	if (write)
		pages_write(view, PAGES, '\1');
	else
		pages_read(view, PAGES, 1);
	end = ticks_read();
	return end - start;
}

/*
 * Touches the pages twice, faulting and not, and prints the difference if every page really took
 * such a fault.
 */
static void cost_of(const char *name, enum quire_fault_class class, char *view, bool write)
{
	uint64_t with_faults, without;

	ticks_read();
	measure_start();
	with_faults = ticks_for(view, write);
	measure_stop();
	without = ticks_for(view, write);
	if (system_is_quire() && measured_faults(class) != PAGES) {
		print("cost %-24s   -  (%llu of %u faults were of this class)\n", name,
		      (unsigned long long)measured_faults(class), PAGES);
		return;
	}
	print("cost %-24s %6llu\n", name,
	      (unsigned long long)(with_faults > without ? (with_faults - without) / PAGES : 0));
}

static void cost_of_call(void)
{
	LARGE_INTEGER now;
	uint64_t start;

	NtQuerySystemTime(&now);
	start = ticks_read();
	for (unsigned i = 0; i < CALLS; i++)
		NtQuerySystemTime(&now);
	print("cost %-24s %6llu\n", "system-call",
	      (unsigned long long)((ticks_read() - start) / CALLS));
}

static char *memory_allocate(void)
{
	PVOID base = NULL;
	SIZE_T bytes = PAGES * PAGE_BYTES;

	step_need(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					  MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
		  "NtAllocateVirtualMemory");
	return base;
}

static void memory_release(char *memory)
{
	PVOID base = memory;
	SIZE_T bytes = 0;

	step_need(NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE),
		  "NtFreeVirtualMemory");
}

static void costs_of_memory(void)
{
	char *memory = memory_allocate();

	cost_of("demand-zero-write", QUIRE_FAULT_DEMAND_ZERO, memory, true);
	memory_release(memory);
	memory = memory_allocate();
	cost_of("demand-zero-read", QUIRE_FAULT_DEMAND_ZERO, memory, false);
	memory_release(memory);
}

static void costs_of_file(HANDLE section)
{
	char *view = view_map(section, PAGE_READONLY, "NtMapViewOfSection");
	char *other = view_map(section, PAGE_READONLY, "NtMapViewOfSection");

	cost_of("file", QUIRE_FAULT_FILE, view, false);
	cost_of("shared", QUIRE_FAULT_SHARED, other, false);
	view_unmap(view);
	view_unmap(other);
	view = view_map(section, PAGE_READONLY, "NtMapViewOfSection");
	cost_of("soft", QUIRE_FAULT_SOFT, view, false);
	other = view_map(section, PAGE_WRITECOPY, "NtMapViewOfSection");
	cost_of("copy-on-write", QUIRE_FAULT_COPY_ON_WRITE, other, true);
	view_unmap(other);
	other = view_map(section, PAGE_WRITECOPY, "NtMapViewOfSection");
	pages_read(other, PAGES, 1);
	cost_of("copy-on-write-after-read", QUIRE_FAULT_COPY_ON_WRITE, other, true);
	view_unmap(other);
	view_unmap(view);
}

void tour_costs(const char *path)
{
	LARGE_INTEGER size = {.QuadPart = PAGES * PAGE_BYTES};
	HANDLE file, section;

	print("\nWhat a fault costs: ticks of the time-stamp counter per fault. With tools/quire's "
	      "--icount a\n"
	      "tick is one instruction, and the figures are the same in every run.\n");
	step_need(file_open_text(&file, path, FILE_READ_DATA), "NtOpenFile");
	step_need(NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READONLY,
				  SEC_COMMIT, file),
		  "NtCreateSection");
	cost_of_call();
	costs_of_memory();
	costs_of_file(section);
	NtClose(section);
	NtClose(file);
}

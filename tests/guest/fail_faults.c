/*
 * fail_faults.c - page faults that need the disk, and memory of large pages: the page is not there,
 * cannot be read or has no frame; all other pages keep what they hold (reliability R-06).
 */
#include <string.h>

#include "fail_groups.h"
#include "scratch.h"
#include "touch.h"

#define VICTIM_PAGES 4u
#define CROWD_PAGES 1600u /* more than the knob `frames` allows */
#define LARGE_BYTES 0x200000u
#define OWN_PATH "C:\\data\\fail3.tmp"

static char *victims;
static HANDLE file;

/* What is in no working set goes first. */
static void crowd_out(void)
{
	QUOTA_LIMITS empty = {.MinimumWorkingSetSize = (SIZE_T)-1,
			      .MaximumWorkingSetSize = (SIZE_T)-1};
	char *crowd = memory_need(CROWD_PAGES * PAGE_BYTES);

	NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &empty, sizeof(empty));
	for (size_t i = 0; i < CROWD_PAGES; i++)
		crowd[i * PAGE_BYTES] = 1;
	memory_drop(crowd);
	touch_own_pages();
}

static char letter_of(unsigned index)
{
	return (char)('a' + index);
}

static void fill(void)
{
	for (unsigned i = 0; i < VICTIM_PAGES; i++)
		memset(victims + i * PAGE_BYTES, letter_of(i), PAGE_BYTES);
}

/* What was written, and driven out to the page file. */
static void prepare_paged(void *context)
{
	(void)context;
	victims = memory_need(VICTIM_PAGES * PAGE_BYTES);
	fill();
	crowd_out();
}

static void undo_paged(void *context, NTSTATUS status)
{
	(void)context;
	(void)status;
	memory_drop(victims);
}

static void prepare_filed(void *context)
{
	HANDLE section;
	IO_STATUS_BLOCK io;

	(void)context;
	file = scratch_need(OWN_PATH, GENERIC_READ | GENERIC_WRITE, ' ', VICTIM_PAGES * PAGE_BYTES);
	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	victims = view_need(section, PAGE_READWRITE);
	NtClose(section);
	fill();
	NtFlushBuffersFile(file, &io);
	crowd_out();
}

static void undo_filed(void *context, NTSTATUS status)
{
	(void)context;
	(void)status;
	view_drop(victims);
	NtClose(file);
	scratch_drop(OWN_PATH);
}

static bool is_intact(void)
{
	for (unsigned i = 0; i < VICTIM_PAGES; i++)
		for (unsigned at = 0; at < PAGE_BYTES; at += 511)
			if (((volatile char *)victims)[i * PAGE_BYTES + at] != letter_of(i))
				return false;
	return true;
}

/* The failure comes with the first page; then all pages must hold what they held. */
static NTSTATUS read_all(void *context)
{
	(void)context;
	touch_status = STATUS_SUCCESS;
	if (!is_intact())
		return STATUS_DATA_ERROR;
	return touch_status;
}

static NTSTATUS write_one(void *context)
{
	(void)context;
	touch_status = STATUS_SUCCESS;
	((volatile char *)victims)[PAGE_BYTES + 9] = letter_of(1);
	if (!is_intact())
		return STATUS_DATA_ERROR;
	return touch_status;
}

/* The kernel's copies meet the page instead. */
static NTSTATUS pass_to_a_call(void *context)
{
	static char buffer[2 * PAGE_BYTES];
	SIZE_T done;
	NTSTATUS status = NtReadVirtualMemory(CURRENT_PROCESS, victims + PAGE_BYTES, buffer,
					      sizeof(buffer), &done);

	(void)context;
	return status;
}

static NTSTATUS make_large_section(void *context)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, LARGE_BYTES, PAGE_READWRITE,
				       SEC_COMMIT | SEC_LARGE_PAGES, NULL);

	(void)context;
	touch_status = STATUS_SUCCESS;
	if (!NT_SUCCESS(status))
		return status;
	status = view_make(section, PAGE_READWRITE, &victims);
	NtClose(section);
	if (NT_SUCCESS(status))
		*(volatile char *)victims = 1;
	return NT_SUCCESS(status) ? touch_status : status;
}

static void undo_large_section(void *context, NTSTATUS status)
{
	(void)context;
	if (NT_SUCCESS(status) || status == touch_status)
		view_drop(victims);
}

static NTSTATUS make_large_memory(void *context)
{
	PVOID base = NULL;
	SIZE_T bytes = LARGE_BYTES;
	NTSTATUS status =
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE);

	(void)context;
	victims = base;
	return status;
}

static void undo_large_memory(void *context, NTSTATUS status)
{
	(void)context;
	if (NT_SUCCESS(status))
		memory_drop(victims);
}

static void prepare_large(void *context)
{
	make_large_memory(context);
	touch_status = STATUS_SUCCESS;
}

static NTSTATUS touch_large(void *context)
{
	(void)context;
	*(volatile char *)victims = 1;
	return touch_status;
}

static void undo_touched(void *context, NTSTATUS status)
{
	(void)context;
	(void)status;
	memory_drop(victims);
}

#define DISK_KINDS (1u << QUIRE_FAIL_READ | 1u << QUIRE_FAIL_WRITE | 1u << QUIRE_FAIL_SHORT)

static const struct scenario scenarios[] = {
	{"pages in the page file, read",
	 prepare_paged,
	 read_all,
	 undo_paged,
	 NULL,
	 DISK_KINDS,
	 {0},
	 false,
	 BUT_COPIES},
	{"pages in the page file, written",
	 prepare_paged,
	 write_one,
	 undo_paged,
	 NULL,
	 DISK_KINDS,
	 {0},
	 false,
	 BUT_COPIES},
	{"pages in the page file, copied",
	 prepare_paged,
	 pass_to_a_call,
	 undo_paged,
	 NULL,
	 DISK_KINDS,
	 {STATUS_PARTIAL_COPY},
	 false,
	 0},
	{"pages of a file, read",
	 prepare_filed,
	 read_all,
	 undo_filed,
	 NULL,
	 DISK_KINDS,
	 {0},
	 false,
	 BUT_COPIES},
	{"pages of a file, written",
	 prepare_filed,
	 write_one,
	 undo_filed,
	 NULL,
	 DISK_KINDS,
	 {0},
	 false,
	 BUT_COPIES},
	{"pages of a file, copied",
	 prepare_filed,
	 pass_to_a_call,
	 undo_filed,
	 NULL,
	 DISK_KINDS,
	 {STATUS_PARTIAL_COPY},
	 false,
	 0},
	{"a section of large pages",
	 NULL,
	 make_large_section,
	 undo_large_section,
	 NULL,
	 0,
	 {0},
	 false,
	 BUT_COPIES},
	{"memory of large pages",
	 NULL,
	 make_large_memory,
	 undo_large_memory,
	 NULL,
	 0,
	 {0},
	 false,
	 0},
	{"a large page touched",
	 prepare_large,
	 touch_large,
	 undo_touched,
	 NULL,
	 0,
	 {0},
	 false,
	 BUT_COPIES},
};

void fail_faults_run(void)
{
	PVOID handler = faults_note();

	for (size_t i = 0; i < COUNT_OF(scenarios); i++)
		scenario_run(&scenarios[i]);
	RtlRemoveVectoredExceptionHandler(handler);
}

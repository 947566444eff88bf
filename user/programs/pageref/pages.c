/*
 * pages.c - the pages that a string is about, and the frames they may have.
 *
 * The program's own pages must not compete with them: whatever is in memory after a rehearsal is
 * locked (NtLockVirtualMemory), and a hard maximum of the working set (NtSetInformationProcess,
 * ProcessQuotaLimits) leaves so many frames beside the locked ones.
 */
#include "console.h"
#include "pageref.h"
#include "path.h"

#define WORKING_SET_ENTRIES 511
#define CLASS_WORKING_SET 1
#define MAP_PROCESS 1u
#define LOCK_ROUNDS 8
#define MINIMUM_PAGES 20 /* the least minimum that Windows takes */

struct working_set_list {
	uint64_t count;
	uint64_t blocks[WORKING_SET_ENTRIES]; /* the page's address; low bits tell more */
};

static void need(NTSTATUS status, const char *what)
{
	if (NT_SUCCESS(status))
		return;
	print_error("pageref: %s: status 0x%08x\n", what, (unsigned)status);
	RtlExitUserProcess(status);
}

static char *section_map(const struct options *options, HANDLE file, ULONG protection)
{
	LARGE_INTEGER bytes = {.QuadPart = (LONGLONG)(options->pages * PAGE_BYTES)};
	HANDLE section;
	PVOID base = NULL;
	SIZE_T size = 0;

	need(NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &bytes, protection, SEC_COMMIT,
			     file),
	     "the section");
	need(NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &size, ViewUnmap, 0,
				protection),
	     "the view");
	NtClose(section);
	return base;
}

static char *file_map(const struct options *options, bool any_write)
{
	ULONG protection = any_write ? PAGE_READWRITE : PAGE_READONLY;
	HANDLE file;
	uint64_t bytes;
	char *base;

	need(file_open_text(&file, options->file,
			    FILE_READ_DATA | (any_write ? FILE_WRITE_DATA : 0)),
	     options->file);
	need(file_size(file, &bytes), options->file);
	if (bytes < options->pages * PAGE_BYTES)
		need(STATUS_END_OF_FILE, "the file is shorter than --pages");
	base = section_map(options, file, protection);
	NtClose(file);
	return base;
}

char *pages_map(const struct options *options, const struct string *string)
{
	PVOID base = NULL;
	SIZE_T size = options->pages * PAGE_BYTES;

	if (options->file)
		return file_map(options, string->any_write);
	if (options->section)
		return section_map(options, NULL, PAGE_READWRITE);
	need(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
				     PAGE_READWRITE),
	     "memory");
	return base;
}

/* ---- frames ---- */

/* Locks every page of the working set. => returns: how many there are; 0: it is not told here. */
static uint64_t residents_lock(void)
{
	static struct working_set_list list;

	if (!NT_SUCCESS(NtQueryVirtualMemory(CURRENT_PROCESS, NULL, CLASS_WORKING_SET, &list,
					     sizeof(list), NULL)))
		return 0;
	for (uint64_t i = 0; i < list.count; i++) {
		PVOID base = (PVOID)(uintptr_t)(list.blocks[i] & ~(uint64_t)(PAGE_BYTES - 1));
		SIZE_T size = PAGE_BYTES;

		need(NtLockVirtualMemory(CURRENT_PROCESS, &base, &size, MAP_PROCESS),
		     "locking the program's own pages (is the string too long?)");
	}
	return list.count;
}

static NTSTATUS limit_set(uint64_t page_count)
{
	uint64_t least = page_count > MINIMUM_PAGES ? MINIMUM_PAGES : 1;
	QUOTA_LIMITS_EX limits = {.MinimumWorkingSetSize = least * PAGE_BYTES,
				  .MaximumWorkingSetSize = page_count * PAGE_BYTES,
				  .Flags = QUOTA_LIMITS_HARDWS_MIN_DISABLE |
					   QUOTA_LIMITS_HARDWS_MAX_ENABLE};

	return NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &limits,
				       sizeof(limits));
}

/* Each round may bring pages that only the calls of that round needed: until there are no more. */
uint64_t pages_keep(uint64_t frames, bool *is_limited)
{
	uint64_t locked = 0, before;

	*is_limited = false;
	for (unsigned round = 0; round < LOCK_ROUNDS; round++) {
		before = locked;
		locked = residents_lock();
		if (locked && frames)
			*is_limited = NT_SUCCESS(limit_set(locked + frames));
		if (round && locked == before)
			break;
	}
	return locked;
}

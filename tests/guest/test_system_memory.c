/*
 * test_system_memory.c - what the system tells of memory as a whole: NtQuerySystemInformation's
 * performance counters, page files, lists of pages, paging.
 */
#include <string.h>

#include "guest.h"
#include "touch.h"

#define PAGES 100
#define BYTES_OF(pages) ((SIZE_T)(pages)*PAGE_BYTES)

static struct system_performance performance_read(void)
{
	struct system_performance performance = {.cache_dirty_pages = 0};
	NTSTATUS status = NtQuerySystemInformation(SystemPerformanceInformation, &performance,
						   sizeof(performance), NULL);

	if (!NT_SUCCESS(status))
		bail_out("SystemPerformanceInformation", status);
	return performance;
}

static NTSTATUS lists_query(struct memory_lists *lists, ULONG length, ULONG *returned)
{
	memset(lists, 0xAA, sizeof(*lists));
	return NtQuerySystemInformation(SYSTEM_CLASS_MEMORY_LISTS, lists, length, returned);
}

static void pages_touch(char *memory, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		((volatile char *)memory)[BYTES_OF(i)] = 'p';
}

/* ---- performance ---- */

/* catches: the longer form told to who has no room for it, or not told at all */
static void test_performance_lengths(void)
{
	struct system_performance performance;
	ULONG length = 0;

	memset(&performance, 0xAA, sizeof(performance));
	tap_is_status(
		NtQuerySystemInformation(SystemPerformanceInformation, &performance, 312, &length),
		STATUS_SUCCESS, "312 bytes");
	tap_ok(length == 312 && performance.cache_dirty_pages == 0xAAAAAAAAAAAAAAAA,
	       "are all that is told");
	tap_is_status(
		NtQuerySystemInformation(SystemPerformanceInformation, &performance, 344, &length),
		STATUS_SUCCESS, "344 bytes");
	if (system_is_quire()) {
		tap_is_number(length, 344, "are told, too");
		tap_ok(performance.resident_available_pages > 0, "with the newer fields");
	} else {
		tap_skip(2, "Wine 8.0 has the older form alone");
	}
	tap_is_status(
		NtQuerySystemInformation(SystemPerformanceInformation, &performance, 311, &length),
		STATUS_INFO_LENGTH_MISMATCH, "311 bytes");
	tap_is_number(length, 312, "are a byte too few");
}

/* catches: commit that is not what processes and sections were promised */
static void test_performance_commit(void)
{
	struct system_performance before = performance_read(), private, shared, after;
	char *memory = memory_need(BYTES_OF(PAGES));
	HANDLE section;

	private = performance_read();
	section = section_need(BYTES_OF(PAGES));
	shared = performance_read();
	memory_drop(memory);
	NtClose(section);
	after = performance_read();
	tap_is_number(private.old.TotalCommittedPages - before.old.TotalCommittedPages, PAGES,
		      "CommittedPages: private memory");
	tap_is_number(private.shared_committed_pages, before.shared_committed_pages,
		      "which is not shared");
	tap_is_number(shared.old.TotalCommittedPages - private.old.TotalCommittedPages, PAGES,
		      "CommittedPages: a section");
	tap_is_number(shared.shared_committed_pages - private.shared_committed_pages, PAGES,
		      "which is shared");
	tap_is_number(after.old.TotalCommittedPages, before.old.TotalCommittedPages,
		      "until they are gone");
	tap_ok(after.old.PeakCommitment >= shared.old.TotalCommittedPages &&
		       after.old.TotalCommitLimit >= after.old.PeakCommitment,
	       "commit <= peak <= limit");
}

/* catches: a fault counted in another field; a counter that moves for another reason */
static void test_performance_faults(void)
{
	char *memory = memory_need(BYTES_OF(PAGES));
	QUOTA_LIMITS empty = {.MinimumWorkingSetSize = (SIZE_T)-1,
			      .MaximumWorkingSetSize = (SIZE_T)-1};
	struct system_performance before, after;

	pages_touch(memory, PAGES);
	NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &empty, sizeof(empty));
	touch_own_pages();
	performance_read();
	before = performance_read();
	pages_touch(memory, PAGES);
	after = performance_read();
	tap_is_number(after.old.TransitionFaults - before.old.TransitionFaults, PAGES,
		      "TransitionCount: pages that were trimmed come back");
	tap_is_number(after.old.PageFaults - before.old.PageFaults, PAGES,
		      "PageFaultCount: as many");
	tap_is_number(after.old.PagesRead, before.old.PagesRead, "PageReadCount: none was read");
	tap_is_number(after.old.SystemCalls - before.old.SystemCalls, 1, "SystemCalls: one");
	memory_drop(memory);
}

/* catches: pages written to a file that are told as written to the page file */
static void test_performance_writes(void)
{
	HANDLE file = file_need(SCRATCH_FILE, FILE_READ_DATA | FILE_WRITE_DATA);
	HANDLE section = NULL;
	struct system_performance before, after;
	IO_STATUS_BLOCK io;
	SIZE_T bytes = BYTES_OF(2);
	char *view;
	PVOID base;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	pages_touch(view, 2);
	before = performance_read();
	base = view;
	NtFlushVirtualMemory(CURRENT_PROCESS, &base, &bytes, &io);
	after = performance_read();
	tap_is_number(after.old.MappedFilePagesWritten - before.old.MappedFilePagesWritten, 2,
		      "MappedPagesWriteCount: two pages flushed");
	tap_ok(after.old.MappedFilePageWriteIos > before.old.MappedFilePageWriteIos &&
		       after.old.MappedFilePageWriteIos - before.old.MappedFilePageWriteIos <= 2,
	       "MappedWriteIoCount: by one request or two");
	tap_is_number(after.old.PagefilePagesWritten, before.old.PagefilePagesWritten,
		      "DirtyPagesWriteCount: no page of the page file");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* catches: fields left out where something is known */
static void test_performance_kernel(void)
{
	struct system_performance performance = performance_read();
	struct quire_memory memory;

	memory_read(&memory);
	tap_is_number(performance.old.AvailablePages, memory.free + memory.zeroed + memory.standby,
		      "AvailablePages: free, zeroed, standby");
	tap_is_number(performance.old.NonPagedPoolUsage, memory.pool_pages, "NonPagedPoolPages");
	tap_ok(performance.old.SystemCodePage > 20 && performance.old.SystemCodePage < 1000,
	       "ResidentSystemCodePage: %u", (unsigned)performance.old.SystemCodePage);
	tap_ok(performance.old.TotalFreeSystemPtes > 1000, "FreeSystemPtes: %u",
	       (unsigned)performance.old.TotalFreeSystemPtes);
}

/* ---- page files, lists ---- */

/* catches: a name that ends outside; numbers of another place; a length that is trusted */
static void test_page_files(void)
{
	struct {
		SYSTEM_PAGEFILE_INFORMATION entry;
		WCHAR name[64];
	} file;
	struct quire_paging paging;
	struct quire_memory memory;
	ULONG length = 0;

	memset(&file, 0xAA, sizeof(file));
	tap_is_status(
		NtQuerySystemInformation(SYSTEM_CLASS_PAGE_FILES, &file, sizeof(file), &length),
		STATUS_SUCCESS, "the page files");
	paging_read(&paging);
	memory_read(&memory);
	if (!paging.pagefile_slots) {
		tap_is_number(length, 0, "there is none");
		return;
	}
	tap_is_number(file.entry.NextEntryOffset, 0, "there is one");
	tap_ok(file.entry.CurrentSize == paging.pagefile_slots &&
		       file.entry.TotalUsed == paging.pagefile_used &&
		       file.entry.PeakUsed == paging.pagefile_peak,
	       "%u pages, %u used, %u at most", (unsigned)file.entry.CurrentSize,
	       (unsigned)file.entry.TotalUsed, (unsigned)file.entry.PeakUsed);
	tap_ok(file.entry.TotalUsed <= file.entry.PeakUsed &&
		       file.entry.PeakUsed <= file.entry.CurrentSize,
	       "used <= peak <= size");
	tap_ok(file.entry.FileName.Buffer == file.name && file.name[0] == L'\\' &&
		       file.name[file.entry.FileName.Length / sizeof(WCHAR)] == 0 &&
		       length == sizeof(file.entry) + file.entry.FileName.MaximumLength,
	       "its name stands behind the entry");
	tap_ok(memory.commit_limit > paging.pagefile_slots, "commit counts on it");
	tap_is_status(NtQuerySystemInformation(SYSTEM_CLASS_PAGE_FILES, &file, 31, &length),
		      STATUS_INFO_LENGTH_MISMATCH, "31 bytes");
	tap_is_status(NtQuerySystemInformation(SYSTEM_CLASS_PAGE_FILES, &file, 40, &length),
		      STATUS_INFO_LENGTH_MISMATCH, "no room for the name");
	tap_ok(length > 40, "the length is told");
}

/* catches: pages in no list or in two */
static void test_lists(void)
{
	struct system_performance performance;
	struct memory_lists lists;
	SIZE_T standby = 0;
	ULONG length = 0;

	tap_is_status(lists_query(&lists, 167, &length), STATUS_INFO_LENGTH_MISMATCH, "167 bytes");
	tap_is_number(length, 168, "are a byte too few");
	tap_is_status(lists_query(&lists, 168, &length), STATUS_SUCCESS, "168 bytes");
	tap_ok(length == 168 && lists.modified_page_file == 0xAAAAAAAAAAAAAAAA, "and no more");
	tap_is_status(lists_query(&lists, sizeof(lists), &length), STATUS_SUCCESS, "176 bytes");
	performance = performance_read();
	for (unsigned i = 0; i < COUNT_OF(lists.standby_by_priority); i++)
		standby += lists.standby_by_priority[i];
	tap_is_number(lists.zero + lists.free + standby, performance.old.AvailablePages,
		      "zeroed, free and standby pages are those available");
	tap_ok(!lists.bad && !lists.modified_no_write, "no page is bad or kept from being written");
}

/* catches: counters that go down; requests without pages */
static void test_paging(void)
{
	struct quire_paging before, after;
	HANDLE file;
	char *view;
	HANDLE section;

	paging_read(&before);
	file = file_need(DATA_FILE, FILE_READ_DATA);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	for (unsigned i = 0; i < PAGES; i++)
		(void)((volatile char *)view)[BYTES_OF(i)];
	paging_read(&after);
	tap_ok(after.pages_in - before.pages_in >= PAGES, "%u pages were read", PAGES);
	tap_ok(after.disk_reads > before.disk_reads &&
		       after.disk_pages_read - before.disk_pages_read >= PAGES,
	       "by requests to the disk");
	tap_ok(after.disk_reads <= after.disk_pages_read &&
		       after.disk_writes <= after.disk_pages_written,
	       "each of a page or more");
	tap_ok(after.disk_errors == before.disk_errors &&
		       after.write_failures == before.write_failures,
	       "none failed");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("what the system tells of memory");
	touch_own_pages();
	test_performance_lengths();
	if (!system_is_quire()) {
		tap_skip(1, "others have other memory, and count what others do meanwhile");
		return tap_finish();
	}
	test_performance_commit();
	test_performance_faults();
	test_performance_writes();
	test_performance_kernel();
	test_page_files();
	test_lists();
	test_paging();
	return tap_finish();
}

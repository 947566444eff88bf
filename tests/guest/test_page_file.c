/*
 * test_page_file.c - what is told of the page file while more pages are in use than there are
 * frames for.
 */
/* boot: frames=400 pagefile=800 */
#include "guest.h"
#include "touch.h"

#define PAGES 600 /* more than frames, less than frames and page file */
#define BYTES_OF(pages) ((SIZE_T)(pages)*PAGE_BYTES)

struct told {
	SYSTEM_PAGEFILE_INFORMATION file;
	WCHAR name[32];
	SYSTEM_PERFORMANCE_INFORMATION performance;
	VM_COUNTERS counters;
	struct quire_paging paging;
	struct quire_memory memory;
};

static void told_read(struct told *told)
{
	NtQuerySystemInformation(SYSTEM_CLASS_PAGE_FILES, &told->file,
				 sizeof(told->file) + sizeof(told->name), NULL);
	NtQuerySystemInformation(SystemPerformanceInformation, &told->performance,
				 sizeof(told->performance), NULL);
	NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &told->counters,
				  sizeof(told->counters), NULL);
	paging_read(&told->paging);
	memory_read(&told->memory);
}

/* catches: a page told to be in memory that is not; counters that stand still or run backwards */
static void test_use(void)
{
	static struct told before, used, after;
	char *memory = memory_need(BYTES_OF(PAGES));
	unsigned wrong = 0;

	told_read(&before);
	for (unsigned i = 0; i < PAGES; i++)
		memory[BYTES_OF(i)] = (char)i;
	for (unsigned i = 0; i < PAGES; i++)
		wrong += memory[BYTES_OF(i)] != (char)i;
	told_read(&used);
	memory_drop(memory);
	told_read(&after);
	tap_is_number(wrong, 0, "every page has its content");
	tap_ok(used.file.TotalUsed > 0 && used.file.TotalUsed <= used.file.CurrentSize,
	       "the page file is in use: %u pages of %u", (unsigned)used.file.TotalUsed,
	       (unsigned)used.file.CurrentSize);
	tap_ok(used.counters.WorkingSetSize < BYTES_OF(PAGES), "not all pages are in memory: %llu",
	       (unsigned long long)(used.counters.WorkingSetSize / PAGE_BYTES));
	tap_is_number(used.counters.PagefileUsage, before.counters.PagefileUsage,
		      "the commit charge does not tell where pages are");
	tap_ok(used.counters.PageFaultCount - before.counters.PageFaultCount > PAGES,
	       "pages were faulted in more than once");
	tap_ok(used.performance.PagefilePagesWritten > before.performance.PagefilePagesWritten &&
		       used.performance.PagefilePageWriteIos <=
			       used.performance.PagefilePagesWritten,
	       "%u pages were written to it", (unsigned)used.performance.PagefilePagesWritten);
	tap_ok(used.performance.PagesRead > before.performance.PagesRead, "and pages read from it");
	tap_ok(used.paging.trimmed > before.paging.trimmed &&
		       used.paging.evicted > before.paging.evicted &&
		       used.paging.pages_out > before.paging.pages_out &&
		       used.paging.pages_in > before.paging.pages_in,
	       "pages were trimmed, evicted, written, read");
	tap_ok(after.file.TotalUsed < used.file.TotalUsed, "what is released leaves it: %u pages",
	       (unsigned)after.file.TotalUsed);
	tap_ok(after.file.PeakUsed >= used.file.TotalUsed &&
		       after.file.PeakUsed >= after.file.TotalUsed,
	       "the peak stays: %u", (unsigned)after.file.PeakUsed);
	tap_ok(after.counters.PeakWorkingSetSize >= used.counters.WorkingSetSize,
	       "and so does that of the working set");
	tap_is_number(after.memory.free + after.memory.zeroed + after.memory.held +
			      after.memory.reading + after.memory.active + after.memory.standby +
			      after.memory.modified + after.memory.writing + after.memory.table +
			      after.memory.kernel,
		      after.memory.frames_total, "each frame is in one state");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("what is told of a page file in use");
	if (!system_is_quire()) {
		tap_skip(1, "others have more memory");
		return tap_finish();
	}
	touch_own_pages();
	test_use();
	return tap_finish();
}

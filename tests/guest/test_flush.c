/*
 * test_flush.c - NtFlushVirtualMemory (5.5), and prefetching (NtSetInformationVirtualMemory).
 */
#include "guest.h"

#define PAGES 4

static NTSTATUS flush(HANDLE process, const void *address, size_t bytes, IO_STATUS_BLOCK *io)
{
	PVOID base = (PVOID)(uintptr_t)address;
	SIZE_T size = bytes;

	io->Status = (NTSTATUS)0x12345678;
	return NtFlushVirtualMemory(process, &base, &size, io);
}

static uint64_t pages_written(void)
{
	struct quire_memory memory = {0};
	ULONG length;

	NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_MEMORY, &memory,
				 sizeof(memory), &length);
	return memory.page_writes;
}

/* catches: pages outside the range written, or dirty ones in it not */
static void test_dirty_pages(HANDLE file)
{
	HANDLE section;
	char *view;
	IO_STATUS_BLOCK io;
	uint64_t before;
	PVOID base;
	SIZE_T size;

	section_make(&section, PAGES * PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	view[0] = 'x';
	view[PAGE_BYTES] = 'y';
	view[2 * PAGE_BYTES] = 'z';
	before = pages_written();
	tap_is_status(flush(CURRENT_PROCESS, view + PAGE_BYTES + 10, 1, &io), STATUS_SUCCESS,
		      "5.5: one page of a view");
	if (system_is_quire()) {
		tap_is_status(io.Status, STATUS_SUCCESS, "5.5: the IO_STATUS_BLOCK is filled");
		tap_is_number(pages_written() - before, 1, "5.5: one page was written");
	} else {
		tap_skip(2, "B26; pages written are not counted here");
	}
	base = view + PAGE_BYTES + 1;
	size = 0;
	tap_is_status(NtFlushVirtualMemory(CURRENT_PROCESS, &base, &size, &io), STATUS_SUCCESS,
		      "5.5: size 0");
	if (system_is_quire()) {
		tap_ok(base == view + PAGE_BYTES && size == (PAGES - 1) * PAGE_BYTES,
		       "5.5: it means to the end of the view; both are rounded");
		tap_is_number(pages_written() - before, 3, "5.5: two more pages were written");
	} else {
		tap_skip(2, "base and size are not written back by all");
	}
	view_drop(view);
	NtClose(section);
}

/* catches: flushes of what is not a file's data */
static void test_refusals(HANDLE file)
{
	char *memory = memory_need(PAGE_BYTES);
	HANDLE section = section_need(PAGE_BYTES), weak = NULL;
	char *view = view_need(section, PAGE_READWRITE);
	IO_STATUS_BLOCK io;

	(void)file;
	tap_is_status(flush(CURRENT_PROCESS, view, PAGE_BYTES, &io), STATUS_SUCCESS,
		      "5.5: a view of the page file");
	tap_is_status(flush(NULL, view, PAGE_BYTES, &io), STATUS_INVALID_HANDLE, "5.5: handle 0");
	NtDuplicateObject(CURRENT_PROCESS, CURRENT_PROCESS, CURRENT_PROCESS, &weak, PROCESS_VM_READ,
			  0, 0);
	if (system_is_wine()) {
		tap_skip(7, "B26");
	} else {
		tap_is_status(flush(weak, view, PAGE_BYTES, &io), STATUS_ACCESS_DENIED,
			      "5.5: without VM_OPERATION");
		tap_is_status(flush(CURRENT_PROCESS, memory, PAGE_BYTES, &io),
			      STATUS_NOT_MAPPED_VIEW, "5.5: private memory");
		tap_is_number((ULONG)io.Status, 0x12345678, "5.5: no IO_STATUS_BLOCK then");
		tap_is_status(flush(CURRENT_PROCESS, (void *)(uintptr_t)test_refusals, 1, &io),
			      STATUS_NOT_MAPPED_VIEW, "5.5: an image");
		tap_is_status(flush(CURRENT_PROCESS, view, PAGE_BYTES + 1, &io),
			      STATUS_INVALID_PARAMETER_2, "5.5: a range that leaves the view");
		tap_is_status(flush(CURRENT_PROCESS, (void *)FIRST_KERNEL_ADDRESS, 1, &io),
			      STATUS_INVALID_PARAMETER_2, "5.5: a kernel address");
		tap_is_status(flush(CURRENT_PROCESS, view, UINT64_MAX, &io),
			      STATUS_INVALID_PARAMETER_2, "5.5: a size that wraps");
	}
	NtClose(weak);
	view_drop(view);
	NtClose(section);
	memory_drop(memory);
}

static NTSTATUS prefetch(ULONG class, ULONG_PTR count, const struct memory_range_entry *entries,
			 ULONG flags, ULONG length)
{
	return NtSetInformationVirtualMemory(CURRENT_PROCESS, class, count, entries, &flags,
					     length);
}

/* catches: pages that are not read, or that are mapped; a wrong order of checks */
static void test_prefetch(void)
{
	HANDLE file = file_need(DATA_FILE, FILE_READ_DATA), section;
	struct memory_range_entry entry = {NULL, 8 * PAGE_BYTES};
	volatile char *view;
	char *mapped;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	mapped = view_need(section, PAGE_READONLY);
	view = mapped + 0x80000;
	entry.base = mapped + 0x80000;
	tap_is_status(prefetch(VM_PREFETCH_INFORMATION, 1, &entry, 0, 4), STATUS_SUCCESS,
		      "prefetch of eight pages of a file");
	tap_is_number(frame_at(entry.base), 0, "they are not mapped");
	tap_faults_start();
	for (unsigned i = 0; i < 8; i++)
		(void)view[i * PAGE_BYTES];
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_SOFT, 8, "a touch finds each in memory");
	tap_faults_are(QUIRE_FAULT_FILE, 0, "none is read again");
	tap_is_bad_parameter(prefetch(99, 1, &entry, 0, 4), STATUS_INVALID_PARAMETER_2,
			     "an unknown class");
	tap_is_bad_parameter(prefetch(VM_PREFETCH_INFORMATION, 0, &entry, 0, 4),
			     STATUS_INVALID_PARAMETER_3, "no entries");
	tap_is_status_or(prefetch(VM_PREFETCH_INFORMATION, 1, &entry, 1, 4),
			 STATUS_INVALID_PARAMETER_5, STATUS_SUCCESS, "unknown flags");
	tap_is_bad_parameter(prefetch(VM_PREFETCH_INFORMATION, 1, &entry, 0, 3),
			     STATUS_INVALID_PARAMETER_6, "a wrong length");
	entry.size_bytes = 0;
	tap_is_bad_parameter(prefetch(VM_PREFETCH_INFORMATION, 1, &entry, 0, 4),
			     STATUS_INVALID_PARAMETER_4, "an entry of no bytes");
	entry = (struct memory_range_entry){mapped - 0x1000, 0x2000};
	tap_is_status(prefetch(VM_PREFETCH_INFORMATION, 1, &entry, 0, 4), STATUS_SUCCESS,
		      "what is not mapped is passed over");
	view_drop(mapped);
	NtClose(section);
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	HANDLE file = file_need(SCRATCH_FILE, FILE_READ_DATA | FILE_WRITE_DATA);

	(void)argc;
	(void)argv;
	tap_start("flushing and prefetching");
	test_dirty_pages(file);
	test_refusals(file);
	test_prefetch();
	NtClose(file);
	return tap_finish();
}

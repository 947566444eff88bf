/*
 * test_query.c - what the system tells: regions of memory, counters, processes, handles, files and
 * folders (5.4; P7.148; section 8 of the design).
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

static NTSTATUS query_region(uint64_t address, MEMORY_BASIC_INFORMATION *region, SIZE_T bytes,
			     SIZE_T *length)
{
	return NtQueryVirtualMemory(CURRENT_PROCESS, (void *)(uintptr_t)address,
				    MemoryBasicInformation, region, bytes, length);
}

/* catches: limits checked one off; a length that is not */
static void test_region_limits(void)
{
	MEMORY_BASIC_INFORMATION region;
	SIZE_T length = 0;

	tap_is_status(query_region(0, &region, sizeof(region), &length), STATUS_SUCCESS,
		      "5.4: address 0");
	tap_ok(region.State == MEM_FREE && length == sizeof(region), "is free; 48 bytes told");
	tap_is_status(query_region(USER_LIMIT - 1, &region, sizeof(region), NULL), STATUS_SUCCESS,
		      "5.4: the highest user address");
	tap_is_status(query_region(UINT64_MAX, &region, sizeof(region), NULL),
		      STATUS_INVALID_PARAMETER, "P7.148: -1");
	tap_is_status(query_region(FIRST_KERNEL_ADDRESS, &region, sizeof(region), NULL),
		      STATUS_INVALID_PARAMETER, "P7.148: a kernel address");
	tap_is_status(query_region(0x10000, &region, 47, NULL), STATUS_INFO_LENGTH_MISMATCH,
		      "5.4: 47 bytes");
	tap_is_status(query_region(SHARED_DATA_ADDRESS, &region, sizeof(region), NULL),
		      STATUS_SUCCESS, "5.4: the shared data page");
	tap_ok(region.State == MEM_COMMIT && region.Protect == PAGE_READONLY &&
		       region.Type == MEM_PRIVATE && region.RegionSize == PAGE_BYTES,
	       "5.4: committed, read-only, private, one page");
	tap_is_status(
		NtQueryVirtualMemory(CURRENT_PROCESS, NULL, 0x1234, &region, sizeof(region), NULL),
		STATUS_INVALID_INFO_CLASS, "5.4: no such class");
}

/* catches: regions that overlap, leave holes, or run over the end */
static void test_region_walk(void)
{
	uint64_t address = 0, reached = 0;
	unsigned regions = 0, broken = 0, wrong = 0;

	while (address < USER_LIMIT && regions < 5000) {
		MEMORY_BASIC_INFORMATION region;

		if (!NT_SUCCESS(query_region(address, &region, sizeof(region), NULL)))
			break;
		broken += (uintptr_t)region.BaseAddress != address || !region.RegionSize ||
			  region.RegionSize % PAGE_BYTES;
		wrong += region.State == MEM_FREE
				 ? region.AllocationBase || region.Type ||
					   region.Protect != PAGE_NOACCESS
				 : (uintptr_t)region.AllocationBase > address || !region.Type ||
					   (uintptr_t)region.AllocationBase % GRANULARITY_BYTES;
		address += region.RegionSize;
		reached = address;
		regions++;
	}
	tap_is_number(broken, 0, "each of %u regions starts where the one before ended", regions);
	tap_is_number(wrong, 0, "and each has a proper state");
	tap_is_number(reached, USER_LIMIT, "the last one ends where user space ends");
}

/* catches: a fault not counted, counted twice, or in another class; a working set that lags */
static void test_counters(void)
{
	SYSTEM_PERFORMANCE_INFORMATION before, after;
	struct quire_fault_counts counts_before, counts_after;
	const unsigned page_count = 10;
	char *memory;

	if (!fault_counts_read(&counts_before)) {
		tap_skip(7, "others count other things meanwhile");
		return;
	}
	memory = memory_need(page_count * PAGE_BYTES);
	NtQuerySystemInformation(SystemPerformanceInformation, &before, sizeof(before), NULL);
	NtQuerySystemInformation(SystemPerformanceInformation, &after, sizeof(after), NULL);
	fault_counts_read(&counts_before);
	NtQuerySystemInformation(SystemPerformanceInformation, &before, sizeof(before), NULL);
	for (unsigned i = 0; i < page_count; i++)
		((volatile char *)memory)[i * PAGE_BYTES] = 1;
	NtQuerySystemInformation(SystemPerformanceInformation, &after, sizeof(after), NULL);
	fault_counts_read(&counts_after);
	tap_is_number(after.PageFaults - before.PageFaults, page_count,
		      "PageFaultCount: one fault a page");
	tap_is_number(after.DemandZeroFaults - before.DemandZeroFaults, page_count,
		      "DemandZeroCount: all of them");
	tap_is_number(after.WriteCopyFaults - before.WriteCopyFaults, 0, "CopyOnWriteCount");
	tap_ok(before.AvailablePages - after.AvailablePages >= page_count, "AvailablePages fell");
	tap_is_number(counts_after.resident_pages - counts_before.resident_pages, page_count,
		      "the process has so many pages more");
	tap_is_number(counts_after.by_class[QUIRE_FAULT_DEMAND_ZERO] -
			      counts_before.by_class[QUIRE_FAULT_DEMAND_ZERO],
		      page_count, "and counted so many faults itself");
	tap_is_number(counts_after.commit_pages, counts_before.commit_pages,
		      "touching changes no commit charge");
	memory_drop(memory);
}

/* catches: frames that are in no state, or in two */
static void test_frames(void)
{
	struct quire_memory memory;
	uint64_t sum;

	if (!memory_read(&memory)) {
		tap_skip(3, "frame counts are Quire's");
		return;
	}
	sum = memory.free + memory.zeroed + memory.held + memory.reading + memory.active +
	      memory.standby + memory.modified + memory.writing + memory.table + memory.kernel;
	tap_is_number(sum, memory.frames_total, "each frame is in one state");
	tap_ok(memory.commit <= memory.commit_limit && memory.commit <= memory.commit_peak,
	       "commit is within its limit and its peak");
	tap_ok(memory.processes >= 2 && memory.threads >= memory.processes && memory.handles,
	       "there are processes, threads and handles");
}

/* catches: a length that is trusted, or an answer longer than it says */
static void test_system(void)
{
	SYSTEM_BASIC_INFORMATION basic = {.PhysicalPageSize = 0};
	char buffer[512];
	ULONG length = 0;

	tap_is_status(
		NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic), &length),
		STATUS_SUCCESS, "basic information");
	tap_is_number(length, sizeof(basic), "its length is told");
	tap_is_number(basic.PhysicalPageSize, PAGE_BYTES, "the page size");
	tap_is_number(basic.AllocationGranularity, GRANULARITY_BYTES, "the granularity");
	tap_ok(basic.NumberOfProcessors >= 1, "there is a processor");
	tap_is_status(NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic) - 1,
					       &length),
		      STATUS_INFO_LENGTH_MISMATCH, "a byte too few");
	tap_is_number(length, sizeof(basic), "the length is told all the same");
	tap_is_status(NtQuerySystemInformation(0x7777, buffer, sizeof(buffer), NULL),
		      STATUS_INVALID_INFO_CLASS, "no such class");
	memset(buffer, '~', sizeof(buffer));
	tap_is_status(NtQuerySystemInformation(SystemPerformanceInformation, buffer, sizeof(buffer),
					       &length),
		      STATUS_SUCCESS, "performance information");
	tap_ok(length >= 312 && length < sizeof(buffer) && buffer[length] == '~',
	       "nothing is stored behind its length");
}

/* catches: counters of the caller where another process was asked for */
static void test_process(void)
{
	PROCESS_BASIC_INFORMATION basic = {.PebBaseAddress = NULL};
	VM_COUNTERS counters = {.PageFaultCount = 0}, of_child = {.PageFaultCount = 0};
	struct child child;
	ULONG length = 0;

	tap_is_status(NtQueryInformationProcess(CURRENT_PROCESS, ProcessBasicInformation, &basic,
						sizeof(basic), &length),
		      STATUS_SUCCESS, "basic information of this process");
	tap_ok(length == sizeof(basic) &&
		       basic.PebBaseAddress == NtCurrentTeb()->ProcessEnvironmentBlock,
	       "its PEB is where the TEB says");
	tap_is_status(basic.ExitStatus, STATUS_PENDING, "it runs");
	tap_is_status(NtQueryInformationProcess(CURRENT_PROCESS, ProcessBasicInformation, &basic,
						sizeof(basic) - 1, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "a byte too few");
	tap_is_status(NtQueryInformationProcess(CURRENT_PROCESS, (PROCESSINFOCLASS)0x7777, &basic,
						sizeof(basic), NULL),
		      STATUS_INVALID_INFO_CLASS, "no such class");
	tap_is_status(NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters,
						sizeof(counters), &length),
		      STATUS_SUCCESS, "memory counters");
	tap_ok(counters.WorkingSetSize && counters.PeakWorkingSetSize >= counters.WorkingSetSize &&
		       counters.PeakVirtualSize >= counters.VirtualSize,
	       "peaks are no lower than what they are peaks of");
	if (!NT_SUCCESS(child_start_self(&child, "sleep")))
		bail_out("a child", STATUS_UNSUCCESSFUL);
	NtQueryInformationProcess(child.process, ProcessVmCounters, &of_child, sizeof(of_child),
				  NULL);
	if (system_is_quire())
		tap_ok(of_child.PageFaultCount < counters.PageFaultCount,
		       "another process has counters of its own");
	else
		tap_skip(1, "others count no faults");
	NtTerminateProcess(child.process, 0);
	NtWaitForSingleObject(child.process, FALSE, NULL);
	child_close(&child);
}

/* catches: processes or handles that are left out; names of others */
static void test_lists(void)
{
	static struct quire_process_entry processes[32];
	static struct quire_handle_entry handles[64];
	PROCESS_BASIC_INFORMATION basic;
	unsigned found = 0;
	ULONG length = 0;
	HANDLE file;
	NTSTATUS status = NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_PROCESSES,
						   processes, sizeof(processes), &length);

	if (!system_is_quire()) {
		tap_skip(5, "these lists are Quire's");
		return;
	}
	tap_is_status(status, STATUS_SUCCESS, "the list of processes");
	NtQueryInformationProcess(CURRENT_PROCESS, ProcessBasicInformation, &basic, sizeof(basic),
				  NULL);
	for (unsigned i = 0; i < length / sizeof(processes[0]); i++)
		found += processes[i].id == basic.UniqueProcessId &&
			 processes[i].parent_id == basic.InheritedFromUniqueProcessId &&
			 !strcmp(processes[i].name, "test_query.exe") && processes[i].threads == 1;
	tap_is_number(found, 1, "has this one once");
	tap_is_status(NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_PROCESSES,
					       processes, sizeof(processes[0]) + 1, &length),
		      STATUS_INFO_LENGTH_MISMATCH, "a list that does not fit");
	file = file_need(ODD_FILE, FILE_READ_DATA);
	status = NtQueryInformationProcess(CURRENT_PROCESS, (PROCESSINFOCLASS)QUIRE_PROCESS_HANDLES,
					   handles, sizeof(handles), &length);
	tap_is_status(status, STATUS_SUCCESS, "the list of handles");
	found = 0;
	for (unsigned i = 0; i < length / sizeof(handles[0]); i++)
		found += handles[i].handle == (uintptr_t)file && !strcmp(handles[i].type, "File") &&
			 !strcmp(handles[i].name, "\\data\\scratch0.bin");
	tap_is_number(found, 1, "has the file just opened");
	NtClose(file);
}

static HANDLE folder_need(const WCHAR *path)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	IO_STATUS_BLOCK io;
	HANDLE folder;
	NTSTATUS status;

	RtlInitUnicodeString(&name, path);
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	status = NtOpenFile(&folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &io,
			    FILE_SHARE_READ | FILE_SHARE_WRITE,
			    FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
	if (!NT_SUCCESS(status))
		bail_out("a folder", status);
	return folder;
}

/* How many entries match, in calls with a buffer of so many bytes. */
static unsigned entries_count(const WCHAR *mask, ULONG buffer_bytes, NTSTATUS *last)
{
	HANDLE folder = folder_need(L"\\??\\C:\\bin");
	char buffer[2048] __attribute__((aligned(8)));
	UNICODE_STRING pattern;
	IO_STATUS_BLOCK io;
	unsigned found = 0;

	RtlInitUnicodeString(&pattern, mask);
	while (NT_SUCCESS(*last = NtQueryDirectoryFile(folder, NULL, NULL, NULL, &io, buffer,
						       buffer_bytes, FileDirectoryInformation,
						       FALSE, &pattern, FALSE))) {
		const FILE_DIRECTORY_INFORMATION *entry = (const void *)buffer;

		for (;; entry = (const void *)((const char *)entry + entry->NextEntryOffset)) {
			found += entry->FileName[0] != L'.';
			if (!entry->NextEntryOffset)
				break;
		}
	}
	NtClose(folder);
	return found;
}

/* catches: entries lost between two calls; patterns that match by the letter */
static void test_folder(void)
{
	NTSTATUS last = STATUS_SUCCESS;
	unsigned all = entries_count(L"*", 2048, &last);

	tap_is_status(last, STATUS_NO_MORE_FILES, "a folder ends with NO_MORE_FILES");
	tap_ok(all >= 8, "it has the programs (%u)", all);
	tap_is_number(entries_count(L"*", 200, &last), all, "small buffers lose nothing");
	tap_is_number(entries_count(L"HELLO.*", 2048, &last), 1, "a pattern, in capitals");
	tap_is_number(entries_count(L"hell?.exe", 2048, &last), 1, "a pattern with ?");
	tap_is_number(entries_count(L"*.nothing", 2048, &last), 0,
		      "a pattern that matches nothing");
	tap_is_status(last, STATUS_NO_SUCH_FILE, "says so");
}

/* catches: sizes of the segment where those of the file were asked for */
static void test_file(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);
	FILE_STANDARD_INFORMATION standard = {.NumberOfLinks = 0};
	IO_STATUS_BLOCK io;

	tap_is_status(NtQueryInformationFile(file, &io, &standard, sizeof(standard),
					     FileStandardInformation),
		      STATUS_SUCCESS, "standard information of a file");
	tap_is_number((uint64_t)standard.EndOfFile.QuadPart, ODD_BYTES, "its size to the byte");
	tap_ok(standard.AllocationSize.QuadPart >= ODD_BYTES && !standard.Directory,
	       "its allocation is no less; it is no folder");
	tap_is_status(NtQueryInformationFile(file, &io, &standard, sizeof(standard) - 1,
					     FileStandardInformation),
		      STATUS_INFO_LENGTH_MISMATCH, "a byte too few");
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sleep"))
		return NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = -1000000000ll});
	tap_start("queries");
	touch_own_pages();
	test_region_limits();
	test_region_walk();
	test_counters();
	test_frames();
	test_system();
	test_process();
	test_lists();
	test_folder();
	test_file();
	return tap_finish();
}

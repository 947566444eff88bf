/*
 * test_working_set.c - what a process is told of its memory (ProcessVmCounters), and the limits of
 * its working set (ProcessQuotaLimits). Lengths and statuses are Windows' (documentation of
 * SetProcessWorkingSetSizeEx, ReactOS' and Wine's tests of these classes).
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

#define PAGES 100
#define BYTES_OF(pages) ((SIZE_T)(pages)*PAGE_BYTES)
#define NO_LIMIT ((SIZE_T)-1)

static QUOTA_LIMITS_EX limits;

static NTSTATUS limits_query(ULONG length, ULONG *returned)
{
	memset(&limits, 0xAA, sizeof(limits));
	return NtQueryInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &limits, length,
					 returned);
}

static NTSTATUS limits_set_in(HANDLE process, SIZE_T minimum, SIZE_T maximum, ULONG flags)
{
	QUOTA_LIMITS_EX wanted = {
		.MinimumWorkingSetSize = minimum, .MaximumWorkingSetSize = maximum, .Flags = flags};

	return NtSetInformationProcess(process, ProcessQuotaLimits, &wanted, sizeof(wanted));
}

static NTSTATUS limits_set(SIZE_T minimum, SIZE_T maximum, ULONG flags)
{
	return limits_set_in(CURRENT_PROCESS, minimum, maximum, flags);
}

static struct vm_counters counters_read(void)
{
	struct vm_counters counters = {.private_bytes = 0};
	NTSTATUS status = NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters,
						    sizeof(counters), NULL);

	if (!NT_SUCCESS(status))
		bail_out("ProcessVmCounters", status);
	return counters;
}

/* Pages that anybody lost to somebody: exact counts hold as long as it stays. */
static uint64_t trimmed_read(void)
{
	struct quire_paging paging;

	paging_read(&paging);
	return paging.trimmed;
}

static void pages_touch(char *memory, unsigned count, char value)
{
	for (unsigned i = 0; i < count; i++)
		((volatile char *)memory)[BYTES_OF(i)] = value;
}

static unsigned pages_wrong(const char *memory, unsigned count, char value)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < count; i++)
		wrong += memory[BYTES_OF(i)] != value;
	return wrong;
}

static void expect_limits(SIZE_T minimum, SIZE_T maximum, ULONG flags, const char *when)
{
	NTSTATUS status = limits_query(sizeof(limits), NULL);

	tap_ok(NT_SUCCESS(status) && limits.MinimumWorkingSetSize == minimum &&
		       limits.MaximumWorkingSetSize == maximum && limits.Flags == flags,
	       "%s: %llu to %llu bytes, flags %x", when, (unsigned long long)minimum,
	       (unsigned long long)maximum, (unsigned)flags);
}

/* ---- the limits ---- */

/* catches: a length that is not checked; the short form with the fields of the long one */
static void test_query(void)
{
	ULONG returned = 0;

	tap_is_status(limits_query(sizeof(QUOTA_LIMITS), &returned), STATUS_SUCCESS,
		      "QUOTA_LIMITS");
	tap_is_number(returned, 48, "48 bytes");
	tap_is_number(limits.MinimumWorkingSetSize, BYTES_OF(50), "the minimum: 50 pages");
	tap_is_number(limits.MaximumWorkingSetSize, BYTES_OF(345), "the maximum: 345 pages");
	tap_ok(limits.PagedPoolLimit == NO_LIMIT && limits.NonPagedPoolLimit == NO_LIMIT &&
		       limits.PagefileLimit == NO_LIMIT && limits.TimeLimit.QuadPart == -1,
	       "no other limits");
	tap_is_number(limits.WorkingSetLimit, 0xAAAAAAAAAAAAAAAA, "nothing behind it is written");
	tap_is_status(limits_query(47, NULL), STATUS_INFO_LENGTH_MISMATCH, "a byte less");
	tap_is_status(limits_query(49, NULL), STATUS_INFO_LENGTH_MISMATCH, "a byte more");
	tap_is_status(limits_query(sizeof(limits), &returned), STATUS_SUCCESS, "QUOTA_LIMITS_EX");
	tap_is_number(returned, 88, "88 bytes");
	expect_limits(BYTES_OF(50), BYTES_OF(345),
		      QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE,
		      "neither limit is hard");
	tap_is_status(limits_query(87, NULL), STATUS_INFO_LENGTH_MISMATCH, "87 bytes");
}

/* catches: limits that are accepted and not kept; flags that the short form takes away */
static void test_set(void)
{
	QUOTA_LIMITS plain = {.MinimumWorkingSetSize = BYTES_OF(40),
			      .MaximumWorkingSetSize = BYTES_OF(200)};
	const ULONG soft = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;

	tap_is_status(
		NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &plain, sizeof(plain)),
		STATUS_SUCCESS, "limits in the short form");
	expect_limits(BYTES_OF(40), BYTES_OF(200), soft, "are kept");
	tap_is_status(limits_set(BYTES_OF(30), BYTES_OF(900), QUOTA_LIMITS_HARDWS_MIN_ENABLE),
		      STATUS_SUCCESS, "a hard minimum");
	expect_limits(BYTES_OF(30), BYTES_OF(900),
		      QUOTA_LIMITS_HARDWS_MIN_ENABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE, "it is");
	tap_is_status(
		NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &plain, sizeof(plain)),
		STATUS_SUCCESS, "the short form has no flags");
	expect_limits(BYTES_OF(40), BYTES_OF(200),
		      QUOTA_LIMITS_HARDWS_MIN_ENABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE,
		      "they stay");
	tap_is_status(limits_set(BYTES_OF(50) + 1, BYTES_OF(345) + 4095, soft), STATUS_SUCCESS,
		      "parts of pages");
	expect_limits(BYTES_OF(50), BYTES_OF(345), soft, "do not count");
}

/* catches: a bad value that is accepted, or changes something before it is refused */
static void test_bad_values(void)
{
	const ULONG soft = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;
	QUOTA_LIMITS_EX reserved = {.MinimumWorkingSetSize = BYTES_OF(50),
				    .MaximumWorkingSetSize = BYTES_OF(60),
				    .Reserved3 = 1};

	tap_is_status(limits_set(BYTES_OF(61), BYTES_OF(60), 0), STATUS_BAD_WORKING_SET_LIMIT,
		      "a minimum above the maximum");
	tap_is_status(limits_set(BYTES_OF(1), BYTES_OF(12), 0), STATUS_BAD_WORKING_SET_LIMIT,
		      "a maximum of 12 pages");
	tap_is_status(limits_set(BYTES_OF(50), BYTES_OF(60), 0x3), STATUS_INVALID_PARAMETER,
		      "minimum both hard and not");
	tap_is_status(limits_set(BYTES_OF(50), BYTES_OF(60), 0xC), STATUS_INVALID_PARAMETER,
		      "maximum both hard and not");
	tap_is_status(limits_set(BYTES_OF(50), BYTES_OF(60), 0x20), STATUS_INVALID_PARAMETER,
		      "an unknown flag");
	tap_is_status(NtSetInformationProcess(CURRENT_PROCESS, ProcessQuotaLimits, &reserved,
					      sizeof(reserved)),
		      STATUS_INVALID_PARAMETER, "a reserved field");
	tap_is_status(limits_set(0, BYTES_OF(60), 0), STATUS_PRIVILEGE_NOT_HELD,
		      "no minimum: these are other quotas");
	tap_is_status(limits_set(BYTES_OF(50), 0, 0), STATUS_PRIVILEGE_NOT_HELD, "no maximum");
	tap_is_status(limits_set(NO_LIMIT, BYTES_OF(60), 0), STATUS_BAD_WORKING_SET_LIMIT,
		      "-1 as one of them is a number");
	expect_limits(BYTES_OF(50), BYTES_OF(345), soft, "nothing was changed");
}

/* catches: limits that no process could have */
static void test_range(void)
{
	SYSTEM_BASIC_INFORMATION basic;
	const ULONG soft = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;

	NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic), NULL);
	tap_is_status(limits_set(BYTES_OF(1), BYTES_OF(100), 0), STATUS_WORKING_SET_LIMIT_RANGE,
		      "a minimum of one page");
	expect_limits(BYTES_OF(20), BYTES_OF(100), soft, "is 20");
	tap_is_status(limits_set(BYTES_OF(1), BYTES_OF(13), 0), STATUS_WORKING_SET_LIMIT_RANGE,
		      "a maximum of 13");
	expect_limits(BYTES_OF(13), BYTES_OF(13), soft, "is the smallest, and the minimum");
	tap_is_status(limits_set(BYTES_OF(50), (SIZE_T)1 << 50, 0), STATUS_WORKING_SET_LIMIT_RANGE,
		      "a maximum of 1 PiB");
	expect_limits(BYTES_OF(50), BYTES_OF(basic.NumberOfPhysicalPages), soft, "is all memory");
	tap_is_status(limits_set(BYTES_OF(50), BYTES_OF(345), 0), STATUS_SUCCESS, "as before");
}

/* catches: the caller's limits where another's were meant; a right that is not asked for */
static void test_other_process(void)
{
	OBJECT_ATTRIBUTES attributes;
	CLIENT_ID id = {NULL, NULL};
	struct child child;
	HANDLE few;
	QUOTA_LIMITS seen;

	if (!NT_SUCCESS(child_start_self(&child, "sleep")))
		bail_out("a child", STATUS_UNSUCCESSFUL);
	tap_is_status(limits_set_in(child.process, BYTES_OF(60), BYTES_OF(70), 0), STATUS_SUCCESS,
		      "another process");
	NtQueryInformationProcess(child.process, ProcessQuotaLimits, &seen, sizeof(seen), NULL);
	tap_ok(seen.MinimumWorkingSetSize == BYTES_OF(60) &&
		       seen.MaximumWorkingSetSize == BYTES_OF(70),
	       "has limits of its own");
	tap_ok(NT_SUCCESS(limits_query(sizeof(limits), NULL)) &&
		       limits.MaximumWorkingSetSize == BYTES_OF(345),
	       "ours stay");
	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	id.UniqueProcess = (HANDLE)(uintptr_t)child.id;
	NtOpenProcess(&few, PROCESS_SET_INFORMATION | PROCESS_VM_READ, &attributes, &id);
	tap_is_status(limits_set_in(few, BYTES_OF(60), BYTES_OF(70), 0), STATUS_ACCESS_DENIED,
		      "without PROCESS_SET_QUOTA");
	tap_is_status(NtQueryInformationProcess(few, ProcessQuotaLimits, &seen, sizeof(seen), NULL),
		      STATUS_ACCESS_DENIED, "without PROCESS_QUERY_INFORMATION");
	NtClose(few);
	NtTerminateProcess(child.process, 0);
	NtWaitForSingleObject(child.process, FALSE, NULL);
	tap_is_status(limits_set_in(child.process, BYTES_OF(60), BYTES_OF(70), 0),
		      STATUS_PROCESS_IS_TERMINATING, "a process that has ended");
	child_close(&child);
}

/* ---- what they do ---- */

/* catches: pages that stay, content that does not; a page that comes back by a read */
static void test_empty(void)
{
	char *memory = memory_need(BYTES_OF(PAGES));
	struct vm_counters before, after;

	pages_touch(memory, PAGES, 'e');
	before = counters_read();
	tap_is_status(limits_set(NO_LIMIT, NO_LIMIT, 0), STATUS_SUCCESS, "-1 and -1");
	after = counters_read();
	tap_ok(after.counters.WorkingSetSize + BYTES_OF(PAGES) <= before.counters.WorkingSetSize,
	       "the working set fell by more than %u pages", PAGES);
	tap_is_number(after.counters.PagefileUsage, before.counters.PagefileUsage,
		      "the commit charge stays");
	tap_ok(after.counters.PeakWorkingSetSize >= before.counters.WorkingSetSize,
	       "and so does the peak");
	expect_limits(BYTES_OF(50), BYTES_OF(345),
		      QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE,
		      "the limits stay");
	touch_own_pages();
	tap_faults_start();
	tap_is_number(pages_wrong(memory, PAGES, 'e'), 0, "the content is there");
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_SOFT, PAGES, "a soft fault a page");
	memory_drop(memory);
}

/* catches: a maximum that is only remembered; one that loses what it takes away */
static void test_hard_maximum(void)
{
	const SIZE_T most = BYTES_OF(60);
	char *memory = memory_need(BYTES_OF(3 * PAGES));
	struct vm_counters counters;

	pages_touch(memory, PAGES, 'h');
	tap_is_status(limits_set(BYTES_OF(20), most, QUOTA_LIMITS_HARDWS_MAX_ENABLE),
		      STATUS_SUCCESS, "a hard maximum of 60 pages");
	counters = counters_read();
	tap_ok(counters.counters.WorkingSetSize <= most, "holds at once (%llu pages)",
	       (unsigned long long)(counters.counters.WorkingSetSize / PAGE_BYTES));
	pages_touch(memory, 3 * PAGES, 'H');
	counters = counters_read();
	tap_ok(counters.counters.WorkingSetSize <= most, "and later (%llu pages)",
	       (unsigned long long)(counters.counters.WorkingSetSize / PAGE_BYTES));
	tap_is_number(pages_wrong(memory, 3 * PAGES, 'H'), 0, "nothing is lost");
	tap_is_status(limits_set(BYTES_OF(50), BYTES_OF(345), QUOTA_LIMITS_HARDWS_MAX_DISABLE),
		      STATUS_SUCCESS, "not hard any more");
	pages_touch(memory, 3 * PAGES, 'x');
	counters = counters_read();
	tap_ok(counters.counters.WorkingSetSize > most, "it grows again");
	memory_drop(memory);
}

/* ---- counters ---- */

/* catches: lengths that are not exact; the longer form cut off or uninitialised */
static void test_counter_lengths(void)
{
	struct vm_counters counters;
	ULONG returned = 0;

	memset(&counters, 0xAA, sizeof(counters));
	tap_is_status(NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters, 88,
						&returned),
		      STATUS_SUCCESS, "VM_COUNTERS");
	tap_ok(returned == 88 && counters.private_bytes == 0xAAAAAAAAAAAAAAAA, "88 bytes, no more");
	tap_is_status(NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters, 96,
						&returned),
		      STATUS_SUCCESS, "VM_COUNTERS_EX");
	tap_is_number(returned, 96, "96 bytes");
	if (system_is_quire())
		tap_is_number(counters.private_bytes, counters.counters.PagefileUsage,
			      "PrivateUsage is the commit charge");
	else
		tap_skip(1, "Wine asks its host");
	tap_is_status(
		NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters, 87, NULL),
		STATUS_INFO_LENGTH_MISMATCH, "87 bytes");
	tap_is_status(
		NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters, 92, NULL),
		STATUS_INFO_LENGTH_MISMATCH, "92 bytes");
	tap_is_status(
		NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters, 97, NULL),
		STATUS_INFO_LENGTH_MISMATCH, "97 bytes");
}

/* catches: a page counted twice, late or not at all; commit charged for what is only reserved */
static void test_counters_move(void)
{
	struct vm_counters before, reserved, committed, touched, gone;
	uint64_t trimmed = trimmed_read();
	SIZE_T bytes = BYTES_OF(PAGES), zero = 0;
	PVOID memory = NULL;

	counters_read();
	before = counters_read();
	NtAllocateVirtualMemory(CURRENT_PROCESS, &memory, 0, &bytes, MEM_RESERVE, PAGE_READWRITE);
	reserved = counters_read();
	NtAllocateVirtualMemory(CURRENT_PROCESS, &memory, 0, &bytes, MEM_COMMIT, PAGE_READWRITE);
	committed = counters_read();
	pages_touch(memory, PAGES, 't');
	touched = counters_read();
	NtFreeVirtualMemory(CURRENT_PROCESS, &memory, &zero, MEM_RELEASE);
	gone = counters_read();
	tap_is_number(reserved.counters.VirtualSize - before.counters.VirtualSize, bytes,
		      "VirtualSize: what is reserved");
	tap_is_number(reserved.private_bytes, before.private_bytes, "is not charged");
	tap_is_number(committed.private_bytes - before.private_bytes, bytes,
		      "PrivateUsage: what is committed");
	tap_is_number(committed.counters.PagefileUsage - before.counters.PagefileUsage, bytes,
		      "PagefileUsage, too");
	tap_is_number(gone.private_bytes, before.private_bytes, "until it is released");
	tap_ok(gone.counters.VirtualSize == before.counters.VirtualSize &&
		       gone.counters.PeakVirtualSize >= touched.counters.VirtualSize &&
		       gone.counters.PeakPagefileUsage >= touched.counters.PagefileUsage &&
		       gone.counters.PeakWorkingSetSize >= touched.counters.WorkingSetSize,
	       "the peaks stay");
	tap_ok(!gone.counters.QuotaPagedPoolUsage && !gone.counters.QuotaPeakNonPagedPoolUsage,
	       "no pool is charged");
	if (trimmed_read() != trimmed) {
		tap_skip(3, "memory is short: pages went meanwhile");
		return;
	}
	tap_is_number(touched.counters.WorkingSetSize - committed.counters.WorkingSetSize, bytes,
		      "WorkingSetSize: what was touched");
	tap_is_number(touched.counters.PageFaultCount - committed.counters.PageFaultCount, PAGES,
		      "PageFaultCount: a fault a page");
	tap_is_number(gone.counters.WorkingSetSize, committed.counters.WorkingSetSize,
		      "WorkingSetSize falls as the pages go");
}

/* catches: shared memory charged to the process that maps it */
static void test_counters_shared(void)
{
	HANDLE section = section_need(BYTES_OF(PAGES));
	struct vm_counters before, mapped, touched;
	uint64_t trimmed = trimmed_read();
	char *view;

	before = counters_read();
	view = view_need(section, PAGE_READWRITE);
	mapped = counters_read();
	pages_touch(view, PAGES, 's');
	touched = counters_read();
	tap_is_number(mapped.counters.VirtualSize - before.counters.VirtualSize, BYTES_OF(PAGES),
		      "a view takes addresses");
	tap_is_number(touched.private_bytes, before.private_bytes, "but no commit");
	if (trimmed_read() == trimmed)
		tap_is_number(touched.counters.WorkingSetSize - mapped.counters.WorkingSetSize,
			      BYTES_OF(PAGES), "its pages are in the working set");
	else
		tap_skip(1, "memory is short: pages went meanwhile");
	view_drop(view);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sleep"))
		return NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = -1000000000ll});
	tap_start("the working set and its limits");
	touch_own_pages();
	test_counter_lengths();
	if (!system_is_quire()) {
		tap_skip(1, "Wine 8.0 has no limits, and counts what its host does");
		return tap_finish();
	}
	test_query();
	test_set();
	test_bad_values();
	test_range();
	test_other_process();
	test_empty();
	test_hard_maximum();
	test_counters_move();
	test_counters_shared();
	return tap_finish();
}

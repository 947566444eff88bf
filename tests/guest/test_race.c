/*
 * test_race.c - several threads at the same pages: first touches, copies on write, and buffers that
 * go away while a call uses them (reliability 2b; R-17 in small).
 *
 * One processor: threads meet where one is interrupted, waits for the disk or yields. What is
 * checked is true in every order.
 */
#include <string.h>

#include "calls.h"
#include "child.h"
#include "guest.h"
#include "touch.h"

enum { THREADS = 4, PAGES = 64 };

static void threads_run(thread_start_routine routine)
{
	HANDLE threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_need(routine, (PVOID)(uintptr_t)i, 0);
	for (unsigned i = 0; i < THREADS; i++) {
		NtWaitForSingleObject(threads[i], FALSE, NULL);
		NtClose(threads[i]);
	}
}

/* ---- first touches ---- */

static volatile char *pages;
static unsigned sums[THREADS];

static NTSTATUS NTAPI read_all(PVOID argument)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		sum += (unsigned char)pages[i * PAGE_BYTES];
		NtYieldExecution();
	}
	sums[(uintptr_t)argument] = sum;
	return STATUS_SUCCESS;
}

/* catches: a page read twice because two threads wanted it, or shown before it has arrived */
static void test_first_touch(void)
{
	HANDLE file = file_need(DATA_FILE, FILE_READ_DATA), section;
	struct quire_memory before, after;
	char *view;
	unsigned different = 0;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	pages = view + 0x200000; /* no other test reads here */
	memory_read(&before);
	memory_read(&before);
	threads_run(read_all);
	memory_read(&after);
	for (unsigned i = 1; i < THREADS; i++)
		different += sums[i] != sums[0];
	tap_is_number(different, 0, "%u threads read the same bytes of a file", THREADS);
	if (system_is_quire())
		tap_is_number(after.page_reads - before.page_reads, PAGES,
			      "each page was read once");
	else
		tap_skip(1, "counts of disk transfers are Quire's");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* ---- copies on write ---- */

static NTSTATUS NTAPI write_own_bytes(PVOID argument)
{
	uintptr_t number = (uintptr_t)argument;

	for (unsigned i = 0; i < 16; i++) {
		pages[i * PAGE_BYTES + number] = (char)('0' + number);
		NtYieldExecution();
	}
	return STATUS_SUCCESS;
}

/* catches: a second copy that throws a store to the first away; a store that reaches the section */
static void test_copies(void)
{
	HANDLE section = section_need(16 * PAGE_BYTES);
	char *copy = view_need(section, PAGE_WRITECOPY), *view = view_need(section, PAGE_READWRITE);
	unsigned lost = 0, leaked = 0;

	memset(view, 's', 16 * PAGE_BYTES);
	pages = copy;
	tap_faults_start();
	threads_run(write_own_bytes);
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_COPY_ON_WRITE, 16, "four threads that write 16 pages");
	for (unsigned i = 0; i < 16; i++) {
		for (unsigned j = 0; j < THREADS; j++) {
			lost += copy[i * PAGE_BYTES + j] != (char)('0' + j);
			leaked += view[i * PAGE_BYTES + j] != 's';
		}
		lost += copy[i * PAGE_BYTES + THREADS] != 's';
	}
	tap_is_number(lost, 0, "no thread's store to a copied page is lost");
	tap_is_number(leaked, 0, "none reached the section");
	view_drop(copy);
	view_drop(view);
	NtClose(section);
}

/* ---- buffers that go away ---- */

static char *zone; /* two pages, the second comes and goes */
static volatile bool over;

static NTSTATUS NTAPI take_away_and_bring_back(PVOID argument)
{
	(void)argument;
	for (unsigned i = 0; !over; i++) {
		PVOID base = zone + PAGE_BYTES;
		SIZE_T bytes = PAGE_BYTES;

		switch (i % 4) {
		case 0:
			NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT);
			break;
		case 1:
			protect(base, bytes, PAGE_NOACCESS, NULL);
			break;
		case 2:
			protect(base, bytes, PAGE_READONLY, NULL);
			break;
		case 3:
			protect(base, bytes, PAGE_READWRITE | PAGE_GUARD, NULL);
			break;
		}
		NtYieldExecution();
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT,
					PAGE_READWRITE);
		NtYieldExecution();
	}
	return STATUS_SUCCESS;
}

/* What would wait for a time found there, raise or go on as found there, or make many processes. */
static bool is_unfit(const struct call *call)
{
	static const char *const names[] = {"NtContinue",	   "NtCreateProcess",
					    "NtCreateProcessEx",   "NtCreateThreadEx",
					    "NtCreateUserProcess", "NtDelayExecution",
					    "NtRaiseException",	   "NtWaitForSingleObject"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcmp(call->name, names[i]))
			return true;
	return !call_is_known(call);
}

/* One call for each of its pointers, which lies over the border of the two pages. */
static void call_at_border(const struct call *call)
{
	for (unsigned i = 0; i < call->argument_count; i++) {
		uint64_t arguments[CALL_ARGUMENTS];

		if (!parameter_is_pointer(&call->parameters[i]))
			continue;
		call_prepare(call, arguments);
		arguments[i] = (uintptr_t)zone + PAGE_BYTES - 4;
		call_perform(call, arguments);
	}
}

static NTSTATUS child_main(void)
{
	HANDLE thread;

	calls_init();
	zone = memory_need(2 * PAGE_BYTES);
	thread = thread_need(take_away_and_bring_back, NULL, 0);
	for (unsigned round = 0; round < 100; round++) {
		for (size_t i = 0; i < calls_count(); i++) {
			struct call call = call_at(i);

			if (!is_unfit(&call))
				call_at_border(&call);
			if (i % 4 == round % 4)
				NtYieldExecution();
		}
	}
	over = true;
	return NtWaitForSingleObject(thread, FALSE, NULL);
}

/* catches: an address that is checked once and used twice */
static void test_buffers(void)
{
	struct quire_balance balance;

	if (!system_is_quire()) {
		tap_skip(2, "Wine runs part of the calls in the caller");
		return;
	}
	tap_is_status(child_run_self("buffers"), STATUS_SUCCESS,
		      "all calls, with buffers that come and go");
	tap_is_status(NtQuerySystemInformation(QUIRE_SYSTEM_CHECK, &balance, sizeof(balance), NULL),
		      STATUS_SUCCESS, "the kernel's books are in order");
}

int program_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "buffers"))
		return child_main();
	tap_start("races at pages");
	touch_own_pages();
	test_first_touch();
	test_copies();
	test_buffers();
	return tap_finish();
}

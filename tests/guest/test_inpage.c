/*
 * test_inpage.c - pages that cannot be read or written: STATUS_IN_PAGE_ERROR, what flushing and
 * file calls say, and a disk that takes time.
 *
 * boot: alone, because the disk is made a bad one for everybody; few frames, so that pages can be
 * driven out of memory.
 */
/* boot: frames=1200 alone */
#include <string.h>

#include "guest.h"
#include "scratch.h"
#include "touch.h"

#define OWN_FILE "C:\\data\\inpage.bin"
#define OWN_PAGES 16u
#define CROWD_PAGES 1600u /* more than there are frames */

static const SYSTEM_INFORMATION_CLASS disk_class = (SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_DISK;

static void disk_set(struct quire_disk settings)
{
	NTSTATUS status = NtSetSystemInformation(disk_class, &settings, sizeof(settings));

	if (!NT_SUCCESS(status))
		bail_out("NtSetSystemInformation", status);
}

static struct quire_paging paging_now(void)
{
	struct quire_paging paging;

	paging_read(&paging);
	return paging;
}

/* ---- what the toucher is told ---- */

static struct {
	unsigned count;
	EXCEPTION_RECORD last;
} seen;

/* The instruction is tried again: only one read was to fail. */
static LONG NTAPI handler(EXCEPTION_POINTERS *pointers)
{
	const EXCEPTION_RECORD *record = pointers->ExceptionRecord;

	if (record->ExceptionCode != (DWORD)STATUS_IN_PAGE_ERROR || ++seen.count > 3)
		return EXCEPTION_CONTINUE_SEARCH;
	seen.last = *record;
	return EXCEPTION_CONTINUE_EXECUTION;
}

static void expect_exception(ULONG_PTR access, const volatile void *address, NTSTATUS cause,
			     const char *what)
{
	const ULONG_PTR *parameters = seen.last.ExceptionInformation;

	tap_is_number(seen.count, 1, "%s: one exception, and the retry succeeds", what);
	tap_is_number(seen.last.NumberParameters, 3, "%s: three parameters", what);
	tap_is_number(parameters[0], access, "%s: the access", what);
	tap_is_number(parameters[1], (uintptr_t)address, "%s: the address", what);
	tap_is_status((NTSTATUS)parameters[2], cause, "%s: what the device said", what);
	seen.count = 0;
}

/* Drives everything out of memory that can go. */
static void crowd_out(void)
{
	volatile char *memory = memory_need(CROWD_PAGES * PAGE_BYTES);

	for (size_t i = 0; i < CROWD_PAGES; i++)
		memory[i * PAGE_BYTES] = 1;
	memory_drop((char *)(uintptr_t)memory);
	touch_own_pages();
}

static char letter_of(size_t page)
{
	return (char)('A' + page);
}

/* A view of a file whose pages, on disk and not in memory, begin with a letter each. */
static volatile char *view_of_own_file(HANDLE file)
{
	HANDLE section;
	char *view;

	if (!NT_SUCCESS(section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file)))
		bail_out("a section", STATUS_UNSUCCESSFUL);
	view = view_need(section, PAGE_READWRITE);
	NtClose(section);
	return view;
}

static HANDLE own_file(void)
{
	HANDLE file =
		scratch_need(OWN_FILE, GENERIC_READ | GENERIC_WRITE, ' ', OWN_PAGES * PAGE_BYTES);
	IO_STATUS_BLOCK io;

	for (size_t i = 0; i < OWN_PAGES; i++) {
		char letter = letter_of(i);

		scratch_write(file, i * PAGE_BYTES, &letter, 1);
	}
	tap_is_status(NtFlushBuffersFile(file, &io), STATUS_SUCCESS, "a file on the disk");
	crowd_out();
	return file;
}

/* catches: the device's status lost on its way; an error that is remembered */
static void test_file_view(HANDLE file)
{
	volatile char *view = view_of_own_file(file);
	uint64_t reads = paging_now().disk_reads;

	disk_set((struct quire_disk){.fail_read = 1});
	tap_ok(view[5] == ' ', "the byte comes in the end");
	expect_exception(0, &view[5], STATUS_DEVICE_DATA_ERROR, "read of a view");
	tap_ok(paging_now().disk_reads > reads, "it came from the disk");
	disk_set((struct quire_disk){.fail_read = 1});
	view[9 * PAGE_BYTES + 7] = 'x';
	expect_exception(1, &view[9 * PAGE_BYTES + 7], STATUS_DEVICE_DATA_ERROR, "write to a view");
	tap_ok(view[9 * PAGE_BYTES] == letter_of(9), "the rest of the page is the file's");
	disk_set((struct quire_disk){.end_short = 1});
	tap_ok(view[13 * PAGE_BYTES] == letter_of(13), "a page that was read half");
	expect_exception(0, &view[13 * PAGE_BYTES], STATUS_UNEXPECTED_IO_ERROR,
			 "a read that ends early");
	disk_set((struct quire_disk){0});
	for (size_t i = 0; i < OWN_PAGES; i++)
		if (view[i * PAGE_BYTES] != letter_of(i))
			tap_ok(false, "page %u has another's bytes", (unsigned)i);
	tap_is_number(seen.count, 0, "other pages are not touched by it");
	view_drop((const void *)(uintptr_t)view);
}

/* catches: an image page whose failure ends as something else */
static void test_image_view(void)
{
	HANDLE file = file_need("C:\\bin\\sh.exe", FILE_READ_DATA | FILE_EXECUTE), section;
	PVOID base = NULL;
	SIZE_T bytes = 0;
	volatile char *page;

	section_make(&section, 0, PAGE_EXECUTE_READ, SEC_IMAGE, file);
	NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes, ViewShare, 0,
			   PAGE_EXECUTE_READ);
	if (!base)
		bail_out("a view of an image", STATUS_UNSUCCESSFUL);
	page = (volatile char *)base + PAGE_BYTES; /* the first of the code */
	crowd_out();
	disk_set((struct quire_disk){.fail_read = 1});
	(void)page[3];
	disk_set((struct quire_disk){0});
	expect_exception(0, &page[3], STATUS_DEVICE_DATA_ERROR, "read of an image");
	view_drop(base);
	NtClose(section);
	NtClose(file);
}

/* catches: a call that reports success, or remembers that it failed */
static void test_file_calls(HANDLE file)
{
	char byte = 0, written = 'w';

	crowd_out();
	disk_set((struct quire_disk){.fail_read = 1});
	tap_is_status(scratch_read(file, 3 * PAGE_BYTES, &byte, 1), STATUS_IN_PAGE_ERROR,
		      "NtReadFile of a page that cannot be read");
	tap_is_status(scratch_read(file, 3 * PAGE_BYTES, &byte, 1), STATUS_SUCCESS,
		      "the second time");
	tap_ok(byte == letter_of(3), "has the byte");
	disk_set((struct quire_disk){.fail_read = 1});
	tap_is_status(scratch_write(file, 12 * PAGE_BYTES + 100, &written, 1), STATUS_IN_PAGE_ERROR,
		      "NtWriteFile of a part of such a page");
	tap_is_status(scratch_write(file, 12 * PAGE_BYTES + 100, &written, 1), STATUS_SUCCESS,
		      "the second time");
	disk_set((struct quire_disk){0});
	scratch_read(file, 12 * PAGE_BYTES, &byte, 1);
	tap_ok(byte == letter_of(12), "the rest of the page is the file's");
}

/* catches: a change that is lost with the write that failed */
static void test_flush(HANDLE file)
{
	volatile char *view = view_of_own_file(file);
	PVOID base = (PVOID)(uintptr_t)view;
	SIZE_T bytes = OWN_PAGES * PAGE_BYTES;
	IO_STATUS_BLOCK io = {.Information = 0};
	char byte = 0;

	NtFlushBuffersFile(file, &io);
	view[2 * PAGE_BYTES + 1] = '1';
	disk_set((struct quire_disk){.fail_write = 1});
	tap_is_status(NtFlushVirtualMemory(CURRENT_PROCESS, &base, &bytes, &io),
		      STATUS_DEVICE_DATA_ERROR, "a view that cannot be flushed");
	tap_is_status(NtFlushVirtualMemory(CURRENT_PROCESS, &base, &bytes, &io), STATUS_SUCCESS,
		      "the second time");
	view[4 * PAGE_BYTES + 1] = '2';
	disk_set((struct quire_disk){.fail_write = 1});
	tap_is_status(NtFlushBuffersFile(file, &io), STATUS_DEVICE_DATA_ERROR,
		      "a file that cannot be flushed");
	tap_is_status(NtFlushBuffersFile(file, &io), STATUS_SUCCESS, "the second time");
	view[6 * PAGE_BYTES + 1] = '3';
	disk_set((struct quire_disk){.end_short = 1});
	tap_is_status(NtFlushBuffersFile(file, &io), STATUS_UNEXPECTED_IO_ERROR,
		      "a page that is written half");
	disk_set((struct quire_disk){0});
	tap_is_status(NtFlushBuffersFile(file, &io), STATUS_SUCCESS, "the second time");
	view_drop((const void *)(uintptr_t)view);
	crowd_out();
	for (unsigned i = 1; i <= 3; i++) {
		scratch_read(file, 2 * i * PAGE_BYTES + 1, &byte, 1);
		tap_ok(byte == (char)('0' + i), "what was stored is on the disk (%u)", i);
	}
}

/* ---- a disk that takes time ---- */

static volatile char *slow_page;
static volatile unsigned readers_done, computed;

static NTSTATUS NTAPI reader_run(PVOID argument)
{
	(void)argument;
	(void)*slow_page;
	readers_done++;
	return STATUS_SUCCESS;
}

static void readers_start(HANDLE threads[2])
{
	for (unsigned i = 0; i < 2; i++) {
		NTSTATUS status =
			NtCreateThreadEx(&threads[i], THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					 reader_run, NULL, 0, 0, 0, 0, NULL);

		if (!NT_SUCCESS(status))
			bail_out("NtCreateThreadEx", status);
	}
}

static void readers_wait(HANDLE threads[2])
{
	for (unsigned i = 0; i < 2; i++) {
		NtWaitForSingleObject(threads[i], FALSE, NULL);
		NtClose(threads[i]);
	}
}

/* catches: a reader that keeps the CPU; a second read of a page that is being read */
static void test_latency(HANDLE file)
{
	LARGE_INTEGER while_reading = {.QuadPart = -50000}; /* 5 ms */
	volatile char *view = view_of_own_file(file);
	HANDLE threads[2];
	struct quire_paging before, after;
	unsigned early;

	crowd_out();
	slow_page = view + 11 * PAGE_BYTES;
	readers_start(threads); /* whatever else it takes is in memory after this */
	NtDelayExecution(FALSE, &while_reading);
	readers_wait(threads);
	slow_page = view + 7 * PAGE_BYTES;
	readers_done = 0;
	before = paging_now();
	disk_set((struct quire_disk){.request_us = 20000});
	readers_start(threads);
	NtDelayExecution(FALSE, &while_reading);
	early = readers_done;
	while (!readers_done)
		computed++;
	tap_is_number(early, 0, "two threads wait for a page");
	tap_ok(computed > 1000, "a third one runs meanwhile");
	readers_wait(threads);
	disk_set((struct quire_disk){0});
	after = paging_now();
	tap_is_number(after.collided - before.collided, 1, "one waits for the read of the other");
	view_drop((const void *)(uintptr_t)view);
}

/* ---- the settings ---- */

static void test_settings(void)
{
	struct quire_disk all = {1, 2, 3000, 4000, 50000000, 6, 7000}, read = {0};
	ULONG length = 0;

	tap_is_status(NtSetSystemInformation(disk_class, &all, sizeof(all)), STATUS_SUCCESS,
		      "settings of the disk");
	tap_is_status(NtQuerySystemInformation(disk_class, &read, sizeof(read), &length),
		      STATUS_SUCCESS, "are told");
	tap_ok(length == sizeof(all) && !memcmp(&all, &read, sizeof(all)), "as they were set");
	all.request_us = QUIRE_DISK_MAX_US + 1;
	tap_is_status(NtSetSystemInformation(disk_class, &all, sizeof(all)),
		      STATUS_INVALID_PARAMETER, "a time that is too long");
	tap_is_status(NtSetSystemInformation(disk_class, &all, sizeof(all) - 1),
		      STATUS_INFO_LENGTH_MISMATCH, "too short");
	tap_is_status(NtSetSystemInformation(disk_class, &all, sizeof(all) + 1),
		      STATUS_INFO_LENGTH_MISMATCH, "too long");
	tap_is_status(NtSetSystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_MEMORY, &all,
					     sizeof(all)),
		      STATUS_INVALID_INFO_CLASS, "a class that cannot be set");
	tap_is_status(NtSetSystemInformation(disk_class, (PVOID)16, sizeof(all)),
		      STATUS_ACCESS_VIOLATION, "a bad address");
	NtQuerySystemInformation(disk_class, &all, sizeof(all), NULL);
	tap_ok(!memcmp(&all, &read, sizeof(all)), "a refused call changes nothing");
	disk_set((struct quire_disk){0});
}

int program_main(int argc, char **argv)
{
	PVOID added;
	HANDLE file;

	(void)argc;
	(void)argv;
	tap_start("pages that cannot be read or written");
	if (!system_is_quire()) {
		tap_skip(1, "no disk here can be told to fail");
		return tap_finish();
	}
	if (!commit_suffices((uint64_t)2 * CROWD_PAGES * PAGE_BYTES, 1,
			     "it commits more pages than there are frames"))
		return tap_finish();
	added = RtlAddVectoredExceptionHandler(1, handler);
	test_settings();
	file = own_file();
	test_file_view(file);
	test_image_view();
	test_file_calls(file);
	test_flush(file);
	test_latency(file);
	NtClose(file);
	scratch_drop(OWN_FILE);
	RtlRemoveVectoredExceptionHandler(added);
	return tap_finish();
}

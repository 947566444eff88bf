/*
 * test_file.c - NtOpenFile, NtReadFile, NtWriteFile: offsets, ends, sharing, and that files and
 * views are the same memory (8.1, 8.4; P1.2, P5.103-109).
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "path.h"
#include "touch.h"

static IO_STATUS_BLOCK io;

static NTSTATUS read_at(HANDLE file, uint64_t offset, void *buffer, ULONG bytes)
{
	LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};

	io = (IO_STATUS_BLOCK){.Information = 0};
	return NtReadFile(file, NULL, NULL, NULL, &io, buffer, bytes, &at, NULL);
}

static NTSTATUS read_on(HANDLE file, void *buffer, ULONG bytes)
{
	io = (IO_STATUS_BLOCK){.Information = 0};
	return NtReadFile(file, NULL, NULL, NULL, &io, buffer, bytes, NULL, NULL);
}

static NTSTATUS write_at(HANDLE file, uint64_t offset, const void *buffer, ULONG bytes)
{
	LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};

	io = (IO_STATUS_BLOCK){.Information = 0};
	return NtWriteFile(file, NULL, NULL, NULL, &io, buffer, bytes, &at, NULL);
}

static NTSTATUS open_as(const char *text, ACCESS_MASK access, ULONG share, ULONG options,
			HANDLE *file)
{
	OBJECT_ATTRIBUTES attributes;
	struct path path;
	NTSTATUS status = path_parse(&path, NULL, text);

	if (!NT_SUCCESS(status))
		return status;
	InitializeObjectAttributes(&attributes, &path.name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	return NtOpenFile(file, access | SYNCHRONIZE, &attributes, &io, share,
			  options | FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS open_try(const char *text, ACCESS_MASK access, ULONG share, ULONG options)
{
	HANDLE file;
	NTSTATUS status = open_as(text, access, share, options, &file);

	if (NT_SUCCESS(status))
		NtClose(file);
	return status;
}

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* catches: a missing folder told as a missing file; a directory read as a file */
static void test_open(void)
{
	HANDLE folder;
	char byte;

	tap_is_status(open_try("C:\\data\\none.bin", FILE_READ_DATA, SHARE_ALL, 0),
		      STATUS_OBJECT_NAME_NOT_FOUND, "a file that is not there");
	tap_is_status(open_try("C:\\none\\text.txt", FILE_READ_DATA, SHARE_ALL, 0),
		      STATUS_OBJECT_PATH_NOT_FOUND, "a folder that is not there");
	tap_is_status(open_try("C:\\data\\text.txt\\x", FILE_READ_DATA, SHARE_ALL, 0),
		      STATUS_OBJECT_PATH_NOT_FOUND, "a file as a folder");
	tap_is_status(open_try("C:\\data", FILE_READ_DATA, SHARE_ALL, FILE_NON_DIRECTORY_FILE),
		      STATUS_FILE_IS_A_DIRECTORY, "a folder, asked for as a file");
	tap_is_status(open_try(DATA_FILE, FILE_READ_DATA, SHARE_ALL, FILE_DIRECTORY_FILE),
		      STATUS_NOT_A_DIRECTORY, "a file, asked for as a folder");
	tap_is_status(open_try("C:\\DATA\\Text.TXT", FILE_READ_DATA, SHARE_ALL, 0), STATUS_SUCCESS,
		      "case does not matter");
	tap_is_number(io.Information, FILE_OPENED, "the block says that it was opened");
	open_as("C:\\data", FILE_READ_DATA, SHARE_ALL, FILE_DIRECTORY_FILE, &folder);
	tap_is_status_or(read_at(folder, 0, &byte, 1), STATUS_INVALID_DEVICE_REQUEST,
			 STATUS_INVALID_DEVICE_REQUEST, "a folder is not read");
	tap_is_status_or(section_try(0, PAGE_READONLY, SEC_COMMIT, folder),
			 STATUS_INVALID_FILE_FOR_SECTION, STATUS_OBJECT_TYPE_MISMATCH,
			 "P5.112: nor made a section");
	NtClose(folder);
}

/* catches: the rights of an open not kept in the handle; a write through a handle for reading */
static void test_rights(void)
{
	HANDLE reader = file_need(GROWING_FILE, FILE_READ_DATA);
	HANDLE writer = file_need(GROWING_FILE, FILE_WRITE_DATA);
	char byte = 'x';

	tap_is_status(write_at(reader, 0, &byte, 1), STATUS_ACCESS_DENIED,
		      "a handle for reading does not write");
	tap_is_status(read_at(writer, 0, &byte, 1), STATUS_ACCESS_DENIED,
		      "a handle for writing does not read");
	tap_is_number((unsigned char)byte, 'x', "nothing was read");
	NtClose(reader);
	NtClose(writer);
}

/* catches: a position that does not move, or by what was asked for instead of what there was */
static void test_position(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);
	static char buffer[0x4000];
	FILE_POSITION_INFORMATION position = {.CurrentByteOffset.QuadPart = -1};

	tap_is_status(read_on(file, buffer, 0x1000), STATUS_SUCCESS, "a read without an offset");
	tap_is_number(io.Information, 0x1000, "all of it was read");
	tap_is_status(read_on(file, buffer, sizeof(buffer)), STATUS_SUCCESS, "the rest");
	tap_is_number(io.Information, ODD_BYTES - 0x1000, "goes on where the first stopped");
	tap_is_status(NtQueryInformationFile(file, &io, &position, sizeof(position),
					     FilePositionInformation),
		      STATUS_SUCCESS, "the position can be asked for");
	tap_is_number((uint64_t)position.CurrentByteOffset.QuadPart, ODD_BYTES, "it is the end");
	tap_is_status(read_on(file, buffer, 1), STATUS_END_OF_FILE, "a read at the end");
	tap_is_number(io.Information, 0, "reads nothing");
	tap_is_status(read_at(file, ODD_BYTES - 1, buffer, 10), STATUS_SUCCESS, "the last byte");
	tap_is_number(io.Information, 1, "alone");
	tap_is_status(read_at(file, ODD_BYTES, buffer, 10), STATUS_END_OF_FILE, "one beyond");
	tap_is_status(read_at(file, 1ull << 40, buffer, 10), STATUS_END_OF_FILE, "far beyond");
	tap_is_status(read_at(file, (uint64_t)INT64_MIN, buffer, 10), STATUS_INVALID_PARAMETER,
		      "a negative offset");
	tap_is_status(read_at(file, 0x1FFF, buffer, 0x1002), STATUS_SUCCESS, "over two page ends");
	tap_ok(io.Information == 0x1002 && buffer[0] == 'A' && buffer[0x1001] == 'A',
	       "all of it arrived");
	tap_is_status(read_at(file, 0, buffer, 0), STATUS_SUCCESS, "no bytes at all");
	NtClose(file);
}

/* catches: a failed transfer that tells somebody else than its caller; an end that tells nobody */
static void test_completion(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA), event = NULL;
	LARGE_INTEGER negative = {.QuadPart = INT64_MIN}, beyond = {.QuadPart = ODD_BYTES};
	LARGE_INTEGER no_time = {.QuadPart = 0};
	char buffer[16];

	NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, TRUE);
	io = (IO_STATUS_BLOCK){.Status = 0x5A5A, .Information = 0x5A5A};
	tap_is_status(NtReadFile(file, event, NULL, NULL, &io, buffer, 1, &negative, NULL),
		      STATUS_INVALID_PARAMETER, "a negative offset, with an event");
	tap_ok(io.Status == 0x5A5A && io.Information == 0x5A5A, "the block is as it was");
	tap_is_status(NtWaitForSingleObject(event, FALSE, &no_time), STATUS_TIMEOUT,
		      "and the event is reset");
	tap_is_status(NtReadFile(file, event, NULL, NULL, &io, buffer, 1, &beyond, NULL),
		      STATUS_END_OF_FILE, "a read at the end, with an event");
	tap_ok(io.Status == STATUS_END_OF_FILE && io.Information == 0, "the block tells it");
	tap_is_status(NtWaitForSingleObject(event, FALSE, &no_time), STATUS_SUCCESS,
		      "and the event is set");
	NtClose(event);
	NtClose(file);
}

/* catches: two caches of one file; a write that misses the mapped frame, or is missed by a view */
static void test_coherence(void)
{
	HANDLE file = file_need(GROWING_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section;
	char buffer[16] = {0}, *view, *second;
	uint64_t frame;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	tap_is_number(((volatile unsigned char *)view)[0x1234], 'A', "the view shows the file");
	frame = frame_at(view + 0x1234);
	memcpy(view + 0x1234, "stored", 6);
	tap_is_status(read_at(file, 0x1234, buffer, 6), STATUS_SUCCESS, "P5.108: read back");
	tap_ok(!memcmp(buffer, "stored", 6), "P5.108: a store to a view is read from the file");
	tap_is_status(write_at(file, 0x1FFC, "over the border", 15), STATUS_SUCCESS,
		      "a write over a page end");
	tap_is_number(io.Information, 15, "all of it was written");
	tap_ok(!memcmp(view + 0x1FFC, "over the border", 15), "8.1: the view shows it at once");
	tap_ok(frame_at(view + 0x1234) == frame, "in the frame that was mapped before");
	second = view_need(section, PAGE_READONLY);
	tap_faults_start();
	tap_ok(!memcmp(second + 0x1234, "stored", 6), "another view shows the store");
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_SHARED, 1, "it");
	tap_no_other_faults("it");
	if (system_is_quire())
		tap_ok(frame_at(second + 0x1234) == frame, "it is the same frame");
	else
		tap_skip(1, "frames are Quire's");
	view_drop(second);
	view_drop(view);
	NtClose(section);
	NtClose(file);
	file = file_need(GROWING_FILE, FILE_READ_DATA);
	tap_is_status(read_at(file, 0x1234, buffer, 6), STATUS_SUCCESS, "opened again");
	tap_ok(!memcmp(buffer, "stored", 6), "the file kept the store");
	NtClose(file);
}

/* catches: a transfer that reads or writes other pages than the file's frames */
static void test_copied_pages(void)
{
	HANDLE file = file_need(GROWING_FILE, FILE_READ_DATA), section;
	char *view, *private;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_WRITECOPY);
	private = memory_need(PAGE_BYTES);
	tap_is_status(read_at(file, 0x4000, private, PAGE_BYTES), STATUS_SUCCESS,
		      "read into memory never touched");
	tap_is_number((unsigned char)private[PAGE_BYTES - 1], 'A', "it is filled");
	/* the kernel's own store breaks copy on write as a program's does */
	tap_is_status(read_at(file, 0x1234, view + 0x5000, 6), STATUS_SUCCESS,
		      "read into a copy-on-write page");
	tap_ok(!memcmp(view + 0x5000, "stored", 6), "the view shows it");
	tap_is_status(read_at(file, 0x5000, private, 6), STATUS_SUCCESS, "read that place");
	tap_ok(!memcmp(private, "AAAAAA", 6), "8.2: the file does not");
	if (system_is_wine())
		tap_skip(1, "Wine takes a read into a view without write access");
	else
		tap_is_status(read_at(file, 0, (char *)view_need(section, PAGE_READONLY), 6),
			      STATUS_ACCESS_VIOLATION, "read into a read-only view");
	memory_drop(private);
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* catches: a write beyond the end that leaves the size, or a hole that is not zero */
static void test_growth_by_write(void)
{
	HANDLE file = file_need(GROWING_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section;
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};
	uint64_t before = 0, after = 0;
	char buffer[8] = "xxxxxxx", *view;

	file_size(file, &before);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	tap_is_status(write_at(file, before + 0x2010, "end", 3), STATUS_SUCCESS,
		      "a write beyond the end");
	file_size(file, &after);
	tap_is_number(after - before, 0x2013, "lengthens the file to its last byte");
	tap_is_status(read_at(file, before + 0x1000, buffer, 4), STATUS_SUCCESS, "between them");
	tap_ok(!memcmp(buffer, "\0\0\0\0", 4), "are zeros");
	tap_is_status(read_at(file, before + 0x2010, buffer, 8), STATUS_SUCCESS, "at the new end");
	tap_ok(io.Information == 3 && !memcmp(buffer, "end", 3), "is what was written");
	NtQuerySection(section, SectionBasicInformation, &information, sizeof(information), NULL);
	tap_is_number((uint64_t)information.Size.QuadPart, before,
		      "3.1.2: a section that was there keeps its size");
	NtClose(section);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	tap_ok(!memcmp(view + before + 0x2010, "end", 4),
	       "a new section shows it, and zeros behind");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* catches: a file not lengthened when its section is, or lengthened with old bytes */
static void test_growth_by_section(void)
{
	HANDLE file = file_need(GROWING_FILE, FILE_READ_DATA | FILE_WRITE_DATA), section;
	uint64_t before = 0, after = 0;
	char *view, byte = 0;

	file_size(file, &before);
	tap_is_status(section_make(&section, before + 0x3000, PAGE_READWRITE, SEC_COMMIT, file),
		      STATUS_SUCCESS, "3.1.2: a writable section beyond the file");
	file_size(file, &after);
	tap_is_number(after - before, 0x3000, "3.1.2: lengthens the file at once");
	view = view_need(section, PAGE_READWRITE);
	tap_is_number((unsigned char)view[before + 0x2FFF], 0, "with zeros");
	view[before + 0x2FFF] = 'e';
	tap_is_status(read_at(file, before + 0x2FFF, &byte, 1), STATUS_SUCCESS, "its last byte");
	tap_is_number((unsigned char)byte, 'e', "can be stored to and read");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* catches: stores behind the end of a file that reach it; a tail that is not zero */
static void test_tail(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA), section;
	char *view;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	tap_ok(view[ODD_BYTES - 1] == 'A' && !view[ODD_BYTES] && !view[0x3FFF],
	       "P5.109: zeros behind the end of the file");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* catches: opens that do not look at each other, or that look at closed ones */
static void test_sharing(void)
{
	HANDLE file, section, image_file;

	open_as(MATRIX_FILE, FILE_READ_DATA, FILE_SHARE_READ, 0, &file);
	tap_is_status(open_try(MATRIX_FILE, FILE_WRITE_DATA, SHARE_ALL, 0),
		      STATUS_SHARING_VIOLATION, "the first open allows no writing");
	tap_is_status(open_try(MATRIX_FILE, FILE_READ_DATA, SHARE_ALL, 0), STATUS_SUCCESS,
		      "but reading");
	tap_is_status(open_try(MATRIX_FILE, FILE_READ_DATA, 0, 0), STATUS_SHARING_VIOLATION,
		      "the second must allow what the first does");
	tap_is_status(open_try(MATRIX_FILE, FILE_READ_ATTRIBUTES, 0, 0), STATUS_SUCCESS,
		      "attributes alone conflict with nobody");
	NtClose(file);
	tap_is_status(open_try(MATRIX_FILE, FILE_WRITE_DATA, 0, 0), STATUS_SUCCESS,
		      "closed, it does not count");
	file = file_need(MATRIX_FILE, FILE_READ_DATA);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	NtClose(file);
	tap_is_status(open_try(MATRIX_FILE, FILE_READ_DATA, 0, 0), STATUS_SUCCESS,
		      "P5.104: a read-only section does not count either");
	NtClose(section);
	image_file = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE);
	tap_is_status(section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, image_file),
		      STATUS_SUCCESS, "an image section");
	NtClose(image_file);
	tap_is_status(open_try(IMAGE_FILE, FILE_WRITE_DATA, SHARE_ALL, 0), STATUS_SHARING_VIOLATION,
		      "P5.105: an image is not opened for writing");
	NtClose(section);
	tap_is_status(open_try(IMAGE_FILE, FILE_WRITE_DATA, SHARE_ALL, 0), STATUS_SUCCESS,
		      "8.4: once it is gone, it is");
}

/* catches: pages read again though they are in memory; a read that faults more than once a page */
static void test_reads(void)
{
	HANDLE file = file_need(DATA_FILE, FILE_READ_DATA);
	static char buffer[4 * PAGE_BYTES];
	struct quire_memory before, middle, after;

	if (!memory_read(&before)) {
		tap_skip(3, "counts of disk transfers are Quire's");
		NtClose(file);
		return;
	}
	touch_own_pages();
	memory_read(&before);
	tap_is_status(read_at(file, 0x300000, buffer, sizeof(buffer)), STATUS_SUCCESS,
		      "four pages that nobody had read");
	memory_read(&middle);
	read_at(file, 0x300000, buffer, sizeof(buffer));
	memory_read(&after);
	tap_is_number(middle.page_reads - before.page_reads, 4, "are four transfers");
	tap_is_number(after.page_reads - middle.page_reads, 0, "and none the second time");
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("files and views of them");
	touch_own_pages();
	test_open();
	test_rights();
	test_position();
	test_completion();
	test_coherence();
	test_copied_pages();
	test_growth_by_write();
	test_growth_by_section();
	test_tail();
	test_sharing();
	test_reads();
	return tap_finish();
}

/*
 * test_mapped_file.c - files that are mapped: their room, new images of changed files, what is
 * behind the end, empty ones. The rules of table 8.4 are in conform/conform_mapped_file.c.
 */
#include <string.h>

#include "scratch.h"

#define FILE_PATH "C:\\data\\mapped.tmp"
#define IMAGE_PATH "C:\\data\\mapped.exe"
#define BYTES 8u

/* catches: room taken from under a section */
static void test_room(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'm', BYTES), section;
	uint64_t allocation = 0;

	section_make(&section, 4, PAGE_READWRITE, SEC_COMMIT, file);
	if (system_is_wine())
		tap_skip(1, "Wine keeps no room");
	else
		tap_is_status(scratch_set(file, FILE_ALLOCATION_CLASS, &allocation, 8),
			      STATUS_USER_MAPPED_FILE, "a section: no room, no bytes");
	tap_is_number(scratch_size(file), BYTES, "the bytes stay");
	NtClose(section);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* A copy of a program, as a file that may be changed. */
static void image_copy(void)
{
	static char buffer[0x10000];
	HANDLE from = file_need(IMAGE_FILE, FILE_READ_DATA), to;
	uint64_t at = 0;

	to = scratch_need(IMAGE_PATH, 0, 'i', 0);
	while (NT_SUCCESS(scratch_read(from, at, buffer, sizeof(buffer)))) {
		size_t bytes = scratch_io.Information;

		scratch_write(to, at, buffer, bytes);
		at += bytes;
	}
	NtClose(from);
	NtClose(to);
}

/* catches: an old image of a new file */
static void test_image(void)
{
	IMAGE_DOS_HEADER dos;
	HANDLE file, section;
	uint32_t stamp = 0x12345678, *seen;
	char *view = NULL;

	image_copy();
	scratch_open(IMAGE_PATH, FILE_READ_DATA | FILE_WRITE_DATA | DELETE, &file);
	section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);
	view_make(section, PAGE_READONLY, &view);
	NtClose(section);
	view_drop(view);
	scratch_read(file, 0, &dos, sizeof(dos));
	scratch_write(file, (uint64_t)dos.e_lfanew + 8, &stamp, sizeof(stamp));
	section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);
	view_make(section, PAGE_READONLY, &view);
	seen = (uint32_t *)(view + dos.e_lfanew + 8);
	tap_is_number(*seen, stamp, "8.4: a new image is made of the new bytes");
	view_drop(view);
	NtClose(section);
	tap_is_status(scratch_set_size(file, 0), STATUS_SUCCESS, "8.4: it may be cut");
	tap_is_status(section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file),
		      STATUS_INVALID_FILE_FOR_SECTION, "3.1: nothing is no image");
	NtClose(file);
	tap_is_status(scratch_drop(IMAGE_PATH), STATUS_SUCCESS, "it goes");
}

/* ---- behind the end ---- */

/* catches: bytes of an earlier, longer file that come back */
static void test_tail(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 't', 0x1800), section;
	char bytes[16] = "", *view;

	tap_is_status(scratch_set_size(file, 6), STATUS_SUCCESS, "cut to 6 bytes");
	tap_is_status(scratch_read(file, 0, bytes, 16), STATUS_SUCCESS, "read");
	tap_ok(scratch_io.Information == 6 && !strcmp(bytes, "tttttt"), "6 are left");
	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	tap_ok(!view[6] && !view[7] && !view[PAGE_BYTES - 1], "P5.109: zeros behind them");
	view[5] = 'e';
	view[100] = 'x';
	tap_is_number(scratch_size(file), 6, "8.1: a store behind the end makes nothing longer");
	view_drop(view);
	NtClose(section);
	scratch_write(file, 0x1FFF, "z", 1);
	scratch_read(file, 5, bytes, 16);
	tap_ok(bytes[0] == 'e' && !bytes[1] && !bytes[15], "8.1: the gap is zeros");
	if (!system_is_wine()) {
		bytes[0] = 1;
		scratch_read(file, 100, bytes, 1);
		tap_is_number((unsigned char)bytes[0], 0, "8.1: the store never reached the file");
	}
	scratch_read(file, 0x1000, bytes, 16);
	tap_ok(!bytes[0] && !bytes[15], "8.1: nor does what was cut come back");
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* catches: the empty file mapped; a section that does not lengthen it */
static void test_empty(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'e', 0), section;
	char *view, byte = 0;

	tap_is_status(section_try(0, PAGE_READWRITE, SEC_COMMIT, file),
		      STATUS_MAPPED_FILE_SIZE_ZERO, "3.1: an empty file is not mapped");
	tap_is_status(section_try(1, PAGE_READONLY, SEC_COMMIT, file), STATUS_SECTION_TOO_BIG,
		      "3.1: a read-only section does not lengthen it");
	tap_is_status(section_make(&section, 0x1234, PAGE_READWRITE, SEC_COMMIT, file),
		      STATUS_SUCCESS, "3.1.2: a writable one does");
	tap_is_number(scratch_size(file), 0x1234, "3.1.2: to the byte");
	view = view_need(section, PAGE_READWRITE);
	view[0x1233] = 'l';
	scratch_read(file, 0x1233, &byte, 1);
	tap_is_number((unsigned char)byte, 'l', "its last byte");
	view_drop(view);
	NtClose(section);
	tap_is_status(scratch_set_size(file, 0), STATUS_SUCCESS, "and empty again");
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* catches: a file made longer for a section whose name is then refused */
static void test_refused_name(void)
{
	LARGE_INTEGER size = {.QuadPart = 0x3000};
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | FILE_WRITE_DATA, 'n', BYTES);
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	HANDLE first, second;

	RtlInitUnicodeString(&name, L"\\BaseNamedObjects\\mapped-file-test");
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	tap_is_status(NtCreateSection(&first, SECTION_ALL_ACCESS, &attributes, NULL, PAGE_READWRITE,
				      SEC_COMMIT, file),
		      STATUS_SUCCESS, "a named section of the whole file");
	tap_is_status(NtCreateSection(&second, SECTION_ALL_ACCESS, &attributes, &size,
				      PAGE_READWRITE, SEC_COMMIT, file),
		      STATUS_OBJECT_NAME_COLLISION, "the name again, for a longer one");
	if (system_is_quire())
		tap_is_number(scratch_size(file), BYTES, "the file is as long as it was");
	else
		tap_skip(1, "a promise of Quire's: a call that fails changes nothing");
	NtClose(first);
	tap_is_status(NtCreateSection(&second, SECTION_ALL_ACCESS, &attributes, &size,
				      PAGE_READWRITE, SEC_COMMIT, file),
		      STATUS_SUCCESS, "the name is free again");
	tap_is_number(scratch_size(file), 0x3000, "and the file longer");
	NtClose(second);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("mapped files");
	test_room();
	test_image();
	test_tail();
	test_empty();
	test_refused_name();
	return tap_finish();
}

/*
 * conform_coherency.c - what views of a file, reads and writes of it see of each other, and what is
 * behind its end (8.1; P5.108-109, P6.127).
 */
#include <string.h>

#include "crafted.h"
#include "tests/guest/scratch.h"

#define FILE_PATH "C:\\data\\coherent.tmp"
#define IMAGE_PATH "C:\\data\\coherent.exe"
#define BYTES 0x1800u

static unsigned char byte_at(HANDLE file, uint64_t offset)
{
	unsigned char byte = 0;

	scratch_read(file, offset, &byte, 1);
	return byte;
}

/* Reads and writes of the file, a view that stores, one that only reads, a second section. */
static void file_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 'c', BYTES), first, second;
	volatile char *store, *load, *other;

	section_make(&first, 0, PAGE_READWRITE, SEC_COMMIT, file);
	section_make(&second, 0, PAGE_READONLY, SEC_COMMIT, file);
	store = view_need(first, PAGE_READWRITE);
	load = view_need(first, PAGE_READONLY);
	other = view_need(second, PAGE_READONLY);
	case_call("NtReadFile");
	store[1] = 'S';
	case_number("P5.108", "a store in a view, read from the file", byte_at(file, 1), 'S');
	store[BYTES - 1] = 'E';
	case_number("P5.108", "a store to the last byte, read from the file",
		    byte_at(file, BYTES - 1), 'E');
	case_call("NtWriteFile");
	scratch_write(file, 2, "W", 1);
	case_number("8.1", "a write, in the view RW", (unsigned char)store[2], 'W');
	case_number("8.1", "a write, in a view RO of the same section", (unsigned char)load[2],
		    'W');
	case_number("8.1", "a write, in a view of another section of the file",
		    (unsigned char)other[2], 'W');
	scratch_write(file, 0x1010, "P", 1);
	case_number("8.1", "a write to a page that no view has touched",
		    (unsigned char)other[0x1010], 'P');
	case_call("NtMapViewOfSection");
	case_number("8.1", "a store, in a view of the same section", (unsigned char)load[1], 'S');
	case_number("8.1", "a store, in a view of another section of the file",
		    (unsigned char)other[1], 'S');
	view_drop((char *)other);
	view_drop((char *)load);
	view_drop((char *)store);
	NtClose(second);
	NtClose(first);
	case_call("NtReadFile");
	case_number("8.5", "a store, read after all views and sections are gone", byte_at(file, 1),
		    'S');
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* ---- behind the end ---- */

static void tail_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 't', 8), section;
	char *view;

	case_call("NtMapViewOfSection");
	scratch_set_size(file, 6);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	case_number("P5.109", "a file cut from 8 to 6: the length of the text in its view",
		    strlen(view), 6);
	case_number("P5.109", "a file cut from 8 to 6: byte 7", (unsigned char)view[7], 0);
	case_number("8.1", "the last byte of the page", (unsigned char)view[PAGE_BYTES - 1], 0);
	view_drop(view);
	NtClose(section);
	NtClose(file);
	file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 't', BYTES);
	scratch_set_size(file, 0x1006);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	case_number("8.1", "a file cut in its second page: its last byte",
		    (unsigned char)view[0x1005], 't');
	case_number("8.1", "a file cut in its second page: the next", (unsigned char)view[0x1006],
		    0);
	view_drop(view);
	NtClose(section);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

static void tail_store_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 't', 6), section;
	char *view;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	view[5] = 'e';
	case_call("NtMapViewOfSection");
	case_status("8.1", "a store behind the end", case_store(view + 100, 'x'), STATUS_SUCCESS);
	case_number("8.1", "a store behind the end: seen in the view", (unsigned char)view[100],
		    'x');
	case_number("8.1", "a store behind the end: the file's size", scratch_size(file), 6);
	view_drop(view);
	NtClose(section);
	case_number("8.1", "the file's last byte", byte_at(file, 5), 'e');
	scratch_set_size(file, 200);
	case_chosen();
	case_number("8.1", "a store behind the end never reached the file", byte_at(file, 100), 0);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* A longer file again: what was cut does not come back. */
static void regrown_cases(void)
{
	HANDLE file = scratch_need(FILE_PATH, FILE_READ_DATA | DELETE, 't', BYTES), section;
	char *view;

	scratch_set_size(file, 6);
	scratch_set_size(file, BYTES);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	case_call("NtMapViewOfSection");
	case_number("8.1", "cut and lengthened: the byte that was kept", (unsigned char)view[5],
		    't');
	case_number("8.1", "cut and lengthened: the next", (unsigned char)view[6], 0);
	case_number("8.1", "cut and lengthened: the next page", (unsigned char)view[0x1000], 0);
	view_drop(view);
	NtClose(section);
	NtClose(file);
	scratch_drop(FILE_PATH);
}

/* ---- data views and image views ---- */

static void image_cases(void)
{
	HANDLE file = crafted_need(IMAGE_PATH, FILE_READ_DATA | DELETE), data = NULL, image = NULL;
	const IMAGE_SECTION_HEADER *header = crafted_section(IMAGE_SCN_MEM_WRITE);
	ULONG raw = header->PointerToRawData, rva = header->VirtualAddress;
	volatile char *data_view, *image_view;
	char before = (char)crafted[raw];

	section_make(&data, 0, PAGE_READWRITE, SEC_COMMIT, file);
	data_view = view_need(data, PAGE_READWRITE);
	case_call("NtCreateSection");
	data_view[0] = 'X';
	case_status("P6.127", "IMAGE, the first letter clobbered through a view",
		    section_try(0, PAGE_READONLY, SEC_IMAGE, file), STATUS_INVALID_IMAGE_NOT_MZ);
	data_view[0] = 'M';
	case_status("P6.127", "IMAGE, the first letter restored through a view",
		    section_make(&image, 0, PAGE_READONLY, SEC_IMAGE, file), STATUS_SUCCESS);
	case_call("NtMapViewOfSection");
	image_view = view_need(image, PAGE_READONLY);
	case_number("3.3.3", "the image's data as in the file", (unsigned char)image_view[rva],
		    (unsigned char)before);
	data_view[raw] = (char)(before + 1);
	case_number("3.3.3", "a store in the data view, in the image view, touched before",
		    (unsigned char)image_view[rva], (unsigned char)before);
	image_view[rva] = (char)(before + 2);
	case_number("3.3.3", "a store in the image view, in the data view",
		    (unsigned char)data_view[raw], (unsigned char)(before + 1));
	case_number("3.3.3", "a store in the image view, in the file", byte_at(file, raw),
		    (unsigned char)(before + 1));
	view_drop((char *)image_view);
	view_drop((char *)data_view);
	NtClose(image);
	NtClose(data);
	NtClose(file);
	scratch_drop(IMAGE_PATH);
}

/* Pages of an image stay as they are while the section lives, whatever the file says. */
static void new_image_cases(void)
{
	HANDLE file = crafted_need(IMAGE_PATH, FILE_READ_DATA | DELETE), section;
	uint64_t stamp = (uint64_t)crafted_dos()->e_lfanew + 8;
	volatile char *view;

	section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);
	view = view_need(section, PAGE_READONLY);
	(void)view[stamp];
	view_drop((char *)view);
	NtClose(section);
	scratch_write(file, stamp, "\x78", 1);
	section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);
	view = view_need(section, PAGE_READONLY);
	case_call("NtCreateSection");
	case_number("8.4", "a new image of a file that was written", (unsigned char)view[stamp],
		    0x78);
	view_drop((char *)view);
	NtClose(section);
	NtClose(file);
	scratch_drop(IMAGE_PATH);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_coherency: views, files and their ends");
	file_cases();
	tail_cases();
	tail_store_cases();
	regrown_cases();
	image_cases();
	new_image_cases();
	return case_finish();
}

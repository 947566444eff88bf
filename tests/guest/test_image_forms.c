/*
 * test_image_forms.c - image sections of uncommon files, made of hello.exe: headers far from the
 * start, other machines, shared sections; and uncommon ways to map them (3.3.1, 3.3.3; P6.116).
 */
#include <string.h>

#include "guest.h"

#define FORM_FILE "C:\\data\\scratch10.bin"
#define COPY_BYTES 0x40000u
#define FAR_HEADER 0x20000u /* behind everything hello.exe has */

static HANDLE form_file;
static unsigned char *copy; /* of hello.exe, to be changed */
static ULONG copy_bytes;

static volatile char large_data[0x20000]; /* so that this program is longer than 64 KiB */

static IMAGE_DOS_HEADER *dos_header(void)
{
	return (IMAGE_DOS_HEADER *)copy;
}

static IMAGE_NT_HEADERS64 *new_header(void)
{
	return (IMAGE_NT_HEADERS64 *)(copy + dos_header()->e_lfanew);
}

/* Starts again with hello.exe as it is. */
static void copy_reset(void)
{
	HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA);
	LARGE_INTEGER start = {.QuadPart = 0};
	IO_STATUS_BLOCK io;
	NTSTATUS status;

	memset(copy, 0, COPY_BYTES);
	status = NtReadFile(file, NULL, NULL, NULL, &io, copy, FAR_HEADER, &start, NULL);
	NtClose(file);
	if (!NT_SUCCESS(status))
		bail_out("hello.exe", status);
	copy_bytes = (ULONG)io.Information;
}

/* Moves the new header, with the section table, far away. */
static void header_move(void)
{
	memcpy(copy + FAR_HEADER, new_header(), 0x400);
	dos_header()->e_lfanew = FAR_HEADER;
	copy_bytes = FAR_HEADER + 0x400;
}

static NTSTATUS image_try(HANDLE *section)
{
	LARGE_INTEGER start = {.QuadPart = 0};
	IO_STATUS_BLOCK io;
	NTSTATUS status =
		NtWriteFile(form_file, NULL, NULL, NULL, &io, copy, copy_bytes, &start, NULL);

	if (!NT_SUCCESS(status))
		bail_out("the file to make images of", status);
	return section_make(section, 0, PAGE_READONLY, SEC_IMAGE, form_file);
}

static NTSTATUS image_status(void)
{
	HANDLE section;
	NTSTATUS status = image_try(&section);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

/* catches: a header that is looked for in the first page only */
static void test_far_headers(void)
{
	static const struct {
		const char *text, *signature;
		unsigned char system;
		NTSTATUS expected, wine;
	} rows[] = {
		{"NE for Windows", "NE", 2, STATUS_INVALID_IMAGE_WIN_16,
		 STATUS_INVALID_IMAGE_WIN_16},
		{"NE for OS/2", "NE", 1, STATUS_INVALID_IMAGE_NE_FORMAT,
		 STATUS_INVALID_IMAGE_NE_FORMAT},
		{"NE for system 5", "NE", 5, STATUS_INVALID_IMAGE_PROTECT,
		 STATUS_INVALID_IMAGE_PROTECT},
		{"LE", "LE", 0, STATUS_INVALID_IMAGE_LE_FORMAT, STATUS_INVALID_IMAGE_PROTECT},
		{"something else", "XX", 0, STATUS_INVALID_IMAGE_PROTECT,
		 STATUS_INVALID_IMAGE_PROTECT},
	};
	HANDLE section;
	char *view;

	copy_reset();
	header_move();
	if (system_is_wine()) {
		tap_skip(2, "Wine copies headers within SizeOfHeaders only");
	} else {
		tap_is_status(image_try(&section), STATUS_SUCCESS, "3.3.1: a header at 128 KiB");
		view = view_need(section, PAGE_READONLY);
		tap_is_number(region_at(view).Type, MEM_IMAGE, "it can be mapped");
		view_drop(view);
		NtClose(section);
	}
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		memcpy(new_header(), rows[i].signature, 2);
		((unsigned char *)new_header())[0x36] = rows[i].system;
		tap_is_status_or(image_status(), rows[i].expected, rows[i].wine,
				 "3.3.1: at 128 KiB: %s", rows[i].text);
	}
	dos_header()->e_lfanew = 0x7FFFFFF0;
	tap_is_status(image_status(), STATUS_INVALID_IMAGE_PROTECT,
		      "P6.114: beyond the end of the file");
}

/* Makes the copy a PE32 image for i386: shorter addresses, the rest moves up. */
static void convert_to_i386(void)
{
	IMAGE_NT_HEADERS64 from = *new_header();
	IMAGE_NT_HEADERS32 *to = (IMAGE_NT_HEADERS32 *)new_header();

	to->FileHeader.Machine = IMAGE_FILE_MACHINE_I386;
	to->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR32_MAGIC;
	to->OptionalHeader.BaseOfData = 0;
	to->OptionalHeader.ImageBase = 0x00400000;
	to->OptionalHeader.SizeOfStackReserve = 0x123000;
	to->OptionalHeader.SizeOfStackCommit = 0x4000;
	to->OptionalHeader.SizeOfHeapReserve = to->OptionalHeader.SizeOfHeapCommit = 0;
	to->OptionalHeader.LoaderFlags = 0;
	to->OptionalHeader.NumberOfRvaAndSizes = 16;
	memcpy(to->OptionalHeader.DataDirectory, from.OptionalHeader.DataDirectory,
	       sizeof(to->OptionalHeader.DataDirectory));
}

/* catches: a foreign image refused, or mapped as if it could run */
static void test_other_machine(void)
{
	SECTION_IMAGE_INFORMATION information = {.Machine = 0};
	PVOID base = NULL;
	SIZE_T bytes = 0;
	HANDLE section;

	if (system_is_wine()) {
		tap_skip(6, "depends on what this Wine was built for");
		return;
	}
	copy_reset();
	convert_to_i386();
	tap_is_status(image_try(&section), STATUS_SUCCESS, "3.3.3: an image for i386");
	NtQuerySection(section, SectionImageInformation, &information, sizeof(information), NULL);
	tap_is_number(information.Machine, IMAGE_FILE_MACHINE_I386, "its machine");
	tap_is_number(information.MaximumStackSize, 0x123000, "its stack");
	tap_is_status(NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					 ViewUnmap, 0, PAGE_READONLY),
		      STATUS_IMAGE_MACHINE_TYPE_MISMATCH, "is mapped with a word of warning");
	tap_is_number((uintptr_t)base, 0x400000, "at its base");
	view_drop(base);
	NtClose(section);
	new_header()->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
	tap_is_status(image_status(), STATUS_INVALID_IMAGE_FORMAT, "PE32+ for i386");
}

static IMAGE_SECTION_HEADER *writable_section(void)
{
	IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(new_header());

	while (!(section->Characteristics & IMAGE_SCN_MEM_WRITE) || !section->SizeOfRawData)
		section++;
	return section;
}

/* catches: IMAGE_SCN_MEM_SHARED data that is copied on write */
static void test_shared_section(void)
{
	IMAGE_SECTION_HEADER *data;
	volatile char *first, *second;
	HANDLE section;

	copy_reset();
	data = writable_section();
	data->Characteristics |= IMAGE_SCN_MEM_SHARED;
	tap_is_status(image_try(&section), STATUS_SUCCESS, "3.3.3: an image with shared data");
	first = view_need(section, PAGE_READONLY);
	second = view_need(section, PAGE_READONLY);
	first[data->VirtualAddress] = 'S';
	if (system_is_wine())
		tap_skip(1, "Wine 8.0 copies such data");
	else
		tap_is_number((unsigned char)second[data->VirtualAddress], 'S',
			      "a store is seen in every view");
	tap_ok(copy[data->PointerToRawData] != 'S', "the file says something else");
	view_drop((char *)first);
	view_drop((char *)second);
	NtClose(section);
}

/* catches: SEC_IMAGE_NO_EXECUTE taken for SEC_NOCACHE, or for SEC_IMAGE */
static void test_no_execute(void)
{
	HANDLE section;
	const IMAGE_SECTION_HEADER *first;
	char *view;
	ULONG old;

	copy_reset();
	image_status();
	tap_is_status(section_make(&section, 0, PAGE_READONLY, SEC_IMAGE | SEC_NOCACHE, form_file),
		      STATUS_SUCCESS, "3.1.4: SEC_IMAGE_NO_EXECUTE");
	if (system_is_wine()) {
		tap_skip(4, "Wine maps it like any image");
		NtClose(section);
		return;
	}
	view = view_need(section, PAGE_READONLY);
	first = IMAGE_FIRST_SECTION(new_header());
	tap_ok(first->Characteristics & IMAGE_SCN_MEM_EXECUTE, "the first section is code");
	tap_is_number(region_at(view + first->VirtualAddress).Protect, PAGE_READONLY,
		      "which is only readable");
	tap_is_status(protect(view + first->VirtualAddress, 1, PAGE_EXECUTE_READ, &old),
		      STATUS_SECTION_PROTECTION, "and stays so");
	view[writable_section()->VirtualAddress] = 1;
	tap_is_number(region_at(view + writable_section()->VirtualAddress).Protect, PAGE_READWRITE,
		      "data can be written");
	view_drop(view);
	NtClose(section);
}

static NTSTATUS map_at(HANDLE section, uint64_t offset, PVOID *base, SIZE_T *bytes)
{
	LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};

	*bytes = 0;
	return NtMapViewOfSection(section, CURRENT_PROCESS, base, 0, 0, &at, bytes, ViewUnmap, 0,
				  PAGE_READONLY);
}

/* catches: an image that begins with its headers whatever the offset says; a base not obeyed */
static void test_offset_and_base(void)
{
	HANDLE file = file_need("C:\\bin\\test_image_forms.exe", FILE_READ_DATA | FILE_EXECUTE);
	PVOID whole = NULL, part = NULL;
	SIZE_T all = 0, bytes = 0;
	HANDLE section;

	if (system_is_wine()) {
		tap_skip(8, "Wine places images itself (B15)");
		NtClose(file);
		return;
	}
	section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);
	large_data[0] = 1;
	map_at(section, 0, &whole, &all);
	tap_is_status(map_at(section, GRANULARITY_BYTES, &part, &bytes), STATUS_IMAGE_NOT_AT_BASE,
		      "3.4.2: an image from its 64 KiB on");
	tap_is_number(bytes, all - GRANULARITY_BYTES, "is the rest of it");
	for (unsigned i = 0; i < 2; i++) {
		SIZE_T at = i ? bytes - PAGE_BYTES : 0;
		char *there = (char *)whole + GRANULARITY_BYTES + at;

		tap_is_number(region_at((char *)part + at).Protect, region_at(there).Protect,
			      "with the protections of these pages");
	}
	view_drop(part);
	part = (char *)whole + 0x10000000;
	tap_is_status(map_at(section, 0, &part, &bytes), STATUS_IMAGE_NOT_AT_BASE,
		      "at an address of the caller's");
	tap_ok(part == (char *)whole + 0x10000000, "exactly there");
	tap_is_status(map_at(section, 0, &part, &bytes), STATUS_CONFLICTING_ADDRESSES,
		      "but not twice");
	tap_is_status(map_at(section, (all + 0xFFFF) & ~0xFFFFull, &whole, &bytes),
		      STATUS_INVALID_VIEW_SIZE, "an offset behind the image");
	view_drop(part);
	view_drop(whole);
	NtClose(section);
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("image sections of uncommon files");
	form_file = file_need(FORM_FILE, FILE_READ_DATA | FILE_WRITE_DATA | FILE_EXECUTE);
	copy = (unsigned char *)memory_need(COPY_BYTES);
	test_far_headers();
	test_other_machine();
	test_shared_section();
	test_no_execute();
	test_offset_and_base();
	memory_drop((char *)copy);
	NtClose(form_file);
	return tap_finish();
}

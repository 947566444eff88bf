/*
 * crafted.c - executables that a program writes itself (see crafted.h).
 */
#include "crafted.h"

#include <string.h>

unsigned char crafted[CRAFTED_BYTES];
ULONG crafted_bytes;

void crafted_reset(void)
{
	HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA);
	NTSTATUS status;

	memset(crafted, 0, sizeof(crafted));
	status = scratch_read(file, 0, crafted, CRAFTED_BYTES / 2);
	NtClose(file);
	if (!NT_SUCCESS(status))
		bail_out(IMAGE_FILE, status);
	crafted_bytes = (ULONG)scratch_io.Information;
}

IMAGE_DOS_HEADER *crafted_dos(void)
{
	return (IMAGE_DOS_HEADER *)crafted;
}

IMAGE_NT_HEADERS64 *crafted_header(void)
{
	return (IMAGE_NT_HEADERS64 *)(crafted + crafted_dos()->e_lfanew);
}

IMAGE_SECTION_HEADER *crafted_section(ULONG rights)
{
	IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(crafted_header());

	for (unsigned i = 0; i < crafted_header()->FileHeader.NumberOfSections; i++, section++)
		if ((section->Characteristics & rights) == rights && section->SizeOfRawData)
			return section;
	bail_out("hello.exe has no such section", STATUS_INVALID_IMAGE_FORMAT);
}

/* Shorter addresses, the rest moves up; the section table stays where it is. */
void crafted_be_i386(void)
{
	IMAGE_NT_HEADERS64 from = *crafted_header();
	IMAGE_OPTIONAL_HEADER32 *to = &((IMAGE_NT_HEADERS32 *)crafted_header())->OptionalHeader;

	crafted_header()->FileHeader.Machine = IMAGE_FILE_MACHINE_I386;
	to->Magic = IMAGE_NT_OPTIONAL_HDR32_MAGIC;
	to->BaseOfData = 0;
	to->ImageBase = 0x00400000;
	to->SizeOfStackReserve = 0x123000;
	to->SizeOfStackCommit = 0x4000;
	to->SizeOfHeapReserve = to->SizeOfHeapCommit = 0;
	to->LoaderFlags = 0;
	to->NumberOfRvaAndSizes = 16;
	memcpy(to->DataDirectory, from.OptionalHeader.DataDirectory, sizeof(to->DataDirectory));
}

NTSTATUS crafted_write(HANDLE file)
{
	NTSTATUS status = scratch_set_size(file, crafted_bytes);

	if (!NT_SUCCESS(status) || !crafted_bytes)
		return status;
	return scratch_write(file, 0, crafted, crafted_bytes);
}

NTSTATUS crafted_image(HANDLE file, HANDLE *section)
{
	NTSTATUS status = crafted_write(file);

	if (!NT_SUCCESS(status))
		bail_out("an image's bytes", status);
	return section_make(section, 0, PAGE_READONLY, SEC_IMAGE, file);
}

HANDLE crafted_image_need(HANDLE file)
{
	HANDLE section = NULL;
	NTSTATUS status = crafted_image(file, &section);

	if (!NT_SUCCESS(status))
		bail_out("an image of the program's own", status);
	return section;
}

NTSTATUS crafted_try(HANDLE file)
{
	HANDLE section;
	NTSTATUS status = crafted_image(file, &section);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

HANDLE crafted_need(const char *path, ACCESS_MASK access)
{
	HANDLE file = scratch_need(path, access, 'i', 0);
	NTSTATUS status;

	crafted_reset();
	status = crafted_write(file);
	if (!NT_SUCCESS(status))
		bail_out(path, status);
	return file;
}

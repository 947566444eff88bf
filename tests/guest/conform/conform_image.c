/*
 * conform_image.c - views of image sections: where they stand, what their pages hold, what other
 * calls do to them, what the section tells (3.3.2, 3.3.3; P6.118-125), with images that the program
 * writes itself.
 */
#include <string.h>

#include "crafted.h"

#define FILE_PATH "C:\\data\\image.exe"
#define FREE_BASE 0x6A0000000ull /* nothing stands there */

static HANDLE file;

static NTSTATUS map(HANDLE section, uint64_t at, ULONG protection, char **view, SIZE_T *bytes)
{
	PVOID base = (PVOID)(uintptr_t)at;
	NTSTATUS status;

	*bytes = 0;
	status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, bytes, ViewShare,
				    0, protection);
	*view = base;
	return status;
}

static ULONG image_pages_bytes(void)
{
	return (crafted_header()->OptionalHeader.SizeOfImage + 0xFFF) & ~0xFFFu;
}

/* ---- places ---- */

static void place_cases(void)
{
	char *first, *second, *third;
	SIZE_T bytes;
	HANDLE section;

	crafted_reset();
	crafted_header()->OptionalHeader.ImageBase = FREE_BASE;
	section = crafted_image_need(file);
	case_call("NtMapViewOfSection");
	case_status("P6.118", "first view, its base is free",
		    map(section, 0, PAGE_READONLY, &first, &bytes), STATUS_SUCCESS);
	case_number("P6.118", "first view: base", (uintptr_t)first, FREE_BASE);
	case_number("3.3.3", "first view: ViewSize", bytes, image_pages_bytes());
	case_status("P6.118", "second view", map(section, 0, PAGE_READONLY, &second, &bytes),
		    STATUS_IMAGE_NOT_AT_BASE);
	case_true("P6.118", "second view: elsewhere, at a multiple of 64 KiB",
		  second && second != first && (uintptr_t)second % GRANULARITY_BYTES == 0);
	case_number("3.3.3", "second view: ViewSize", bytes, image_pages_bytes());
	view_drop(first);
	case_status("3.3.3", "third view, its base is free again",
		    map(section, 0, PAGE_READONLY, &third, &bytes), STATUS_SUCCESS);
	case_number("3.3.3", "third view: base", (uintptr_t)third, FREE_BASE);
	view_drop(third);
	view_drop(second);
	case_status("3.4.1/11", "base + 0x1000",
		    map(section, FREE_BASE + PAGE_BYTES, PAGE_READONLY, &first, &bytes),
		    STATUS_MAPPED_ALIGNMENT);
	NtClose(section);
}

static void given_base_cases(void)
{
	char *first, *second;
	SIZE_T bytes;
	HANDLE section;

	crafted_reset();
	crafted_header()->OptionalHeader.ImageBase = FREE_BASE;
	section = crafted_image_need(file);
	case_call("NtMapViewOfSection");
	map(section, FREE_BASE + 0x1000000, PAGE_READONLY, &first, &bytes);
	case_number("3.4.2", "a base of the caller's: obeyed", (uintptr_t)first,
		    FREE_BASE + 0x1000000);
	case_status("3.4.1/19", "a base of the caller's, occupied",
		    map(section, (uintptr_t)first, PAGE_READONLY, &second, &bytes),
		    STATUS_CONFLICTING_ADDRESSES);
	view_drop(first);
	NtClose(section);
}

/* Another architecture, at its own base. */
static void i386_cases(void)
{
	char *view = NULL;
	SIZE_T bytes;
	HANDLE section = NULL;

	crafted_reset();
	crafted_be_i386();
	case_call("NtCreateSection");
	case_chosen();
	case_status("3.3.3", "an image for i386", crafted_image(file, &section), STATUS_SUCCESS);
	case_call("NtMapViewOfSection");
	case_chosen();
	case_status("3.3.3", "an image for i386", map(section, 0, PAGE_READONLY, &view, &bytes),
		    STATUS_IMAGE_MACHINE_TYPE_MISMATCH);
	if (view)
		view_drop(view);
	if (section)
		NtClose(section);
}

/* ---- what the pages hold ---- */

static void header_cases(void)
{
	MEMORY_BASIC_INFORMATION region;
	ULONG header_bytes;
	HANDLE section;
	char *view;

	crafted_reset();
	section = crafted_image_need(file);
	view = view_need(section, PAGE_READWRITE);
	region = region_at(view);
	header_bytes = crafted_header()->OptionalHeader.SizeOfHeaders;
	case_call("NtQueryVirtualMemory");
	case_number("P6.119", "headers: type", region.Type, MEM_IMAGE);
	case_protection("P6.119", "headers: AllocationProtect", region.AllocationProtect,
			PAGE_EXECUTE_WRITECOPY);
	case_protection("P6.119", "headers: protection", region.Protect, PAGE_READONLY);
	case_number("3.3.3", "headers: region size", region.RegionSize, PAGE_BYTES);
	case_true("3.3.3", "headers: AllocationBase is the image's base",
		  region.AllocationBase == view);
	case_true("3.3.3", "headers: as in the file", !memcmp(view, crafted, header_bytes));
	for (ULONG i = header_bytes; i < PAGE_BYTES; i++)
		if (view[i]) {
			header_bytes = 0;
			break;
		}
	case_true("3.3.3", "headers: zeros behind SizeOfHeaders", header_bytes);
	view_drop(view);
	NtClose(section);
}

/* The rest of the last page, inside the file-aligned block, is the file's. */
static void tail_case(void)
{
	IMAGE_SECTION_HEADER *header;
	HANDLE section;
	ULONG rva;
	char *view;

	crafted_reset();
	header = crafted_section(IMAGE_SCN_MEM_WRITE);
	rva = header->VirtualAddress;
	header->SizeOfRawData = header->Misc.VirtualSize = 0x10;
	crafted[header->PointerToRawData + 0x11] = 'Q';
	section = crafted_image_need(file);
	view = view_need(section, PAGE_READONLY);
	case_call("NtMapViewOfSection");
	case_number("3.3.3", "behind the raw data, inside its aligned block",
		    (unsigned char)view[rva + 0x11], 'Q');
	view_drop(view);
	NtClose(section);
}

/* ---- stores ---- */

static void store_cases(void)
{
	IMAGE_SECTION_HEADER *header;
	unsigned char byte = 0, before;
	ULONG rva, raw;
	HANDLE section;
	char *view, *other;

	crafted_reset();
	header = crafted_section(IMAGE_SCN_MEM_WRITE);
	rva = header->VirtualAddress;
	raw = header->PointerToRawData;
	before = crafted[raw];
	section = crafted_image_need(file);
	view = view_need(section, PAGE_READONLY);
	other = view_need(section, PAGE_READONLY);
	case_call("NtMapViewOfSection");
	case_status("P6.122", "mapped RO: a store to its data",
		    case_store(view + rva, (unsigned char)(before + 1)), STATUS_SUCCESS);
	case_number("P6.122", "the view then", (unsigned char)view[rva],
		    (unsigned char)(before + 1));
	case_number("P6.121", "another view then", (unsigned char)other[rva], before);
	scratch_read(file, raw, &byte, 1);
	case_number("P6.121", "the file then", byte, before);
	case_call("NtQueryVirtualMemory");
	case_protection("P6.121", "the page then", region_at(view + rva).Protect, PAGE_READWRITE);
	case_protection("P6.121", "the other view's page then", region_at(other + rva).Protect,
			PAGE_WRITECOPY);
	view_drop(view);
	view = view_need(section, PAGE_READONLY);
	case_number("3.3.3", "a new view", (unsigned char)view[rva], before);
	view_drop(view);
	view_drop(other);
	NtClose(section);
}

/* MEM_SHARED and writable: one page for all views. */
static void shared_cases(void)
{
	IMAGE_SECTION_HEADER *header;
	unsigned char byte = 0, before;
	ULONG rva, raw;
	HANDLE section;
	char *view, *other;

	crafted_reset();
	header = crafted_section(IMAGE_SCN_MEM_WRITE);
	header->Characteristics |= IMAGE_SCN_MEM_SHARED;
	rva = header->VirtualAddress;
	raw = header->PointerToRawData;
	before = crafted[raw];
	section = crafted_image_need(file);
	view = view_need(section, PAGE_READONLY);
	other = view_need(section, PAGE_READONLY);
	case_call("NtMapViewOfSection");
	case_protection("3.3.3", "a shared PE section RW: protection",
			region_at(view + rva).Protect, PAGE_READWRITE);
	case_store(view + rva, (unsigned char)(before + 1));
	case_number("3.3.3", "a shared PE section: a store in another view",
		    (unsigned char)other[rva], (unsigned char)(before + 1));
	case_protection("3.3.3", "a shared PE section: protection after a store",
			region_at(view + rva).Protect, PAGE_READWRITE);
	scratch_read(file, raw, &byte, 1);
	case_number("3.3.3", "a shared PE section: a store in the file", byte, before);
	view_drop(view);
	view_drop(other);
	NtClose(section);
}

/* ---- flat images ---- */

static void flat_cases(void)
{
	IMAGE_SECTION_HEADER *header;
	MEMORY_BASIC_INFORMATION region;
	SECTION_IMAGE_INFORMATION information = {.ZeroBits = 1};
	HANDLE section;
	char *view;

	crafted_reset();
	crafted_header()->OptionalHeader.SectionAlignment = 0x200;
	crafted_header()->OptionalHeader.FileAlignment = 0x200;
	crafted_header()->FileHeader.NumberOfSections = 1;
	header = IMAGE_FIRST_SECTION(crafted_header());
	header->VirtualAddress = header->PointerToRawData;
	header->Misc.VirtualSize = header->SizeOfRawData = 0x200;
	crafted_header()->OptionalHeader.SizeOfImage = header->PointerToRawData + 0x200;
	section = crafted_image_need(file);
	view = view_need(section, PAGE_READONLY);
	region = region_at(view);
	case_call("NtMapViewOfSection");
	case_protection("3.3.3", "flat: protection", region.Protect, PAGE_EXECUTE_WRITECOPY);
	case_number("3.3.3", "flat: region size", region.RegionSize, image_pages_bytes());
	case_true("3.3.3", "flat: as in the file", !memcmp(view, crafted, 0x200));
	case_call("NtQuerySection");
	NtQuerySection(section, SectionImageInformation, &information, sizeof(information), NULL);
	case_number("3.3.2", "flat: ImageMappedFlat", information.ImageFlags & 8, 8);
	case_number("3.3.2", "flat: ImageContainsCode", information.ImageContainsCode, 1);
	view_drop(view);
	NtClose(section);
}

/* ---- other calls ---- */

static NTSTATUS allocate(char *at, ULONG type)
{
	PVOID base = at;
	SIZE_T bytes = PAGE_BYTES;

	return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, type, PAGE_READWRITE);
}

static void memory_cases(void)
{
	HANDLE section;
	PVOID base;
	SIZE_T bytes = 0;
	char *view;

	crafted_reset();
	section = crafted_image_need(file);
	view = view_need(section, PAGE_READONLY);
	base = view;
	case_call("NtAllocateVirtualMemory");
	case_status("P6.124", "COMMIT over an image's headers", allocate(view, MEM_COMMIT),
		    STATUS_ALREADY_COMMITTED);
	case_status(
		"P6.124", "COMMIT over an image's code",
		allocate(view + crafted_section(IMAGE_SCN_MEM_EXECUTE)->VirtualAddress, MEM_COMMIT),
		STATUS_ALREADY_COMMITTED);
	case_status("P6.124", "RESERVE over an image", allocate(view, MEM_RESERVE),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("3.3.3", "RESERVE and COMMIT over an image",
		    allocate(view, MEM_RESERVE | MEM_COMMIT), STATUS_CONFLICTING_ADDRESSES);
	case_call("NtFreeVirtualMemory");
	case_status("5.2", "RELEASE of an image",
		    NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE),
		    STATUS_UNABLE_TO_DELETE_SECTION);
	bytes = PAGE_BYTES;
	case_status("5.2", "DECOMMIT of an image",
		    NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT),
		    STATUS_UNABLE_TO_DELETE_SECTION);
	view_drop(view);
	NtClose(section);
}

/* ---- what the section tells ---- */

static void information_cases(void)
{
	const IMAGE_OPTIONAL_HEADER64 *optional;
	SECTION_IMAGE_INFORMATION information = {.ZeroBits = 1};
	SIZE_T length = 0;
	HANDLE section;

	crafted_reset();
	optional = &crafted_header()->OptionalHeader;
	crafted_header()->OptionalHeader.SizeOfStackReserve = 0x234000;
	crafted_header()->OptionalHeader.SizeOfStackCommit = 0x5000;
	crafted_header()->OptionalHeader.MajorSubsystemVersion = 6;
	crafted_header()->OptionalHeader.MinorSubsystemVersion = 3;
	crafted_header()->OptionalHeader.MajorOperatingSystemVersion = 5;
	crafted_header()->OptionalHeader.MinorOperatingSystemVersion = 2;
	crafted_header()->OptionalHeader.CheckSum = 0x1234567;
	section = crafted_image_need(file);
	case_call("NtQuerySection");
	case_status("P6.125", "image information",
		    NtQuerySection(section, SectionImageInformation, &information,
				   sizeof(information), &length),
		    STATUS_SUCCESS);
	case_number("P6.125", "length", length, 64);
	case_number("P6.125", "entry, the low 16 bits",
		    (uintptr_t)information.TransferAddress & 0xFFFF,
		    optional->AddressOfEntryPoint & 0xFFFF);
	case_number("P6.125", "stack, reserved", information.MaximumStackSize, 0x234000);
	case_number("P6.125", "stack, committed", information.CommittedStackSize, 0x5000);
	case_number("P6.125", "subsystem", information.SubSystemType, IMAGE_SUBSYSTEM_NATIVE);
	case_number("P6.125", "size of the file", information.ImageFileSize, crafted_bytes);
	case_number("3.3.2", "subsystem, major version", information.SubSystemMajorVersion, 6);
	case_number("3.3.2", "subsystem, minor version", information.SubSystemMinorVersion, 3);
	case_number("3.3.2", "system, major version", information.MajorOperatingSystemVersion, 5);
	case_number("3.3.2", "system, minor version", information.MinorOperatingSystemVersion, 2);
	case_number("3.3.2", "characteristics", information.ImageCharacteristics,
		    crafted_header()->FileHeader.Characteristics);
	case_number("3.3.2", "DllCharacteristics", information.DllCharacteristics,
		    optional->DllCharacteristics);
	case_number("3.3.2", "machine", information.Machine, IMAGE_FILE_MACHINE_AMD64);
	case_number("3.3.2", "checksum", information.CheckSum, 0x1234567);
	case_number("3.3.2", "ZeroBits", information.ZeroBits, 0);
	case_number("3.3.2", "LoaderFlags", information.LoaderFlags, 0);
	case_number("3.3.2", "contains code", information.ImageContainsCode, 1);
	case_number("3.3.2", "not mapped flat", information.ImageFlags & 8, 0);
	NtClose(section);
}

/* Code and relocation: what the flags say of variants. */
static void flag_cases(void)
{
	SECTION_IMAGE_INFORMATION information = {.ZeroBits = 1};
	IMAGE_OPTIONAL_HEADER64 *optional;
	IMAGE_SECTION_HEADER *header;
	HANDLE section;

	crafted_reset();
	optional = &crafted_header()->OptionalHeader;
	optional->SizeOfCode = optional->AddressOfEntryPoint = 0;
	optional->DllCharacteristics |= IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE;
	header = IMAGE_FIRST_SECTION(crafted_header());
	for (unsigned i = 0; i < crafted_header()->FileHeader.NumberOfSections; i++)
		header[i].Characteristics &= ~(ULONG)IMAGE_SCN_MEM_EXECUTE;
	section = crafted_image_need(file);
	case_call("NtQuerySection");
	NtQuerySection(section, SectionImageInformation, &information, sizeof(information), NULL);
	case_number("3.3.2", "no code, no entry: contains code", information.ImageContainsCode, 0);
	case_number("3.3.2", "no code: not dynamically relocated", information.ImageFlags & 4, 0);
	NtClose(section);
	crafted_reset();
	crafted_header()->OptionalHeader.DllCharacteristics |=
		IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE;
	section = crafted_image_need(file);
	NtQuerySection(section, SectionImageInformation, &information, sizeof(information), NULL);
	case_number("3.3.2", "DYNAMIC_BASE and code: dynamically relocated",
		    information.ImageFlags & 4, 4);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_image: views of images");
	file = scratch_need(FILE_PATH, FILE_READ_DATA | FILE_EXECUTE | DELETE, 'i', 1);
	place_cases();
	given_base_cases();
	i386_cases();
	header_cases();
	tail_case();
	store_cases();
	shared_cases();
	flat_cases();
	memory_cases();
	information_cases();
	flag_cases();
	NtClose(file);
	scratch_drop(FILE_PATH);
	return case_finish();
}

/*
 * test_image.c - image sections: what is mapped where, with which protection, and which frames are
 * shared (3.3.2, 3.3.3; P6.118-128).
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "path.h"
#include "touch.h"

extern char __ImageBase[];

/* One page of each kind that this program has. */
static char own_data[64] = "data of the image";
static const char own_constant[] = "constant of the image";

#define OWN_ARGUMENT "share"

static HANDLE own_file(ACCESS_MASK access)
{
	return file_need("C:\\bin\\test_image.exe", access);
}

static HANDLE image_section(const char *path)
{
	HANDLE file = file_need(path, FILE_READ_DATA | FILE_EXECUTE), section;
	NTSTATUS status = section_make(&section, 0, PAGE_READONLY, SEC_IMAGE, file);

	if (!NT_SUCCESS(status))
		bail_out(path, status);
	NtClose(file);
	return section;
}

static const IMAGE_NT_HEADERS64 *headers_of(const char *image)
{
	return (const void *)(image + ((const IMAGE_DOS_HEADER *)image)->e_lfanew);
}

/* The first PE section that has all of the wanted rights and none of the others; NULL: none. */
static const IMAGE_SECTION_HEADER *section_with(const char *image, ULONG rights)
{
	const IMAGE_NT_HEADERS64 *headers = headers_of(image);
	const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(headers);
	const ULONG all = IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE | IMAGE_SCN_MEM_EXECUTE;

	for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; i++, section++)
		if ((section->Characteristics & all) == rights && section->SizeOfRawData)
			return section;
	return NULL;
}

#define CODE_RIGHTS (IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_EXECUTE)
#define DATA_RIGHTS (IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE)

static char *page_with(char *image, ULONG rights)
{
	const IMAGE_SECTION_HEADER *section = section_with(image, rights);

	if (!section)
		bail_out("the image has no such section", STATUS_INVALID_IMAGE_FORMAT);
	return image + section->VirtualAddress;
}

/* catches: an image placed anywhere at once; a second view refused, or put over the first */
static void test_placement(void)
{
	HANDLE section = image_section(IMAGE_FILE);
	const IMAGE_NT_HEADERS64 *headers;
	PVOID first = NULL, second = NULL;
	SIZE_T bytes = 0, second_bytes = 0;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &first, 0, 0, NULL, &bytes,
					     ViewShare, 0, PAGE_READONLY);

	/* hello.exe is linked where this program is */
	tap_is_status(status, STATUS_IMAGE_NOT_AT_BASE, "P6.118: at an occupied base");
	tap_ok(first && first != __ImageBase && (uintptr_t)first % GRANULARITY_BYTES == 0,
	       "the view is elsewhere, at a multiple of 64 KiB");
	headers = headers_of(first);
	tap_is_number(bytes, (headers->OptionalHeader.SizeOfImage + 0xFFF) & ~0xFFFull,
		      "3.3.3: size 0 maps the whole image");
	status = NtMapViewOfSection(section, CURRENT_PROCESS, &second, 0, 0, NULL, &second_bytes,
				    ViewShare, 0, PAGE_READONLY);
	tap_is_status(status, STATUS_IMAGE_NOT_AT_BASE, "P6.118: a second view");
	tap_ok(second && second != first, "is elsewhere again");
	tap_is_status(view_drop(second), STATUS_SUCCESS, "it is unmapped");
	tap_is_status(view_drop((char *)first + 0x1234), STATUS_SUCCESS,
		      "the first too, by an address within");
	NtClose(section);
}

static void check_region(const char *address, ULONG protection, const char *text)
{
	MEMORY_BASIC_INFORMATION region = region_at(address);

	tap_ok(region.State == MEM_COMMIT && region.Type == MEM_IMAGE, "%s: committed, image",
	       text);
	tap_is_number(region.Protect, protection, "%s: protection", text);
	tap_is_number(region.AllocationProtect, PAGE_EXECUTE_WRITECOPY,
		      "%s: the allocation's protection", text);
}

/* catches: the map call's protection used for an image; data pages READWRITE from the start */
static void test_protections(void)
{
	HANDLE section = image_section(IMAGE_FILE);
	char *view = view_need(section, PAGE_READONLY), *data = page_with(view, DATA_RIGHTS);
	ULONG old = 0;

	check_region(view, PAGE_READONLY, "P6.119: headers");
	tap_ok(region_at(view).AllocationBase == view, "P6.119: the allocation is the image");
	check_region(page_with(view, CODE_RIGHTS), PAGE_EXECUTE_READ, "P6.120: code");
	check_region(data, PAGE_WRITECOPY, "P6.120: data");
	if (section_with(view, IMAGE_SCN_MEM_READ))
		check_region(page_with(view, IMAGE_SCN_MEM_READ), PAGE_READONLY,
			     "P6.120: constants");
	tap_is_status(protect(data, 1, PAGE_READWRITE, &old), STATUS_SUCCESS,
		      "P6.123: READWRITE is granted");
	tap_is_number(old, PAGE_WRITECOPY, "P6.123: it was WRITECOPY");
	tap_is_number(region_at(data).Protect, PAGE_WRITECOPY,
		      "P6.123: and is reported so until written");
	tap_is_status(protect(view, 1, PAGE_EXECUTE_READ, &old), STATUS_SUCCESS,
		      "headers can be made executable");
	tap_is_number(old, PAGE_READONLY, "they were READONLY");
	view_drop(view);
	NtClose(section);
}

/* catches: a store to .data that reaches the file, the section or another view */
static void test_data_is_private(void)
{
	HANDLE section = image_section(IMAGE_FILE), file;
	char *view = view_need(section, PAGE_READONLY), *other = view_need(section, PAGE_READONLY);
	volatile char *data = page_with(view, DATA_RIGHTS);
	const IMAGE_SECTION_HEADER *header = section_with(view, DATA_RIGHTS);
	char before = *data, in_file = 0;
	const volatile char *others = other + header->VirtualAddress;

	tap_is_number((unsigned char)*others, (unsigned char)before, "both views show the same");
	if (system_is_quire())
		tap_ok(frame_at((const char *)data) == frame_at((const char *)others),
		       "from one frame");
	else
		tap_skip(1, "frames are Quire's");
	tap_faults_start();
	*data = (char)(before + 1);
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_COPY_ON_WRITE, 1, "P6.122: a store to .data");
	tap_no_other_faults("P6.122: a store to .data");
	tap_is_number((unsigned char)*others, (unsigned char)before, "the other view is as before");
	if (system_is_wine())
		tap_skip(2, "Wine reports WRITECOPY (W2)");
	else {
		tap_is_number(region_at((const char *)data).Protect, PAGE_READWRITE,
			      "P6.121: the page is READWRITE now");
		tap_is_number(region_at((const char *)data).RegionSize % PAGE_BYTES, 0,
			      "by whole pages");
	}
	file = file_need(IMAGE_FILE, FILE_READ_DATA);
	file_read_at(file, header->PointerToRawData, &in_file, 1);
	tap_is_number((unsigned char)in_file, (unsigned char)before,
		      "P6.121: the file is unchanged");
	NtClose(file);
	view_drop(view);
	view = view_need(section, PAGE_READONLY);
	tap_is_number((unsigned char)*page_with(view, DATA_RIGHTS), (unsigned char)before,
		      "a new view starts from the file");
	view_drop(view);
	view_drop(other);
	NtClose(section);
}

/* catches: code copied for each view; shared pages read from the disk again */
static void test_text_is_shared(void)
{
	HANDLE section = image_section(IMAGE_FILE);
	char *view = view_need(section, PAGE_READONLY), *other = view_need(section, PAGE_READONLY);
	const volatile char *text = page_with(view, CODE_RIGHTS);
	const volatile char *others = page_with(other, CODE_RIGHTS);
	char byte = *text;

	tap_faults_start();
	tap_ok(*others == byte, "the code of both views is equal");
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_SHARED, 1, "code that another view maps");
	tap_no_other_faults("code that another view maps");
	if (system_is_quire())
		tap_ok(frame_at((const char *)text) == frame_at((const char *)others),
		       "it is one frame");
	else
		tap_skip(1, "frames are Quire's");
	view_drop(other);
	view_drop(view);
	NtClose(section);
}

/* The child tells the frames of its own pages, through a section. */
static NTSTATUS child_report(void)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	HANDLE section;
	uint64_t *report;
	NTSTATUS status;

	RtlInitUnicodeString(&name, L"\\BaseNamedObjects\\test_image");
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	status = NtOpenSection(&section, SECTION_ALL_ACCESS, &attributes);
	if (!NT_SUCCESS(status))
		return status;
	report = (uint64_t *)view_need(section, PAGE_READWRITE);
	report[0] = frame_at((const char *)(uintptr_t)child_report);
	report[1] = *(const volatile char *)own_constant ? frame_at(own_constant) : 0;
	own_data[0] = 'c';
	report[2] = frame_at(own_data);
	report[3] = (uint64_t)(uintptr_t)__ImageBase;
	return STATUS_SUCCESS;
}

/* catches: a process that loads a copy of its program; data pages shared when written */
static void test_processes_share(void)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	HANDLE section;
	uint64_t *report;
	NTSTATUS status;

	RtlInitUnicodeString(&name, L"\\BaseNamedObjects\\test_image");
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	status = NtCreateSection(&section, SECTION_ALL_ACCESS, &attributes,
				 &(LARGE_INTEGER){.QuadPart = 0x1000}, PAGE_READWRITE, SEC_COMMIT,
				 NULL);
	tap_is_status(status, STATUS_SUCCESS, "a section to report through");
	report = (uint64_t *)view_need(section, PAGE_READWRITE);
	own_data[0] = 'p';
	tap_is_status(child_run_self(OWN_ARGUMENT), STATUS_SUCCESS,
		      "another process of this program");
	tap_is_number((unsigned char)own_data[0], 'p', "its store to .data is not seen here");
	tap_is_number(report[3], (uintptr_t)__ImageBase, "it stands at the same address");
	if (system_is_quire()) {
		tap_ok(report[0] && report[0] == frame_at((const char *)(uintptr_t)child_report),
		       "its code was in our frame");
		tap_ok(*(const volatile char *)own_constant && report[1] &&
			       report[1] == frame_at(own_constant),
		       "its constants too");
		tap_ok(report[2] && report[2] != frame_at(own_data), "its written data was not");
	} else {
		tap_skip(3, "frames are Quire's");
	}
	view_drop((char *)report);
	NtClose(section);
}

/* catches: memory calls that work on an image as on private memory */
static void test_memory_calls(void)
{
	HANDLE section = image_section(IMAGE_FILE);
	char *view = view_need(section, PAGE_READONLY);
	PVOID base = view;
	SIZE_T bytes = PAGE_BYTES;

	tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT,
					      PAGE_READWRITE),
		      STATUS_ALREADY_COMMITTED, "P6.124: MEM_COMMIT");
	base = view;
	bytes = PAGE_BYTES;
	tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE,
					      PAGE_READWRITE),
		      STATUS_CONFLICTING_ADDRESSES, "P6.124: MEM_RESERVE");
	base = view;
	bytes = 0;
	tap_is_status_or(NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE),
			 STATUS_UNABLE_TO_DELETE_SECTION, STATUS_INVALID_PARAMETER,
			 "5.2: MEM_RELEASE");
	view_drop(view);
	NtClose(section);
}

/* catches: an answer put together from the data section, or from the rounded size */
static void test_information(void)
{
	HANDLE section = image_section(IMAGE_FILE), file = file_need(IMAGE_FILE, FILE_READ_DATA);
	char *view = view_need(section, PAGE_READONLY);
	const IMAGE_OPTIONAL_HEADER64 *optional = &headers_of(view)->OptionalHeader;
	SECTION_IMAGE_INFORMATION image = {.ZeroBits = 1};
	SECTION_BASIC_INFORMATION basic = {.Attributes = 0};
	SIZE_T length = 0;
	uint64_t bytes = 0;

	tap_is_status(
		NtQuerySection(section, SectionImageInformation, &image, sizeof(image), &length),
		STATUS_SUCCESS, "P6.125: image information");
	tap_is_number(length, 64, "P6.125: 64 bytes");
	tap_is_number((uintptr_t)image.TransferAddress & 0xFFFF,
		      optional->AddressOfEntryPoint & 0xFFFF, "the entry point");
	tap_is_number(image.MaximumStackSize, optional->SizeOfStackReserve, "stack, reserved");
	tap_is_number(image.CommittedStackSize, optional->SizeOfStackCommit, "stack, committed");
	tap_is_number(image.SubSystemType, IMAGE_SUBSYSTEM_NATIVE, "the native subsystem");
	tap_is_number(image.Machine, IMAGE_FILE_MACHINE_AMD64, "the machine");
	tap_is_number(image.ImageContainsCode, 1, "it has code");
	tap_is_number(image.ZeroBits + image.LoaderFlags, 0, "no zero bits, no loader flags");
	file_size(file, &bytes);
	tap_is_number(image.ImageFileSize, bytes, "P6.125: the size of the file");
	NtQuerySection(section, SectionBasicInformation, &basic, sizeof(basic), NULL);
	tap_is_number(basic.Attributes, SEC_IMAGE | SEC_FILE, "3.1.4: attributes");
	tap_is_number((uint64_t)basic.Size.QuadPart, (optional->SizeOfImage + 0xFFF) & ~0xFFFu,
		      "3.1.2: the size is the image's");
	view_drop(view);
	NtClose(section);
	tap_is_status(section_try(1, PAGE_READONLY, SEC_IMAGE, file), STATUS_SUCCESS,
		      "P6.128: one byte of it");
	tap_is_status(section_try(1 << 30, PAGE_READONLY, SEC_IMAGE, file), STATUS_SECTION_TOO_BIG,
		      "P6.128: more than it has");
	NtClose(file);
}

/* catches: one segment for data and image views of a file */
static void test_data_view_of_image(void)
{
	HANDLE file = own_file(FILE_READ_DATA), section;
	char *view;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	tap_ok(!memcmp(view, "MZ", 2), "the data view starts with MZ");
	tap_is_number(region_at(view).Type, MEM_MAPPED, "it is no image");
	if (system_is_quire())
		tap_ok(frame_at(view) != frame_at(__ImageBase) && frame_at(__ImageBase),
		       "8.1: data and image views have frames of their own");
	else
		tap_skip(1, "frames are Quire's");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

/* catches: pages of an image read when it is mapped */
static void test_nothing_at_mapping(void)
{
	HANDLE section = image_section("C:\\bin\\args.exe");
	struct quire_memory before, after;
	const IMAGE_SECTION_HEADER *text;
	char *view;

	if (!memory_read(&before)) {
		tap_skip(4, "counts of disk transfers are Quire's");
		NtClose(section);
		return;
	}
	memory_read(&before);
	view = view_need(section, PAGE_READONLY);
	memory_read(&after);
	tap_is_number(after.page_reads - before.page_reads, 0, "mapping reads nothing");
	text = section_with(view, CODE_RIGHTS);
	memory_read(&before);
	tap_faults_start();
	(void)*(volatile char *)(view + text->VirtualAddress);
	tap_faults_stop();
	memory_read(&after);
	tap_is_number(after.page_reads - before.page_reads, 1, "the first touch reads one page");
	tap_faults_are(QUIRE_FAULT_FILE, 1, "the first touch");
	tap_no_other_faults("the first touch");
	view_drop(view);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], OWN_ARGUMENT))
		return child_report();
	tap_start("image sections");
	touch_own_pages();
	test_nothing_at_mapping();
	test_placement();
	test_protections();
	test_data_is_private();
	test_text_is_shared();
	test_processes_share();
	test_memory_calls();
	test_information();
	test_data_view_of_image();
	return tap_finish();
}

/*
 * conform_query_section.c - NtQuerySection: table 3.9 and its order of checks; P6.125-126.
 */
#include "case.h"
#include "crafted.h"

#define FILE_PATH "C:\\data\\queried.exe"
#define HUGE_BYTES 0xFFFFFFFFFFFFF000ull

/* The kinds of sections that the table tells apart. */
static HANDLE memory, data, image;

static NTSTATUS query(HANDLE section, ULONG class, SIZE_T length)
{
	static uint64_t buffer[64];

	return NtQuerySection(section, class, buffer, length, NULL);
}

static void basic_cases(void)
{
	SECTION_BASIC_INFORMATION information[2] = {{.Attributes = 0}};
	SIZE_T length = 0;

	case_status("3.9", "basic, 23 bytes", query(memory, SectionBasicInformation, 23),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("3.9", "basic, 0 bytes", query(memory, SectionBasicInformation, 0),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("3.9", "basic, 24 bytes", query(memory, SectionBasicInformation, 24),
		    STATUS_SUCCESS);
	case_status("3.9", "basic, 25 bytes",
		    NtQuerySection(memory, SectionBasicInformation, information, 25, &length),
		    STATUS_SUCCESS);
	case_number("3.9", "basic, 25 bytes: RetLen", length, 24);
	case_number("3.9", "basic, page file: base", (uintptr_t)information[0].BaseAddress, 0);
	case_number("3.9", "basic, page file: attributes", information[0].Attributes, SEC_COMMIT);
	NtQuerySection(data, SectionBasicInformation, information, 24, NULL);
	case_number("3.9", "basic, file: base", (uintptr_t)information[0].BaseAddress, 0);
	case_number("3.9", "basic, file: attributes", information[0].Attributes, SEC_FILE);
	case_number("3.9", "basic, file: size", (uint64_t)information[0].Size.QuadPart,
		    crafted_bytes);
	NtQuerySection(image, SectionBasicInformation, information, 24, NULL);
	case_number("3.9", "basic, image: base", (uintptr_t)information[0].BaseAddress, 0);
	case_number("3.9", "basic, image: attributes", information[0].Attributes,
		    SEC_FILE | SEC_IMAGE);
	case_number("3.1.2", "basic, image: size", (uint64_t)information[0].Size.QuadPart,
		    (crafted_header()->OptionalHeader.SizeOfImage + 0xFFFu) & ~0xFFFull);
}

static void image_cases(void)
{
	SECTION_IMAGE_INFORMATION information[2] = {{.ZeroBits = 1}};
	SIZE_T length = 0;

	case_status("P6.126", "image, page file, 64 bytes",
		    query(memory, SectionImageInformation, 64), STATUS_SECTION_NOT_IMAGE);
	case_status("P6.126", "image, file, 64 bytes", query(data, SectionImageInformation, 64),
		    STATUS_SECTION_NOT_IMAGE);
	case_status("P6.126", "image, file, 63 bytes", query(data, SectionImageInformation, 63),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("3.9", "image, page file, 0 bytes", query(memory, SectionImageInformation, 0),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("3.9", "image, image, 63 bytes", query(image, SectionImageInformation, 63),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("P6.125", "image, image, 65 bytes",
		    NtQuerySection(image, SectionImageInformation, information, 65, &length),
		    STATUS_SUCCESS);
	case_number("P6.125", "image, image, 65 bytes: RetLen", length, 64);
}

static void order_cases(void)
{
	uint64_t buffer[8];
	HANDLE weak = NULL;

	case_status("3.9", "buffer NULL",
		    NtQuerySection(memory, SectionBasicInformation, NULL, 24, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.9", "Length into the kernel's half, image of a file",
		    NtQuerySection(data, SectionImageInformation, buffer, HUGE_BYTES, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.9", "Length into the kernel's half, handle 0",
		    NtQuerySection(NULL, SectionBasicInformation, buffer, HUGE_BYTES, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.9", "RetLen bad",
		    NtQuerySection(memory, SectionBasicInformation, buffer, 24, (SIZE_T *)8),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.9", "handle 0", query(NULL, SectionBasicInformation, 24),
		    STATUS_INVALID_HANDLE);
	case_status("3.9", "handle of a process",
		    query(CURRENT_PROCESS, SectionBasicInformation, 24),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("3.9", "handle 0, 23 bytes", query(NULL, SectionBasicInformation, 23),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("3.9", "class 5", query(memory, 5, 64), STATUS_INVALID_INFO_CLASS);
	case_status("3.9", "class -1", query(memory, 0xFFFFFFFF, 64), STATUS_INVALID_INFO_CLASS);
	case_status("3.9", "class 5, handle 0", query(NULL, 5, 64), STATUS_INVALID_INFO_CLASS);
	NtDuplicateObject(CURRENT_PROCESS, memory, CURRENT_PROCESS, &weak,
			  SECTION_MAP_READ | SECTION_MAP_WRITE, 0, 0);
	case_status("3.9", "basic, handle without QUERY", query(weak, SectionBasicInformation, 24),
		    STATUS_ACCESS_DENIED);
	case_status("3.9", "image, handle without QUERY", query(weak, SectionImageInformation, 64),
		    STATUS_ACCESS_DENIED);
	NtClose(weak);
}

/* Classes 2 to 4: the specification's values are of low confidence. */
static void rare_cases(void)
{
	static const struct {
		const char *name;
		ULONG class;
	} rows[] = {
		{"relocation", SectionRelocationInformation},
		{"original base", SectionOriginalBaseInformation},
		{"internal image", SectionInternalImageInformation},
	};
	uint64_t value = 1;

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		case_chosen();
		case_status("3.9", case_format("%s, file", rows[i].name),
			    query(data, rows[i].class, 256), STATUS_SECTION_NOT_IMAGE);
		case_chosen();
		case_status("3.9", case_format("%s, image", rows[i].name),
			    query(image, rows[i].class, 256), STATUS_SUCCESS);
		case_chosen();
		case_status("3.9", case_format("%s, image, 7 bytes", rows[i].name),
			    query(image, rows[i].class, 7), STATUS_INFO_LENGTH_MISMATCH);
	}
	NtQuerySection(image, SectionRelocationInformation, &value, sizeof(value), NULL);
	case_chosen();
	case_number("3.9", "relocation, image: nothing was moved", value, 0);
	NtQuerySection(image, SectionOriginalBaseInformation, &value, sizeof(value), NULL);
	case_chosen();
	case_number("3.9", "original base, image: the header's", value,
		    crafted_header()->OptionalHeader.ImageBase);
}

int program_main(int argc, char **argv)
{
	HANDLE file;

	(void)argc;
	(void)argv;
	case_start("conform_query_section: NtQuerySection");
	case_call("NtQuerySection");
	file = crafted_need(FILE_PATH, FILE_READ_DATA | DELETE);
	memory = section_need(PAGE_BYTES);
	section_make(&data, 0, PAGE_READONLY, SEC_COMMIT, file);
	section_make(&image, 0, PAGE_READONLY, SEC_IMAGE, file);
	basic_cases();
	image_cases();
	order_cases();
	rare_cases();
	NtClose(image);
	NtClose(data);
	NtClose(memory);
	NtClose(file);
	scratch_drop(FILE_PATH);
	return case_finish();
}

/*
 * conform_section.c - NtCreateSection: order of checks, sizes and attributes (3.1.1, 3.1.2, 3.1.4;
 * P1.1-14, P4.90-91).
 */
#include "case.h"
#include "path.h"

#define GIB (1ull << 30)

/* The status alone, with exactly these arguments. */
static NTSTATUS create(const LARGE_INTEGER *size, ULONG protection, ULONG attributes, HANDLE file)
{
	HANDLE section;
	NTSTATUS status = NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, (LARGE_INTEGER *)size,
					  protection, attributes, file);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

static void flag_cases(void)
{
	static const struct {
		const char *id, *what;
		ULONG attributes;
	} rows[] = {
		{"3.1.1/1", "attributes -1", 0xFFFFFFFF},
		{"3.1.1/1", "attributes COMMIT and an unknown bit", SEC_COMMIT | 0x1000},
		{"P1.9", "attributes 0", 0},
		{"3.1.1/2", "NOCACHE alone", SEC_NOCACHE},
		{"3.1.1/2", "LARGE_PAGES alone", SEC_LARGE_PAGES},
		{"3.1.1/2", "WRITECOMBINE alone", SEC_WRITECOMBINE},
		{"3.1.1/2", "FILE alone", SEC_FILE},
		{"P1.11", "IMAGE and COMMIT", SEC_IMAGE | SEC_COMMIT},
		{"3.1.1/3", "IMAGE and RESERVE", SEC_IMAGE | SEC_RESERVE},
		{"3.1.1/3", "IMAGE and LARGE_PAGES", SEC_IMAGE | SEC_LARGE_PAGES},
		{"3.1.1/3", "IMAGE and FILE", SEC_IMAGE | SEC_FILE},
		{"3.1.1/3", "IMAGE and WRITECOMBINE", SEC_IMAGE | SEC_WRITECOMBINE},
		{"P1.10", "COMMIT and RESERVE", SEC_COMMIT | SEC_RESERVE},
		{"3.1.1/4", "COMMIT, RESERVE and NOCACHE", SEC_COMMIT | SEC_RESERVE | SEC_NOCACHE},
		{"3.1.1/5", "RESERVE and LARGE_PAGES", SEC_RESERVE | SEC_LARGE_PAGES},
		{"3.1.1/5", "FILE and COMMIT", SEC_FILE | SEC_COMMIT},
		{"3.1.1/5", "FILE and RESERVE", SEC_FILE | SEC_RESERVE},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		case_status(rows[i].id, rows[i].what,
			    section_try(PAGE_BYTES, PAGE_READWRITE, rows[i].attributes, NULL),
			    STATUS_INVALID_PARAMETER_6);
}

static void protection_cases(void)
{
	static const struct {
		const char *id;
		ULONG protection;
	} rows[] = {
		{"P1.13", 0},
		{"P1.13", 0xFFFFFFFF},
		{"P1.13", PAGE_READONLY | PAGE_READWRITE},
		{"P1.13", PAGE_EXECUTE_READ | PAGE_READWRITE},
		{"P1.13", PAGE_WRITECOPY | PAGE_READONLY},
		{"3.1.1/6", PAGE_NOACCESS},
		{"3.1.1/6", PAGE_READWRITE | PAGE_GUARD},
		{"3.1.1/6", PAGE_READWRITE | PAGE_NOCACHE},
		{"3.1.1/6", PAGE_READWRITE | PAGE_WRITECOMBINE},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		case_status(rows[i].id,
			    case_format("protection %s", protection_text(rows[i].protection)),
			    section_try(PAGE_BYTES, rows[i].protection, SEC_COMMIT, NULL),
			    STATUS_INVALID_PAGE_PROTECTION);
	case_status("P1.14", "protection NA, 512 GiB",
		    section_try(512 * GIB, PAGE_NOACCESS, SEC_COMMIT, NULL),
		    STATUS_INVALID_PAGE_PROTECTION);
	for (unsigned i = 0; i < PROTECTIONS; i++)
		if (protections[i].value != PAGE_NOACCESS)
			case_status(
				"3.1.1/9",
				case_format("protection %s", protection_text(protections[i].value)),
				section_try(PAGE_BYTES, protections[i].value, SEC_COMMIT, NULL),
				STATUS_SUCCESS);
}

static void pointer_cases(void)
{
	LARGE_INTEGER size = {.QuadPart = PAGE_BYTES};
	HANDLE section = NULL;

	case_status("3.1.1/7", "handle pointer NULL",
		    NtCreateSection(NULL, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE,
				    SEC_COMMIT, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.1.1/7", "size pointer bad",
		    NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, (LARGE_INTEGER *)8,
				    PAGE_READWRITE, SEC_COMMIT, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.1.1/6", "protection NA wins over a bad handle pointer",
		    NtCreateSection(NULL, SECTION_ALL_ACCESS, NULL, &size, PAGE_NOACCESS,
				    SEC_COMMIT, NULL),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("P1.4", "no file, size pointer NULL",
		    create(NULL, PAGE_READWRITE, SEC_COMMIT, NULL), STATUS_INVALID_PARAMETER_4);
	size.QuadPart = 0;
	case_status("P1.4", "no file, size 0", create(&size, PAGE_READWRITE, SEC_COMMIT, NULL),
		    STATUS_INVALID_PARAMETER_4);
}

static void impossible_size_cases(void)
{
	LARGE_INTEGER size = {.QuadPart = -1};
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);

	case_status("3.1.1/20", "page file, size -1",
		    create(&size, PAGE_READWRITE, SEC_COMMIT, NULL), STATUS_SECTION_TOO_BIG);
	case_status("3.1.1/20", "file, size -1", create(&size, PAGE_READONLY, SEC_COMMIT, file),
		    STATUS_SECTION_TOO_BIG);
	case_status("P4.91", "page file, COMMIT, 512 GiB",
		    section_try(512 * GIB, PAGE_READWRITE, SEC_COMMIT, NULL),
		    STATUS_COMMITMENT_LIMIT);
	case_status("3.1.1/24", "page file, RESERVE, 128 TiB",
		    section_try(128 * 1024 * GIB, PAGE_READWRITE, SEC_RESERVE, NULL),
		    STATUS_SECTION_TOO_BIG);
	NtClose(file);
}

static void file_cases(void)
{
	HANDLE odd = file_need(ODD_FILE, FILE_READ_DATA);
	HANDLE empty = file_need(EMPTY_FILE, FILE_READ_DATA);
	LARGE_INTEGER more = {.QuadPart = ODD_BYTES + 1};

	case_status("P1.12", "IMAGE without a file", section_try(0, PAGE_READONLY, SEC_IMAGE, NULL),
		    STATUS_INVALID_FILE_FOR_SECTION);
	case_status("3.1.1/10", "IMAGE with a size and no file",
		    section_try(PAGE_BYTES, PAGE_READONLY, SEC_IMAGE, NULL),
		    STATUS_INVALID_FILE_FOR_SECTION);
	case_status("3.1.1/11", "a file and LARGE_PAGES",
		    section_try(PAGE_BYTES, PAGE_READONLY, SEC_COMMIT | SEC_LARGE_PAGES, odd),
		    STATUS_INVALID_PARAMETER_6);
	case_status("3.1.1/12", "file handle bad",
		    section_try(PAGE_BYTES, PAGE_READONLY, SEC_COMMIT, (HANDLE)0x7FFC),
		    STATUS_INVALID_HANDLE);
	case_status("3.1.1/12", "file handle of a process",
		    section_try(PAGE_BYTES, PAGE_READONLY, SEC_COMMIT, CURRENT_PROCESS),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("P1.5", "empty file, size 0", section_try(0, PAGE_READONLY, SEC_COMMIT, empty),
		    STATUS_MAPPED_FILE_SIZE_ZERO);
	case_status("P1.6", "empty file, IMAGE", section_try(0, PAGE_READONLY, SEC_IMAGE, empty),
		    STATUS_INVALID_FILE_FOR_SECTION);
	case_status("P1.8", "file, RO, one byte more than the file has",
		    create(&more, PAGE_READONLY, SEC_COMMIT, odd), STATUS_SECTION_TOO_BIG);
	case_status("3.1.1/19", "file, WC, one byte more than the file has",
		    create(&more, PAGE_WRITECOPY, SEC_COMMIT, odd), STATUS_SECTION_TOO_BIG);
	case_status("3.3.1", "IMAGE of no image, too big as well: the format is checked first",
		    create(&more, PAGE_READONLY, SEC_IMAGE, odd), STATUS_INVALID_IMAGE_NOT_MZ);
	NtClose(odd);
	NtClose(empty);
}

/* The folder data, as a handle. */
static void directory_case(void)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io;
	UNICODE_STRING name;
	HANDLE folder = NULL;

	RtlInitUnicodeString(&name, L"\\??\\C:\\data");
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	case_call("NtOpenFile");
	case_status("P5.112", "a directory",
		    NtOpenFile(&folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &io,
			       FILE_SHARE_READ | FILE_SHARE_WRITE,
			       FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT),
		    STATUS_SUCCESS);
	case_call("NtCreateSection");
	case_status("P5.112", "file handle of a directory",
		    section_try(0, PAGE_READONLY, SEC_COMMIT, folder),
		    STATUS_INVALID_FILE_FOR_SECTION);
	NtClose(folder);
}

/* ---- what NtQuerySection tells of what was made ---- */

static void reported_cases(void)
{
	static const struct {
		const char *id, *what;
		uint64_t bytes, seen_bytes;
		ULONG attributes, seen_attributes;
		bool is_file;
	} rows[] = {
		{"P1.1", "page file, 0x123 bytes", 0x123, 0x1000, SEC_COMMIT, SEC_COMMIT, false},
		{"3.1.2", "page file, 4090 bytes", 4090, 0x1000, SEC_COMMIT, SEC_COMMIT, false},
		{"3.1.2", "page file, 0x3452 bytes", 0x3452, 0x4000, SEC_COMMIT, SEC_COMMIT, false},
		{"3.1.2", "page file, RESERVE, 0x1001 bytes", 0x1001, 0x2000, SEC_RESERVE,
		 SEC_RESERVE, false},
		{"3.1.4", "page file, NOCACHE", 0x1000, 0x1000, SEC_COMMIT | SEC_NOCACHE,
		 SEC_COMMIT | SEC_NOCACHE, false},
		{"3.1.4", "page file, RESERVE and NOCACHE", 0x1000, 0x1000,
		 SEC_RESERVE | SEC_NOCACHE, SEC_RESERVE | SEC_NOCACHE, false},
		{"3.1.4", "page file, WRITECOMBINE", 0x1000, 0x1000, SEC_COMMIT | SEC_WRITECOMBINE,
		 SEC_COMMIT | SEC_WRITECOMBINE, false},
		{"P1.2", "file, size 0", 0, ODD_BYTES, SEC_COMMIT, SEC_FILE, true},
		{"P1.3", "file, 36 bytes", 36, 36, SEC_COMMIT, SEC_FILE, true},
		{"3.1.2", "file, 1 byte, RESERVE", 1, 1, SEC_RESERVE, SEC_FILE, true},
		{"3.1.4", "file, NOCACHE", 36, 36, SEC_COMMIT | SEC_NOCACHE, SEC_FILE | SEC_NOCACHE,
		 true},
		{"P4.90", "page file, RESERVE, 8 GiB", 8 * GIB, 8 * GIB, SEC_RESERVE, SEC_RESERVE,
		 false},
	};
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		SECTION_BASIC_INFORMATION information = {.Attributes = 0};
		HANDLE section = NULL;

		case_status(rows[i].id, case_format("%s: created", rows[i].what),
			    section_make(&section, rows[i].bytes,
					 rows[i].is_file ? PAGE_READONLY : PAGE_READWRITE,
					 rows[i].attributes, rows[i].is_file ? file : NULL),
			    STATUS_SUCCESS);
		NtQuerySection(section, SectionBasicInformation, &information, sizeof(information),
			       NULL);
		case_number(rows[i].id, case_format("%s: size", rows[i].what),
			    (uint64_t)information.Size.QuadPart, rows[i].seen_bytes);
		case_number(rows[i].id, case_format("%s: attributes", rows[i].what),
			    information.Attributes, rows[i].seen_attributes);
		case_number(rows[i].id, case_format("%s: base address", rows[i].what),
			    (uintptr_t)information.BaseAddress, 0);
		NtClose(section);
	}
	NtClose(file);
}

/* A writable section larger than its file makes the file longer; the size argument stays. */
static void growing_cases(void)
{
	LARGE_INTEGER size = {.QuadPart = 1 << 20};
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};
	HANDLE file = NULL, section = NULL;
	uint64_t bytes = 0;

	case_status("P1.7", "a file of 4 KiB",
		    case_file(&file, "C:\\data\\section.bin", PAGE_BYTES,
			      FILE_READ_DATA | FILE_WRITE_DATA),
		    STATUS_SUCCESS);
	case_status("P1.7", "file, RW, 1 MiB",
		    NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE,
				    SEC_COMMIT, file),
		    STATUS_SUCCESS);
	file_size(file, &bytes);
	case_number("P1.7", "the file's size then", bytes, 1 << 20);
	case_number("3.1.2", "MaximumSize is not written", (uint64_t)size.QuadPart, 1 << 20);
	file_write_at(file, 1 << 20, "more", 4);
	NtQuerySection(section, SectionBasicInformation, &information, sizeof(information), NULL);
	case_number("3.1.2", "the section's size after the file grew by a write",
		    (uint64_t)information.Size.QuadPart, 1 << 20);
	NtClose(section);
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_section: NtCreateSection");
	case_call("NtCreateSection");
	flag_cases();
	protection_cases();
	pointer_cases();
	impossible_size_cases();
	file_cases();
	reported_cases();
	growing_cases();
	directory_case();
	return case_finish();
}

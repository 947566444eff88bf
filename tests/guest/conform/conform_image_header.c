/*
 * conform_image_header.c - NtCreateSection with SEC_IMAGE: which headers are refused and how (table
 * 3.3.1; P6.113-117, 128), on files that the program writes itself.
 */
#include <string.h>

#include "crafted.h"

#define FILE_PATH "C:\\data\\header.exe"
#define HEADER 0x40u /* of a file that is a DOS header and a signature */
#define NE_SYSTEM 0x36u

static HANDLE file;

/* ---- files that are no PE ---- */

static NTSTATUS small_file(const char *signature, unsigned char system)
{
	memset(crafted, 0, 0x400);
	memcpy(crafted, "MZ", 2);
	crafted_dos()->e_lfanew = HEADER;
	memcpy(crafted + HEADER, signature, strlen(signature));
	crafted[HEADER + NE_SYSTEM] = system;
	crafted_bytes = 0x400;
	return crafted_try(file);
}

static void foreign_cases(void)
{
	static const struct {
		const char *id, *what, *signature;
		unsigned char system;
		NTSTATUS documented;
	} rows[] = {
		{"P6.116", "NE for Windows", "NE", 2, STATUS_INVALID_IMAGE_WIN_16},
		{"3.3.1", "NE for no system", "NE", 0, STATUS_INVALID_IMAGE_NE_FORMAT},
		{"3.3.1", "NE for OS/2", "NE", 1, STATUS_INVALID_IMAGE_NE_FORMAT},
		{"3.3.1", "NE for DOS 4", "NE", 3, STATUS_INVALID_IMAGE_NE_FORMAT},
		{"3.3.1", "NE for Windows 386", "NE", 4, STATUS_INVALID_IMAGE_NE_FORMAT},
		{"3.3.1", "NE for system 5", "NE", 5, STATUS_INVALID_IMAGE_PROTECT},
		{"3.3.1", "LE", "LE", 0, STATUS_INVALID_IMAGE_LE_FORMAT},
		{"3.3.1", "LX", "LX", 0, STATUS_INVALID_IMAGE_LE_FORMAT},
		{"P6.115", "signature XX", "XX", 0, STATUS_INVALID_IMAGE_PROTECT},
		{"P6.115", "signature 0", "", 0, STATUS_INVALID_IMAGE_PROTECT},
		{"P6.115", "signature PE and rubbish", "PExx", 0, STATUS_INVALID_IMAGE_PROTECT},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		/* no test stands behind the linear formats */
		if (rows[i].documented == STATUS_INVALID_IMAGE_LE_FORMAT)
			case_chosen();
		case_status(rows[i].id, rows[i].what, small_file(rows[i].signature, rows[i].system),
			    rows[i].documented);
	}
}

static void text_cases(void)
{
	memset(crafted, 'A', 0x1000);
	crafted_bytes = 0x1000;
	case_status("P6.113", "a text file", crafted_try(file), STATUS_INVALID_IMAGE_NOT_MZ);
	crafted_bytes = 1;
	case_status("P6.113", "one letter", crafted_try(file), STATUS_INVALID_IMAGE_NOT_MZ);
	crafted_reset();
	memcpy(crafted, "ZM", 2);
	case_status("3.3.1", "ZM instead of MZ", crafted_try(file), STATUS_INVALID_IMAGE_NOT_MZ);
	crafted_reset();
	crafted_bytes = sizeof(IMAGE_DOS_HEADER) - 1;
	case_status("3.3.1", "a byte less than a DOS header", crafted_try(file),
		    STATUS_INVALID_IMAGE_NOT_MZ);
	crafted_bytes = 0;
	case_status("3.1.1/17", "nothing", crafted_try(file), STATUS_INVALID_FILE_FOR_SECTION);
}

static void place_cases(void)
{
	static const LONG places[] = {0x7FFFFFF0, -1, 0x10000000};

	for (unsigned i = 0; i < COUNT_OF(places); i++) {
		crafted_reset();
		crafted_dos()->e_lfanew = places[i];
		case_status("P6.114", case_format("e_lfanew 0x%x", (unsigned)places[i]),
			    crafted_try(file), STATUS_INVALID_IMAGE_PROTECT);
	}
	crafted_reset();
	crafted_dos()->e_lfanew = (LONG)crafted_bytes;
	case_status("P6.114", "e_lfanew at the end of the file", crafted_try(file),
		    STATUS_INVALID_IMAGE_PROTECT);
	crafted_reset();
	crafted_dos()->e_lfanew = 0;
	case_status("P6.115", "e_lfanew 0: the signature is MZ", crafted_try(file),
		    STATUS_INVALID_IMAGE_PROTECT);
}

/* ---- PE files that are not right ---- */

static void good_case(const char *what)
{
	crafted_reset();
	case_status("P6.118", what, crafted_try(file), STATUS_SUCCESS);
}

static void machine_cases(void)
{
	static const struct {
		const char *what;
		USHORT machine;
	} rows[] = {
		{"machine 0", 0},	   {"machine MIPS", 0x166},    {"machine Alpha", 0x184},
		{"machine ARM64", 0xAA64}, {"machine 0xDEAD", 0xDEAD},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		crafted_reset();
		crafted_header()->FileHeader.Machine = rows[i].machine;
		case_status("P6.117", rows[i].what, crafted_try(file), STATUS_INVALID_IMAGE_FORMAT);
	}
}

static void magic_cases(void)
{
	static const struct {
		const char *what;
		USHORT machine, magic;
	} rows[] = {
		{"magic 0", IMAGE_FILE_MACHINE_AMD64, 0},
		{"magic of a ROM image", IMAGE_FILE_MACHINE_AMD64, IMAGE_ROM_OPTIONAL_HDR_MAGIC},
		{"magic 0x30b", IMAGE_FILE_MACHINE_AMD64, 0x30B},
		{"PE32 for AMD64", IMAGE_FILE_MACHINE_AMD64, IMAGE_NT_OPTIONAL_HDR32_MAGIC},
		{"PE32+ for i386", IMAGE_FILE_MACHINE_I386, IMAGE_NT_OPTIONAL_HDR64_MAGIC},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		crafted_reset();
		crafted_header()->FileHeader.Machine = rows[i].machine;
		crafted_header()->OptionalHeader.Magic = rows[i].magic;
		case_status("3.3.1", rows[i].what, crafted_try(file), STATUS_INVALID_IMAGE_FORMAT);
	}
}

static void size_cases(void)
{
	static const struct {
		const char *what;
		ULONG image_bytes;
	} rows[] = {
		{"SizeOfImage 0", 0},
		{"SizeOfImage of the headers alone", 0x1000},
		{"SizeOfImage 1", 1},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		crafted_reset();
		crafted_header()->OptionalHeader.SizeOfImage = rows[i].image_bytes;
		case_status("3.3.1", rows[i].what, crafted_try(file), STATUS_INVALID_IMAGE_FORMAT);
	}
	crafted_reset();
	crafted_header()->OptionalHeader.SizeOfImage -= 0x1000;
	case_status("3.3.1", "SizeOfImage a page too small", crafted_try(file),
		    STATUS_INVALID_IMAGE_FORMAT);
}

static void alignment_cases(void)
{
	crafted_reset();
	crafted_header()->OptionalHeader.SectionAlignment = 0x200;
	crafted_header()->OptionalHeader.FileAlignment = 0x1000;
	case_status("3.3.1", "SectionAlignment 0x200, FileAlignment 0x1000", crafted_try(file),
		    STATUS_INVALID_IMAGE_FORMAT);
	crafted_reset();
	crafted_header()->OptionalHeader.SectionAlignment = 0x1000;
	crafted_header()->OptionalHeader.FileAlignment = 0x2000;
	case_status("3.3.1", "SectionAlignment 0x1000, FileAlignment 0x2000", crafted_try(file),
		    STATUS_INVALID_IMAGE_FORMAT);
}

/* What the specification leaves open, and kernel/io/pe.c chose. */
static void chosen_cases(void)
{
	crafted_reset();
	crafted_header()->OptionalHeader.ImageBase += 0x1000;
	case_chosen();
	case_status("3.3.1", "ImageBase not a multiple of 64 KiB", crafted_try(file),
		    STATUS_INVALID_IMAGE_FORMAT);
	crafted_reset();
	crafted_header()->OptionalHeader.FileAlignment = 0x300;
	case_chosen();
	case_status("3.3.1", "FileAlignment that is no power of two", crafted_try(file),
		    STATUS_INVALID_IMAGE_FORMAT);
	crafted_reset();
	crafted_header()->FileHeader.SizeOfOptionalHeader = 0;
	case_chosen();
	case_status("3.3.1", "SizeOfOptionalHeader 0", crafted_try(file),
		    STATUS_INVALID_IMAGE_FORMAT);
	crafted_reset();
	crafted_bytes = crafted_section(IMAGE_SCN_MEM_WRITE)->PointerToRawData;
	case_chosen();
	case_status("3.3.1", "a file that was cut off in front of its data", crafted_try(file),
		    STATUS_INVALID_IMAGE_FORMAT);
}

/* ---- sizes asked for ---- */

static void section_size_cases(void)
{
	ULONG bytes;

	crafted_reset();
	crafted_write(file);
	bytes = (crafted_header()->OptionalHeader.SizeOfImage + 0xFFF) & ~0xFFFu;
	case_status("P6.128", "a page more than the image",
		    section_try(bytes + PAGE_BYTES, PAGE_READONLY, SEC_IMAGE, file),
		    STATUS_SECTION_TOO_BIG);
	case_status("P6.128", "a byte more than the image",
		    section_try(bytes + 1, PAGE_READONLY, SEC_IMAGE, file), STATUS_SECTION_TOO_BIG);
	case_status("3.1.2", "exactly the image",
		    section_try(bytes, PAGE_READONLY, SEC_IMAGE, file), STATUS_SUCCESS);
	case_status("3.1.1/20", "size -1", section_try(UINT64_MAX, PAGE_READONLY, SEC_IMAGE, file),
		    STATUS_SECTION_TOO_BIG);
	crafted_header()->OptionalHeader.Magic = 0;
	crafted_write(file);
	case_status("3.3.1", "too big, and the magic is bad",
		    section_try(bytes + PAGE_BYTES, PAGE_READONLY, SEC_IMAGE, file),
		    STATUS_INVALID_IMAGE_FORMAT);
}

static void small_size_cases(void)
{
	static const uint64_t sizes[] = {1, 42, 0x1000};

	crafted_reset();
	crafted_write(file);
	for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
		SECTION_BASIC_INFORMATION information = {.Attributes = 0};
		const char *id = sizes[i] == 1 ? "P6.128" : "3.1.2";
		HANDLE section = NULL;

		case_status(id, case_format("size %u", (unsigned)sizes[i]),
			    section_make(&section, sizes[i], PAGE_READONLY, SEC_IMAGE, file),
			    STATUS_SUCCESS);
		NtQuerySection(section, SectionBasicInformation, &information, sizeof(information),
			       NULL);
		case_number(id, case_format("size %u: the section's size", (unsigned)sizes[i]),
			    (uint64_t)information.Size.QuadPart, sizes[i]);
		NtClose(section);
	}
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_image_header: headers of images");
	case_call("NtCreateSection");
	file = scratch_need(FILE_PATH, FILE_READ_DATA | FILE_EXECUTE | DELETE, 'h', 1);
	good_case("a good PE");
	text_cases();
	foreign_cases();
	place_cases();
	machine_cases();
	magic_cases();
	size_cases();
	alignment_cases();
	chosen_cases();
	section_size_cases();
	small_size_cases();
	good_case("a good PE after all these");
	NtClose(file);
	scratch_drop(FILE_PATH);
	return case_finish();
}

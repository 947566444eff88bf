/*
 * conform_image_pages.c - the protection of an image's pages: of each kind of PE section before and
 * after a store, and as NtProtectVirtualMemory changes it (3.3.3; P6.120, P6.123).
 */
#include "crafted.h"

#define FILE_PATH "C:\\data\\pages.exe"
#define SCN_TYPE_NOLOAD 2u /* mingw lacks it */

static HANDLE file;

/* ---- as the header says ---- */

static const struct row {
	const char *name;
	ULONG rights;
	ULONG before, after; /* after 0: nothing can be stored */
} rows[] = {
	{"none", 0, PAGE_NOACCESS, 0},
	{"R", IMAGE_SCN_MEM_READ, PAGE_READONLY, 0},
	{"W", IMAGE_SCN_MEM_WRITE, PAGE_WRITECOPY, PAGE_READWRITE},
	{"RW", IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE, PAGE_WRITECOPY, PAGE_READWRITE},
	{"X", IMAGE_SCN_MEM_EXECUTE, PAGE_EXECUTE, 0},
	{"RX", IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_EXECUTE, PAGE_EXECUTE_READ, 0},
	{"WX", IMAGE_SCN_MEM_WRITE | IMAGE_SCN_MEM_EXECUTE, PAGE_EXECUTE_WRITECOPY,
	 PAGE_EXECUTE_READWRITE},
	{"RWX", IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE | IMAGE_SCN_MEM_EXECUTE,
	 PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_READWRITE},
};

/* The assertion that names these rights, or the table that has all. */
static const char *row_id(const struct row *row)
{
	bool named = row->before == PAGE_EXECUTE_READ || row->after;

	return named ? "P6.120" : "3.3.3";
}

static void protection_row(const struct row *row, ULONG more, const char *more_name)
{
	const char *name = case_format("PE section %s%s", row->name, more_name);
	IMAGE_SECTION_HEADER *header;
	MEMORY_BASIC_INFORMATION region;
	ULONG rva;
	char *view;
	HANDLE section;

	crafted_reset();
	header = crafted_section(IMAGE_SCN_MEM_WRITE);
	rva = header->VirtualAddress;
	header->Characteristics = row->rights | more;
	section = crafted_image_need(file);
	view = view_need(section, PAGE_READONLY);
	case_call("NtQueryVirtualMemory");
	region = region_at(view + rva);
	case_protection(row_id(row), case_format("%s: protection", name), region.Protect,
			row->before);
	case_protection("3.3.3", case_format("%s: AllocationProtect", name),
			region.AllocationProtect, PAGE_EXECUTE_WRITECOPY);
	case_state("3.3.3", case_format("%s: state", name), region.State, MEM_COMMIT);
	case_status("3.3.3", case_format("%s: a store", name), case_store(view + rva, 'z'),
		    row->after ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION);
	case_protection("3.3.3", case_format("%s: protection after a store", name),
			region_at(view + rva).Protect, row->after ? row->after : row->before);
	view_drop(view);
	NtClose(section);
}

static void protection_cases(void)
{
	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		protection_row(&rows[i], 0, "");
	protection_row(&rows[3], IMAGE_SCN_CNT_CODE, ", CNT_CODE");
	protection_row(&rows[1], IMAGE_SCN_CNT_INITIALIZED_DATA, ", CNT_INITIALIZED_DATA");
	protection_row(&rows[3], SCN_TYPE_NOLOAD, ", TYPE_NOLOAD");
}

/* ---- as NtProtectVirtualMemory says ---- */

/* Each protection on pages of .data, in a view of its own: reported, and when stored to. */
static void protect_row(HANDLE section, const char *kind, ULONG rva, const struct row *page,
			ULONG protection)
{
	ULONG stored = protection == PAGE_READWRITE	      ? PAGE_WRITECOPY
		       : protection == PAGE_EXECUTE_READWRITE ? PAGE_EXECUTE_WRITECOPY
							      : protection;
	const char *id = protection == PAGE_READWRITE ? "P6.123" : "3.3.3";
	const char *name = case_format("%s, %s", kind, protection_text(protection));
	char *view = view_need(section, PAGE_READONLY);
	ULONG old = 0;

	case_status(id, name, protect(view + rva, 1, protection, &old), STATUS_SUCCESS);
	case_protection(id, case_format("%s: the old one", name), old, page->before);
	case_protection(id, case_format("%s: reported", name), region_at(view + rva).Protect,
			stored);
	view_drop(view);
}

static void protect_cases(void)
{
	HANDLE section;
	ULONG data, code, old;
	char *view;

	crafted_reset();
	data = crafted_section(IMAGE_SCN_MEM_WRITE)->VirtualAddress;
	code = crafted_section(IMAGE_SCN_MEM_EXECUTE)->VirtualAddress;
	section = crafted_image_need(file);
	case_call("NtProtectVirtualMemory");
	for (unsigned i = 0; i < PROTECTIONS; i++) {
		protect_row(section, "image data", data, &rows[3], protections[i].value);
		protect_row(section, "image code", code, &rows[5], protections[i].value);
	}
	view = view_need(section, PAGE_READONLY);
	case_status("3.3.3", "image data, RO and RW",
		    protect(view + data, 1, PAGE_READONLY | PAGE_READWRITE, &old),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_store(view + data, 1);
	case_status("3.3.3", "image data after a store, RO",
		    protect(view + data, 1, PAGE_READONLY, &old), STATUS_SUCCESS);
	case_protection("3.3.3", "image data after a store, RO: the old one", old, PAGE_READWRITE);
	case_status("3.3.3", "image data after a store, RW",
		    protect(view + data, 1, PAGE_READWRITE, &old), STATUS_SUCCESS);
	case_protection("3.3.3", "image data after a store, RW: reported",
			region_at(view + data).Protect, PAGE_READWRITE);
	view_drop(view);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_image_pages: protections of an image's pages");
	file = scratch_need(FILE_PATH, FILE_READ_DATA | FILE_EXECUTE | DELETE, 'p', 1);
	protection_cases();
	protect_cases();
	NtClose(file);
	scratch_drop(FILE_PATH);
	return case_finish();
}

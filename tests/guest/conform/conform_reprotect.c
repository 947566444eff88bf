/*
 * conform_reprotect.c - changing the protection of a view (4.3): section protection x view
 * protection x later protection, with what can really be done to the page afterwards; P2.55-58,
 * P3.69-71.
 */
#include <string.h>

#include "case.h"
#include "path.h"

#define FILE_NAME "C:\\data\\reprotect.bin"
#define RETURN_BYTE 0xC3 /* a page of them can be executed */

#define CAN_READ 1u
#define CAN_WRITE 2u
#define CAN_EXECUTE 4u

/* What table 4.3 compares: of the view's own protection, and of the one asked for. */
static unsigned abilities(ULONG protection)
{
	switch (protection) {
	case PAGE_READONLY:
	case PAGE_WRITECOPY:
		return CAN_READ;
	case PAGE_READWRITE:
		return CAN_READ | CAN_WRITE;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return CAN_READ | CAN_EXECUTE;
	case PAGE_EXECUTE_READWRITE:
		return CAN_READ | CAN_WRITE | CAN_EXECUTE;
	default:
		return 0;
	}
}

/* What can be done to a page: a copy-on-write page can be written to as well. */
static const char *documented_accesses(ULONG protection)
{
	bool is_copied = protection == PAGE_WRITECOPY || protection == PAGE_EXECUTE_WRITECOPY;
	unsigned can = abilities(protection) | (is_copied ? CAN_WRITE : 0u);

	return case_format("%c%c%c", can & CAN_READ ? 'r' : '-', can & CAN_WRITE ? 'w' : '-',
			   can & CAN_EXECUTE ? 'x' : '-');
}

static const char *seen_accesses(char *page)
{
	return case_format("%c%c%c", case_load(page) == STATUS_SUCCESS ? 'r' : '-',
			   case_store(page, RETURN_BYTE) == STATUS_SUCCESS ? 'w' : '-',
			   case_execute(page) == STATUS_SUCCESS ? 'x' : '-');
}

/* The views each section protection allows (4.1). */
static const struct {
	ULONG section;
	ULONG views[PROTECTIONS];
	unsigned count;
} sections[] = {
	{PAGE_READONLY, {PAGE_NOACCESS, PAGE_READONLY, PAGE_WRITECOPY}, 3},
	{PAGE_WRITECOPY, {PAGE_NOACCESS, PAGE_READONLY, PAGE_WRITECOPY}, 3},
	{PAGE_READWRITE, {PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY}, 4},
	{PAGE_EXECUTE, {PAGE_NOACCESS, PAGE_EXECUTE}, 2},
	{PAGE_EXECUTE_READ,
	 {PAGE_NOACCESS, PAGE_READONLY, PAGE_WRITECOPY, PAGE_EXECUTE, PAGE_EXECUTE_READ,
	  PAGE_EXECUTE_WRITECOPY},
	 6},
	{PAGE_EXECUTE_WRITECOPY,
	 {PAGE_NOACCESS, PAGE_READONLY, PAGE_WRITECOPY, PAGE_EXECUTE, PAGE_EXECUTE_READ,
	  PAGE_EXECUTE_WRITECOPY},
	 6},
	{PAGE_EXECUTE_READWRITE,
	 {PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY, PAGE_EXECUTE,
	  PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY},
	 8},
};

/* One view, born with `initial`, then asked to be `later` (0: left as it is). */
static void change_cases(HANDLE section, ULONG section_protection, ULONG initial, ULONG later)
{
	const char *id = case_format("4.3 %s x %s", protection_text(section_protection),
				     protection_text(initial));
	const char *what = later ? case_format("to %s", protection_text(later)) : "as mapped";
	bool is_allowed = !(abilities(later) & ~abilities(initial));
	char *view = view_need(section, initial);
	/* whether a page that may only be executed can be read is the hardware's affair */
	bool is_unclear = initial == PAGE_EXECUTE || later == PAGE_EXECUTE;
	ULONG old = 0;

	if (later) {
		if (is_unclear)
			case_chosen();
		case_status(id, what, protect(view, PAGE_BYTES, later, &old),
			    is_allowed ? STATUS_SUCCESS : STATUS_SECTION_PROTECTION);
		if (is_allowed && is_unclear)
			case_chosen();
		if (is_allowed)
			case_protection(id, case_format("%s: old", what), old, initial);
	}
	if (is_unclear)
		case_chosen();
	case_text(id, case_format("%s: accesses", what), seen_accesses(view),
		  documented_accesses(later && is_allowed ? later : initial));
	view_drop(view);
}

static void product_cases(HANDLE file)
{
	for (unsigned i = 0; i < COUNT_OF(sections); i++) {
		HANDLE section = NULL;
		NTSTATUS status = section_make(&section, 0, sections[i].section, SEC_COMMIT, file);

		if (!NT_SUCCESS(status))
			bail_out("a section", status);
		for (unsigned j = 0; j < sections[i].count; j++) {
			ULONG initial = sections[i].views[j];

			change_cases(section, sections[i].section, initial, 0);
			for (unsigned k = 0; k < PROTECTIONS; k++)
				change_cases(section, sections[i].section, initial,
					     protections[k].value);
		}
		NtClose(section);
	}
}

/* ---- the numbered ones ---- */

static void numbered_cases(HANDLE file)
{
	HANDLE section = NULL;
	char *view;
	ULONG old;

	section_make(&section, 0, PAGE_EXECUTE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	case_status("P2.55", "RO view to RW", protect(view, PAGE_BYTES, PAGE_READWRITE, &old),
		    STATUS_SECTION_PROTECTION);
	case_status("P2.56", "RO view to WC", protect(view, PAGE_BYTES, PAGE_WRITECOPY, &old),
		    STATUS_SUCCESS);
	case_protection("P2.56", "RO view to WC: old", old, PAGE_READONLY);
	view_drop(view);
	view = view_need(section, PAGE_EXECUTE_READWRITE);
	for (unsigned i = 0; i < PROTECTIONS; i++) {
		protect(view, PAGE_BYTES, PAGE_NOACCESS, &old);
		case_status("P2.57",
			    case_format("XRW view, made NA, to %s",
					protection_text(protections[i].value)),
			    protect(view, PAGE_BYTES, protections[i].value, &old), STATUS_SUCCESS);
		case_protection("P2.57",
				case_format("to %s: old", protection_text(protections[i].value)),
				old, PAGE_NOACCESS);
	}
	view_drop(view);
	view = view_need(section, PAGE_NOACCESS);
	case_status("P2.58", "NA view to RO", protect(view, PAGE_BYTES, PAGE_READONLY, &old),
		    STATUS_SECTION_PROTECTION);
	view_drop(view);
	NtClose(section);
}

/* A view made copy-on-write afterwards: what it writes is its own. */
static void later_copy_cases(HANDLE file)
{
	HANDLE section = NULL;
	char *view, *other;
	char byte = 0;
	ULONG old;

	section_make(&section, 0, PAGE_READWRITE, SEC_COMMIT, file);
	view = view_need(section, PAGE_READWRITE);
	other = view_need(section, PAGE_READONLY);
	case_status("P3.71", "RW view to WC", protect(view, PAGE_BYTES, PAGE_WRITECOPY, &old),
		    STATUS_SUCCESS);
	case_status("P3.71", "a store then", case_store(view, 'B'), STATUS_SUCCESS);
	case_number("P3.71", "the view shows", (unsigned char)*view, 'B');
	case_number("P3.71", "another view shows", (unsigned char)*other, RETURN_BYTE);
	file_read_at(file, 0, &byte, 1);
	case_number("P3.71", "the file shows", (unsigned char)byte, RETURN_BYTE);
	view_drop(view);
	view_drop(other);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	static char page[PAGE_BYTES];
	HANDLE file = NULL;

	(void)argc;
	(void)argv;
	case_start("conform_reprotect: changing the protection of views");
	memset(page, RETURN_BYTE, sizeof(page));
	case_call("NtCreateFile");
	case_status("4.3", "a file",
		    case_file(&file, FILE_NAME, PAGE_BYTES,
			      FILE_READ_DATA | FILE_WRITE_DATA | FILE_EXECUTE),
		    STATUS_SUCCESS);
	file_write_at(file, 0, page, sizeof(page));
	case_call("NtProtectVirtualMemory");
	numbered_cases(file);
	product_cases(file);
	later_copy_cases(file);
	NtClose(file);
	return case_finish();
}

/*
 * conform_gates.c - the two gates of a map request, rights of the handle (4.2) and protection of
 * the section (4.1): every section protection x rights x view protection; P2.37-50, P8.153.
 */
#include "case.h"

#define RIGHTS 8u /* subsets of read, write and execute */

static ACCESS_MASK rights_mask(unsigned rights)
{
	return (rights & 1 ? SECTION_MAP_READ : 0u) | (rights & 2 ? SECTION_MAP_WRITE : 0u) |
	       (rights & 4 ? SECTION_MAP_EXECUTE : 0u);
}

static const char *rights_text(unsigned rights)
{
	static const char *const texts[RIGHTS] = {
		"no right",
		"MAP_READ",
		"MAP_WRITE",
		"MAP_READ+MAP_WRITE",
		"MAP_EXECUTE",
		"MAP_READ+MAP_EXECUTE",
		"MAP_WRITE+MAP_EXECUTE",
		"MAP_READ+MAP_WRITE+MAP_EXECUTE",
	};

	return texts[rights];
}

/* Table 4.2: the rights a view of this protection needs; where sources differ, the fewer. */
static unsigned rights_needed(ULONG protection)
{
	switch (protection) {
	case PAGE_READWRITE:
		return 2;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return 4;
	case PAGE_EXECUTE_READWRITE:
		return 2 | 4;
	default:
		return 1;
	}
}

/* Execution without reading: the sources disagree whether that is enough. */
static bool is_unclear(unsigned needed, unsigned rights)
{
	return (needed & 4) && (rights & needed) == needed && !(rights & 1);
}

/* Table 4.1, one row per section protection: the views it allows, in the order of protections[]. */
static const struct gate {
	ULONG section;
	const char *allows; /* NA RO RW WC X XR XRW XWC */
} gates[] = {
	{PAGE_READONLY, "yynynnnn"},	      {PAGE_WRITECOPY, "yynynnnn"},
	{PAGE_READWRITE, "yyyynnnn"},	      {PAGE_EXECUTE, "ynnnynnn"},
	{PAGE_EXECUTE_READ, "yynyyyny"},      {PAGE_EXECUTE_WRITECOPY, "yynyyyny"},
	{PAGE_EXECUTE_READWRITE, "yyyyyyyy"},
};

static NTSTATUS map_with(HANDLE section, ACCESS_MASK access, ULONG protection)
{
	HANDLE copy = NULL;
	NTSTATUS status =
		NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &copy, access, 0, 0);

	if (NT_SUCCESS(status)) {
		status = view_try(copy, protection);
		NtClose(copy);
	}
	return status;
}

static void product_case(HANDLE section, const struct gate *gate, unsigned view, unsigned rights)
{
	ULONG protection = protections[view].value;
	unsigned needed = rights_needed(protection);
	NTSTATUS documented = STATUS_SUCCESS;

	if ((rights & needed) != needed)
		documented = STATUS_ACCESS_DENIED;
	else if (gate->allows[view] != 'y')
		documented = STATUS_SECTION_PROTECTION;
	if (is_unclear(needed, rights))
		case_chosen();
	case_status(case_format("4.1 %s x %s", protection_text(gate->section),
				protection_text(protection)),
		    rights_text(rights), map_with(section, rights_mask(rights), protection),
		    documented);
}

static void product_cases(void)
{
	for (unsigned i = 0; i < COUNT_OF(gates); i++) {
		HANDLE section = NULL;
		NTSTATUS status =
			section_make(&section, PAGE_BYTES, gates[i].section, SEC_COMMIT, NULL);

		if (!NT_SUCCESS(status))
			bail_out("a section", status);
		for (unsigned view = 0; view < PROTECTIONS; view++)
			for (unsigned rights = 0; rights < RIGHTS; rights++)
				product_case(section, &gates[i], view, rights);
		NtClose(section);
	}
}

/* The same gate for sections of a file, with all rights. */
static void file_gate_cases(void)
{
	HANDLE file = NULL;

	case_call("NtCreateSection");
	case_status("4.1", "a file",
		    case_file(&file, "C:\\data\\gates.bin", PAGE_BYTES,
			      FILE_READ_DATA | FILE_WRITE_DATA | FILE_EXECUTE),
		    STATUS_SUCCESS);
	for (unsigned i = 0; i < COUNT_OF(gates); i++) {
		HANDLE section = NULL;

		case_call("NtCreateSection");
		case_status("4.1",
			    case_format("file section %s", protection_text(gates[i].section)),
			    section_make(&section, 0, gates[i].section, SEC_COMMIT, file),
			    STATUS_SUCCESS);
		case_call("NtMapViewOfSection");
		for (unsigned view = 0; view < PROTECTIONS; view++)
			case_status(case_format("4.1 %s x %s", protection_text(gates[i].section),
						protection_text(protections[view].value)),
				    "file section, all rights",
				    view_try(section, protections[view].value),
				    gates[i].allows[view] == 'y' ? STATUS_SUCCESS
								 : STATUS_SECTION_PROTECTION);
		NtClose(section);
	}
	NtClose(file);
}

static const struct numbered {
	const char *id;
	ULONG section, view;
	ACCESS_MASK access;
	bool is_file;
	NTSTATUS documented;
} numbered[] = {
	{"P2.37", PAGE_READONLY, PAGE_READWRITE, SECTION_ALL_ACCESS, true,
	 STATUS_SECTION_PROTECTION},
	{"P2.38", PAGE_READONLY, PAGE_WRITECOPY, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.39", PAGE_READONLY, PAGE_EXECUTE_READ, SECTION_ALL_ACCESS, true,
	 STATUS_SECTION_PROTECTION},
	{"P2.39", PAGE_READONLY, PAGE_EXECUTE, SECTION_ALL_ACCESS, true, STATUS_SECTION_PROTECTION},
	{"P2.40", PAGE_READONLY, PAGE_NOACCESS, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.41", PAGE_READWRITE, PAGE_EXECUTE_READWRITE, SECTION_ALL_ACCESS, false,
	 STATUS_SECTION_PROTECTION},
	{"P2.42", PAGE_READWRITE, PAGE_EXECUTE_WRITECOPY, SECTION_ALL_ACCESS, false,
	 STATUS_SECTION_PROTECTION},
	{"P2.43", PAGE_WRITECOPY, PAGE_READWRITE, SECTION_ALL_ACCESS, true,
	 STATUS_SECTION_PROTECTION},
	{"P2.43", PAGE_WRITECOPY, PAGE_READONLY, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.44", PAGE_EXECUTE, PAGE_READONLY, SECTION_ALL_ACCESS, true, STATUS_SECTION_PROTECTION},
	{"P2.44", PAGE_EXECUTE, PAGE_EXECUTE, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_NOACCESS, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_READONLY, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_READWRITE, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_WRITECOPY, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_EXECUTE, SECTION_ALL_ACCESS, true, STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_READ, SECTION_ALL_ACCESS, true,
	 STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_READWRITE, SECTION_ALL_ACCESS, true,
	 STATUS_SUCCESS},
	{"P2.45", PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY, SECTION_ALL_ACCESS, true,
	 STATUS_SUCCESS},
	{"P2.46", PAGE_READWRITE, PAGE_READWRITE, SECTION_MAP_READ, false, STATUS_ACCESS_DENIED},
	{"P2.47", PAGE_READWRITE, PAGE_READONLY, SECTION_MAP_WRITE, false, STATUS_ACCESS_DENIED},
	{"P2.47", PAGE_READWRITE, PAGE_READWRITE, SECTION_MAP_WRITE, false, STATUS_SUCCESS},
	{"P2.48", PAGE_READWRITE, PAGE_NOACCESS, 0, false, STATUS_ACCESS_DENIED},
	{"P2.49", PAGE_READWRITE, PAGE_NOACCESS, SECTION_MAP_READ, false, STATUS_SUCCESS},
	{"P2.49", PAGE_READWRITE, PAGE_READONLY, SECTION_MAP_READ, false, STATUS_SUCCESS},
	{"P2.49", PAGE_READWRITE, PAGE_WRITECOPY, SECTION_MAP_READ, false, STATUS_SUCCESS},
	{"P8.153", PAGE_READWRITE, PAGE_READONLY, 0, false, STATUS_ACCESS_DENIED},
};

static void numbered_cases(void)
{
	HANDLE file = NULL;

	case_status("P2.37", "a file",
		    case_file(&file, "C:\\data\\gates.bin", PAGE_BYTES,
			      FILE_READ_DATA | FILE_WRITE_DATA | FILE_EXECUTE),
		    STATUS_SUCCESS);
	for (unsigned i = 0; i < COUNT_OF(numbered); i++) {
		const struct numbered *row = &numbered[i];
		HANDLE section = NULL;

		section_make(&section, PAGE_BYTES, row->section, SEC_COMMIT,
			     row->is_file ? file : NULL);
		case_status(row->id,
			    case_format("%s section %s, view %s, %s",
					row->is_file ? "file" : "page-file",
					protection_text(row->section), protection_text(row->view),
					row->access == SECTION_ALL_ACCESS ? "all rights"
					: row->access == SECTION_MAP_READ ? "MAP_READ"
					: row->access			  ? "MAP_WRITE"
									  : "no right"),
			    map_with(section, row->access, row->view), row->documented);
		NtClose(section);
	}
	NtClose(file);
}

/* 2.50: the right to query. */
static void query_case(void)
{
	SECTION_BASIC_INFORMATION information;
	HANDLE section = section_need(PAGE_BYTES), copy = NULL;

	case_call("NtDuplicateObject");
	case_status("P8.153", "a section handle, access 0",
		    NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &copy, 0, 0, 0),
		    STATUS_SUCCESS);
	NtClose(copy);
	NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &copy,
			  SECTION_ALL_ACCESS & ~SECTION_QUERY, 0, 0);
	case_call("NtQuerySection");
	case_status("P2.50", "all rights but QUERY",
		    NtQuerySection(copy, SectionBasicInformation, &information, sizeof(information),
				   NULL),
		    STATUS_ACCESS_DENIED);
	NtClose(copy);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_gates: rights and protections of views");
	case_call("NtMapViewOfSection");
	numbered_cases();
	product_cases();
	file_gate_cases();
	query_case();
	return case_finish();
}

/*
 * conform_duplicate.c - NtDuplicateObject: order of checks, rights, attributes, options (6.2; C7;
 * P8.153-156).
 */
#include "kinds.h"

static HANDLE section;

static NTSTATUS duplicate(HANDLE source, HANDLE *target, ACCESS_MASK access, ULONG attributes,
			  ULONG options)
{
	return NtDuplicateObject(CURRENT_PROCESS, source, CURRENT_PROCESS, target, access,
				 attributes, options);
}

static HANDLE copy_need(ULONG attributes)
{
	HANDLE copy;
	NTSTATUS status = duplicate(section, &copy, 0, attributes, DUPLICATE_SAME_ACCESS);

	if (!NT_SUCCESS(status))
		bail_out("a copy", status);
	return copy;
}

static ACCESS_MASK access_of(HANDLE handle)
{
	PUBLIC_OBJECT_BASIC_INFORMATION information = {.GrantedAccess = 0};

	NtQueryObject(handle, OBJECT_CLASS_BASIC, &information, sizeof(information), NULL);
	return information.GrantedAccess;
}

static struct handle_flags flags_of(HANDLE handle)
{
	struct handle_flags flags = {2, 2};

	NtQueryObject(handle, OBJECT_CLASS_HANDLE_FLAGS, &flags, sizeof(flags), NULL);
	return flags;
}

static NTSTATUS protect_handle(HANDLE handle, bool is_protected)
{
	struct handle_flags flags = {FALSE, is_protected};

	return NtSetInformationObject(handle, OBJECT_CLASS_HANDLE_FLAGS, &flags, sizeof(flags));
}

/* ---- the order of checks ---- */

static void target_pointer_cases(void)
{
	HANDLE copy = section;

	case_status("6.2", "target pointer bad",
		    duplicate(section, (HANDLE *)(uintptr_t)0x10, 0, 0, DUPLICATE_SAME_ACCESS),
		    STATUS_ACCESS_VIOLATION);
	case_status("6.2", "target pointer and source process bad",
		    NtDuplicateObject(NULL, section, CURRENT_PROCESS, (HANDLE *)(uintptr_t)0x10, 0,
				      0, DUPLICATE_SAME_ACCESS),
		    STATUS_ACCESS_VIOLATION);
	case_status("P8.154", "source 0", duplicate(NULL, &copy, 0, 0, DUPLICATE_SAME_ACCESS),
		    STATUS_INVALID_HANDLE);
	case_true("P8.154", "source 0: the target is 0", !copy);
	copy = section;
	case_status("6.2", "a source that nobody gave out",
		    duplicate((HANDLE)0x7FF8, &copy, 0, 0, DUPLICATE_SAME_ACCESS),
		    STATUS_INVALID_HANDLE);
	case_true("C7", "a source that nobody gave out: the target is 0", !copy);
}

static void process_cases(void)
{
	HANDLE weak = handle_with(CURRENT_PROCESS, PROCESS_QUERY_INFORMATION),
	       strong = handle_with(CURRENT_PROCESS, PROCESS_DUP_HANDLE), copy = section;

	case_status("6.2", "source process 0",
		    NtDuplicateObject(NULL, section, CURRENT_PROCESS, &copy, 0, 0,
				      DUPLICATE_SAME_ACCESS),
		    STATUS_INVALID_HANDLE);
	case_true("6.2", "source process 0: the target is 0", !copy);
	case_status("C1", "source process a section",
		    NtDuplicateObject(section, section, CURRENT_PROCESS, &copy, 0, 0,
				      DUPLICATE_SAME_ACCESS),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("C6", "source process without DUP_HANDLE",
		    NtDuplicateObject(weak, section, CURRENT_PROCESS, &copy, 0, 0,
				      DUPLICATE_SAME_ACCESS),
		    STATUS_ACCESS_DENIED);
	case_status("C6", "target process without DUP_HANDLE",
		    NtDuplicateObject(CURRENT_PROCESS, section, weak, &copy, 0, 0,
				      DUPLICATE_SAME_ACCESS),
		    STATUS_ACCESS_DENIED);
	case_status("6.2", "target process a section",
		    NtDuplicateObject(CURRENT_PROCESS, section, section, &copy, 0, 0,
				      DUPLICATE_SAME_ACCESS),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("6.2",
		    "source process weak, target process bad: the source's is looked at first",
		    NtDuplicateObject(weak, section, (HANDLE)0x7FF8, &copy, 0, 0,
				      DUPLICATE_SAME_ACCESS),
		    STATUS_ACCESS_DENIED);
	case_status(
		"6.2", "target process weak, source bad: the process is looked at first",
		NtDuplicateObject(CURRENT_PROCESS, NULL, weak, &copy, 0, 0, DUPLICATE_SAME_ACCESS),
		STATUS_ACCESS_DENIED);
	case_status("6.2", "source bad, access ~0: the source is looked at first",
		    duplicate(NULL, &copy, ~0u, 0, 0), STATUS_INVALID_HANDLE);
	case_status("C6", "both processes with DUP_HANDLE alone",
		    NtDuplicateObject(strong, section, strong, &copy, 0, 0, DUPLICATE_SAME_ACCESS),
		    STATUS_SUCCESS);
	NtClose(copy);
	NtClose(strong);
	NtClose(weak);
}

/* ---- rights ---- */

static void narrower_cases(void)
{
	static const struct {
		const char *what;
		ACCESS_MASK access, granted;
	} rows[] = {
		{"access 0", 0, 0},
		{"access MAP_READ", SECTION_MAP_READ, SECTION_MAP_READ},
		{"access QUERY and READ_CONTROL", SECTION_QUERY | READ_CONTROL,
		 SECTION_QUERY | READ_CONTROL},
		{"access GENERIC_ALL", GENERIC_ALL, SECTION_ALL_ACCESS},
		{"access GENERIC_READ", GENERIC_READ,
		 STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		HANDLE copy = NULL;

		case_status("6.2", rows[i].what, duplicate(section, &copy, rows[i].access, 0, 0),
			    STATUS_SUCCESS);
		case_number("6.2", case_format("%s: granted", rows[i].what), access_of(copy),
			    rows[i].granted);
		if (!i)
			case_status("P8.153", "access 0: mapped with it",
				    view_try(copy, PAGE_READONLY), STATUS_ACCESS_DENIED);
		NtClose(copy);
	}
}

static void wider_cases(void)
{
	HANDLE weak = handle_with(section, SECTION_MAP_READ), copy = NULL, file, source;

	case_status("6.2", "wider than the source",
		    duplicate(weak, &copy, SECTION_MAP_READ | SECTION_MAP_WRITE, 0, 0),
		    STATUS_SUCCESS);
	case_number("6.2", "wider than the source: granted", access_of(copy),
		    SECTION_MAP_READ | SECTION_MAP_WRITE);
	NtClose(copy);
	case_status("6.2", "SAME_ACCESS, access ~0",
		    duplicate(weak, &copy, ~0u, 0, DUPLICATE_SAME_ACCESS), STATUS_SUCCESS);
	case_number("6.2", "SAME_ACCESS, access ~0: granted", access_of(copy), SECTION_MAP_READ);
	NtClose(copy);
	copy = section;
	source = section;
	case_status("6.2", "access ~0", duplicate(source, &copy, ~0u, 0, 0), STATUS_ACCESS_DENIED);
	case_true("6.2", "access ~0: the target is 0", !copy);
	if (copy)
		NtClose(copy);
	copy = NULL;
	file = file_need(ODD_FILE, FILE_READ_DATA);
	case_status("6.2", "a file, wider than the source",
		    duplicate(file, &copy, FILE_READ_DATA | FILE_WRITE_DATA, 0, 0),
		    STATUS_ACCESS_DENIED);
	case_true("6.2", "a file, wider than the source: the target is 0", !copy);
	if (copy)
		NtClose(copy);
	NtClose(file);
	NtClose(weak);
}

/* ---- attributes and options ---- */

static void attribute_cases(void)
{
	HANDLE inherited = copy_need(OBJ_INHERIT), copy = copy_need(OBJ_PROTECT_CLOSE);

	case_true("6.2", "attributes INHERIT", flags_of(inherited).inherit == TRUE);
	case_true("6.2", "attributes INHERIT: not of the source", !flags_of(section).inherit);
	case_true("6.2", "attributes PROTECT_CLOSE", flags_of(copy).protect_from_close == TRUE);
	protect_handle(copy, false);
	NtClose(copy);
	duplicate(inherited, &copy, 0, 0, DUPLICATE_SAME_ACCESS);
	case_true("6.2", "attributes 0 of an inherited source", !flags_of(copy).inherit);
	NtClose(copy);
	duplicate(inherited, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES);
	case_true("6.2", "SAME_ATTRIBUTES of an inherited source", flags_of(copy).inherit == TRUE);
	NtClose(copy);
	duplicate(section, &copy, 0, OBJ_INHERIT,
		  DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES);
	case_true("6.2", "SAME_ATTRIBUTES, and INHERIT asked for", !flags_of(copy).inherit);
	NtClose(copy);
	NtClose(inherited);
}

static void close_source_cases(void)
{
	HANDLE source = copy_need(0), copy = NULL;

	case_status("6.2", "CLOSE_SOURCE",
		    duplicate(source, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
		    STATUS_SUCCESS);
	case_status("6.2", "CLOSE_SOURCE: the new one maps", view_try(copy, PAGE_READWRITE),
		    STATUS_SUCCESS);
	NtClose(copy);
	source = copy_need(0);
	copy = NULL;
	case_status("6.2", "CLOSE_SOURCE, target process bad",
		    NtDuplicateObject(CURRENT_PROCESS, source, (HANDLE)0x7FF8, &copy, 0, 0,
				      DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
		    STATUS_INVALID_HANDLE);
	case_status("6.2", "CLOSE_SOURCE, target process bad: the source is closed",
		    NtClose(source), STATUS_INVALID_HANDLE);
	source = copy_need(0);
	case_status("6.2", "CLOSE_SOURCE, no target process",
		    NtDuplicateObject(CURRENT_PROCESS, source, NULL, NULL, 0, 0,
				      DUPLICATE_CLOSE_SOURCE),
		    STATUS_SUCCESS);
	case_status("6.2", "CLOSE_SOURCE, no target process: the source is closed", NtClose(source),
		    STATUS_INVALID_HANDLE);
	case_status("6.2", "no target process, no CLOSE_SOURCE",
		    NtDuplicateObject(CURRENT_PROCESS, section, NULL, NULL, 0, 0, 0),
		    STATUS_INVALID_PARAMETER);
	source = copy_need(0);
	protect_handle(source, true);
	case_status("P8.156", "CLOSE_SOURCE of a protected one",
		    duplicate(source, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
		    STATUS_SUCCESS);
	case_status("P8.156", "CLOSE_SOURCE of a protected one: the new one maps",
		    view_try(copy, PAGE_READWRITE), STATUS_SUCCESS);
	case_status("P8.156", "CLOSE_SOURCE of a protected one: the source maps",
		    view_try(source, PAGE_READWRITE), STATUS_SUCCESS);
	NtClose(copy);
	protect_handle(source, false);
	NtClose(source);
}

/* ---- nobody wants the handle; pseudo handles ---- */

static ULONG handle_count(void)
{
	PUBLIC_OBJECT_BASIC_INFORMATION information = {.HandleCount = 0};

	NtQueryObject(section, OBJECT_CLASS_BASIC, &information, sizeof(information), NULL);
	return information.HandleCount;
}

static void lost_handle_cases(void)
{
	ULONG before = handle_count();

	case_status("P8.155", "target pointer NULL",
		    duplicate(section, NULL, 0, 0, DUPLICATE_SAME_ACCESS), STATUS_SUCCESS);
	case_number("6.2", "target pointer NULL: handles made", handle_count() - before, 1);
}

static void pseudo_cases(void)
{
	static const struct {
		const char *what;
		intptr_t value;
	} rows[] = {{"source -1, the process", -1}, {"source -2, the thread", -2}};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		HANDLE source = (HANDLE)rows[i].value, copy = source;

		case_status("6.2", rows[i].what,
			    duplicate(source, &copy, 0, 0, DUPLICATE_SAME_ACCESS), STATUS_SUCCESS);
		case_true("6.2", case_format("%s: a real handle", rows[i].what),
			  copy && copy != source);
		case_status("6.5", case_format("%s: the same object", rows[i].what),
			    NtCompareObjects(copy, source), STATUS_SUCCESS);
		NtClose(copy);
	}
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_duplicate: NtDuplicateObject");
	case_call("NtDuplicateObject");
	section = section_need(PAGE_BYTES);
	target_pointer_cases();
	process_cases();
	narrower_cases();
	wider_cases();
	attribute_cases();
	close_source_cases();
	lost_handle_cases();
	pseudo_cases();
	NtClose(section);
	return case_finish();
}

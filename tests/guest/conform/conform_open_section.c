/*
 * conform_open_section.c - NtOpenSection, and NtCreateSection's name, which is looked at last (3.7,
 * 3.1.1 row 25; C5; P8.165).
 */
#include "kinds.h"

#define NAME KIND_FOLDER L"conform_open_section"

static NTSTATUS open_with(ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes, HANDLE *section)
{
	*section = NULL;
	return NtOpenSection(section, access, attributes);
}

static void refused_cases(void)
{
	HANDLE section = kind_need(KIND_SECTION, NAME), event = kind_need(KIND_EVENT, NAME L"-e");
	const struct kind *kind = &kinds[KIND_SECTION];
	struct named named;

	case_status("3.7", "attributes NULL", kind_open_try(kind, NULL), STATUS_INVALID_PARAMETER);
	named_set(&named, NAME, NULL, 0)->Length = 0;
	case_status("3.7", "attributes' length 0", kind_open_try(kind, &named.attributes),
		    STATUS_INVALID_PARAMETER);
	named_set(&named, NAME, NULL, 0)->Length = sizeof(named.attributes) + 8;
	case_status("3.7", "attributes' length 8 too much", kind_open_try(kind, &named.attributes),
		    STATUS_INVALID_PARAMETER);
	case_status("3.7", "handle pointer NULL",
		    NtOpenSection(NULL, SECTION_MAP_READ, named_set(&named, NAME, NULL, 0)),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.7", "handle pointer NULL, attributes NULL",
		    NtOpenSection(NULL, SECTION_MAP_READ, NULL), STATUS_ACCESS_VIOLATION);
	case_status("3.7", "missing",
		    kind_open_try(kind, named_set(&named, NAME L"-none", NULL, 0)),
		    STATUS_OBJECT_NAME_NOT_FOUND);
	case_status("3.7", "a component missing",
		    kind_open_try(kind, named_set(&named, NAME L"-none\\x", NULL, 0)),
		    STATUS_OBJECT_PATH_NOT_FOUND);
	case_status("3.7", "an event", kind_open_try(kind, named_set(&named, NAME L"-e", NULL, 0)),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("3.7", "an empty name", kind_open_try(kind, named_set(&named, L"", NULL, 0)),
		    STATUS_OBJECT_PATH_SYNTAX_BAD);
	named.attributes.ObjectName = NULL;
	case_status("3.7", "no name", kind_open_try(kind, &named.attributes),
		    STATUS_OBJECT_PATH_SYNTAX_BAD);
	NtClose(event);
	NtClose(section);
}

static void case_cases(void)
{
	HANDLE section = kind_need(KIND_SECTION, NAME);
	const struct kind *kind = &kinds[KIND_SECTION];
	struct named named;

	named_set(&named, KIND_FOLDER L"Conform_Open_Section", NULL, 0);
	case_status("3.7", "another case", kind_open_try(kind, &named.attributes),
		    STATUS_OBJECT_NAME_NOT_FOUND);
	named.attributes.Attributes = OBJ_CASE_INSENSITIVE;
	case_status("3.7", "another case, CASE_INSENSITIVE", kind_open_try(kind, &named.attributes),
		    STATUS_SUCCESS);
	NtClose(section);
}

static void access_cases(void)
{
	static const struct {
		const char *what;
		ACCESS_MASK access, granted;
		NTSTATUS read, write;
	} rows[] = {
		{"MAP_READ", SECTION_MAP_READ, SECTION_MAP_READ, STATUS_SUCCESS,
		 STATUS_ACCESS_DENIED},
		{"MAP_WRITE and MAP_READ", SECTION_MAP_WRITE | SECTION_MAP_READ,
		 SECTION_MAP_WRITE | SECTION_MAP_READ, STATUS_SUCCESS, STATUS_SUCCESS},
		{"QUERY", SECTION_QUERY, SECTION_QUERY, STATUS_ACCESS_DENIED, STATUS_ACCESS_DENIED},
		{"MAP_EXECUTE", SECTION_MAP_EXECUTE, SECTION_MAP_EXECUTE, STATUS_ACCESS_DENIED,
		 STATUS_ACCESS_DENIED},
		{"GENERIC_READ", GENERIC_READ,
		 STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ, STATUS_SUCCESS,
		 STATUS_ACCESS_DENIED},
		{"GENERIC_ALL", GENERIC_ALL, SECTION_ALL_ACCESS, STATUS_SUCCESS, STATUS_SUCCESS},
	};
	HANDLE section = kind_need(KIND_SECTION, NAME), other;
	struct named named;

	named_set(&named, NAME, NULL, 0);
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		PUBLIC_OBJECT_BASIC_INFORMATION information = {.GrantedAccess = 0};

		case_status("3.7", rows[i].what,
			    open_with(rows[i].access, &named.attributes, &other), STATUS_SUCCESS);
		NtQueryObject(other, OBJECT_CLASS_BASIC, &information, sizeof(information), NULL);
		case_number("3.7", case_format("%s: granted", rows[i].what),
			    information.GrantedAccess, rows[i].granted);
		case_status("3.7", case_format("%s: an RO view", rows[i].what),
			    view_try(other, PAGE_READONLY), rows[i].read);
		case_status("3.7", case_format("%s: an RW view", rows[i].what),
			    view_try(other, PAGE_READWRITE), rows[i].write);
		NtClose(other);
	}
	NtClose(section);
}

/* ---- NtCreateSection: what else is wrong with a bad name ---- */

struct request {
	const char *what;
	LONGLONG bytes;
	ULONG protection, attributes;
	HANDLE file;
	NTSTATUS expected;
};

static const struct request requests[] = {
	{"attributes 0", PAGE_BYTES, PAGE_READWRITE, 0, NULL, STATUS_INVALID_PARAMETER_6},
	{"attributes COMMIT and RESERVE", PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT | SEC_RESERVE,
	 NULL, STATUS_INVALID_PARAMETER_6},
	{"protection 0x1234", PAGE_BYTES, 0x1234, SEC_COMMIT, NULL, STATUS_INVALID_PAGE_PROTECTION},
	{"protection NA", PAGE_BYTES, PAGE_NOACCESS, SEC_COMMIT, NULL,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"size 0", 0, PAGE_READWRITE, SEC_COMMIT, NULL, STATUS_INVALID_PARAMETER_4},
	{"size -1", -1, PAGE_READWRITE, SEC_COMMIT, NULL, STATUS_SECTION_TOO_BIG},
	{"IMAGE without a file", PAGE_BYTES, PAGE_READONLY, SEC_IMAGE, NULL,
	 STATUS_INVALID_FILE_FOR_SECTION},
	{"file handle bad", PAGE_BYTES, PAGE_READONLY, SEC_COMMIT, (HANDLE)0x7FF8,
	 STATUS_INVALID_HANDLE},
};

static NTSTATUS create(const struct request *request, const OBJECT_ATTRIBUTES *attributes)
{
	LARGE_INTEGER size = {.QuadPart = request->bytes};
	HANDLE section;
	NTSTATUS status = NtCreateSection(&section, SECTION_ALL_ACCESS, attributes, &size,
					  request->protection, request->attributes, request->file);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

static void order_cases(void)
{
	static const struct request good = {"", PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT, NULL, 0};
	HANDLE section = kind_need(KIND_SECTION, NAME);
	struct named named;

	case_call("NtCreateSection");
	case_status("3.1.1/25", "a bad name alone",
		    create(&good, named_set(&named, L"bad name", NULL, 0)),
		    STATUS_OBJECT_PATH_SYNTAX_BAD);
	case_status("3.1.1/25", "a taken name alone",
		    create(&good, named_set(&named, NAME, NULL, 0)), STATUS_OBJECT_NAME_COLLISION);
	for (unsigned i = 0; i < COUNT_OF(requests); i++) {
		case_status("C5", case_format("%s and a bad name", requests[i].what),
			    create(&requests[i], named_set(&named, L"bad name", NULL, 0)),
			    requests[i].expected);
		case_status("C5", case_format("%s and a missing parent", requests[i].what),
			    create(&requests[i], named_set(&named, L"\\None\\x", NULL, 0)),
			    requests[i].expected);
		case_status("C5", case_format("%s and a taken name", requests[i].what),
			    create(&requests[i], named_set(&named, NAME, NULL, 0)),
			    requests[i].expected);
		case_status("C5", case_format("%s and a taken name, OPENIF", requests[i].what),
			    create(&requests[i], named_set(&named, NAME, NULL, OBJ_OPENIF)),
			    requests[i].expected);
	}
	case_status("P8.165", "a bad protection and a bad name",
		    create(&requests[2], named_set(&named, L"bad name", NULL, 0)),
		    STATUS_INVALID_PAGE_PROTECTION);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_open_section: NtOpenSection, and the name last");
	case_call("NtOpenSection");
	refused_cases();
	case_cases();
	access_cases();
	order_cases();
	return case_finish();
}

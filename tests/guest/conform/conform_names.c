/*
 * conform_names.c - creating and opening by name, for every type that has both (section 7;
 * P8.157-165).
 */
#include "kinds.h"

#define NAME KIND_FOLDER L"conform_names"
#define NAME_IN_CAPITALS KIND_FOLDER L"CONFORM_NAMES"
#define BOGUS_HANDLE ((HANDLE)0x7FF8)
#define LONG_CHARS 0x7FFF

static WCHAR long_name[LONG_CHARS + 1];
static HANDLE root_directory, root_event, root_link;

/* How a row's attributes differ from plain ones. */
enum change {
	PLAIN,
	NO_ATTRIBUTES,
	WRONG_LENGTH,
	NO_NAME,
	BAD_NAME,
	BAD_BUFFER,
	ODD_LENGTH,
	ODD_BUFFER,
	ODD_BUFFER_AND_LENGTH,
	ODD_BAD_BUFFER,
	LONG_NAME,
	TOO_LONG_NAME,
};
enum root { NO_ROOT, IN_DIRECTORY, IN_EVENT, IN_LINK, IN_BOGUS };

struct row {
	const char *id, *what;
	enum change change;
	enum root root;
	const WCHAR *name;
	NTSTATUS create, open;
};

static const struct row rows[] = {
	{"7/1", "no attributes", NO_ATTRIBUTES, NO_ROOT, L"", STATUS_SUCCESS,
	 STATUS_INVALID_PARAMETER},
	{"P8.160", "no attributes", NO_ATTRIBUTES, NO_ROOT, L"", STATUS_SUCCESS,
	 STATUS_INVALID_PARAMETER},
	{"7/2", "attributes' length 40", WRONG_LENGTH, NO_ROOT, NAME, STATUS_INVALID_PARAMETER,
	 STATUS_INVALID_PARAMETER},
	{"7/3", "ObjectName NULL", NO_NAME, NO_ROOT, L"", STATUS_SUCCESS,
	 STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"7/4", "ObjectName NULL with a root", NO_NAME, IN_DIRECTORY, L"",
	 STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
	{"7/5", "an empty name", PLAIN, NO_ROOT, L"", STATUS_SUCCESS,
	 STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"7/7", "ObjectName bad", BAD_NAME, NO_ROOT, L"", STATUS_ACCESS_VIOLATION,
	 STATUS_ACCESS_VIOLATION},
	{"7/7", "the name's buffer bad", BAD_BUFFER, NO_ROOT, NAME, STATUS_ACCESS_VIOLATION,
	 STATUS_ACCESS_VIOLATION},
	{"7/8", "length odd", ODD_LENGTH, NO_ROOT, NAME, STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"P8.164", "length odd", ODD_LENGTH, NO_ROOT, NAME, STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"7/8", "length odd, root bad", ODD_LENGTH, IN_BOGUS, NAME, STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"7/9", "buffer odd", ODD_BUFFER, NO_ROOT, NAME, STATUS_DATATYPE_MISALIGNMENT,
	 STATUS_DATATYPE_MISALIGNMENT},
	{"P8.164", "buffer odd", ODD_BUFFER, NO_ROOT, NAME, STATUS_DATATYPE_MISALIGNMENT,
	 STATUS_DATATYPE_MISALIGNMENT},
	{"7/9", "buffer and length odd", ODD_BUFFER_AND_LENGTH, NO_ROOT, NAME,
	 STATUS_DATATYPE_MISALIGNMENT, STATUS_DATATYPE_MISALIGNMENT},
	{"7/9", "buffer odd and bad", ODD_BAD_BUFFER, NO_ROOT, NAME, STATUS_DATATYPE_MISALIGNMENT,
	 STATUS_DATATYPE_MISALIGNMENT},
	{"7/10", "length 65532, nothing there", LONG_NAME, IN_DIRECTORY, L"", STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"7/10", "length 65534", TOO_LONG_NAME, IN_DIRECTORY, L"", STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"7/11", "no backslash and no root", PLAIN, NO_ROOT, L"conform_names",
	 STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"P8.161", "no backslash and no root", PLAIN, NO_ROOT, L"conform_names",
	 STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"7/12", "a backslash and a root", PLAIN, IN_DIRECTORY, NAME, STATUS_OBJECT_PATH_SYNTAX_BAD,
	 STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"P8.162", "a backslash and a root", PLAIN, IN_DIRECTORY, NAME,
	 STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"7/13", "the root an event", PLAIN, IN_EVENT, L"x", STATUS_OBJECT_TYPE_MISMATCH,
	 STATUS_OBJECT_TYPE_MISMATCH},
	{"7/13", "the root a link", PLAIN, IN_LINK, L"x", STATUS_OBJECT_TYPE_MISMATCH,
	 STATUS_OBJECT_TYPE_MISMATCH},
	{"C2", "the root no handle", PLAIN, IN_BOGUS, L"x", STATUS_INVALID_HANDLE,
	 STATUS_INVALID_HANDLE},
	{"7/14", "the parent missing", PLAIN, NO_ROOT, L"\\ConformNoFolder\\x",
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"P8.163", "the parent missing", PLAIN, NO_ROOT, L"\\ConformNoFolder\\x",
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"7/14", "the parent missing, below a root", PLAIN, IN_DIRECTORY, L"none\\x",
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"7/16", "a directory and a backslash", PLAIN, NO_ROOT, KIND_FOLDER,
	 STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
	{"7/16", "two backslashes in front", PLAIN, NO_ROOT, L"\\" KIND_FOLDER L"x",
	 STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
	{"7/16", "two backslashes inside", PLAIN, NO_ROOT, KIND_FOLDER L"\\x",
	 STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
	{"7/16b", "something missing and a backslash", PLAIN, NO_ROOT, NAME L"\\",
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"7/17", "nothing of that name", PLAIN, NO_ROOT, NAME, STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"7/17", "nothing of that name, below a root", PLAIN, IN_DIRECTORY, L"x", STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
};

static HANDLE root_of(enum root root)
{
	switch (root) {
	case NO_ROOT:
		return NULL;
	case IN_DIRECTORY:
		return root_directory;
	case IN_EVENT:
		return root_event;
	case IN_LINK:
		return root_link;
	case IN_BOGUS:
		break;
	}
	return BOGUS_HANDLE;
}

static void name_change(UNICODE_STRING *name, enum change change)
{
	if (change == BAD_BUFFER)
		name->Buffer = (WCHAR *)(uintptr_t)0x10;
	if (change == ODD_BAD_BUFFER)
		name->Buffer = (WCHAR *)(uintptr_t)0x11;
	if (change == ODD_LENGTH || change == ODD_BUFFER_AND_LENGTH)
		name->Length--;
	if (change == ODD_BUFFER || change == ODD_BUFFER_AND_LENGTH)
		name->Buffer = (WCHAR *)((char *)name->Buffer + 1);
	if (change == LONG_NAME || change == TOO_LONG_NAME)
		*name = (UNICODE_STRING){change == LONG_NAME ? 65532 : 65534, 65534, long_name};
}

static const OBJECT_ATTRIBUTES *row_attributes(const struct row *row, struct named *named)
{
	OBJECT_ATTRIBUTES *attributes = named_set(named, row->name, root_of(row->root), 0);

	name_change(&named->name, row->change);
	if (row->change == WRONG_LENGTH)
		attributes->Length = 40;
	if (row->change == NO_NAME)
		attributes->ObjectName = NULL;
	if (row->change == BAD_NAME)
		attributes->ObjectName = (UNICODE_STRING *)(uintptr_t)0x10;
	return row->change == NO_ATTRIBUTES ? NULL : attributes;
}

static void create_and_open(const struct kind *kind, const char *id, const char *what,
			    const OBJECT_ATTRIBUTES *attributes, NTSTATUS create, NTSTATUS open)
{
	case_call(kind->create);
	case_status(id, what, kind_create_try(kind, attributes), create);
	case_call(kind->open);
	case_status(id, what, kind_open_try(kind, attributes), open);
}

static void form_cases(const struct kind *kind)
{
	struct named named;

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		create_and_open(kind, rows[i].id, rows[i].what, row_attributes(&rows[i], &named),
				rows[i].create, rows[i].open);
	create_and_open(kind, "7/6", "an empty name with a root",
			named_set(&named, L"", root_directory, 0), STATUS_SUCCESS,
			kind == &kinds[KIND_DIRECTORY] ? STATUS_SUCCESS
						       : STATUS_OBJECT_TYPE_MISMATCH);
	case_call(kind->create);
	case_status("7/5", "an empty name, root bad",
		    kind_create_try(kind, named_set(&named, L"", BOGUS_HANDLE, 0)), STATUS_SUCCESS);
}

/* ---- on the way: links, things that are no directories, NULs ---- */

static void path_cases(const struct kind *kind)
{
	struct named named;
	HANDLE event = kind_need(KIND_EVENT, NAME L"-event"), object;
	WCHAR with_end[] = NAME L"\0";
	UNICODE_STRING name = {sizeof(with_end) - 2, sizeof(with_end), with_end};

	named_set(&named, NAME L"-event\\x", NULL, 0);
	case_call(kind->create);
	case_status_either("7/15", "an event in the middle",
			   kind_create_try(kind, &named.attributes), STATUS_OBJECT_PATH_NOT_FOUND,
			   STATUS_OBJECT_TYPE_MISMATCH);
	case_call(kind->open);
	case_status_either("7/15", "an event in the middle", kind_open_try(kind, &named.attributes),
			   STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_TYPE_MISMATCH);
	NtClose(event);
	object = kind_need((enum kind_index)(kind - kinds), NAME);
	create_and_open(kind, "7/25", "through a link",
			named_set(&named, NAME L"-link\\conform_names", NULL, 0),
			STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS);
	named.attributes.ObjectName = &name;
	create_and_open(kind, "7/24", "the name and a NUL", &named.attributes, STATUS_SUCCESS,
			STATUS_OBJECT_NAME_NOT_FOUND);
	with_end[3] = 0;
	create_and_open(kind, "7/24", "a NUL inside", &named.attributes,
			STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND);
	NtClose(object);
}

/* ---- the name is taken ---- */

static void taken_cases(const struct kind *kind)
{
	HANDLE object = kind_need((enum kind_index)(kind - kinds), NAME), long_one;
	struct named named;

	create_and_open(kind, "7/18", "taken", named_set(&named, NAME, NULL, 0),
			STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS);
	case_call(kind->create);
	case_status("7/19", "taken, OPENIF",
		    kind_create_try(kind, named_set(&named, NAME, NULL, OBJ_OPENIF)),
		    STATUS_OBJECT_NAME_EXISTS);
	create_and_open(kind, "7/22", "another case", named_set(&named, NAME_IN_CAPITALS, NULL, 0),
			STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND);
	create_and_open(kind, "7/22", "a directory in another case",
			named_set(&named, L"\\BASENAMEDOBJECTS\\conform_names", NULL, 0),
			STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND);
	create_and_open(kind, "P8.159", "a directory in another case",
			named_set(&named, L"\\BASENAMEDOBJECTS\\CONFORM_NAMES", NULL, 0),
			STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND);
	named.attributes.Attributes = OBJ_CASE_INSENSITIVE;
	create_and_open(kind, "P8.159", "the same, CASE_INSENSITIVE", &named.attributes,
			STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS);
	create_and_open(kind, "7/23", "another case, CASE_INSENSITIVE",
			named_set(&named, NAME_IN_CAPITALS, NULL, OBJ_CASE_INSENSITIVE),
			STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS);
	NtClose(object);
	named_set(&named, L"", root_directory, 0);
	name_change(&named.name, LONG_NAME);
	kind->make(&long_one, kind->all_access, &named.attributes);
	case_call(kind->open);
	case_status("7/10", "length 65532, taken", kind_open_try(kind, &named.attributes),
		    STATUS_SUCCESS);
	NtClose(long_one);
}

static void stranger_cases(const struct kind *kind)
{
	for (unsigned i = 0; i < KINDS; i++) {
		HANDLE object;
		struct named named;
		const char *what = case_format("taken by a %s", kinds[i].name);

		/* A link to a directory is one, where a directory is meant (row 25). */
		if (&kinds[i] == kind || (kind == &kinds[KIND_DIRECTORY] && i == KIND_LINK))
			continue;
		object = kind_need(i, NAME);
		named_set(&named, NAME, NULL, 0);
		case_call(kind->create);
		case_status_either("7/20", what, kind_create_try(kind, &named.attributes),
				   STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_TYPE_MISMATCH);
		case_call(kind->open);
		case_status("7/20", what, kind_open_try(kind, &named.attributes),
			    STATUS_OBJECT_TYPE_MISMATCH);
		named.attributes.Attributes = OBJ_OPENIF;
		case_call(kind->create);
		case_status("7/21", case_format("%s, OPENIF", what),
			    kind_create_try(kind, &named.attributes), STATUS_OBJECT_TYPE_MISMATCH);
		NtClose(object);
	}
}

/* ---- "\" and pipes ---- */

static void root_cases(void)
{
	const struct kind *directory = &kinds[KIND_DIRECTORY], *link = &kinds[KIND_LINK];
	struct named named;

	create_and_open(directory, "7/26", "\"\\\"", named_set(&named, L"\\", NULL, 0),
			STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS);
	case_call(directory->create);
	case_status("7/26", "\"\\\", OPENIF",
		    kind_create_try(directory, named_set(&named, L"\\", NULL, OBJ_OPENIF)),
		    STATUS_OBJECT_NAME_EXISTS);
	case_call(link->create);
	case_status("7/27", "\"\\\"", kind_create_try(link, named_set(&named, L"\\", NULL, 0)),
		    STATUS_OBJECT_TYPE_MISMATCH);
	for (unsigned i = 0; i < KINDS; i++) {
		case_call(kinds[i].create);
		case_status("7/28", "below \\??\\PIPE",
			    kind_create_try(&kinds[i],
					    named_set(&named, L"\\??\\PIPE\\conform", NULL, 0)),
			    STATUS_OBJECT_PATH_NOT_FOUND);
	}
}

/* ---- what the assertions say of sections ---- */

static void section_cases(void)
{
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};
	LARGE_INTEGER size = {.QuadPart = 16 * PAGE_BYTES};
	struct named named;
	HANDLE first = kind_need(KIND_SECTION, NAME), second = NULL;
	const struct kind *section = &kinds[KIND_SECTION];

	case_call("NtCreateSection");
	case_status("P8.157", "taken", kind_create_try(section, named_set(&named, NAME, NULL, 0)),
		    STATUS_OBJECT_NAME_COLLISION);
	named_set(&named, NAME, NULL, OBJ_OPENIF);
	case_status("P8.157", "taken, OPENIF, another size",
		    NtCreateSection(&second, SECTION_ALL_ACCESS, &named.attributes, &size,
				    PAGE_READONLY, SEC_RESERVE, NULL),
		    STATUS_OBJECT_NAME_EXISTS);
	NtQuerySection(second, SectionBasicInformation, &information, sizeof(information), NULL);
	case_number("P8.157", "taken, OPENIF: the size is the old one",
		    (uint64_t)information.Size.QuadPart, PAGE_BYTES);
	case_number("3.1.2", "taken, OPENIF: the attributes are the old ones",
		    information.Attributes, SEC_COMMIT);
	NtClose(second);
	NtClose(first);
	first = kind_need(KIND_EVENT, NAME);
	create_and_open(section, "P8.158", "taken by an event, OPENIF", &named.attributes,
			STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_TYPE_MISMATCH);
	NtClose(first);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_names: creating and opening by name");
	for (unsigned i = 0; i < LONG_CHARS; i++)
		long_name[i] = L'n';
	root_directory = kind_need(KIND_DIRECTORY, NAME L"-root");
	root_event = kind_need(KIND_EVENT, NULL);
	root_link = kind_need(KIND_LINK, NAME L"-link");
	for (unsigned i = 0; i < KINDS; i++) {
		form_cases(&kinds[i]);
		path_cases(&kinds[i]);
		taken_cases(&kinds[i]);
		stranger_cases(&kinds[i]);
	}
	root_cases();
	section_cases();
	NtClose(root_link);
	NtClose(root_event);
	NtClose(root_directory);
	return case_finish();
}

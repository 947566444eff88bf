/*
 * test_names.c - named sections: the rules for names, collisions, lifetime (section 7, 3.7;
 * P1.27-30, P8.157-165).
 */
#include <string.h>

#include "guest.h"

#define BASE L"\\BaseNamedObjects\\"
#define NAME BASE L"quire-test-name"

static NTSTATUS create(HANDLE *section, const WCHAR *name, ULONG attributes, uint64_t bytes)
{
	LARGE_INTEGER size = {.QuadPart = (LONGLONG)bytes};
	UNICODE_STRING text;
	OBJECT_ATTRIBUTES object;

	RtlInitUnicodeString(&text, name);
	InitializeObjectAttributes(&object, &text, attributes, NULL, NULL);
	return NtCreateSection(section, SECTION_ALL_ACCESS, &object, &size, PAGE_READWRITE,
			       SEC_COMMIT, NULL);
}

static NTSTATUS open(HANDLE *section, const WCHAR *name, ULONG attributes, ACCESS_MASK access)
{
	UNICODE_STRING text;
	OBJECT_ATTRIBUTES object;

	RtlInitUnicodeString(&text, name);
	InitializeObjectAttributes(&object, &text, attributes, NULL, NULL);
	return NtOpenSection(section, access, &object);
}

/* The status of opening; what was opened is closed. */
static NTSTATUS open_try(const WCHAR *name, ULONG attributes)
{
	HANDLE section;
	NTSTATUS status = open(&section, name, attributes, SECTION_ALL_ACCESS);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

static NTSTATUS create_try(const WCHAR *name)
{
	HANDLE section;
	NTSTATUS status = create(&section, name, 0, 0x1000);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

/* catches: OPENIF that makes a second object, or takes the new size */
static void test_collisions(void)
{
	HANDLE first, second;
	SECTION_BASIC_INFORMATION information;
	char *one, *two;

	tap_is_status(create(&first, NAME, 0, 0x2000), STATUS_SUCCESS, "created");
	tap_is_status(create(&second, NAME, 0, 0x1000), STATUS_OBJECT_NAME_COLLISION,
		      "P8.157: the name is taken");
	tap_is_status(create(&second, NAME, OBJ_OPENIF, 0x1000), STATUS_OBJECT_NAME_EXISTS,
		      "P8.157: with OPENIF it is opened");
	NtQuerySection(second, SectionBasicInformation, &information, sizeof(information), NULL);
	tap_is_number((uint64_t)information.Size.QuadPart, 0x2000, "with its own size");
	one = view_need(first, PAGE_READWRITE);
	two = view_need(second, PAGE_READWRITE);
	one[0] = 'n';
	tap_is_number((unsigned char)two[0], 'n', "it is the same section");
	view_drop(one);
	view_drop(two);
	NtClose(first);
	NtClose(second);
}

/* catches: a name that lives as long as the object instead of its handles */
static void test_lifetime(void)
{
	HANDLE section, again;
	char *view, *other;

	create(&section, NAME, 0, 0x1000);
	view = view_need(section, PAGE_READWRITE);
	view[0] = 'o';
	NtClose(section);
	tap_is_status(open_try(NAME, 0), STATUS_OBJECT_NAME_NOT_FOUND,
		      "P1.29: without handles the name is gone, though a view remains");
	tap_is_status(create(&again, NAME, 0, 0x1000), STATUS_SUCCESS,
		      "P1.30: it can be used again");
	other = view_need(again, PAGE_READWRITE);
	tap_is_number((unsigned char)other[0], 0, "P1.30: for another section");
	tap_is_number((unsigned char)view[0], 'o', "the old view is untouched");
	view_drop(other);
	view_drop(view);
	NtClose(again);
}

/* catches: comparing without case when it was not asked for */
static void test_case(void)
{
	HANDLE section;

	create(&section, BASE L"quire-Test-Case", 0, 0x1000);
	tap_is_status(open_try(BASE L"QUIRE-TEST-CASE", 0), STATUS_OBJECT_NAME_NOT_FOUND,
		      "7.22: names differ in case");
	tap_is_status(open_try(BASE L"QUIRE-TEST-CASE", OBJ_CASE_INSENSITIVE), STATUS_SUCCESS,
		      "P8.159: unless case does not matter");
	NtClose(section);
}

/* catches: a path walk that is lenient about form */
static void test_forms(void)
{
	static const struct {
		const WCHAR *name;
		NTSTATUS create, open;
		const char *text;
	} rows[] = {
		{L"quire-no-root", STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_SYNTAX_BAD,
		 "7.11: no backslash in front"},
		{L"\\NoSuchFolder\\x", STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND,
		 "7.14: no such folder"},
		{L"", STATUS_SUCCESS, STATUS_OBJECT_PATH_SYNTAX_BAD, "7.5: an empty name"},
		{BASE, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID,
		 "7.16: a folder and a backslash"},
		{BASE L"\\x", STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID,
		 "7.16: two backslashes"},
		{BASE L"quire-missing", STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND,
		 "7.17: nothing of that name"},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		tap_is_status(open_try(rows[i].name, 0), rows[i].open, "%s: open", rows[i].text);
		tap_is_status(create_try(rows[i].name), rows[i].create, "%s: create", rows[i].text);
	}
}

/* catches: a length or pointer in OBJECT_ATTRIBUTES that is taken as it comes */
static void test_attributes(void)
{
	UNICODE_STRING text;
	OBJECT_ATTRIBUTES object;
	HANDLE section, folder_like = section_need(0x1000);

	RtlInitUnicodeString(&text, NAME);
	InitializeObjectAttributes(&object, &text, 0, NULL, NULL);
	tap_is_status(NtOpenSection(&section, SECTION_ALL_ACCESS, NULL), STATUS_INVALID_PARAMETER,
		      "P8.160: no attributes");
	object.Length = 47;
	tap_is_status(NtOpenSection(&section, SECTION_ALL_ACCESS, &object),
		      STATUS_INVALID_PARAMETER, "7.2: a wrong length");
	object.Length = sizeof(object);
	text.Length--;
	tap_is_status(NtOpenSection(&section, SECTION_ALL_ACCESS, &object),
		      STATUS_OBJECT_NAME_INVALID, "P8.164: an odd length");
	text.Buffer = (WCHAR *)((char *)text.Buffer + 1);
	tap_is_status(NtOpenSection(&section, SECTION_ALL_ACCESS, &object),
		      STATUS_DATATYPE_MISALIGNMENT, "P8.164: an odd buffer");
	text.Buffer = (WCHAR *)(uintptr_t)0x10;
	text.Length = 4;
	tap_is_status(NtOpenSection(&section, SECTION_ALL_ACCESS, &object), STATUS_ACCESS_VIOLATION,
		      "7.7: a bad buffer");
	object.ObjectName = (UNICODE_STRING *)(uintptr_t)0x10;
	tap_is_status(NtOpenSection(&section, SECTION_ALL_ACCESS, &object), STATUS_ACCESS_VIOLATION,
		      "7.7: a bad name");
	RtlInitUnicodeString(&text, L"x");
	object.ObjectName = &text;
	object.RootDirectory = folder_like;
	tap_is_status(NtOpenSection(&section, SECTION_ALL_ACCESS, &object),
		      STATUS_OBJECT_TYPE_MISMATCH, "7.13: the root is a section");
	NtClose(folder_like);
}

/* catches: the name looked up before the other parameters are checked */
static void test_order(void)
{
	LARGE_INTEGER size = {.QuadPart = 0x1000};
	UNICODE_STRING text;
	OBJECT_ATTRIBUTES object;
	HANDLE section;

	RtlInitUnicodeString(&text, L"bad name");
	InitializeObjectAttributes(&object, &text, 0, NULL, NULL);
	tap_is_status(NtCreateSection(&section, SECTION_ALL_ACCESS, &object, &size, 0x1234,
				      SEC_COMMIT, NULL),
		      STATUS_INVALID_PAGE_PROTECTION, "P8.165: a bad protection and a bad name");
}

/* catches: a name that stays in memory */
static void test_bad_root(void)
{
	UNICODE_STRING text;
	OBJECT_ATTRIBUTES object;
	HANDLE section;

	RtlInitUnicodeString(&text, L"a name that was captured, and is given back");
	InitializeObjectAttributes(&object, &text, 0, (HANDLE)(uintptr_t)0xDEAD0, NULL);
	tap_is_status(NtOpenSection(&section, SECTION_QUERY, &object), STATUS_INVALID_HANDLE,
		      "a root directory that is no handle");
}

/* catches: rights of an opened handle widened to what the creator had */
static void test_access(void)
{
	HANDLE section, weaker;

	create(&section, NAME, 0, 0x1000);
	tap_is_status(open(&weaker, NAME, 0, SECTION_MAP_READ), STATUS_SUCCESS, "3.7: MAP_READ");
	tap_is_status(view_try(weaker, PAGE_READONLY), STATUS_SUCCESS, "maps READONLY");
	tap_is_status(view_try(weaker, PAGE_READWRITE), STATUS_ACCESS_DENIED, "but not READWRITE");
	NtClose(weaker);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("names of sections");
	test_collisions();
	test_lifetime();
	test_case();
	test_forms();
	test_attributes();
	test_order();
	test_bad_root();
	test_access();
	return tap_finish();
}

/*
 * test_names_types.c - the rules for names, the same for every type of object that has them
 * (section 7).
 */
#include "guest.h"

#define BASE L"\\BaseNamedObjects\\"
#define NAME BASE L"quire-test-types"
#define OTHER BASE L"QUIRE-TEST-TYPES"

static NTSTATUS section_create(HANDLE *handle, const OBJECT_ATTRIBUTES *attributes)
{
	LARGE_INTEGER size = {.QuadPart = 0x1000};

	return NtCreateSection(handle, SECTION_ALL_ACCESS, attributes, &size, PAGE_READWRITE,
			       SEC_COMMIT, NULL);
}

static NTSTATUS event_create(HANDLE *handle, const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateEvent(handle, EVENT_ALL_ACCESS, attributes, 0, FALSE);
}

static NTSTATUS semaphore_create(HANDLE *handle, const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateSemaphore(handle, SEMAPHORE_ALL_ACCESS, attributes, 0, 1);
}

static NTSTATUS mutant_create(HANDLE *handle, const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateMutant(handle, MUTANT_ALL_ACCESS, attributes, FALSE);
}

static NTSTATUS directory_create(HANDLE *handle, const OBJECT_ATTRIBUTES *attributes)
{
	return NtCreateDirectoryObject(handle, DIRECTORY_ALL_ACCESS, attributes);
}

static NTSTATUS link_create(HANDLE *handle, const OBJECT_ATTRIBUTES *attributes)
{
	UNICODE_STRING target;

	RtlInitUnicodeString(&target, L"\\BaseNamedObjects");
	return NtCreateSymbolicLinkObject(handle, SYMBOLIC_LINK_ALL_ACCESS, attributes, &target);
}

static const struct type {
	const char *name;
	NTSTATUS (*create)(HANDLE *handle, const OBJECT_ATTRIBUTES *attributes);
	NTSTATUS(NTAPI *open)
	(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes);
} types[] = {
	{"section", section_create, NtOpenSection},
	{"event", event_create, NtOpenEvent},
	{"semaphore", semaphore_create, NtOpenSemaphore},
	{"mutant", mutant_create, NtOpenMutant},
	{"directory", directory_create, NtOpenDirectoryObject},
	{"symbolic link", link_create, NtOpenSymbolicLinkObject},
};

static UNICODE_STRING text;
static OBJECT_ATTRIBUTES object;

static OBJECT_ATTRIBUTES *named(const WCHAR *name, HANDLE root, ULONG attributes)
{
	RtlInitUnicodeString(&text, name);
	InitializeObjectAttributes(&object, &text, attributes, root, NULL);
	return &object;
}

/* Both calls with the attributes as they are, and what they are to return. */
static void expect(const struct type *type, const OBJECT_ATTRIBUTES *attributes, NTSTATUS create,
		   NTSTATUS open, const char *row)
{
	HANDLE handle;
	NTSTATUS status = type->create(&handle, attributes);

	tap_is_status(status, create, "%s: create, %s", row, type->name);
	if (NT_SUCCESS(status))
		NtClose(handle);
	status = type->open(&handle, READ_CONTROL, attributes);
	tap_is_status(status, open, "%s: open, %s", row, type->name);
	if (NT_SUCCESS(status))
		NtClose(handle);
}

/* catches: a type whose calls look at names in a way of their own */
static void test_forms(const struct type *type)
{
	HANDLE event;

	event_create(&event, NULL);
	if (system_is_wine() && type->create == link_create)
		tap_skip(2, "Wine's links need attributes");
	else
		expect(type, NULL, STATUS_SUCCESS, STATUS_INVALID_PARAMETER, "7.1: no attributes");
	named(NAME, NULL, 0)->Length = 40;
	expect(type, &object, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER, "7.2: length 40");
	named(NAME, NULL, 0)->ObjectName = NULL;
	expect(type, &object, STATUS_SUCCESS, STATUS_OBJECT_PATH_SYNTAX_BAD, "7.3: no name");
	expect(type, named(L"", NULL, 0), STATUS_SUCCESS, STATUS_OBJECT_PATH_SYNTAX_BAD,
	       "7.5: an empty name");
	named(NAME, NULL, 0);
	text.Length--;
	expect(type, &object, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID,
	       "7.8: an odd length");
	text.Buffer = (WCHAR *)((char *)text.Buffer + 1);
	expect(type, &object, STATUS_DATATYPE_MISALIGNMENT, STATUS_DATATYPE_MISALIGNMENT,
	       "7.9: an odd buffer");
	expect(type, named(L"x", NULL, 0), STATUS_OBJECT_PATH_SYNTAX_BAD,
	       STATUS_OBJECT_PATH_SYNTAX_BAD, "7.11: no backslash");
	expect(type, named(L"x", event, 0), STATUS_OBJECT_TYPE_MISMATCH,
	       STATUS_OBJECT_TYPE_MISMATCH, "7.13: an event as the root");
	expect(type, named(L"\\NoSuchFolder\\x", NULL, 0), STATUS_OBJECT_PATH_NOT_FOUND,
	       STATUS_OBJECT_PATH_NOT_FOUND, "7.14: no parent");
	expect(type, named(BASE, NULL, 0), STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID,
	       "7.16: a backslash at the end");
	expect(type, named(NAME L"\\", NULL, 0), STATUS_OBJECT_PATH_NOT_FOUND,
	       STATUS_OBJECT_PATH_NOT_FOUND, "7.16b: the same behind nothing");
	expect(type, named(NAME, NULL, 0), STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND,
	       "7.17: a name that nobody has");
	NtClose(event);
}

/* catches: a collision that is told as something else */
static void test_taken(const struct type *type)
{
	const struct type *stranger = type == &types[1] ? &types[3] : &types[1];
	HANDLE handle, again;

	type->create(&handle, named(NAME, NULL, 0));
	expect(type, named(NAME, NULL, 0), STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS,
	       "7.18: the name is taken");
	if (system_is_wine() && type->create == link_create) {
		tap_skip(1, "Wine follows the link that it is to open");
	} else {
		tap_is_status(type->create(&again, named(NAME, NULL, OBJ_OPENIF)),
			      STATUS_OBJECT_NAME_EXISTS, "7.19: opened, %s", type->name);
		NtClose(again);
	}
	expect(type, named(OTHER, NULL, OBJ_CASE_INSENSITIVE), STATUS_OBJECT_NAME_COLLISION,
	       STATUS_SUCCESS, "7.23: case ignored");
	expect(type, named(OTHER, NULL, 0), STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND,
	       "7.22: another case");
	NtClose(handle);
	stranger->create(&handle, named(NAME, NULL, 0));
	expect(type, named(NAME, NULL, OBJ_OPENIF), STATUS_OBJECT_TYPE_MISMATCH,
	       STATUS_OBJECT_TYPE_MISMATCH, "7.21: a stranger has the name");
	NtClose(handle);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("names of every type");
	for (unsigned i = 0; i < COUNT_OF(types); i++) {
		test_forms(&types[i]);
		test_taken(&types[i]);
	}
	return tap_finish();
}

/*
 * test_object.c - what is told of objects and handles, comparison, permanence (6.3 to 6.6;
 * P8.166-167).
 */
#include <string.h>

#include "guest.h"

#define NAME L"\\BaseNamedObjects\\quire-test-object"

static _Alignas(8) char buffer[4096];

static HANDLE named_event(ULONG attributes)
{
	UNICODE_STRING name;
	OBJECT_ATTRIBUTES object;
	HANDLE event = NULL;

	RtlInitUnicodeString(&name, NAME);
	InitializeObjectAttributes(&object, &name, attributes, NULL, NULL);
	NtCreateEvent(&event, EVENT_ALL_ACCESS, &object, NotificationEvent, FALSE);
	return event;
}

static NTSTATUS query(HANDLE handle, ULONG class, ULONG length, ULONG *return_length)
{
	*return_length = 0;
	return NtQueryObject(handle, class, buffer, length, return_length);
}

static bool text_is(const UNICODE_STRING *text, const WCHAR *expected)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, expected);
	return RtlEqualUnicodeString(text, &string, FALSE);
}

/* catches: a length that is taken as it comes; counts and rights of another handle */
static void test_basic(void)
{
	OBJECT_BASIC_INFORMATION *information = (void *)buffer;
	HANDLE event = named_event(OBJ_INHERIT), copy;
	ULONG length;

	tap_is_status(query(event, OBJECT_CLASS_BASIC, 55, &length), STATUS_INFO_LENGTH_MISMATCH,
		      "P8.167: length 55");
	tap_is_status(NtQueryObject(event, OBJECT_CLASS_BASIC, NULL, 0, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "6.3: no buffer");
	NtDuplicateObject(CURRENT_PROCESS, event, CURRENT_PROCESS, &copy, SYNCHRONIZE, 0, 0);
	tap_is_status(query(copy, OBJECT_CLASS_BASIC, 56, &length), STATUS_SUCCESS,
		      "6.3: length 56");
	tap_is_number(length, 56, "6.3: the length returned");
	tap_is_number(information->GrantedAccess, SYNCHRONIZE, "6.3: the rights of this handle");
	tap_is_number(information->HandleCount, 2, "6.3: two handles");
	tap_is_number(information->Attributes & OBJ_INHERIT, 0, "6.3: this one is not inherited");
	query(event, OBJECT_CLASS_BASIC, 56, &length);
	if (system_is_wine())
		tap_skip(1, "Wine does not tell the handle's attributes");
	else
		tap_is_number(information->Attributes & OBJ_INHERIT, OBJ_INHERIT,
			      "6.3: the other is");
	tap_is_status(query((HANDLE)(uintptr_t)0xDEAD0, OBJECT_CLASS_BASIC, 56, &length),
		      STATUS_INVALID_HANDLE, "6.3: a bad handle");
	tap_is_status_or(query(event, 5, 56, &length), STATUS_INVALID_INFO_CLASS,
			 STATUS_NOT_IMPLEMENTED, "6.3: class 5");
	NtClose(copy);
	NtClose(event);
}

/* catches: a name that is cut, not terminated, or told to a buffer that is too small */
static void test_name(void)
{
	UNICODE_STRING *name = (void *)buffer;
	HANDLE event = named_event(0), section = section_need(0x1000);
	ULONG length, needed;

	tap_is_status(query(event, OBJECT_CLASS_NAME, 0, &needed), STATUS_INFO_LENGTH_MISMATCH,
		      "6.3: length 0");
	tap_ok(needed >= 16 + sizeof(NAME), "6.3: says how much it takes");
	tap_is_status(query(event, OBJECT_CLASS_NAME, needed - 1, &length),
		      STATUS_INFO_LENGTH_MISMATCH, "6.3: one byte too few");
	tap_is_status(query(event, OBJECT_CLASS_NAME, needed, &length), STATUS_SUCCESS,
		      "6.3: just enough");
	tap_is_number(length, needed, "6.3: the length returned");
	tap_is_number(name->MaximumLength, name->Length + 2u, "6.3: there is room for a NUL");
	tap_is_number(name->Buffer[name->Length / 2], 0, "6.3: which is there");
	if (system_is_quire())
		tap_ok(text_is(name, NAME), "6.3: the full path");
	else
		tap_skip(1, "others have sessions");
	tap_is_status(query(section, OBJECT_CLASS_NAME, 16, &length), STATUS_SUCCESS,
		      "P8.166: an unnamed section");
	tap_ok(!name->Length && !name->Buffer, "P8.166: has no name");
	tap_is_number(length, 16, "P8.166: and says so in 16 bytes");
	NtClose(section);
	NtClose(event);
}

static void test_file_name(void)
{
	UNICODE_STRING *name = (void *)buffer;
	HANDLE file = file_need(MATRIX_FILE, FILE_READ_DATA);
	ULONG length;

	tap_is_status(query(file, OBJECT_CLASS_NAME, 15, &length), STATUS_INFO_LENGTH_MISMATCH,
		      "6.3: a file, 15 bytes");
	tap_is_status(query(file, OBJECT_CLASS_NAME, 16, &length), STATUS_BUFFER_OVERFLOW,
		      "6.3: a file, 16 bytes");
	tap_is_status(query(file, OBJECT_CLASS_NAME, length - 1, &length), STATUS_BUFFER_OVERFLOW,
		      "6.3: a file, one byte too few");
	tap_is_status(query(file, OBJECT_CLASS_NAME, length, &length), STATUS_SUCCESS,
		      "6.3: a file, just enough");
	if (system_is_quire())
		tap_ok(text_is(name, L"\\Device\\RamDisk\\data\\scratch3.bin"),
		       "6.3: the path on its device");
	else
		tap_skip(1, "others have other devices");
	NtClose(file);
}

/* catches: a list of types that is not aligned, or that a short buffer overruns */
static void test_types(void)
{
	struct object_type_information *type = (void *)buffer;
	HANDLE section = section_need(0x1000);
	ULONG length, needed, count;
	bool is_known = false;

	tap_is_status(query(section, OBJECT_CLASS_TYPE, 0, &needed), STATUS_INFO_LENGTH_MISMATCH,
		      "6.3: type, length 0");
	tap_is_status(query(section, OBJECT_CLASS_TYPE, sizeof(buffer), &length), STATUS_SUCCESS,
		      "6.3: type");
	tap_ok(text_is(&type->name, L"Section"), "6.3: it is a section");
	tap_is_number(type->valid_access, 0x1F001F, "1.3: the rights that a section knows");
	tap_is_number(type->generic.GenericRead,
		      STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ, "1.3: GENERIC_READ");
	tap_is_status(query(NULL, OBJECT_CLASS_TYPES, 4, &needed), STATUS_INFO_LENGTH_MISMATCH,
		      "6.3: all types, 4 bytes");
	if (!system_is_quire()) {
		tap_skip(2, "others have more types than the buffer holds");
		NtClose(section);
		return;
	}
	tap_is_status(query(NULL, OBJECT_CLASS_TYPES, sizeof(buffer), &length), STATUS_SUCCESS,
		      "6.3: all types, no handle");
	memcpy(&count, buffer, sizeof(count));
	type = (void *)(buffer + 8);
	for (ULONG i = 0; i < count; i++) {
		is_known |= text_is(&type->name, L"Mutant");
		type = (void *)(((uintptr_t)(type + 1) + type->name.MaximumLength + 7) &
				~(uintptr_t)7);
	}
	tap_ok(is_known, "6.3: Mutant is one of the %u", (unsigned)count);
	NtClose(section);
}

/* catches: flags that another handle gets, or that nobody obeys */
static void test_handle_flags(void)
{
	struct handle_flags flags = {TRUE, TRUE};
	HANDLE event = named_event(0);
	ULONG length;

	tap_is_status(NtSetInformationObject(event, OBJECT_CLASS_HANDLE_FLAGS, &flags, 2),
		      STATUS_SUCCESS, "6.4: both flags");
	tap_is_status(NtClose(event), STATUS_HANDLE_NOT_CLOSABLE, "P8.152: it cannot be closed");
	tap_is_status(query(event, OBJECT_CLASS_HANDLE_FLAGS, 2, &length), STATUS_SUCCESS,
		      "6.3: the flags");
	tap_ok(buffer[0] && buffer[1], "6.3: both are set");
	tap_is_status_or(query(event, OBJECT_CLASS_HANDLE_FLAGS, 1, &length),
			 STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_BUFFER_SIZE, "6.3: length 1");
	flags = (struct handle_flags){FALSE, FALSE};
	tap_is_status_or(NtSetInformationObject(event, OBJECT_CLASS_HANDLE_FLAGS, &flags, 1),
			 STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_BUFFER_SIZE, "6.4: length 1");
	if (system_is_wine())
		tap_skip(1, "Wine has no answer to other classes");
	else
		tap_is_status(NtSetInformationObject(event, OBJECT_CLASS_NAME, &flags, 2),
			      STATUS_INVALID_INFO_CLASS, "6.4: class 1");
	NtSetInformationObject(event, OBJECT_CLASS_HANDLE_FLAGS, &flags, 2);
	tap_is_status(NtClose(event), STATUS_SUCCESS, "6.4: without the flag it closes");
}

static void test_compare(void)
{
	HANDLE event = named_event(0), copy, other = section_need(0x1000), process;

	NtDuplicateObject(CURRENT_PROCESS, event, CURRENT_PROCESS, &copy, 0, 0, 0);
	NtDuplicateObject(CURRENT_PROCESS, CURRENT_PROCESS, CURRENT_PROCESS, &process, 0, 0, 0);
	tap_is_status(NtCompareObjects(event, copy), STATUS_SUCCESS, "6.5: two handles to one");
	tap_is_status(NtCompareObjects(event, other), STATUS_NOT_SAME_OBJECT, "6.5: two objects");
	tap_is_status(NtCompareObjects(process, CURRENT_PROCESS), STATUS_SUCCESS,
		      "6.5: a pseudo handle");
	tap_is_status(NtCompareObjects(event, NULL), STATUS_INVALID_HANDLE, "6.5: a bad one");
	NtClose(event);
	NtClose(copy);
	NtClose(other);
	NtClose(process);
}

/* catches: a right or privilege that is not asked for */
static void test_permanence(void)
{
	UNICODE_STRING name;
	OBJECT_ATTRIBUTES object;
	HANDLE event = named_event(0), mute, again;

	RtlInitUnicodeString(&name, NAME);
	InitializeObjectAttributes(&object, &name, 0, NULL, NULL);
	tap_is_status(NtMakeTemporaryObject(event), STATUS_SUCCESS, "6.6: it is temporary");
	if (system_is_wine()) {
		tap_skip(3, "Wine asks for no right, and has no NtMakePermanentObject");
	} else {
		NtDuplicateObject(CURRENT_PROCESS, event, CURRENT_PROCESS, &mute, SYNCHRONIZE, 0,
				  0);
		tap_is_status(NtMakeTemporaryObject(mute), STATUS_ACCESS_DENIED,
			      "6.6: without DELETE");
		NtClose(mute);
		tap_is_status(NtMakePermanentObject(event), STATUS_PRIVILEGE_NOT_HELD,
			      "6.6: permanence is a privilege");
		object.Attributes = OBJ_PERMANENT;
		RtlInitUnicodeString(&name, NAME L"-permanent");
		tap_is_status(NtCreateEvent(&again, EVENT_ALL_ACCESS, &object, 0, FALSE),
			      STATUS_PRIVILEGE_NOT_HELD, "6.6: at the creation too");
	}
	NtClose(event);
	RtlInitUnicodeString(&name, NAME);
	object.Attributes = 0;
	tap_is_status(NtOpenEvent(&again, EVENT_ALL_ACCESS, &object), STATUS_OBJECT_NAME_NOT_FOUND,
		      "6.6: the name went with the handle");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("objects");
	test_basic();
	test_name();
	test_file_name();
	test_types();
	test_handle_flags();
	test_compare();
	test_permanence();
	return tap_finish();
}

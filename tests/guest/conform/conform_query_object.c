/*
 * conform_query_object.c - NtQueryObject and NtSetInformationObject (6.3, 6.4; P8.166-167).
 */
#include <string.h>

#include "kinds.h"

#define LEAF L"conform_query"
#define NAME KIND_FOLDER LEAF
#define BAD_HANDLE ((HANDLE)0x7FF8)

static union {
	unsigned char bytes[16384];
	UNICODE_STRING name;
	struct object_type_information type;
} buffer;

static NTSTATUS query(HANDLE handle, ULONG information_class, ULONG length, ULONG *return_length)
{
	memset(&buffer, 0xCC, sizeof(buffer));
	return NtQueryObject(handle, information_class, length ? &buffer : NULL, length,
			     return_length);
}

static bool text_is(const UNICODE_STRING *text, const WCHAR *expected)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, expected);
	return text->Buffer && RtlEqualUnicodeString(text, &string, FALSE);
}

/* Wine and Windows have \Sessions\N\ in front, so: how does it end? */
static bool text_ends(const UNICODE_STRING *text, const WCHAR *expected)
{
	UNICODE_STRING string, end = *text;

	RtlInitUnicodeString(&string, expected);
	if (text->Length < string.Length)
		return false;
	end.Buffer += (text->Length - string.Length) / sizeof(WCHAR);
	end.Length = string.Length;
	return RtlEqualUnicodeString(&end, &string, FALSE);
}

/* ---- class 0 ---- */

static void basic_length_cases(void)
{
	static const ULONG lengths[] = {0, 1, 55};
	HANDLE section = section_need(PAGE_BYTES);

	for (unsigned i = 0; i < COUNT_OF(lengths); i++)
		case_status("6.3", case_format("Basic, %u bytes", (unsigned)lengths[i]),
			    query(section, OBJECT_CLASS_BASIC, lengths[i], NULL),
			    STATUS_INFO_LENGTH_MISMATCH);
	case_status("P8.167", "Basic, 55 bytes", query(section, OBJECT_CLASS_BASIC, 55, NULL),
		    STATUS_INFO_LENGTH_MISMATCH);
	NtClose(section);
}

static void basic_cases(void)
{
	PUBLIC_OBJECT_BASIC_INFORMATION information;
	HANDLE section = section_need(PAGE_BYTES), weak;
	struct handle_flags flags = {TRUE, FALSE};
	ULONG length = 0;

	case_status("6.3", "Basic",
		    NtQueryObject(section, OBJECT_CLASS_BASIC, &information, sizeof(information),
				  &length),
		    STATUS_SUCCESS);
	case_number("6.3", "Basic: length", length, 56);
	case_number("6.3", "Basic: attributes", information.Attributes, 0);
	case_number("6.3", "Basic: rights", information.GrantedAccess, SECTION_ALL_ACCESS);
	case_number("6.3", "Basic: handles", information.HandleCount, 1);
	case_true("6.3", "Basic: pointers, at least one a handle",
		  information.PointerCount >= information.HandleCount);
	weak = handle_with(section, 0);
	NtSetInformationObject(weak, OBJECT_CLASS_HANDLE_FLAGS, &flags, sizeof(flags));
	case_status(
		"6.3", "Basic, a handle without rights",
		NtQueryObject(weak, OBJECT_CLASS_BASIC, &information, sizeof(information), NULL),
		STATUS_SUCCESS);
	case_number("6.3", "Basic, a handle without rights: rights", information.GrantedAccess, 0);
	case_number("6.3", "Basic, an inherited handle: attributes", information.Attributes,
		    OBJ_INHERIT);
	case_number("6.3", "Basic, two handles: handles", information.HandleCount, 2);
	NtClose(weak);
	NtClose(section);
}

/* ---- class 1 ---- */

static void name_cases(void)
{
	HANDLE section = kind_need(KIND_SECTION, NAME);
	ULONG needed = 0, length = 0, small[] = {0, 15, 16, 40};

	query(section, OBJECT_CLASS_NAME, sizeof(buffer), &needed);
	for (unsigned i = 0; i < COUNT_OF(small); i++) {
		length = 0;
		case_status("6.3", case_format("Name, %u bytes", (unsigned)small[i]),
			    query(section, OBJECT_CLASS_NAME, small[i], &length),
			    STATUS_INFO_LENGTH_MISMATCH);
		case_true("6.3", case_format("Name, %u bytes: the length told", (unsigned)small[i]),
			  length == needed);
	}
	case_status("6.3", "Name, one byte less",
		    query(section, OBJECT_CLASS_NAME, needed - 1, NULL),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("6.3", "Name, just enough", query(section, OBJECT_CLASS_NAME, needed, &length),
		    STATUS_SUCCESS);
	case_number("6.3", "Name: length told - 16 - 2", needed - 18, buffer.name.Length);
	case_number("6.3", "Name: MaximumLength - Length",
		    buffer.name.MaximumLength - buffer.name.Length, 2);
	case_true("6.3", "Name: the whole path", text_ends(&buffer.name, NAME));
	case_true("6.3", "Name: a NUL behind it",
		  !buffer.name.Buffer[buffer.name.Length / sizeof(WCHAR)]);
	NtClose(section);
}

static void no_name_cases(void)
{
	HANDLE section = section_need(PAGE_BYTES);
	ULONG length = 0;

	case_status("P8.166", "Name of an unnamed section",
		    query(section, OBJECT_CLASS_NAME, sizeof(buffer), &length), STATUS_SUCCESS);
	case_number("P8.166", "Name of an unnamed section: Length", buffer.name.Length, 0);
	case_true("P8.166", "Name of an unnamed section: Buffer NULL", !buffer.name.Buffer);
	case_number("P8.166", "Name of an unnamed section: length told", length, 16);
	case_status("6.3", "Name of an unnamed section, 0 bytes",
		    query(section, OBJECT_CLASS_NAME, 0, NULL), STATUS_INFO_LENGTH_MISMATCH);
	NtClose(section);
}

static void file_name_cases(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);
	ULONG needed = 0, length = 0;

	query(file, OBJECT_CLASS_NAME, sizeof(buffer), &needed);
	case_status("6.3", "Name of a file, 0 bytes", query(file, OBJECT_CLASS_NAME, 0, &length),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_true("6.3", "Name of a file, 0 bytes: the length told", length == needed);
	case_status("6.3", "Name of a file, 15 bytes", query(file, OBJECT_CLASS_NAME, 15, NULL),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("6.3", "Name of a file, 16 bytes", query(file, OBJECT_CLASS_NAME, 16, NULL),
		    STATUS_BUFFER_OVERFLOW);
	case_status("6.3", "Name of a file, one byte less",
		    query(file, OBJECT_CLASS_NAME, needed - 1, NULL), STATUS_BUFFER_OVERFLOW);
	case_status("6.3", "Name of a file, just enough",
		    query(file, OBJECT_CLASS_NAME, needed, NULL), STATUS_SUCCESS);
	case_true("6.3", "Name of a file: how it ends",
		  text_ends(&buffer.name, L"\\data\\scratch0.bin"));
	NtClose(file);
}

/* ---- classes 2 and 3 ---- */

static void type_cases(void)
{
	for (unsigned i = 0; i < KINDS; i++) {
		HANDLE object = kind_need(i, NULL);
		ULONG needed = 0;

		case_status("6.3", case_format("Type of a %s", kinds[i].name),
			    query(object, OBJECT_CLASS_TYPE, sizeof(buffer), &needed),
			    STATUS_SUCCESS);
		case_true("6.3", case_format("Type of a %s: its name", kinds[i].name),
			  text_is(&buffer.type.name, kinds[i].type));
		case_number("6.3", case_format("Type of a %s: all rights", kinds[i].name),
			    buffer.type.generic.GenericAll, kinds[i].all_access);
		case_status("6.3", case_format("Type of a %s, 0 bytes", kinds[i].name),
			    query(object, OBJECT_CLASS_TYPE, 0, NULL), STATUS_INFO_LENGTH_MISMATCH);
		case_status("6.3", case_format("Type of a %s, 104 bytes", kinds[i].name),
			    query(object, OBJECT_CLASS_TYPE, 104, NULL),
			    STATUS_INFO_LENGTH_MISMATCH);
		NtClose(object);
	}
}

static void types_cases(void)
{
	case_status("6.3", "Types, 0 bytes", query(NULL, OBJECT_CLASS_TYPES, 0, NULL),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("6.3", "Types, 8 bytes", query(NULL, OBJECT_CLASS_TYPES, 8, NULL),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("6.3", "Types, without a handle",
		    query(NULL, OBJECT_CLASS_TYPES, sizeof(buffer), NULL), STATUS_SUCCESS);
}

/* ---- class 4, and setting it ---- */

static NTSTATUS set(HANDLE handle, ULONG information_class, unsigned inherit, unsigned protect,
		    ULONG length)
{
	unsigned char bytes[8] = {(unsigned char)inherit, (unsigned char)protect};

	return NtSetInformationObject(handle, information_class, bytes, length);
}

static void flag_cases(void)
{
	HANDLE section = section_need(PAGE_BYTES);
	static const ULONG lengths[] = {0, 1, 3, 8};

	case_status("6.3", "HandleFlag", query(section, OBJECT_CLASS_HANDLE_FLAGS, 2, NULL),
		    STATUS_SUCCESS);
	case_number("6.3", "HandleFlag: inherit", buffer.bytes[0], 0);
	case_number("6.3", "HandleFlag: protect", buffer.bytes[1], 0);
	for (unsigned i = 0; i < COUNT_OF(lengths); i++)
		case_status("6.3", case_format("HandleFlag, %u bytes", (unsigned)lengths[i]),
			    query(section, OBJECT_CLASS_HANDLE_FLAGS, lengths[i], NULL),
			    STATUS_INFO_LENGTH_MISMATCH);
	case_call("NtSetInformationObject");
	case_status("6.4", "inherit", set(section, OBJECT_CLASS_HANDLE_FLAGS, 1, 0, 2),
		    STATUS_SUCCESS);
	query(section, OBJECT_CLASS_HANDLE_FLAGS, 2, NULL);
	case_number("6.4", "inherit: then", buffer.bytes[0] | buffer.bytes[1] << 8, 1);
	case_status("6.4", "protect", set(section, OBJECT_CLASS_HANDLE_FLAGS, 0, 1, 2),
		    STATUS_SUCCESS);
	query(section, OBJECT_CLASS_HANDLE_FLAGS, 2, NULL);
	case_number("6.4", "protect: then", buffer.bytes[0] | buffer.bytes[1] << 8, 0x100);
	case_status("6.4", "neither", set(section, OBJECT_CLASS_HANDLE_FLAGS, 0, 0, 2),
		    STATUS_SUCCESS);
	for (unsigned i = 0; i < COUNT_OF(lengths); i++)
		case_status("6.4", case_format("%u bytes", (unsigned)lengths[i]),
			    set(section, OBJECT_CLASS_HANDLE_FLAGS, 1, 1, lengths[i]),
			    STATUS_INFO_LENGTH_MISMATCH);
	case_status("6.4", "class Basic", set(section, OBJECT_CLASS_BASIC, 0, 0, 2),
		    STATUS_INVALID_INFO_CLASS);
	case_status("6.4", "class 99", set(section, 99, 0, 0, 2), STATUS_INVALID_INFO_CLASS);
	NtClose(section);
}

/* ---- bad handles and classes ---- */

static void refused_cases(void)
{
	static const struct {
		const char *name;
		ULONG value;
	} classes[] = {{"Basic", 0}, {"Name", 1}, {"Type", 2}, {"HandleFlag", 4}};
	HANDLE section = section_need(PAGE_BYTES);

	case_call("NtQueryObject");
	for (unsigned i = 0; i < COUNT_OF(classes); i++) {
		case_status("6.3", case_format("%s, handle 0", classes[i].name),
			    query(NULL, classes[i].value, 56, NULL), STATUS_INVALID_HANDLE);
		case_status("6.3", case_format("%s, handle bad and 0 bytes", classes[i].name),
			    query(BAD_HANDLE, classes[i].value, 0, NULL), STATUS_INVALID_HANDLE);
	}
	case_status("6.3", "class 99", query(section, 99, 56, NULL), STATUS_INVALID_INFO_CLASS);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_query_object: NtQueryObject, NtSetInformationObject");
	case_call("NtQueryObject");
	basic_length_cases();
	basic_cases();
	name_cases();
	no_name_cases();
	file_name_cases();
	type_cases();
	types_cases();
	flag_cases();
	refused_cases();
	return case_finish();
}

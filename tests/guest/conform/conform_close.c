/*
 * conform_close.c - NtClose, and when a name goes with the last handle (6.1, 6.6; P8.151-152).
 */
#include "kinds.h"

#define NAME KIND_FOLDER L"conform_close"

static NTSTATUS protect_handle(HANDLE handle, bool is_protected)
{
	struct handle_flags flags = {FALSE, is_protected};

	return NtSetInformationObject(handle, OBJECT_CLASS_HANDLE_FLAGS, &flags, sizeof(flags));
}

static void bad_handle_cases(void)
{
	static const struct {
		const char *what;
		uint64_t value;
	} rows[] = {
		{"0", 0},
		{"1: its low bits alone", 1},
		{"a value that nobody gave out", 0x7FF8},
		{"a value with high bits", 0xFFFFFFFF00000004},
		{"an address of the kernel", 0xFFFF800000000000},
		{"-7", (uint64_t)-7},
	};
	HANDLE section = section_need(PAGE_BYTES);

	case_status("P8.151", "handle 0", NtClose(NULL), STATUS_INVALID_HANDLE);
	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		case_status("6.1", rows[i].what, NtClose((HANDLE)(uintptr_t)rows[i].value),
			    STATUS_INVALID_HANDLE);
	case_status("6.1", "an open handle", NtClose(section), STATUS_SUCCESS);
	case_status("P8.151", "closed already", NtClose(section), STATUS_INVALID_HANDLE);
	for (int i = -6; i <= -1; i++)
		case_status("6.1", case_format("pseudo handle %d", i), NtClose((HANDLE)(intptr_t)i),
			    STATUS_SUCCESS);
	case_status("6.1", "the process is still there",
		    NtCompareObjects(CURRENT_PROCESS, CURRENT_PROCESS), STATUS_SUCCESS);
}

static void protected_cases(void)
{
	HANDLE section = section_need(PAGE_BYTES), copy = NULL;

	case_call("NtSetInformationObject");
	case_status("6.4", "protect from close", protect_handle(section, true), STATUS_SUCCESS);
	case_call("NtClose");
	case_status("P8.152", "protected", NtClose(section), STATUS_HANDLE_NOT_CLOSABLE);
	case_status("P8.152", "protected: it still maps", view_try(section, PAGE_READWRITE),
		    STATUS_SUCCESS);
	protect_handle(section, false);
	case_status("6.1", "protected no more", NtClose(section), STATUS_SUCCESS);
	section = section_need(PAGE_BYTES);
	NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &copy, 0, OBJ_PROTECT_CLOSE,
			  DUPLICATE_SAME_ACCESS);
	case_status("P8.152", "protected by NtDuplicateObject", NtClose(copy),
		    STATUS_HANDLE_NOT_CLOSABLE);
	protect_handle(copy, false);
	NtClose(copy);
	NtClose(section);
}

/* A temporary object's name goes with the last handle, views or not. */
static void name_cases(void)
{
	for (unsigned i = 0; i < KINDS; i++) {
		struct named named;
		HANDLE first = kind_need(i, NAME), second = handle_with(first, READ_CONTROL);

		named_set(&named, NAME, NULL, 0);
		NtClose(first);
		case_status("6.6",
			    case_format("%s: by name, one of two handles closed", kinds[i].name),
			    kind_open_try(&kinds[i], &named.attributes), STATUS_SUCCESS);
		NtClose(second);
		case_status("6.6", case_format("%s: by name, both closed", kinds[i].name),
			    kind_open_try(&kinds[i], &named.attributes),
			    STATUS_OBJECT_NAME_NOT_FOUND);
	}
}

static void view_cases(void)
{
	struct named named;
	HANDLE section = kind_need(KIND_SECTION, NAME);
	char *view = view_need(section, PAGE_READWRITE), *other;

	named_set(&named, NAME, NULL, 0);
	view[0] = 'o';
	NtClose(section);
	case_status("6.1", "a section with a view, its last handle closed: by name",
		    kind_open_try(&kinds[KIND_SECTION], &named.attributes),
		    STATUS_OBJECT_NAME_NOT_FOUND);
	section = kind_need(KIND_SECTION, NAME);
	other = view_need(section, PAGE_READWRITE);
	case_number("6.6", "a new section of that name is another", (unsigned char)other[0], 0);
	case_number("6.6", "the old view keeps its data", (unsigned char)view[0], 'o');
	view_drop(other);
	view_drop(view);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_close: NtClose");
	case_call("NtClose");
	bad_handle_cases();
	protected_cases();
	name_cases();
	view_cases();
	return case_finish();
}

/*
 * conform_object.c - NtCompareObjects, NtMakeTemporaryObject, NtMakePermanentObject (6.5, 6.6).
 */
#include "kinds.h"

#define NAME KIND_FOLDER L"conform_object"
#define BAD_HANDLE ((HANDLE)0x7FF8)

static void compare_cases(void)
{
	HANDLE other = kind_need(KIND_SECTION, NULL);

	case_call("NtCompareObjects");
	for (unsigned i = 0; i < KINDS; i++) {
		const char *name = kinds[i].name;
		HANDLE first = kind_need(i, NAME), second, copy = handle_with(first, 0);
		struct named named;

		kinds[i].open_call(&second, READ_CONTROL, named_set(&named, NAME, NULL, 0));
		case_status("6.5", case_format("%s: one handle twice", name),
			    NtCompareObjects(first, first), STATUS_SUCCESS);
		case_status("6.5", case_format("%s: a second one, by name", name),
			    NtCompareObjects(first, second), STATUS_SUCCESS);
		case_status("6.5", case_format("%s: a copy without rights", name),
			    NtCompareObjects(copy, first), STATUS_SUCCESS);
		case_status("6.5", case_format("%s: another object", name),
			    NtCompareObjects(first, other), STATUS_NOT_SAME_OBJECT);
		case_status("6.5", case_format("%s: the process", name),
			    NtCompareObjects(CURRENT_PROCESS, first), STATUS_NOT_SAME_OBJECT);
		case_status("6.5", case_format("%s: first bad", name),
			    NtCompareObjects(BAD_HANDLE, first), STATUS_INVALID_HANDLE);
		case_status("6.5", case_format("%s: second 0", name), NtCompareObjects(first, NULL),
			    STATUS_INVALID_HANDLE);
		NtClose(copy);
		NtClose(second);
		NtClose(first);
	}
	case_status("6.5", "process and thread", NtCompareObjects(CURRENT_PROCESS, CURRENT_THREAD),
		    STATUS_NOT_SAME_OBJECT);
	case_status("6.5", "both 0", NtCompareObjects(NULL, NULL), STATUS_INVALID_HANDLE);
	NtClose(other);
}

static void temporary_cases(void)
{
	case_call("NtMakeTemporaryObject");
	for (unsigned i = 0; i < KINDS; i++) {
		const char *name = kinds[i].name;
		HANDLE object = kind_need(i, NAME), weak = handle_with(object, READ_CONTROL);
		struct named named;

		named_set(&named, NAME, NULL, 0);
		case_status("6.6", case_format("%s: without DELETE", name),
			    NtMakeTemporaryObject(weak), STATUS_ACCESS_DENIED);
		case_status("6.6", case_format("%s: temporary already", name),
			    NtMakeTemporaryObject(object), STATUS_SUCCESS);
		case_status("6.6", case_format("%s: by name, then", name),
			    kind_open_try(&kinds[i], &named.attributes), STATUS_SUCCESS);
		NtClose(weak);
		NtClose(object);
	}
	case_status("C2", "handle 0", NtMakeTemporaryObject(NULL), STATUS_INVALID_HANDLE);
	case_status("C2", "handle bad", NtMakeTemporaryObject(BAD_HANDLE), STATUS_INVALID_HANDLE);
}

static void permanent_cases(void)
{
	NTSTATUS(NTAPI * make_permanent)
	(HANDLE) = (NTSTATUS(NTAPI *)(HANDLE))case_find_call("NtMakePermanentObject");
	HANDLE event = kind_need(KIND_EVENT, NAME), weak = handle_with(event, 0), made = NULL;
	struct named named;

	case_status("6.6", "without the privilege", make_permanent(event),
		    STATUS_PRIVILEGE_NOT_HELD);
	case_status("6.6", "without any right: it is the privilege that counts",
		    make_permanent(weak), STATUS_PRIVILEGE_NOT_HELD);
	NtClose(weak);
	NtClose(event);
	for (unsigned i = 0; i < KINDS; i++) {
		NTSTATUS status;

		case_call(kinds[i].create);
		named_set(&named, NAME, NULL, OBJ_PERMANENT);
		status = kinds[i].make(&made, kinds[i].all_access, &named.attributes);
		case_status("6.6", "PERMANENT, without the privilege", status,
			    STATUS_PRIVILEGE_NOT_HELD);
		if (!NT_SUCCESS(status))
			continue;
		NtMakeTemporaryObject(made);
		NtClose(made);
	}
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_object: comparing objects, permanence");
	compare_cases();
	temporary_cases();
	permanent_cases();
	return case_finish();
}

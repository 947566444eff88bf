/*
 * test_handle.c - handles: closing, duplicating, rights, stale values (section 6; P8.151-156).
 */
#include "guest.h"

static NTSTATUS duplicate(HANDLE source, HANDLE *target, ACCESS_MASK access, ULONG attributes,
			  ULONG options)
{
	return NtDuplicateObject(CURRENT_PROCESS, source, CURRENT_PROCESS, target, access,
				 attributes, options);
}

/* catches: a stale value that resolves to whatever took its slot */
static void test_close(void)
{
	HANDLE section = section_need(0x1000), other;

	tap_is_status(NtClose(NULL), STATUS_INVALID_HANDLE, "P8.151: handle 0");
	tap_is_status(NtClose(section), STATUS_SUCCESS, "an open one");
	tap_is_status(NtClose(section), STATUS_INVALID_HANDLE, "P8.151: the same again");
	tap_is_status(NtClose((HANDLE)(uintptr_t)0xDEAD0), STATUS_INVALID_HANDLE,
		      "one never given");
	tap_is_status(NtClose((HANDLE)(uintptr_t)0xFFFFFFFF00000004), STATUS_INVALID_HANDLE,
		      "one with high bits");
	other = section_need(0x1000);
	if (system_is_quire())
		tap_is_status(NtClose(section), STATUS_INVALID_HANDLE,
			      "the old value does not name the new object");
	else
		tap_skip(1, "others give values again at once");
	tap_is_status(NtClose(other), STATUS_SUCCESS, "the new one is still there");
}

/* catches: PROTECT_CLOSE ignored or lost */
static void test_protect_close(void)
{
	HANDLE section = section_need(0x1000), kept, copy;

	if (system_is_wine()) {
		tap_skip(4, "Wine ignores the attribute when duplicating (B28)");
		NtClose(section);
		return;
	}
	duplicate(section, &kept, 0, OBJ_PROTECT_CLOSE, DUPLICATE_SAME_ACCESS);
	tap_is_status(NtClose(kept), STATUS_HANDLE_NOT_CLOSABLE, "P8.152: a protected handle");
	tap_is_status(view_try(kept, PAGE_READONLY), STATUS_SUCCESS, "it is still good");
	tap_is_status(duplicate(kept, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
		      STATUS_SUCCESS, "P8.156: close-source of a protected handle");
	tap_is_status(view_try(kept, PAGE_READONLY), STATUS_SUCCESS, "P8.156: the source lives");
	NtClose(copy);
	NtClose(section);
}

/* catches: rights gained by duplicating; *target left as it was after a failure */
static void test_duplicate(void)
{
	HANDLE section = section_need(0x1000), copy = section, process;

	tap_is_status(duplicate(section, &copy, 0, 0, 0), STATUS_SUCCESS, "P8.153: access 0");
	tap_is_status(view_try(copy, PAGE_NOACCESS), STATUS_ACCESS_DENIED, "P8.153: maps nothing");
	NtClose(copy);
	copy = section;
	tap_is_status(duplicate((HANDLE)(uintptr_t)0xDEAD0, &copy, 0, 0, DUPLICATE_SAME_ACCESS),
		      STATUS_INVALID_HANDLE, "P8.154: a bad source");
	tap_ok(!copy, "P8.154: the target is 0");
	tap_is_status(duplicate(section, (HANDLE *)(uintptr_t)0x10, 0, 0, DUPLICATE_SAME_ACCESS),
		      STATUS_ACCESS_VIOLATION, "6.2: a bad target pointer");
	copy = section;
	tap_is_status_or(duplicate(section, &copy, ~0u, 0, 0), STATUS_ACCESS_DENIED, STATUS_SUCCESS,
			 "6.2: access ~0");
	if (system_is_wine())
		NtClose(copy);
	tap_is_status(duplicate(CURRENT_PROCESS, &process, 0, 0, DUPLICATE_SAME_ACCESS),
		      STATUS_SUCCESS, "6.2: a pseudo handle as the source");
	tap_ok(process != CURRENT_PROCESS, "a real handle came out");
	tap_is_status(NtClose(process), STATUS_SUCCESS, "and it closes");
	tap_is_status(NtDuplicateObject(section, section, CURRENT_PROCESS, &copy, 0, 0,
					DUPLICATE_SAME_ACCESS),
		      STATUS_OBJECT_TYPE_MISMATCH, "6.2: a section as the source process");
	tap_is_status(
		duplicate(section, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
		STATUS_SUCCESS, "6.2: close-source");
	tap_is_status(view_try(copy, PAGE_READWRITE), STATUS_SUCCESS, "the copy maps");
	NtClose(copy);
}

/* catches: a source that stays open because something else failed; attributes that are lost */
static void test_duplicate_options(void)
{
	HANDLE section = section_need(0x1000), source, copy;
	struct handle_flags flags = {FALSE, FALSE};

	duplicate(section, &source, 0, OBJ_INHERIT, DUPLICATE_SAME_ACCESS);
	tap_is_status(NtDuplicateObject(CURRENT_PROCESS, source, NULL, NULL, 0, 0, 0),
		      system_is_wine() ? STATUS_INVALID_HANDLE : STATUS_INVALID_PARAMETER,
		      "6.2: no target process");
	if (system_is_wine()) {
		tap_skip(7, "Wine ignores SAME_ATTRIBUTES (B28), and keeps the source on failure");
		NtClose(source);
		NtClose(section);
		return;
	}
	duplicate(source, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES);
	NtQueryObject(copy, OBJECT_CLASS_HANDLE_FLAGS, &flags, sizeof(flags), NULL);
	tap_ok(flags.inherit && !flags.protect_from_close, "6.2: the source's attributes");
	NtClose(copy);
	tap_is_status(NtDuplicateObject(CURRENT_PROCESS, source, NULL, NULL, 0, 0,
					DUPLICATE_CLOSE_SOURCE),
		      STATUS_SUCCESS, "6.2: no target process, close-source");
	tap_is_status(NtClose(source), STATUS_INVALID_HANDLE, "6.2: it is closed");
	duplicate(section, &source, 0, 0, DUPLICATE_SAME_ACCESS);
	tap_is_status(duplicate(source, &copy, ~0u, 0, DUPLICATE_CLOSE_SOURCE),
		      STATUS_ACCESS_DENIED, "6.2: refused rights, close-source");
	tap_is_status(NtClose(source), STATUS_INVALID_HANDLE, "6.2: closed all the same");
	duplicate(section, &source, 0, 0, DUPLICATE_SAME_ACCESS);
	tap_is_status(NtDuplicateObject(CURRENT_PROCESS, source, section, &copy, 0, 0,
					DUPLICATE_CLOSE_SOURCE),
		      STATUS_OBJECT_TYPE_MISMATCH, "6.2: a section as the target, close-source");
	tap_is_status(NtClose(source), STATUS_INVALID_HANDLE, "6.2: closed all the same");
	NtClose(section);
}

/* catches: a table that cannot grow, or that leaks entries */
static void test_many(void)
{
	static HANDLE handles[3000];
	struct quire_fault_counts before, after;
	HANDLE section = section_need(0x1000);
	unsigned made = 0, distinct = 0;

	fault_counts_read(&before);
	for (unsigned i = 0; i < COUNT_OF(handles); i++)
		made += NT_SUCCESS(duplicate(section, &handles[i], 0, 0, DUPLICATE_SAME_ACCESS));
	for (unsigned i = 0; i < COUNT_OF(handles); i++)
		distinct += NT_SUCCESS(NtClose(handles[i]));
	fault_counts_read(&after);
	tap_is_number(made, COUNT_OF(handles), "3000 handles to one section");
	tap_is_number(distinct, COUNT_OF(handles), "each closes once, so all were different");
	tap_is_number(after.handles, before.handles, "and none is left");
	tap_is_status(NtClose(section), STATUS_SUCCESS, "the first one is untouched");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("handles");
	test_close();
	test_protect_close();
	test_duplicate();
	test_duplicate_options();
	test_many();
	return tap_finish();
}

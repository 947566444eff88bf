/*
 * test_directory.c - directories of objects and symbolic links: making, opening, listing, following
 * (section 7).
 */
#include <string.h>

#include "guest.h"

#define BASE L"\\BaseNamedObjects\\quire-test-directory"

static _Alignas(8) char buffer[1024];

static OBJECT_ATTRIBUTES *named(const WCHAR *text, HANDLE root, ULONG flags)
{
	static UNICODE_STRING name;
	static OBJECT_ATTRIBUTES attributes;

	RtlInitUnicodeString(&name, text);
	InitializeObjectAttributes(&attributes, &name, flags, root, NULL);
	return &attributes;
}

static HANDLE directory_need(const WCHAR *name)
{
	HANDLE directory;
	NTSTATUS status =
		NtCreateDirectoryObject(&directory, DIRECTORY_ALL_ACCESS, named(name, NULL, 0));

	if (!NT_SUCCESS(status))
		bail_out("NtCreateDirectoryObject", status);
	return directory;
}

static HANDLE event_in(HANDLE root, const WCHAR *name)
{
	HANDLE event = NULL;

	NtCreateEvent(&event, EVENT_ALL_ACCESS, named(name, root, 0), 0, FALSE);
	return event;
}

/* catches: a root directory that is ignored; a directory that cannot be a root */
static void test_roots(void)
{
	HANDLE directory = directory_need(BASE), inner, event, again;

	tap_is_status(NtCreateDirectoryObject(&inner, DIRECTORY_ALL_ACCESS,
					      named(L"inner", directory, 0)),
		      STATUS_SUCCESS, "a directory in a directory");
	event = event_in(inner, L"event");
	tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(BASE L"\\inner\\event", NULL, 0)),
		      STATUS_SUCCESS, "what is in it has a path");
	tap_is_status(NtCompareObjects(event, again), STATUS_SUCCESS, "it is the same");
	NtClose(again);
	tap_is_status(NtOpenDirectoryObject(&again, DIRECTORY_QUERY, named(L"", inner, 0)),
		      STATUS_SUCCESS, "7.6: an empty name is the root itself");
	NtClose(again);
	tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(L"", inner, 0)),
		      STATUS_OBJECT_TYPE_MISMATCH, "7.6: which is no event");
	tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(L"x", event, 0)),
		      STATUS_OBJECT_TYPE_MISMATCH, "7.13: an event is no root");
	tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(L"\\x", inner, 0)),
		      STATUS_OBJECT_PATH_SYNTAX_BAD, "7.12: an absolute name with a root");
	tap_is_status(NtCreateDirectoryObject(&again, DIRECTORY_QUERY, named(L"\\", NULL, 0)),
		      STATUS_OBJECT_NAME_COLLISION, "7.26: \"\\\" is there");
	tap_is_status(
		NtCreateDirectoryObject(&again, DIRECTORY_QUERY, named(L"\\", NULL, OBJ_OPENIF)),
		STATUS_OBJECT_NAME_EXISTS, "7.26: and is opened");
	NtClose(again);
	NtClose(inner);
	if (system_is_wine())
		tap_skip(1, "Wine keeps a directory as long as something is in it");
	else
		tap_is_status(NtOpenDirectoryObject(&again, DIRECTORY_QUERY,
						    named(L"inner", directory, 0)),
			      STATUS_OBJECT_NAME_NOT_FOUND, "without handles its name goes");
	NtClose(event);
	NtClose(directory);
}

static NTSTATUS list(HANDLE directory, ULONG length, BOOLEAN single, BOOLEAN restart,
		     ULONG *context, ULONG *return_length)
{
	memset(buffer, 0xCC, sizeof(buffer));
	return NtQueryDirectoryObject(directory, buffer, length, single, restart, context,
				      return_length);
}

static bool text_is(const UNICODE_STRING *text, const WCHAR *expected)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, expected);
	return text->Buffer && RtlEqualUnicodeString(text, &string, FALSE);
}

static bool is_empty(const struct directory_information *entry)
{
	static const struct directory_information empty;

	return !memcmp(entry, &empty, sizeof(empty));
}

/* catches: an entry lost or told twice; a context that moves without an entry */
static void test_list_single(void)
{
	const struct directory_information *entries = (void *)buffer;
	HANDLE directory = directory_need(BASE), one, two;
	ULONG context = 77, length = 77;

	tap_is_status(list(directory, sizeof(buffer), TRUE, TRUE, &context, &length),
		      STATUS_NO_MORE_ENTRIES, "an empty directory");
	tap_is_number(context, 77, "the context stays");
	one = event_in(directory, L"aaa");
	two = event_in(directory, L"bb");
	tap_is_status(list(directory, sizeof(buffer), TRUE, TRUE, &context, &length),
		      STATUS_SUCCESS, "the first of two");
	tap_ok(text_is(&entries[0].name, L"aaa") || text_is(&entries[0].name, L"bb"), "its name");
	tap_ok(text_is(&entries[0].type, L"Event"), "its type");
	tap_is_number(context, 1, "the context goes on");
	tap_is_status(list(directory, sizeof(buffer), TRUE, FALSE, &context, &length),
		      STATUS_SUCCESS, "the second");
	tap_is_number(context, 2, "the context goes on");
	tap_is_status(list(directory, sizeof(buffer), TRUE, FALSE, &context, &length),
		      STATUS_NO_MORE_ENTRIES, "and no more");
	tap_is_number(context, 2, "the context stays");
	context = 77;
	tap_is_status(list(directory, 40, TRUE, TRUE, &context, &length), STATUS_BUFFER_TOO_SMALL,
		      "too small for one");
	tap_is_number(context, 77, "the context stays");
	NtClose(one);
	NtClose(two);
	NtClose(directory);
}

static void test_list_many(void)
{
	const struct directory_information *entries = (void *)buffer;
	HANDLE directory = directory_need(BASE), one, two;
	ULONG context = 0, length = 0, all;

	one = event_in(directory, L"aaa");
	two = event_in(directory, L"bb");
	if (system_is_wine()) {
		tap_skip(9, "Wine tells one at a time (W19)");
		goto out;
	}
	tap_is_status(list(directory, sizeof(buffer), FALSE, TRUE, &context, &all), STATUS_SUCCESS,
		      "all at once");
	tap_ok(text_is(&entries[0].name, L"aaa") && text_is(&entries[1].name, L"bb"), "both names");
	tap_ok(is_empty(&entries[2]), "then an empty one");
	tap_is_number(context, 2, "the context is behind them");
	tap_is_number(all, 3 * 32 + (4 + 6 + 3 + 6) * 2, "the length is all of it");
	tap_is_status(list(directory, all, FALSE, TRUE, &context, &length), STATUS_SUCCESS,
		      "it is just enough");
	tap_is_status(list(directory, all - 1, FALSE, TRUE, &context, &length), STATUS_MORE_ENTRIES,
		      "one byte less: there are more");
	tap_ok(context == 1 && is_empty(&entries[1]), "one was told");
	tap_is_status(list(directory, all - 1, FALSE, FALSE, &context, &length), STATUS_SUCCESS,
		      "the rest");
out:
	NtClose(one);
	NtClose(two);
	NtClose(directory);
}

static NTSTATUS link_make(HANDLE *link, const WCHAR *name, const WCHAR *target)
{
	UNICODE_STRING text;

	RtlInitUnicodeString(&text, target);
	return NtCreateSymbolicLinkObject(link, SYMBOLIC_LINK_ALL_ACCESS, named(name, NULL, 0),
					  &text);
}

/* catches: a link that is not followed, or is where the link itself was asked for */
static void test_links(void)
{
	HANDLE directory = directory_need(BASE), event = event_in(directory, L"event"), link, again;

	tap_is_status(link_make(&link, BASE L"\\link", BASE), STATUS_SUCCESS, "a link");
	tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(BASE L"\\link\\event", NULL, 0)),
		      STATUS_SUCCESS, "7.25: it is followed");
	NtClose(again);
	tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(BASE L"\\link\\link\\event", NULL, 0)),
		      STATUS_SUCCESS, "7.25: twice");
	NtClose(again);
	tap_is_status(NtOpenSymbolicLinkObject(&again, SYMBOLIC_LINK_QUERY,
					       named(BASE L"\\link", NULL, 0)),
		      STATUS_SUCCESS, "the link itself");
	NtClose(again);
	tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(L"event", link, 0)),
		      STATUS_OBJECT_TYPE_MISMATCH, "7.13: a link is no root");
	tap_is_status(link_make(&again, BASE L"\\link", BASE), STATUS_OBJECT_NAME_COLLISION,
		      "7.18: the name is taken");
	NtClose(link);
	tap_is_status(link_make(&link, BASE L"\\loop", BASE L"\\loop"), STATUS_SUCCESS,
		      "a link to itself");
	if (system_is_wine())
		tap_skip(1, "Wine's limit is another one");
	else
		tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(BASE L"\\loop\\x", NULL, 0)),
			      STATUS_OBJECT_NAME_NOT_FOUND, "leads nowhere");
	NtClose(link);
	tap_is_status(link_make(&link, BASE L"\\odd", L"->Somewhere"), STATUS_SUCCESS,
		      "a target that is no path");
	if (system_is_quire())
		tap_is_status(NtOpenEvent(&again, SYNCHRONIZE, named(BASE L"\\odd\\x", NULL, 0)),
			      STATUS_OBJECT_PATH_SYNTAX_BAD, "cannot be followed");
	else
		tap_skip(1, "others find that out in another way");
	NtClose(link);
	tap_is_status_or(link_make(&link, L"\\", BASE), STATUS_OBJECT_TYPE_MISMATCH,
			 STATUS_OBJECT_NAME_COLLISION, "7.27: a link at \"\\\"");
	NtClose(event);
	NtClose(directory);
}

/* catches: a device that is given an empty rest behind a link's last backslash */
static void test_link_to_disk(void)
{
	HANDLE directory = directory_need(BASE), link, file;
	IO_STATUS_BLOCK io;
	NTSTATUS status;

	link_make(&link, BASE L"\\disk", L"\\??\\C:\\");
	status = NtOpenFile(&file, FILE_LIST_DIRECTORY | SYNCHRONIZE,
			    named(BASE L"\\disk", NULL, OBJ_CASE_INSENSITIVE), &io, FILE_SHARE_READ,
			    FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
	if (NT_SUCCESS(status))
		NtClose(file);
	if (system_is_quire())
		tap_is_status(status, STATUS_SUCCESS, "a link to the disk's root");
	else
		tap_skip(1, "others have files elsewhere");
	NtClose(link);
	NtClose(directory);
}

static void test_link_query(void)
{
	WCHAR text[64];
	UNICODE_STRING target = {.MaximumLength = sizeof(text), .Buffer = text}, bad = {0};
	const ULONG needed = sizeof(BASE);
	HANDLE directory = directory_need(BASE), link, mute;
	ULONG length = 0;

	link_make(&link, BASE L"\\link", BASE);
	tap_is_status(NtQuerySymbolicLinkObject(link, &target, &length), STATUS_SUCCESS,
		      "where the link leads");
	tap_is_number(length, needed, "length and NUL");
	tap_is_number(target.Length, needed - 2, "length without");
	tap_ok(text_is(&target, BASE) && !text[needed / 2 - 1], "text and NUL");
	target = (UNICODE_STRING){0x4444, needed - 2, text};
	tap_is_status(NtQuerySymbolicLinkObject(link, &target, &length), STATUS_BUFFER_TOO_SMALL,
		      "no room for the NUL");
	tap_is_number(target.Length, 0x4444, "nothing is changed");
	tap_is_status(NtCreateSymbolicLinkObject(&mute, SYMBOLIC_LINK_QUERY, NULL, &bad),
		      STATUS_INVALID_PARAMETER, "a target without text");
	NtDuplicateObject(CURRENT_PROCESS, link, CURRENT_PROCESS, &mute, READ_CONTROL, 0, 0);
	tap_is_status(NtQuerySymbolicLinkObject(mute, &target, &length), STATUS_ACCESS_DENIED,
		      "without the right");
	NtClose(mute);
	NtClose(link);
	NtClose(directory);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("directories of objects, and links");
	test_roots();
	test_list_single();
	test_list_many();
	test_links();
	test_link_to_disk();
	test_link_query();
	return tap_finish();
}

/*
 * test_event.c - events: kinds, states, rights, queries; and what their calls refuse.
 */
#include "guest.h"

static HANDLE event_need(ULONG kind, bool is_signaled)
{
	HANDLE event;
	NTSTATUS status = NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, kind, is_signaled);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateEvent", status);
	return event;
}

static NTSTATUS try_wait(HANDLE object)
{
	return NtWaitForSingleObject(object, FALSE, &(LARGE_INTEGER){.QuadPart = 0});
}

/* catches: an event of the wrong kind; a state that is told wrongly */
static void test_kinds(void)
{
	HANDLE notification = event_need(NotificationEvent, false);
	HANDLE synchronization = event_need(SynchronizationEvent, true);
	LONG previous = 77;

	tap_is_status(try_wait(notification), STATUS_TIMEOUT, "not signaled");
	tap_is_status(NtSetEvent(notification, &previous), STATUS_SUCCESS, "set");
	tap_is_number((ULONG)previous, 0, "it was not signaled before");
	tap_is_status(NtSetEvent(notification, &previous), STATUS_SUCCESS, "set again");
	tap_is_number((ULONG)previous, 1, "now it was");
	tap_is_status(try_wait(notification), STATUS_SUCCESS, "a notification event");
	tap_is_status(try_wait(notification), STATUS_SUCCESS, "stays signaled");
	tap_is_status(NtResetEvent(notification, &previous), STATUS_SUCCESS, "until it is reset");
	tap_is_number((ULONG)previous, 1, "which tells that it was signaled");
	tap_is_status(try_wait(notification), STATUS_TIMEOUT, "reset");
	tap_is_status(try_wait(synchronization), STATUS_SUCCESS, "a synchronization event");
	tap_is_status(try_wait(synchronization), STATUS_TIMEOUT, "is signaled for one wait");
	tap_is_status(NtSetEvent(synchronization, NULL), STATUS_SUCCESS, "no place for the state");
	tap_is_status(NtClearEvent(synchronization), STATUS_SUCCESS, "cleared");
	tap_is_status(try_wait(synchronization), STATUS_TIMEOUT, "it is not signaled");
	tap_is_status(NtPulseEvent(notification, &previous), STATUS_SUCCESS, "pulsed");
	tap_is_status(try_wait(notification), STATUS_TIMEOUT, "a pulse leaves it not signaled");
	NtClose(notification);
	NtClose(synchronization);
}

static void test_query(void)
{
	HANDLE event = event_need(SynchronizationEvent, true);
	struct event_information information = {77, 77};
	ULONG length = 0;

	tap_is_status(NtQueryEvent(event, 0, &information, sizeof(information), &length),
		      STATUS_SUCCESS, "a query");
	tap_is_number(information.type, SynchronizationEvent, "says which kind");
	tap_is_number((ULONG)information.state, 1, "and which state");
	tap_is_number(length, sizeof(information), "and how much it said");
	tap_is_status(NtQueryEvent(event, 1, &information, sizeof(information), NULL),
		      STATUS_INVALID_INFO_CLASS, "class 1");
	tap_is_status(NtQueryEvent(event, 0, &information, sizeof(information) - 1, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "too short");
	tap_is_status(NtQueryEvent(event, 0, &information, sizeof(information) + 1, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "too long");
	NtClose(event);
}

static HANDLE with_access(HANDLE object, ACCESS_MASK access)
{
	HANDLE copy = NULL;

	NtDuplicateObject(CURRENT_PROCESS, object, CURRENT_PROCESS, &copy, access, 0, 0);
	return copy;
}

/* catches: a right taken for another; generic rights mapped wrongly */
static void test_rights(void)
{
	HANDLE event = event_need(NotificationEvent, true), reader, writer, waiter;
	struct event_information information;

	reader = with_access(event, GENERIC_READ);
	writer = with_access(event, GENERIC_WRITE);
	waiter = with_access(event, GENERIC_EXECUTE);
	tap_is_status(NtSetEvent(reader, NULL), STATUS_ACCESS_DENIED, "a reader may not set it");
	tap_is_status(NtSetEvent(writer, NULL), STATUS_SUCCESS, "a writer may");
	tap_is_status(NtResetEvent(waiter, NULL), STATUS_ACCESS_DENIED, "who waits may not reset");
	tap_is_status(NtQueryEvent(reader, 0, &information, sizeof(information), NULL),
		      STATUS_SUCCESS, "a reader may query");
	tap_is_status(NtQueryEvent(writer, 0, &information, sizeof(information), NULL),
		      STATUS_ACCESS_DENIED, "a writer may not");
	tap_is_status(try_wait(waiter), STATUS_SUCCESS, "EXECUTE is SYNCHRONIZE");
	tap_is_status(try_wait(writer), STATUS_ACCESS_DENIED, "who may not wait does not");
	NtClose(reader);
	NtClose(writer);
	NtClose(waiter);
	NtClose(event);
}

static void test_refusals(void)
{
	HANDLE event, section = section_need(0x1000);

	tap_is_status(NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, 2, FALSE),
		      STATUS_INVALID_PARAMETER, "a kind that there is not");
	tap_is_status(NtSetEvent(section, NULL), STATUS_OBJECT_TYPE_MISMATCH, "a section");
	tap_is_status(NtSetEvent(NULL, NULL), STATUS_INVALID_HANDLE, "no handle");
	NtClose(section);
}

/* catches: a transfer that does not reset or set its event */
static void test_transfer(void)
{
	HANDLE event = event_need(NotificationEvent, false);
	HANDLE file = file_need(DATA_FILE, FILE_READ_DATA);
	IO_STATUS_BLOCK io;
	char bytes[16];
	LARGE_INTEGER start = {.QuadPart = 0};

	tap_is_status(NtReadFile(file, event, NULL, NULL, &io, bytes, sizeof(bytes), &start, NULL),
		      STATUS_SUCCESS, "a file read with an event");
	tap_is_status(try_wait(event), STATUS_SUCCESS, "sets it");
	NtClose(file);
	NtClose(event);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("events");
	test_kinds();
	test_query();
	test_rights();
	test_refusals();
	test_transfer();
	return tap_finish();
}

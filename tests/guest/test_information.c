/*
 * test_information.c - what threads and processes tell of themselves, what can be set, and opening
 * threads by id.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define THREAD_IS_LAST 12
#define THREAD_START_ADDRESS 9
#define THREAD_ZERO_TLS 10
#define THREAD_HIDE 17
#define THREAD_TERMINATED 20
#define THREAD_SUSPEND_COUNT 35
#define THREAD_NAME 38
#define FIRST_TLS_SLOT 0x1480 /* in the TEB */

struct basic {
	NTSTATUS exit_status;
	PVOID teb;
	CLIENT_ID id;
	ULONG_PTR affinity;
	LONG priority, base_priority;
};

static uint8_t buffer[600];
static ULONG returned;

static NTSTATUS thread_query(HANDLE thread, ULONG class, ULONG length)
{
	memset(buffer, 0xAA, sizeof(buffer));
	returned = 0;
	return NtQueryInformationThread(thread, class, buffer, length, &returned);
}

static NTSTATUS process_query(ULONG class, ULONG length)
{
	memset(buffer, 0xAA, sizeof(buffer));
	returned = 0;
	return NtQueryInformationProcess(CURRENT_PROCESS, class, buffer, length, &returned);
}

static ULONG word(void)
{
	return *(ULONG *)(void *)buffer;
}

static NTSTATUS NTAPI routine(PVOID argument)
{
	return (NTSTATUS)(intptr_t)argument;
}

static HANDLE thread_make(void)
{
	return thread_need(routine, (PVOID)5, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
}

static CLIENT_ID own_id(void)
{
	return (CLIENT_ID){NtCurrentTeb()->Reserved1[8], NtCurrentTeb()->Reserved1[9]};
}

/* ---- threads ---- */

/* catches: fields that are another thread's; lengths that are not checked */
static void test_thread(void)
{
	const struct basic *basic = (const void *)buffer;
	HANDLE thread = thread_make();

	tap_is_status(thread_query(CURRENT_THREAD, 0, 48), STATUS_SUCCESS, "this thread");
	tap_ok(basic->teb == NtCurrentTeb(), "its TEB");
	tap_ok(basic->id.UniqueThread == own_id().UniqueThread, "its id");
	tap_is_status(basic->exit_status, STATUS_PENDING, "it has not ended");
	tap_is_number(returned, 48, "48 bytes");
	tap_is_status_or(thread_query(CURRENT_THREAD, 0, 47), STATUS_INFO_LENGTH_MISMATCH,
			 STATUS_SUCCESS, "one byte less");
	tap_is_status_or(thread_query(CURRENT_THREAD, 9999, 48), STATUS_INVALID_INFO_CLASS,
			 STATUS_NOT_IMPLEMENTED, "no such class");
	tap_is_status(thread_query(thread, THREAD_START_ADDRESS, 8), STATUS_SUCCESS, "the start");
	if (system_is_wine())
		tap_skip(1, "Wine knows it when the thread has begun to run");
	else
		tap_is_number(*(uint64_t *)(void *)buffer, (uintptr_t)routine, "of a new thread");
	thread_query(thread, THREAD_SUSPEND_COUNT, 4);
	tap_is_number(word(), 1, "its suspension count");
	thread_query(CURRENT_THREAD, THREAD_IS_LAST, 4);
	tap_is_number(word(), 0, "we are not the last thread");
	if (!system_is_wine()) {
		thread_query(thread, THREAD_TERMINATED, 4);
		tap_is_number(word(), 0, "it has not ended");
	} else {
		tap_skip(1, "Wine does not know this class");
	}
	NtResumeThread(thread, NULL);
	NtWaitForSingleObject(thread, FALSE, NULL);
	if (!system_is_wine()) {
		thread_query(thread, THREAD_TERMINATED, 4);
		tap_is_number(word(), 1, "now it has");
	} else {
		tap_skip(1, "Wine does not know this class");
	}
	thread_query(thread, 0, 48);
	tap_is_status(basic->exit_status, 5, "with its status");
	tap_is_status(thread_query(thread, 1, 32), STATUS_SUCCESS, "its times");
	tap_ok(((uint64_t *)(void *)buffer)[1] >= ((uint64_t *)(void *)buffer)[0],
	       "end not before start");
	thread_query(CURRENT_THREAD, THREAD_IS_LAST, 4);
	if (system_is_wine())
		tap_skip(1, "Wine has a thread of its own");
	else
		tap_is_number(word(), 1, "we are the last thread");
	NtClose(thread);
}

/* catches: a setting that is accepted but not kept, or kept but not checked */
static void test_thread_settings(void)
{
	UNICODE_STRING name, *seen = (void *)buffer;
	LONG increment = 2;
	ULONG slot = 3, bad = 5000;
	uint64_t *slots = (uint64_t *)((char *)NtCurrentTeb() + FIRST_TLS_SLOT);

	tap_is_status(NtSetInformationThread(CURRENT_THREAD, 3, &increment, 4), STATUS_SUCCESS,
		      "a higher base priority");
	thread_query(CURRENT_THREAD, 0, 48);
	tap_is_number((uint64_t)((struct basic *)(void *)buffer)->base_priority, 2, "is told");
	increment = 0;
	NtSetInformationThread(CURRENT_THREAD, 3, &increment, 4);
	tap_is_status_or(NtSetInformationThread(CURRENT_THREAD, 3, &increment, 5),
			 STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_PARAMETER, "a wrong length");
	tap_is_status(NtSetInformationThread(CURRENT_THREAD, THREAD_HIDE, NULL, 0), STATUS_SUCCESS,
		      "hidden from debuggers");
	slots[3] = 33;
	slots[4] = 44;
	tap_is_status(NtSetInformationThread(CURRENT_THREAD, THREAD_ZERO_TLS, &slot, 4),
		      STATUS_SUCCESS, "a TLS slot");
	tap_ok(slots[3] == 0 && slots[4] == 44, "is 0 now, its neighbour is not");
	slots[4] = 0;
	tap_is_status(NtSetInformationThread(CURRENT_THREAD, THREAD_ZERO_TLS, &bad, 4),
		      STATUS_INVALID_PARAMETER, "a slot that there is not");
	RtlInitUnicodeString(&name, L"worker");
	tap_is_status(NtSetInformationThread(CURRENT_THREAD, THREAD_NAME, &name, sizeof(name)),
		      STATUS_SUCCESS, "a name");
	tap_is_status(thread_query(CURRENT_THREAD, THREAD_NAME, sizeof(buffer)), STATUS_SUCCESS,
		      "is told");
	tap_ok(seen->Length == 12 && !memcmp(seen->Buffer, L"worker", 12), "as it was set");
	tap_ok(!NT_SUCCESS(thread_query(CURRENT_THREAD, THREAD_NAME, 20)), "not in 20 bytes");
}

/* catches: a thread found by another's id; names and ids mixed up */
static void test_open(void)
{
	CLIENT_ID id = own_id(), other = {NULL, (HANDLE)0x7FFFFFF0};
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	HANDLE thread = NULL;

	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	tap_is_status(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, &id), STATUS_SUCCESS,
		      "a thread by both ids");
	NtClose(thread);
	id.UniqueProcess = NULL;
	tap_is_status(NtOpenThread(&thread, THREAD_QUERY_INFORMATION, &attributes, &id),
		      STATUS_SUCCESS, "by its own id alone");
	tap_is_status(NtSuspendThread(thread, NULL), STATUS_ACCESS_DENIED, "with one right only");
	NtClose(thread);
	tap_is_status(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, &other),
		      STATUS_INVALID_CID, "no such thread");
	if (!system_is_quire()) {
		tap_skip(4, "W22: Wine looks at the id alone");
		return;
	}
	id.UniqueProcess = (HANDLE)0x7FFFFFF0;
	tap_is_status(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, &id),
		      STATUS_INVALID_CID, "a thread of another process");
	tap_is_status(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, NULL),
		      STATUS_INVALID_PARAMETER_MIX, "neither name nor id");
	RtlInitUnicodeString(&name, L"\\name");
	attributes.ObjectName = &name;
	id = own_id();
	tap_is_status(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, &id),
		      STATUS_INVALID_PARAMETER_MIX, "both name and id");
	tap_is_status(NtOpenThread(&thread, THREAD_ALL_ACCESS, NULL, &id), STATUS_ACCESS_VIOLATION,
		      "no attributes");
}

/* ---- processes ---- */

static void expect_word(ULONG class, ULONG length, uint64_t expected, const char *name)
{
	tap_is_status(process_query(class, length), STATUS_SUCCESS, "%s", name);
	tap_is_number(length == 8 ? *(uint64_t *)(void *)buffer : word(), expected, "%s: value",
		      name);
	tap_is_status(process_query(class, length - 1), STATUS_INFO_LENGTH_MISMATCH,
		      "%s: a byte less", name);
}

/* catches: a class that answers for another, or without looking at the length */
static void test_process(void)
{
	const UNICODE_STRING *name = (const void *)buffer;
	struct {
		BYTE foreground, class;
	} priority = {0, 5};
	ULONG mode = 3;

	tap_is_status(process_query(4, 32), STATUS_SUCCESS, "times");
	tap_ok(*(uint64_t *)(void *)buffer != 0, "it began at some time");
	expect_word(7, 8, 0, "debug port");
	expect_word(26, 8, 0, "WOW64");
	expect_word(31, 4, 1, "debug flags");
	tap_is_status(process_query(20, 4), STATUS_SUCCESS, "handle count");
	tap_is_status(process_query(24, 4), STATUS_SUCCESS, "session");
	tap_is_status(process_query(37, sizeof(SECTION_IMAGE_INFORMATION)), STATUS_SUCCESS,
		      "image");
	tap_is_number(((SECTION_IMAGE_INFORMATION *)(void *)buffer)->Machine, 0x8664,
		      "is for this machine");
	tap_is_status(process_query(43, sizeof(buffer)), STATUS_SUCCESS, "the image's Win32 name");
	tap_ok(name->Length > 4 && name->Buffer[1] == ':' && name->Buffer[2] == '\\',
	       "begins with a drive");
	tap_is_status(process_query(27, sizeof(buffer)), STATUS_SUCCESS, "its NT name");
	tap_ok(name->Buffer[0] == '\\', "begins with a backslash");
	tap_is_status(process_query(27, 20), STATUS_INFO_LENGTH_MISMATCH, "not in 20 bytes");
	tap_ok(returned > 20, "the length needed is told");
	tap_is_status(NtSetInformationProcess(CURRENT_PROCESS, 18, &priority, 2), STATUS_SUCCESS,
		      "below normal");
	tap_is_status(process_query(18, 2), STATUS_SUCCESS, "the priority class");
	tap_is_number(buffer[1], 5, "is below normal");
	priority.class = 99;
	tap_is_status_or(NtSetInformationProcess(CURRENT_PROCESS, 18, &priority, 2),
			 STATUS_INVALID_PARAMETER, STATUS_SUCCESS, "no such priority class");
	tap_is_status(NtSetInformationProcess(CURRENT_PROCESS, 12, &mode, 4), STATUS_SUCCESS,
		      "hard error mode");
	if (system_is_quire())
		expect_word(12, 4, 3, "hard error mode");
	else
		tap_skip(3, "others keep some bits of it only");
}

/* ---- the order of checks ---- */

static void *const NOWHERE = (void *)(uintptr_t)FIRST_KERNEL_ADDRESS;

/* catches: memory probed before class and length are known (C4); a length that is not exact */
static void test_query_order(void)
{
	if (!system_is_quire()) {
		tap_skip(10, "the order is NT's, and others differ");
		return;
	}
	tap_is_status(NtQueryInformationProcess(NULL, (PROCESSINFOCLASS)0x7777, NOWHERE, 8, NULL),
		      STATUS_INVALID_INFO_CLASS, "C4: process: first the class");
	tap_is_status(NtQueryInformationProcess(NULL, ProcessQuotaLimits, NOWHERE, 47, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "then the length");
	tap_is_status(NtQueryInformationProcess(NULL, ProcessQuotaLimits, NOWHERE, 48, NULL),
		      STATUS_ACCESS_VIOLATION, "C3: then the memory");
	tap_is_status(NtQueryInformationProcess(NULL, ProcessQuotaLimits, buffer, 48, NULL),
		      STATUS_INVALID_HANDLE, "C1: then the handle");
	tap_is_status(NtQueryInformationThread(NULL, 0x7777, NOWHERE, 8, NULL),
		      STATUS_INVALID_INFO_CLASS, "C4: thread: first the class");
	tap_is_status(NtQueryInformationThread(NULL, 0, NOWHERE, 47, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "then the length");
	tap_is_status(NtQueryInformationThread(NULL, 0, NOWHERE, 48, NULL), STATUS_ACCESS_VIOLATION,
		      "C3: then the memory");
	tap_is_status(NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)0x7777, NOWHERE, 8, NULL),
		      STATUS_INVALID_INFO_CLASS, "C4: system: first the class");
	tap_is_status(NtQuerySystemInformation(SystemBasicInformation, NOWHERE, 63, NULL),
		      STATUS_ACCESS_VIOLATION, "C3: then the memory: a wrong length is answered");
	tap_is_status(NtQuerySystemInformation(SystemBasicInformation, buffer, 63, NOWHERE),
		      STATUS_ACCESS_VIOLATION, "there");
}

/* catches: the same of setting */
static void test_set_order(void)
{
	ULONG mode = 1;

	if (!system_is_quire()) {
		tap_skip(8, "the order is NT's, and others differ");
		return;
	}
	tap_is_status(NtSetInformationProcess(NULL, (PROCESSINFOCLASS)0x7777, NOWHERE, 8),
		      STATUS_INVALID_INFO_CLASS, "C4: process: first the class");
	tap_is_status(NtSetInformationProcess(NULL, ProcessQuotaLimits, NOWHERE, 49),
		      STATUS_INFO_LENGTH_MISMATCH, "then the length");
	tap_is_status(NtSetInformationProcess(NULL, ProcessQuotaLimits, NOWHERE, 48),
		      STATUS_ACCESS_VIOLATION, "C3: then the memory");
	tap_is_status(NtSetInformationProcess(NULL, ProcessDefaultHardErrorMode, &mode, 4),
		      STATUS_INVALID_HANDLE, "C1: then the handle");
	tap_is_status(NtSetInformationThread(NULL, 0x7777, NOWHERE, 8), STATUS_INVALID_INFO_CLASS,
		      "C4: thread: first the class");
	tap_is_status(NtSetInformationThread(NULL, 3, NOWHERE, 5), STATUS_INFO_LENGTH_MISMATCH,
		      "then the length");
	tap_is_status(NtSetInformationThread(NULL, 3, NOWHERE, 4), STATUS_ACCESS_VIOLATION,
		      "C3: then the memory");
	tap_is_status(NtSetInformationThread(NULL, 3, &mode, 4), STATUS_INVALID_HANDLE,
		      "C1: then the handle");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("what threads and processes tell");
	test_thread();
	test_thread_settings();
	test_open();
	test_process();
	test_query_order();
	test_set_order();
	return tap_finish();
}

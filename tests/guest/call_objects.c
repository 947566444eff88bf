/*
 * call_objects.c - valid arguments for the calls about objects: events, semaphores, mutants, waits,
 * directories, symbolic links, queries.
 */
#include <string.h>

#include "call_table.h"
#include "guest.h"

static struct {
	HANDLE signaled; /* an event that no call here names */
	HANDLE event, semaphore, mutant;
	OBJECT_ATTRIBUTES event_attributes, semaphore_attributes, mutant_attributes;
	UNICODE_STRING event_name, semaphore_name, mutant_name;
} stock;

static void name_fill(OBJECT_ATTRIBUTES *attributes, UNICODE_STRING *name, const WCHAR *text)
{
	RtlInitUnicodeString(name, text);
	InitializeObjectAttributes(attributes, name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
}

NTSTATUS call_objects_init(void)
{
	NTSTATUS status;

	name_fill(&stock.event_attributes, &stock.event_name,
			L"\\BaseNamedObjects\\calls-event");
	name_fill(&stock.semaphore_attributes, &stock.semaphore_name,
			L"\\BaseNamedObjects\\calls-semaphore");
	name_fill(&stock.mutant_attributes, &stock.mutant_name,
			L"\\BaseNamedObjects\\calls-mutant");
	status = NtCreateEvent(&stock.event, EVENT_ALL_ACCESS, &stock.event_attributes,
			       NotificationEvent, TRUE);
	if (NT_SUCCESS(status))
		status = NtCreateSemaphore(&stock.semaphore, SEMAPHORE_ALL_ACCESS,
					   &stock.semaphore_attributes, 0, 0x7FFFFFFF);
	if (NT_SUCCESS(status))
		status = NtCreateMutant(&stock.mutant, MUTANT_ALL_ACCESS, &stock.mutant_attributes,
					TRUE);
	if (NT_SUCCESS(status))
		status = NtCreateEvent(&stock.signaled, EVENT_ALL_ACCESS, NULL, NotificationEvent,
				       TRUE);
	return status;
}

HANDLE call_object_of(const char *type)
{
	if (!strcmp(type, "Event"))
		return stock.event;
	if (!strcmp(type, "Semaphore"))
		return stock.semaphore;
	if (!strcmp(type, "Mutant"))
		return stock.mutant;
	return NULL;
}

/* ---- valid arguments ---- */

static void fill_create(uint64_t *arguments)
{
	InitializeObjectAttributes(SLOT(2, OBJECT_ATTRIBUTES), NULL, 0, NULL, NULL);
}

static void fill_open_event(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.event_attributes;
}

static void fill_open_semaphore(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.semaphore_attributes;
}

static void fill_open_mutant(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.mutant_attributes;
}

/* Acquires it once more than it is going to be released. */
static void fill_release_mutant(uint64_t *arguments)
{
	NtWaitForSingleObject(stock.mutant, FALSE, NULL);
	arguments[0] = (uintptr_t)stock.mutant;
}

static void fill_own_thread_id(uint64_t *arguments)
{
	arguments[0] = (uintptr_t)NtCurrentTeb()->Reserved1[9];
}

static void fill_wait_for_alert(uint64_t *arguments)
{
	NtAlertThreadByThreadId(NtCurrentTeb()->Reserved1[9]);
	arguments[0] = 0;
}

static void fill_wait_several(uint64_t *arguments)
{
	*SLOT(1, HANDLE) = stock.signaled;
}

static void fill_signal_and_wait(uint64_t *arguments)
{
	arguments[0] = (uintptr_t)stock.semaphore;
}

const struct valid object_valids[] = {
	{"NtAlertThread", {0}, NULL},
	{"NtAlertThreadByThreadId", {0}, fill_own_thread_id},
	{"NtClearEvent", {0}, NULL},
	{"NtCreateEvent", {[1] = EVENT_ALL_ACCESS}, fill_create},
	{"NtCreateMutant", {[1] = MUTANT_ALL_ACCESS}, fill_create},
	{"NtCreateSemaphore", {[1] = SEMAPHORE_ALL_ACCESS, [4] = 1}, fill_create},
	{"NtOpenEvent", {[1] = EVENT_ALL_ACCESS}, fill_open_event},
	{"NtOpenMutant", {[1] = MUTANT_ALL_ACCESS}, fill_open_mutant},
	{"NtOpenSemaphore", {[1] = SEMAPHORE_ALL_ACCESS}, fill_open_semaphore},
	{"NtPulseEvent", {0}, NULL},
	{"NtQueryEvent", {[3] = sizeof(struct event_information)}, NULL},
	{"NtQueryMutant", {[3] = sizeof(struct mutant_information)}, NULL},
	{"NtQuerySemaphore", {[3] = sizeof(struct semaphore_information)}, NULL},
	{"NtReleaseMutant", {0}, fill_release_mutant},
	{"NtReleaseSemaphore", {[1] = 1}, NULL},
	{"NtResetEvent", {0}, NULL},
	{"NtSetEvent", {0}, NULL},
	{"NtSignalAndWaitForSingleObject", {0}, fill_signal_and_wait},
	{"NtTestAlert", {0}, NULL},
	{"NtWaitForAlertByThreadId", {0}, fill_wait_for_alert},
	{"NtWaitForMultipleObjects", {[0] = 1, [2] = WaitAny}, fill_wait_several},
};

const size_t object_valids_count = COUNT_OF(object_valids);

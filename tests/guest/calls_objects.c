/*
 * calls_objects.c - valid arguments for the calls about objects: events, semaphores, mutants,
 * waits, directories, symbolic links, queries.
 */
#include <string.h>

#include "calls_valid.h"
#include "guest.h"

static struct {
	HANDLE signaled; /* an event that no call here names */
	HANDLE event, semaphore, mutant, directory, link;
	OBJECT_ATTRIBUTES event_attributes, semaphore_attributes, mutant_attributes;
	OBJECT_ATTRIBUTES directory_attributes, link_attributes;
	UNICODE_STRING event_name, semaphore_name, mutant_name, directory_name, link_name;
	WCHAR target[64];
} stock;

/* A directory with the link in it. */
static NTSTATUS directories_init(void)
{
	UNICODE_STRING target;
	NTSTATUS status;

	attributes_fill(&stock.directory_attributes, &stock.directory_name,
			L"\\BaseNamedObjects\\calls-directory");
	attributes_fill(&stock.link_attributes, &stock.link_name,
			L"\\BaseNamedObjects\\calls-directory\\link");
	RtlInitUnicodeString(&target, L"\\BaseNamedObjects");
	status = NtCreateDirectoryObject(&stock.directory, DIRECTORY_ALL_ACCESS,
					 &stock.directory_attributes);
	if (NT_SUCCESS(status))
		status = NtCreateSymbolicLinkObject(&stock.link, SYMBOLIC_LINK_ALL_ACCESS,
						    &stock.link_attributes, &target);
	return status;
}

NTSTATUS calls_objects_init(void)
{
	NTSTATUS status;

	attributes_fill(&stock.event_attributes, &stock.event_name,
			L"\\BaseNamedObjects\\calls-event");
	attributes_fill(&stock.semaphore_attributes, &stock.semaphore_name,
			L"\\BaseNamedObjects\\calls-semaphore");
	attributes_fill(&stock.mutant_attributes, &stock.mutant_name,
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
		status = directories_init();
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
	if (!strcmp(type, "Directory"))
		return stock.directory;
	if (!strcmp(type, "SymbolicLink"))
		return stock.link;
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

static void fill_open_directory(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.directory_attributes;
}

static void fill_open_link(uint64_t *arguments)
{
	*SLOT(2, OBJECT_ATTRIBUTES) = stock.link_attributes;
}

static void fill_create_link(uint64_t *arguments)
{
	fill_create(arguments);
	RtlInitUnicodeString(SLOT(3, UNICODE_STRING), L"\\BaseNamedObjects");
}

static void fill_query_link(uint64_t *arguments)
{
	*SLOT(1, UNICODE_STRING) =
		(UNICODE_STRING){.MaximumLength = sizeof(stock.target), .Buffer = stock.target};
}

/* Both handles name the same object. */
static void fill_compare(uint64_t *arguments)
{
	arguments[1] = arguments[0];
}

static void fill_event(uint64_t *arguments)
{
	arguments[0] = (uintptr_t)stock.event;
}

static const struct valid valids[] = {
	{"NtAlertResumeThread", {0}, NULL},
	{"NtAlertThread", {0}, NULL},
	{"NtAlertThreadByThreadId", {0}, fill_own_thread_id},
	{"NtClearEvent", {0}, NULL},
	{"NtCompareObjects", {0}, fill_compare},
	{"NtCreateDirectoryObject", {[1] = DIRECTORY_ALL_ACCESS}, fill_create},
	{"NtCreateEvent", {[1] = EVENT_ALL_ACCESS}, fill_create},
	{"NtCreateMutant", {[1] = MUTANT_ALL_ACCESS}, fill_create},
	{"NtCreateSemaphore", {[1] = SEMAPHORE_ALL_ACCESS, [4] = 1}, fill_create},
	{"NtCreateSymbolicLinkObject", {[1] = SYMBOLIC_LINK_ALL_ACCESS}, fill_create_link},
	{"NtMakePermanentObject", {0}, NULL},
	{"NtMakeTemporaryObject", {0}, fill_event},
	{"NtOpenDirectoryObject", {[1] = DIRECTORY_ALL_ACCESS}, fill_open_directory},
	{"NtOpenEvent", {[1] = EVENT_ALL_ACCESS}, fill_open_event},
	{"NtOpenMutant", {[1] = MUTANT_ALL_ACCESS}, fill_open_mutant},
	{"NtOpenSemaphore", {[1] = SEMAPHORE_ALL_ACCESS}, fill_open_semaphore},
	{"NtOpenSymbolicLinkObject", {[1] = SYMBOLIC_LINK_ALL_ACCESS}, fill_open_link},
	{"NtPulseEvent", {0}, NULL},
	{"NtQueryDirectoryObject", {[2] = 400, [3] = TRUE, [4] = TRUE}, NULL},
	{"NtQueryEvent", {[3] = sizeof(struct event_information)}, NULL},
	{"NtQueryMutant", {[3] = sizeof(struct mutant_information)}, NULL},
	{"NtQueryObject", {[3] = sizeof(OBJECT_BASIC_INFORMATION)}, NULL},
	{"NtQuerySemaphore", {[3] = sizeof(struct semaphore_information)}, NULL},
	{"NtQuerySymbolicLinkObject", {0}, fill_query_link},
	{"NtReleaseMutant", {0}, fill_release_mutant},
	{"NtReleaseSemaphore", {[1] = 1}, NULL},
	{"NtResetEvent", {0}, NULL},
	{"NtSetEvent", {0}, NULL},
	{"NtSetInformationObject", {[1] = OBJECT_CLASS_HANDLE_FLAGS, [3] = 2}, fill_event},
	{"NtSignalAndWaitForSingleObject", {0}, fill_signal_and_wait},
	{"NtTestAlert", {0}, NULL},
	{"NtWaitForAlertByThreadId", {0}, fill_wait_for_alert},
	{"NtWaitForMultipleObjects", {[0] = 1, [2] = WaitAny}, fill_wait_several},
};

const struct valid_table valid_objects = {valids, COUNT_OF(valids)};

/*
 * test_mutant.c - mutants: owners, recursion, and owners that end: a thread, or a process.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define NAME L"\\BaseNamedObjects\\quire-test-mutant"

static NTSTATUS try_wait(HANDLE object)
{
	return NtWaitForSingleObject(object, FALSE, &(LARGE_INTEGER){.QuadPart = 0});
}

static struct mutant_information query(HANDLE mutant)
{
	struct mutant_information information = {77, 77, 77};

	NtQueryMutant(mutant, 0, &information, sizeof(information), NULL);
	return information;
}

static NTSTATUS run_thread(thread_start_routine start, PVOID argument)
{
	HANDLE thread;
	NTSTATUS status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, start,
					   argument, 0, 0, 0, 0, NULL);

	if (!NT_SUCCESS(status))
		return status;
	status = NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
	return status;
}

/* What the other thread saw. */
static NTSTATUS seen;

static NTSTATUS NTAPI try_thread(PVOID argument)
{
	seen = try_wait(argument);
	if (seen == STATUS_SUCCESS)
		NtReleaseMutant(argument, NULL);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI release_thread(PVOID argument)
{
	seen = NtReleaseMutant(argument, NULL);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI abandon_thread(PVOID argument)
{
	seen = try_wait(argument);
	return STATUS_SUCCESS;
}

/* catches: a mutant that its owner cannot take twice, or that others can take or release */
static void test_recursion(void)
{
	struct mutant_information information;
	HANDLE mutant;
	LONG previous = 77;

	tap_is_status(NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, TRUE), STATUS_SUCCESS,
		      "created with an owner");
	information = query(mutant);
	tap_is_number((ULONG)information.count, 0, "owned once");
	tap_is_number(information.is_mine, 1, "by us");
	tap_is_status(try_wait(mutant), STATUS_SUCCESS, "its owner has it at once");
	tap_is_number((ULONG)query(mutant).count, (ULONG)-1, "owned twice");
	run_thread(try_thread, mutant);
	tap_is_status(seen, STATUS_TIMEOUT, "another thread has not");
	run_thread(release_thread, mutant);
	tap_is_status(seen, STATUS_MUTANT_NOT_OWNED, "and cannot release it");
	tap_is_status(NtReleaseMutant(mutant, &previous), STATUS_SUCCESS, "released once");
	tap_is_number((ULONG)previous, (ULONG)-1, "it was owned twice");
	run_thread(try_thread, mutant);
	tap_is_status(seen, STATUS_TIMEOUT, "once more is needed");
	tap_is_status(NtReleaseMutant(mutant, &previous), STATUS_SUCCESS, "released again");
	tap_is_number((ULONG)previous, 0, "it was owned once");
	run_thread(try_thread, mutant);
	tap_is_status(seen, STATUS_SUCCESS, "now the other gets it");
	tap_is_status(NtReleaseMutant(mutant, &previous), STATUS_MUTANT_NOT_OWNED, "nobody's");
	tap_is_number((ULONG)query(mutant).count, 1, "free");
	NtClose(mutant);
}

/* catches: a mutant that is lost with its owner; "abandoned" told to nobody, or for ever */
static void test_abandoned(void)
{
	struct mutant_information information;
	HANDLE mutant;

	NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, FALSE);
	run_thread(abandon_thread, mutant);
	tap_is_status(seen, STATUS_SUCCESS, "a thread takes it and ends");
	information = query(mutant);
	tap_is_number(information.is_abandoned, 1, "it is abandoned");
	tap_is_number((ULONG)information.count, 1, "and free");
	tap_is_status(try_wait(mutant), STATUS_ABANDONED_WAIT_0, "the next owner is told");
	tap_is_number(query(mutant).is_abandoned, 0, "then it is like any other");
	NtReleaseMutant(mutant, NULL);
	tap_is_status(try_wait(mutant), STATUS_SUCCESS, "and its next owner is not told");
	NtClose(mutant);
	tap_ok(true, "an owned mutant closed");
}

static OBJECT_ATTRIBUTES *named(void)
{
	static UNICODE_STRING name;
	static OBJECT_ATTRIBUTES attributes;

	RtlInitUnicodeString(&name, NAME);
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	return &attributes;
}

/* The child: takes the mutant and ends with what it got. */
static NTSTATUS child_take(void)
{
	HANDLE mutant;
	NTSTATUS status = NtOpenMutant(&mutant, SYNCHRONIZE, named());

	return NT_SUCCESS(status) ? NtWaitForSingleObject(mutant, FALSE, NULL) : status;
}

/* catches: an owner's end that is noticed only if it ends in order, with its handles still open */
static void test_other_process(void)
{
	struct child child;
	HANDLE mutant;
	NTSTATUS status;

	NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, named(), FALSE);
	tap_is_status(child_run_self("take"), STATUS_SUCCESS, "a child takes it and ends");
	tap_is_status(try_wait(mutant), STATUS_ABANDONED_WAIT_0, "the parent inherits it");
	tap_is_status(child_start_self(&child, "take"), STATUS_SUCCESS, "a child waits for ours");
	NtReleaseMutant(mutant, NULL);
	tap_is_status(child_wait(&child, &status), STATUS_SUCCESS, "released, the child ends");
	tap_is_status(status, STATUS_SUCCESS, "it had the mutant");
	child_close(&child);
	tap_is_status(try_wait(mutant), STATUS_ABANDONED_WAIT_0, "and left it");
	NtReleaseMutant(mutant, NULL);
	NtClose(mutant);
}

static void test_query(void)
{
	struct mutant_information information;
	HANDLE mutant;

	NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, FALSE);
	tap_is_status(NtQueryMutant(mutant, 0, &information, sizeof(information) - 1, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "too short");
	tap_is_status(NtQueryMutant(mutant, 7, &information, sizeof(information), NULL),
		      STATUS_INVALID_INFO_CLASS, "class 7");
	NtClose(mutant);
}

int program_main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "take"))
		return child_take();
	tap_start("mutants");
	test_recursion();
	test_abandoned();
	test_other_process();
	test_query();
	return tap_finish();
}

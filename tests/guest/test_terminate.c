/*
 * test_terminate.c - the end of a process whose threads wait, compute, fault and have never run,
 * all at once; and calls on a process that is dying under them.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define MILLISECOND 10000ll
#define THREADS 16
#define FAULT_PAGES 64
#define STATES 5

static LARGE_INTEGER milliseconds(int count)
{
	return (LARGE_INTEGER){.QuadPart = -count * MILLISECOND};
}

static NTSTATUS thread_make(HANDLE *thread, thread_start_routine start, void *argument, ULONG flags)
{
	return NtCreateThreadEx(thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, start, argument,
				flags, 0, 0, 0, NULL);
}

static NTSTATUS NTAPI wait_for_ever(PVOID argument)
{
	(void)argument;
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = INT64_MIN});
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI spin_for_ever(PVOID argument)
{
	volatile bool goes_on = !argument;

	while (goes_on)
		;
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI fault_for_ever(PVOID argument)
{
	do {
		char *memory = memory_need(FAULT_PAGES * PAGE_BYTES);

		for (unsigned i = 0; i < FAULT_PAGES; i++)
			memory[i * PAGE_BYTES] = 1;
		memory_drop(memory);
	} while (!argument);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI wait_for_main(PVOID argument)
{
	NtWaitForSingleObject(argument, FALSE, NULL);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI return_argument(PVOID argument)
{
	return (NTSTATUS)(intptr_t)argument;
}

/* ---- as a child ---- */

static HANDLE own_thread(void)
{
	HANDLE thread;

	NtDuplicateObject(CURRENT_PROCESS, CURRENT_THREAD, CURRENT_PROCESS, &thread, 0, 0,
			  DUPLICATE_SAME_ACCESS);
	return thread;
}

static NTSTATUS be_child(int argc, char **argv)
{
	/* The last one is created suspended. */
	static const thread_start_routine states[STATES] = {
		wait_for_ever, spin_for_ever, fault_for_ever, wait_for_main, return_argument};
	HANDLE thread, self = own_thread();

	(void)argc;
	for (unsigned i = 0; i < THREADS; i++)
		thread_make(&thread, states[i % STATES], i % STATES == 3 ? self : NULL,
			    i % STATES == 4);
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = -5 * MILLISECOND});
	if (!strcmp(argv[1], "exit"))
		return 77;
	if (!strcmp(argv[1], "crash"))
		*(volatile char *)8 = 1;
	if (!strcmp(argv[1], "leave")) /* the others go on */
		NtTerminateThread(NULL, 5);
	if (!strcmp(argv[1], "others")) {
		NTSTATUS status = NtTerminateProcess(NULL, 3);

		return status ? status : 78;
	}
	return wait_for_ever(NULL);
}

/* ---- tests ---- */

/* catches: a thread in some state that does not end, a process that is not torn down */
static void test_many(void)
{
	struct child child;
	NTSTATUS status;
	LARGE_INTEGER moment = milliseconds(30);

	tap_is_status(child_run_self("exit"), 77, "16 threads in all states: exit");
	tap_is_status(child_run_self("crash"), STATUS_ACCESS_VIOLATION, "... crash");
	tap_is_status(child_run_self("others"), 78, "... all others terminated first");
	for (unsigned i = 0; i < 8; i++) {
		child_start_self(&child, i % 2 ? "leave" : "wait");
		moment = milliseconds((int)i * 3);
		NtDelayExecution(FALSE, &moment);
		NtTerminateProcess(child.process, 100);
		child_wait(&child, &status);
		tap_is_status(status, 100, "... terminated after %u ms", i * 3);
		child_close(&child);
	}
}

/* catches: a space that goes while somebody else works in it */
static void test_dying_target(void)
{
	unsigned made = 0, refused = 0, other = 0;

	for (int i = 0; i < 12; i++) {
		struct child child;
		LARGE_INTEGER moment = milliseconds(i);

		child_start_self(&child, "wait");
		NtDelayExecution(FALSE, &moment);
		NtTerminateProcess(child.process, 1);
		for (unsigned j = 0; j < 200; j++) {
			PVOID base = NULL;
			SIZE_T size = PAGE_BYTES;
			NTSTATUS status =
				NtAllocateVirtualMemory(child.process, &base, 0, &size,
							MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

			made += status == STATUS_SUCCESS;
			refused += status == STATUS_PROCESS_IS_TERMINATING;
			other +=
				status != STATUS_SUCCESS && status != STATUS_PROCESS_IS_TERMINATING;
		}
		NtWaitForSingleObject(child.process, FALSE, NULL);
		child_close(&child);
	}
	tap_note("%u made, %u refused", made, refused);
	tap_is_number(other, 0, "allocating in a dying process: made or refused");
}

int program_main(int argc, char **argv)
{
	if (argc > 1)
		return be_child(argc, argv);
	tap_start("termination");
	test_many();
	test_dying_target();
	return tap_finish();
}

/*
 * test_semaphore.c - semaphores: counts, limits, queries.
 */
#include "guest.h"

static NTSTATUS try_wait(HANDLE object)
{
	return NtWaitForSingleObject(object, FALSE, &(LARGE_INTEGER){.QuadPart = 0});
}

static NTSTATUS create_try(LONG count, LONG limit)
{
	HANDLE semaphore;
	NTSTATUS status = NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, count, limit);

	if (NT_SUCCESS(status))
		NtClose(semaphore);
	return status;
}

static void test_creation(void)
{
	tap_is_status(create_try(0, 1), STATUS_SUCCESS, "none of one");
	tap_is_status(create_try(1, 1), STATUS_SUCCESS, "one of one");
	tap_is_status(create_try(2, 1), STATUS_INVALID_PARAMETER, "two of one");
	tap_is_status(create_try(0, 0), STATUS_INVALID_PARAMETER, "a limit of 0");
	tap_is_status(create_try(-1, 1), STATUS_INVALID_PARAMETER, "a count below 0");
	tap_is_status(create_try(0, -1), STATUS_INVALID_PARAMETER, "a limit below 0");
	tap_is_status(create_try(0x7FFFFFFF, 0x7FFFFFFF), STATUS_SUCCESS, "the largest");
}

/* catches: a count that passes the limit, or changes when a release is refused */
static void test_counts(void)
{
	struct semaphore_information information = {77, 77};
	HANDLE semaphore;
	ULONG previous = 77;

	NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 1, 3);
	tap_is_status(try_wait(semaphore), STATUS_SUCCESS, "one can be had");
	tap_is_status(try_wait(semaphore), STATUS_TIMEOUT, "and no more");
	tap_is_status(NtReleaseSemaphore(semaphore, 2, &previous), STATUS_SUCCESS, "two are back");
	tap_is_number(previous, 0, "there were none");
	tap_is_status(NtReleaseSemaphore(semaphore, 2, &previous), STATUS_SEMAPHORE_LIMIT_EXCEEDED,
		      "two more are too many");
	tap_is_status(NtQuerySemaphore(semaphore, 0, &information, sizeof(information), NULL),
		      STATUS_SUCCESS, "a query");
	tap_is_number(information.count, 2, "the refused release changed nothing");
	tap_is_number(information.limit, 3, "the limit");
	tap_is_status(NtReleaseSemaphore(semaphore, 0x7FFFFFFF, NULL),
		      STATUS_SEMAPHORE_LIMIT_EXCEEDED, "as many as there are numbers");
	tap_is_status(NtReleaseSemaphore(semaphore, 1, NULL), STATUS_SUCCESS, "up to the limit");
	if (system_is_wine())
		tap_skip(1, "Wine takes a release of none");
	else
		tap_is_status(NtReleaseSemaphore(semaphore, 0, NULL), STATUS_INVALID_PARAMETER_2,
			      "a release of none");
	for (unsigned i = 0; i < 3; i++)
		tap_is_status(try_wait(semaphore), STATUS_SUCCESS, "number %u", i + 1);
	tap_is_status(try_wait(semaphore), STATUS_TIMEOUT, "there were three");
	tap_is_status(NtQuerySemaphore(semaphore, 1, &information, sizeof(information), NULL),
		      STATUS_INVALID_INFO_CLASS, "class 1");
	tap_is_status(NtQuerySemaphore(semaphore, 0, &information, 4, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "too short");
	NtClose(semaphore);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("semaphores");
	test_creation();
	test_counts();
	return tap_finish();
}

/*
 * test_rtl_process.c - ntdll's process parameters, environment, creation of processes and threads
 * (user/include/rtl_process.h).
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define EXIT_SEEN 0x11
#define WIDE(name, literal) \
	UNICODE_STRING name = {sizeof(literal) - sizeof(WCHAR), sizeof(literal), (literal)}

static bool holds(const UNICODE_STRING *text, const WCHAR *expected)
{
	return text->Length == wcslen(expected) * sizeof(WCHAR) &&
	       !memcmp(text->Buffer, expected, text->Length);
}

/* ---- environment ---- */

/* catches: a name found within another; a value cut; a removed variable that stays */
static void test_environment(void)
{
	WCHAR *block = NULL, buffer[8];
	UNICODE_STRING value = {.MaximumLength = sizeof(buffer), .Buffer = buffer};
	WIDE(name, L"Page");
	WIDE(longer, L"Pages");
	WIDE(upper, L"PAGE");
	WIDE(frame, L"frame");
	WIDE(long_value, L"12345678");
	WIDE(odd, L"a=b");
	WIDE(none, L"");

	tap_is_status(RtlCreateEnvironment(FALSE, &block), STATUS_SUCCESS, "an empty one");
	tap_ok(block && !block[0], "is empty");
	tap_is_status(RtlQueryEnvironmentVariable_U(block, &name, &value),
		      STATUS_VARIABLE_NOT_FOUND, "nothing there");
	tap_is_status(RtlSetEnvironmentVariable(&block, &longer, &frame), STATUS_SUCCESS, "set");
	tap_is_status(RtlSetEnvironmentVariable(&block, &name, &upper), STATUS_SUCCESS, "another");
	tap_is_status(RtlQueryEnvironmentVariable_U(block, &name, &value), STATUS_SUCCESS, "query");
	tap_ok(holds(&value, L"PAGE") && !buffer[4], "its value, terminated");
	tap_is_status(RtlQueryEnvironmentVariable_U(block, &longer, &value), STATUS_SUCCESS,
		      "the other");
	tap_ok(holds(&value, L"frame"), "its value");
	tap_is_status(RtlSetEnvironmentVariable(&block, &upper, &long_value), STATUS_SUCCESS,
		      "replaced, case ignored");
	tap_is_status(RtlQueryEnvironmentVariable_U(block, &name, &value), STATUS_SUCCESS,
		      "fits without its NUL");
	tap_ok(holds(&value, L"12345678"), "its value");
	value.MaximumLength = 8;
	tap_is_status(RtlQueryEnvironmentVariable_U(block, &name, &value), STATUS_BUFFER_TOO_SMALL,
		      "too long");
	tap_is_number(value.Length, 16, "the length that it has");
	tap_is_status(RtlSetEnvironmentVariable(&block, &name, NULL), STATUS_SUCCESS, "removed");
	tap_is_status(RtlQueryEnvironmentVariable_U(block, &name, &value),
		      STATUS_VARIABLE_NOT_FOUND, "and gone");
	tap_is_status(RtlSetEnvironmentVariable(&block, &odd, &frame), STATUS_INVALID_PARAMETER,
		      "a name with =");
	tap_is_status(RtlSetEnvironmentVariable(&block, &none, &frame), STATUS_INVALID_PARAMETER_1,
		      "no name");
	tap_is_status(RtlDestroyEnvironment(block), STATUS_SUCCESS, "destroyed");
}

/* catches: the process' own environment not replaced, a copy of it not a copy */
static void test_own_environment(void)
{
	WCHAR *block = NULL, buffer[16];
	UNICODE_STRING value = {.MaximumLength = sizeof(buffer), .Buffer = buffer};
	WIDE(name, L"QUIRE_TEST");
	WIDE(text, L"a view");

	tap_is_status(RtlSetEnvironmentVariable(NULL, &name, &text), STATUS_SUCCESS, "set ours");
	tap_is_status(RtlQueryEnvironmentVariable_U(NULL, &name, &value), STATUS_SUCCESS, "query");
	tap_ok(holds(&value, L"a view"), "its value");
	tap_is_status(RtlCreateEnvironment(TRUE, &block), STATUS_SUCCESS, "a copy of ours");
	tap_is_status(RtlSetEnvironmentVariable(&block, &name, &name), STATUS_SUCCESS, "changed");
	RtlQueryEnvironmentVariable_U(NULL, &name, &value);
	tap_ok(holds(&value, L"a view"), "ours is the same");
	RtlDestroyEnvironment(block);
}

/* ---- parameters ---- */

/* catches: offsets and addresses mixed; the environment left outside the block */
static void test_parameters(void)
{
	struct process_parameters *parameters = NULL;
	WIDE(image, L"C:\\bin\\x.exe");
	WIDE(line, L"x 1 2");
	WCHAR environment[] = L"A=1\0B=2\0";
	const char *start, *text;

	tap_is_status(RtlCreateProcessParameters(&parameters, &image, NULL, NULL, &line,
						 environment, NULL, NULL, NULL, NULL),
		      STATUS_SUCCESS, "RtlCreateProcessParameters");
	tap_ok(!(parameters->flags & PROCESS_PARAMETERS_NORMALIZED), "offsets");
	tap_ok((uintptr_t)parameters->command_line.Buffer < parameters->length_bytes,
	       "inside the block");
	tap_ok(RtlNormalizeProcessParams(parameters) == parameters, "normalised");
	start = (const char *)parameters;
	text = (const char *)parameters->command_line.Buffer;
	tap_ok(text > start && text < start + parameters->length_bytes, "addresses");
	tap_ok(holds(&parameters->command_line, L"x 1 2") &&
		       holds(&parameters->image_path_name, L"C:\\bin\\x.exe"),
	       "the texts");
	tap_ok(!memcmp(parameters->environment, environment, sizeof(environment)),
	       "the environment");
	tap_ok(parameters->environment != (PVOID)environment, "is a copy");
	RtlDeNormalizeProcessParams(parameters);
	tap_ok((uintptr_t)parameters->image_path_name.Buffer < parameters->length_bytes,
	       "offsets again");
	RtlDestroyProcessParameters(parameters);
}

/* ---- processes and threads ---- */

/* What the child does: looks for the variable that test_own_environment has set. */
static NTSTATUS child_main(void)
{
	WCHAR buffer[16];
	UNICODE_STRING value = {.MaximumLength = sizeof(buffer), .Buffer = buffer};
	WIDE(name, L"QUIRE_TEST");
	NTSTATUS status = RtlQueryEnvironmentVariable_U(NULL, &name, &value);

	if (!NT_SUCCESS(status))
		return status;
	return holds(&value, L"a view") ? EXIT_SEEN : STATUS_UNSUCCESSFUL;
}

/* catches: a child without its creator's environment, or one that runs before it is let */
static void test_create_process(void)
{
	struct user_process_information information = {.size_bytes = 0};
	struct process_parameters *parameters;
	PROCESS_BASIC_INFORMATION basic;
	WCHAR buffer[260];
	UNICODE_STRING image;
	WIDE(line, L"test child");
	ULONG count = 0;
	NTSTATUS status;

	child_own_image(&image, buffer, COUNT_OF(buffer));
	RtlCreateProcessParameters(&parameters, &process_parameters()->image_path_name, NULL, NULL,
				   &line, NULL, NULL, NULL, NULL, NULL);
	status = RtlCreateUserProcess(&image, OBJ_CASE_INSENSITIVE, parameters, NULL, NULL, NULL,
				      FALSE, NULL, NULL, &information);
	RtlDestroyProcessParameters(parameters);
	tap_is_status(status, STATUS_SUCCESS, "RtlCreateUserProcess");
	if (!NT_SUCCESS(status))
		return;
	tap_ok(information.client_id.UniqueProcess && information.client_id.UniqueThread,
	       "its numbers");
	tap_ok(information.image.Machine == IMAGE_FILE_MACHINE_AMD64, "what its image is");
	NtResumeThread(information.thread, &count);
	tap_is_number(count, 1, "it was suspended");
	NtWaitForSingleObject(information.process, FALSE, NULL);
	NtQueryInformationProcess(information.process, ProcessBasicInformation, &basic,
				  sizeof(basic), NULL);
	tap_is_status(basic.ExitStatus, EXIT_SEEN, "it saw our environment");
	NtClose(information.thread);
	NtClose(information.process);
}

static volatile PVOID passed;

static NTSTATUS NTAPI thread_routine(PVOID argument)
{
	passed = argument;
	RtlExitUserThread(STATUS_SUCCESS);
	return STATUS_UNSUCCESSFUL;
}

/* catches: the argument lost; suspended threads that run */
static void test_create_thread(void)
{
	CLIENT_ID id = {NULL, NULL};
	HANDLE thread;
	ULONG count = 0;

	tap_is_status(RtlCreateUserThread(CURRENT_PROCESS, NULL, TRUE, 0, 0, 0, thread_routine, &id,
					  &thread, &id),
		      STATUS_SUCCESS, "RtlCreateUserThread, suspended");
	tap_ok(id.UniqueThread && id.UniqueThread != thread_number(), "its number");
	NtYieldExecution();
	tap_ok(!passed, "it does not run");
	NtResumeThread(thread, &count);
	NtWaitForSingleObject(thread, FALSE, NULL);
	tap_ok(count == 1 && passed == &id, "now it did, with its argument");
	NtClose(thread);
}

int program_main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "child"))
		return child_main();
	tap_start("Rtl processes");
	test_environment();
	test_own_environment();
	test_parameters();
	test_create_process();
	test_create_thread();
	return tap_finish();
}

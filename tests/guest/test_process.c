/*
 * test_process.c - processes: creation, exit status, waiting, termination, what a child inherits.
 *
 * The program is its own child; what the child does is its first argument.
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "path.h"
#include "touch.h"

#define SECOND (-10000000ll) /* in 100 ns, from now on */

static NTSTATUS start_flags(struct child *child, const char *arguments, ULONG process_flags,
			    ULONG thread_flags)
{
	WCHAR buffer[300];
	UNICODE_STRING image;
	char line[120];
	NTSTATUS status = child_own_image(&image, buffer, COUNT_OF(buffer));

	if (!NT_SUCCESS(status))
		return status;
	format_text(line, sizeof(line), "child %s", arguments);
	return child_start_with(child, &image, line, process_flags, thread_flags);
}

static void start_need(struct child *child, const char *arguments, ULONG thread_flags)
{
	NTSTATUS status =
		start_flags(child, arguments, PROCESS_CREATE_FLAGS_INHERIT_HANDLES, thread_flags);

	if (!NT_SUCCESS(status))
		bail_out("NtCreateUserProcess", status);
}

static NTSTATUS wait_for(HANDLE object, LONGLONG timeout)
{
	LARGE_INTEGER time = {.QuadPart = timeout};

	return NtWaitForSingleObject(object, FALSE, &time);
}

static PROCESS_BASIC_INFORMATION information_of(HANDLE process)
{
	PROCESS_BASIC_INFORMATION information = {.ExitStatus = -1};

	NtQueryInformationProcess(process, ProcessBasicInformation, &information,
				  sizeof(information), NULL);
	return information;
}

/* Waits, closes, and tells the exit status. */
static NTSTATUS end_of(struct child *child)
{
	NTSTATUS exit_status = STATUS_UNSUCCESSFUL, status = child_wait(child, &exit_status);

	child_close(child);
	return NT_SUCCESS(status) ? exit_status : status;
}

/* ---- what children do ---- */

static uint64_t number_of(const char *text)
{
	uint64_t number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number;
}

static NTSTATUS child_main(int argc, char **argv)
{
	const char *task = argv[1];
	uint64_t number = argc > 2 ? number_of(argv[2]) : 0;

	if (!strcmp(task, "exit"))
		return (NTSTATUS)number;
	if (!strcmp(task, "sleep"))
		return NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = 100 * SECOND});
	if (!strcmp(task, "spin"))
		for (volatile uint64_t spins = 0;;)
			spins++;
	if (!strcmp(task, "view")) /* an inherited section */
		return view_try((HANDLE)(uintptr_t)number, PAGE_READWRITE);
	if (!strcmp(task, "words")) /* "a b" and nothing else */
		return argc == 4 && !strcmp(argv[2], "a b") && !*argv[3] ? STATUS_SUCCESS : argc;
	if (!strcmp(task, "parent"))
		return (NTSTATUS)information_of(CURRENT_PROCESS).InheritedFromUniqueProcessId;
	return STATUS_INVALID_PARAMETER;
}

/* ---- tests ---- */

/* catches: an exit status cut to a byte, or taken from the thread's return alone */
static void test_exit(void)
{
	struct child child;

	tap_is_status(child_run_self("exit 0"), 0, "exit status 0");
	tap_is_status(child_run_self("exit 305419896"), 0x12345678, "exit status 0x12345678");
	tap_is_status(child_run_self("exit 3221225477"), STATUS_ACCESS_VIOLATION,
		      "an exit status that looks like a fault");
	tap_is_status(child_run_self("words \"a b\" \"\""), STATUS_SUCCESS,
		      "arguments arrive as they were passed");
	start_need(&child, "sleep", 0);
	tap_is_status(information_of(child.process).ExitStatus, STATUS_PENDING,
		      "PENDING while it runs");
	tap_is_status(wait_for(child.process, 0), STATUS_TIMEOUT, "a wait without patience");
	tap_is_status(wait_for(child.process, SECOND / 100), STATUS_TIMEOUT, "a wait for 10 ms");
	tap_is_status(NtTerminateProcess(child.process, 77), STATUS_SUCCESS, "it is terminated");
	tap_is_status(wait_for(child.process, 100 * SECOND), STATUS_SUCCESS, "and signaled");
	tap_is_status(wait_for(child.thread, 100 * SECOND), STATUS_SUCCESS, "its thread too");
	tap_is_status(wait_for(child.process, 0), STATUS_SUCCESS, "a process stays signaled");
	tap_is_status(information_of(child.process).ExitStatus, 77, "with the status given");
	tap_is_status_or(NtTerminateProcess(child.process, 78), STATUS_PROCESS_IS_TERMINATING,
			 STATUS_SUCCESS, "it is not terminated twice");
	tap_is_status(information_of(child.process).ExitStatus, 77, "and its status stays");
	child_close(&child);
}

/* catches: termination that waits for a system call, and so never reaches some programs */
static void test_terminate(void)
{
	struct child child;
	HANDLE mute;

	start_need(&child, "spin", 0);
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = SECOND / 50});
	NtDuplicateObject(CURRENT_PROCESS, child.process, CURRENT_PROCESS, &mute,
			  SYNCHRONIZE | PROCESS_QUERY_INFORMATION, 0, 0);
	tap_is_status(NtTerminateProcess(mute, 1), STATUS_ACCESS_DENIED,
		      "without PROCESS_TERMINATE it is not");
	NtClose(mute);
	tap_is_status(NtTerminateProcess(child.process, 5), STATUS_SUCCESS,
		      "a process that only computes");
	tap_is_status(end_of(&child), 5, "ends");
	start_need(&child, "exit 3", THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	tap_is_status(NtTerminateProcess(child.process, 6), STATUS_SUCCESS,
		      "a process that never ran");
	tap_is_status(end_of(&child), 6, "ends");
}

/* catches: a suspended process that runs; a resume that starts it twice */
static void test_suspended(void)
{
	struct child child;
	ULONG count = 99;

	start_need(&child, "exit 9", THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	tap_is_status(wait_for(child.process, SECOND / 50), STATUS_TIMEOUT,
		      "a suspended process does not run");
	tap_is_status(NtResumeThread(child.thread, &count), STATUS_SUCCESS, "it is resumed");
	tap_is_number(count, 1, "its count was 1");
	tap_is_status(end_of(&child), 9, "then it runs");
}

static HANDLE inheritable_copy(HANDLE handle)
{
	HANDLE copy = NULL;

	NtDuplicateObject(CURRENT_PROCESS, handle, CURRENT_PROCESS, &copy, 0, OBJ_INHERIT,
			  DUPLICATE_SAME_ACCESS);
	return copy;
}

static NTSTATUS run_flags(const char *task, HANDLE handle, ULONG flags)
{
	struct child child;
	char line[60];
	NTSTATUS status;

	format_text(line, sizeof(line), "%s %llu", task, (unsigned long long)(uintptr_t)handle);
	status = start_flags(&child, line, flags, 0);
	return NT_SUCCESS(status) ? end_of(&child) : status;
}

/* catches: handles inherited that should not be, or under another value */
static void test_inheritance(void)
{
	HANDLE plain = section_need(0x1000), inherited = inheritable_copy(plain);

	tap_is_status(run_flags("view", inherited, PROCESS_CREATE_FLAGS_INHERIT_HANDLES),
		      STATUS_SUCCESS, "an inheritable handle has the same value in the child");
	tap_is_status(run_flags("view", plain, PROCESS_CREATE_FLAGS_INHERIT_HANDLES),
		      STATUS_INVALID_HANDLE, "any other is not there");
	if (system_is_wine())
		tap_skip(1, "Wine inherits through the parameters' handles");
	else
		tap_is_status(run_flags("view", inherited, 0), STATUS_INVALID_HANDLE,
			      "nothing is inherited without the flag");
	NtClose(inherited);
	NtClose(plain);
}

/* catches: a child that outlives nothing, ids given twice, a parent forgotten */
static void test_ids(void)
{
	PROCESS_BASIC_INFORMATION ours = information_of(CURRENT_PROCESS), theirs;
	OBJECT_ATTRIBUTES attributes;
	CLIENT_ID id = {NULL, NULL};
	struct child child;
	HANDLE process;

	tap_ok(ours.UniqueProcessId && ours.UniqueProcessId % 4 == 0,
	       "a process id is a multiple of 4");
	tap_is_status(child_run_self("parent"), (NTSTATUS)ours.UniqueProcessId,
		      "a child knows its parent");
	start_need(&child, "sleep", 0);
	theirs = information_of(child.process);
	tap_ok(theirs.UniqueProcessId != ours.UniqueProcessId && theirs.UniqueProcessId == child.id,
	       "the child's id is its own, and the one that creation told");
	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	id.UniqueProcess = (HANDLE)theirs.UniqueProcessId;
	tap_is_status(NtOpenProcess(&process, PROCESS_TERMINATE | SYNCHRONIZE, &attributes, &id),
		      STATUS_SUCCESS, "it is opened by id");
	tap_is_status(NtTerminateProcess(process, 11), STATUS_SUCCESS, "and ended that way");
	NtClose(process);
	tap_is_status(end_of(&child), 11, "with that status");
	id.UniqueProcess = (HANDLE)(uintptr_t)0xFFFFFFF0;
	tap_is_status(NtOpenProcess(&process, PROCESS_TERMINATE, &attributes, &id),
		      STATUS_INVALID_CID, "an id that nobody has");
	id.UniqueProcess = NULL;
	tap_is_status_or(NtOpenProcess(&process, PROCESS_TERMINATE, &attributes, &id),
			 STATUS_INVALID_CID, STATUS_SUCCESS, "id 0");
}

/* catches: statuses of a call that says too little, or too much, about which process it means */
static void test_open_arguments(void)
{
	CLIENT_ID id = {.UniqueProcess = (HANDLE)information_of(CURRENT_PROCESS).UniqueProcessId};
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	HANDLE process;

	if (!system_is_quire()) {
		tap_skip(3, "W22: Wine looks at the id alone");
		return;
	}
	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	tap_is_status(NtOpenProcess(&process, PROCESS_TERMINATE, NULL, &id),
		      STATUS_ACCESS_VIOLATION, "W22: no attributes");
	tap_is_status(NtOpenProcess(&process, PROCESS_TERMINATE, &attributes, NULL),
		      STATUS_INVALID_PARAMETER_MIX, "W22: neither name nor id");
	RtlInitUnicodeString(&name, L"\\name");
	attributes.ObjectName = &name;
	tap_is_status(NtOpenProcess(&process, PROCESS_TERMINATE, &attributes, &id),
		      STATUS_INVALID_PARAMETER_MIX, "W22: both");
}

static NTSTATUS start_file(const char *text)
{
	struct path path;
	struct child child;
	NTSTATUS status = path_parse(&path, NULL, text);

	if (NT_SUCCESS(status))
		status = child_start(&child, &path.name, "x");
	if (!NT_SUCCESS(status))
		return status;
	NtTerminateProcess(child.process, 0);
	child_close(&child);
	return STATUS_SUCCESS;
}

/*
 * catches: a process half made when its image cannot be had (the balance after this test shows
 * it)
 */
static void test_bad_images(void)
{
	static const struct {
		const char *path;
		NTSTATUS expected;
	} rows[] = {
		{"C:\\bin\\none.exe", STATUS_OBJECT_NAME_NOT_FOUND},
		{"C:\\none\\hello.exe", STATUS_OBJECT_PATH_NOT_FOUND},
		{"C:\\bin", STATUS_FILE_IS_A_DIRECTORY},
		{DATA_FILE, STATUS_INVALID_IMAGE_NOT_MZ},
		{EMPTY_FILE, STATUS_INVALID_FILE_FOR_SECTION},
		{"\\Nowhere\\x", STATUS_OBJECT_PATH_NOT_FOUND},
	};
	HANDLE file;

	if (!system_is_quire()) {
		tap_skip(COUNT_OF(rows) + 1, "Wine looks for another system's loader");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tap_is_status(start_file(rows[i].path), rows[i].expected, "the program %s",
			      rows[i].path);
	file = file_need(IMAGE_FILE, FILE_WRITE_DATA);
	tap_is_status(start_file(IMAGE_FILE), STATUS_SHARING_VIOLATION,
		      "a program that somebody may write to");
	NtClose(file);
}

/* catches: work on another process that lands in the caller's; memory of a process that is gone */
static void test_other_process(void)
{
	struct child child;
	PVOID base = (PVOID)(uintptr_t)0x50000000;
	SIZE_T bytes = 0x3000, length = 0;
	MEMORY_BASIC_INFORMATION region;
	HANDLE section = section_need(0x1000);
	char *view = view_need(section, PAGE_READWRITE);
	PVOID remote = NULL;
	SIZE_T remote_bytes = 0;

	start_need(&child, "sleep", THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	tap_is_status(NtAllocateVirtualMemory(child.process, &base, 0, &bytes,
					      MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
		      STATUS_SUCCESS, "memory in another process");
	tap_is_number(region_at(base).State, MEM_FREE, "is not here");
	NtQueryVirtualMemory(child.process, base, MemoryBasicInformation, &region, sizeof(region),
			     &length);
	tap_ok(region.State == MEM_COMMIT && region.RegionSize == 0x3000, "but there");
	tap_is_status(NtFreeVirtualMemory(child.process, &base, (bytes = 0, &bytes), MEM_RELEASE),
		      STATUS_SUCCESS, "and is freed there");
	tap_is_status(NtMapViewOfSection(section, child.process, &remote, 0, 0, NULL, &remote_bytes,
					 ViewShare, 0, PAGE_READWRITE),
		      STATUS_SUCCESS, "a view in another process");
	*view = 'v'; /* first touched here */
	tap_is_status(NtUnmapViewOfSection(child.process, remote), STATUS_SUCCESS,
		      "unmapped there");
	tap_is_number((unsigned char)*view, 'v', "our view stays");
	NtTerminateProcess(child.process, 0);
	NtWaitForSingleObject(child.process, FALSE, NULL);
	tap_is_status_or(NtMapViewOfSection(section, child.process, &remote, 0, 0, NULL,
					    &remote_bytes, ViewShare, 0, PAGE_READWRITE),
			 STATUS_PROCESS_IS_TERMINATING, STATUS_PROCESS_IS_TERMINATING,
			 "nothing is mapped into one that has ended");
	child_close(&child);
	view_drop(view);
	NtClose(section);
}

/* catches: what a process leaves behind, multiplied */
static void test_many(void)
{
	struct quire_memory before = {0}, after = {0};
	unsigned right = 0;
	const unsigned rounds = 40;

	child_run_self("exit 1");
	memory_read(&before);
	for (unsigned i = 0; i < rounds; i++)
		right += child_run_self("exit 1") == 1;
	tap_is_number(right, rounds, "%u processes, one after the other", rounds);
	if (!system_is_quire()) {
		tap_skip(4, "counts of what is in use are Quire's");
		return;
	}
	/* a kernel stack goes back a moment after its process was signaled */
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = SECOND / 50});
	memory_read(&after);
	tap_is_number(after.pool_bytes, before.pool_bytes, "leave no kernel memory behind");
	tap_is_number(after.active, before.active, "nor pages in use");
	tap_is_number(after.commit, before.commit, "nor commit charge");
	tap_is_number(after.processes, before.processes, "nor processes");
}

/* catches: processes that share what they should not when many run at once */
static void test_together(void)
{
	enum { TOGETHER = 12 };
	struct child children[TOGETHER];
	unsigned right = 0;

	for (unsigned i = 0; i < TOGETHER; i++) {
		char line[20];

		format_text(line, sizeof(line), "exit %u", 100 + i);
		start_need(&children[i], line, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	}
	for (unsigned i = 0; i < TOGETHER; i++)
		NtResumeThread(children[i].thread, NULL);
	for (unsigned i = 0; i < TOGETHER; i++)
		right += end_of(&children[i]) == (NTSTATUS)(100 + i);
	tap_is_number(right, TOGETHER, "%u processes at once, each with its status", TOGETHER);
}

int program_main(int argc, char **argv)
{
	if (argc > 1)
		return child_main(argc, argv);
	tap_start("processes");
	touch_own_pages();
	test_exit();
	test_terminate();
	test_suspended();
	test_inheritance();
	test_ids();
	test_open_arguments();
	test_bad_images();
	test_other_process();
	test_many();
	test_together();
	return tap_finish();
}

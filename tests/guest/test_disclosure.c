/*
 * test_disclosure.c - does the kernel tell of its own memory? On the debug kernel freed memory and
 * unused stack are full of markers; no answer may have one of them, nor an address of the kernel,
 * and memory that is new is all zero. (fuzz.exe looks for the same after calls of all kinds.)
 */
#include <string.h>

#include "disclosure.h"
#include "guest.h"

#define ANSWER_BYTES 4096u
#define BEYOND 64u
#define FILL 0x5C
#define NEW_PAGES 64u

static union {
	uint64_t words[(ANSWER_BYTES + BEYOND) / 8];
	char bytes[ANSWER_BYTES + BEYOND];
} answer;

/* ---- what is looked for is found ---- */

/* catches: a search that finds nothing, whatever there is */
static void test_search(void)
{
	static const uint64_t planted[] = {
		QUIRE_MARKER_POOL,     (uint64_t)QUIRE_MARKER_GUARD << 32,
		QUIRE_MARKER_FRAME,    (uint64_t)QUIRE_MARKER_STACK << 32 | 7,
		0xFFFF800000123000ull, 0xFFFFC00000004008ull,
		0xFFFFFFFF80012345ull};
	static const uint64_t harmless[] = {
		0, 1, UINT64_MAX, 0xFFFFFFFFFFFFFFF0ull, 0x7FFFFFFEFFFFull, 0x5C5C5C5C5C5C5C5Cull};
	uint64_t words[8] = {0}, value;

	for (size_t i = 0; i < COUNT_OF(planted); i++) {
		words[5] = planted[i];
		tap_is_number((uint64_t)disclosure_find(words, sizeof(words), 0, &value), 40,
			      "0x%llx is found", (unsigned long long)planted[i]);
	}
	memcpy(words, harmless, sizeof(harmless));
	words[6] = words[7] = 0;
	tap_is_number((uint64_t)disclosure_find(words, sizeof(words), 0, &value), UINT64_MAX,
		      "other numbers are not");
}

/* ---- answers ---- */

enum query { PROCESS, THREAD, SYSTEM, MEMORY, SECTION, OBJECT, FILE_QUERY, VOLUME, FOLDER };

static NTSTATUS query_make(enum query query, uint32_t class, uint32_t bytes)
{
	static HANDLE section, file, folder;
	IO_STATUS_BLOCK io;

	if (!section) {
		OBJECT_ATTRIBUTES attributes;
		UNICODE_STRING name;

		section = section_need(0x10000);
		file = file_need(ODD_FILE, FILE_READ_DATA);
		RtlInitUnicodeString(&name, L"\\??\\C:\\data");
		InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
		NtOpenFile(&folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &io,
			   FILE_SHARE_READ | FILE_SHARE_WRITE,
			   FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
	}
	switch (query) {
	case PROCESS:
		return NtQueryInformationProcess(CURRENT_PROCESS, class, answer.bytes, bytes, NULL);
	case THREAD:
		return NtQueryInformationThread(CURRENT_THREAD, class, answer.bytes, bytes, NULL);
	case SYSTEM:
		return NtQuerySystemInformation(class, answer.bytes, bytes, NULL);
	case MEMORY:
		return NtQueryVirtualMemory(CURRENT_PROCESS, program_main, class, answer.bytes,
					    bytes, NULL);
	case SECTION:
		return NtQuerySection(section, class, answer.bytes, bytes, NULL);
	case OBJECT:
		return NtQueryObject(section, class, answer.bytes, bytes, NULL);
	case FILE_QUERY:
		return NtQueryInformationFile(file, &io, answer.bytes, bytes, class);
	case VOLUME:
		return NtQueryVolumeInformationFile(file, &io, answer.bytes, bytes, class);
	case FOLDER:
		return NtQueryDirectoryFile(folder, NULL, NULL, NULL, &io, answer.bytes, bytes,
					    class, FALSE, NULL, TRUE);
	}
	return STATUS_NOT_IMPLEMENTED;
}

static const char *const query_names[] = {"process", "thread", "system", "memory", "section",
					  "object",  "file",   "volume", "folder"};

/* All lengths up to 400 and some above: a structure is answered at the one that it has. */
static unsigned answers_told(enum query query, uint32_t class, unsigned *answered)
{
	unsigned told = 0;

	for (uint32_t bytes = 0; bytes <= ANSWER_BYTES; bytes += bytes < 400 ? 4 : 1232) {
		uint64_t value;
		NTSTATUS status;

		memset(answer.bytes, FILL, sizeof(answer.bytes));
		status = query_make(query, class, bytes);
		*answered += NT_SUCCESS(status);
		if (disclosure_find(answer.words, sizeof(answer.words), 0, &value) < 0)
			continue;
		tap_note("%s class 0x%x, %u bytes, status 0x%x: 0x%llx", query_names[query],
			 (unsigned)class, (unsigned)bytes, (unsigned)status,
			 (unsigned long long)value);
		told++;
	}
	return told;
}

/* catches: a structure whose padding nobody has cleared; an answer longer than what was produced */
static void test_answers(void)
{
	static const uint32_t quire_classes = QUIRE_PROCESS_FAULT_COUNTS;

	for (unsigned query = PROCESS; query <= FOLDER; query++) {
		unsigned told = 0, answered = 0;

		for (uint32_t class = 0; class < 90; class ++)
			told += answers_told(query, class, &answered);
		for (uint32_t i = 0; i < 9; i++)
			if (quire_classes + i != QUIRE_SYSTEM_CHECK)
				told += answers_told(query, quire_classes + i, &answered);
		tap_is_number(told, 0, "%s: nothing of the kernel's in any answer",
			      query_names[query]);
		tap_ok(answered > 0, "%s: and there were answers", query_names[query]);
	}
}

/* catches: registers of the kernel's in a context */
static void test_context(void)
{
	static CONTEXT context;
	uint64_t value;

	memset(&context, FILL, sizeof(context));
	context.ContextFlags = CONTEXT_ALL;
	tap_is_status(NtGetContextThread(CURRENT_THREAD, &context), STATUS_SUCCESS, "a context");
	tap_ok(disclosure_find(&context, sizeof(context), 0, &value) < 0,
	       "has nothing of the kernel's");
}

/* ---- new memory ---- */

static bool is_zero(const char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (memory[i])
			return false;
	return true;
}

/* catches: a frame that comes as somebody else left it */
static void test_new_pages(void)
{
	char *memory, *view;
	HANDLE section;

	memory = memory_need(NEW_PAGES * PAGE_BYTES);
	memset(memory, FILL, NEW_PAGES * PAGE_BYTES);
	memory_drop(memory);
	memory = memory_need(NEW_PAGES * PAGE_BYTES);
	tap_ok(is_zero(memory, NEW_PAGES * PAGE_BYTES), "private memory is zero at first");
	memset(memory, FILL, NEW_PAGES * PAGE_BYTES);
	memory_drop(memory);
	section = section_need(NEW_PAGES * PAGE_BYTES);
	view = view_need(section, PAGE_READWRITE);
	tap_ok(is_zero(view, NEW_PAGES * PAGE_BYTES), "so is a section");
	view_drop(view);
	NtClose(section);
}

/* catches: the rest of a file's last page, which no file has */
static void test_file_tail(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA), section = NULL;
	char *view;

	if (!NT_SUCCESS(section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file)))
		bail_out("a section of the file", STATUS_UNSUCCESSFUL);
	view = view_need(section, PAGE_READONLY);
	tap_ok(is_zero(view + ODD_BYTES, PAGE_BYTES - ODD_BYTES % PAGE_BYTES),
	       "behind a file's end its page is zero");
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

static NTSTATUS NTAPI stack_scan(PVOID argument)
{
	const char *limit = NtCurrentTeb()->Reserved1[2];
	uintptr_t here = (uintptr_t)&limit - 1024; /* below it is what is_zero uses itself */

	*(bool *)argument = is_zero(limit, here - (uintptr_t)limit);
	return STATUS_SUCCESS;
}

/* catches: a stack that is another thread's of before */
static void test_new_stack(void)
{
	bool zero = false;
	HANDLE thread = thread_need(stack_scan, &zero, 0);

	NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
	if (system_is_quire())
		tap_ok(zero, "a new thread's stack is zero");
	else
		tap_skip(1, "others run code of their own on it first");
}

int program_main(int argc, char **argv)
{
	bool has_markers;

	(void)argc;
	(void)argv;
	tap_start("what the kernel must not tell");
	test_search();
	has_markers = disclosure_markers_set(true);
	if (has_markers) {
		test_answers();
		test_context();
	} else {
		tap_skip(20, "no markers: another system, or the release kernel");
	}
	test_new_pages();
	test_file_tail();
	test_new_stack();
	if (has_markers)
		disclosure_markers_set(false);
	return tap_finish();
}

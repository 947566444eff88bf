/*
 * test_loader.c - ntdll's loader: libraries that must be relocated, that need others, that are not
 * there; imports that are not there. (The program at an occupied base is test_based.)
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "path.h"
#include "touch.h"

#define WINE_STUB ((NTSTATUS)0x80000100)     /* Wine raises it when the missing call is made */
#define BROKEN_FILE "C:\\data\\scratch7.bin" /* empty at first; this test's own */
#define MESSAGE_FILE "C:\\data\\scratch8.bin"

static NTSTATUS library_load(const WCHAR *name, PVOID *base)
{
	UNICODE_STRING text;

	RtlInitUnicodeString(&text, name);
	return LdrLoadDll(NULL, NULL, &text, base);
}

static PVOID symbol(PVOID library, const char *name)
{
	ANSI_STRING text;
	PVOID address = NULL;

	RtlInitAnsiString(&text, name);
	LdrGetProcedureAddress(library, &text, 0, &address);
	return address;
}

/* catches: a library used where it is not linked, relocated in part, attached twice or never */
static void test_relocated(void)
{
	PVOID first = NULL, again = NULL;
	int *(*address)(void);
	int (*value)(void);
	const uint64_t *attachments;

	tap_is_status(library_load(L"first.dll", &first), STATUS_SUCCESS,
		      "a library linked where the program is");
	address = (int *(*)(void))symbol(first, "first_address");
	value = (int (*)(void))symbol(first, "first_value");
	attachments = symbol(first, "first_attachments");
	if (!tap_ok(address && value && attachments, "exports functions and data"))
		return;
	tap_ok((char *)address() > (char *)first && (char *)address() < (char *)first + 0x10000,
	       "a pointer in its data was relocated");
	tap_is_number((uint64_t)value(), 1234, "and points to what it should");
	tap_is_number(*attachments, 1, "its entry point was called once");
	tap_is_status(library_load(L"first.dll", &again), STATUS_SUCCESS, "loaded again");
	tap_ok(again == first && *attachments == 1, "it is the same, and not attached again");
	tap_is_number(region_at((void *)(uintptr_t)value).Protect, PAGE_EXECUTE_READ,
		      "its code is executable and read-only");
	tap_is_number(region_at(first).Type, MEM_IMAGE, "it is an image");
}

/* catches: libraries attached before those that they need */
static void test_dependent(void)
{
	PVOID second = NULL, first = NULL;
	int (*value)(uint64_t *);
	uint64_t attachments = 99;
	UNICODE_STRING name;

	tap_is_status(library_load(L"second.dll", &second), STATUS_SUCCESS,
		      "a library that needs another");
	value = (int (*)(uint64_t *))symbol(second, "second_value");
	if (!tap_ok(value != NULL, "exports its function"))
		return;
	tap_is_number((uint64_t)value(&attachments), 1235, "which calls the other's");
	tap_is_number(attachments, 1, "the other was attached first");
	RtlInitUnicodeString(&name, L"FIRST.DLL");
	tap_is_status(LdrGetDllHandle(NULL, NULL, &name, &first), STATUS_SUCCESS,
		      "libraries are found by name, whatever the case");
}

/* catches: a failure that leaves half a library in the list */
static void test_missing(void)
{
	PVOID library = NULL, address = NULL;
	UNICODE_STRING name;
	ANSI_STRING text;

	tap_is_status(library_load(L"nowhere.dll", &library), STATUS_DLL_NOT_FOUND,
		      "a library that is not there");
	RtlInitUnicodeString(&name, L"nowhere.dll");
	tap_is_status(LdrGetDllHandle(NULL, NULL, &name, &library), STATUS_DLL_NOT_FOUND,
		      "is not in the list afterwards");
	library_load(L"first.dll", &library);
	RtlInitAnsiString(&text, "first_nothing");
	tap_is_status_or(LdrGetProcedureAddress(library, &text, 0, &address),
			 STATUS_ENTRYPOINT_NOT_FOUND, STATUS_PROCEDURE_NOT_FOUND,
			 "a name that a library does not export");
	tap_is_status(library_load(L"refusing.dll", &library), STATUS_DLL_INIT_FAILED,
		      "a library that refuses to start");
}

/* catches: pages of a library that each process has for itself */
static void test_sharing(void)
{
	PVOID ntdll = NULL;
	UNICODE_STRING name;
	struct quire_memory_page page;

	if (!system_is_quire()) {
		tap_skip(2, "frames are Quire's");
		return;
	}
	RtlInitUnicodeString(&name, L"ntdll.dll");
	LdrGetDllHandle(NULL, NULL, &name, &ntdll);
	tap_ok(page_read(symbol(ntdll, "NtClose"), &page) && page.shares >= 2,
	       "ntdll's code is shared with other processes");
	tap_ok(page_read(ntdll, &page) && !page.is_private, "its headers are no private page");
}

/* ---- programs that cannot start ---- */

/* Replaces the only occurrence of a text in the image of a program by one of the same length. */
static bool text_replace(char *image, size_t bytes, const char *from, const char *to)
{
	size_t length = strlen(from) + 1; /* with its end */
	bool found = false;

	for (size_t i = 0; i + length <= bytes; i++) {
		if (memcmp(image + i, from, length))
			continue;
		memcpy(image + i, to, length);
		found = true;
	}
	return found;
}

/* The exit status of BROKEN_FILE; what it says on standard error goes to MESSAGE_FILE. */
static NTSTATUS broken_start(void)
{
	HANDLE *standard_error = &process_parameters()->standard_error, ours = *standard_error;
	NTSTATUS exit_status = STATUS_UNSUCCESSFUL, status;
	struct child child;
	struct path path;

	*standard_error = file_need(MESSAGE_FILE, FILE_WRITE_DATA);
	status = path_parse(&path, NULL, BROKEN_FILE);
	if (NT_SUCCESS(status))
		status = child_start(&child, &path.name, "broken");
	NtClose(*standard_error);
	*standard_error = ours;
	if (!NT_SUCCESS(status))
		return status;
	status = child_wait(&child, &exit_status);
	child_close(&child);
	return NT_SUCCESS(status) ? exit_status : status;
}

/* The exit status of hello.exe with that text replaced. */
static NTSTATUS broken_run(const char *from, const char *to)
{
	static char image[0x8000];
	HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA);
	NTSTATUS status;
	uint64_t bytes = 0;

	file_size(file, &bytes);
	if (bytes > sizeof(image) || !NT_SUCCESS(file_read_at(file, 0, image, (size_t)bytes)) ||
	    !text_replace(image, (size_t)bytes, from, to))
		bail_out("hello.exe", STATUS_UNSUCCESSFUL);
	NtClose(file);
	file = file_need(BROKEN_FILE, FILE_WRITE_DATA);
	status = file_write_at(file, 0, image, (size_t)bytes);
	NtClose(file);
	return NT_SUCCESS(status) ? broken_start() : status;
}

/* Does MESSAGE_FILE start with the text? */
static bool message_is(const char *text)
{
	HANDLE file = file_need(MESSAGE_FILE, FILE_READ_DATA);
	char message[200] = "";
	bool same = NT_SUCCESS(file_read_at(file, 0, message, strlen(text))) &&
		    !memcmp(message, text, strlen(text));

	NtClose(file);
	if (!same)
		tap_note("message: %s", message);
	return same;
}

/* catches: a program that runs with an import unresolved, or ends without saying why */
static void test_broken_programs(void)
{
	tap_is_status(broken_run("ntdll.dll", "mtdll.dll"), STATUS_DLL_NOT_FOUND,
		      "a program that needs a library that is not there");
	if (system_is_quire())
		tap_ok(message_is("scratch7.bin cannot start: mtdll.dll is in neither the "
				  "program's folder nor \\system32"),
		       "says which on standard error");
	else
		tap_skip(1, "Wine says it elsewhere");
	tap_is_status_or(broken_run("NtWriteFile", "NtWriteFole"), STATUS_ENTRYPOINT_NOT_FOUND,
			 WINE_STUB, "a program that needs a call that is not there");
	if (system_is_quire())
		tap_ok(message_is("scratch7.bin cannot start: ntdll.dll does not export "
				  "NtWriteFole"),
		       "says which on standard error");
	else
		tap_skip(1, "Wine says it elsewhere");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("the loader");
	touch_own_pages();
	test_relocated();
	test_dependent();
	test_missing();
	test_sharing();
	test_broken_programs();
	return tap_finish();
}

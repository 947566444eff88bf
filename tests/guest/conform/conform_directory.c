/*
 * conform_directory.c - NtQueryDirectoryObject (W19), NtOpenProcess (W22), NtAreMappedFilesTheSame
 * (3.10; P8.168).
 */
#include <string.h>

#include "kinds.h"

#define NAME KIND_FOLDER L"conform_directory"

static unsigned char buffer[1024];

static NTSTATUS list(HANDLE directory, ULONG length, BOOLEAN single, BOOLEAN restart,
		     ULONG *context)
{
	ULONG needed;

	memset(buffer, 0xCC, sizeof(buffer));
	return NtQueryDirectoryObject(directory, buffer, length, single, restart, context, &needed);
}

static bool entry_is(unsigned index, const WCHAR *name)
{
	const struct directory_information *entry = (struct directory_information *)buffer + index;
	UNICODE_STRING expected, type;

	RtlInitUnicodeString(&expected, name);
	RtlInitUnicodeString(&type, L"Event");
	return entry->name.Buffer && RtlEqualUnicodeString(&entry->name, &expected, FALSE) &&
	       RtlEqualUnicodeString(&entry->type, &type, FALSE);
}

static bool entry_is_empty(unsigned index)
{
	static const struct directory_information empty;

	return !memcmp((struct directory_information *)buffer + index, &empty, sizeof(empty));
}

static void single_cases(HANDLE directory)
{
	ULONG context = 77;
	bool first_is_one;

	case_status("W19", "one at a time, the first",
		    list(directory, sizeof(buffer), TRUE, TRUE, &context), STATUS_SUCCESS);
	first_is_one = entry_is(0, L"one");
	case_true("W19", "one at a time, the first: name and type",
		  first_is_one || entry_is(0, L"three"));
	case_true("W19", "one at a time, the first: then an empty one", entry_is_empty(1));
	case_number("W19", "one at a time, the first: context", context, 1);
	case_status("W19", "one at a time, the second",
		    list(directory, sizeof(buffer), TRUE, FALSE, &context), STATUS_SUCCESS);
	case_true("W19", "one at a time, the second: the other one",
		  entry_is(0, first_is_one ? L"three" : L"one"));
	case_number("W19", "one at a time, the second: context", context, 2);
	case_status("W19", "one at a time, the end",
		    list(directory, sizeof(buffer), TRUE, FALSE, &context), STATUS_NO_MORE_ENTRIES);
	case_number("W19", "one at a time, the end: context", context, 2);
	context = 77;
	case_status("W19", "one at a time, no room", list(directory, 40, TRUE, TRUE, &context),
		    STATUS_BUFFER_TOO_SMALL);
	case_number("W19", "one at a time, no room: context", context, 77);
}

static void several_cases(HANDLE directory)
{
	/* Three entries, the last one empty; names and types with their NULs. */
	const ULONG all = 3 * 32 + 2 * (4 + 6 + 6 + 6);
	ULONG context = 77;

	case_status("W19", "several, all fit",
		    list(directory, sizeof(buffer), FALSE, TRUE, &context), STATUS_SUCCESS);
	case_number("W19", "several, all fit: context", context, 2);
	case_true("W19", "several, all fit: both, and an empty one",
		  (entry_is(0, L"one") || entry_is(0, L"three")) &&
			  (entry_is(1, L"one") || entry_is(1, L"three")) && entry_is_empty(2));
	case_status("W19", "several, just enough room", list(directory, all, FALSE, TRUE, &context),
		    STATUS_SUCCESS);
	case_number("W19", "several, just enough room: context", context, 2);
	case_status("W19", "several, one byte less",
		    list(directory, all - 1, FALSE, TRUE, &context), STATUS_MORE_ENTRIES);
	case_number("W19", "several, one byte less: context", context, 1);
	case_status("W19", "several, the rest", list(directory, all - 1, FALSE, FALSE, &context),
		    STATUS_SUCCESS);
	case_number("W19", "several, the rest: context", context, 2);
}

static void directory_cases(void)
{
	HANDLE directory = kind_need(KIND_DIRECTORY, NAME), weak, one, two;
	ULONG context = 77;

	case_call("NtQueryDirectoryObject");
	case_status("W19", "an empty directory, one at a time",
		    list(directory, sizeof(buffer), TRUE, TRUE, &context), STATUS_NO_MORE_ENTRIES);
	case_status("W19", "an empty directory, several",
		    list(directory, sizeof(buffer), FALSE, TRUE, &context), STATUS_NO_MORE_ENTRIES);
	case_number("W19", "an empty directory: context", context, 77);
	one = kind_need(KIND_EVENT, NAME L"\\one");
	two = kind_need(KIND_EVENT, NAME L"\\three");
	single_cases(directory);
	several_cases(directory);
	weak = handle_with(directory, DIRECTORY_TRAVERSE);
	case_status("C2", "a handle without QUERY",
		    list(weak, sizeof(buffer), TRUE, TRUE, &context), STATUS_ACCESS_DENIED);
	case_status("C1", "an event", list(one, sizeof(buffer), TRUE, TRUE, &context),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("C2", "handle 0", list(NULL, sizeof(buffer), TRUE, TRUE, &context),
		    STATUS_INVALID_HANDLE);
	NtClose(weak);
	NtClose(two);
	NtClose(one);
	NtClose(directory);
}

/* ---- processes by number ---- */

static NTSTATUS process_open(const OBJECT_ATTRIBUTES *attributes, const CLIENT_ID *id)
{
	HANDLE process;
	NTSTATUS status = NtOpenProcess(&process, PROCESS_QUERY_INFORMATION, attributes, id);

	if (NT_SUCCESS(status))
		NtClose(process);
	return status;
}

static void process_cases(void)
{
	const CLIENT_ID self = *(const CLIENT_ID *)((const char *)NtCurrentTeb() + 0x40);
	CLIENT_ID id = {.UniqueProcess = self.UniqueProcess};
	OBJECT_ATTRIBUTES attributes;

	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	case_call("NtOpenProcess");
	case_status("W22", "by number", process_open(&attributes, &id), STATUS_SUCCESS);
	case_status("W22", "by number and one of its threads", process_open(&attributes, &self),
		    STATUS_SUCCESS);
	case_status("W22", "attributes NULL", process_open(NULL, &id), STATUS_ACCESS_VIOLATION);
	case_status("W22", "client id NULL", process_open(&attributes, NULL),
		    STATUS_INVALID_PARAMETER_MIX);
	id.UniqueProcess = (HANDLE)(uintptr_t)0xFFFFFFF0;
	case_status("W22", "a number that nobody has", process_open(&attributes, &id),
		    STATUS_INVALID_CID);
}

/* ---- mapped files ---- */

static char *view_of(const char *path, ULONG attributes)
{
	HANDLE file = file_need(path, FILE_READ_DATA | FILE_EXECUTE), section;
	char *view;

	if (!NT_SUCCESS(section_make(&section, 0, PAGE_READONLY, attributes, file)))
		bail_out(path, STATUS_UNSUCCESSFUL);
	view = view_need(section, PAGE_READONLY);
	NtClose(section);
	NtClose(file);
	return view;
}

static void mapped_file_cases(void)
{
	char *data = view_of(IMAGE_FILE, SEC_COMMIT), *second = view_of(IMAGE_FILE, SEC_COMMIT),
	     *image = view_of(IMAGE_FILE, SEC_IMAGE), *twin = view_of(IMAGE_FILE, SEC_IMAGE),
	     *odd = view_of(ODD_FILE, SEC_COMMIT), *memory = memory_need(PAGE_BYTES);
	const struct {
		const char *id, *what;
		PVOID first, second;
		NTSTATUS expected;
	} rows[] = {
		{"P8.168", "image, data", image, data, STATUS_SUCCESS},
		{"P8.168", "data, image", data, image, STATUS_NOT_SAME_DEVICE},
		{"3.10", "one data view twice", data, data, STATUS_SUCCESS},
		{"3.10", "one data view, another offset", data, data + 100, STATUS_SUCCESS},
		{"3.10", "two data views of a file", data, second, STATUS_NOT_SAME_DEVICE},
		{"3.10", "two images of a file", image, twin, STATUS_SUCCESS},
		{"3.10", "the same, the other way", twin, image, STATUS_SUCCESS},
		{"3.10", "image, data of another file", image, odd, STATUS_NOT_SAME_DEVICE},
		{"3.10", "data of two files", data, odd, STATUS_NOT_SAME_DEVICE},
		{"3.10", "NULL, data", NULL, data, STATUS_INVALID_ADDRESS},
		{"3.10", "data, NULL", data, NULL, STATUS_INVALID_ADDRESS},
		{"3.10", "memory, NULL", memory, NULL, STATUS_INVALID_ADDRESS},
		{"3.10", "memory, data", memory, data, STATUS_CONFLICTING_ADDRESSES},
		{"3.10", "data, memory", data, memory, STATUS_CONFLICTING_ADDRESSES},
		{"3.10", "memory twice", memory, memory, STATUS_CONFLICTING_ADDRESSES},
	};

	case_call("NtAreMappedFilesTheSame");
	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		case_status(rows[i].id, rows[i].what,
			    NtAreMappedFilesTheSame(rows[i].first, rows[i].second),
			    rows[i].expected);
	memory_drop(memory);
	view_drop(odd);
	view_drop(twin);
	view_drop(image);
	view_drop(second);
	view_drop(data);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_directory: what is in a directory, which process, which file");
	directory_cases();
	process_cases();
	mapped_file_cases();
	return case_finish();
}

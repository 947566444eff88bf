/*
 * tidy.c - before and after: the folder of the fuzzer's files is made and deleted, and processes
 * that its calls left behind are ended.
 */
#include <string.h>

#include "fuzz.h"

#define PROCESSES_MOST 256u
#define PASSES 4u /* a folder goes when it is empty */

static struct quire_process_entry before[PROCESSES_MOST];
static unsigned before_count;

/* => returns: how many entries the system gave; 0 if they do not fit. */
static unsigned processes_read(struct quire_process_entry *entries)
{
	ULONG bytes = 0;

	if (!NT_SUCCESS(NtQuerySystemInformation(QUIRE_SYSTEM_PROCESSES, entries,
						 PROCESSES_MOST * sizeof(*entries), &bytes)))
		return 0;
	return bytes / sizeof(*entries);
}

static bool was_there(uint64_t id)
{
	for (unsigned i = 0; i < before_count; i++)
		if (before[i].id == id)
			return true;
	return false;
}

static void process_end(uint64_t id)
{
	OBJECT_ATTRIBUTES attributes;
	CLIENT_ID client = {.UniqueProcess = (HANDLE)(uintptr_t)id};
	HANDLE process;

	InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
	if (!NT_SUCCESS(NtOpenProcess(&process, PROCESS_ALL_ACCESS, &attributes, &client)))
		return;
	NtTerminateProcess(process, STATUS_UNSUCCESSFUL);
	NtWaitForSingleObject(process, FALSE, NULL);
	NtClose(process);
}

/* ---- files ---- */

static NTSTATUS folder_open(HANDLE *folder, HANDLE root, UNICODE_STRING *name, ULONG disposition)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io;

	InitializeObjectAttributes(&attributes, name, 0, root, NULL);
	return NtCreateFile(folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &io, NULL, 0,
			    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, disposition,
			    FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static void files_delete(HANDLE folder, unsigned depth);

static void entry_delete(HANDLE folder, FILE_DIRECTORY_INFORMATION *entry, unsigned depth)
{
	UNICODE_STRING name = {.Length = (USHORT)entry->FileNameLength,
			       .MaximumLength = (USHORT)entry->FileNameLength,
			       .Buffer = entry->FileName};
	OBJECT_ATTRIBUTES attributes;
	HANDLE inner;

	if (entry->FileName[0] == L'.' && entry->FileNameLength <= 4)
		return;
	if (entry->FileAttributes & FILE_ATTRIBUTE_DIRECTORY && depth &&
	    NT_SUCCESS(folder_open(&inner, folder, &name, FILE_OPEN))) {
		files_delete(inner, depth - 1);
		NtClose(inner);
	}
	InitializeObjectAttributes(&attributes, &name, 0, folder, NULL);
	NtDeleteFile(&attributes);
}

/* One entry at a time, from the start: what is listed goes, or is passed over. */
static void files_delete(HANDLE folder, unsigned depth)
{
	static char buffers[PASSES][1024] __attribute__((aligned(8)));
	FILE_DIRECTORY_INFORMATION *entry = (void *)buffers[depth];
	IO_STATUS_BLOCK io;

	for (unsigned pass = 0; pass < PASSES; pass++) {
		BOOLEAN restart = TRUE;

		while (NT_SUCCESS(NtQueryDirectoryFile(folder, NULL, NULL, NULL, &io, entry,
						       sizeof(buffers[0]), FileDirectoryInformation,
						       TRUE, NULL, restart))) {
			restart = FALSE;
			entry_delete(folder, entry, depth);
		}
	}
}

static NTSTATUS file_open(HANDLE *file, const WCHAR *path, ACCESS_MASK access, ULONG disposition)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	IO_STATUS_BLOCK io;

	RtlInitUnicodeString(&name, path);
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	return NtCreateFile(file, access | SYNCHRONIZE, &attributes, &io, NULL, 0, FILE_SHARE_READ,
			    disposition, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

/* A program of the fuzzer's own, to map, run, write to and delete. */
static NTSTATUS program_copy(void)
{
	static char buffer[PAGE_BYTES];
	IO_STATUS_BLOCK io;
	HANDLE from, to;
	NTSTATUS status = file_open(&from, L"\\??\\C:\\bin\\hello.exe", FILE_READ_DATA, FILE_OPEN);

	if (!NT_SUCCESS(status))
		return status;
	status = file_open(&to, FOLDER L"\\hello.exe", FILE_WRITE_DATA, FILE_OVERWRITE_IF);
	if (NT_SUCCESS(status)) {
		while (NT_SUCCESS(NtReadFile(from, NULL, NULL, NULL, &io, buffer, sizeof(buffer),
					     NULL, NULL)) &&
		       NT_SUCCESS(status))
			status = NtWriteFile(to, NULL, NULL, NULL, &io, buffer,
					     (ULONG)io.Information, NULL, NULL);
		NtClose(to);
	}
	NtClose(from);
	return status;
}

NTSTATUS tidy_begin(void)
{
	UNICODE_STRING name;
	HANDLE folder;
	NTSTATUS status;

	before_count = processes_read(before);
	RtlInitUnicodeString(&name, FOLDER);
	status = folder_open(&folder, NULL, &name, FILE_OPEN_IF);
	if (!NT_SUCCESS(status))
		return status;
	NtClose(folder);
	return program_copy();
}

static struct quire_process_entry now[PROCESSES_MOST];

void tidy_children_of(uint64_t parent_id)
{
	for (unsigned i = processes_read(now); i-- > 0;)
		if (now[i].parent_id == parent_id)
			process_end(now[i].id);
}

void tidy_end(void)
{
	struct quire_disk disk = {0};
	UNICODE_STRING name;
	OBJECT_ATTRIBUTES attributes;
	HANDLE folder;

	for (unsigned pass = 0; pass < PASSES; pass++)
		for (unsigned i = processes_read(now); i-- > 0;)
			if (!was_there(now[i].id))
				process_end(now[i].id);
	NtSetSystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_DISK, &disk, sizeof(disk));
	RtlInitUnicodeString(&name, FOLDER);
	if (NT_SUCCESS(folder_open(&folder, NULL, &name, FILE_OPEN))) {
		files_delete(folder, PASSES - 1);
		NtClose(folder);
	}
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	NtDeleteFile(&attributes);
}

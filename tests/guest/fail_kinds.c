/*
 * fail_kinds.c - kinds of memory, each made by calls that may fail, and given back.
 */
#include "fail_kinds.h"

#define BYTES (PAGES * PAGE_BYTES)

struct memory it;

static NTSTATUS allocate(ULONG type, SIZE_T bytes, ULONG protection)
{
	PVOID base = NULL;
	NTSTATUS status =
		NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, type, protection);

	it.allocation_type = type;
	it.at = base;
	return status;
}

static NTSTATUS make_private(void)
{
	return allocate(MEM_RESERVE | MEM_COMMIT, BYTES, PAGE_READWRITE);
}

static NTSTATUS make_watched(void)
{
	return allocate(MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, BYTES, PAGE_READWRITE);
}

NTSTATUS commit_page(char *at)
{
	PVOID base = at;
	SIZE_T bytes = PAGE_BYTES;

	return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT,
				       PAGE_READWRITE);
}

/* The middle page stays reserved until commit_middle. */
static NTSTATUS make_in_parts(void)
{
	NTSTATUS status = allocate(MEM_RESERVE, BYTES, PAGE_NOACCESS);

	for (unsigned i = 0; NT_SUCCESS(status) && i < PAGES; i++)
		status = commit_page(it.at + (PAGES - 1 - i) * PAGE_BYTES);
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return status;
}

static NTSTATUS make_apart(void)
{
	NTSTATUS status = allocate(MEM_RESERVE, PAGES * FAR_APART, PAGE_NOACCESS);

	it.is_apart = true;
	for (unsigned i = 0; NT_SUCCESS(status) && i < PAGES; i++)
		status = commit_page(it.at + i * FAR_APART);
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return status;
}

static NTSTATUS make_view(uint64_t bytes, ULONG attributes, ULONG section_protection,
			  ULONG protection)
{
	PVOID base = NULL;
	SIZE_T view_bytes = 0;
	NTSTATUS status = section_make(&it.section, bytes, section_protection, attributes, it.file);

	if (NT_SUCCESS(status))
		status = NtMapViewOfSection(it.section, CURRENT_PROCESS, &base, 0, 0, NULL,
					    &view_bytes, ViewShare, 0, protection);
	it.at = base;
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return NT_SUCCESS(status) ? STATUS_SUCCESS : status;
}

static NTSTATUS make_shared(void)
{
	return make_view(BYTES, SEC_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
}

static NTSTATUS make_shared_copied(void)
{
	return make_view(BYTES, SEC_COMMIT, PAGE_READWRITE, PAGE_WRITECOPY);
}

static NTSTATUS make_shared_reserved(void)
{
	NTSTATUS status = make_view(BYTES, SEC_RESERVE, PAGE_READWRITE, PAGE_READWRITE);

	for (unsigned i = 0; NT_SUCCESS(status) && i < PAGES; i++)
		status = commit_page(it.at + i * PAGE_BYTES);
	if (!NT_SUCCESS(status))
		memory_drop_it();
	return status;
}

/* A section so large that its state words need tables of their own. */
static NTSTATUS make_shared_large(void)
{
	return make_view(0x40000000, SEC_RESERVE, PAGE_READWRITE, PAGE_READWRITE);
}

static NTSTATUS open_file(const char *path, ACCESS_MASK access)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name;
	static WCHAR text[64];
	IO_STATUS_BLOCK io;
	size_t length = 0;

	for (; path[length]; length++)
		text[length] = (unsigned char)path[length];
	text[length] = 0;
	RtlInitUnicodeString(&name, text);
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	return NtOpenFile(&it.file, access | SYNCHRONIZE, &attributes, &io,
			  FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS make_file(ULONG section_protection, ULONG protection, const char *path,
			  ACCESS_MASK access, ULONG attributes)
{
	NTSTATUS status = open_file(path, access);

	if (NT_SUCCESS(status))
		status = make_view(0, attributes, section_protection, protection);
	if (!NT_SUCCESS(status) && it.file)
		NtClose(it.file);
	if (!NT_SUCCESS(status))
		it.file = NULL;
	return status;
}

#define OWN_FILE "\\??\\C:\\data\\scratch1.bin"

static NTSTATUS make_file_read(void)
{
	it.is_read_only = true;
	return make_file(PAGE_READONLY, PAGE_READONLY, OWN_FILE, FILE_READ_DATA, SEC_COMMIT);
}

static NTSTATUS make_file_written(void)
{
	return make_file(PAGE_READWRITE, PAGE_READWRITE, OWN_FILE, FILE_READ_DATA | FILE_WRITE_DATA,
			 SEC_COMMIT);
}

static NTSTATUS make_file_copied(void)
{
	return make_file(PAGE_WRITECOPY, PAGE_WRITECOPY, OWN_FILE, FILE_READ_DATA, SEC_COMMIT);
}

static NTSTATUS make_image(void)
{
	it.is_read_only = true;
	return make_file(PAGE_EXECUTE_READ, PAGE_EXECUTE_READ, "\\??\\C:\\bin\\hello.exe",
			 FILE_READ_DATA | FILE_EXECUTE, SEC_IMAGE);
}

void memory_drop_it(void)
{
	PVOID base = it.at;
	SIZE_T bytes = 0;

	if (it.allocation_type && base)
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
	else if (base)
		NtUnmapViewOfSection(CURRENT_PROCESS, base);
	base = it.second;
	bytes = 0;
	if (base)
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
	if (it.section)
		NtClose(it.section);
	it.at = it.second = NULL;
	it.section = NULL;
}

const struct memory_kind memory_kinds[] = {
	{"private", make_private},
	{"watched", make_watched},
	{"committed in parts", make_in_parts},
	{"far apart", make_apart},
	{"shared", make_shared},
	{"shared, copied on write", make_shared_copied},
	{"shared, reserved", make_shared_reserved},
	{"shared, 1 GiB", make_shared_large},
	{"a file, read", make_file_read},
	{"a file, written", make_file_written},
	{"a file, copied on write", make_file_copied},
	{"an image", make_image},
};

const size_t memory_kinds_count = COUNT_OF(memory_kinds);

/*
 * conform_query_memory.c - NtQueryVirtualMemory: regions, names of mapped files, allocations, pages
 * in the working set (5.4; P7.148, P7.149).
 */
#include <string.h>

#include "memory.h"

#define CALL "NtQueryVirtualMemory"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define HIGHEST_ADDRESS ((PVOID)(USER_LIMIT - 1))
#define LOWEST_ADDRESS ((PVOID)0x10000)

enum { CLASS_BASIC = 0, CLASS_FILE_NAME = 2, CLASS_REGION = 3, CLASS_WORKING_SET_EX = 4 };

static NTSTATUS query(const void *address, ULONG class, void *buffer, SIZE_T length,
		      SIZE_T *return_length)
{
	return NtQueryVirtualMemory(CURRENT_PROCESS, address, class, buffer, length, return_length);
}

static NTSTATUS query_basic(const void *address)
{
	MEMORY_BASIC_INFORMATION region;

	return query(address, CLASS_BASIC, &region, sizeof(region), NULL);
}

static void test_lengths_and_addresses(void)
{
	MEMORY_BASIC_INFORMATION regions[2];
	SIZE_T length = 0;

	case_status("5.4", "Basic, 47 bytes", query(regions, CLASS_BASIC, regions, 47, NULL),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("5.4", "Basic, 48 bytes", query(regions, CLASS_BASIC, regions, 48, &length),
		    STATUS_SUCCESS);
	case_number("5.4", "Basic, 48 bytes: RetLen", length, 48);
	case_status("5.4", "Basic, 96 bytes", query(regions, CLASS_BASIC, regions, 96, &length),
		    STATUS_SUCCESS);
	case_number("5.4", "Basic, 96 bytes: RetLen", length, 48);
	case_status("P7.148", "address -1", query_basic((PVOID)UINTPTR_MAX),
		    STATUS_INVALID_PARAMETER);
	case_status("P7.148", "the highest user address + 1", query_basic((PVOID)USER_LIMIT),
		    STATUS_INVALID_PARAMETER);
	case_status("5.4", "the highest user address", query_basic(HIGHEST_ADDRESS),
		    STATUS_SUCCESS);
	case_status("5.4", "the lowest user address", query_basic(LOWEST_ADDRESS), STATUS_SUCCESS);
	case_status("5.4", "the lowest user address - 1", query_basic((PVOID)0xFFFF),
		    STATUS_SUCCESS);
}

static void test_arguments(void)
{
	MEMORY_BASIC_INFORMATION region;
	HANDLE operator= process_with(PROCESS_VM_OPERATION);
	HANDLE limited = process_with(PROCESS_QUERY_LIMITED_INFORMATION);

	case_status("5.4", "buffer NULL", query(&region, CLASS_BASIC, NULL, sizeof(region), NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.4", "RetLen bad",
		    query(&region, CLASS_BASIC, &region, sizeof(region), BAD_POINTER),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.4", "process handle 0",
		    NtQueryVirtualMemory(NULL, &region, CLASS_BASIC, &region, sizeof(region), NULL),
		    STATUS_INVALID_HANDLE);
	case_status("5.4", "handle with VM_OPERATION alone",
		    NtQueryVirtualMemory(operator, & region, CLASS_BASIC, &region, sizeof(region),
					 NULL),
		    STATUS_ACCESS_DENIED);
	case_status(
		"5.4", "handle with QUERY_LIMITED_INFORMATION",
		NtQueryVirtualMemory(limited, &region, CLASS_BASIC, &region, sizeof(region), NULL),
		STATUS_SUCCESS);
	case_status("5.4", "an unknown class",
		    query(&region, 0x7FFF, &region, sizeof(region), NULL),
		    STATUS_INVALID_INFO_CLASS);
	case_status("5.4", "order: address, buffer, handle wrong",
		    NtQueryVirtualMemory(NULL, (PVOID)UINTPTR_MAX, CLASS_BASIC, NULL, 48, NULL),
		    STATUS_INVALID_PARAMETER);
	case_status("5.4", "order: buffer, handle wrong",
		    NtQueryVirtualMemory(NULL, &region, CLASS_BASIC, NULL, 48, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.4", "order: handle, length wrong",
		    NtQueryVirtualMemory(NULL, &region, CLASS_BASIC, &region, 47, NULL),
		    STATUS_INVALID_HANDLE);
	NtClose(operator);
	NtClose(limited);
}

static void test_regions(void)
{
	struct range range = range_of(FIXED_ADDRESS, 0x10000);
	MEMORY_BASIC_INFORMATION region;

	range_allocate(&range, MEM_RESERVE, PAGE_READWRITE);
	region = region_at((PVOID)(FIXED_ADDRESS + 0xF700));
	case_number("5.4", "inside: BaseAddress", (uintptr_t)region.BaseAddress,
		    FIXED_ADDRESS + 0xF000);
	case_number("5.4", "inside: RegionSize from there to the end", region.RegionSize, 0x1000);
	case_number("5.4", "inside: AllocationBase", (uintptr_t)region.AllocationBase,
		    FIXED_ADDRESS);
	range_drop((PVOID)FIXED_ADDRESS);
	range = range_of(FIXED_ADDRESS + 0x40000, 0x1000);
	range_allocate(&range, MEM_RESERVE, PAGE_READWRITE);
	region = region_at((PVOID)(FIXED_ADDRESS + 0x10123));
	case_state("5.4", "free: State", region.State, MEM_FREE);
	case_protection("5.4", "free: Protect", region.Protect, PAGE_NOACCESS);
	case_true("5.4", "free: AllocationBase NULL", !region.AllocationBase);
	case_number("5.4", "free: AllocationProtect", region.AllocationProtect, 0);
	case_number("5.4", "free: Type", region.Type, 0);
	case_number("5.4", "free: RegionSize to the next allocation", region.RegionSize, 0x30000);
	range_drop(range.base);
	region = region_at((PVOID)SHARED_DATA_ADDRESS);
	case_state("5.4", "shared data page: State", region.State, MEM_COMMIT);
	case_protection("5.4", "shared data page: Protect", region.Protect, PAGE_READONLY);
	case_true("5.4", "shared data page: Type PRIVATE", region.Type == MEM_PRIVATE);
	case_number("5.4", "shared data page: RegionSize", region.RegionSize, 0x1000);
}

static bool ends_with(const UNICODE_STRING *name, const char *ending)
{
	size_t chars = name->Length / sizeof(WCHAR), count = strlen(ending);

	if (chars < count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (name->Buffer[chars - count + i] != (WCHAR)ending[i])
			return false;
	return true;
}

static bool begins_with(const UNICODE_STRING *name, const WCHAR *beginning)
{
	UNICODE_STRING prefix;

	RtlInitUnicodeString(&prefix, beginning);
	return RtlPrefixUnicodeString(&prefix, (PUNICODE_STRING)name, TRUE);
}

struct name_buffer {
	UNICODE_STRING name;
	WCHAR text[300];
};

static void test_name_of(const char *kind, const void *address, const char *ending)
{
	struct name_buffer buffer = {.name = {.Length = 0}};
	SIZE_T length = 0;
	NTSTATUS status = query(address, CLASS_FILE_NAME, &buffer, sizeof(buffer), &length);

	case_status("5.4", case_format("file name of %s", kind), status, STATUS_SUCCESS);
	case_true("5.4", case_format("file name of %s: the file's", kind),
		  NT_SUCCESS(status) && ends_with(&buffer.name, ending));
	case_true("5.4", case_format("file name of %s: \\Device\\...", kind),
		  NT_SUCCESS(status) && begins_with(&buffer.name, L"\\Device\\"));
	case_true("5.4", case_format("file name of %s: NUL-terminated, MaximumLength", kind),
		  NT_SUCCESS(status) &&
			  buffer.name.MaximumLength == buffer.name.Length + sizeof(WCHAR) &&
			  !buffer.name.Buffer[buffer.name.Length / sizeof(WCHAR)]);
	case_true("5.4", case_format("file name of %s: behind the structure", kind),
		  buffer.name.Buffer == buffer.text);
	case_true("5.4", case_format("file name of %s: RetLen", kind),
		  length == sizeof(UNICODE_STRING) + buffer.name.MaximumLength);
}

static void test_name_lengths(const void *view)
{
	struct name_buffer buffer;
	SIZE_T needed = 0, length = 0;
	NTSTATUS status = query(view, CLASS_FILE_NAME, &buffer, sizeof(buffer), &needed);

	buffer.name = (UNICODE_STRING){.Length = 0x1234};
	case_status("5.4", "file name, one byte too few",
		    query(view, CLASS_FILE_NAME, &buffer, needed ? needed - 1 : 0x30, &length),
		    STATUS_BUFFER_OVERFLOW);
	case_true("5.4", "file name, one byte too few: RetLen is what is needed",
		  NT_SUCCESS(status) && length == needed);
	case_number("5.4", "file name, one byte too few: structure untouched", buffer.name.Length,
		    0x1234);
	case_status("5.4", "file name, 16 bytes", query(view, CLASS_FILE_NAME, &buffer, 16, NULL),
		    STATUS_BUFFER_OVERFLOW);
	length = 0;
	case_status("5.4", "file name, 15 bytes",
		    query(view, CLASS_FILE_NAME, &buffer, 15, &length),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_true("5.4", "file name, 15 bytes: RetLen is what is needed",
		  NT_SUCCESS(status) && length == needed);
	case_status("5.4", "file name, buffer NULL", query(view, CLASS_FILE_NAME, NULL, 300, NULL),
		    STATUS_ACCESS_VIOLATION);
	length = 77;
	case_status(
		"5.4", "file name, process handle 0",
		NtQueryVirtualMemory(NULL, view, CLASS_FILE_NAME, &buffer, sizeof(buffer), &length),
		STATUS_INVALID_HANDLE);
	case_number("5.4", "file name, process handle 0: RetLen untouched", length, 77);
}

static void test_names(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA), section;
	char *view = NULL, *memory = range_need(0x1000, COMMITTED, PAGE_READWRITE);
	struct name_buffer buffer;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view_make(section, PAGE_READONLY, &view);
	test_name_of("a data view", view + 0x1234, "scratch0.bin");
	test_name_of("an image view", (const void *)(uintptr_t)test_name_of,
		     "conform_query_memory.exe");
	test_name_lengths(view);
	view_drop(view);
	NtClose(section);
	NtClose(file);
	case_status("P7.149", "file name of private memory",
		    query(memory, CLASS_FILE_NAME, &buffer, sizeof(buffer), NULL),
		    STATUS_INVALID_ADDRESS);
	case_status("5.4", "file name of private memory, 15 bytes",
		    query(memory, CLASS_FILE_NAME, &buffer, 15, NULL), STATUS_INVALID_ADDRESS);
	range_drop(memory);
	case_status("5.4", "file name of free memory",
		    query(memory, CLASS_FILE_NAME, &buffer, sizeof(buffer), NULL),
		    STATUS_INVALID_ADDRESS);
	section = section_need(0x1000);
	view = view_need(section, PAGE_READWRITE);
	case_status("P7.149", "file name of a page-file view",
		    query(view, CLASS_FILE_NAME, &buffer, sizeof(buffer), NULL),
		    STATUS_FILE_INVALID);
	view_drop(view);
	NtClose(section);
}

/* MEMORY_REGION_INFORMATION */
struct allocation {
	PVOID base;
	ULONG protection, type;
	SIZE_T bytes, commit_bytes;
};

static void test_allocation(const char *kind, const char *base, SIZE_T bytes, ULONG protection)
{
	struct allocation allocation = {.type = 0xFFFF};

	case_status("5.4", case_format("region of %s", kind),
		    query(base, CLASS_REGION, &allocation, sizeof(allocation), NULL),
		    STATUS_SUCCESS);
	case_true("5.4", case_format("region of %s: AllocationBase", kind),
		  allocation.base == base);
	case_protection("5.4", case_format("region of %s: AllocationProtect", kind),
			allocation.protection, protection);
	case_number("5.4", case_format("region of %s: RegionSize", kind), allocation.bytes, bytes);
	case_number("5.4", case_format("region of %s: type bits", kind), allocation.type, 0);
}

static void test_allocations(void)
{
	char *memory = range_need(0x10000, MEM_RESERVE, PAGE_READWRITE);
	struct range range = {memory + 0x2000, 0x1000};
	HANDLE section = section_need(0x3000);
	char *view = view_need(section, PAGE_READONLY);
	struct allocation allocation;

	range_allocate(&range, MEM_COMMIT, PAGE_READONLY);
	test_allocation("private memory", memory, 0x10000, PAGE_READWRITE);
	test_allocation("a page-file view", view, 0x3000, PAGE_READONLY);
	case_status("5.4", "region, 23 bytes", query(memory, CLASS_REGION, &allocation, 23, NULL),
		    STATUS_INFO_LENGTH_MISMATCH);
	case_status("5.4", "region, 24 bytes", query(memory, CLASS_REGION, &allocation, 24, NULL),
		    STATUS_SUCCESS);
	view_drop(view);
	NtClose(section);
	range_drop(memory);
}

/* MEMORY_WORKING_SET_EX_INFORMATION */
struct page_state {
	const void *address;
	uint64_t flags; /* bit 0 valid, 1..3 shares, 4..14 protection, 15 shared */
};

#define PAGE_IS_VALID 1u
#define PAGE_IS_SHARED 0x8000u

static uint64_t page_flags(const void *address)
{
	struct page_state page = {address, 0};

	return NT_SUCCESS(query(NULL, CLASS_WORKING_SET_EX, &page, sizeof(page), NULL))
		       ? page.flags
		       : UINT64_MAX;
}

static ULONG protection_of(uint64_t flags)
{
	return (ULONG)(flags / 16 % 0x800);
}

static void test_working_set(void)
{
	char *memory = range_need(0x2000, COMMITTED, PAGE_READWRITE);
	struct page_state pages[2] = {{memory, 0}, {memory + 0x1000, 0}};
	uint64_t flags;

	case_status("5.4", "working set, two pages",
		    query(NULL, CLASS_WORKING_SET_EX, pages, sizeof(pages), NULL), STATUS_SUCCESS);
	case_number("5.4", "an untouched page: Valid", pages[0].flags % 2, 0);
	memory[0] = 1;
	flags = page_flags(memory);
	case_number("5.4", "after a store: Valid", flags % 2, 1);
	case_protection("5.4", "after a store: Win32Protection", protection_of(flags),
			PAGE_READWRITE);
	case_number("5.4", "the other page: Valid", page_flags(memory + 0x1000) % 2, 0);
	((volatile char *)memory)[0x1000];
	case_number("5.4", "after a load: Valid", page_flags(memory + 0x1000) % 2, 1);
	protect(memory, 1, PAGE_NOACCESS, NULL);
	case_number("5.4", "set NA: Valid", page_flags(memory) % 2, 0);
	protect(memory, 1, PAGE_READWRITE, NULL);
	case_number("5.4", "set back to RW: Valid", page_flags(memory) % 2, 0);
	memory[0] = 1;
	case_number("5.4", "touched again: Valid", page_flags(memory) % 2, 1);
	range_drop(memory);
	flags = page_flags((const void *)(uintptr_t)test_working_set);
	case_number("5.4", "code that runs: Valid", flags % 2, 1);
	case_true("5.4", "code that runs: Shared", (flags & PAGE_IS_SHARED) != 0);
	case_protection("5.4", "code that runs: Win32Protection", protection_of(flags),
			PAGE_EXECUTE_READ);
}

/* An image that nobody here has touched */
static void test_image_pages(void)
{
	HANDLE file = file_need(IMAGE_FILE, FILE_READ_DATA | FILE_EXECUTE), section;
	char *view = NULL;
	uint64_t flags;

	section_make(&section, 0, PAGE_EXECUTE, SEC_IMAGE, file);
	view_make(section, PAGE_EXECUTE_READ, &view);
	flags = page_flags(view + 0x1000);
	case_number("5.4", "an untouched image page: Valid", flags % 2, 0);
	case_true("5.4", "an untouched image page: Shared", (flags & PAGE_IS_SHARED) != 0);
	view_drop(view);
	NtClose(section);
	NtClose(file);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_query_memory: NtQueryVirtualMemory");
	case_call(CALL);
	test_lengths_and_addresses();
	test_arguments();
	test_regions();
	test_names();
	test_allocations();
	test_working_set();
	test_image_pages();
	return case_finish();
}

/*
 * test_query_memory.c - the classes of NtQueryVirtualMemory beyond the first (5.4; P7.148, P7.149).
 */
#include <string.h>

#include "guest.h"

enum {
	CLASS_WORKING_SET = 1,
	CLASS_FILE_NAME,
	CLASS_REGION,
	CLASS_WORKING_SET_EX,
	CLASS_SHARED_COMMIT,
	CLASS_IMAGE,
	CLASS_REGION_EX,
	CLASS_CAPPED = 10,
};

struct region_information {
	PVOID allocation_base;
	ULONG allocation_protect, type;
	SIZE_T bytes, commit_bytes, partition, node;
};

struct residence {
	const void *address;
	uint64_t attributes;
};

#define VALID 1u
#define SHARED 0x8000u
#define LOCKED 0x400000u
#define SHARES(attributes) ((attributes) >> 1 & 7)
#define PROTECTION(attributes) ((attributes) >> 4 & 0x7FF)

static SIZE_T length;

static NTSTATUS query(const void *address, ULONG class, void *buffer, size_t bytes)
{
	length = 0xABCD;
	return NtQueryVirtualMemory(CURRENT_PROCESS, address, class, buffer, bytes, &length);
}

static bool ends_with(const UNICODE_STRING *text, const char *end)
{
	size_t chars = text->Length / sizeof(WCHAR), wanted = strlen(end);

	if (chars < wanted)
		return false;
	for (size_t i = 0; i < wanted; i++)
		if (text->Buffer[chars - wanted + i] != (WCHAR)(unsigned char)end[i])
			return false;
	return true;
}

/* catches: lengths that count characters; a struct written although its text does not fit */
static void test_file_name(void)
{
	static union {
		UNICODE_STRING text;
		char bytes[1024];
	} buffer;
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA), section;
	char *view, *memory = memory_need(PAGE_BYTES);
	SIZE_T needed;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	tap_is_status(query(view + 100, CLASS_FILE_NAME, &buffer, sizeof(buffer)), STATUS_SUCCESS,
		      "5.4: the name of a mapped file");
	tap_ok(ends_with(&buffer.text, "data\\scratch0.bin"), "5.4: it is that of the file");
	tap_is_number(buffer.text.MaximumLength, buffer.text.Length + 2u, "5.4: a final 0");
	tap_ok(buffer.text.Buffer == (WCHAR *)(&buffer.text + 1), "5.4: the text follows");
	tap_is_number(length, sizeof(UNICODE_STRING) + buffer.text.MaximumLength,
		      "5.4: return length");
	needed = length;
	if (system_is_quire())
		tap_ok(!memcmp(buffer.text.Buffer, L"\\Device\\RamDisk\\", 32),
		       "5.4: a device path");
	else
		tap_skip(1, "W15, and another device");
	memset(&buffer, 0x55, sizeof(buffer));
	tap_is_status(query(view, CLASS_FILE_NAME, &buffer, needed - 1), STATUS_BUFFER_OVERFLOW,
		      "5.4: one byte too few");
	tap_is_number(length, needed, "5.4: the length that is needed");
	tap_is_number(buffer.text.Length, 0x5555, "5.4: nothing is written then");
	tap_is_status(query(view, CLASS_FILE_NAME, &buffer, 15), STATUS_INFO_LENGTH_MISMATCH,
		      "5.4: no room for the structure");
	tap_is_number(length, needed, "5.4: the length that is needed");
	tap_is_status(query(memory, CLASS_FILE_NAME, &buffer, 1), STATUS_INVALID_ADDRESS,
		      "P7.149: private memory, before the length");
	tap_is_status(query(NULL, CLASS_FILE_NAME, &buffer, sizeof(buffer)), STATUS_INVALID_ADDRESS,
		      "5.4: free memory");
	tap_is_status(query(view, CLASS_FILE_NAME, NULL, sizeof(buffer)), STATUS_ACCESS_VIOLATION,
		      "5.4: no buffer");
	view_drop(view);
	NtClose(section);
	section = section_need(PAGE_BYTES);
	view = view_need(section, PAGE_READONLY);
	tap_is_status(query(view, CLASS_FILE_NAME, &buffer, sizeof(buffer)), STATUS_FILE_INVALID,
		      "P7.149: a view of the page file");
	view_drop(view);
	NtClose(section);
	memory_drop(memory);
	NtClose(file);
}

/* catches: the region for the allocation; fields beyond the caller's structure */
static void test_region(void)
{
	struct region_information region;
	char *memory = memory_need(4 * PAGE_BYTES);

	protect(memory + PAGE_BYTES, PAGE_BYTES, PAGE_READONLY, NULL);
	memset(&region, 0x55, sizeof(region));
	tap_is_status(query(memory, CLASS_REGION, &region, 24), STATUS_SUCCESS,
		      "5.4: the first structure");
	tap_ok(region.allocation_base == memory &&
		       (region.bytes == 4 * PAGE_BYTES || system_is_wine()),
	       "5.4: all of the allocation (Wine: of the run)");
	tap_is_number(region.allocation_protect, PAGE_READWRITE, "5.4: AllocationProtect");
	tap_is_number(region.type, 0, "5.4: no type for private memory");
	tap_is_number(region.commit_bytes, 0x5555555555555555, "5.4: nothing behind its end");
	tap_is_status(query(memory, CLASS_REGION, &region, 23), STATUS_INFO_LENGTH_MISMATCH,
		      "5.4: one byte too few");
	if (system_is_quire()) {
		tap_is_status(
			query(memory + 2 * PAGE_BYTES, CLASS_REGION_EX, &region, sizeof(region)),
			STATUS_SUCCESS, "5.4: class 7, from an inner address");
		tap_ok(region.allocation_base == memory && region.commit_bytes == 4 * PAGE_BYTES,
		       "5.4: with its commit");
		tap_is_number(length, sizeof(region), "5.4: return length");
		tap_is_status(query(NULL, CLASS_REGION, &region, sizeof(region)),
			      STATUS_INVALID_ADDRESS, "5.4: free memory has no region");
	} else {
		tap_skip(4, "class 7 and free memory: not asked of others");
	}
	memory_drop(memory);
}

static uint64_t residence_at(const void *address)
{
	struct residence entry = {address, 0};

	query(NULL, CLASS_WORKING_SET_EX, &entry, sizeof(entry));
	return entry.attributes;
}

/* catches: pages valid that nobody touched; protections and shares of another page */
static void test_residence(void)
{
	char *memory = memory_need(2 * PAGE_BYTES);
	volatile char *bytes = memory;
	struct residence two[2] = {{memory + PAGE_BYTES, 0}, {memory, 0}};

	tap_is_number(residence_at(memory) & VALID, 0, "5.4: an untouched page");
	bytes[0] = 1;
	tap_is_number(residence_at(memory) & (VALID | SHARED), VALID, "5.4: after a store");
	tap_is_number(PROTECTION(residence_at(memory)), PAGE_READWRITE, "5.4: its protection");
	tap_is_status(query(NULL, CLASS_WORKING_SET_EX, two, sizeof(two)), STATUS_SUCCESS,
		      "5.4: two pages at once");
	tap_ok(!(two[0].attributes & VALID) && (two[1].attributes & VALID),
	       "5.4: each has its own answer");
	protect(memory, PAGE_BYTES, PAGE_NOACCESS, NULL);
	tap_is_number(residence_at(memory) & VALID, 0, "5.4: no access, not valid");
	protect(memory, PAGE_BYTES, PAGE_READWRITE, NULL);
	if (system_is_wine())
		tap_skip(1, "W14");
	else
		tap_is_number(residence_at(memory) & VALID, 0, "5.4: not before it is touched");
	(void)bytes[0];
	tap_is_number(residence_at(memory) & VALID, VALID, "5.4: after a load");
	tap_is_status_or(query(NULL, CLASS_WORKING_SET_EX, two, 15), STATUS_INFO_LENGTH_MISMATCH,
			 STATUS_SUCCESS, "5.4: less than an entry");
	memory_drop(memory);
}

/* catches: views that look private; the lock not told */
static void test_residence_of_views(void)
{
	HANDLE section = section_need(PAGE_BYTES);
	char *first = view_need(section, PAGE_READWRITE);
	char *second = view_need(section, PAGE_READWRITE);
	PVOID base = second;
	SIZE_T bytes = 1;
	uint64_t seen;

	if (!system_is_quire()) {
		tap_skip(4, "shares of views: not asked of others");
	} else {
		tap_is_number(residence_at(first), SHARED, "5.4: not resident, but shared");
		first[0] = 1;
		NtLockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1);
		seen = residence_at(second);
		tap_is_number(seen & (VALID | SHARED), VALID | SHARED, "5.4: resident and shared");
		tap_is_number(SHARES(seen), 2, "5.4: by two");
		tap_is_number(seen & LOCKED, LOCKED, "5.4: and locked");
	}
	view_drop(second);
	view_drop(first);
	NtClose(section);
}

/* catches: pages missing from the list, or twice in it */
static void test_working_set(void)
{
	static uint64_t list[4096];
	char *memory = memory_need(3 * PAGE_BYTES);
	unsigned found = 0;
	uint64_t count;

	memory[PAGE_BYTES] = 1;
	tap_is_status(query(NULL, CLASS_WORKING_SET, list, sizeof(list)), STATUS_SUCCESS,
		      "5.4: the working set");
	count = list[0];
	tap_is_number(length, (count + 1) * 8, "5.4: return length");
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t page = (list[i] & ~0xFFFull) - (uintptr_t)memory;

		found += page == PAGE_BYTES;
		found += page == 0 || page == 2 * PAGE_BYTES ? 100 : 0;
		if (page == PAGE_BYTES)
			tap_is_number(list[i] & 0x1FF, 4, "5.4: PAGE_READWRITE, not shared");
	}
	tap_is_number(found, 1, "5.4: the touched page is there once, the others are not");
	tap_is_status(query(NULL, CLASS_WORKING_SET, list, 16), STATUS_INFO_LENGTH_MISMATCH,
		      "5.4: no room");
	tap_ok(list[0] + 8 >= count && list[0] <= count + 8, "5.4: the number is told");
	memory_drop(memory);
}

static uint64_t shared_commit(void)
{
	uint64_t pages = 0;

	query(NULL, CLASS_SHARED_COMMIT, &pages, sizeof(pages));
	return pages;
}

/* catches: reserved pages counted; private ones too */
static void test_others(void)
{
	struct {
		char *base;
		SIZE_T bytes;
		ULONG flags;
	} image;
	MEMORY_BASIC_INFORMATION basic;
	uint64_t before = shared_commit();
	HANDLE section = section_need(3 * PAGE_BYTES);
	char *memory = memory_need(PAGE_BYTES), *view = view_need(section, PAGE_READWRITE);

	tap_is_number(shared_commit() - before, 3, "5.4: shared commit, in pages");
	view_drop(view);
	NtClose(section);
	section_make(&section, 16 * PAGE_BYTES, PAGE_READWRITE, SEC_RESERVE, NULL);
	view = view_need(section, PAGE_READWRITE);
	tap_is_number(shared_commit() - before, 0, "5.4: reserved pages do not count");
	view_drop(view);
	NtClose(section);
	tap_is_status(query((void *)(uintptr_t)test_others, CLASS_IMAGE, &image, sizeof(image)),
		      STATUS_SUCCESS, "5.4: this image");
	tap_ok(image.base == region_at((void *)(uintptr_t)test_others).AllocationBase &&
		       image.bytes > PAGE_BYTES && !image.flags,
	       "5.4: its base and size");
	tap_is_status(query(memory, CLASS_IMAGE, &image, sizeof(image)), STATUS_INVALID_ADDRESS,
		      "5.4: private memory is no image");
	tap_is_status(query(memory, CLASS_CAPPED, &basic, sizeof(basic)), STATUS_SUCCESS,
		      "5.4: class 10");
	tap_is_number(basic.RegionSize, PAGE_BYTES, "5.4: it tells the region");
	for (ULONG class = 8; class <= 12; class ++)
		if (class != CLASS_CAPPED)
			tap_is_status(query(memory, class, &basic, sizeof(basic)),
				      STATUS_INVALID_INFO_CLASS, "5.4: class %u", (unsigned)class);
	tap_is_status(query((void *)USER_LIMIT, CLASS_REGION, &basic, sizeof(basic)),
		      STATUS_INVALID_PARAMETER, "P7.148: an address above user space");
	memory_drop(memory);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("classes of NtQueryVirtualMemory");
	test_file_name();
	test_region();
	test_residence();
	test_residence_of_views();
	if (system_is_quire()) {
		test_working_set();
		test_others();
	} else {
		tap_note("classes 1, 5, 6, 7, 10: Quire's choice, others are not asked");
	}
	return tap_finish();
}

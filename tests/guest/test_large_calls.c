/*
 * test_large_calls.c - large pages in the calls that are about other things: locks, write watches,
 * residence, copies, address requirements, SEC_BASED (5.4, 5.6, 5.7, 5.8, 5.1.4, 3.4.9).
 */
/* boot: hash=1 */
#include <string.h>

#include "guest.h"

#define LARGE 0x200000u
#define FREE_BYTES (12ull * LARGE)
#define LARGE_MEMORY (MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES)

#define CLASS_WORKING_SET_EX 4
#define VALID 0x1u
#define SHARED 0x8000u
#define LOCKED 0x400000u
#define LARGE_PAGE 0x800000u
#define SHARES(attributes) ((attributes) >> 1 & 7)

static char *large_need(ULONG protection)
{
	PVOID base = NULL;
	SIZE_T bytes = 2 * LARGE;
	NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, LARGE_MEMORY,
						  protection);

	if (!NT_SUCCESS(status))
		bail_out("large memory", status);
	return base;
}

static HANDLE section_large_need(ULONG more)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, LARGE, PAGE_READWRITE,
				       SEC_COMMIT | SEC_LARGE_PAGES | more, NULL);

	if (!NT_SUCCESS(status))
		bail_out("a large section", status);
	return section;
}

static uint64_t residence_of(const void *address)
{
	struct {
		const void *address;
		uint64_t attributes;
	} entry = {address, 0};

	NtQueryVirtualMemory(CURRENT_PROCESS, NULL, CLASS_WORKING_SET_EX, &entry, sizeof(entry),
			     NULL);
	return entry.attributes;
}

/* catches: a large page whose region is cut; a count of locked pages that it takes part in */
static void test_lock(char *memory)
{
	PVOID base = memory + PAGE_BYTES;
	SIZE_T bytes = PAGE_BYTES;

	memory[PAGE_BYTES] = 1;
	tap_is_status(NtLockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1),
		      STATUS_INCOMPATIBLE_FILE_MAP, "5.6: a page of a large one is not locked");
	tap_ok(base == memory + PAGE_BYTES && bytes == PAGE_BYTES, "5.6: nothing is written");
	base = memory;
	bytes = LARGE;
	tap_is_status(NtLockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1),
		      STATUS_INCOMPATIBLE_FILE_MAP, "5.6: nor is all of it");
	tap_is_status(NtUnlockVirtualMemory(CURRENT_PROCESS, &base, &bytes, 1), STATUS_NOT_LOCKED,
		      "5.6: so there is nothing to unlock");
	tap_ok(!(residence_of(memory) & LOCKED), "5.6: it does not count as locked");
}

static void test_watch(char *memory)
{
	PVOID base = NULL, found[4];
	SIZE_T bytes = LARGE;
	ULONG_PTR count = COUNT_OF(found);
	ULONG granularity;

	tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					      LARGE_MEMORY | MEM_WRITE_WATCH, PAGE_READWRITE),
		      STATUS_INVALID_PARAMETER_5, "5.1.1 row 5: large pages are not watched");
	tap_is_status(
		NtGetWriteWatch(CURRENT_PROCESS, 0, memory, LARGE, found, &count, &granularity),
		STATUS_INVALID_PARAMETER, "5.8: no marks to read");
	tap_is_status(NtResetWriteWatch(CURRENT_PROCESS, memory, LARGE), STATUS_INVALID_PARAMETER,
		      "5.8: nor to reset");
}

/* catches: a large page that is told page by page, or as somebody else's too */
static void test_residence(char *memory)
{
	HANDLE section = section_large_need(0);
	char *one = view_need(section, PAGE_READWRITE), *other = view_need(section, PAGE_READONLY);
	uint64_t attributes;

	attributes = residence_of(memory + LARGE + 0x5000);
	tap_ok(!(attributes & (VALID | SHARED)), "5.4 class 4: before the first touch: 0x%llx",
	       (unsigned long long)attributes);
	memory[LARGE] = 1;
	attributes = residence_of(memory + LARGE + 0x5000);
	tap_ok((attributes & (VALID | SHARED | LARGE_PAGE)) == (VALID | LARGE_PAGE),
	       "5.4 class 4: one touch, and all of it is there: 0x%llx",
	       (unsigned long long)attributes);
	tap_is_number(SHARES(attributes), 0, "5.4 class 4: private: shared with nobody");
	one[0] = 1;
	tap_is_number((unsigned char)other[0], 1, "a second view");
	attributes = residence_of(one + LARGE - PAGE_BYTES);
	tap_ok((attributes & (VALID | SHARED | LARGE_PAGE)) == (VALID | SHARED | LARGE_PAGE),
	       "5.4 class 4: a view's: 0x%llx", (unsigned long long)attributes);
	tap_is_number(SHARES(attributes), 2, "5.4 class 4: mapped twice");
	view_drop(one);
	view_drop(other);
	NtClose(section);
}

/* catches: a copy that finds no slot in a large page, or writes where it may only read */
static void test_copy(char *memory)
{
	char *local = memory_need(3 * PAGE_BYTES);
	SIZE_T done = 0;
	ULONG old;

	for (unsigned i = 0; i < 3 * PAGE_BYTES; i++)
		local[i] = (char)(i * 7);
	tap_is_status(NtWriteVirtualMemory(CURRENT_PROCESS, memory + LARGE - 0x1801, local, 0x3000,
					   &done),
		      STATUS_SUCCESS, "5.7: written over the border of two large pages");
	tap_is_number(done, 0x3000, "5.7: all of it");
	tap_ok(!memcmp(memory + LARGE - 0x1801, local, 0x3000), "5.7: to where it belongs");
	memset(local, 0, 0x3000);
	tap_is_status(
		NtReadVirtualMemory(CURRENT_PROCESS, memory + LARGE - 0x1801, local, 0x3000, &done),
		STATUS_SUCCESS, "5.7: and read");
	tap_ok(!memcmp(memory + LARGE - 0x1801, local, 0x3000), "5.7: from there");
	protect(memory + LARGE, LARGE, PAGE_READONLY, &old);
	tap_is_status(NtWriteVirtualMemory(CURRENT_PROCESS, memory + LARGE - 0x1000, local, 0x3000,
					   &done),
		      STATUS_PARTIAL_COPY, "5.7: the second is read-only");
	tap_is_number(done, 0x1000, "5.7: the first part is written");
	protect(memory + LARGE, LARGE, PAGE_READWRITE, &old);
	memory_drop(local);
}

static NTSTATUS require(uint64_t lowest, uint64_t highest, SIZE_T alignment, uint64_t *seen)
{
	struct address_requirements requirements = {(PVOID)lowest, (PVOID)highest, alignment};
	struct memory_parameter parameter = {MemoryParameterAddressRequirements,
					     {.pointer = &requirements}};
	PVOID base = NULL;
	SIZE_T bytes = LARGE;
	NTSTATUS status = NtAllocateVirtualMemoryEx(CURRENT_PROCESS, &base, &bytes, LARGE_MEMORY,
						    PAGE_READWRITE, &parameter, 1);

	*seen = (uintptr_t)base;
	if (NT_SUCCESS(status))
		memory_drop(base);
	return status;
}

/* catches: requirements that large memory ignores, or that undo its own */
static void test_requirements(void)
{
	uint64_t seen;

	tap_is_status(require(0, 0, 0x1000000, &seen), STATUS_SUCCESS, "5.1.4: 16 MiB aligned");
	tap_is_number(seen % 0x1000000, 0, "5.1.4: it is");
	tap_is_status(require(0x20000000, 0x2FFFFFFF, 0x10000, &seen), STATUS_SUCCESS,
		      "5.1.4: in a window, 64 KiB aligned");
	tap_ok(seen >= 0x20000000 && seen < 0x30000000 && seen % LARGE == 0,
	       "5.1.4: there, on a large page's boundary: 0x%llx", (unsigned long long)seen);
	tap_is_status(require(0x20010000, 0x203FFFFF, 0, &seen), STATUS_SUCCESS,
		      "5.1.4: a window with one boundary in it");
	tap_is_number(seen, 0x20200000, "5.1.4: is what it gets");
	tap_is_status(require(0x20010000, 0x203EFFFF, 0, &seen), STATUS_NO_MEMORY,
		      "5.1.4: a window without room behind it");
}

/* catches: a based section whose place its own views cannot take */
static void test_based(void)
{
	HANDLE small, section;
	char *view;

	section_make(&small, PAGE_BYTES, PAGE_READWRITE, SEC_COMMIT | SEC_BASED, NULL);
	section = section_large_need(SEC_BASED);
	view = view_need(section, PAGE_READWRITE);
	tap_is_number((uintptr_t)view % LARGE, 0, "3.4.9: a based large section, aligned");
	view[LARGE - 1] = 3;
	tap_is_number((unsigned char)view[LARGE - 1], 3, "3.4.9: its last byte");
	view_drop(view);
	NtClose(section);
	NtClose(small);
}

int program_main(int argc, char **argv)
{
	char *memory;

	(void)argc;
	(void)argv;
	tap_start("large pages in other calls");
	if (!system_is_quire()) {
		tap_skip(30, "Wine's large pages are small ones");
		return tap_finish();
	}
	if (!memory_suffices(FREE_BYTES, 30, "several large pages need 24 MB of free memory"))
		return tap_finish();
	memory = large_need(PAGE_READWRITE);
	test_lock(memory);
	test_watch(memory);
	test_residence(memory);
	test_copy(memory);
	memory_drop(memory);
	test_requirements();
	test_based();
	return tap_finish();
}

/*
 * test_memory.c - private memory: allocate, free, protect, query (section 5; P7).
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

static NTSTATUS allocate(PVOID *base, SIZE_T *bytes, ULONG type, ULONG protection)
{
	return NtAllocateVirtualMemory(CURRENT_PROCESS, base, 0, bytes, type, protection);
}

static NTSTATUS release(PVOID base)
{
	SIZE_T bytes = 0;

	return NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
}

static NTSTATUS free_range(char *address, SIZE_T bytes, ULONG type)
{
	PVOID base = address;

	return NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, type);
}

/* catches: wrong rounding of base or size */
static void test_rounding(void)
{
	static const struct {
		uint64_t base, bytes;
		ULONG type;
		uint64_t base_out, bytes_out;
	} rows[] = {
		{0x50000000, 1, MEM_RESERVE, 0x50000000, 0x1000},
		{0x50008000, 1, MEM_RESERVE, 0x50000000, 0x9000},
		{0x50000010, 0x1000, MEM_RESERVE, 0x50000000, 0x2000},
		{0x5000FFFF, 0x3000, MEM_RESERVE, 0x50000000, 0x13000},
		{0x50001010, 0x7000, MEM_RESERVE, 0x50000000, 0x9000},
		{0x60025000, 200, MEM_RESERVE | MEM_COMMIT, 0x60020000, 0x6000},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		PVOID base = (PVOID)rows[i].base;
		SIZE_T bytes = rows[i].bytes;

		tap_is_status(allocate(&base, &bytes, rows[i].type, PAGE_READWRITE), STATUS_SUCCESS,
			      "P7.129-131: (0x%llx, 0x%llx)", (unsigned long long)rows[i].base,
			      (unsigned long long)rows[i].bytes);
		tap_is_number((uintptr_t)base, rows[i].base_out, "base");
		tap_is_number(bytes, rows[i].bytes_out, "size");
		release(base);
	}
}

/* catches: any parameter of the allocate call left unchecked */
static void test_allocate_errors(void)
{
	static const struct {
		const char *text;
		uint64_t base, bytes;
		ULONG type, protection;
		NTSTATUS expected, wine;
	} rows[] = {
		{"type 0", 0, 1, 0, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5,
		 STATUS_INVALID_PARAMETER},
		{"type with unknown bits", 0, 1, 0xFFFFFFFF, PAGE_READWRITE,
		 STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER},
		{"size 0", 0, 0, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_4,
		 STATUS_INVALID_PARAMETER},
		{"size -1", 0, UINT64_MAX, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_4,
		 STATUS_WORKING_SET_LIMIT_RANGE},
		{"base in the kernel", FIRST_KERNEL_ADDRESS, 1, MEM_RESERVE, PAGE_READWRITE,
		 STATUS_INVALID_PARAMETER_2, STATUS_INVALID_PARAMETER},
		{"base in the first 64 KiB", 0xF000, 1, MEM_RESERVE, PAGE_READWRITE,
		 STATUS_INVALID_PARAMETER_2, STATUS_INVALID_PARAMETER},
		{"protection 0", 0, 1, MEM_RESERVE, 0, STATUS_INVALID_PAGE_PROTECTION,
		 STATUS_INVALID_PAGE_PROTECTION},
		{"NOACCESS with GUARD", 0, 1, MEM_RESERVE, PAGE_NOACCESS | PAGE_GUARD,
		 STATUS_INVALID_PAGE_PROTECTION, STATUS_SUCCESS},
		{"WRITECOPY", 0, 1, MEM_COMMIT, PAGE_WRITECOPY, STATUS_INVALID_PAGE_PROTECTION,
		 STATUS_INVALID_PAGE_PROTECTION},
		{"EXECUTE_WRITECOPY", 0, 1, MEM_RESERVE, PAGE_EXECUTE_WRITECOPY,
		 STATUS_INVALID_PAGE_PROTECTION, STATUS_INVALID_PAGE_PROTECTION},
		{"commit of free memory", 0x50000000, 0x1000, MEM_COMMIT, PAGE_READWRITE,
		 STATUS_CONFLICTING_ADDRESSES, STATUS_NOT_MAPPED_VIEW},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		PVOID base = (PVOID)rows[i].base;
		SIZE_T bytes = rows[i].bytes;

		tap_is_status_or(allocate(&base, &bytes, rows[i].type, rows[i].protection),
				 rows[i].expected, rows[i].wine, "5.1.1: %s", rows[i].text);
	}
}

/* catches: memory that is there before it is touched, or not zero when it is */
static void test_demand_zero(void)
{
	const unsigned pages = 16;
	char *memory = memory_need(pages * PAGE_BYTES);
	uint64_t sum = 0;

	tap_ok(!pages_resident(memory, pages), "nothing resident before the first touch");
	tap_faults_start();
	for (unsigned i = 0; i < pages; i += 2)
		sum += ((volatile unsigned char *)memory)[i * PAGE_BYTES + 123];
	for (unsigned i = 1; i < pages; i += 2)
		((volatile char *)memory)[i * PAGE_BYTES] = 1;
	tap_faults_stop();
	tap_is_number(sum, 0, "zeros");
	tap_faults_are(QUIRE_FAULT_DEMAND_ZERO, pages, "one touch of each page");
	tap_no_other_faults("one touch of each page");
	if (system_is_quire())
		tap_is_number(pages_resident(memory, pages), pages, "all resident");
	else
		tap_skip(1, "resident pages are Quire's");
	memory_drop(memory);
}

/*
 * catches: neighbours in the same 64 KiB; reserve over something; a region reported with the wrong
 * start
 */
static void test_reserve_and_commit(void)
{
	PVOID base = (PVOID)0x50000000, inside = (PVOID)0x50004000, next = (PVOID)0x50010000;
	SIZE_T bytes = 0x8000, one = 0x1000;
	MEMORY_BASIC_INFORMATION region;

	allocate(&base, &bytes, MEM_RESERVE, PAGE_READWRITE);
	region = region_at((PVOID)0x50002345);
	tap_ok(region.State == MEM_RESERVE && !region.Protect &&
		       region.AllocationProtect == PAGE_READWRITE && region.Type == MEM_PRIVATE &&
		       region.BaseAddress == (PVOID)0x50002000 && region.RegionSize == 0x6000,
	       "P7.133: reserved, from the page to the end");
	tap_is_status(allocate(&inside, &one, MEM_COMMIT, PAGE_READONLY), STATUS_SUCCESS, "commit");
	region = region_at((PVOID)0x50004000);
	tap_ok(region.State == MEM_COMMIT && region.Protect == PAGE_READONLY &&
		       region.RegionSize == 0x1000 && region.AllocationBase == base,
	       "one committed page");
	inside = (PVOID)0x50008000;
	tap_is_status(allocate(&inside, &one, MEM_RESERVE, PAGE_READWRITE),
		      STATUS_CONFLICTING_ADDRESSES, "P7.132: the rest of the 64 KiB is lost");
	tap_is_status(allocate(&next, &one, MEM_RESERVE, PAGE_READWRITE), STATUS_SUCCESS,
		      "the next 64 KiB are free");
	release(next);
	tap_is_status(protect(base, bytes, PAGE_READONLY, NULL), STATUS_NOT_COMMITTED,
		      "P7.143: protect over reserved pages");
	tap_is_number(region_at((PVOID)0x50004000).Protect, PAGE_READONLY, "nothing changed");
	release(base);
}

/* catches: decommit that keeps contents; release of a middle page that loses the ends */
static void test_free(void)
{
	char *memory = memory_need(0x10000);
	PVOID base = memory + 0x1FFF;
	SIZE_T bytes = 2;

	memory[0x1000] = memory[0x3000] = 'm';
	tap_is_status(NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT),
		      STATUS_SUCCESS, "P7.137: decommit two bytes of two pages");
	tap_ok(base == memory + 0x1000 && bytes == 0x2000, "rounded to both pages");
	tap_is_number(region_at(memory + 0x1000).State, MEM_RESERVE, "reserved now");
	base = memory + 0x1000;
	bytes = 0x2000;
	allocate(&base, &bytes, MEM_COMMIT, PAGE_READWRITE);
	tap_is_number((unsigned char)memory[0x1000], 0, "5.2: recommitted pages are zero");
	tap_is_number((unsigned char)memory[0x3000], 'm', "others kept their contents");
	tap_is_status(free_range(memory + 0x1001, 0, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE,
		      "P7.138: release not at the base");
	tap_is_status_or(free_range(memory, 0x10001, MEM_RELEASE), STATUS_UNABLE_TO_FREE_VM,
			 STATUS_INVALID_PARAMETER, "P7.140: one byte more than there is");
	tap_is_status_or(free_range(memory, 0, MEM_RELEASE | MEM_DECOMMIT),
			 STATUS_INVALID_PARAMETER_4, STATUS_INVALID_PARAMETER, "5.2: both types");
	tap_is_status(free_range(memory + 0xFFF, 0, MEM_RELEASE), STATUS_SUCCESS,
		      "P7.138: any byte of the first page");
	tap_is_number(region_at(memory).State, MEM_FREE, "free");
	tap_is_status_or(free_range(memory, 0, MEM_RELEASE), STATUS_MEMORY_NOT_ALLOCATED,
			 STATUS_INVALID_PARAMETER, "P7.141: release of free memory");
}

/* catches: a partial release that keeps the hole, or frees more than it */
static void test_partial_release(void)
{
	char *memory = memory_need(0x3000);

	if (system_is_wine()) {
		tap_skip(4, "Wine releases only whole allocations (B17)");
		memory_drop(memory);
		return;
	}
	memory[0] = memory[0x2000] = 'p';
	tap_is_status(free_range(memory + 0x1000, 0x1000, MEM_RELEASE), STATUS_SUCCESS,
		      "P7.139: the middle page");
	tap_is_number(region_at(memory + 0x1000).State, MEM_FREE, "the hole is free");
	tap_ok(memory[0] == 'p' && memory[0x2000] == 'p', "both ends keep their contents");
	tap_ok(NT_SUCCESS(free_range(memory, 0x1000, MEM_RELEASE)) &&
		       NT_SUCCESS(free_range(memory + 0x2000, 0x1000, MEM_RELEASE)),
	       "and can be released");
}

/* catches: a fault for a page whose frame never went away; old permissions after a change */
static void test_protect_private(void)
{
	char *memory = memory_need(0x1000);
	PVOID base = memory;
	SIZE_T bytes = 0x1000;

	memory[0] = 'q';
	tap_is_status(NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, PAGE_READONLY, NULL),
		      STATUS_ACCESS_VIOLATION, "P7.144: no place for the old protection");
	tap_is_number(region_at(memory).Protect, PAGE_READWRITE, "nothing changed");
	protect(memory, 1, PAGE_NOACCESS, NULL);
	protect(memory, 1, PAGE_READWRITE, NULL);
	tap_faults_start();
	*(volatile char *)memory = 'r';
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_DEMAND_ZERO, 0, "after NOACCESS and back no new page");
	tap_is_status(protect(memory, 1, PAGE_WRITECOPY, NULL), STATUS_INVALID_PAGE_PROTECTION,
		      "5.3: WRITECOPY of private memory");
	tap_is_status_or(protect(memory, 0, PAGE_READONLY, NULL), STATUS_INVALID_PARAMETER_3,
			 STATUS_SUCCESS, "5.3: size 0");
	tap_is_status_or(protect((PVOID)0x50000000, 1, PAGE_READONLY, NULL),
			 STATUS_CONFLICTING_ADDRESSES, STATUS_INVALID_PARAMETER,
			 "5.3: free memory");
	memory_drop(memory);
}

/* catches: query beyond the user range; lengths */
static void test_query(void)
{
	MEMORY_BASIC_INFORMATION region;
	SIZE_T length = 0;

	tap_is_status(NtQueryVirtualMemory(CURRENT_PROCESS, (PVOID) ~(uintptr_t)0, 0, &region,
					   sizeof(region), NULL),
		      STATUS_INVALID_PARAMETER, "P7.148: an address above user space");
	tap_is_status(NtQueryVirtualMemory(CURRENT_PROCESS, &region, 0, &region, 47, NULL),
		      STATUS_INFO_LENGTH_MISMATCH, "5.4: 47 bytes");
	tap_is_status(
		NtQueryVirtualMemory(CURRENT_PROCESS, &region, 0, &region, sizeof(region), &length),
		STATUS_SUCCESS, "5.4: 48 bytes");
	tap_is_number(length, 48, "48 are returned");
	tap_is_status(NtQueryVirtualMemory(NULL, &region, 0, &region, sizeof(region), NULL),
		      STATUS_INVALID_HANDLE, "5.4: no process");
	tap_ok(region_at((PVOID)0x7FFE0000).Protect == PAGE_READONLY &&
		       region_at((PVOID)0x7FFE0000).RegionSize == 0x1000,
	       "5.4: the shared data page");
}

/* A guard page gives its exception once; a system call's buffer in it is refused. */
static NTSTATUS touch_guard(void)
{
	char *memory = memory_need(0x1000);

	protect(memory, 1, PAGE_READWRITE | PAGE_GUARD, NULL);
	*(volatile char *)memory = 1;
	return STATUS_SUCCESS;
}

static NTSTATUS touch_reserved(void)
{
	PVOID base = NULL;
	SIZE_T bytes = 0x1000;

	allocate(&base, &bytes, MEM_RESERVE, PAGE_READWRITE);
	*(volatile char *)base = 1;
	return STATUS_SUCCESS;
}

/* catches: reserved or guarded pages that can simply be used */
static void test_touches(void)
{
	tap_is_status(child_run_self("guard"), STATUS_GUARD_PAGE_VIOLATION,
		      "P7.145: touching a guard page");
	tap_is_status(child_run_self("reserved"), STATUS_ACCESS_VIOLATION,
		      "P7.133: touching reserved memory");
}

int program_main(int argc, char **argv)
{
	if (argc == 2)
		return !strcmp(argv[1], "guard") ? touch_guard() : touch_reserved();
	tap_start("private memory");
	touch_own_pages();
	test_rounding();
	test_allocate_errors();
	test_demand_zero();
	test_reserve_and_commit();
	test_free();
	test_partial_release();
	test_protect_private();
	test_query();
	test_touches();
	return tap_finish();
}

/*
 * test_view.c - NtMapViewOfSection and NtUnmapViewOfSection (3.4, 3.8; P1.15-36, P4).
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

#define SECTION_BYTES 0x20000u

/* A map call, everything explicit. Zeros mean the usual values. */
struct map_call {
	const char *text;
	uint64_t base, offset, bytes;
	ULONG_PTR zero_bits;
	SIZE_T commit;
	ULONG inherit, type, protection;
	NTSTATUS expected, wine;
	bool wine_differs;
};

#define WINE(status) .wine = (status), .wine_differs = true

static NTSTATUS map_try(HANDLE section, const struct map_call *call)
{
	PVOID base = (PVOID)call->base;
	LARGE_INTEGER offset = {.QuadPart = (LONGLONG)call->offset};
	SIZE_T bytes = call->bytes;
	NTSTATUS status = NtMapViewOfSection(
		section, CURRENT_PROCESS, &base, call->zero_bits, call->commit, &offset, &bytes,
		call->inherit == 0 ? ViewShare : call->inherit, call->type,
		call->protection ? call->protection : PAGE_READWRITE);

	if (NT_SUCCESS(status))
		view_drop(base);
	return status;
}

/* catches: any parameter of the map call left unchecked, or checked in another order */
static void test_parameters(void)
{
	/* 'wine' is what Wine 8.0 answers where it differs (9.B: B9, B11-B14) */
	static const struct map_call rows[] = {
		{"inherit 3", .inherit = 3, .expected = STATUS_INVALID_PARAMETER_8,
		 WINE(STATUS_SUCCESS)},
		{"type MEM_COMMIT", .type = MEM_COMMIT, .expected = STATUS_INVALID_PARAMETER_9,
		 WINE(STATUS_SUCCESS)},
		{"type MEM_RESERVE on a page-file section", .type = MEM_RESERVE,
		 .expected = STATUS_INVALID_PARAMETER_9, WINE(STATUS_SUCCESS)},
		{"type MEM_TOP_DOWN", .type = MEM_TOP_DOWN, .expected = STATUS_SUCCESS},
		{"protection RW|RO", .protection = PAGE_READWRITE | PAGE_READONLY,
		 .expected = STATUS_INVALID_PAGE_PROTECTION},
		{"size -1", .bytes = UINT64_MAX, .expected = STATUS_INVALID_PARAMETER_3,
		 WINE(STATUS_INVALID_VIEW_SIZE)},
		{"base in the kernel", .base = FIRST_KERNEL_ADDRESS,
		 .expected = STATUS_INVALID_PARAMETER_3, WINE(STATUS_WORKING_SET_LIMIT_RANGE)},
		{"zero bits 21", .zero_bits = 21, .expected = STATUS_NO_MEMORY},
		{"zero bits 22", .zero_bits = 22, .expected = STATUS_INVALID_PARAMETER_4},
		{"zero bits 3, base 0x30000000", .base = 0x30000000, .zero_bits = 3,
		 .expected = STATUS_INVALID_PARAMETER_4},
		{"zero bits 3, base 0x20000000", .base = 0x20000000, .zero_bits = 3,
		 .expected = STATUS_INVALID_PARAMETER_4},
		{"zero bits 2, base 0x30000000", .base = 0x30000000, .zero_bits = 2,
		 .expected = STATUS_SUCCESS},
		{"base not a multiple of 64 KiB", .base = 0x30001000,
		 .expected = STATUS_MAPPED_ALIGNMENT},
		{"offset 1", .offset = 1, .expected = STATUS_MAPPED_ALIGNMENT},
		{"offset 0x40211", .offset = 0x40211, .expected = STATUS_MAPPED_ALIGNMENT},
		{"offset at the end", .offset = SECTION_BYTES, .bytes = 1,
		 .expected = STATUS_INVALID_VIEW_SIZE, WINE(STATUS_INVALID_PARAMETER)},
		{"offset at the end, size 0", .offset = SECTION_BYTES,
		 .expected = STATUS_INVALID_VIEW_SIZE, WINE(STATUS_INVALID_PARAMETER)},
		{"one byte more than the section", .bytes = SECTION_BYTES + 1,
		 .expected = STATUS_INVALID_VIEW_SIZE},
		{"commit size -1", .commit = (SIZE_T)-1, .expected = STATUS_INVALID_PARAMETER_5,
		 WINE(STATUS_SUCCESS)},
		{"commit size of all", .commit = SECTION_BYTES, .expected = STATUS_SUCCESS},
		{"commit size of all and a byte", .commit = SECTION_BYTES + 1,
		 .expected = STATUS_INVALID_PARAMETER_5, WINE(STATUS_SUCCESS)},
		{"protection WRITECOMBINE of a page-file section",
		 .protection = PAGE_READWRITE | PAGE_WRITECOMBINE,
		 .expected = STATUS_INVALID_PARAMETER_10, WINE(STATUS_INVALID_PAGE_PROTECTION)},
		{"row 1 before row 2", .inherit = 3, .type = MEM_COMMIT,
		 .expected = STATUS_INVALID_PARAMETER_8, WINE(STATUS_SUCCESS)},
		{"row 3 before row 5", .base = FIRST_KERNEL_ADDRESS,
		 .protection = PAGE_READWRITE | PAGE_READONLY,
		 .expected = STATUS_INVALID_PAGE_PROTECTION, WINE(STATUS_WORKING_SET_LIMIT_RANGE)},
		{"row 11 before row 12", .offset = 1, .protection = PAGE_EXECUTE_READWRITE,
		 .expected = STATUS_MAPPED_ALIGNMENT},
		{"row 12 before row 13", .type = MEM_RESERVE, .protection = PAGE_EXECUTE_READ,
		 .expected = STATUS_SECTION_PROTECTION, WINE(STATUS_SUCCESS)},
		{"row 13 before row 15", .type = MEM_RESERVE, .bytes = SECTION_BYTES + 1,
		 .expected = STATUS_INVALID_PARAMETER_9, WINE(STATUS_INVALID_VIEW_SIZE)},
		{"row 15 before row 17", .bytes = SECTION_BYTES + 1, .commit = (SIZE_T)-1,
		 .expected = STATUS_INVALID_VIEW_SIZE},
		{"protection EXECUTE_READWRITE", .protection = PAGE_EXECUTE_READWRITE,
		 .expected = STATUS_SECTION_PROTECTION, WINE(STATUS_SUCCESS)},
	};
	HANDLE section = section_need(SECTION_BYTES);

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		tap_is_status_or(map_try(section, &rows[i]), rows[i].expected,
				 rows[i].wine_differs ? rows[i].wine : rows[i].expected,
				 "3.4.1: %s", rows[i].text);
	NtClose(section);
}

/* catches: WORKING_SET_LIMIT-style successes, handles taken for other types */
static void test_handles(void)
{
	HANDLE section = section_need(0x1000);
	PVOID base = NULL;
	SIZE_T bytes = 0;

	tap_is_status(view_try(NULL, PAGE_READONLY), STATUS_INVALID_HANDLE,
		      "P1.22: section handle 0");
	tap_is_status(view_try(CURRENT_PROCESS, PAGE_READONLY), STATUS_OBJECT_TYPE_MISMATCH,
		      "P1.23: the process as the section");
	tap_is_status(NtMapViewOfSection(section, NULL, &base, 0, 0, NULL, &bytes, ViewShare, 0,
					 PAGE_READONLY),
		      STATUS_INVALID_HANDLE, "P1.24: process handle 0");
	tap_is_status_or(map_try(NULL, &(struct map_call){.base = 0x30001000}),
			 STATUS_INVALID_HANDLE, STATUS_MAPPED_ALIGNMENT,
			 "3.4.1 row 10: the section before the alignment (B14)");
	tap_ok(!base && !bytes, "base and size are unchanged after a failure");
	NtClose(section);
}

/*
 * catches: a view of other size or alignment than asked for; region reports taken from the section
 */
static void test_fresh_view(void)
{
	HANDLE section = section_need(SECTION_BYTES);
	PVOID base = NULL;
	SIZE_T bytes = 0;
	MEMORY_BASIC_INFORMATION region;
	NTSTATUS status = NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					     ViewUnmap, 0, PAGE_READWRITE);

	tap_is_status(status, STATUS_SUCCESS, "P1.15: mapped");
	tap_is_number((uintptr_t)base % GRANULARITY_BYTES, 0, "at a multiple of 64 KiB");
	tap_is_number(bytes, SECTION_BYTES, "all of it");
	region = region_at((char *)base + 0x1234);
	tap_ok(region.BaseAddress == (char *)base + 0x1000, "P1.25: query rounds down to the page");
	tap_ok(region.AllocationBase == base, "and knows where the view starts");
	tap_is_number(region.RegionSize, SECTION_BYTES - 0x1000, "and counts from there");
	tap_ok(region.State == MEM_COMMIT && region.Type == MEM_MAPPED &&
		       region.Protect == PAGE_READWRITE &&
		       region.AllocationProtect == PAGE_READWRITE,
	       "committed, mapped, read-write");
	tap_is_status(map_try(section, &(struct map_call){.base = (uintptr_t)base}),
		      STATUS_CONFLICTING_ADDRESSES, "P1.18: nothing else fits there");
	tap_is_status(map_try(section, &(struct map_call){.base = (uintptr_t)base, .offset = 1}),
		      STATUS_MAPPED_ALIGNMENT, "P1.19: alignment is told before the conflict");
	tap_is_status(view_drop((char *)base + 0x1050), STATUS_SUCCESS,
		      "P1.31: any address of the view unmaps it");
	region = region_at(base);
	tap_ok(region.State == MEM_FREE && region.Protect == PAGE_NOACCESS && !region.Type &&
		       !region.AllocationBase && !region.AllocationProtect,
	       "P1.32: free afterwards");
	tap_is_status(view_drop(base), STATUS_NOT_MAPPED_VIEW, "P1.34: unmapping twice");
	NtClose(section);
}

/* catches: the limit compared in pages instead of bytes */
static void test_file_view_size(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA), section;
	PVOID base = NULL;
	SIZE_T bytes = ODD_BYTES;
	struct map_call one_more = {.bytes = ODD_BYTES + 1, .protection = PAGE_READONLY};

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	tap_is_status(NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					 ViewShare, 0, PAGE_READONLY),
		      STATUS_SUCCESS, "P1.16: exactly the file's bytes");
	tap_is_number(bytes, 0x4000, "rounded up to a page");
	tap_is_number(((unsigned char *)base)[ODD_BYTES - 1], 'A', "the last byte of the file");
	tap_is_number(((unsigned char *)base)[ODD_BYTES], 0, "8.1: zeros behind it");
	tap_is_number(((unsigned char *)base)[0x3FFF], 0, "8.1: to the end of the page");
	tap_is_status(map_try(section, &one_more), STATUS_INVALID_VIEW_SIZE,
		      "P1.17: one byte more, though it rounds to the same page");
	view_drop(base);
	NtClose(section);
	NtClose(file);
}

/* catches: unmap that accepts anything it can find */
static void test_unmap_other_things(void)
{
	char *memory = memory_need(0x1000);

	tap_is_status(view_drop(memory), STATUS_NOT_MAPPED_VIEW, "P1.33: private memory");
	tap_is_status(view_drop(NULL), STATUS_NOT_MAPPED_VIEW, "3.8: address 0");
	tap_is_status(view_drop((PVOID)FIRST_KERNEL_ADDRESS), STATUS_NOT_MAPPED_VIEW,
		      "3.8: a kernel address");
	tap_is_status(NtUnmapViewOfSection(NULL, memory), STATUS_INVALID_HANDLE, "3.8: no process");
	memory_drop(memory);
}

/* catches: views that copy instead of sharing; a fault too many or of another class */
static void test_sharing(void)
{
	HANDLE section = section_need(SECTION_BYTES);
	char *first = view_need(section, PAGE_READWRITE);
	char *second = view_need(section, PAGE_READWRITE);
	const unsigned pages = SECTION_BYTES / PAGE_BYTES;
	unsigned shared = 0;

	tap_faults_start();
	for (unsigned i = 0; i < pages; i++)
		((volatile char *)first)[i * PAGE_BYTES] = (char)(i + 1);
	tap_faults_stop();
	tap_faults_are(QUIRE_FAULT_DEMAND_ZERO, pages, "first touch of each page");
	tap_no_other_faults("first touch of each page");
	tap_faults_start();
	for (unsigned i = 0; i < pages; i++)
		shared += ((volatile char *)second)[i * PAGE_BYTES] == (char)(i + 1);
	tap_faults_stop();
	tap_is_number(shared, pages, "P1.26: stores are seen through the other view");
	tap_faults_are(QUIRE_FAULT_SHARED, pages, "reading through the second view");
	tap_no_other_faults("reading through the second view");
	if (system_is_quire())
		tap_ok(frame_at(first) && frame_at(first) == frame_at(second),
		       "both views map the same frame");
	else
		tap_skip(1, "frames are Quire's");
	NtClose(section);
	first[5] = 'x';
	tap_is_number((unsigned char)second[5], 'x', "P1.28: without the handle views live on");
	view_drop(first);
	tap_is_number((unsigned char)second[5], 'x', "and one without the other");
	view_drop(second);
}

static bool is_reserved(const char *view)
{
	MEMORY_BASIC_INFORMATION region = region_at(view);

	return region.State == MEM_RESERVE && !region.Protect &&
	       region.AllocationProtect == PAGE_READWRITE && region.Type == MEM_MAPPED;
}

static NTSTATUS commit_at(char *address, SIZE_T bytes, ULONG protection)
{
	PVOID base = address;

	return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT, protection);
}

static NTSTATUS free_at(char *address, SIZE_T bytes, ULONG type)
{
	PVOID base = address;

	return NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, type);
}

/* catches: commit kept per view instead of per section; protection given to every view */
static void test_reserve(void)
{
	HANDLE section;
	char *first, *second;
	MEMORY_BASIC_INFORMATION region;

	section_make(&section, SECTION_BYTES, PAGE_READWRITE, SEC_RESERVE, NULL);
	first = view_need(section, PAGE_READWRITE);
	second = view_need(section, PAGE_READWRITE);
	tap_ok(is_reserved(first) && is_reserved(second), "P4.74: both views are only reserved");
	tap_is_status(commit_at(first, 0x10000, PAGE_READONLY), STATUS_SUCCESS, "P4.76: commit");
	region = region_at(first);
	tap_ok(region.State == MEM_COMMIT && region.Protect == PAGE_READONLY &&
		       region.RegionSize == 0x10000,
	       "P4.76: committed read-only where it was asked for");
	region = region_at(second);
	tap_ok(region.State == MEM_COMMIT && region.Protect == PAGE_READWRITE &&
		       region.RegionSize == 0x10000,
	       "P4.77: committed with the view's own protection in the other");
	second[0] = 'r';
	tap_is_number((unsigned char)first[0], 'r', "and it is the same memory");
	tap_is_status(commit_at(first, 0x10000, PAGE_READONLY), STATUS_SUCCESS, "4.4: twice");
	tap_is_status_or(free_at(first, 0x1000, MEM_DECOMMIT), STATUS_UNABLE_TO_DELETE_SECTION,
			 STATUS_INVALID_PARAMETER, "P4.78: a view is not decommitted");
	tap_is_status_or(free_at(first, 0, MEM_RELEASE), STATUS_UNABLE_TO_DELETE_SECTION,
			 STATUS_INVALID_PARAMETER, "P4.79: nor released");
	tap_is_status_or(commit_at(first, SECTION_BYTES + 0x1000, PAGE_READWRITE),
			 STATUS_CONFLICTING_ADDRESSES, STATUS_NOT_MAPPED_VIEW,
			 "P4.82: commit beyond the view");
	view_drop(first);
	view_drop(second);
	first = view_need(section, PAGE_READWRITE);
	tap_is_number((unsigned char)first[0], 'r',
		      "8.3: commit and data stay while the section lives");
	view_drop(first);
	NtClose(section);
}

/* catches: reserved pages of a view that can be touched; CommitSize ignored */
static void test_touch_reserved(const char *argument)
{
	HANDLE section;
	PVOID base = NULL;
	SIZE_T bytes = 0;

	section_make(&section, 0x2000, PAGE_READWRITE, SEC_RESERVE, NULL);
	NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0x1000, NULL, &bytes, ViewShare, 0,
			   PAGE_READWRITE);
	((volatile char *)base)[!strcmp(argument, "head") ? 0 : 0x1000] = 1;
	RtlExitUserProcess(STATUS_SUCCESS);
}

/* catches: protections kept in the view but not in the page tables */
static void test_touch(const char *argument)
{
	HANDLE section = section_need(0x1000);
	char *view = view_need(section, !strcmp(argument, "none") ? PAGE_NOACCESS : PAGE_READONLY);

	if (!strcmp(argument, "none"))
		RtlExitUserProcess(*(volatile char *)view);
	*(volatile char *)view = 1;
	RtlExitUserProcess(STATUS_SUCCESS);
}

static void test_touches(void)
{
	tap_is_status(child_run_self("touch write"), STATUS_ACCESS_VIOLATION,
		      "P1.35: a store to a read-only view");
	tap_is_status(child_run_self("touch none"), STATUS_ACCESS_VIOLATION,
		      "P1.36: a load from a view without access");
	tap_is_status_or(child_run_self("reserved head"), STATUS_SUCCESS, STATUS_SUCCESS,
			 "P4.80: pages of CommitSize can be touched");
	tap_is_status_or(child_run_self("reserved tail"), STATUS_ACCESS_VIOLATION, STATUS_SUCCESS,
			 "P4.80: those behind it cannot");
}

int program_main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "touch"))
		test_touch(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "reserved"))
		test_touch_reserved(argv[2]);
	tap_start("views: mapping, sharing, unmapping");
	touch_own_pages();
	test_parameters();
	test_handles();
	test_fresh_view();
	test_file_view_size();
	test_unmap_other_things();
	test_sharing();
	test_reserve();
	test_touches();
	return tap_finish();
}

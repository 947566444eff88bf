/*
 * conform_map.c - NtMapViewOfSection: order of checks, places and sizes (3.4.1 to 3.4.5, 3.4.7);
 * P1.15-24, P2.61-62, P4.84-95.
 */
#include "case.h"
#include "path.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define SECTION_BYTES 0x20000u
#define BLOCK_BYTES 0x10000u
#define AT_ROUND_TO_PAGE 0x40000000u
#define KERNEL_ADDRESS 0xFFFF800000000000ull

/* The arguments of one call; what is not named is NULL, 0 or the usual. */
struct request {
	HANDLE section, process;
	uint64_t base, zero_bits, commit_bytes, offset, bytes;
	ULONG inherit, type, protection;
};

static HANDLE usual; /* a page-file section of SECTION_BYTES */

/* => returns: the status; base, offset and bytes as the call left them. The view stays. */
static NTSTATUS map(struct request *request)
{
	PVOID base = (PVOID)(uintptr_t)request->base;
	LARGE_INTEGER offset = {.QuadPart = (LONGLONG)request->offset};
	SIZE_T bytes = request->bytes;
	NTSTATUS status =
		NtMapViewOfSection(request->section, request->process, &base, request->zero_bits,
				   request->commit_bytes, &offset, &bytes, request->inherit,
				   request->type, request->protection);

	request->base = (uintptr_t)base;
	request->offset = (uint64_t)offset.QuadPart;
	request->bytes = bytes;
	return status;
}

/* The usual call, but for what is named: what comes later is meant to win. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define REQUEST(...) \
	&(struct request) \
	{ \
		.section = usual, .process = CURRENT_PROCESS, .inherit = ViewShare, \
		.protection = PAGE_READWRITE, __VA_ARGS__ \
	}

/* The status alone; a view that was made goes again. */
static NTSTATUS try_map(struct request *request)
{
	NTSTATUS status = map(request);

	if (status == STATUS_SUCCESS)
		NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base);
	return status;
}

/* ---- values ---- */

static void value_cases(void)
{
	case_status("P4.95", "Inherit 0", try_map(REQUEST(.inherit = 0)),
		    STATUS_INVALID_PARAMETER_8);
	case_status("P4.95", "Inherit 3", try_map(REQUEST(.inherit = 3)),
		    STATUS_INVALID_PARAMETER_8);
	case_status("P4.85", "type MEM_COMMIT", try_map(REQUEST(.type = MEM_COMMIT)),
		    STATUS_INVALID_PARAMETER_9);
	case_status("3.4.1/2", "type MEM_RESERVE and MEM_COMMIT",
		    try_map(REQUEST(.type = MEM_RESERVE | MEM_COMMIT)), STATUS_INVALID_PARAMETER_9);
	case_status("3.4.4", "type AT_ROUND_TO_PAGE", try_map(REQUEST(.type = AT_ROUND_TO_PAGE)),
		    STATUS_INVALID_PARAMETER_9);
	case_status("P2.61", "protection RW and RO",
		    try_map(REQUEST(.protection = PAGE_READWRITE | PAGE_READONLY)),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("3.4.1/3", "protection 0", try_map(REQUEST(.protection = 0)),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("3.4.1/1", "Inherit 0 wins over protection 0",
		    try_map(REQUEST(.inherit = 0, .protection = 0)), STATUS_INVALID_PARAMETER_8);
}

static void pointer_cases(void)
{
	SIZE_T bytes = 0;
	PVOID base = NULL;

	case_status("3.4.1/4", "base pointer NULL",
		    NtMapViewOfSection(usual, CURRENT_PROCESS, NULL, 0, 0, NULL, &bytes, ViewShare,
				       0, PAGE_READWRITE),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.4.1/4", "size pointer NULL",
		    NtMapViewOfSection(usual, CURRENT_PROCESS, &base, 0, 0, NULL, NULL, ViewShare,
				       0, PAGE_READWRITE),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.4.1/4", "offset pointer bad",
		    NtMapViewOfSection(usual, CURRENT_PROCESS, &base, 0, 0, (LARGE_INTEGER *)8,
				       &bytes, ViewShare, 0, PAGE_READWRITE),
		    STATUS_ACCESS_VIOLATION);
	case_number("3.4.1/4", "nothing was mapped: base", (uintptr_t)base, 0);
}

static void range_cases(void)
{
	case_status("3.4.1/5", "base in the kernel's half",
		    try_map(REQUEST(.base = KERNEL_ADDRESS)), STATUS_INVALID_PARAMETER_3);
	case_status("P4.92", "ViewSize -1", try_map(REQUEST(.bytes = UINT64_MAX)),
		    STATUS_INVALID_PARAMETER_3);
	case_status("P4.93", "ZeroBits 22", try_map(REQUEST(.zero_bits = 22)),
		    STATUS_INVALID_PARAMETER_4);
	case_status("3.4.3", "ZeroBits 31", try_map(REQUEST(.zero_bits = 31)),
		    STATUS_INVALID_PARAMETER_4);
	case_status("P4.94", "base 0x30000000, ZeroBits 3",
		    try_map(REQUEST(.base = 0x30000000, .zero_bits = 3)),
		    STATUS_INVALID_PARAMETER_4);
	case_status("P4.94", "base 0x30000000, ZeroBits 2",
		    try_map(REQUEST(.base = 0x30000000, .zero_bits = 2)), STATUS_SUCCESS);
	case_status("3.4.1/8", "base 0x30001000, ZeroBits 3: before the alignment",
		    try_map(REQUEST(.base = 0x30001000, .zero_bits = 3)),
		    STATUS_INVALID_PARAMETER_4);
	case_status("3.4.1/20", "ZeroBits 20: nothing so low", try_map(REQUEST(.zero_bits = 20)),
		    STATUS_NO_MEMORY);
	case_status("3.4.3", "ZeroBits -1: no limit", try_map(REQUEST(.zero_bits = UINT64_MAX)),
		    STATUS_SUCCESS);
}

static void zero_bits_place_cases(void)
{
	static const uint64_t values[] = {1, 4, 8, 0x1FFFFFFF, 0x1AAAAAAA};

	for (unsigned i = 0; i < COUNT_OF(values); i++) {
		struct request *request = REQUEST(.zero_bits = values[i]);
		uint64_t limit = values[i] < 32 ? 1ull << (32 - values[i]) : 0x20000000;

		case_status("3.4.3", case_format("ZeroBits 0x%llx", (unsigned long long)values[i]),
			    map(request), STATUS_SUCCESS);
		case_true("3.4.3",
			  case_format("ZeroBits 0x%llx: the place is low enough",
				      (unsigned long long)values[i]),
			  request->base && request->base + SECTION_BYTES <= limit);
		NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base);
	}
}

/* ---- handles ---- */

static void handle_cases(void)
{
	HANDLE weak = NULL;

	case_status("P1.24", "process handle 0", try_map(REQUEST(.process = NULL)),
		    STATUS_INVALID_HANDLE);
	case_status("3.4.1/9", "process handle of a section", try_map(REQUEST(.process = usual)),
		    STATUS_OBJECT_TYPE_MISMATCH);
	NtDuplicateObject(CURRENT_PROCESS, CURRENT_PROCESS, CURRENT_PROCESS, &weak,
			  PROCESS_QUERY_INFORMATION, 0, 0);
	case_status("3.4.1/9", "process handle without VM_OPERATION",
		    try_map(REQUEST(.process = weak)), STATUS_ACCESS_DENIED);
	NtClose(weak);
	case_status("P1.22", "section handle 0", try_map(REQUEST(.section = NULL)),
		    STATUS_INVALID_HANDLE);
	case_status("P1.23", "the process's pseudo handle as the section",
		    try_map(REQUEST(.section = CURRENT_PROCESS)), STATUS_OBJECT_TYPE_MISMATCH);
	case_status("3.4.1/10", "section handle 0 and an unaligned base",
		    try_map(REQUEST(.section = NULL, .base = 0x567A20)), STATUS_INVALID_HANDLE);
}

/* ---- places and sizes ---- */

static void place_cases(void)
{
	struct request *first = REQUEST(.bytes = 0);
	MEMORY_BASIC_INFORMATION region;
	uint64_t base;

	case_status("P1.15", "base NULL, ViewSize 0", map(first), STATUS_SUCCESS);
	base = first->base;
	case_true("P1.15", "the base is a multiple of 64 KiB", base && base % BLOCK_BYTES == 0);
	case_number("P1.15", "ViewSize", first->bytes, SECTION_BYTES);
	case_number("3.4.2", "the offset is written back", first->offset, 0);
	region = region_at((void *)(uintptr_t)base);
	case_state("P1.25", "state", region.State, MEM_COMMIT);
	case_number("P1.25", "type", region.Type, MEM_MAPPED);
	case_protection("P1.25", "protection", region.Protect, PAGE_READWRITE);
	case_protection("P1.25", "AllocationProtect", region.AllocationProtect, PAGE_READWRITE);
	case_true("P1.25", "AllocationBase", (uintptr_t)region.AllocationBase == base);
	case_number("3.4.7", "RegionSize", region.RegionSize, SECTION_BYTES);
	case_status("P1.18", "at an occupied base", try_map(REQUEST(.base = base)),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("P1.19", "at an occupied base, offset 1",
		    try_map(REQUEST(.base = base, .offset = 1)), STATUS_MAPPED_ALIGNMENT);
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)base);
	case_status("P1.20", "base + 0x1000", try_map(REQUEST(.base = base + PAGE_BYTES)),
		    STATUS_MAPPED_ALIGNMENT);
	case_status("3.4.1/11", "base + 42", try_map(REQUEST(.base = base + 42)),
		    STATUS_MAPPED_ALIGNMENT);
	case_status("P1.21", "offset 0x40211", try_map(REQUEST(.offset = 0x40211)),
		    STATUS_MAPPED_ALIGNMENT);
	case_status("3.4.1/11", "offset -1", try_map(REQUEST(.offset = UINT64_MAX)),
		    STATUS_MAPPED_ALIGNMENT);
	case_status("3.4.2", "base given", try_map(REQUEST(.base = base)), STATUS_SUCCESS);
}

static void size_cases(void)
{
	HANDLE file = NULL, section = NULL;
	struct request *request;

	case_status("P1.16", "a file of 0x3452 bytes",
		    case_file(&file, "C:\\data\\map.bin", 0x3452, FILE_READ_DATA), STATUS_SUCCESS);
	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	request = REQUEST(.section = section, .bytes = 0x3452, .protection = PAGE_READONLY);
	case_status("P1.16", "file of 0x3452 bytes, ViewSize 0x3452", map(request), STATUS_SUCCESS);
	case_number("P1.16", "file of 0x3452 bytes: ViewSize", request->bytes, 0x4000);
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base);
	case_status(
		"P1.17", "file of 0x3452 bytes, ViewSize 0x3453",
		try_map(REQUEST(.section = section, .bytes = 0x3453, .protection = PAGE_READONLY)),
		STATUS_INVALID_VIEW_SIZE);
	NtClose(section);
	NtClose(file);
	case_status("3.4.1/15", "offset and size beyond the section",
		    try_map(REQUEST(.offset = BLOCK_BYTES, .bytes = BLOCK_BYTES + 1)),
		    STATUS_INVALID_VIEW_SIZE);
	case_status("3.4.2", "1 byte at the section's end",
		    try_map(REQUEST(.offset = SECTION_BYTES, .bytes = 1)),
		    STATUS_INVALID_VIEW_SIZE);
	case_chosen();
	case_status("3.4.1/16", "ViewSize 0 at the section's end",
		    try_map(REQUEST(.offset = SECTION_BYTES)), STATUS_INVALID_VIEW_SIZE);
	request = REQUEST(.offset = BLOCK_BYTES);
	case_status("3.4.2", "ViewSize 0 from an offset", map(request), STATUS_SUCCESS);
	case_number("3.4.2", "ViewSize 0 from an offset: the rest", request->bytes,
		    SECTION_BYTES - BLOCK_BYTES);
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base);
	request = REQUEST(.bytes = 1);
	case_status("3.4.2", "ViewSize 1", map(request), STATUS_SUCCESS);
	case_number("3.4.2", "ViewSize 1: rounded up", request->bytes, PAGE_BYTES);
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base);
}

static void top_down_cases(void)
{
	struct request *low = REQUEST(.bytes = 0), *high = REQUEST(.type = MEM_TOP_DOWN);

	case_status("3.4.4", "anywhere", map(low), STATUS_SUCCESS);
	case_status("3.4.4", "TOP_DOWN", map(high), STATUS_SUCCESS);
	case_true("3.4.4", "TOP_DOWN is above 4 GiB", high->base > 4 * GIB);
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)low->base);
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)high->base);
}

/* ---- sections of reserved pages; views that reserve ---- */

static void reserve_cases(void)
{
	HANDLE reserved = NULL, file = NULL, writable = NULL, readable = NULL;
	struct request *request;

	section_make(&reserved, 8 * GIB, PAGE_READWRITE, SEC_RESERVE, NULL);
	request = REQUEST(.section = reserved);
	case_status("P4.90", "RESERVE section of 8 GiB, ViewSize 0", map(request), STATUS_SUCCESS);
	case_number("P4.90", "RESERVE section of 8 GiB: ViewSize", request->bytes, 8 * GIB);
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base);
	case_status("P4.84", "RESERVE section, type MEM_RESERVE",
		    try_map(REQUEST(.section = reserved, .type = MEM_RESERVE)),
		    STATUS_INVALID_PARAMETER_9);
	case_status("P4.89", "RESERVE section, CommitSize -1",
		    try_map(REQUEST(.section = reserved, .bytes = PAGE_BYTES,
				    .commit_bytes = UINT64_MAX)),
		    STATUS_INVALID_PARAMETER_5);
	NtClose(reserved);
	case_status("3.4.1/17", "COMMIT section, CommitSize above the view's size",
		    try_map(REQUEST(.commit_bytes = 256 * MIB)), STATUS_INVALID_PARAMETER_5);
	case_status("P4.86", "a file of 200 bytes",
		    case_file(&file, "C:\\data\\map.bin", 200, FILE_READ_DATA | FILE_WRITE_DATA),
		    STATUS_SUCCESS);
	section_make(&writable, 0, PAGE_READWRITE, SEC_COMMIT, file);
	section_make(&readable, 0, PAGE_READONLY, SEC_COMMIT, file);
	case_status("P4.86", "RW file section of 200 bytes, MEM_RESERVE, ViewSize 201",
		    try_map(REQUEST(.section = writable, .bytes = 201, .type = MEM_RESERVE)),
		    STATUS_SUCCESS);
	case_status("P4.86", "RW file section of 200 bytes, ViewSize 201",
		    try_map(REQUEST(.section = writable, .bytes = 201)), STATUS_INVALID_VIEW_SIZE);
	case_status("3.4.1/17", "RW file section of 200 bytes, CommitSize 500",
		    try_map(REQUEST(.section = writable, .commit_bytes = 500)),
		    STATUS_INVALID_PARAMETER_5);
	case_status("3.4.1/17", "RW file section of 200 bytes, CommitSize 500, MEM_RESERVE",
		    try_map(REQUEST(.section = writable, .commit_bytes = 500, .bytes = PAGE_BYTES,
				    .type = MEM_RESERVE)),
		    STATUS_SUCCESS);
	case_status("P4.87", "RO file section, MEM_RESERVE",
		    try_map(REQUEST(.section = readable, .type = MEM_RESERVE,
				    .protection = PAGE_READONLY)),
		    STATUS_SECTION_PROTECTION);
	NtClose(readable);
	NtClose(writable);
	NtClose(file);
}

/* ---- modifiers of the protection ---- */

static void modifier_cases(void)
{
	struct request *request = REQUEST(.protection = PAGE_READWRITE | PAGE_GUARD);
	char *view;

	case_status("P2.62", "protection GUARD+RW", map(request), STATUS_SUCCESS);
	view = (char *)(uintptr_t)request->base;
	case_status("P2.62", "first touch", case_load(view), STATUS_GUARD_PAGE_VIOLATION);
	case_status("P2.62", "second touch", case_load(view), STATUS_SUCCESS);
	NtUnmapViewOfSection(CURRENT_PROCESS, view);
	case_status("3.4.7", "protection NOCACHE+RW",
		    try_map(REQUEST(.protection = PAGE_READWRITE | PAGE_NOCACHE)), STATUS_SUCCESS);
	case_status("3.4.1/18", "page-file section, protection WRITECOMBINE+RW",
		    try_map(REQUEST(.protection = PAGE_READWRITE | PAGE_WRITECOMBINE)),
		    STATUS_INVALID_PARAMETER_10);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_map: NtMapViewOfSection");
	usual = section_need(SECTION_BYTES);
	case_call("NtMapViewOfSection");
	value_cases();
	pointer_cases();
	range_cases();
	zero_bits_place_cases();
	handle_cases();
	place_cases();
	size_cases();
	top_down_cases();
	reserve_cases();
	modifier_cases();
	NtClose(usual);
	return case_finish();
}

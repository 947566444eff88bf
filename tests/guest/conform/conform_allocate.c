/*
 * conform_allocate.c - NtAllocateVirtualMemory: what it refuses, in which order (5.1.1, 5.1.3; P7).
 */
#include "memory.h"

#define CALL "NtAllocateVirtualMemory"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

struct refusal {
	const char *id, *what;
	uint64_t base, zero_bits, bytes;
	ULONG type, protection;
	NTSTATUS documented;
};

static const struct refusal refusals[] = {
	{"5.1.1/1", "ZeroBits 22", 0, 22, 1, MEM_RESERVE, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_3},
	{"5.1.1/1", "ZeroBits 31", 0, 31, 1, MEM_RESERVE, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_3},
	{"5.1.1/2", "Type -1", 0, 0, 1, 0xFFFFFFFF, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/2", "RESERVE+AT_ROUND_TO_PAGE", 0, 0, 1, MEM_RESERVE | MEM_AT_ROUND_TO_PAGE,
	 PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/2", "RESERVE+RESERVE_PLACEHOLDER", 0, 0, 1, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
	 PAGE_NOACCESS, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/3", "Type 0", 0, 0, 1, 0, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/3", "TOP_DOWN alone", 0, 0, 1, MEM_TOP_DOWN, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_5},
	{"5.1.1/7", "PHYSICAL alone", 0, 0, 1, MEM_PHYSICAL, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_5},
	{"P7.136", "COMMIT+RESET", 0, 0, 1, MEM_COMMIT | MEM_RESET, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_5},
	{"5.1.1/4", "TOP_DOWN+RESET", 0, 0, 1, MEM_TOP_DOWN | MEM_RESET, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_5},
	{"5.1.1/5", "LARGE_PAGES+RESERVE", 0, 0, 0x200000, MEM_RESERVE | MEM_LARGE_PAGES,
	 PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/5", "LARGE_PAGES+RESET", 0, 0, 0x200000, MEM_RESET | MEM_LARGE_PAGES,
	 PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/5", "LARGE_PAGES+RESERVE+COMMIT+WRITE_WATCH", 0, 0, 0x200000,
	 COMMITTED | MEM_LARGE_PAGES | MEM_WRITE_WATCH, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/5", "LARGE_PAGES+RESERVE+PHYSICAL", 0, 0, 0x200000,
	 MEM_RESERVE | MEM_LARGE_PAGES | MEM_PHYSICAL, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
	{"5.1.1/6", "WRITE_WATCH+COMMIT", 0, 0, 1, MEM_WRITE_WATCH | MEM_COMMIT, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_5},
	{"5.1.1/7", "PHYSICAL+COMMIT", 0, 0, 1, MEM_PHYSICAL | MEM_COMMIT, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_5},
	{"5.1.1/7", "PHYSICAL+RESERVE+COMMIT", 0, 0, 1, MEM_PHYSICAL | COMMITTED, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_5},
	{"5.1.1/8", "PHYSICAL+RESERVE, RO", 0, 0, 1, MEM_PHYSICAL | MEM_RESERVE, PAGE_READONLY,
	 STATUS_INVALID_PARAMETER_6},
	{"5.1.1/9", "protection 0", 0, 0, 1, MEM_RESERVE, 0, STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/9", "protection -1", 0, 0, 1, MEM_RESERVE, 0xFFFFFFFF,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/9", "protection NA+GUARD", 0, 0, 1, MEM_RESERVE, PAGE_NOACCESS | PAGE_GUARD,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/9", "protection NA+WRITECOMBINE", 0, 0, 1, MEM_RESERVE,
	 PAGE_NOACCESS | PAGE_WRITECOMBINE, STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/9", "protection NA+NOCACHE", 0, 0, 1, MEM_RESERVE, PAGE_NOACCESS | PAGE_NOCACHE,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/9", "protection RW+GUARD+NOCACHE", 0, 0, 1, MEM_RESERVE,
	 PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE, STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/9", "protection RW+GUARD+WRITECOMBINE", 0, 0, 1, MEM_RESERVE,
	 PAGE_READWRITE | PAGE_GUARD | PAGE_WRITECOMBINE, STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/9", "protection RW+RO", 0, 0, 1, MEM_RESERVE, PAGE_READWRITE | PAGE_READONLY,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/11", "base in the kernel", FIRST_KERNEL_ADDRESS, 0, 1, MEM_RESERVE, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_2},
	{"5.1.1/11", "base just above user space", ABOVE_USER, 0, 1, MEM_RESERVE, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_2},
	{"5.1.1/12", "size -1", 0, 0, UINT64_MAX, MEM_RESERVE, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_4},
	{"5.1.1/12", "size past user space", FIXED_ADDRESS, 0, USER_LIMIT, MEM_RESERVE,
	 PAGE_READWRITE, STATUS_INVALID_PARAMETER_4},
	{"5.1.1/13", "size 0", 0, 0, 0, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_4},
	{"P7.135", "RESERVE, WC", 0, 0, 1, MEM_RESERVE, PAGE_WRITECOPY,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"P7.135", "RESERVE, XWC", 0, 0, 1, MEM_RESERVE, PAGE_EXECUTE_WRITECOPY,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"P7.135", "RESERVE+COMMIT, WC", 0, 0, 1, COMMITTED, PAGE_WRITECOPY,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"P7.135", "RESERVE+COMMIT, XWC", 0, 0, 1, COMMITTED, PAGE_EXECUTE_WRITECOPY,
	 STATUS_INVALID_PAGE_PROTECTION},
	{"5.1.1/17", "base 0xF000", 0xF000, 0, 1, MEM_RESERVE, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_2},
	{"5.1.1/17", "base 1", 1, 0, 1, MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_2},
	{"5.1.1/18", "base 0x30000000, ZeroBits 3", 0x30000000, 3, 1, MEM_RESERVE, PAGE_READWRITE,
	 STATUS_INVALID_PARAMETER_3},
	{"P7.134", "COMMIT of free memory", FIXED_ADDRESS, 0, 0x1000, MEM_COMMIT, PAGE_READWRITE,
	 STATUS_CONFLICTING_ADDRESSES},
	{"5.1.2", "RESET of free memory", FIXED_ADDRESS, 0, 0x1000, MEM_RESET, PAGE_READWRITE,
	 STATUS_CONFLICTING_ADDRESSES},
	{"5.1.1/22", "COMMIT of 512 GiB", 0, 0, 0x8000000000, COMMITTED, PAGE_READWRITE,
	 STATUS_COMMITMENT_LIMIT},
};

/* A call that is refused leaves base and size as they were (C7); one that is not changes them. */
static void test_refusals(void)
{
	for (unsigned i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *row = &refusals[i];
		struct range range = range_of(row->base, row->bytes);
		NTSTATUS status =
			NtAllocateVirtualMemory(CURRENT_PROCESS, &range.base, row->zero_bits,
						&range.bytes, row->type, row->protection);

		case_status(row->id, row->what, status, row->documented);
		case_true("C7", case_format("%s: base and size unchanged", row->what),
			  NT_SUCCESS(status) ||
				  (range.base == (PVOID)row->base && range.bytes == row->bytes));
		if (NT_SUCCESS(status))
			range_drop(range.base);
	}
}

static void test_pointers(void)
{
	PVOID base = NULL;
	SIZE_T bytes = 1;

	case_status("5.1.1/10", "base pointer bad",
		    NtAllocateVirtualMemory(CURRENT_PROCESS, BAD_POINTER, 0, &bytes, MEM_RESERVE,
					    PAGE_READWRITE),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.1.1/10", "size pointer bad",
		    NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, BAD_POINTER, MEM_RESERVE,
					    PAGE_READWRITE),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.1.1/10", "size pointer NULL",
		    NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, NULL, MEM_RESERVE,
					    PAGE_READWRITE),
		    STATUS_ACCESS_VIOLATION);
}

static NTSTATUS allocate_in(HANDLE process)
{
	PVOID base = NULL;
	SIZE_T bytes = 1;
	NTSTATUS status =
		NtAllocateVirtualMemory(process, &base, 0, &bytes, MEM_RESERVE, PAGE_READWRITE);

	if (NT_SUCCESS(status))
		range_drop(base);
	return status;
}

static void test_process_handles(void)
{
	HANDLE reader = process_with(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION);
	HANDLE operator= process_with(PROCESS_VM_OPERATION);
	HANDLE section = section_need(1);

	case_status("5.1.1/14", "process handle 0", allocate_in(NULL), STATUS_INVALID_HANDLE);
	case_status("5.1.1/14", "handle without VM_OPERATION", allocate_in(reader),
		    STATUS_ACCESS_DENIED);
	case_status("C6", "handle with VM_OPERATION", allocate_in(operator), STATUS_SUCCESS);
	case_status("C1", "section handle as process", allocate_in(section),
		    STATUS_OBJECT_TYPE_MISMATCH);
	NtClose(reader);
	NtClose(operator);
	NtClose(section);
}

static NTSTATUS allocate_at(uint64_t base, uint64_t bytes, ULONG type)
{
	struct range range = range_of(base, bytes);

	return range_allocate(&range, type, PAGE_READWRITE);
}

static void test_conflicts(void)
{
	PVOID base = (PVOID)FIXED_ADDRESS;
	SIZE_T bytes = 0x1000;

	allocate_at(FIXED_ADDRESS, 0x1000, MEM_RESERVE);
	case_status("P7.132", "RESERVE at B+0x1000 behind a page at B",
		    allocate_at(FIXED_ADDRESS + 0x1000, 0x1000, MEM_RESERVE),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("5.1.1/19", "RESERVE over an allocation",
		    allocate_at(FIXED_ADDRESS, 0x1000, MEM_RESERVE), STATUS_CONFLICTING_ADDRESSES);
	case_status("5.1.1/19", "RESERVE that ends in an allocation",
		    allocate_at(FIXED_ADDRESS - 0x10000, 0x11000, MEM_RESERVE),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("5.1.1/19", "RESERVE over an allocation, ZeroBits 1",
		    NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 1, &bytes, MEM_RESERVE,
					    PAGE_READWRITE),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("5.1.1/20", "COMMIT past the end",
		    allocate_at(FIXED_ADDRESS, 0x2000, MEM_COMMIT), STATUS_CONFLICTING_ADDRESSES);
	case_status("5.1.1/20", "COMMIT behind the end",
		    allocate_at(FIXED_ADDRESS + 0x1000, 0x1000, MEM_COMMIT),
		    STATUS_CONFLICTING_ADDRESSES);
	allocate_at(FIXED_ADDRESS + 0x10000, 0x1000, MEM_RESERVE);
	case_status("5.1.1/20", "COMMIT over two allocations",
		    allocate_at(FIXED_ADDRESS, 0x11000, MEM_COMMIT), STATUS_CONFLICTING_ADDRESSES);
	range_drop((PVOID)FIXED_ADDRESS);
	range_drop((PVOID)(FIXED_ADDRESS + 0x10000));
}

/* 5.1.3: how many high bits of a 32-bit address are 0, or from 32 on a mask of what is allowed */
static void test_zero_bits(void)
{
	static const struct {
		const char *what;
		uint64_t zero_bits, limit;
	} rows[] = {
		{"ZeroBits 1", 1, 0x80000000},
		{"ZeroBits 4", 4, 0x10000000},
		{"ZeroBits 0x1fffffff", 0x1FFFFFFF, 0x20000000},
		{"ZeroBits 0x1aaaaaaa", 0x1AAAAAAA, 0x20000000},
		{"ZeroBits -1", UINT64_MAX, UINT64_MAX},
	};
	PVOID base = NULL;
	SIZE_T bytes = 0x1000;

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		base = NULL;
		bytes = 0x1000;
		case_status("5.1.3", rows[i].what,
			    NtAllocateVirtualMemory(CURRENT_PROCESS, &base, rows[i].zero_bits,
						    &bytes, MEM_RESERVE, PAGE_READWRITE),
			    STATUS_SUCCESS);
		case_true("5.1.3", case_format("%s: base below the limit", rows[i].what),
			  base && (uintptr_t)base < rows[i].limit);
		range_drop(base);
	}
	base = NULL;
	case_status_either("5.1.1/21", "ZeroBits 21",
			   NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 21, &bytes, MEM_RESERVE,
						   PAGE_READWRITE),
			   STATUS_NO_MEMORY, STATUS_INVALID_PARAMETER);
}

/* Everything is wrong at first; what was found is mended, until only the last mistake is left. */
static void test_order(void)
{
	static const struct refusal rows[] = {
		{"5.1.1/1", "all wrong", 0xF000, 22, 0, 0, 0, STATUS_INVALID_PARAMETER_3},
		{"5.1.1/3", "Type, protection, size, handle wrong", 0xF000, 0, 0, 0, 0,
		 STATUS_INVALID_PARAMETER_5},
		{"5.1.1/9", "protection, size, handle wrong", 0xF000, 0, 0, MEM_RESERVE, 0,
		 STATUS_INVALID_PAGE_PROTECTION},
		{"5.1.1/11", "base in the kernel, size, handle wrong", FIRST_KERNEL_ADDRESS, 0, 0,
		 MEM_RESERVE, PAGE_WRITECOPY, STATUS_INVALID_PARAMETER_2},
		{"5.1.1/13", "size, handle wrong", 0xF000, 0, 0, MEM_RESERVE, PAGE_WRITECOPY,
		 STATUS_INVALID_PARAMETER_4},
		{"5.1.1/14", "handle, private WC wrong", 0xF000, 0, 1, MEM_RESERVE, PAGE_WRITECOPY,
		 STATUS_INVALID_HANDLE},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		PVOID base = (PVOID)rows[i].base;
		SIZE_T bytes = rows[i].bytes;

		case_status(rows[i].id, case_format("order: %s", rows[i].what),
			    NtAllocateVirtualMemory(NULL, &base, rows[i].zero_bits, &bytes,
						    rows[i].type, rows[i].protection),
			    rows[i].documented);
	}
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_allocate: what NtAllocateVirtualMemory refuses");
	case_call(CALL);
	test_refusals();
	test_pointers();
	test_process_handles();
	test_conflicts();
	test_zero_bits();
	test_order();
	return case_finish();
}

/*
 * conform_watch.c - NtGetWriteWatch and NtResetWriteWatch: which pages were written (5.8; P7.146,
 * P7.147).
 */
#include "memory.h"

#define GET "NtGetWriteWatch"
#define RESET "NtResetWriteWatch"
#define WATCHED (MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH)
#define PAGES 8u
#define BYTES (PAGES * 0x1000u)
#define FLAG_RESET 1u

typedef NTSTATUS(NTAPI *get_call)(HANDLE process, ULONG flags, PVOID base, SIZE_T bytes,
				  PVOID *addresses, ULONG_PTR *count, ULONG *granularity);
typedef NTSTATUS(NTAPI *reset_call)(HANDLE process, PVOID base, SIZE_T bytes);
static get_call get_watch;
static reset_call reset_watch;

static char *memory;

/* The written pages as bits; -1 if the call failed. */
static uint64_t marks_with(ULONG flags)
{
	PVOID pages[PAGES];
	ULONG_PTR count = PAGES;
	ULONG granularity = 0;
	uint64_t marks = 0;

	if (!NT_SUCCESS(
		    get_watch(CURRENT_PROCESS, flags, memory, BYTES, pages, &count, &granularity)))
		return UINT64_MAX;
	for (unsigned i = 0; i < count; i++)
		marks |= 1ull << ((char *)pages[i] - memory) / 0x1000;
	return marks;
}

static uint64_t marks(void)
{
	return marks_with(0);
}

static void clear_marks(void)
{
	reset_watch(CURRENT_PROCESS, memory, BYTES);
}

/* Memory of the program's own: whole pages, read-write. */
static bool make_memory(void)
{
	struct range range = range_of(0, BYTES);

	if (!NT_SUCCESS(range_allocate(&range, WATCHED, PAGE_READWRITE)))
		return false;
	memory = range.base;
	return true;
}

static NTSTATUS get(ULONG flags, PVOID base, SIZE_T bytes, PVOID *pages, ULONG_PTR *count,
		    ULONG *granularity)
{
	return get_watch(CURRENT_PROCESS, flags, base, bytes, pages, count, granularity);
}

static void test_get_arguments(void)
{
	PVOID pages[PAGES];
	ULONG_PTR count = PAGES, zero = 0;
	ULONG granularity = 0;
	char *plain = range_need(0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	case_status("5.8", "Count NULL", get(0, memory, BYTES, pages, NULL, &granularity),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.8", "Granularity NULL", get(0, memory, BYTES, pages, &count, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.8", "Count 0, Array NULL", get(0, memory, BYTES, NULL, &zero, &granularity),
		    STATUS_INVALID_PARAMETER);
	case_status("5.8", "Size 0", get(0, memory, 0, pages, &count, &granularity),
		    STATUS_INVALID_PARAMETER_4);
	case_status("5.8", "Flags 2", get(2, memory, BYTES, pages, &count, &granularity),
		    STATUS_INVALID_PARAMETER_2);
	case_status("5.8", "Array NULL", get(0, memory, BYTES, NULL, &count, &granularity),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.8", "memory that is not watched",
		    get(0, plain, 0x1000, pages, &count, &granularity), STATUS_INVALID_PARAMETER);
	case_status("5.8", "past the allocation's end",
		    get(0, memory, BYTES + 0x1000, pages, &count, &granularity),
		    STATUS_INVALID_PARAMETER);
	case_status("5.8", "free memory",
		    get(0, (PVOID)FIXED_ADDRESS, 0x1000, pages, &count, &granularity),
		    STATUS_INVALID_PARAMETER);
	case_status("5.8", "all of it", get(0, memory, BYTES, pages, &count, &granularity),
		    STATUS_SUCCESS);
	case_number("5.8", "fresh memory: marks", count, 0);
	case_number("5.8", "granularity", granularity, 0x1000);
	range_drop(plain);
}

static void test_reset_arguments(void)
{
	char *plain = range_need(0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	case_call(RESET);
	case_status("5.8", "Size 0", reset_watch(CURRENT_PROCESS, memory, 0),
		    STATUS_INVALID_PARAMETER);
	case_status("5.8", "memory that is not watched",
		    reset_watch(CURRENT_PROCESS, plain, 0x1000), STATUS_INVALID_PARAMETER);
	case_status("5.8", "past the allocation's end",
		    reset_watch(CURRENT_PROCESS, memory, BYTES + 0x1000), STATUS_INVALID_PARAMETER);
	memory[0x1000] = memory[0x3000] = 1;
	case_status("5.8", "all of it", reset_watch(CURRENT_PROCESS, memory, BYTES),
		    STATUS_SUCCESS);
	case_number("5.8", "all of it: marks", marks(), 0);
	case_call(GET);
	range_drop(plain);
}

static void test_stores(void)
{
	PVOID pages[PAGES] = {NULL};
	ULONG_PTR count = PAGES;
	ULONG granularity;

	clear_marks();
	*(volatile uint32_t *)(memory + 0x1FFE) = 0x12345678;
	get(0, memory, BYTES, pages, &count, &granularity);
	case_number("P7.146", "a store that straddles two pages: marks", count, 2);
	case_true("P7.146", "both pages, ascending",
		  pages[0] == memory + 0x1000 && pages[1] == memory + 0x2000);
	clear_marks();
	((volatile char *)memory)[0x4000];
	case_number("5.8", "a load: marks", marks(), 0);
	memory[0] = memory[0x5000] = memory[0x7000] = 1;
	count = 1;
	case_status("P7.147", "three marks, Count 1, RESET",
		    get(FLAG_RESET, memory, BYTES, pages, &count, &granularity), STATUS_SUCCESS);
	case_number("P7.147", "returned", count, 1);
	case_true("P7.147", "the first one", pages[0] == memory);
	case_number("P7.147", "the others are still marked", marks(), 0xA0);
	count = PAGES;
	get(0, memory + 0x5FFF, 2, pages, &count, &granularity);
	case_number("5.8", "(B+0x5fff, 2): marks", count, 1);
	memory[0x6000] = 1;
	count = PAGES;
	get(0, memory + 0x5FFF, 2, pages, &count, &granularity);
	case_number("5.8", "(B+0x5fff, 2) after stores: marks", count, 2);
	case_number("5.8", "RESET while reading", marks_with(FLAG_RESET), 0xE0);
	case_number("5.8", "RESET while reading: afterwards", marks(), 0);
}

static void test_protection(void)
{
	clear_marks();
	protect(memory, BYTES, PAGE_READONLY, NULL);
	case_number("5.8", "to RO: marks", marks(), 0);
	case_status("5.8", "a store to an RO page", case_store(memory, 1), STATUS_ACCESS_VIOLATION);
	case_number("5.8", "a store that fails: marks", marks(), 0);
	clear_marks();
	protect(memory, BYTES, PAGE_READWRITE, NULL);
	case_number("5.8", "back to RW: marks", marks(), 0);
	memory[0x2000] = 1;
	case_number("5.8", "a store then", marks(), 4);
	protect(memory, BYTES, PAGE_READONLY, NULL);
	case_number("5.8", "a protection keeps marks", marks(), 4);
	protect(memory, BYTES, PAGE_READWRITE, NULL);
	clear_marks();
	protect(memory, BYTES, PAGE_GUARD | PAGE_READWRITE, NULL);
	case_status("5.8", "a store to a guard page", case_store(memory + 0x1000, 1),
		    STATUS_GUARD_PAGE_VIOLATION);
	case_number("5.8", "the guard's exception: marks", marks(), 0);
	case_status("5.8", "the store again", case_store(memory + 0x1000, 1), STATUS_SUCCESS);
	case_number("5.8", "the store again: marks", marks(), 2);
	protect(memory, BYTES, PAGE_READWRITE, NULL);
}

static void test_decommit(void)
{
	struct range range = {memory + 0x3000, 0x1000};

	clear_marks();
	memory[0x3000] = 1;
	range_free(&range, MEM_DECOMMIT);
	case_number("5.8", "DECOMMIT keeps marks", marks(), 8);
	range_allocate(&range, MEM_COMMIT, PAGE_READWRITE);
	clear_marks();
	case_number("5.8", "committed again, reset: marks", marks(), 0);
}

/* The kernel's stores count, for the whole of a buffer that a read was given. */
static void test_kernel_stores(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA);
	LARGE_INTEGER offset = {.QuadPart = 0}, end = {.QuadPart = ODD_BYTES};
	IO_STATUS_BLOCK io, *inside = (IO_STATUS_BLOCK *)(memory + 0x6000);

	clear_marks();
	NtReadFile(file, NULL, NULL, NULL, &io, memory + 0x1000, 0x100, &offset, NULL);
	case_number("5.8", "NtReadFile: marks", marks(), 2);
	clear_marks();
	offset.QuadPart = ODD_BYTES - 0x10;
	NtReadFile(file, NULL, NULL, NULL, &io, memory + 0x1000, 0x3000, &offset, NULL);
	case_number("5.8", "NtReadFile, a short read: marks", marks(), 0xE);
	clear_marks();
	NtReadFile(file, NULL, NULL, NULL, &io, memory + 0x1000, 0x3000, &end, NULL);
	case_number("5.8", "NtReadFile at the end of file: marks", marks(), 0xE);
	clear_marks();
	NtReadFile(NULL, NULL, NULL, NULL, &io, memory + 0x1000, 0x3000, &end, NULL);
	case_number("5.8", "NtReadFile, handle 0: marks", marks(), 0);
	offset.QuadPart = 0;
	NtReadFile(file, NULL, NULL, NULL, inside, &io, sizeof(io), &offset, NULL);
	case_number("5.8", "an IO_STATUS_BLOCK: marks", marks(), 0x40);
	NtClose(file);
}

static void test_allocation(void)
{
	struct range range = {range_need(0x10000, MEM_RESERVE, PAGE_READWRITE), 0x1000};
	PVOID base = range.base;

	case_call("NtAllocateVirtualMemory");
	case_status("5.1.1/6", "WRITE_WATCH+COMMIT in reserved memory",
		    range_allocate(&range, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE),
		    STATUS_INVALID_PARAMETER_5);
	case_status("5.8", "RESERVE+COMMIT+WRITE_WATCH", make_memory() ? 0 : STATUS_UNSUCCESSFUL,
		    STATUS_SUCCESS);
	range_drop(base);
	case_call(GET);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_watch: write watches");
	reset_watch = (reset_call)case_find_call(RESET);
	get_watch = (get_call)case_find_call(GET);
	test_allocation();
	if (!memory) /* what is not watched is memory all the same */
		memory = range_need(BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	test_get_arguments();
	test_reset_arguments();
	test_stores();
	test_protection();
	test_decommit();
	test_kernel_stores();
	range_drop(memory);
	return case_finish();
}

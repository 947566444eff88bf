/*
 * conform_free.c - NtFreeVirtualMemory: decommit, release, parts of allocations (5.2; P7.137-141).
 */
#include "memory.h"

#define CALL "NtFreeVirtualMemory"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define BYTES 0x10000u

static NTSTATUS free_at(const void *base, uint64_t bytes, ULONG type)
{
	struct range range = {(PVOID)base, bytes};

	return range_free(&range, type);
}

struct refusal {
	const char *id, *what;
	uint64_t offset, bytes;
	ULONG type;
	NTSTATUS documented;
};

/* Of 64 KiB committed at B; each of them leaves everything as it was. */
static const struct refusal refusals[] = {
	{"5.2/1", "Type 0", 0, 0, 0, STATUS_INVALID_PARAMETER_4},
	{"5.2/1", "Type FREE", 0, 0, MEM_FREE, STATUS_INVALID_PARAMETER_4},
	{"5.2/1", "Type RELEASE+DECOMMIT", 0, 0, MEM_RELEASE | MEM_DECOMMIT,
	 STATUS_INVALID_PARAMETER_4},
	{"5.2/1", "Type -1", 0, 0, 0xFFFFFFFF, STATUS_INVALID_PARAMETER_4},
	{"5.2/4", "RELEASE, size -1", 0, UINT64_MAX, MEM_RELEASE, STATUS_INVALID_PARAMETER_3},
	{"5.2/4", "DECOMMIT, size -1", 0, UINT64_MAX, MEM_DECOMMIT, STATUS_INVALID_PARAMETER_3},
	{"5.2/7", "RELEASE, one byte too much", 0, BYTES + 1, MEM_RELEASE,
	 STATUS_UNABLE_TO_FREE_VM},
	{"5.2/7", "DECOMMIT, one byte too much", 0, BYTES + 1, MEM_DECOMMIT,
	 STATUS_UNABLE_TO_FREE_VM},
	{"5.2/7", "RELEASE, B+1 with the whole size", 1, BYTES, MEM_RELEASE,
	 STATUS_UNABLE_TO_FREE_VM},
	{"5.2/7", "DECOMMIT, B+1 with the whole size", 1, BYTES, MEM_DECOMMIT,
	 STATUS_UNABLE_TO_FREE_VM},
	{"P7.138", "RELEASE, size 0, at B+0x1001", 0x1001, 0, MEM_RELEASE,
	 STATUS_FREE_VM_NOT_AT_BASE},
	{"5.2/10", "DECOMMIT, size 0, at B+0x1001", 0x1001, 0, MEM_DECOMMIT,
	 STATUS_FREE_VM_NOT_AT_BASE},
};

static void test_refusals(void)
{
	for (unsigned i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *row = &refusals[i];
		char *memory = range_need(BYTES, COMMITTED, PAGE_READWRITE);
		struct range range = {memory + row->offset, row->bytes};

		case_status(row->id, row->what, range_free(&range, row->type), row->documented);
		case_true("C7", case_format("%s: nothing changed", row->what),
			  range.base == memory + row->offset && range.bytes == row->bytes &&
				  region_at(memory).State == MEM_COMMIT &&
				  region_at(memory).RegionSize == BYTES);
		range_drop(memory);
	}
}

static void test_arguments(void)
{
	char *memory = range_need(BYTES, COMMITTED, PAGE_READWRITE);
	HANDLE reader = process_with(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION);
	struct range range = {memory, 0};

	case_status("5.2/2", "base pointer bad",
		    NtFreeVirtualMemory(CURRENT_PROCESS, BAD_POINTER, &range.bytes, MEM_RELEASE),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.2/2", "size pointer bad",
		    NtFreeVirtualMemory(CURRENT_PROCESS, &range.base, BAD_POINTER, MEM_RELEASE),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.2/3", "base in the kernel",
		    free_at((PVOID)FIRST_KERNEL_ADDRESS, 0, MEM_RELEASE),
		    STATUS_INVALID_PARAMETER_2);
	case_status("5.2/5", "process handle 0",
		    NtFreeVirtualMemory(NULL, &range.base, &range.bytes, MEM_RELEASE),
		    STATUS_INVALID_HANDLE);
	case_status("5.2/5", "handle without VM_OPERATION",
		    NtFreeVirtualMemory(reader, &range.base, &range.bytes, MEM_RELEASE),
		    STATUS_ACCESS_DENIED);
	case_status("5.2/6", "RELEASE of address 0", free_at(NULL, 0, MEM_RELEASE),
		    STATUS_MEMORY_NOT_ALLOCATED);
	NtClose(reader);
	range_drop(memory);
	case_status("P7.141", "RELEASE of free memory", free_at(memory, 0, MEM_RELEASE),
		    STATUS_MEMORY_NOT_ALLOCATED);
	case_status("5.2/6", "DECOMMIT of free memory", free_at(memory, 0x1000, MEM_DECOMMIT),
		    STATUS_MEMORY_NOT_ALLOCATED);
}

static void test_one_page(void)
{
	char *page = range_need(0x1000, COMMITTED, PAGE_READWRITE);

	case_status("P7.140", "one page, RELEASE 0x1001", free_at(page, 0x1001, MEM_RELEASE),
		    STATUS_UNABLE_TO_FREE_VM);
	case_status("P7.140", "one page, DECOMMIT 0x1001", free_at(page, 0x1001, MEM_DECOMMIT),
		    STATUS_UNABLE_TO_FREE_VM);
	case_status("P7.138", "RELEASE, size 0, at B+0xfff", free_at(page + 0xFFF, 0, MEM_RELEASE),
		    STATUS_SUCCESS);
	case_state("P7.138", "then", region_at(page).State, MEM_FREE);
}

static void test_views(void)
{
	HANDLE section = section_need(0x2000);
	char *view = view_need(section, PAGE_READWRITE);

	case_status("5.2/8", "RELEASE of a view", free_at(view, 0, MEM_RELEASE),
		    STATUS_UNABLE_TO_DELETE_SECTION);
	case_status("5.2/8", "DECOMMIT of a view", free_at(view, 0, MEM_DECOMMIT),
		    STATUS_UNABLE_TO_DELETE_SECTION);
	case_status("5.2/8", "DECOMMIT of a view's second page",
		    free_at(view + 0x1000, 0x1000, MEM_DECOMMIT), STATUS_UNABLE_TO_DELETE_SECTION);
	view_drop(view);
	NtClose(section);
}

static void test_decommit(void)
{
	char *memory = range_need(BYTES, COMMITTED, PAGE_READWRITE);
	struct range range = {memory + 0x1FFF, 2};

	memory[0x1000] = memory[0x3000] = 'd';
	case_status("P7.137", "DECOMMIT (B+0x1fff, 2)", range_free(&range, MEM_DECOMMIT),
		    STATUS_SUCCESS);
	case_number("P7.137", "DECOMMIT (B+0x1fff, 2): base", (char *)range.base - memory, 0x1000);
	case_number("P7.137", "DECOMMIT (B+0x1fff, 2): size", range.bytes, 0x2000);
	case_state("5.2", "decommitted: state", region_at(memory + 0x1000).State, MEM_RESERVE);
	case_number("5.2", "decommitted: Protect", region_at(memory + 0x1000).Protect, 0);
	case_status("5.2", "decommitted: load", case_load(memory + 0x1000),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.2", "DECOMMIT of pages that are not committed",
		    free_at(memory + 0x1000, 0x2000, MEM_DECOMMIT), STATUS_SUCCESS);
	range = (struct range){memory + 0x1000, 0x2000};
	range_allocate(&range, MEM_COMMIT, PAGE_READWRITE);
	case_number("5.2", "committed again: zero", (unsigned char)memory[0x1000], 0);
	case_number("5.2", "the page behind kept its contents", (unsigned char)memory[0x3000], 'd');
	range = (struct range){memory + 5, 0};
	case_status("5.2", "DECOMMIT, size 0", range_free(&range, MEM_DECOMMIT), STATUS_SUCCESS);
	case_number("5.2", "DECOMMIT, size 0: base", (char *)range.base - memory, 0);
	case_number("5.2", "DECOMMIT, size 0: size", range.bytes, 0);
	case_number("5.2", "DECOMMIT, size 0: all of it is reserved", region_at(memory).RegionSize,
		    BYTES);
	range_drop(memory);
}

static void test_release(void)
{
	char *memory = range_need(0x2000, COMMITTED, PAGE_READWRITE);
	struct range range = {memory + 0xFFF, 0};

	case_status("5.2", "RELEASE, size 0", range_free(&range, MEM_RELEASE), STATUS_SUCCESS);
	case_number("5.2", "RELEASE, size 0: base", (char *)range.base - memory, 0);
	case_number("5.2", "RELEASE, size 0: size", range.bytes, 0x2000);
	memory = range_need(0x2000, COMMITTED, PAGE_READWRITE);
	range = (struct range){memory + 1, 0x1000};
	case_status("5.2", "RELEASE of two pages by (B+1, 0x1000)", range_free(&range, MEM_RELEASE),
		    STATUS_SUCCESS);
	case_number("5.2", "RELEASE (B+1, 0x1000): base", (char *)range.base - memory, 0);
	case_number("5.2", "RELEASE (B+1, 0x1000): size", range.bytes, 0x2000);
	case_state("5.2", "RELEASE (B+1, 0x1000): then", region_at(memory).State, MEM_FREE);
	range_drop(memory);
}

static void test_partial_release(void)
{
	char *memory = range_need(0x3000, COMMITTED, PAGE_READWRITE);

	memory[0] = memory[0x2000] = 'p';
	case_status("P7.139", "RELEASE of the middle page",
		    free_at(memory + 0x1000, 0x1000, MEM_RELEASE), STATUS_SUCCESS);
	case_state("P7.139", "the hole", region_at(memory + 0x1000).State, MEM_FREE);
	case_true("P7.139", "both ends keep their contents",
		  memory[0] == 'p' && memory[0x2000] == 'p');
	case_true("P7.139", "the upper end is an allocation of its own",
		  region_at(memory + 0x2000).AllocationBase == memory + 0x2000);
	case_status("5.2", "RELEASE of the lower end by its size",
		    free_at(memory, 0x1000, MEM_RELEASE), STATUS_SUCCESS);
	case_status("5.2", "RELEASE of the upper end, size 0",
		    free_at(memory + 0x2000, 0, MEM_RELEASE), STATUS_SUCCESS);
	range_drop(memory);
	memory = range_need(0x4000, COMMITTED, PAGE_READWRITE);
	case_status("5.2", "RELEASE of the head", free_at(memory, 0x1000, MEM_RELEASE),
		    STATUS_SUCCESS);
	case_status("5.2", "RELEASE of the tail", free_at(memory + 0x3000, 0x1000, MEM_RELEASE),
		    STATUS_SUCCESS);
	case_number("5.2", "what is left", region_at(memory + 0x1000).RegionSize, 0x2000);
	case_status("5.2", "RELEASE of what is left", free_at(memory + 0x1000, 0, MEM_RELEASE),
		    STATUS_SUCCESS);
	range_drop(memory);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_free: NtFreeVirtualMemory");
	case_call(CALL);
	test_refusals();
	test_arguments();
	test_one_page();
	test_views();
	test_decommit();
	test_release();
	test_partial_release();
	return case_finish();
}

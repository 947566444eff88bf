/*
 * conform_memory.c - NtAllocateVirtualMemory when it succeeds: rounding, states, contents,
 * MEM_RESET, NOCACHE (5.1.2; P7.129-133).
 */
#include "memory.h"

#define CALL "NtAllocateVirtualMemory"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static void test_rounding(void)
{
	static const struct {
		const char *id, *what;
		uint64_t base, bytes;
		ULONG type;
		uint64_t base_out, bytes_out;
	} rows[] = {
		{"5.1.2", "RESERVE (0x50000000, 1)", 0x50000000, 1, MEM_RESERVE, 0x50000000,
		 0x1000},
		{"P7.129", "RESERVE (0x50008000, 1)", 0x50008000, 1, MEM_RESERVE, 0x50000000,
		 0x9000},
		{"5.1.2", "RESERVE (0x50000010, 0x1000)", 0x50000010, 0x1000, MEM_RESERVE,
		 0x50000000, 0x2000},
		{"P7.130", "RESERVE (0x5000FFFF, 0x3000)", 0x5000FFFF, 0x3000, MEM_RESERVE,
		 0x50000000, 0x13000},
		{"5.1.2", "RESERVE (0x50001010, 0x7000)", 0x50001010, 0x7000, MEM_RESERVE,
		 0x50000000, 0x9000},
		{"P7.131", "RESERVE+COMMIT (0x60025000, 200)", 0x60025000, 200, COMMITTED,
		 0x60020000, 0x6000},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		struct range range = range_of(rows[i].base, rows[i].bytes);
		MEMORY_BASIC_INFORMATION region;

		case_status(rows[i].id, rows[i].what,
			    range_allocate(&range, rows[i].type, PAGE_READWRITE), STATUS_SUCCESS);
		case_number(rows[i].id, case_format("%s: base", rows[i].what),
			    (uintptr_t)range.base, rows[i].base_out);
		case_number(rows[i].id, case_format("%s: size", rows[i].what), range.bytes,
			    rows[i].bytes_out);
		region = region_at(range.base);
		case_state(rows[i].id, case_format("%s: state", rows[i].what), region.State,
			   rows[i].type & MEM_COMMIT ? MEM_COMMIT : MEM_RESERVE);
		case_number(rows[i].id, case_format("%s: region size", rows[i].what),
			    region.RegionSize, rows[i].bytes_out);
		range_drop(range.base);
	}
}

static void test_anywhere(void)
{
	static const struct {
		const char *what;
		uint64_t bytes;
		ULONG type;
		uint64_t bytes_out;
	} rows[] = {
		{"RESERVE 0xFFFC bytes anywhere", 0xFFFC, MEM_RESERVE, 0x10000},
		{"RESERVE+COMMIT 200 bytes anywhere", 200, COMMITTED, 0x1000},
		{"COMMIT 200 bytes anywhere", 200, MEM_COMMIT, 0x1000},
		{"COMMIT+TOP_DOWN 200 bytes", 200, MEM_COMMIT | MEM_TOP_DOWN, 0x1000},
		{"RESERVE+WRITE_WATCH 200 bytes", 200, MEM_RESERVE | MEM_WRITE_WATCH, 0x1000},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		struct range range = range_of(0, rows[i].bytes);

		case_status("5.1.2", rows[i].what,
			    range_allocate(&range, rows[i].type, PAGE_READWRITE), STATUS_SUCCESS);
		case_true("5.1.2", case_format("%s: base a multiple of 64 KiB", rows[i].what),
			  range.base && (uintptr_t)range.base % GRANULARITY_BYTES == 0);
		case_number("5.1.2", case_format("%s: size", rows[i].what), range.bytes,
			    rows[i].bytes_out);
		case_state("5.1.2", case_format("%s: state", rows[i].what),
			   region_at(range.base).State,
			   rows[i].type & MEM_COMMIT ? MEM_COMMIT : MEM_RESERVE);
		range_drop(range.base);
	}
}

static void test_commit(void)
{
	char *memory = range_need(0x10000, MEM_RESERVE, PAGE_EXECUTE_READ);
	struct range range = {memory + 0x1FFF, 2};
	MEMORY_BASIC_INFORMATION region = region_at(memory);

	case_state("P7.133", "reserved: state", region.State, MEM_RESERVE);
	case_number("P7.133", "reserved: Protect", region.Protect, 0);
	case_protection("5.1.2", "reserved: AllocationProtect", region.AllocationProtect,
			PAGE_EXECUTE_READ);
	case_true("5.1.2", "reserved: Type PRIVATE", region.Type == MEM_PRIVATE);
	case_status("P7.133", "load from reserved memory", case_load(memory),
		    STATUS_ACCESS_VIOLATION);
	case_status("P7.133", "store to reserved memory", case_store(memory, 1),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.1.2", "COMMIT (B+0x1fff, 2)",
		    range_allocate(&range, MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
	case_number("5.1.2", "COMMIT (B+0x1fff, 2): base", (char *)range.base - memory, 0x1000);
	case_number("5.1.2", "COMMIT (B+0x1fff, 2): size", range.bytes, 0x2000);
	region = region_at(memory + 0x1000);
	case_number("5.1.2", "committed run: RegionSize", region.RegionSize, 0x2000);
	case_protection("5.1.2", "committed run: Protect", region.Protect, PAGE_READWRITE);
	case_protection("5.1.2", "committed run: AllocationProtect", region.AllocationProtect,
			PAGE_EXECUTE_READ);
	case_true("5.1.2", "committed run: AllocationBase", region.AllocationBase == memory);
	case_number("5.1.2", "reserved run before it: RegionSize", region_at(memory).RegionSize,
		    0x1000);
	case_number("5.1.2", "zero on first touch", (unsigned char)memory[0x1000], 0);
	memory[0x1000] = 'c';
	range = (struct range){memory + 0x1000, 1};
	case_status("5.1.2", "COMMIT again, RO", range_allocate(&range, MEM_COMMIT, PAGE_READONLY),
		    STATUS_SUCCESS);
	case_number("5.1.2", "COMMIT again: contents kept", (unsigned char)memory[0x1000], 'c');
	case_protection("5.1.2", "COMMIT again: protection changes",
			region_at(memory + 0x1000).Protect, PAGE_READONLY);
	case_status("5.1.2", "COMMIT again: a store then", case_store(memory + 0x1000, 1),
		    STATUS_ACCESS_VIOLATION);
	range_drop(memory);
}

/* The rest of the last 64 KiB block is lost for others. */
static void test_neighbours(void)
{
	char *memory = range_need(0x2000, MEM_RESERVE, PAGE_READWRITE);
	struct range after = {memory + 0x2000, 0x1000};

	case_status("5.1.2", "RESERVE at B+0x2000 behind 0x2000 bytes",
		    range_allocate(&after, MEM_RESERVE, PAGE_READWRITE),
		    STATUS_CONFLICTING_ADDRESSES);
	range_drop(memory);
	after = range_of(FIXED_ADDRESS, 0x2000);
	range_allocate(&after, MEM_RESERVE, PAGE_READWRITE);
	after = range_of(FIXED_ADDRESS + GRANULARITY_BYTES, 0x1000);
	case_status("5.1.2", "RESERVE at the next 64 KiB",
		    range_allocate(&after, MEM_RESERVE, PAGE_READWRITE), STATUS_SUCCESS);
	range_drop((PVOID)FIXED_ADDRESS);
	range_drop((PVOID)(FIXED_ADDRESS + GRANULARITY_BYTES));
}

static void test_reset(void)
{
	char *memory = range_need(0x10000, MEM_RESERVE, PAGE_READWRITE);
	struct range range = {memory, 0x2000};
	unsigned char byte;

	range_allocate(&range, MEM_COMMIT, PAGE_READWRITE);
	memory[0] = 'r';
	range = (struct range){memory, 0x1000};
	case_status("5.1.2", "RESET, protection 0", range_allocate(&range, MEM_RESET, 0),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("5.1.2", "RESET of committed pages, NA",
		    range_allocate(&range, MEM_RESET, PAGE_NOACCESS), STATUS_SUCCESS);
	case_protection("5.1.2", "RESET: protection unchanged", region_at(memory).Protect,
			PAGE_READWRITE);
	byte = (unsigned char)memory[0];
	case_true("5.1.2", "RESET: contents kept or zero", byte == 'r' || byte == 0);
	range = (struct range){memory + 0x4000, 0x1000};
	case_status("5.1.2", "RESET of reserved pages",
		    range_allocate(&range, MEM_RESET, PAGE_READWRITE), STATUS_SUCCESS);
	case_state("5.1.2", "RESET: reserved pages stay so", region_at(memory + 0x4000).State,
		   MEM_RESERVE);
	range = (struct range){memory, 0x11000};
	case_status("5.1.2", "RESET past the allocation",
		    range_allocate(&range, MEM_RESET, PAGE_READWRITE),
		    STATUS_CONFLICTING_ADDRESSES);
	range_drop(memory);
}

static void test_reset_of_a_view(void)
{
	HANDLE section = section_need(0x2000);
	char *view = view_need(section, PAGE_READWRITE);
	struct range range = {view, 0x1000};

	case_status("5.1.2", "RESET of a page-file view",
		    range_allocate(&range, MEM_RESET, PAGE_READWRITE), STATUS_SUCCESS);
	case_state("5.1.2", "RESET of a page-file view: state", region_at(view).State, MEM_COMMIT);
	view_drop(view);
	NtClose(section);
}

/* NOCACHE belongs to the allocation, not to the page. */
static void test_nocache(void)
{
	char *memory = range_need(0x2000, COMMITTED, PAGE_READWRITE | PAGE_NOCACHE);
	MEMORY_BASIC_INFORMATION region = region_at(memory);

	case_protection("5.1.2", "RW+NOCACHE: Protect", region.Protect,
			PAGE_READWRITE | PAGE_NOCACHE);
	case_protection("5.1.2", "RW+NOCACHE: AllocationProtect", region.AllocationProtect,
			PAGE_READWRITE | PAGE_NOCACHE);
	protect(memory, 0x1000, PAGE_READONLY, NULL);
	case_protection("5.1.2", "RW+NOCACHE, then RO: Protect", region_at(memory).Protect,
			PAGE_READONLY | PAGE_NOCACHE);
	range_drop(memory);
	memory = range_need(0x1000, COMMITTED, PAGE_READWRITE);
	case_status("5.1.2", "RW, then RO+NOCACHE",
		    protect(memory, 0x1000, PAGE_READONLY | PAGE_NOCACHE, NULL), STATUS_SUCCESS);
	case_protection("5.1.2", "RW, then RO+NOCACHE: Protect", region_at(memory).Protect,
			PAGE_READONLY);
	range_drop(memory);
}

static void test_physical(void)
{
	struct range range = range_of(0, 0x10000);
	NTSTATUS status = range_allocate(&range, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);

	case_status("5.1.1/7", "PHYSICAL+RESERVE", status, STATUS_SUCCESS);
	if (NT_SUCCESS(status))
		range_drop(range.base);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_memory: what NtAllocateVirtualMemory gives");
	case_call(CALL);
	test_rounding();
	test_anywhere();
	test_commit();
	test_neighbours();
	test_reset();
	test_reset_of_a_view();
	test_nocache();
	test_physical();
	return case_finish();
}

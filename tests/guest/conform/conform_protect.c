/*
 * conform_protect.c - NtProtectVirtualMemory (5.3; P7.142-144).
 */
#include "memory.h"

#define CALL "NtProtectVirtualMemory"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static NTSTATUS protect_at(const void *base, uint64_t bytes, ULONG protection)
{
	struct range range = {(PVOID)base, bytes};

	return range_protect(&range, protection, NULL);
}

static void test_protections(void)
{
	static const struct {
		const char *what;
		ULONG protection;
	} rows[] = {
		{"protection 0", 0},
		{"protection -1", 0xFFFFFFFF},
		{"RW+RO", PAGE_READWRITE | PAGE_READONLY},
		{"XR+RW", PAGE_EXECUTE_READ | PAGE_READWRITE},
		{"NA+GUARD", PAGE_NOACCESS | PAGE_GUARD},
		{"NA+NOCACHE", PAGE_NOACCESS | PAGE_NOCACHE},
		{"NA+WRITECOMBINE", PAGE_NOACCESS | PAGE_WRITECOMBINE},
		{"RW+GUARD+NOCACHE", PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE},
	};
	char *memory = range_need(0x1000, COMMITTED, PAGE_READWRITE);

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		case_status("5.3/1", rows[i].what, protect_at(memory, 1, rows[i].protection),
			    STATUS_INVALID_PAGE_PROTECTION);
		protect_at(memory, 1, PAGE_READWRITE);
	}
	case_status("5.3/8", "WC on private memory", protect_at(memory, 1, PAGE_WRITECOPY),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("5.3/8", "XWC on private memory", protect_at(memory, 1, PAGE_EXECUTE_WRITECOPY),
		    STATUS_INVALID_PAGE_PROTECTION);
	for (unsigned i = 0; i < PROTECTIONS; i++) {
		ULONG value = protections[i].value;

		if (value == PAGE_WRITECOPY || value == PAGE_EXECUTE_WRITECOPY)
			continue;
		case_status("5.3", protection_text(value), protect_at(memory, 1, value),
			    STATUS_SUCCESS);
		case_protection("5.3", case_format("%s: reported", protection_text(value)),
				region_at(memory).Protect, value);
		case_protection("5.3", case_format("%s: AllocationProtect", protection_text(value)),
				region_at(memory).AllocationProtect, PAGE_READWRITE);
	}
	range_drop(memory);
}

static void test_arguments(void)
{
	char *memory = range_need(0x1000, COMMITTED, PAGE_READWRITE);
	HANDLE reader = process_with(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION);
	struct range range = {memory, 1};
	ULONG old;

	case_status("P7.144", "Old NULL",
		    NtProtectVirtualMemory(CURRENT_PROCESS, &range.base, &range.bytes,
					   PAGE_READONLY, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_protection("P7.144", "nothing changed", region_at(memory).Protect, PAGE_READWRITE);
	case_status("5.3/2", "Old bad",
		    NtProtectVirtualMemory(CURRENT_PROCESS, &range.base, &range.bytes,
					   PAGE_READONLY, BAD_POINTER),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.3/2", "base pointer bad",
		    NtProtectVirtualMemory(CURRENT_PROCESS, BAD_POINTER, &range.bytes,
					   PAGE_READONLY, &old),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.3/2", "size pointer bad",
		    NtProtectVirtualMemory(CURRENT_PROCESS, &range.base, BAD_POINTER, PAGE_READONLY,
					   &old),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.3/3", "base in the kernel",
		    protect_at((PVOID)FIRST_KERNEL_ADDRESS, 1, PAGE_READONLY),
		    STATUS_INVALID_PARAMETER_2);
	case_status("5.3/4", "size 0", protect_at(memory, 0, PAGE_READONLY),
		    STATUS_INVALID_PARAMETER_3);
	case_status("5.3/4", "size -1", protect_at(memory, UINT64_MAX, PAGE_READONLY),
		    STATUS_INVALID_PARAMETER_3);
	protect_at(memory, 1, PAGE_READWRITE);
	case_status("5.3/5", "process handle 0",
		    NtProtectVirtualMemory(NULL, &range.base, &range.bytes, PAGE_READONLY, &old),
		    STATUS_INVALID_HANDLE);
	case_status("5.3/5", "handle without VM_OPERATION",
		    NtProtectVirtualMemory(reader, &range.base, &range.bytes, PAGE_READONLY, &old),
		    STATUS_ACCESS_DENIED);
	case_protection("C7", "after all refusals: nothing changed", region_at(memory).Protect,
			PAGE_READWRITE);
	NtClose(reader);
	range_drop(memory);
}

static void test_ranges(void)
{
	char *memory = range_need(0x4000, MEM_RESERVE, PAGE_READWRITE);
	struct range range = {memory, 0x2000};
	struct range free_range = range_of(FIXED_ADDRESS, 1);
	ULONG old = 0;

	range_allocate(&range, MEM_COMMIT, PAGE_READWRITE);
	case_status("5.3/6", "free memory", range_protect(&free_range, PAGE_READONLY, NULL),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("5.3/6", "past the allocation's end", protect_at(memory, 0x5000, PAGE_READONLY),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("P7.143", "committed and reserved pages",
		    protect_at(memory, 0x3000, PAGE_READONLY), STATUS_NOT_COMMITTED);
	case_protection("P7.143", "nothing changed", region_at(memory).Protect, PAGE_READWRITE);
	case_status("5.3/7", "reserved pages", protect_at(memory + 0x2000, 1, PAGE_READONLY),
		    STATUS_NOT_COMMITTED);
	range = (struct range){memory + 0xFFF, 2};
	case_status("5.3", "(B+0xfff, 2)", range_protect(&range, PAGE_READONLY, &old),
		    STATUS_SUCCESS);
	case_number("5.3", "(B+0xfff, 2): base", (char *)range.base - memory, 0);
	case_number("5.3", "(B+0xfff, 2): size", range.bytes, 0x2000);
	case_protection("5.3", "(B+0xfff, 2): Old", old, PAGE_READWRITE);
	range = (struct range){memory, 0x1000};
	range_protect(&range, PAGE_READWRITE | PAGE_GUARD, NULL);
	range = (struct range){memory, 0x2000};
	case_status("5.3", "over pages of two protections",
		    range_protect(&range, PAGE_READWRITE, &old), STATUS_SUCCESS);
	case_protection("5.3", "Old is that of the first page, with GUARD", old,
			PAGE_READWRITE | PAGE_GUARD);
	range_drop(memory);
}

static void test_contents(void)
{
	char *memory = range_need(0x1000, COMMITTED, PAGE_READWRITE);
	struct range range = {memory, 0x1000};
	ULONG old = 0;

	memory[0] = 'q';
	range_protect(&range, PAGE_NOACCESS, &old);
	case_protection("P7.142", "to NA: Old", old, PAGE_READWRITE);
	case_status("P7.142", "load while NA", case_load(memory), STATUS_ACCESS_VIOLATION);
	range_protect(&range, PAGE_READONLY, &old);
	case_protection("P7.142", "to RO: Old", old, PAGE_NOACCESS);
	case_number("P7.142", "old contents", (unsigned char)memory[0], 'q');
	case_status("5.3", "store while RO", case_store(memory, 1), STATUS_ACCESS_VIOLATION);
	range_protect(&range, PAGE_READWRITE, NULL);
	memory[0] = (char)0xC3;
	case_status("5.3", "execute while RW", case_execute(memory), STATUS_ACCESS_VIOLATION);
	range_protect(&range, PAGE_EXECUTE_READ, NULL);
	case_status("5.3", "execute while XR", case_execute(memory), STATUS_SUCCESS);
	case_status("5.3", "store while XR", case_store(memory, 1), STATUS_ACCESS_VIOLATION);
	range_drop(memory);
}

/* Rule 9 for views; the whole of 4.3 has a program of its own. */
static void test_view_limit(void)
{
	HANDLE section = section_need(0x1000);
	char *view = view_need(section, PAGE_READONLY);

	case_status("5.3/9", "RO view to RW", protect_at(view, 1, PAGE_READWRITE),
		    STATUS_SECTION_PROTECTION);
	case_protection("5.3/9", "nothing changed", region_at(view).Protect, PAGE_READONLY);
	case_status("5.3/9", "RO view to NA", protect_at(view, 1, PAGE_NOACCESS), STATUS_SUCCESS);
	view_drop(view);
	NtClose(section);
}

static void test_order(void)
{
	struct range range = range_of(FIRST_KERNEL_ADDRESS, 0);
	ULONG old;

	case_status("5.3/1", "order: protection, Old, base, size, handle wrong",
		    NtProtectVirtualMemory(NULL, &range.base, &range.bytes, 0, NULL),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("5.3/2", "order: Old, base, size, handle wrong",
		    NtProtectVirtualMemory(NULL, &range.base, &range.bytes, PAGE_READONLY, NULL),
		    STATUS_ACCESS_VIOLATION);
	case_status("5.3/3", "order: base, size, handle wrong",
		    NtProtectVirtualMemory(NULL, &range.base, &range.bytes, PAGE_READONLY, &old),
		    STATUS_INVALID_PARAMETER_2);
	range = range_of(FIXED_ADDRESS, 0);
	case_status("5.3/4", "order: size, handle wrong",
		    NtProtectVirtualMemory(NULL, &range.base, &range.bytes, PAGE_READONLY, &old),
		    STATUS_INVALID_PARAMETER_3);
	range.bytes = 1;
	case_status("5.3/5", "order: handle wrong, nothing there",
		    NtProtectVirtualMemory(NULL, &range.base, &range.bytes, PAGE_READONLY, &old),
		    STATUS_INVALID_HANDLE);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_protect: NtProtectVirtualMemory on private memory");
	case_call(CALL);
	test_protections();
	test_arguments();
	test_ranges();
	test_contents();
	test_view_limit();
	test_order();
	return case_finish();
}

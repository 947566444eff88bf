/*
 * conform_guard.c - guard pages: one exception, then an ordinary page (5.9; P7.145).
 */
#include "memory.h"

#define CALL "NtAllocateVirtualMemory"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define GUARDED (PAGE_GUARD | PAGE_READWRITE)

static void test_touch(const char *kind, bool store)
{
	char *memory = range_need(0x3000, COMMITTED, GUARDED);
	char *page = memory + 0x1000;
	MEMORY_BASIC_INFORMATION region = region_at(memory);

	case_protection("5.9", case_format("before a %s: AllocationProtect", kind),
			region.AllocationProtect, GUARDED);
	case_protection("5.9", case_format("before a %s: Protect", kind), region.Protect, GUARDED);
	case_status("P7.145", case_format("a %s", kind),
		    store ? case_store(page + 7, 1) : case_load(page + 7),
		    STATUS_GUARD_PAGE_VIOLATION);
	case_number("5.9", case_format("a %s: parameters", kind), case_fault_parameter_count(), 2);
	case_number("5.9", case_format("a %s: first parameter", kind), case_fault_parameter(0),
		    store);
	case_true("5.9", case_format("a %s: second parameter is the address", kind),
		  case_fault_parameter(1) == (uintptr_t)page + 7);
	case_protection("P7.145", case_format("after a %s: Protect", kind), region_at(page).Protect,
			PAGE_READWRITE);
	case_protection("P7.145", case_format("after a %s: AllocationProtect", kind),
			region_at(page).AllocationProtect, GUARDED);
	case_protection("5.9", case_format("after a %s: the page before", kind),
			region_at(memory).Protect, GUARDED);
	case_protection("5.9", case_format("after a %s: the page behind", kind),
			region_at(page + 0x1000).Protect, GUARDED);
	case_status("P7.145", case_format("another %s", kind),
		    store ? case_store(page + 7, 1) : case_load(page + 7), STATUS_SUCCESS);
	range_drop(memory);
}

static void test_again(void)
{
	char *memory = range_need(0x1000, COMMITTED, PAGE_READWRITE);
	ULONG old = 0;

	case_call("NtProtectVirtualMemory");
	for (unsigned i = 1; i <= 3; i++) {
		case_status("5.9", case_format("armed, time %u", i),
			    protect(memory, 1, GUARDED, NULL), STATUS_SUCCESS);
		case_status("5.9", case_format("touched, time %u", i), case_store(memory, 1),
			    STATUS_GUARD_PAGE_VIOLATION);
	}
	protect(memory, 1, GUARDED, NULL);
	protect(memory, 1, PAGE_READWRITE, &old);
	case_protection("5.9", "Old of an armed page", old, GUARDED);
	case_status("5.9", "disarmed: touched", case_store(memory, 1), STATUS_SUCCESS);
	protect(memory, 1, PAGE_GUARD | PAGE_READONLY, NULL);
	case_status("5.9", "GUARD+RO: first store", case_store(memory, 1),
		    STATUS_GUARD_PAGE_VIOLATION);
	case_status("5.9", "GUARD+RO: second store", case_store(memory, 1),
		    STATUS_ACCESS_VIOLATION);
	range_drop(memory);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_guard: guard pages");
	case_call(CALL);
	test_touch("load", false);
	test_touch("store", true);
	test_again();
	return case_finish();
}

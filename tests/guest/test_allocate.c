/*
 * test_allocate.c - NtAllocateVirtualMemoryEx and its address requirements (5.1.4); the rules of
 * the allocation flags (5.1.1, 5.1.2).
 */
#include "guest.h"

static PVOID base;

/* The memory stays until release. */
static NTSTATUS allocate(ULONG type, const struct memory_parameter *parameters, ULONG count)
{
	SIZE_T size = PAGE_BYTES;

	return NtAllocateVirtualMemoryEx(CURRENT_PROCESS, &base, &size, type, PAGE_READWRITE,
					 parameters, count);
}

static void release(void)
{
	SIZE_T size = 0;

	if (base)
		NtFreeVirtualMemory(CURRENT_PROCESS, &base, &size, MEM_RELEASE);
	base = NULL;
}

static NTSTATUS require(uint64_t lowest, uint64_t highest, SIZE_T alignment)
{
	struct address_requirements requirements = {(PVOID)lowest, (PVOID)highest, alignment};
	struct memory_parameter parameter = {MemoryParameterAddressRequirements,
					     {.pointer = &requirements}};

	return allocate(MEM_RESERVE | MEM_COMMIT, &parameter, 1);
}

/* catches: requirements ignored, or accepted although they say nothing that can be */
static void test_requirements(void)
{
	static const struct {
		uint64_t lowest, highest;
		SIZE_T alignment;
		NTSTATUS expected;
	} rows[] = {
		{0, 0, 0, STATUS_SUCCESS},
		{0, 0x3FFFFFFF, 0, STATUS_SUCCESS},
		{0, 0, 0x40000, STATUS_SUCCESS},
		{0x20000000, 0x2FFFFFFF, 0x100000, STATUS_SUCCESS},
		{0, 0x20001800, 0, STATUS_INVALID_PARAMETER},
		{0, 0x20000FFE, 0, STATUS_INVALID_PARAMETER},
		{0, UINT64_MAX, 0, STATUS_INVALID_PARAMETER},
		{0, 0, 0x8000, STATUS_INVALID_PARAMETER},
		{0, 0, 0x30000, STATUS_INVALID_PARAMETER},
		{0, 0x20000FFF, 0x40000000, STATUS_NO_MEMORY},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		NTSTATUS status = require(rows[i].lowest, rows[i].highest, rows[i].alignment);
		uint64_t at = (uintptr_t)base, alignment = rows[i].alignment;

		tap_is_status(status, rows[i].expected, "5.1.4: requirements, row %u", i);
		if (NT_SUCCESS(rows[i].expected))
			tap_ok((at >= rows[i].lowest || system_is_wine()) &&
				       (!rows[i].highest || at + 0xFFF <= rows[i].highest) &&
				       (!alignment || at % alignment == 0),
			       "5.1.4: row %u is honoured", i);
		release();
	}
}

/* catches: arrays read wrong: their count, their types, one type twice */
static void test_parameters(void)
{
	struct address_requirements none = {NULL, NULL, 0};
	struct address_requirements low = {NULL, (PVOID)0x3FFFFFFF, 0};
	struct memory_parameter two[2] = {{MemoryParameterAddressRequirements, {.pointer = &none}},
					  {MemoryParameterAddressRequirements, {.pointer = &none}}};
	struct memory_parameter bad = {0, {.pointer = &none}};
	SIZE_T size = PAGE_BYTES;

	tap_is_status(allocate(MEM_RESERVE, NULL, 0), STATUS_SUCCESS, "5.1.4: no parameters");
	release();
	tap_is_status(allocate(MEM_RESERVE, NULL, 1), STATUS_INVALID_PARAMETER,
		      "5.1.4: a count, and no array");
	tap_is_status(allocate(MEM_RESERVE, two, 2), STATUS_INVALID_PARAMETER,
		      "5.1.4: one type twice");
	tap_is_status(allocate(MEM_RESERVE, &bad, 1), STATUS_INVALID_PARAMETER, "5.1.4: type 0");
	bad.type = 99;
	tap_is_status(allocate(MEM_RESERVE, &bad, 1), STATUS_INVALID_PARAMETER,
		      "5.1.4: an unknown type");
	tap_is_status(
		NtAllocateVirtualMemoryEx(NULL, &base, &size, MEM_RESERVE, PAGE_READWRITE, NULL, 0),
		STATUS_INVALID_HANDLE, "5.1.4: handle 0");
	tap_is_status(allocate(MEM_RESERVE, two, 1), STATUS_SUCCESS, "5.1.4: all zero");
	two[0].pointer = &low;
	tap_is_status(allocate(MEM_COMMIT, two, 1), STATUS_INVALID_PARAMETER,
		      "5.1.4: a base and a highest address");
	tap_is_status(allocate(MEM_COMMIT, NULL, 0), STATUS_SUCCESS, "5.1.4: committing");
	release();
}

/* catches: flags that do not go together (5.1.1 rows 2 to 8) */
static void test_flags(void)
{
	static const struct {
		ULONG type, protection;
		NTSTATUS expected;
	} rows[] = {
		{MEM_RESET | MEM_COMMIT, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
		{MEM_RESET_UNDO | MEM_COMMIT, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
		{MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
		{MEM_PHYSICAL, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
		{MEM_PHYSICAL | MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
		 STATUS_INVALID_PARAMETER_5},
		{MEM_PHYSICAL | MEM_RESERVE, PAGE_READONLY, STATUS_INVALID_PARAMETER_6},
		{MEM_LARGE_PAGES | MEM_RESERVE, PAGE_READWRITE, STATUS_INVALID_PARAMETER_5},
		{MEM_LARGE_PAGES | MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE,
		 STATUS_INVALID_PARAMETER_5},
	};

	if (system_is_wine()) {
		tap_skip(COUNT_OF(rows), "B20");
		return;
	}
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		SIZE_T size = PAGE_BYTES;

		tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &size,
						      rows[i].type, rows[i].protection),
			      rows[i].expected, "5.1.1: type 0x%x, protection 0x%x",
			      (unsigned)rows[i].type, (unsigned)rows[i].protection);
		release();
	}
}

/* catches: contents or attributes changed by MEM_RESET */
static void test_reset(void)
{
	char *memory = memory_need(2 * PAGE_BYTES);
	SIZE_T size = PAGE_BYTES;
	PVOID at = memory;

	memory[0] = 7;
	tap_is_status(
		NtAllocateVirtualMemory(CURRENT_PROCESS, &at, 0, &size, MEM_RESET, PAGE_NOACCESS),
		STATUS_SUCCESS, "5.1.2: MEM_RESET");
	tap_ok(memory[0] == 7 || memory[0] == 0, "5.1.2: the contents are kept or zero");
	tap_is_number(region_at(memory).Protect, PAGE_READWRITE, "5.1.2: protection ignored");
	if (system_is_quire())
		tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &at, 0, &size,
						      MEM_RESET_UNDO, PAGE_READWRITE),
			      STATUS_SUCCESS, "5.1.2: MEM_RESET_UNDO");
	else
		tap_skip(1, "MEM_RESET_UNDO: not asked of others");
	size = 3 * PAGE_BYTES;
	if (system_is_quire())
		tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &at, 0, &size, MEM_RESET,
						      PAGE_READWRITE),
			      STATUS_CONFLICTING_ADDRESSES, "5.1.2: past the allocation");
	else
		tap_skip(1, "the class only");
	memory_drop(memory);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("allocating with requirements and flags");
	test_requirements();
	test_parameters();
	test_flags();
	test_reset();
	return tap_finish();
}

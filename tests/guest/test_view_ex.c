/*
 * test_view_ex.c - views where NtMapViewOfSectionEx's address requirements want them, and views in
 * another process (3.5, 5.1.4). The single rows are in conform/conform_view_ex.c.
 */
#include "child.h"
#include "guest.h"

#define SECTION_BYTES 0x20000u
#define BELOW_4_GIB ((PVOID)0xFFFFFFFFull)

static NTSTATUS map_ex(HANDLE section, PVOID *base, uint64_t offset, ULONG type, ULONG protection,
		       const struct memory_parameter *parameters, ULONG count)
{
	LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};
	SIZE_T bytes = 0;

	return NtMapViewOfSectionEx(section, CURRENT_PROCESS, base, &at, &bytes, type, protection,
				    parameters, count);
}

struct requirement_row {
	const char *text;
	struct address_requirements wanted;
	NTSTATUS expected;
};

/* catches: requirements that are not looked at, or bounds that are off by one */
static void test_requirements(void)
{
	static const struct requirement_row rows[] = {
		{"all zero", {0}, STATUS_SUCCESS},
		{"alignment 0x40000", {.alignment_bytes = 0x40000}, STATUS_SUCCESS},
		{"alignment 0x8000", {.alignment_bytes = 0x8000}, STATUS_INVALID_PARAMETER},
		{"alignment 0x30000", {.alignment_bytes = 0x30000}, STATUS_INVALID_PARAMETER},
		{"alignment 2^62", {.alignment_bytes = 1ull << 62}, STATUS_NO_MEMORY},
		{"below 4 GiB", {.highest = BELOW_4_GIB}, STATUS_SUCCESS},
		{"highest + 1", {.highest = (PVOID)0x20001001}, STATUS_INVALID_PARAMETER},
		{"highest in the kernel",
		 {.highest = (PVOID)(FIRST_KERNEL_ADDRESS + 0xFFFF)},
		 STATUS_INVALID_PARAMETER},
		{"lowest not a multiple of 64 KiB",
		 {.lowest = (PVOID)0x1001},
		 STATUS_INVALID_PARAMETER},
		{"lowest above highest",
		 {.lowest = (PVOID)0x30000000, .highest = (PVOID)0x2000FFFF},
		 STATUS_INVALID_PARAMETER},
		{"lowest", {.lowest = (PVOID)0x500000000}, STATUS_SUCCESS},
		{"exactly the size",
		 {.lowest = (PVOID)0x500000000, .highest = (PVOID)0x50001FFFF},
		 STATUS_SUCCESS},
		{"a page less",
		 {.lowest = (PVOID)0x500000000, .highest = (PVOID)0x50001EFFF},
		 STATUS_NO_MEMORY},
		{"alignment 0x20000000 below 0x20001000",
		 {.highest = (PVOID)0x20000FFF, .alignment_bytes = 0x20000000},
		 STATUS_NO_MEMORY},
	};
	HANDLE section = section_need(SECTION_BYTES);

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		const struct address_requirements *wanted = &rows[i].wanted;
		struct memory_parameter parameter = {.type = MemoryParameterAddressRequirements,
						     .pointer = wanted};
		PVOID base = NULL;
		uintptr_t at;

		for (unsigned top_down = 0; top_down < 2; top_down++, base = NULL) {
			NTSTATUS status = map_ex(section, &base, 0, top_down ? MEM_TOP_DOWN : 0,
						 PAGE_READWRITE, &parameter, 1);

			tap_is_status(status, rows[i].expected, "5.1.4: %s%s", rows[i].text,
				      top_down ? ", from the top" : "");
			if (!NT_SUCCESS(status))
				continue;
			at = (uintptr_t)base;
			tap_ok(at >= (uintptr_t)wanted->lowest &&
				       (!wanted->highest ||
					at + SECTION_BYTES - 1 <= (uintptr_t)wanted->highest) &&
				       (!wanted->alignment_bytes ||
					at % wanted->alignment_bytes == 0),
			       "%s: it stands where it may", rows[i].text);
			view_drop(base);
		}
	}
	NtClose(section);
}

/* catches: an array read beyond its end, a type that is skipped, the same type taken twice */
static void test_parameter_arrays(void)
{
	struct address_requirements wanted = {.alignment_bytes = 0x40000}, none = {0};
	struct memory_parameter twice[2] = {
		{.type = MemoryParameterAddressRequirements, .pointer = &none},
		{.type = MemoryParameterAddressRequirements, .pointer = &none},
	};
	struct memory_parameter other = {.type = 0};
	HANDLE section = section_need(SECTION_BYTES);
	PVOID base = NULL;

	tap_is_status(map_ex(section, &base, 0, 0, PAGE_READWRITE, NULL, 1),
		      STATUS_INVALID_PARAMETER, "3.5: a count and no array");
	tap_is_status(map_ex(section, &base, 0, 0, PAGE_READWRITE, &other, 1),
		      STATUS_INVALID_PARAMETER, "3.5: type 0");
	other.type = 200;
	tap_is_status(map_ex(section, &base, 0, 0, PAGE_READWRITE, &other, 1),
		      STATUS_INVALID_PARAMETER, "3.5: type 200");
	tap_is_status(map_ex(section, &base, 0, 0, PAGE_READWRITE, twice, 2),
		      STATUS_INVALID_PARAMETER, "3.5: the same type twice");
	base = (PVOID)0x30000000;
	tap_is_status(map_ex(section, &base, 0, 0, PAGE_READWRITE, twice, 1), STATUS_SUCCESS,
		      "3.5: an address and no requirements");
	view_drop(base);
	twice[0].pointer = &wanted;
	tap_is_status(map_ex(section, &base, 0, 0, PAGE_READWRITE, twice, 1),
		      STATUS_INVALID_PARAMETER, "3.5: an address and a requirement");
	NtClose(section);
}

/* catches: a view put into the caller's process instead of the one named */
static void test_other_process(void)
{
	HANDLE section = section_need(SECTION_BYTES);
	char *mine = view_need(section, PAGE_READWRITE);
	struct child child;
	PVOID base = NULL;
	SIZE_T bytes = 0;
	NTSTATUS status;

	if (!NT_SUCCESS(child_start_self(&child, "wait")))
		bail_out("a child", STATUS_UNSUCCESSFUL);
	status = NtMapViewOfSection(section, child.process, &base, 0, 0, NULL, &bytes, ViewShare,
				    MEM_TOP_DOWN, PAGE_READWRITE);
	tap_is_status(status, STATUS_SUCCESS, "3.4: a view in another process");
	tap_is_number(bytes, SECTION_BYTES, "its size");
	tap_is_number(region_at(base).State, MEM_FREE, "there is nothing here at its address");
	tap_is_status(NtUnmapViewOfSection(child.process, mine), STATUS_NOT_MAPPED_VIEW,
		      "3.8: our view is not the child's");
	tap_is_status(NtUnmapViewOfSection(child.process, base), STATUS_SUCCESS,
		      "3.8: it is unmapped there");
	tap_is_status(NtMapViewOfSectionEx(section, child.process, &base, NULL, &bytes, 0,
					   PAGE_READWRITE, NULL, 0),
		      STATUS_SUCCESS, "3.5: again at the same address, by the extended call");
	NtTerminateProcess(child.process, 0);
	child_close(&child);
	mine[0] = 1;
	tap_ok(mine[0] == 1, "our view outlives the child");
	view_drop(mine);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = INT64_MIN});
		return 0;
	}
	tap_start("the extended section calls, and views elsewhere");
	if (system_is_wine()) {
		tap_skip(48, "Wine 8.0 ignores the extended parameters of this call");
	} else {
		test_requirements();
		test_parameter_arrays();
	}
	test_other_process();
	return tap_finish();
}

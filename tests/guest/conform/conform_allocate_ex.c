/*
 * conform_allocate_ex.c - NtAllocateVirtualMemoryEx: address requirements and placeholders (5.1.4).
 */
#include "memory.h"

#define CALL "NtAllocateVirtualMemoryEx"
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define ADDRESS_REQUIREMENTS 1u /* MemExtendedParameterAddressRequirements */
#define TYPE_MAX 64u		/* above every type there is */
#define NOTHING_THERE ((char *)FIXED_ADDRESS)

/* MEM_ADDRESS_REQUIREMENTS and MEM_EXTENDED_PARAMETER; mingw has them for new Windows only. */
struct requirements {
	PVOID lowest, highest;
	SIZE_T alignment;
};
struct extended_parameter {
	uint64_t type; /* low 8 bits */
	const void *value;
};

typedef NTSTATUS(NTAPI *allocate_ex_call)(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type,
					  ULONG protection, struct extended_parameter *parameters,
					  ULONG count);
static allocate_ex_call allocate_ex;

static NTSTATUS allocate_with(struct range *range, ULONG type, ULONG protection,
			      const struct requirements *requirements)
{
	struct extended_parameter parameter = {ADDRESS_REQUIREMENTS, requirements};

	return allocate_ex(CURRENT_PROCESS, &range->base, &range->bytes, type, protection,
			   &parameter, 1);
}

static void test_parameters(void)
{
	static const struct requirements none;
	struct extended_parameter twice[2] = {{ADDRESS_REQUIREMENTS, &none},
					      {ADDRESS_REQUIREMENTS, &none}};
	struct extended_parameter unknown = {0, &none};
	struct range range = range_of(0, 0x1000);

	case_status("5.1.4", "Count 0, Params NULL",
		    allocate_ex(CURRENT_PROCESS, &range.base, &range.bytes, COMMITTED,
				PAGE_READWRITE, NULL, 0),
		    STATUS_SUCCESS);
	case_state("5.1.4", "Count 0, Params NULL: state", region_at(range.base).State, MEM_COMMIT);
	range_drop(range.base);
	range = range_of(0, 0x1000);
	case_status("5.1.4", "Count 1, Params NULL",
		    allocate_ex(CURRENT_PROCESS, &range.base, &range.bytes, COMMITTED,
				PAGE_READWRITE, NULL, 1),
		    STATUS_INVALID_PARAMETER);
	case_status("5.1.4", "parameter type 0",
		    allocate_ex(CURRENT_PROCESS, &range.base, &range.bytes, COMMITTED,
				PAGE_READWRITE, &unknown, 1),
		    STATUS_INVALID_PARAMETER);
	unknown.type = TYPE_MAX;
	case_status("5.1.4", "an unknown parameter type",
		    allocate_ex(CURRENT_PROCESS, &range.base, &range.bytes, COMMITTED,
				PAGE_READWRITE, &unknown, 1),
		    STATUS_INVALID_PARAMETER);
	case_status("5.1.4", "AddressRequirements twice",
		    allocate_ex(CURRENT_PROCESS, &range.base, &range.bytes, COMMITTED,
				PAGE_READWRITE, twice, 2),
		    STATUS_INVALID_PARAMETER);
	case_status(
		"5.1.4", "process handle 0",
		allocate_ex(NULL, &range.base, &range.bytes, COMMITTED, PAGE_READWRITE, NULL, 0),
		STATUS_INVALID_HANDLE);
	case_true("C7", "base and size unchanged", !range.base && range.bytes == 0x1000);
}

struct refusal {
	const char *what;
	uint64_t base, bytes, lowest, highest, alignment;
	NTSTATUS documented;
};

static const struct refusal refusals[] = {
	{"Highest a page boundary", 0, 0x1000, 0, 0x20001000, 0, STATUS_INVALID_PARAMETER},
	{"Highest amid a page", 0, 0x1000, 0, 0x20001233, 0, STATUS_INVALID_PARAMETER},
	{"Highest above user space", 0, 0x1000, 0, UINT64_MAX, 0, STATUS_INVALID_PARAMETER},
	{"Highest just above user space", 0, 0x1000, 0, USER_LIMIT + 0xFFFF, 0,
	 STATUS_INVALID_PARAMETER},
	{"Lowest not at 64 KiB", 0, 0x1000, 0x20001000, 0, 0, STATUS_INVALID_PARAMETER},
	{"Lowest above Highest", 0, 0x1000, 0x30000000, 0x20000FFF, 0, STATUS_INVALID_PARAMETER},
	{"base and Highest", FIXED_ADDRESS, 0x1000, 0, 0x7FFEFFFF, 0, STATUS_INVALID_PARAMETER},
	{"base and Alignment", FIXED_ADDRESS, 0x1000, 0, 0, 0x10000, STATUS_INVALID_PARAMETER},
	{"Alignment 0x8000", 0, 0x1000, 0, 0, 0x8000, STATUS_INVALID_PARAMETER},
	{"Alignment 0x30000", 0, 0x1000, 0, 0, 0x30000, STATUS_INVALID_PARAMETER},
	{"two pages, Alignment 0x20000000 below 0x20000FFF", 0, 0x2000, 0, 0x20000FFF, 0x20000000,
	 STATUS_NO_MEMORY},
	{"128 KiB below 0x1FFFF", 0, 0x20000, 0, 0x1FFFF, 0, STATUS_NO_MEMORY},
	{"requirements all zero", 0, 0x1000, 0, 0, 0, STATUS_SUCCESS},
	{"Alignment 0x40000", 0, 0x1000, 0, 0, 0x40000, STATUS_SUCCESS},
	{"Lowest 0x50000000", 0, 0x1000, 0x50000000, 0, 0, STATUS_SUCCESS},
	{"Highest 0x6000FFFF", 0, 0x1000, 0, 0x6000FFFF, 0, STATUS_SUCCESS},
};

static void test_requirements(void)
{
	for (unsigned i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *row = &refusals[i];
		const struct requirements requirements = {(PVOID)row->lowest, (PVOID)row->highest,
							  row->alignment};
		struct range range = range_of(row->base, row->bytes);
		NTSTATUS status = allocate_with(&range, MEM_RESERVE, PAGE_READWRITE, &requirements);
		uintptr_t base = (uintptr_t)range.base;

		case_status("5.1.4", row->what, status, row->documented);
		if (!NT_SUCCESS(row->documented))
			continue;
		case_true("5.1.4", case_format("%s: the base is like that", row->what),
			  NT_SUCCESS(status) && base >= row->lowest &&
				  (!row->highest || base + range.bytes - 1 <= row->highest) &&
				  (!row->alignment || base % row->alignment == 0));
		range_drop(range.base);
	}
}

/* Committing a part of what is there with requirements */
static void test_commit(void)
{
	static const struct requirements none, aligned = {NULL, NULL, 0x10000};
	struct range range = {range_need(0x10000, MEM_RESERVE, PAGE_READWRITE), 0x1000};
	PVOID memory = range.base;

	case_status("5.1.4", "COMMIT at a base, Alignment",
		    allocate_with(&range, MEM_COMMIT, PAGE_READWRITE, &aligned),
		    STATUS_INVALID_PARAMETER);
	case_status("5.1.4", "COMMIT at a base, requirements all zero",
		    allocate_with(&range, MEM_COMMIT, PAGE_READWRITE, &none), STATUS_SUCCESS);
	range_drop(memory);
}

static NTSTATUS placeholder_make(struct range *range, ULONG type, ULONG protection)
{
	return allocate_ex(CURRENT_PROCESS, &range->base, &range->bytes, type, protection, NULL, 0);
}

static NTSTATUS free_part(char *base, uint64_t bytes, ULONG type)
{
	struct range range = {base, bytes};

	return range_free(&range, type);
}

static void test_placeholder(void)
{
	struct range range = range_of(0, 0x40000);
	NTSTATUS status =
		placeholder_make(&range, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS);
	char *base = NT_SUCCESS(status) ? range.base : NOTHING_THERE;

	case_status("5.1.4", "a placeholder", status, STATUS_SUCCESS);
	case_state("5.1.4", "a placeholder: state", region_at(base).State, MEM_RESERVE);
	case_status("5.1.4", "split in two",
		    free_part(base, 0x20000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),
		    STATUS_SUCCESS);
	case_number("5.1.4", "split in two: the lower half", region_at(base).RegionSize, 0x20000);
	case_true("5.1.4", "split in two: the upper half is an allocation",
		  region_at(base + 0x20000).AllocationBase == base + 0x20000);
	case_status("5.1.4", "RELEASE of a quarter of a half",
		    free_part(base, 0x10000, MEM_RELEASE), STATUS_SUCCESS);
	case_state("5.1.4", "RELEASE of a quarter: it", region_at(base).State, MEM_FREE);
	case_state("5.1.4", "RELEASE of a quarter: the rest of the half",
		   region_at(base + 0x10000).State, MEM_RESERVE);
	case_status("5.1.4", "RELEASE of the rest of the half",
		    free_part(base + 0x10000, 0, MEM_RELEASE), STATUS_SUCCESS);
	case_status("5.1.4", "RELEASE of the other half", free_part(base + 0x20000, 0, MEM_RELEASE),
		    STATUS_SUCCESS);
}

static void test_placeholder_in_three(void)
{
	struct range range = range_of(0, 0x30000);
	NTSTATUS status =
		placeholder_make(&range, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS);
	char *base = NT_SUCCESS(status) ? range.base : NOTHING_THERE;

	case_status("5.1.4", "split in three",
		    free_part(base + 0x10000, 0x10000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),
		    STATUS_SUCCESS);
	for (unsigned i = 0; i < 3; i++) {
		MEMORY_BASIC_INFORMATION region = region_at(base + i * 0x10000);

		case_true("5.1.4", case_format("split in three: part %u is an allocation", i),
			  region.AllocationBase == base + i * 0x10000 &&
				  region.RegionSize == 0x10000);
		case_status("5.1.4", case_format("RELEASE of part %u", i),
			    free_part(base + i * 0x10000, 0, MEM_RELEASE), STATUS_SUCCESS);
	}
}

/* Memory in a placeholder's place, and the placeholder again; then the whole is joined. */
static void test_placeholder_replaced(void)
{
	struct range range = range_of(0, 0x20000), part;
	NTSTATUS status =
		placeholder_make(&range, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS);
	char *base = NT_SUCCESS(status) ? range.base : NOTHING_THERE;

	part = range_of((uintptr_t)base, 0x10000);
	case_status("5.1.4", "REPLACE of half a placeholder",
		    placeholder_make(&part, COMMITTED | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE),
		    STATUS_CONFLICTING_ADDRESSES);
	free_part(base, 0x10000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER);
	part = range_of((uintptr_t)base, 0x10000);
	case_status("5.1.4", "REPLACE of a placeholder",
		    placeholder_make(&part, COMMITTED | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE),
		    STATUS_SUCCESS);
	case_state("5.1.4", "REPLACE of a placeholder: state", region_at(base).State, MEM_COMMIT);
	case_status("5.1.4", "PRESERVE of what replaced it",
		    free_part(base, 0x10000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),
		    STATUS_SUCCESS);
	case_status("5.1.4", "COALESCE of both",
		    free_part(base, 0x20000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
		    STATUS_SUCCESS);
	case_number("5.1.4", "COALESCE of both: the size", region_at(base).RegionSize, 0x20000);
	case_status("5.1.4", "RELEASE of all", free_part(base, 0, MEM_RELEASE), STATUS_SUCCESS);
}

/* A view in a placeholder's place, and the placeholder again. */
static void test_placeholder_mapped(void)
{
	struct range range = range_of(0, 0x10000);
	NTSTATUS status =
		placeholder_make(&range, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS);
	char *base = NT_SUCCESS(status) ? range.base : NOTHING_THERE;
	LARGE_INTEGER bytes = {.QuadPart = 0x10000};
	SIZE_T view_bytes = 0x10000;
	PVOID view = base;
	HANDLE section;

	NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &bytes, PAGE_READWRITE, SEC_COMMIT,
			NULL);
	case_call("NtMapViewOfSectionEx");
	status = NtMapViewOfSectionEx(section, CURRENT_PROCESS, &view, NULL, &view_bytes,
				      MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0);
	case_status("3.5", "REPLACE of a placeholder", status, STATUS_SUCCESS);
	case_number("3.5", "REPLACE of a placeholder: type", region_at(base).Type, MEM_MAPPED);
	case_call("NtUnmapViewOfSectionEx");
	case_status("3.8", "PRESERVE_PLACEHOLDER",
		    NtUnmapViewOfSectionEx(CURRENT_PROCESS, base, MEM_PRESERVE_PLACEHOLDER),
		    STATUS_SUCCESS);
	case_state("3.8", "PRESERVE_PLACEHOLDER: state", region_at(base).State, MEM_RESERVE);
	case_call(CALL);
	case_status("5.1.4", "RELEASE of what a view left", free_part(base, 0, MEM_RELEASE),
		    STATUS_SUCCESS);
	NtClose(section);
}

static void test_placeholder_refusals(void)
{
	struct range range = range_of(0, 0x10000);

	case_status_either(
		"5.1.4", "a placeholder, RW",
		placeholder_make(&range, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_READWRITE),
		STATUS_INVALID_PARAMETER, STATUS_INVALID_PAGE_PROTECTION);
	case_status_either(
		"5.1.4", "a placeholder, COMMIT",
		placeholder_make(&range, COMMITTED | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS),
		STATUS_INVALID_PARAMETER, STATUS_INVALID_PAGE_PROTECTION);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_allocate_ex: NtAllocateVirtualMemoryEx");
	allocate_ex = (allocate_ex_call)case_find_call(CALL);
	test_parameters();
	test_requirements();
	test_commit();
	test_placeholder();
	test_placeholder_in_three();
	test_placeholder_replaced();
	test_placeholder_mapped();
	test_placeholder_refusals();
	return case_finish();
}

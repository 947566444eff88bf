/*
 * conform_view_ex.c - NtMapViewOfSectionEx, NtUnmapViewOfSectionEx, NtCreateSectionEx (3.2, 3.5,
 * 3.8, and the address requirements of 5.1.4).
 */
#include "child.h"
#include "memory.h"

#define SECTION_BYTES 0x20000u
#define UNKNOWN_TYPE 200u

static HANDLE usual;

typedef NTSTATUS(NTAPI *section_maker)(HANDLE *section, ACCESS_MASK access,
				       const OBJECT_ATTRIBUTES *attributes,
				       const LARGE_INTEGER *size, ULONG protection,
				       ULONG section_attributes, HANDLE file,
				       const struct memory_parameter *parameters, ULONG count);

struct request {
	HANDLE section, process;
	uint64_t base, offset, bytes;
	ULONG type, protection, count;
	const struct memory_parameter *parameters;
};

#pragma GCC diagnostic ignored "-Woverride-init"
#define REQUEST(...) \
	&(struct request) \
	{ \
		.section = usual, .process = CURRENT_PROCESS, .protection = PAGE_READWRITE, \
		__VA_ARGS__ \
	}

/* => returns: the status; base and bytes as the call left them. The view stays. */
static NTSTATUS map(struct request *request)
{
	PVOID base = (PVOID)(uintptr_t)request->base;
	LARGE_INTEGER offset = {.QuadPart = (LONGLONG)request->offset};
	SIZE_T bytes = request->bytes;
	NTSTATUS status = NtMapViewOfSectionEx(request->section, request->process, &base, &offset,
					       &bytes, request->type, request->protection,
					       request->parameters, request->count);

	request->base = (uintptr_t)base;
	request->bytes = bytes;
	return status;
}

static void drop(const struct request *request)
{
	NtUnmapViewOfSection(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base);
}

/* The status alone; a view that was made goes again. */
static NTSTATUS try_map(struct request *request)
{
	NTSTATUS status = map(request);

	if (status == STATUS_SUCCESS)
		drop(request);
	return status;
}

static void value_cases(void)
{
	case_status("3.5", "type MEM_COMMIT", try_map(REQUEST(.type = MEM_COMMIT)),
		    STATUS_INVALID_PARAMETER_9);
	case_status("3.5", "type AT_ROUND_TO_PAGE", try_map(REQUEST(.type = MEM_AT_ROUND_TO_PAGE)),
		    STATUS_INVALID_PARAMETER_9);
	case_status("3.5", "protection 0", try_map(REQUEST(.protection = 0)),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("3.5", "protection RW and RO",
		    try_map(REQUEST(.protection = PAGE_READWRITE | PAGE_READONLY)),
		    STATUS_INVALID_PAGE_PROTECTION);
	case_status("3.5", "RW section, protection XRW",
		    try_map(REQUEST(.protection = PAGE_EXECUTE_READWRITE)),
		    STATUS_SECTION_PROTECTION);
	case_status("3.5", "base in the kernel's half",
		    try_map(REQUEST(.base = FIRST_KERNEL_ADDRESS)), STATUS_INVALID_PARAMETER_3);
	case_status("3.5", "ViewSize -1", try_map(REQUEST(.bytes = UINT64_MAX)),
		    STATUS_INVALID_PARAMETER_3);
	case_status("3.5", "ViewSize one byte too large",
		    try_map(REQUEST(.bytes = SECTION_BYTES + 1)), STATUS_INVALID_VIEW_SIZE);
	case_status("3.5", "MEM_RESERVE of a page-file section",
		    try_map(REQUEST(.type = MEM_RESERVE)), STATUS_INVALID_PARAMETER_9);
}

static void handle_cases(void)
{
	HANDLE weak = process_with(PROCESS_QUERY_INFORMATION);
	SIZE_T bytes = 0;
	PVOID base = NULL;

	case_status("3.5", "process handle 0", try_map(REQUEST(.process = NULL)),
		    STATUS_INVALID_HANDLE);
	case_status("3.5", "process handle of a section", try_map(REQUEST(.process = usual)),
		    STATUS_OBJECT_TYPE_MISMATCH);
	case_status("3.5", "process handle without VM_OPERATION", try_map(REQUEST(.process = weak)),
		    STATUS_ACCESS_DENIED);
	case_status("3.5", "section handle 0", try_map(REQUEST(.section = NULL)),
		    STATUS_INVALID_HANDLE);
	case_status("3.5", "base pointer NULL",
		    NtMapViewOfSectionEx(usual, CURRENT_PROCESS, NULL, NULL, &bytes, 0,
					 PAGE_READWRITE, NULL, 0),
		    STATUS_ACCESS_VIOLATION);
	case_status("3.5", "size pointer NULL",
		    NtMapViewOfSectionEx(usual, CURRENT_PROCESS, &base, NULL, NULL, 0,
					 PAGE_READWRITE, NULL, 0),
		    STATUS_ACCESS_VIOLATION);
	NtClose(weak);
}

static void place_cases(void)
{
	struct request *first = REQUEST(.bytes = 0);

	case_status("3.5", "base NULL, ViewSize 0", map(first), STATUS_SUCCESS);
	case_true("3.5", "base NULL: a multiple of 64 KiB",
		  first->base && first->base % GRANULARITY_BYTES == 0);
	case_number("3.5", "ViewSize 0: the section's", first->bytes, SECTION_BYTES);
	case_status("3.5", "at an occupied base", try_map(REQUEST(.base = first->base)),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("3.5", "at an occupied base, offset 1",
		    try_map(REQUEST(.base = first->base, .offset = 1)), STATUS_MAPPED_ALIGNMENT);
	case_status("3.5", "an occupied base + 42", try_map(REQUEST(.base = first->base + 42)),
		    STATUS_MAPPED_ALIGNMENT);
	case_status("3.5", "an occupied base + 0x1000",
		    try_map(REQUEST(.base = first->base + PAGE_BYTES)), STATUS_MAPPED_ALIGNMENT);
	drop(first);
	case_status("3.5", "offset 1", try_map(REQUEST(.offset = 1)), STATUS_MAPPED_ALIGNMENT);
	case_status("3.5", "base given", try_map(REQUEST(.base = first->base)), STATUS_SUCCESS);
	first = REQUEST(.type = MEM_TOP_DOWN);
	case_status("3.5", "TOP_DOWN", map(first), STATUS_SUCCESS);
	case_true("3.5", "TOP_DOWN is above 4 GiB", first->base > 1ull << 32);
	drop(first);
}

static void other_process_cases(void)
{
	struct child child;
	struct request *request;

	if (!NT_SUCCESS(child_start_self(&child, "wait")))
		bail_out("a child", STATUS_UNSUCCESSFUL);
	request = REQUEST(.process = child.process, .type = MEM_TOP_DOWN);
	case_status("3.5", "in another process", map(request), STATUS_SUCCESS);
	case_status("3.5", "in another process: at the same base again",
		    map(REQUEST(.process = child.process, .base = request->base)),
		    STATUS_CONFLICTING_ADDRESSES);
	case_call("NtUnmapViewOfSectionEx");
	case_status("3.8", "in another process",
		    NtUnmapViewOfSectionEx(child.process, (PVOID)(uintptr_t)request->base, 0),
		    STATUS_SUCCESS);
	NtTerminateProcess(child.process, 0);
	child_close(&child);
}

/* ---- extended parameters ---- */

static void parameter_cases(void)
{
	struct address_requirements none = {0};
	struct memory_parameter twice[2] = {
		{.type = MemoryParameterAddressRequirements, .pointer = &none},
		{.type = MemoryParameterAddressRequirements, .pointer = &none},
	};
	struct memory_parameter other = {.type = 0};

	case_status("3.5", "no parameters, an array all the same",
		    try_map(REQUEST(.parameters = twice)), STATUS_SUCCESS);
	case_status("3.5", "a count and no array", try_map(REQUEST(.count = 1)),
		    STATUS_INVALID_PARAMETER);
	case_status("3.5", "parameter type 0", try_map(REQUEST(.count = 1, .parameters = &other)),
		    STATUS_INVALID_PARAMETER);
	other.type = UNKNOWN_TYPE;
	case_status("3.5", "parameter type 200", try_map(REQUEST(.count = 1, .parameters = &other)),
		    STATUS_INVALID_PARAMETER);
	case_status("3.5", "address requirements twice",
		    try_map(REQUEST(.count = 2, .parameters = twice)), STATUS_INVALID_PARAMETER);
	case_status("3.5", "address requirements all zero",
		    try_map(REQUEST(.count = 1, .parameters = twice)), STATUS_SUCCESS);
	case_status("3.5", "a base, and address requirements all zero",
		    try_map(REQUEST(.base = 0x30000000, .count = 1, .parameters = twice)),
		    STATUS_SUCCESS);
	case_status("3.5", "parameter array bad",
		    try_map(REQUEST(.count = 1, .parameters = BAD_POINTER)),
		    STATUS_ACCESS_VIOLATION);
}

static void requirement_case(const char *what, uint64_t lowest, uint64_t highest,
			     uint64_t alignment, NTSTATUS documented)
{
	struct address_requirements wanted = {.lowest = (PVOID)(uintptr_t)lowest,
					      .highest = (PVOID)(uintptr_t)highest,
					      .alignment_bytes = alignment};
	struct memory_parameter parameter = {.type = MemoryParameterAddressRequirements,
					     .pointer = &wanted};
	struct request *request = REQUEST(.count = 1, .parameters = &parameter);
	NTSTATUS status = map(request);

	case_status("3.5", what, status, documented);
	if (NT_SUCCESS(documented))
		case_true("3.5", case_format("%s: the place", what),
			  NT_SUCCESS(status) && request->base >= lowest &&
				  (!highest || request->base + SECTION_BYTES - 1 <= highest) &&
				  (!alignment || request->base % alignment == 0));
	if (NT_SUCCESS(status))
		drop(request);
}

static void requirement_cases(void)
{
	struct address_requirements wanted = {.alignment_bytes = 0x40000};
	struct memory_parameter parameter = {.type = MemoryParameterAddressRequirements,
					     .pointer = &wanted};

	requirement_case("alignment 0x40000", 0, 0, 0x40000, STATUS_SUCCESS);
	requirement_case("alignment 0x8000", 0, 0, 0x8000, STATUS_INVALID_PARAMETER);
	requirement_case("alignment 0x30000", 0, 0, 0x30000, STATUS_INVALID_PARAMETER);
	requirement_case("highest 0x20000FFF, alignment 0x20000000", 0, 0x20000FFF, 0x20000000,
			 STATUS_NO_MEMORY);
	requirement_case("highest 0x7FFFFFFF", 0, 0x7FFFFFFF, 0, STATUS_SUCCESS);
	requirement_case("highest 0x20001001", 0, 0x20001001, 0, STATUS_INVALID_PARAMETER);
	requirement_case("highest in the kernel's half", 0, FIRST_KERNEL_ADDRESS + 0xFFFF, 0,
			 STATUS_INVALID_PARAMETER);
	requirement_case("lowest 0x500000000", 0x500000000, 0, 0, STATUS_SUCCESS);
	requirement_case("lowest 0x500001000", 0x500001000, 0, 0, STATUS_INVALID_PARAMETER);
	requirement_case("lowest above highest", 0x30000000, 0x2000FFFF, 0,
			 STATUS_INVALID_PARAMETER);
	requirement_case("exactly the view's size", 0x500000000, 0x50001FFFF, 0, STATUS_SUCCESS);
	requirement_case("a page less than the view's size", 0x500000000, 0x50001EFFF, 0,
			 STATUS_NO_MEMORY);
	case_status("3.5", "a base and an alignment",
		    try_map(REQUEST(.base = 0x30000000, .count = 1, .parameters = &parameter)),
		    STATUS_INVALID_PARAMETER);
}

/* ---- placeholders ---- */

static NTSTATUS placeholder(PVOID *base, SIZE_T bytes)
{
	return NtAllocateVirtualMemoryEx(CURRENT_PROCESS, base, &bytes,
					 MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL,
					 0);
}

static void placeholder_cases(void)
{
	PVOID base = NULL;
	struct request *request;
	MEMORY_BASIC_INFORMATION region;

	case_call("NtAllocateVirtualMemoryEx");
	case_status("5.1.4", "a placeholder", placeholder(&base, SECTION_BYTES), STATUS_SUCCESS);
	case_call("NtMapViewOfSectionEx");
	case_status("3.5", "REPLACE_PLACEHOLDER, half of it",
		    try_map(REQUEST(.base = (uintptr_t)base, .bytes = SECTION_BYTES / 2,
				    .type = MEM_REPLACE_PLACEHOLDER)),
		    STATUS_CONFLICTING_ADDRESSES);
	case_status("3.5", "over a placeholder, without REPLACE_PLACEHOLDER",
		    base ? try_map(REQUEST(.base = (uintptr_t)base)) : STATUS_UNSUCCESSFUL,
		    STATUS_CONFLICTING_ADDRESSES);
	request = REQUEST(.base = (uintptr_t)base, .bytes = SECTION_BYTES,
			  .type = MEM_REPLACE_PLACEHOLDER);
	case_status("3.5", "REPLACE_PLACEHOLDER, all of it", map(request), STATUS_SUCCESS);
	case_call("NtUnmapViewOfSectionEx");
	case_status("3.8", "PRESERVE_PLACEHOLDER",
		    base ? NtUnmapViewOfSectionEx(CURRENT_PROCESS, base, MEM_PRESERVE_PLACEHOLDER)
			 : STATUS_UNSUCCESSFUL,
		    STATUS_SUCCESS);
	region = region_at(base ? base : (PVOID)PAGE_BYTES);
	case_state("3.8", "PRESERVE_PLACEHOLDER: the range then", region.State, MEM_RESERVE);
	case_number("3.8", "PRESERVE_PLACEHOLDER: its type", region.Type, MEM_PRIVATE);
	if (base)
		range_drop(base);
	case_call("NtMapViewOfSectionEx");
	case_chosen();
	case_status("3.5", "REPLACE_PLACEHOLDER of free memory",
		    try_map(REQUEST(.base = FIXED_ADDRESS, .bytes = SECTION_BYTES,
				    .type = MEM_REPLACE_PLACEHOLDER)),
		    STATUS_INVALID_PARAMETER);
}

static NTSTATUS unmap_new(ULONG flags)
{
	struct request *request = REQUEST(.bytes = 0);
	NTSTATUS status;

	map(request);
	status = NtUnmapViewOfSectionEx(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base, flags);
	if (!NT_SUCCESS(status))
		drop(request);
	return status;
}

static void unmap_cases(void)
{
	struct request *request = REQUEST(.bytes = 0);
	char *memory = memory_need(PAGE_BYTES);

	case_call("NtUnmapViewOfSectionEx");
	case_status("3.8", "flags 0", unmap_new(0), STATUS_SUCCESS);
	case_status("3.8", "flag UNMAP_WITH_TRANSIENT_BOOST", unmap_new(1), STATUS_SUCCESS);
	case_chosen();
	case_status("3.8", "an unknown flag", unmap_new(0x100), STATUS_INVALID_PARAMETER);
	map(request);
	case_status("3.8", "an address inside the view",
		    NtUnmapViewOfSectionEx(CURRENT_PROCESS,
					   (char *)(uintptr_t)request->base + 0x1050, 0),
		    STATUS_SUCCESS);
	case_status("3.8", "twice",
		    NtUnmapViewOfSectionEx(CURRENT_PROCESS, (PVOID)(uintptr_t)request->base, 0),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("3.8", "private memory", NtUnmapViewOfSectionEx(CURRENT_PROCESS, memory, 0),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("3.8", "address NULL", NtUnmapViewOfSectionEx(CURRENT_PROCESS, NULL, 0),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("3.8", "an address of the kernel",
		    NtUnmapViewOfSectionEx(CURRENT_PROCESS, (PVOID)FIRST_KERNEL_ADDRESS, 0),
		    STATUS_NOT_MAPPED_VIEW);
	case_status("3.8", "process handle 0", NtUnmapViewOfSectionEx(NULL, memory, 0),
		    STATUS_INVALID_HANDLE);
	memory_drop(memory);
}

/* ---- NtCreateSectionEx ---- */

static section_maker make;

static NTSTATUS create_ex(ULONG attributes, const struct memory_parameter *parameters, ULONG count)
{
	LARGE_INTEGER size = {.QuadPart = PAGE_BYTES};
	HANDLE section = NULL;
	NTSTATUS status = make(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE,
			       attributes, NULL, parameters, count);

	if (NT_SUCCESS(status))
		NtClose(section);
	return status;
}

static void create_cases(void)
{
	struct memory_parameter node[2] = {{.type = MemoryParameterNumaNode},
					   {.type = MemoryParameterNumaNode}};

	make = (section_maker)case_find_call("NtCreateSectionEx");
	case_status("3.2", "no parameters", create_ex(SEC_COMMIT, NULL, 0), STATUS_SUCCESS);
	case_status("3.2", "a NUMA node", create_ex(SEC_COMMIT, node, 1), STATUS_SUCCESS);
	case_status("3.2", "a NUMA node twice", create_ex(SEC_COMMIT, node, 2),
		    STATUS_INVALID_PARAMETER);
	case_status("3.2", "a count and no array", create_ex(SEC_COMMIT, NULL, 1),
		    STATUS_INVALID_PARAMETER);
	case_status("3.2", "attributes 0, a count and no array", create_ex(0, NULL, 1),
		    STATUS_INVALID_PARAMETER_6);
	node[0].type = 0;
	case_status("3.2", "parameter type 0", create_ex(SEC_COMMIT, node, 1),
		    STATUS_INVALID_PARAMETER);
	node[0].type = UNKNOWN_TYPE;
	case_status("3.2", "parameter type 200", create_ex(SEC_COMMIT, node, 1),
		    STATUS_INVALID_PARAMETER);
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = INT64_MIN});
	case_start("conform_view_ex: the extended section calls");
	usual = section_need(SECTION_BYTES);
	case_call("NtMapViewOfSectionEx");
	value_cases();
	handle_cases();
	place_cases();
	other_process_cases();
	case_call("NtMapViewOfSectionEx");
	parameter_cases();
	requirement_cases();
	placeholder_cases();
	unmap_cases();
	create_cases();
	NtClose(usual);
	return case_finish();
}

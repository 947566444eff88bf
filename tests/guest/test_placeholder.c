/*
 * test_placeholder.c - the life of placeholders: reserved, split, joined, replaced by memory and by
 * views, left behind by both, released (3.5, 3.8, 5.1.4).
 */
#include "guest.h"

#define PART_BYTES ((uint64_t)GRANULARITY_BYTES)
#define PARTS 6u
#define PLACEHOLDER (MEM_RESERVE | MEM_RESERVE_PLACEHOLDER)
#define REPLACE (MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER)
#define SPLIT (MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER)
#define JOIN (MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS)

static NTSTATUS allocate_ex(char **base, uint64_t bytes, ULONG type, ULONG protection)
{
	PVOID at = *base;
	SIZE_T size = bytes;
	NTSTATUS status =
		NtAllocateVirtualMemoryEx(CURRENT_PROCESS, &at, &size, type, protection, NULL, 0);

	if (NT_SUCCESS(status) && *base)
		tap_ok(at == *base && size == bytes, "C7: base and size as asked for");
	*base = at;
	return status;
}

static NTSTATUS replace(char *base, uint64_t bytes)
{
	return allocate_ex(&base, bytes, REPLACE, PAGE_READWRITE);
}

static NTSTATUS map_over(HANDLE section, char *base, uint64_t bytes)
{
	PVOID at = base;
	SIZE_T size = bytes;

	return NtMapViewOfSectionEx(section, CURRENT_PROCESS, &at, NULL, &size,
				    MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0);
}

static NTSTATUS free_part(char *base, uint64_t bytes, ULONG type)
{
	PVOID at = base;
	SIZE_T size = bytes;

	return NtFreeVirtualMemory(CURRENT_PROCESS, &at, &size, type);
}

static char *placeholder_need(void)
{
	char *base = NULL;
	NTSTATUS status = allocate_ex(&base, PARTS * PART_BYTES, PLACEHOLDER, PAGE_NOACCESS);

	tap_is_status(status, STATUS_SUCCESS, "5.1.4: a placeholder");
	return NT_SUCCESS(status) ? base : NULL;
}

/* An allocation of its own, reserved, of so many parts. */
static void expect_placeholder(char *base, unsigned parts, const char *text)
{
	MEMORY_BASIC_INFORMATION region = region_at(base);

	tap_ok(region.AllocationBase == base && region.RegionSize == parts * PART_BYTES &&
		       region.State == MEM_RESERVE && region.Type == MEM_PRIVATE &&
		       region.AllocationProtect == PAGE_NOACCESS,
	       "5.1.4: %s", text);
}

/* catches: parts that are not allocations of their own, or are lost when they are joined again */
static void test_split_and_join(void)
{
	char *base = placeholder_need();

	if (!base)
		return;
	expect_placeholder(base, PARTS, "it is reserved");
	tap_is_status(free_part(base, PART_BYTES, SPLIT), STATUS_SUCCESS, "5.1.4: split in two");
	expect_placeholder(base, 1, "the lower part");
	expect_placeholder(base + PART_BYTES, PARTS - 1, "the upper part");
	tap_is_status(free_part(base + 3 * PART_BYTES, PART_BYTES, SPLIT), STATUS_SUCCESS,
		      "5.1.4: the upper one in three");
	expect_placeholder(base + PART_BYTES, 2, "the first of three");
	expect_placeholder(base + 3 * PART_BYTES, 1, "the second of three");
	expect_placeholder(base + 4 * PART_BYTES, PARTS - 4, "the third of three");
	tap_is_status(free_part(base + PART_BYTES, 3 * PART_BYTES, JOIN), STATUS_SUCCESS,
		      "5.1.4: two joined");
	expect_placeholder(base + PART_BYTES, 3, "the two are one");
	tap_is_status(free_part(base, PARTS * PART_BYTES, JOIN), STATUS_SUCCESS,
		      "5.1.4: all joined");
	expect_placeholder(base, PARTS, "all are one");
	tap_is_status(free_part(base, PARTS * PART_BYTES, JOIN), STATUS_CONFLICTING_ADDRESSES,
		      "5.1.4: one alone is not joined");
	tap_is_status(free_part(base, 0, MEM_RELEASE), STATUS_SUCCESS, "5.2: released as one");
	tap_is_number(region_at(base).State, MEM_FREE, "5.2: free");
}

/* catches: memory that keeps old bytes, or cannot become a placeholder again */
static void test_memory(void)
{
	char *base = placeholder_need(), *part = base + PART_BYTES;

	if (!base)
		return;
	tap_is_status(replace(part, PART_BYTES), STATUS_CONFLICTING_ADDRESSES,
		      "5.1.4: memory over a part of a placeholder");
	tap_is_status(free_part(part, PART_BYTES, SPLIT), STATUS_SUCCESS, "5.1.4: split in three");
	for (unsigned round = 0; round < 2; round++) {
		tap_is_status(replace(part, PART_BYTES), STATUS_SUCCESS,
			      "5.1.4: memory in its place");
		tap_is_number(region_at(part).AllocationProtect, PAGE_READWRITE,
			      "5.1.4: an ordinary allocation");
		tap_is_number(part[PAGE_BYTES], 0, "5.1.4: of zeros");
		part[PAGE_BYTES] = 7;
		tap_is_status(free_part(part, PART_BYTES, SPLIT), STATUS_SUCCESS,
			      "5.1.4: a placeholder again");
		expect_placeholder(part, 1, "again");
	}
	tap_is_status(replace(part, PART_BYTES), STATUS_SUCCESS, "5.1.4: memory once more");
	tap_is_status(free_part(part, 0, MEM_RELEASE), STATUS_SUCCESS, "5.2: released for good");
	tap_is_number(region_at(part).State, MEM_FREE, "5.2: a hole is left");
	tap_is_status(free_part(base, 3 * PART_BYTES, JOIN), STATUS_CONFLICTING_ADDRESSES,
		      "5.1.4: nothing is joined over a hole");
	free_part(base, 0, MEM_RELEASE);
	free_part(part + PART_BYTES, 0, MEM_RELEASE);
}

/* catches: a view that is not the section, or leaves something else than a placeholder */
static void test_views(void)
{
	char *base = placeholder_need(), *last = base + (PARTS - 1) * PART_BYTES;
	HANDLE section = section_need(PART_BYTES);

	if (!base)
		return;
	tap_is_status(free_part(base, PART_BYTES, SPLIT), STATUS_SUCCESS, "5.1.4: the first part");
	tap_is_status(free_part(last, PART_BYTES, SPLIT), STATUS_SUCCESS, "5.1.4: the last part");
	tap_is_status(map_over(section, base, PART_BYTES), STATUS_SUCCESS, "3.5: a view there");
	tap_is_status(map_over(section, last, PART_BYTES), STATUS_SUCCESS, "3.5: another");
	base[5] = 9;
	tap_is_number(last[5], 9, "3.5: both are the section");
	tap_is_status(NtUnmapViewOfSectionEx(CURRENT_PROCESS, last, MEM_PRESERVE_PLACEHOLDER),
		      STATUS_SUCCESS, "3.8: unmapped, the place is kept");
	expect_placeholder(last, 1, "left by a view");
	tap_is_status(map_over(section, last, PART_BYTES), STATUS_SUCCESS, "3.5: mapped again");
	tap_is_number(last[5], 9, "3.5: the section kept its content");
	NtUnmapViewOfSectionEx(CURRENT_PROCESS, last, MEM_PRESERVE_PLACEHOLDER);
	NtUnmapViewOfSectionEx(CURRENT_PROCESS, base, MEM_PRESERVE_PLACEHOLDER);
	tap_is_status(free_part(base, PARTS * PART_BYTES, JOIN), STATUS_SUCCESS,
		      "5.1.4: all joined again");
	expect_placeholder(base, PARTS, "as in the beginning");
	free_part(base, 0, MEM_RELEASE);
	NtClose(section);
}

/* catches: an access, a commit or a plain call that a placeholder takes */
static void test_what_it_refuses(void)
{
	char *base = placeholder_need(), *at = base;
	ULONG old;

	if (!base)
		return;
	tap_is_status(allocate_ex(&at, PART_BYTES, MEM_COMMIT, PAGE_READWRITE),
		      STATUS_CONFLICTING_ADDRESSES, "5.1.4: committed in place");
	tap_is_status(allocate_ex(&at, PART_BYTES, MEM_RESERVE, PAGE_READWRITE),
		      STATUS_CONFLICTING_ADDRESSES, "5.1.4: reserved over it");
	tap_is_status(protect(base, PAGE_BYTES, PAGE_READWRITE, &old), STATUS_NOT_COMMITTED,
		      "5.3: protected");
	tap_is_status(free_part(base, 0, SPLIT), STATUS_INVALID_PARAMETER_3,
		      "5.2: split by nothing");
	tap_is_status(free_part(base, 0, MEM_RELEASE), STATUS_SUCCESS, "5.2: released");
	tap_is_status(replace(base, PARTS * PART_BYTES), STATUS_INVALID_PARAMETER,
		      "5.1.4: replaced where there is none");
}

struct type_row {
	const char *text;
	ULONG type, protection;
};

/* catches: a combination of types that is let through, and the plain call taking the new types */
static void test_types(void)
{
	static const struct type_row rows[] = {
		{"read-write", PLACEHOLDER, PAGE_READWRITE},
		{"COMMIT", PLACEHOLDER | MEM_COMMIT, PAGE_NOACCESS},
		{"no RESERVE", MEM_COMMIT | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS},
		{"WRITE_WATCH", PLACEHOLDER | MEM_WRITE_WATCH, PAGE_NOACCESS},
		{"reserve and replace", PLACEHOLDER | MEM_REPLACE_PLACEHOLDER, PAGE_NOACCESS},
		{"replace without RESERVE", MEM_COMMIT | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE},
		{"replace nowhere", REPLACE, PAGE_READWRITE},
		{"replace, TOP_DOWN", REPLACE | MEM_TOP_DOWN, PAGE_READWRITE},
	};
	PVOID base = NULL;
	SIZE_T size = PART_BYTES;

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		char *at = NULL;

		tap_is_status(allocate_ex(&at, PART_BYTES, rows[i].type, rows[i].protection),
			      STATUS_INVALID_PARAMETER, "5.1.4: %s", rows[i].text);
	}
	tap_is_bad_parameter(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &size, PLACEHOLDER,
						     PAGE_NOACCESS),
			     STATUS_INVALID_PARAMETER_5, "5.1.1/2: the plain call");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("test_placeholder: MEM_RESERVE_PLACEHOLDER and its kin");
	if (system_is_wine()) {
		tap_skip(1, "Wine 8.0 has no placeholders (W11)");
		return tap_finish();
	}
	test_split_and_join();
	test_memory();
	test_views();
	test_what_it_refuses();
	test_types();
	return tap_finish();
}

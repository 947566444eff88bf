/*
 * test_attributes.c - what SEC_* attributes do to views: SEC_NO_CHANGE, SEC_BASED, SEC_NOCACHE,
 * SEC_WRITECOMBINE (3.1.4, 3.4.7, 3.4.9, 5.1.2).
 */
#include "guest.h"

#define MAP_NO_CHANGE 0x00400000u

static HANDLE section_with(ULONG attributes, uint64_t bytes)
{
	HANDLE section;
	NTSTATUS status = section_make(&section, bytes, PAGE_EXECUTE_READWRITE, attributes, NULL);

	if (!NT_SUCCESS(status))
		bail_out("a section", status);
	return section;
}

static char *base_of(HANDLE section)
{
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};

	NtQuerySection(section, SectionBasicInformation, &information, sizeof(information), NULL);
	return information.BaseAddress;
}

static NTSTATUS commit_at(char *address, ULONG protection)
{
	PVOID base = address;
	SIZE_T bytes = PAGE_BYTES;

	return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT, protection);
}

/* catches: a frozen view whose protection can be changed, by NtProtect or by a commit */
static void check_frozen(char *view, const char *text)
{
	ULONG old = 0;

	view[0] = 1;
	for (unsigned i = 0; i < PROTECTIONS; i++)
		tap_is_status(protect(view, PAGE_BYTES, protections[i].value, &old),
			      STATUS_INVALID_PAGE_PROTECTION, "%s: to %s", text,
			      protections[i].name);
	tap_is_number(region_at(view).Protect, PAGE_READWRITE, "%s: nothing changed", text);
	tap_is_status(commit_at(view, PAGE_READONLY), STATUS_INVALID_PAGE_PROTECTION,
		      "%s: by MEM_COMMIT", text);
	tap_is_status(commit_at(view, PAGE_READWRITE), STATUS_SUCCESS,
		      "%s: a commit with its own protection", text);
	view[0] = 2;
}

static void test_no_change(void)
{
	HANDLE frozen, plain;
	SECTION_BASIC_INFORMATION information = {.Attributes = 0};
	PVOID base = NULL;
	SIZE_T bytes = 0;
	ULONG old;

	if (system_is_wine()) {
		tap_skip(25, "Wine ignores SEC_NO_CHANGE (B8)");
		return;
	}
	frozen = section_with(SEC_COMMIT | SEC_NO_CHANGE, 2 * PAGE_BYTES);
	plain = section_with(SEC_COMMIT, 2 * PAGE_BYTES);
	NtQuerySection(frozen, SectionBasicInformation, &information, sizeof(information), NULL);
	tap_is_number(information.Attributes, SEC_COMMIT | SEC_NO_CHANGE, "it is reported");
	base = view_need(frozen, PAGE_READWRITE);
	check_frozen(base, "a view of a SEC_NO_CHANGE section");
	view_drop(base);
	base = NULL;
	tap_is_status(NtMapViewOfSection(plain, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					 ViewUnmap, MAP_NO_CHANGE, PAGE_READWRITE),
		      STATUS_SUCCESS, "a view frozen by the map call");
	check_frozen(base, "it");
	view_drop(base);
	base = view_need(plain, PAGE_READWRITE);
	tap_is_status(protect(base, PAGE_BYTES, PAGE_READONLY, &old), STATUS_SUCCESS,
		      "another view of the same section is not");
	view_drop(base);
	NtClose(plain);
	NtClose(frozen);
}

/* catches: based sections that share addresses; a base that only the first process maps at */
static void test_based(void)
{
	HANDLE first, second, third;
	char *one, *other;
	PVOID base = NULL;
	SIZE_T bytes = 0;

	if (system_is_wine()) {
		tap_skip(12, "Wine has no SEC_BASED (B8)");
		return;
	}
	first = section_with(SEC_COMMIT | SEC_BASED, PAGE_BYTES);
	second = section_with(SEC_COMMIT | SEC_BASED, PAGE_BYTES);
	one = base_of(first);
	other = base_of(second);
	tap_ok(one && (uintptr_t)one % GRANULARITY_BYTES == 0, "3.4.9: an address of its own");
	tap_ok(other == one - GRANULARITY_BYTES, "the next one exactly 64 KiB lower");
	tap_ok(view_need(first, PAGE_READWRITE) == one, "base NULL maps there");
	tap_is_status(view_try(first, PAGE_READONLY), STATUS_CONFLICTING_ADDRESSES,
		      "and only there, whatever it conflicts with");
	base = one + 4 * GRANULARITY_BYTES;
	tap_is_status(NtMapViewOfSection(first, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					 ViewUnmap, 0, PAGE_READONLY),
		      STATUS_SUCCESS, "an address of the caller's is taken");
	tap_ok(base == one + 4 * GRANULARITY_BYTES, "as it was given");
	view_drop(base);
	view_drop(one);
	tap_ok(view_need(second, PAGE_READWRITE) == other, "the second maps at its own");
	view_drop(other);
	NtClose(first);
	third = section_with(SEC_RESERVE | SEC_BASED, 3 * GRANULARITY_BYTES);
	tap_ok(base_of(third) == other - 3 * GRANULARITY_BYTES,
	       "a larger one does not fit where the first was");
	first = section_with(SEC_COMMIT | SEC_BASED, GRANULARITY_BYTES);
	tap_ok(base_of(first) == one, "one of its size does");
	NtClose(first);
	NtClose(second);
	NtClose(third);
	tap_is_status(section_try(0, PAGE_READONLY, SEC_IMAGE | SEC_BASED, NULL),
		      STATUS_INVALID_FILE_FOR_SECTION, "an image still needs a file");
	first = section_with(SEC_COMMIT | SEC_BASED, 2 * GRANULARITY_BYTES);
	base = NULL;
	bytes = PAGE_BYTES;
	tap_is_status(NtMapViewOfSection(first, CURRENT_PROCESS, &base, 0, 0,
					 &(LARGE_INTEGER){.QuadPart = GRANULARITY_BYTES}, &bytes,
					 ViewUnmap, 0, PAGE_READWRITE),
		      STATUS_SUCCESS, "a part of one");
	tap_ok(base == base_of(first) + GRANULARITY_BYTES, "is at the same place in the range");
	view_drop(base);
	NtClose(first);
}

static bool has_type(const char *page, bool uncached, bool combining)
{
	struct quire_memory_page seen = {.is_valid = 0};

	return page_read(page, &seen) && seen.is_valid && !seen.is_uncached == !uncached &&
	       !seen.is_write_combining == !combining;
}

/* catches: a memory type that is only reported; one lost when a page is protected or copied */
static void check_types(ULONG attribute, ULONG modifier, const char *name)
{
	HANDLE section = section_with(SEC_COMMIT | attribute, 2 * PAGE_BYTES);
	bool uncached = modifier == PAGE_NOCACHE, combining = modifier == PAGE_WRITECOMBINE;
	char *view = view_need(section, PAGE_READWRITE);
	char *copy = view_need(section, PAGE_WRITECOPY);
	ULONG old = 0;

	tap_is_number(region_at(view).Protect, PAGE_READWRITE | modifier, "%s: reported", name);
	tap_is_number(region_at(view).AllocationProtect, PAGE_READWRITE | modifier,
		      "%s: of the allocation, too", name);
	view[0] = 1;
	copy[0] = 2;
	if (system_is_quire()) {
		tap_ok(has_type(view, uncached, combining), "%s: in the page table", name);
		tap_ok(has_type(copy, uncached, combining), "%s: of a private copy", name);
	} else {
		tap_skip(2, "page tables are Quire's");
	}
	tap_is_status(protect(view, PAGE_BYTES, PAGE_READONLY, &old), STATUS_SUCCESS,
		      "%s: read-only", name);
	tap_is_number(old, PAGE_READWRITE | modifier, "%s: the old one has it", name);
	tap_is_number(region_at(view).Protect, PAGE_READONLY | modifier, "%s: the new one keeps it",
		      name);
	if (system_is_quire())
		tap_ok(has_type(view, uncached, combining), "%s: still in the page table", name);
	else
		tap_skip(1, "page tables are Quire's");
	view_drop(copy);
	view_drop(view);
	NtClose(section);
}

/* catches: a modifier that belongs to the page instead of the allocation */
static void check_allocation(ULONG modifier, const char *name)
{
	PVOID base = NULL;
	SIZE_T bytes = 2 * PAGE_BYTES;
	char *plain = memory_need(PAGE_BYTES);
	ULONG old = 0;

	tap_is_status(NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
					      MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | modifier),
		      STATUS_SUCCESS, "5.1.2: memory with %s", name);
	*(volatile char *)base = 1;
	tap_ok(has_type(base, modifier == PAGE_NOCACHE, modifier == PAGE_WRITECOMBINE),
	       "%s: in the page table", name);
	protect(base, PAGE_BYTES, PAGE_READONLY, &old);
	tap_is_number(region_at(base).Protect, PAGE_READONLY | modifier,
		      "%s: NtProtect does not remove it", name);
	plain[0] = 1;
	tap_is_status(protect(plain, PAGE_BYTES, PAGE_READWRITE | modifier, &old), STATUS_SUCCESS,
		      "%s: asked for later", name);
	tap_is_number(region_at(plain).Protect, PAGE_READWRITE, "%s: is dropped", name);
	tap_ok(has_type(plain, false, false), "%s: and not in the page table", name);
	memory_drop(plain);
	memory_drop(base);
}

static void test_memory_types(void)
{
	PVOID base = NULL;
	SIZE_T bytes = 0;
	HANDLE section = section_with(SEC_COMMIT, PAGE_BYTES);

	check_types(SEC_NOCACHE, PAGE_NOCACHE, "NOCACHE");
	check_types(0, 0, "neither");
	if (system_is_wine()) {
		tap_skip(22, "Wine reports NOCACHE alone, and takes no modifiers (B11)");
		NtClose(section);
		return;
	}
	check_types(SEC_WRITECOMBINE, PAGE_WRITECOMBINE, "WRITECOMBINE");
	check_allocation(PAGE_NOCACHE, "NOCACHE");
	check_allocation(PAGE_WRITECOMBINE, "WRITECOMBINE");
	tap_is_status(NtMapViewOfSection(section, CURRENT_PROCESS, &base, 0, 0, NULL, &bytes,
					 ViewUnmap, 0, PAGE_READWRITE | PAGE_NOCACHE),
		      STATUS_SUCCESS, "3.4.7: NOCACHE asked for by the map call");
	tap_is_number(region_at(base).Protect, PAGE_READWRITE | PAGE_NOCACHE, "is given");
	view_drop(base);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("section attributes: frozen, based, memory types");
	test_no_change();
	test_based();
	test_memory_types();
	return tap_finish();
}

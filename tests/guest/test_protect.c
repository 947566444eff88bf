/*
 * test_protect.c - the two gates of a map call, and changing protections afterwards (section 4;
 * P2).
 */
#include "guest.h"

#include "child.h"
#include "touch.h"

#define SP STATUS_SECTION_PROTECTION
#define OK STATUS_SUCCESS

/*
 * Table 4.1: section protection (row) x view protection (column), both in the order of
 * protections[].
 */
static const struct {
	ULONG section;
	const char *name;
	NTSTATUS expected[PROTECTIONS];
} gate_rows[] = {
	/*                                  NA  RO  RW  WC  X   XR  XRW XWC */
	{PAGE_READONLY, "READONLY", {OK, OK, SP, OK, SP, SP, SP, SP}},
	{PAGE_WRITECOPY, "WRITECOPY", {OK, OK, SP, OK, SP, SP, SP, SP}},
	{PAGE_READWRITE, "READWRITE", {OK, OK, OK, OK, SP, SP, SP, SP}},
	{PAGE_EXECUTE, "EXECUTE", {OK, SP, SP, SP, OK, SP, SP, SP}},
	{PAGE_EXECUTE_READ, "EXECUTE_READ", {OK, OK, SP, OK, OK, OK, SP, OK}},
	{PAGE_EXECUTE_WRITECOPY, "EXECUTE_WRITECOPY", {OK, OK, SP, OK, OK, OK, SP, OK}},
	{PAGE_EXECUTE_READWRITE, "EXECUTE_READWRITE", {OK, OK, OK, OK, OK, OK, OK, OK}},
};

/* catches: any wrong cell of the compatibility table */
static void test_section_gate(void)
{
	if (system_is_wine()) {
		tap_skip(COUNT_OF(gate_rows) * PROTECTIONS, "Wine has no such gate (B2)");
		return;
	}
	for (unsigned i = 0; i < COUNT_OF(gate_rows); i++) {
		HANDLE section;

		section_make(&section, 0x1000, gate_rows[i].section, SEC_COMMIT, NULL);
		for (unsigned j = 0; j < PROTECTIONS; j++)
			tap_is_status(view_try(section, protections[j].value),
				      gate_rows[i].expected[j], "4.1: %s section, %s view",
				      gate_rows[i].name, protections[j].name);
		NtClose(section);
	}
}

/* catches: rights of the handle checked against the wrong protection */
static void test_handle_gate(void)
{
	static const struct {
		ACCESS_MASK access;
		ULONG protection;
		NTSTATUS expected;
	} rows[] = {
		{SECTION_MAP_READ, PAGE_READWRITE, STATUS_ACCESS_DENIED},
		{SECTION_MAP_READ, PAGE_READONLY, STATUS_SUCCESS},
		{SECTION_MAP_READ, PAGE_WRITECOPY, STATUS_SUCCESS},
		{SECTION_MAP_READ, PAGE_NOACCESS, STATUS_SUCCESS},
		{SECTION_MAP_READ, PAGE_EXECUTE_READ, STATUS_ACCESS_DENIED},
		{SECTION_MAP_WRITE, PAGE_READONLY, STATUS_ACCESS_DENIED},
		{SECTION_MAP_WRITE, PAGE_READWRITE, STATUS_SUCCESS},
		{0, PAGE_NOACCESS, STATUS_ACCESS_DENIED},
		{SECTION_QUERY, PAGE_READONLY, STATUS_ACCESS_DENIED},
		{SECTION_MAP_READ | SECTION_MAP_EXECUTE, PAGE_EXECUTE_READ, STATUS_SUCCESS},
		{SECTION_MAP_READ | SECTION_MAP_WRITE | SECTION_MAP_EXECUTE, PAGE_EXECUTE_READWRITE,
		 STATUS_SUCCESS},
	};
	HANDLE section;

	section_make(&section, 0x1000, PAGE_EXECUTE_READWRITE, SEC_COMMIT, NULL);
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		HANDLE weaker;

		NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &weaker,
				  rows[i].access, 0, 0);
		tap_is_status(view_try(weaker, rows[i].protection), rows[i].expected,
			      "4.2: handle with access 0x%x, protection 0x%x",
			      (unsigned)rows[i].access, (unsigned)rows[i].protection);
		NtClose(weaker);
	}
	NtClose(section);
}

/* Rights of a protection: what 4.3 calls need and have. */
#define R 1u
#define W 2u
#define X 4u

static unsigned rights_of(ULONG protection)
{
	switch (protection) {
	case PAGE_READONLY:
	case PAGE_WRITECOPY:
		return R;
	case PAGE_READWRITE:
		return R | W;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return R | X;
	case PAGE_EXECUTE_READWRITE:
		return R | W | X;
	default:
		return 0;
	}
}

/* All changes of a view mapped with `initial`. */
static void change_view(HANDLE section, const struct named_protection *initial)
{
	char *view = view_need(section, initial->value);
	unsigned limit = rights_of(initial->value);

	for (unsigned i = 0; i < PROTECTIONS; i++) {
		bool allowed = !(rights_of(protections[i].value) & ~limit);
		NTSTATUS status = protect(view, 1, protections[i].value, NULL);

		tap_is_status_or(status, allowed ? OK : SP,
				 allowed ? OK : STATUS_INVALID_PAGE_PROTECTION,
				 "4.3: %s view to %s", initial->name, protections[i].name);
		if (allowed)
			tap_is_number(region_at(view).Protect, protections[i].value,
				      "and that is what it is");
	}
	view_drop(view);
}

/* catches: the current protection of a page taken for the view's limit */
static void test_change(void)
{
	HANDLE section;

	section_make(&section, 0x1000, PAGE_EXECUTE_READWRITE, SEC_COMMIT, NULL);
	for (unsigned i = 0; i < PROTECTIONS; i++) {
		if (protections[i].value != PAGE_EXECUTE) /* 4.3 has no row for such a view */
			change_view(section, &protections[i]);
	}
	NtClose(section);
}

/* catches: Old of another page than the first; contents lost while a page had no access */
static void test_old_and_contents(void)
{
	HANDLE section = section_need(0x2000);
	char *view = view_need(section, PAGE_READWRITE);
	ULONG old = 0;

	view[0] = 'k';
	tap_is_status(protect(view, 0x1000, PAGE_NOACCESS, &old), OK, "P7.142: no access");
	tap_is_number(old, PAGE_READWRITE, "it was READWRITE");
	tap_is_status(protect(view, 0x2000, PAGE_READONLY, &old), OK, "P7.142: read-only");
	tap_is_number(old, PAGE_NOACCESS, "the first page had no access");
	tap_is_number((unsigned char)view[0], 'k', "the contents survived");
	tap_is_number(region_at(view).AllocationProtect, PAGE_READWRITE,
		      "AllocationProtect never changes");
	tap_is_number(region_at(view).RegionSize, 0x2000, "one region of equal pages");
	view_drop(view);
	NtClose(section);
}

static NTSTATUS commit_at(char *view, ULONG protection)
{
	PVOID base = view;
	SIZE_T bytes = 0x1000;

	return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT, protection);
}

/* catches: MEM_COMMIT over a file view that succeeds and loses the file */
static void test_commit_over_views(void)
{
	HANDLE file = file_need(ODD_FILE, FILE_READ_DATA), section;
	char *view;

	section_make(&section, 0, PAGE_READONLY, SEC_COMMIT, file);
	view = view_need(section, PAGE_READONLY);
	tap_is_status(commit_at(view, PAGE_READONLY), STATUS_ALREADY_COMMITTED,
		      "P2.59: commit inside a file view");
	view_drop(view);
	NtClose(section);
	NtClose(file);
	section = section_need(0x2000);
	view = view_need(section, PAGE_READWRITE);
	tap_is_status(commit_at(view, PAGE_READONLY), OK, "P2.60: commit inside a page-file view");
	tap_is_number(region_at(view).Protect, PAGE_READONLY, "that page is read-only");
	tap_is_number(region_at(view + 0x1000).Protect, PAGE_READWRITE, "the next is not");
	view_drop(view);
	NtClose(section);
}

/* What children do: a store or a call that the page tables must refuse. */
static NTSTATUS misbehave(char kind)
{
	HANDLE section;
	char *view;

	section_make(&section, 0x1000, PAGE_EXECUTE_READWRITE, SEC_COMMIT, NULL);
	view = view_need(section, PAGE_EXECUTE_READWRITE);
	*(volatile char *)view = (char)0xC3; /* ret; the translation is now writable */
	if (kind == 'w') {
		protect(view, 1, PAGE_READONLY, NULL);
		*(volatile char *)view = 1;
	} else if (kind == 'n') {
		protect(view, 1, PAGE_NOACCESS, NULL);
		return *(volatile char *)view;
	} else if (kind == 'x') {
		protect(view, 1, PAGE_READWRITE, NULL);
		((void (*)(void))(void *)view)();
	} else {
		((void (*)(void))(void *)view)();
	}
	return OK;
}

/*
 * catches: a protection lowered in the view while an old translation stays in the TLB or the page
 * table
 */
static void test_lowered(void)
{
	tap_is_status(child_run_self("misbehave w"), STATUS_ACCESS_VIOLATION,
		      "a store after READWRITE became READONLY");
	tap_is_status(child_run_self("misbehave n"), STATUS_ACCESS_VIOLATION,
		      "a load after it became NOACCESS");
	tap_is_status(child_run_self("misbehave x"), STATUS_ACCESS_VIOLATION,
		      "a call after EXECUTE_READWRITE became READWRITE");
	tap_is_status(child_run_self("misbehave c"), OK, "a call while it may be executed");
}

int program_main(int argc, char **argv)
{
	if (argc == 3)
		return misbehave(argv[2][0]);
	tap_start("protections: gates and changes");
	touch_own_pages();
	test_section_gate();
	test_handle_gate();
	test_change();
	test_old_and_contents();
	test_commit_over_views();
	test_lowered();
	return tap_finish();
}

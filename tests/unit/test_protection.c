/*
 * test_protection.c - rule C8 and the matrices 4.1, 4.2 and 4.3 of nt-semantics, written out as
 * they stand there: as functions, and as the calls that programs make.
 */
#include "vm_fixture.h"

#include "kernel/mm/protection.h"

#define BASES 8
static const uint32_t bases[BASES] = {
	PAGE_NOACCESS, PAGE_READONLY,	  PAGE_READWRITE,	  PAGE_WRITECOPY,
	PAGE_EXECUTE,  PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY};
static const char *const names[BASES] = {"NA", "RO", "RW", "WC", "X", "XR", "XRW", "XWC"};
static const uint32_t modifiers[] = {PAGE_GUARD, PAGE_NOCACHE, PAGE_WRITECOMBINE};

/* One row of a matrix; the columns are in the order of bases[]: '+' allowed, '-' refused. */
struct row {
	uint32_t first;
	const char *allowed;
};

/* 4.1: section protection (row) and view protection (column). */
static const struct row section_and_view[] = {
	/*                        NA RO RW WC X XR XRW XWC */
	{PAGE_READONLY, "++-+----"},	      {PAGE_WRITECOPY, "++-+----"},
	{PAGE_READWRITE, "++++----"},	      {PAGE_EXECUTE, "+---+---"},
	{PAGE_EXECUTE_READ, "++-+++-+"},      {PAGE_EXECUTE_WRITECOPY, "++-+++-+"},
	{PAGE_EXECUTE_READWRITE, "++++++++"},
};
#define SECTION_ROWS (sizeof(section_and_view) / sizeof(section_and_view[0]))

/* 4.3: initial protection of the view (row) and new protection of a page (column). */
static const struct row view_and_page[] = {
	/*                        NA RO RW WC X XR XRW XWC */
	{PAGE_NOACCESS, "+-------"},	      {PAGE_READONLY, "++-+----"},
	{PAGE_WRITECOPY, "++-+----"},	      {PAGE_READWRITE, "++++----"},
	{PAGE_EXECUTE, "++-+++-+"},	      {PAGE_EXECUTE_READ, "++-+++-+"},
	{PAGE_EXECUTE_WRITECOPY, "++-+++-+"}, {PAGE_EXECUTE_READWRITE, "++++++++"},
};
#define VIEW_ROWS (sizeof(view_and_page) / sizeof(view_and_page[0]))

static const char *name_of(uint32_t protection)
{
	for (int i = 0; i < BASES; i++)
		if (bases[i] == protection)
			return names[i];
	return "?";
}

static void compare(const struct row *row, int column, bool allowed)
{
	if (allowed != (row->allowed[column] == '+'))
		fail_msg("%s, %s: %s", name_of(row->first), names[column],
			 allowed ? "allowed" : "refused");
}

/* ---- C8 ---- */

/* The 29 valid words: each base alone, and all but NA with one modifier. */
static bool is_listed(uint32_t protection)
{
	for (int i = 0; i < BASES; i++) {
		if (protection == bases[i])
			return true;
		for (int m = 0; m < 3; m++)
			if (bases[i] != PAGE_NOACCESS && protection == (bases[i] | modifiers[m]))
				return true;
	}
	return false;
}

/* catches: two bases, no base, two modifiers, NA with a modifier, or an unknown bit let through */
static void test_valid_words(void **state)
{
	unsigned valid = 0;

	(void)state;
	for (uint32_t protection = 0; protection < 0x10000; protection++) {
		assert_int_equal(protection_is_valid(protection), is_listed(protection));
		valid += is_listed(protection);
	}
	assert_int_equal(valid, 29);
	for (uint32_t bit = 0x10000; bit; bit <<= 1)
		assert_false(protection_is_valid(PAGE_READWRITE | bit));
	assert_false(protection_is_valid(UINT32_MAX));
}

/* catches: a call that forgets the check, or makes it after another one */
static void test_every_call_refuses_an_invalid_word(void **state)
{
	static const uint32_t invalid[] = {0,
					   UINT32_MAX,
					   PAGE_READWRITE | PAGE_READONLY,
					   PAGE_NOACCESS | PAGE_GUARD,
					   PAGE_NOACCESS | PAGE_WRITECOMBINE,
					   PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE,
					   PAGE_READWRITE | 0x800};
	vaddr_t base = allocate(1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		struct map_request request = {.inherit = VIEW_UNMAP, .protection = invalid[i]};
		struct section *section;

		assert_int_equal(try_protect(base, 1, invalid[i], NULL),
				 STATUS_INVALID_PAGE_PROTECTION);
		assert_int_equal(try_commit(base, 1, invalid[i]), STATUS_INVALID_PAGE_PROTECTION);
		assert_int_equal(map_check_values(&request), STATUS_INVALID_PAGE_PROTECTION);
		assert_int_equal(try_section(NULL, 4096, invalid[i], SEC_COMMIT, &section),
				 STATUS_INVALID_PAGE_PROTECTION);
	}
	assert_query(base, 1, MEM_COMMIT, PAGE_READWRITE);
	release(base);
}

/* catches: a section with NOACCESS or a modifier; private memory that is copy-on-write */
static void test_words_that_only_some_calls_take(void **state)
{
	static const uint32_t not_for_sections[] = {PAGE_NOACCESS, PAGE_READWRITE | PAGE_GUARD,
						    PAGE_READWRITE | PAGE_NOCACHE,
						    PAGE_READWRITE | PAGE_WRITECOMBINE};
	static const uint32_t copies[] = {PAGE_WRITECOPY, PAGE_EXECUTE_WRITECOPY};
	vaddr_t base = allocate(2, MEM_RESERVE, PAGE_READWRITE), anywhere = 0;
	struct section *section;

	(void)state;
	ok(try_commit(base, 1, PAGE_READWRITE));
	for (int i = 0; i < 4; i++)
		assert_int_equal(try_section(NULL, 4096, not_for_sections[i], SEC_COMMIT, &section),
				 STATUS_INVALID_PAGE_PROTECTION);
	for (int i = 0; i < 2; i++) {
		uint64_t size = PAGE_SIZE;

		assert_int_equal(try_protect(base, 1, copies[i], NULL),
				 STATUS_INVALID_PAGE_PROTECTION);
		assert_int_equal(try_commit(base + 4096, 1, copies[i]),
				 STATUS_INVALID_PAGE_PROTECTION);
		assert_int_equal(
			memory_allocate(space, &anywhere, 0, &size, MEM_RESERVE, copies[i]),
			STATUS_INVALID_PAGE_PROTECTION);
	}
	release(base);
}

/* ---- 4.1 ---- */

/* catches: a cell of the matrix, also where the column carries a modifier */
static void test_section_allows_view(void **state)
{
	(void)state;
	for (size_t i = 0; i < SECTION_ROWS; i++)
		for (int column = 0; column < BASES; column++) {
			const struct row *row = &section_and_view[i];

			compare(row, column, protection_section_allows(row->first, bases[column]));
			compare(row, column,
				protection_section_allows(row->first, bases[column] | PAGE_GUARD));
		}
}

/* catches: a map call that does not ask the matrix, or answers with another status */
static void test_mapping_follows_the_matrix(void **state)
{
	(void)state;
	for (size_t i = 0; i < SECTION_ROWS; i++) {
		const struct row *row = &section_and_view[i];
		struct section *section = section_of(NULL, 4096, row->first, SEC_COMMIT);

		for (int column = 0; column < BASES; column++) {
			vaddr_t base;
			NTSTATUS status = try_map(section, bases[column], &base);

			compare(row, column, NT_SUCCESS(status));
			if (!NT_SUCCESS(status)) {
				assert_int_equal(status, STATUS_SECTION_PROTECTION);
				continue;
			}
			assert_query(base, 1, MEM_COMMIT, bases[column]);
			mm_check();
			ok(view_unmap(space, base));
		}
		object_release(section);
	}
}

/* ---- 4.2 ---- */

/* catches: a right asked for too many or too few */
static void test_rights_on_the_section_handle(void **state)
{
	static const uint32_t required[BASES] = {
		SECTION_MAP_READ,			 /* NA */
		SECTION_MAP_READ,			 /* RO */
		SECTION_MAP_WRITE,			 /* RW */
		SECTION_MAP_READ,			 /* WC */
		SECTION_MAP_EXECUTE,			 /* X */
		SECTION_MAP_EXECUTE,			 /* XR */
		SECTION_MAP_WRITE | SECTION_MAP_EXECUTE, /* XRW */
		SECTION_MAP_EXECUTE,			 /* XWC */
	};

	(void)state;
	for (int i = 0; i < BASES; i++) {
		assert_int_equal(map_required_access(bases[i]), required[i]);
		for (int m = 0; m < 3; m++)
			assert_int_equal(map_required_access(bases[i] | modifiers[m]), required[i]);
	}
}

/* ---- 4.3 ---- */

/* catches: a cell of the matrix */
static void test_view_allows_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < VIEW_ROWS; i++)
		for (int column = 0; column < BASES; column++)
			compare(&view_and_page[i], column,
				protection_view_allows(view_and_page[i].first, bases[column]));
}

/* Every change of the row, and back: the current protection does not matter. */
static void change_all(const struct row *row, vaddr_t base)
{
	uint32_t current = row->first, old = 0;

	for (int column = 0; column < BASES; column++) {
		NTSTATUS status = try_protect(base, 1, bases[column], &old);

		compare(row, column, NT_SUCCESS(status));
		if (NT_SUCCESS(status)) {
			assert_int_equal(old, current);
			current = bases[column];
		} else {
			assert_int_equal(status, STATUS_SECTION_PROTECTION);
		}
		assert_int_equal(query(base).protect, current);
		assert_int_equal(query(base).allocation_protect, row->first);
		mm_check();
	}
	ok(try_protect(base, 1, PAGE_NOACCESS, NULL));
	ok(try_protect(base, 1, row->first, NULL));
}

/* catches: a page that keeps its rights after the change, or loses those of the view for good */
static void test_protecting_follows_the_matrix(void **state)
{
	struct section *section = section_of(NULL, 8192, PAGE_EXECUTE_READWRITE, SEC_COMMIT);

	(void)state;
	for (size_t i = 0; i < VIEW_ROWS; i++) {
		vaddr_t base = map(section, view_and_page[i].first);

		change_all(&view_and_page[i], base);
		if (view_and_page[i].first != PAGE_NOACCESS)
			assert_int_not_equal(sim_peek(base), -1);
		change_all(&view_and_page[i], base); /* the same with the page in memory */
		assert_query(base, 2, MEM_COMMIT, view_and_page[i].first);
		ok(view_unmap(space, base));
	}
	object_release(section);
}

/* ---- what the words mean ---- */

/* catches: a protection that gives the hardware more or less than it says */
static void test_what_a_program_may_do(void **state)
{
	/* what works: r(ead), w(rite), x(ecute) */
	static const char *const works[BASES] = {"", "r", "rw", "rw", "rx", "rx", "rwx", "rwx"};
	struct section *section = section_of(NULL, 4096, PAGE_EXECUTE_READWRITE, SEC_COMMIT);

	(void)state;
	for (int i = 0; i < BASES; i++) {
		vaddr_t base = map(section, bases[i]);

		assert_int_equal(sim_peek(base) != -1, strchr(works[i], 'r') != NULL);
		assert_int_equal(sim_execute(base),
				 strchr(works[i], 'x') ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION);
		assert_int_equal(sim_poke(base, 1),
				 strchr(works[i], 'w') ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION);
		assert_int_equal(sim_execute(base),
				 strchr(works[i], 'x') ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION);
		mm_check();
		ok(view_unmap(space, base));
	}
	object_release(section);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_words),
		TEST(test_every_call_refuses_an_invalid_word),
		TEST(test_words_that_only_some_calls_take),
		cmocka_unit_test(test_section_allows_view),
		TEST(test_mapping_follows_the_matrix),
		cmocka_unit_test(test_rights_on_the_section_handle),
		cmocka_unit_test(test_view_allows_page),
		TEST(test_protecting_follows_the_matrix),
		TEST(test_what_a_program_may_do),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

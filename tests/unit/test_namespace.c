/*
 * test_namespace.c - the rows of nt-semantics section 7 as a table, and names at their limits.
 */
#include "namespace_fixture.h"

/* ---- the table ---- */

enum root_kind { NO_ROOT, DIRECTORY_ROOT, SECTION_ROOT, LINK_ROOT, DEVICE_ROOT };
#define OPENIF OBJ_OPENIF
#define NAMED "\\Top\\Dir\\section" /* is there */
#define SKIP ((NTSTATUS)1)	    /* this half of the row is another row, or not about names */

struct row {
	const char *number;
	const char *path; /* NULL: no name */
	enum root_kind root;
	uint32_t attributes;
	struct object_type *type;
	NTSTATUS create, open;
};

static const struct row rows[] = {
	{"3", NULL, NO_ROOT, 0, &section_like, STATUS_SUCCESS, STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"4", NULL, DIRECTORY_ROOT, 0, &section_like, STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"5", "", NO_ROOT, 0, &section_like, STATUS_SUCCESS, STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"5 root", "", SECTION_ROOT, 0, &section_like, STATUS_SUCCESS, STATUS_OBJECT_TYPE_MISMATCH},
	{"6", "", DIRECTORY_ROOT, 0, &section_like, STATUS_SUCCESS, STATUS_OBJECT_TYPE_MISMATCH},
	{"6 directory", "", DIRECTORY_ROOT, 0, &directory_type, SKIP, STATUS_SUCCESS},
	{"11", "section", NO_ROOT, 0, &section_like, STATUS_OBJECT_PATH_SYNTAX_BAD,
	 STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"12", "\\section", DIRECTORY_ROOT, 0, &section_like, STATUS_OBJECT_PATH_SYNTAX_BAD,
	 STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"12 slash alone", "\\", DIRECTORY_ROOT, 0, &section_like, STATUS_OBJECT_PATH_SYNTAX_BAD,
	 STATUS_OBJECT_PATH_SYNTAX_BAD},
	{"13 section", "x", SECTION_ROOT, 0, &section_like, STATUS_OBJECT_TYPE_MISMATCH,
	 STATUS_OBJECT_TYPE_MISMATCH},
	{"13 link", "x", LINK_ROOT, 0, &section_like, STATUS_OBJECT_TYPE_MISMATCH,
	 STATUS_OBJECT_TYPE_MISMATCH},
	{"13 device", "x", DEVICE_ROOT, 0, &section_like, STATUS_OBJECT_TYPE_MISMATCH, SKIP},
	{"13 and 12", "\\x", SECTION_ROOT, 0, &section_like, STATUS_OBJECT_TYPE_MISMATCH,
	 STATUS_OBJECT_TYPE_MISMATCH},
	{"14", "\\Top\\Missing\\x", NO_ROOT, 0, &section_like, STATUS_OBJECT_PATH_NOT_FOUND,
	 STATUS_OBJECT_PATH_NOT_FOUND},
	{"14 relative", "Missing\\x", DIRECTORY_ROOT, 0, &section_like,
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"14 deep", "\\No\\Such\\Place", NO_ROOT, 0, &section_like, STATUS_OBJECT_PATH_NOT_FOUND,
	 STATUS_OBJECT_PATH_NOT_FOUND},
	{"15", NAMED "\\x", NO_ROOT, 0, &section_like, STATUS_OBJECT_PATH_NOT_FOUND,
	 STATUS_OBJECT_PATH_NOT_FOUND},
	{"15 relative", "section\\x", DIRECTORY_ROOT, 0, &section_like,
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"16 directory", "\\Top\\Dir\\", NO_ROOT, 0, &directory_type, STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"16 doubled at start", "\\\\Top", NO_ROOT, 0, &directory_type, STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"16 doubled inside", "\\Top\\\\Dir", NO_ROOT, 0, &directory_type,
	 STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
	{"16 two alone", "\\\\", NO_ROOT, 0, &directory_type, STATUS_OBJECT_NAME_INVALID,
	 STATUS_OBJECT_NAME_INVALID},
	{"16b", "\\Top\\Dir\\missing\\", NO_ROOT, 0, &section_like, STATUS_OBJECT_PATH_NOT_FOUND,
	 STATUS_OBJECT_PATH_NOT_FOUND},
	{"16b relative", "missing\\", DIRECTORY_ROOT, 0, &section_like,
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"17", "\\Top\\Dir\\missing", NO_ROOT, 0, &section_like, STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"17 relative", "missing", DIRECTORY_ROOT, 0, &section_like, STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"17 in the root", "\\missing", NO_ROOT, 0, &section_like, STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"18", NAMED, NO_ROOT, 0, &section_like, STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS},
	{"18 relative", "section", DIRECTORY_ROOT, 0, &section_like, STATUS_OBJECT_NAME_COLLISION,
	 STATUS_SUCCESS},
	{"19", NAMED, NO_ROOT, OPENIF, &section_like, STATUS_OBJECT_NAME_EXISTS, SKIP},
	{"20", NAMED, NO_ROOT, 0, &event_like, STATUS_OBJECT_NAME_COLLISION,
	 STATUS_OBJECT_TYPE_MISMATCH},
	{"21", NAMED, NO_ROOT, OPENIF, &event_like, STATUS_OBJECT_TYPE_MISMATCH, SKIP},
	{"22", "\\Top\\Dir\\SECTION", NO_ROOT, 0, &section_like, STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"22 directory", "\\TOP\\Dir\\section", NO_ROOT, 0, &section_like,
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"23", "\\Top\\Dir\\SECTION", NO_ROOT, CI, &section_like, STATUS_OBJECT_NAME_COLLISION,
	 STATUS_SUCCESS},
	{"23 directory", "\\TOP\\dIR\\section", NO_ROOT, CI, &section_like,
	 STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS},
	{"23 openif", "\\TOP\\dIR\\Section", NO_ROOT, CI | OPENIF, &section_like,
	 STATUS_OBJECT_NAME_EXISTS, SKIP},
	{"25", "\\Top\\Link\\section", NO_ROOT, 0, &section_like, STATUS_OBJECT_NAME_COLLISION,
	 STATUS_SUCCESS},
	{"25 at the end", "\\Top\\ToSection", NO_ROOT, 0, &section_like,
	 STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS},
	{"25 relative", "Link\\section", DIRECTORY_ROOT, 0, &section_like, SKIP,
	 STATUS_OBJECT_PATH_NOT_FOUND},
	{"25 the link itself", "\\Top\\Link", NO_ROOT, 0, &symbolic_link_type,
	 STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS},
	{"25 its directory", "\\Top\\Link", NO_ROOT, 0, &directory_type,
	 STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS},
	{"25 to nowhere", "\\Top\\Broken\\x", NO_ROOT, 0, &section_like,
	 STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
	{"25 creates the target", "\\Top\\Broken", NO_ROOT, 0, &section_like, STATUS_SUCCESS,
	 STATUS_OBJECT_NAME_NOT_FOUND},
	{"25 in a circle", "\\Top\\Circle\\x", NO_ROOT, 0, &section_like,
	 STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_NAME_NOT_FOUND},
	{"26", "\\", NO_ROOT, 0, &directory_type, STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS},
	{"26 openif", "\\", NO_ROOT, OPENIF, &directory_type, STATUS_OBJECT_NAME_EXISTS, SKIP},
	{"27", "\\", NO_ROOT, 0, &symbolic_link_type, STATUS_OBJECT_TYPE_MISMATCH,
	 STATUS_OBJECT_TYPE_MISMATCH},
	{"28", "\\??\\PIPE\\x", NO_ROOT, 0, &section_like, STATUS_OBJECT_PATH_NOT_FOUND, SKIP},
	{"28 deeper", "\\??\\PIPE\\x\\y", NO_ROOT, 0, &section_like, STATUS_OBJECT_PATH_NOT_FOUND,
	 SKIP},
};

static struct object *roots[5];

static void table_setup(void)
{
	roots[DIRECTORY_ROOT] = (directory("\\Top"), directory("\\Top\\Dir"));
	roots[SECTION_ROOT] = create(NAMED, &section_like);
	assert_int_equal(symbolic_link_create("\\Top\\Link", "\\Top\\Dir"), STATUS_SUCCESS);
	assert_int_equal(symbolic_link_create("\\Top\\ToSection", "\\Top\\Link\\section"),
			 STATUS_SUCCESS);
	assert_int_equal(symbolic_link_create("\\Top\\Broken", "\\Top\\Nowhere"), STATUS_SUCCESS);
	assert_int_equal(symbolic_link_create("\\Top\\Circle", "\\Top\\Circle"), STATUS_SUCCESS);
	assert_int_equal(open_as("\\Top\\Link", NULL, 0, &symbolic_link_type, &roots[LINK_ROOT]),
			 STATUS_SUCCESS);
	keep(roots[LINK_ROOT]);
	roots[DEVICE_ROOT] = device("\\??\\PIPE");
}

static struct object_name row_name(const struct row *row, uint32_t attributes)
{
	struct object_name name =
		name_of_length(row->path ? row->path : "", row->path ? strlen(row->path) : 0,
			       roots[row->root], attributes);

	if (!row->path)
		name.text = NULL;
	return name;
}

static NTSTATUS row_open(const struct row *row)
{
	struct object_name name = row_name(row, row->attributes);
	struct object *object = NULL;
	NTSTATUS status = namespace_lookup(&name, row->type, NULL, &object);

	if (NT_SUCCESS(status)) {
		assert_ptr_equal(object->type, row->type);
		object_release(object);
	} else {
		assert_null(object);
	}
	return status;
}

/* Creates and, if that worked, closes again. */
static NTSTATUS row_create(const struct row *row)
{
	struct object_name name = row_name(row, row->attributes);
	struct object *object, *existing = NULL;
	bool was_named;
	NTSTATUS status;

	assert_int_equal(object_create(row->type, &object), STATUS_SUCCESS);
	object_handle_opened(object);
	status = namespace_insert(&name, object, &existing);
	was_named = object->name_entry;
	assert_int_equal(was_named, status == STATUS_SUCCESS && name.chars > 0);
	if (status == STATUS_OBJECT_NAME_EXISTS)
		object_handle_closed(existing);
	else
		assert_null(existing);
	object_handle_closed(object);
	assert_null(object->name_entry);
	assert_int_equal(object->reference_count, 1);
	object_release(object);
	return status;
}

static void test_rows_of_section_7(void **state)
{
	unsigned failures = 0;

	(void)state;
	table_setup();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		NTSTATUS create = rows[i].create, open = rows[i].open;

		if (create != SKIP)
			create = row_create(&rows[i]);
		if (open != SKIP)
			open = row_open(&rows[i]);
		if (create == rows[i].create && open == rows[i].open)
			continue;
		print_error("row %s: create %#x (want %#x), open %#x (want %#x)\n", rows[i].number,
			    (unsigned)create, (unsigned)rows[i].create, (unsigned)open,
			    (unsigned)rows[i].open);
		failures++;
	}
	assert_int_equal(failures, 0);
}

static void test_row_10_longest_names(void **state)
{
	struct object_name name;
	struct object *object, *found, *existing = NULL;
	static uint16_t path[NAME_MAX_CHARS];
	size_t chars;

	(void)state;
	for (size_t i = 0; i < NAME_MAX_CHARS + 2; i++)
		text_buffer[i] = (uint16_t)(i == 0 ? '\\' : 'a' + i % 26);
	name = (struct object_name){text_buffer, NAME_MAX_CHARS, NULL, 0};
	assert_int_equal(object_create(&section_like, &object), STATUS_SUCCESS);
	assert_int_equal(namespace_insert(&name, object, &existing), STATUS_SUCCESS);
	assert_int_equal(namespace_lookup(&name, &section_like, NULL, &found), STATUS_SUCCESS);
	assert_ptr_equal(found, object);
	object_release(found);
	assert_true(namespace_path(object, path, NAME_MAX_CHARS, &chars));
	assert_int_equal(chars, NAME_MAX_CHARS);
	assert_memory_equal(path, text_buffer, sizeof(path));
	name.chars--;
	assert_int_equal(namespace_lookup(&name, &section_like, NULL, &found),
			 STATUS_OBJECT_NAME_NOT_FOUND);
	name.chars += 2;
	assert_int_equal(namespace_lookup(&name, &section_like, NULL, &found),
			 STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(row_create(&(struct row){.path = "", .type = &section_like}),
			 STATUS_SUCCESS);
	object_handle_opened(object);
	object_handle_closed(object);
	assert_int_equal(object->reference_count, 1);
	assert_int_equal(namespace_insert(&name, object, &existing), STATUS_OBJECT_NAME_INVALID);
	object_release(object);
}

/* A name of several blocks needs several allocations; each may fail. */
static void test_long_name_without_memory(void **state)
{
	struct object_name name;
	struct object *object;
	struct pool_statistics before, after;
	NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
	unsigned failures = 0;

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		text_buffer[i] = (uint16_t)(i == 0 ? '\\' : 'x');
	name = (struct object_name){text_buffer, 10000, NULL, 0};
	assert_int_equal(object_create(&section_like, &object), STATUS_SUCCESS);
	pool_statistics_read(&before);
	for (; !NT_SUCCESS(status); failures++) {
		pool_statistics_read(&after);
		assert_int_equal(after.blocks_used, before.blocks_used);
		sim_fail_nth_allocation(failures + 1);
		status = namespace_insert(&name, object, NULL);
	}
	sim_fail_nth_allocation(0);
	assert_int_equal(failures - 1, 5);
	assert_non_null(object->name_entry);
	namespace_handle_count_zero(object);
	pool_statistics_read(&after);
	assert_int_equal(after.blocks_used, before.blocks_used);
	object_release(object);
}

static void test_row_24_nul_is_a_character(void **state)
{
	static const char *const names[] = {"\\n", "\\n\0", "\\n\0m", "\\n\0\0"};
	static const size_t lengths[] = {2, 3, 4, 4};
	struct object *objects[4], *found;
	NTSTATUS status;

	(void)state;
	for (int i = 0; i < 4; i++) {
		objects[i] = create_as(names[i], lengths[i], NULL, 0, &section_like, &status);
		assert_int_equal(status, STATUS_SUCCESS);
	}
	for (int i = 0; i < 4; i++) {
		struct object_name name = name_of_length(names[i], lengths[i], NULL, 0);

		assert_int_equal(namespace_lookup(&name, NULL, NULL, &found), STATUS_SUCCESS);
		assert_ptr_equal(found, objects[i]);
		object_release(found);
		close_object(objects[i]);
	}
}

/* Names that differ only in case: case-sensitive look-ups tell them apart in any number. */
static void test_names_that_differ_in_case(void **state)
{
	static const char *const paths[] = {"\\abc", "\\ABC", "\\aBc", "\\abC", "\\ab", "\\abcd"};
	struct object *objects[6], *found;

	(void)state;
	for (int i = 0; i < 6; i++)
		objects[i] = create(paths[i], &section_like);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(open_as(paths[i], NULL, 0, NULL, &found), STATUS_SUCCESS);
		assert_ptr_equal(found, objects[i]);
		object_release(found);
	}
	assert_int_equal(open_as("\\AbC", NULL, 0, NULL, &found), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(open_as("\\AB", NULL, CI, NULL, &found), STATUS_SUCCESS);
	assert_ptr_equal(found, objects[4]);
	object_release(found);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(open_status("\\AbC", NULL, CI, NULL), STATUS_SUCCESS);
		close_object(objects[i]);
	}
	assert_int_equal(open_status("\\AbC", NULL, CI, NULL), STATUS_OBJECT_NAME_NOT_FOUND);
	close_object(objects[4]);
	close_object(objects[5]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_rows_of_section_7),	      TEST(test_row_10_longest_names),
		TEST(test_long_name_without_memory),  TEST(test_row_24_nul_is_a_character),
		TEST(test_names_that_differ_in_case),
	};

	return cmocka_run_group_tests_name("namespace", tests, NULL, NULL);
}

/*
 * test_namespace.c - the rows of nt-semantics section 7 as a table, symbolic links, parsing
 * devices, and when names go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/pool.h"
#include "kernel/lib/string.h"
#include "kernel/object/namespace.h"
#include "tests/sim/sim.h"

#define NAME_MAX_CHARS (NAME_MAX_BYTES / 2)

/* Two types that mean nothing, and a device whose parse function notes what it was given. */
static struct object_type section_like = {.name = "Section", .body_bytes = sizeof(struct object)};
static struct object_type event_like = {.name = "Event", .body_bytes = sizeof(struct object)};
static struct object_type file_like = {.name = "File", .body_bytes = sizeof(struct object)};

static struct {
	char rest[64];
	size_t chars;
	uint32_t attributes;
	void *context;
	struct object *parsed;
	unsigned calls;
	NTSTATUS status; /* to return */
} parsed;

static NTSTATUS device_parse(struct object *object, const uint16_t *rest, size_t rest_chars,
			     uint32_t attributes, void *context, struct object **result)
{
	lock_assert_none_held();
	utf16_to_ascii(parsed.rest, sizeof(parsed.rest), rest, rest_chars);
	parsed.chars = rest_chars;
	parsed.attributes = attributes;
	parsed.context = context;
	parsed.parsed = object;
	parsed.calls++;
	if (!NT_SUCCESS(parsed.status))
		return parsed.status;
	return object_create(&file_like, result);
}

static struct object_type device_type = {
	.name = "Device",
	.body_bytes = sizeof(struct object),
	.parse = device_parse,
};

/* ---- help ---- */

/* What a test has open and keeps, so that the end of the test can let go of it. */
#define KEPT_MAX 4096
static struct object *opened[KEPT_MAX], *kept[KEPT_MAX];
static unsigned opened_count, kept_count;

static void note_opened(struct object *object)
{
	assert_true(opened_count < KEPT_MAX);
	opened[opened_count++] = object;
}

static struct object *keep(struct object *object)
{
	assert_true(kept_count < KEPT_MAX);
	return kept[kept_count++] = object;
}

static void close_object(struct object *object)
{
	for (unsigned i = 0; i < opened_count; i++) {
		if (opened[i] != object)
			continue;
		opened[i] = opened[--opened_count];
		object_handle_closed(object);
		return;
	}
	fail();
}

static uint16_t text_buffer[NAME_MAX_CHARS + 2];

/* A name from ASCII text of a given length, so that it can have NULs; one at a time. */
static struct object_name name_of_length(const char *text, size_t chars, struct object *root,
					 uint32_t attributes)
{
	assert_true(chars <= NAME_MAX_CHARS + 2);
	for (size_t i = 0; i < chars; i++)
		text_buffer[i] = (uint8_t)text[i];
	return (struct object_name){text_buffer, chars, root, attributes};
}

static NTSTATUS open_as(const char *path, struct object *root, uint32_t attributes,
			const struct object_type *type, struct object **result)
{
	struct object_name name = name_of_length(path, strlen(path), root, attributes);

	return namespace_lookup(&name, type, NULL, result);
}

/* Opens and drops it again. */
static NTSTATUS open_status(const char *path, struct object *root, uint32_t attributes,
			    const struct object_type *type)
{
	struct object *object;
	NTSTATUS status = open_as(path, root, attributes, type, &object);

	if (NT_SUCCESS(status))
		object_release(object);
	return status;
}

/*
 * A temporary object with a handle, as a creating system call leaves it. NULL and *status if the
 * name is refused.
 */
static struct object *create_as(const char *path, size_t chars, struct object *root,
				uint32_t attributes, struct object_type *type, NTSTATUS *status)
{
	struct object_name name = name_of_length(path, chars, root, attributes);
	struct object *object, *existing = NULL;

	assert_int_equal(object_create(type, &object), STATUS_SUCCESS);
	object_handle_opened(object);
	*status = namespace_insert(&name, object, &existing);
	if (*status == STATUS_OBJECT_NAME_EXISTS) {
		assert_ptr_equal(existing->type, type);
		object_release(existing);
	}
	if (*status != STATUS_SUCCESS) {
		object_handle_closed(object);
		object_release(object);
		return NULL;
	}
	assert_null(existing);
	object_release(object);
	note_opened(object);
	return object;
}

static struct object *create(const char *path, struct object_type *type)
{
	NTSTATUS status;
	struct object *object = create_as(path, strlen(path), NULL, 0, type, &status);

	assert_int_equal(status, STATUS_SUCCESS);
	return object;
}

static struct object *directory(const char *path)
{
	struct object *result;

	assert_int_equal(directory_create(path, &result), STATUS_SUCCESS);
	return keep(result);
}

static struct object *device(const char *path)
{
	struct object *object;

	assert_int_equal(object_create(&device_type, &object), STATUS_SUCCESS);
	assert_int_equal(namespace_insert_ascii(path, object), STATUS_SUCCESS);
	return keep(object);
}

static int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	memset(&parsed, 0, sizeof(parsed));
	namespace_init();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (opened_count > 0)
		close_object(opened[0]);
	while (kept_count > 0)
		object_release(kept[--kept_count]);
	namespace_destroy();
	sim_core_stop(); /* complains about what is not freed */
	return 0;
}

/* ---- the table ---- */

enum root_kind { NO_ROOT, DIRECTORY_ROOT, SECTION_ROOT, LINK_ROOT, DEVICE_ROOT };
#define CI OBJ_CASE_INSENSITIVE
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
		object_release(existing);
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

/* ---- links and devices ---- */

static void test_links_are_followed_thirty_two_times(void **state)
{
	char path[16], target[16];

	(void)state;
	create("\\L0", &section_like);
	for (int i = 1; i <= 33; i++) {
		snprintf(path, sizeof(path), "\\L%d", i);
		snprintf(target, sizeof(target), "\\L%d", i - 1);
		assert_int_equal(symbolic_link_create(path, target), STATUS_SUCCESS);
	}
	assert_int_equal(open_status("\\L32", NULL, 0, &section_like), STATUS_SUCCESS);
	assert_int_equal(open_status("\\L33", NULL, 0, &section_like),
			 STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(open_status("\\L32\\x", NULL, 0, &section_like),
			 STATUS_OBJECT_PATH_NOT_FOUND);
}

/* Targets that grow on each turn: the stack of pieces is as deep as it gets. */
static void test_links_that_pile_up(void **state)
{
	char path[16], target[16];

	(void)state;
	directory("\\D");
	create("\\D\\x", &section_like);
	assert_int_equal(symbolic_link_create("\\Grow", "\\Grow\\x"), STATUS_SUCCESS);
	assert_int_equal(open_status("\\Grow\\y\\z", NULL, 0, NULL), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(symbolic_link_create("\\P0", "\\D"), STATUS_SUCCESS);
	assert_int_equal(symbolic_link_create("\\D\\up", "\\D"), STATUS_SUCCESS);
	for (int i = 1; i <= 15; i++) {
		snprintf(path, sizeof(path), "\\P%d", i);
		snprintf(target, sizeof(target), "\\P%d\\up", i - 1);
		assert_int_equal(symbolic_link_create(path, target), STATUS_SUCCESS);
	}
	assert_int_equal(open_status("\\P15\\x", NULL, 0, &section_like), STATUS_SUCCESS);
}

static void test_link_targets_are_checked(void **state)
{
	char long_target[300];

	(void)state;
	memset(long_target, 'x', sizeof(long_target) - 1);
	long_target[0] = '\\';
	long_target[sizeof(long_target) - 1] = '\0';
	assert_int_equal(symbolic_link_create("\\a", ""), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(symbolic_link_create("\\a", "x"), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(symbolic_link_create("\\a", "\\"), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(symbolic_link_create("\\a", "\\x\\"), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(symbolic_link_create("\\a", long_target), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(symbolic_link_create(long_target, "\\x"), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(symbolic_link_create("\\??\\C:", "\\x"), STATUS_OBJECT_NAME_COLLISION);
	long_target[255] = '\0';
	assert_int_equal(symbolic_link_create("\\a", long_target), STATUS_SUCCESS);
	assert_int_equal(open_status("\\a", NULL, 0, &section_like), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void assert_parsed(struct object *expected, const char *rest)
{
	assert_int_equal(parsed.calls, 1);
	assert_ptr_equal(parsed.parsed, expected);
	assert_string_equal(parsed.rest, rest);
	assert_int_equal(parsed.chars, strlen(rest));
	parsed.calls = 0;
}

static void test_device_gets_the_rest_of_the_path(void **state)
{
	static const struct {
		const char *path, *rest;
	} paths[] = {
		{"\\Device\\RamDisk\\bin\\hello.exe", "bin\\hello.exe"},
		{"\\??\\C:\\bin\\hello.exe", "bin\\hello.exe"},
		{"\\??\\C:\\bin\\", "bin\\"},
		{"\\??\\C:\\\\bin", "\\bin"},
		{"\\??\\C:\\", ""},
		{"\\??\\C:", ""},
		{"\\Data\\a", "data\\a"},
		{"\\Data", "data"},
		{"\\Far\\a\\b", "data\\far\\a\\b"},
	};
	struct object *disk = device("\\Device\\RamDisk"), *file;
	struct object_name name;
	int context;

	(void)state;
	assert_int_equal(symbolic_link_create("\\Data", "\\??\\C:\\data"), STATUS_SUCCESS);
	assert_int_equal(symbolic_link_create("\\Far", "\\Data\\far"), STATUS_SUCCESS);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(open_status(paths[i].path, NULL, CI, &file_like), STATUS_SUCCESS);
		assert_int_equal(parsed.attributes, CI);
		assert_parsed(disk, paths[i].rest);
	}
	name = name_of_length("\\??\\C:\\x", 8, NULL, 0);
	assert_int_equal(namespace_lookup(&name, &file_like, &context, &file), STATUS_SUCCESS);
	assert_ptr_equal(parsed.context, &context);
	assert_ptr_equal(file->type, &file_like);
	object_release(file);
	assert_int_equal(disk->reference_count, 2);
	assert_int_equal(file_like.object_count, 0);
}

static void test_device_itself_and_what_it_refuses(void **state)
{
	struct object *disk = device("\\Device\\RamDisk"), *found;

	(void)state;
	assert_int_equal(open_as("\\??\\C:", NULL, 0, &device_type, &found), STATUS_SUCCESS);
	assert_ptr_equal(found, disk);
	object_release(found);
	assert_int_equal(open_as("\\??\\C:", NULL, 0, NULL, &found), STATUS_SUCCESS);
	assert_ptr_equal(found, disk);
	object_release(found);
	assert_int_equal(parsed.calls, 0);
	/* A file where a section is wanted, and statuses of the device's own. */
	assert_int_equal(open_status("\\??\\C:\\x", NULL, 0, &section_like),
			 STATUS_OBJECT_TYPE_MISMATCH);
	parsed.status = STATUS_SHARING_VIOLATION;
	assert_int_equal(open_status("\\??\\C:\\x", NULL, 0, &file_like), STATUS_SHARING_VIOLATION);
	assert_int_equal(disk->reference_count, 2);
	assert_int_equal(file_like.object_count, 0);
}

static void test_root_that_parses(void **state)
{
	struct object *disk = device("\\Device\\RamDisk");

	(void)state;
	assert_int_equal(open_status("dir\\file", disk, 0, &file_like), STATUS_SUCCESS);
	assert_parsed(disk, "dir\\file");
	assert_int_equal(open_status("", disk, 0, &file_like), STATUS_SUCCESS);
	assert_parsed(disk, "");
	assert_int_equal(open_status("\\x", disk, 0, &file_like), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(parsed.calls, 0);
}

/* Where a link's target and the rest must be joined, memory may lack, and a page is the limit. */
static void test_joined_rest_has_limits(void **state)
{
	static char path[3000];
	struct object *disk = device("\\Device\\RamDisk");

	(void)state;
	assert_int_equal(symbolic_link_create("\\Data", "\\??\\C:\\data"), STATUS_SUCCESS);
	sim_fail_nth_allocation(1);
	assert_int_equal(open_status("\\Data\\a", NULL, 0, &file_like),
			 STATUS_INSUFFICIENT_RESOURCES);
	memset(path, 'y', sizeof(path) - 1);
	memcpy(path, "\\Data\\", 6);
	assert_int_equal(open_status(path, NULL, 0, &file_like), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(parsed.calls, 0);
	memcpy(path, "\\??\\C:\\", 7); /* not joined: any length will do */
	assert_int_equal(open_status(path, NULL, 0, &file_like), STATUS_SUCCESS);
	assert_int_equal(parsed.chars, sizeof(path) - 1 - 7);
	assert_int_equal(disk->reference_count, 2);
}

/* ---- coming and going ---- */

static void test_start_up_tree(void **state)
{
	static const char *const paths[] = {"\\", "\\BaseNamedObjects", "\\KernelObjects",
					    "\\Device", "\\??"};
	struct object *found;
	uint16_t path[64];
	char ascii[64];
	size_t chars;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(open_as(paths[i], NULL, 0, &directory_type, &found),
				 STATUS_SUCCESS);
		assert_true(namespace_path(found, path, 64, &chars));
		utf16_to_ascii(ascii, sizeof(ascii), path, chars);
		assert_string_equal(ascii, paths[i]);
		object_release(found);
	}
	assert_int_equal(open_status("\\??\\C:", NULL, 0, &symbolic_link_type), STATUS_SUCCESS);
	/* The disk's device is not there yet. */
	assert_int_equal(open_status("\\??\\C:\\x", NULL, 0, NULL), STATUS_OBJECT_PATH_NOT_FOUND);
}

/* 6.6: the name goes with the last handle, while references keep the object. */
static void test_name_goes_with_the_last_handle(void **state)
{
	const char *path = "\\BaseNamedObjects\\x";
	struct object *first = create(path, &section_like), *second;

	(void)state;
	object_reference(first); /* a view */
	object_handle_opened(first);
	object_handle_closed(first);
	assert_int_equal(open_status(path, NULL, 0, NULL), STATUS_SUCCESS);
	close_object(first);
	assert_int_equal(open_status(path, NULL, 0, NULL), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_null(first->name_entry);
	assert_int_equal(first->reference_count, 1);
	second = create(path, &section_like);
	assert_ptr_not_equal(first, second);
	object_release(first);
	assert_int_equal(open_status(path, NULL, 0, NULL), STATUS_SUCCESS);
	close_object(second);
	assert_int_equal(section_like.object_count, 0);
}

static void test_permanent_object_stays(void **state)
{
	NTSTATUS status;
	struct object *object = create_as("\\perm", 5, NULL, OBJ_PERMANENT, &section_like, &status);

	(void)state;
	assert_int_equal(status, STATUS_SUCCESS);
	close_object(object);
	assert_int_equal(open_status("\\perm", NULL, 0, &section_like), STATUS_SUCCESS);
	assert_int_equal(object->reference_count, 1);
}

static void test_existing_object_is_handed_out(void **state)
{
	struct object *first = create("\\x", &section_like), *other, *existing = NULL;
	struct object_name name;

	(void)state;
	assert_int_equal(object_create(&section_like, &other), STATUS_SUCCESS);
	name = name_of_length("\\x", 2, NULL, OBJ_OPENIF);
	assert_int_equal(namespace_insert(&name, other, &existing), STATUS_OBJECT_NAME_EXISTS);
	assert_ptr_equal(existing, first);
	assert_int_equal(first->reference_count, 3);
	assert_null(other->name_entry);
	object_release(existing);
	object_release(other);
	close_object(first);
}

static void test_path_of_an_object(void **state)
{
	struct object *object, *unnamed;
	uint16_t path[32];
	char ascii[32];
	size_t chars = 77;

	(void)state;
	directory("\\A");
	directory("\\A\\Bb");
	object = create("\\A\\Bb\\ccc", &section_like);
	assert_int_equal(object_create(&section_like, &unnamed), STATUS_SUCCESS);
	assert_false(namespace_path(unnamed, path, 32, &chars));
	assert_int_equal(chars, 77);
	memset(path, 0, sizeof(path));
	assert_true(namespace_path(object, path, 8, &chars));
	assert_int_equal(chars, 9);
	assert_int_equal(path[0], 0); /* does not fit: not touched */
	assert_true(namespace_path(object, path, 9, &chars));
	utf16_to_ascii(ascii, sizeof(ascii), path, chars);
	assert_string_equal(ascii, "\\A\\Bb\\ccc");
	assert_int_equal(path[9], 0);
	object_release(unnamed);
	close_object(object);
}

/* A directory that has lost its name lives on for its children and for who has it open. */
static void test_directory_without_a_name(void **state)
{
	struct object *top, *child;
	uint16_t path[16];
	NTSTATUS status;
	size_t chars;

	(void)state;
	top = create("\\T", &directory_type);
	child = create("\\T\\c", &section_like);
	object_reference(top);
	close_object(top);
	assert_int_equal(open_status("\\T\\c", NULL, 0, NULL), STATUS_OBJECT_PATH_NOT_FOUND);
	assert_int_equal(open_status("c", top, 0, &section_like), STATUS_SUCCESS);
	assert_false(namespace_path(child, path, 16, &chars));
	create_as("d", 1, top, 0, &section_like, &status);
	assert_int_equal(status, STATUS_SUCCESS);
	object_release(top); /* its children still hold it */
	close_object(child);
}

static void test_creation_without_memory(void **state)
{
	struct pool_statistics before, after;
	NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
	unsigned failures = 0;

	(void)state;
	pool_statistics_read(&before);
	for (; !NT_SUCCESS(status); failures++) {
		pool_statistics_read(&after);
		assert_int_equal(after.blocks_used, before.blocks_used);
		sim_fail_nth_allocation(failures + 1);
		status = directory_create("\\new", NULL);
	}
	assert_int_equal(failures, 3);
	sim_fail_nth_allocation(1);
	assert_int_equal(symbolic_link_create("\\l", "\\t"), STATUS_INSUFFICIENT_RESOURCES);
	sim_fail_nth_allocation(2);
	assert_int_equal(symbolic_link_create("\\l", "\\t"), STATUS_INSUFFICIENT_RESOURCES);
	sim_fail_nth_allocation(0);
	assert_int_equal(open_status("\\l", NULL, 0, &symbolic_link_type),
			 STATUS_OBJECT_NAME_NOT_FOUND);
}

/* ---- several threads ---- */

/* What a creating system call does, and then the process closes it. */
static void create_and_close(void *argument)
{
	static const uint16_t text[] = {'\\', 'r'};
	struct object_name name = {text, 2, NULL, OBJ_OPENIF};
	struct object *object, *existing = NULL;
	NTSTATUS status;

	(void)argument;
	SIM_CHECK(NT_SUCCESS(object_create(&section_like, &object)));
	object_handle_opened(object);
	status = namespace_insert(&name, object, &existing);
	SIM_CHECK(NT_SUCCESS(status));
	/* While a creator holds it, a temporary object has its name. */
	SIM_CHECK(existing || object->name_entry);
	if (existing) {
		object_handle_opened(existing);
		object_release(existing);
		object_handle_closed(existing);
	}
	object_handle_closed(object);
	object_release(object);
}

static void race_body(void *argument)
{
	(void)argument;
	sim_spawn("a", create_and_close, NULL, NULL);
	sim_spawn("b", create_and_close, NULL, NULL);
	sim_run_all();
	SIM_CHECK(section_like.object_count == 0);
}

static void test_creators_of_one_name_under_preemption(void **state)
{
	(void)state;
	assert_true(sim_explore(race_body, NULL, 2, 100000) > 50);
}

/* Many names in one directory: the tree stays one, and goes to nothing. */
static void test_many_names(void **state)
{
	static struct object *objects[2000];
	struct pool_statistics before, after;
	char path[16];

	(void)state;
	pool_statistics_read(&before);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "\\n%u", i * 7919 % 2000);
		objects[i] = create(path, &section_like);
	}
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "\\N%u", i);
		assert_int_equal(open_status(path, NULL, CI, &section_like), STATUS_SUCCESS);
		assert_int_equal(open_status(path, NULL, 0, &section_like),
				 STATUS_OBJECT_NAME_NOT_FOUND);
	}
	for (unsigned i = 0; i < 2000; i++)
		close_object(objects[i]);
	pool_statistics_read(&after);
	assert_int_equal(after.blocks_used, before.blocks_used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_rows_of_section_7),
		TEST(test_row_10_longest_names),
		TEST(test_long_name_without_memory),
		TEST(test_row_24_nul_is_a_character),
		TEST(test_names_that_differ_in_case),
		TEST(test_links_are_followed_thirty_two_times),
		TEST(test_links_that_pile_up),
		TEST(test_link_targets_are_checked),
		TEST(test_device_gets_the_rest_of_the_path),
		TEST(test_device_itself_and_what_it_refuses),
		TEST(test_root_that_parses),
		TEST(test_joined_rest_has_limits),
		TEST(test_start_up_tree),
		TEST(test_name_goes_with_the_last_handle),
		TEST(test_permanent_object_stays),
		TEST(test_existing_object_is_handed_out),
		TEST(test_path_of_an_object),
		TEST(test_directory_without_a_name),
		TEST(test_creation_without_memory),
		TEST(test_creators_of_one_name_under_preemption),
		TEST(test_many_names),
	};

	return cmocka_run_group_tests_name("namespace", tests, NULL, NULL);
}

/*
 * test_namespace_links.c - symbolic links, and devices that parse the rest of a path.
 */
#include "namespace_fixture.h"

#include "kernel/object/directory.h"

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
	assert_int_equal(symbolic_link_create("\\a", "xy"), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(symbolic_link_create("\\a", "\\"), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(symbolic_link_create("\\a", "\\x\\"), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(symbolic_link_create("\\a", long_target), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(symbolic_link_create(long_target, "\\x"), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(symbolic_link_create("\\??\\C:", "\\x"), STATUS_OBJECT_NAME_COLLISION);
	long_target[255] = '\0';
	assert_int_equal(symbolic_link_create("\\a", long_target), STATUS_SUCCESS);
	assert_int_equal(open_status("\\a", NULL, 0, &section_like), STATUS_OBJECT_NAME_NOT_FOUND);
}

/* catches: a target longer than any block of the pool */
static void test_a_target_that_no_memory_holds(void **state)
{
	static const uint16_t target[POOL_MAX_BYTES / 2 + 1] = {'\\'};
	struct object *link;

	(void)state;
	assert_int_equal(symbolic_link_make(target, POOL_MAX_BYTES / 2 + 1, &link),
			 STATUS_NAME_TOO_LONG);
	assert_int_equal(symbolic_link_make(target, POOL_MAX_BYTES / 2, &link), STATUS_SUCCESS);
	object_release(link);
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
	/* "data" and all behind "\Data": a page and a character */
	path[5 + POOL_MAX_BYTES / 2 - 4 + 1] = '\0';
	assert_int_equal(open_status(path, NULL, 0, &file_like), STATUS_OBJECT_NAME_INVALID);
	assert_int_equal(parsed.calls, 0);
	path[5 + POOL_MAX_BYTES / 2 - 4] = '\0';
	assert_int_equal(open_status(path, NULL, 0, &file_like), STATUS_SUCCESS);
	assert_int_equal(parsed.chars, POOL_MAX_BYTES / 2);
	memset(path, 'y', sizeof(path) - 1);
	memcpy(path, "\\??\\C:\\", 7); /* not joined: any length will do */
	assert_int_equal(open_status(path, NULL, 0, &file_like), STATUS_SUCCESS);
	assert_int_equal(parsed.chars, sizeof(path) - 1 - 7);
	assert_int_equal(disk->reference_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_links_are_followed_thirty_two_times),
		TEST(test_links_that_pile_up),
		TEST(test_link_targets_are_checked),
		TEST(test_a_target_that_no_memory_holds),
		TEST(test_device_gets_the_rest_of_the_path),
		TEST(test_device_itself_and_what_it_refuses),
		TEST(test_root_that_parses),
		TEST(test_joined_rest_has_limits),
	};

	return cmocka_run_group_tests_name("namespace_links", tests, NULL, NULL);
}

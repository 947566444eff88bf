/*
 * test_namespace_life.c - when names come and go, and paths of objects.
 */
#include "namespace_fixture.h"

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
	object_handle_closed(existing);
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

	return cmocka_run_group_tests_name("namespace_life", tests, NULL, NULL);
}

/*
 * test_handle_table.c - handle tables: growth, the end, inheritance, several threads, and whose
 * locks are held when objects go.
 */
#include "handle_fixture.h"

/* ---- growth ---- */

static void test_growth_over_two_levels(void **state)
{
	const unsigned count = LEVEL_ONE_ENTRIES + 3 * ENTRIES_PER_PAGE;

	(void)state;
	for (unsigned i = 1; i <= count; i++)
		assert_int_equal(insert(), 4 * (handle_t)i);
	assert_int_equal(handle_count(&table), count);
	for (unsigned i = 1; i <= count; i += 97)
		assert_int_equal(resolve(4 * (handle_t)i), STATUS_SUCCESS);
	assert_int_equal(resolve(4 * ((handle_t)count + ENTRIES_PER_PAGE)), STATUS_INVALID_HANDLE);
}

static void test_table_is_full_at_its_limit(void **state)
{
	handle_t handle = 0;

	(void)state;
	for (unsigned i = 0; i < HANDLE_MAX_COUNT; i++)
		handle = insert();
	assert_int_equal(handle, 4 * (handle_t)HANDLE_MAX_COUNT);
	assert_int_equal(handle_insert(&table, object, 0, 0, &handle),
			 STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(handle_count(&table), HANDLE_MAX_COUNT);
	close_ok(4);
	assert_int_equal(insert(), (1ull << 23) + 4);
}

/*
 * Every allocation that growing makes may fail; the table stays as it was and goes on afterwards.
 */
static void test_growth_without_memory(void **state)
{
	static const unsigned sizes[] = {
		ENTRIES_PER_PAGE - 1,	   /* a root of pointers and a page */
		2 * ENTRIES_PER_PAGE - 1,  /* a page */
		LEVEL_ONE_ENTRIES - 1,	   /* another root, pointers, a page */
		2 * LEVEL_ONE_ENTRIES - 1, /* pointers, a page */
	};
	static const unsigned allocations[] = {2, 1, 3, 2};
	unsigned used = 0;
	handle_t handle = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		for (; used < sizes[i]; used++)
			insert();
		for (unsigned nth = 1; nth <= allocations[i]; nth++) {
			sim_fail_nth_allocation(nth);
			assert_int_equal(handle_insert(&table, object, 0, 0, &handle),
					 STATUS_INSUFFICIENT_RESOURCES);
			assert_int_equal(handle_count(&table), used);
		}
		sim_fail_nth_allocation(allocations[i] + 1);
		assert_int_equal(insert(), 4 * ((handle_t)sizes[i] + 1));
		sim_fail_nth_allocation(0);
		used++;
	}
}

static void test_table_without_memory(void **state)
{
	struct handle_table poor;

	(void)state;
	sim_fail_nth_allocation(1);
	assert_int_equal(handle_table_init(&poor), STATUS_INSUFFICIENT_RESOURCES);
	handle_table_destroy(&poor);
}

/* ---- the end ---- */

static void test_destroy_closes_everything(void **state)
{
	handle_t handle;

	(void)state;
	for (int i = 0; i < 1000; i++)
		insert_with(0, i % 3 ? 0 : OBJ_PROTECT_CLOSE);
	object_reference(object);
	object_release(object);
	handle_table_destroy(&table);
	assert_int_equal(object->handle_count, 0);
	assert_int_equal(handle_count(&table), 0);
	assert_int_equal(handle_insert(&table, object, 0, 0, &handle),
			 STATUS_PROCESS_IS_TERMINATING);
	assert_int_equal(resolve(4), STATUS_INVALID_HANDLE);
	handle_table_destroy(&table);
}

static void test_last_handle_deletes_the_object_without_the_lock(void **state)
{
	struct object *mortal;
	handle_t handle;

	(void)state;
	assert_int_equal(object_create(&one_type, &mortal), STATUS_SUCCESS);
	assert_int_equal(handle_insert(&table, mortal, 0, 0, &handle), STATUS_SUCCESS);
	object_release(mortal);
	assert_int_equal(deleted, 0);
	close_ok(handle);
	assert_int_equal(deleted, 1);
}

/* ---- visits and inheritance ---- */

static void test_visits_are_in_ascending_order(void **state)
{
	struct handle_information information;
	struct object *visited;
	handle_t handle = 0, last = 0;
	unsigned count = 0;

	(void)state;
	for (int i = 0; i < 300; i++)
		insert();
	close_ok(4 * 7);
	close_ok(4 * 290);
	while (handle_next(&table, &handle, &visited, &information)) {
		assert_ptr_equal(visited, object);
		assert_true((handle & 0x7FFFFF) > (last & 0x7FFFFF));
		assert_int_equal(information.attributes, 0);
		object_release(visited);
		last = handle;
		count++;
	}
	assert_int_equal(count, 298);
	handle = HANDLE_MAX_COUNT << 2;
	assert_false(handle_next(&table, &handle, &visited, &information));
}

static void test_inherited_handles_keep_their_values(void **state)
{
	struct handle_table child;
	struct handle_information information;
	handle_t kept[3], value;

	(void)state;
	close_ok(insert());
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 200; j++)
			insert();
		kept[i] = insert_with(0x10 + (access_mask_t)i, OBJ_INHERIT | OBJ_PROTECT_CLOSE);
	}
	assert_int_equal(handle_table_init(&child), STATUS_SUCCESS);
	assert_int_equal(handle_table_inherit(&table, &child), STATUS_SUCCESS);
	assert_int_equal(handle_count(&child), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(handle_query(&child, kept[i], &information), STATUS_SUCCESS);
		assert_int_equal(information.granted, 0x10 + i);
		assert_int_equal(information.attributes, OBJ_INHERIT | OBJ_PROTECT_CLOSE);
	}
	/* The others are free there, and no value is given twice. */
	for (int i = 0; i < 700; i++) {
		assert_int_equal(handle_insert(&child, object, 0, 0, &value), STATUS_SUCCESS);
		assert_true(value != kept[0] && value != kept[1] && value != kept[2]);
	}
	assert_int_equal(handle_count(&child), 703);
	handle_table_destroy(&child);
	assert_int_equal(object->handle_count, handle_count(&table));
}

static void test_inheriting_without_memory(void **state)
{
	struct handle_table child;

	(void)state;
	for (int i = 0; i < 1000; i++)
		insert_with(0, OBJ_INHERIT);
	for (unsigned nth = 1; nth <= 4; nth++) {
		assert_int_equal(handle_table_init(&child), STATUS_SUCCESS);
		sim_fail_nth_allocation(nth);
		assert_int_equal(handle_table_inherit(&table, &child),
				 STATUS_INSUFFICIENT_RESOURCES);
		sim_fail_nth_allocation(0);
		handle_table_destroy(&child);
		assert_int_equal(object->handle_count, 1000);
	}
}

/* ---- several threads ---- */

/* Closes the handle that the other thread may be using, and opens another one. */
static void close_and_open(void *argument)
{
	handle_t handle;

	(void)argument;
	SIM_CHECK(handle_close(&table, 4) == STATUS_SUCCESS);
	SIM_CHECK(handle_insert(&table, object, 1, 0, &handle) == STATUS_SUCCESS);
}

static void use_until_gone(void *argument)
{
	struct object *found;

	(void)argument;
	for (int i = 0; i < 2; i++) {
		NTSTATUS status = handle_reference(&table, 4, &one_type, 0, &found, NULL);

		if (status == STATUS_INVALID_HANDLE)
			continue;
		SIM_CHECK(NT_SUCCESS(status));
		sim_switch_point("between");
		SIM_CHECK(found->type == &one_type && found->reference_count > 0);
		object_release(found);
	}
}

static void race_body(void *argument)
{
	struct object *mortal;
	handle_t handle;

	(void)argument;
	handle_table_destroy(&table);
	SIM_CHECK(NT_SUCCESS(handle_table_init(&table)));
	SIM_CHECK(NT_SUCCESS(object_create(&one_type, &mortal)));
	SIM_CHECK(NT_SUCCESS(handle_insert(&table, mortal, 1, 0, &handle)) && handle == 4);
	object_release(mortal);
	deleted = 0;
	sim_spawn("closer", close_and_open, NULL, NULL);
	sim_spawn("user", use_until_gone, NULL, NULL);
	sim_run_all();
	SIM_CHECK(deleted == 1 && handle_count(&table) == 1);
}

static void test_close_against_use_under_preemption(void **state)
{
	(void)state;
	assert_true(sim_explore(race_body, NULL, 3, 100000) > 50);
}

static void insert_some(void *argument)
{
	handle_t handle;
	unsigned *refused = argument;

	for (int i = 0; i < 3; i++) {
		NTSTATUS status = handle_insert(&table, object, 1, 0, &handle);

		SIM_CHECK(NT_SUCCESS(status) || status == STATUS_PROCESS_IS_TERMINATING);
		*refused += !NT_SUCCESS(status);
	}
}

static void destroy(void *argument)
{
	(void)argument;
	handle_table_destroy(&table);
}

static void exit_body(void *argument)
{
	unsigned refused = 0;

	(void)argument;
	handle_table_destroy(&table);
	SIM_CHECK(NT_SUCCESS(handle_table_init(&table)));
	sim_spawn("inserter", insert_some, &refused, NULL);
	sim_spawn("exit", destroy, NULL, NULL);
	sim_run_all();
	SIM_CHECK(handle_count(&table) == 0 && object->handle_count == 0);
}

static void test_insert_against_exit_under_preemption(void **state)
{
	(void)state;
	assert_true(sim_explore(exit_body, NULL, 3, 100000) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_growth_over_two_levels),
		TEST(test_table_is_full_at_its_limit),
		TEST(test_growth_without_memory),
		TEST(test_table_without_memory),
		TEST(test_destroy_closes_everything),
		TEST(test_last_handle_deletes_the_object_without_the_lock),
		TEST(test_visits_are_in_ascending_order),
		TEST(test_inherited_handles_keep_their_values),
		TEST(test_inheriting_without_memory),
		TEST(test_close_against_use_under_preemption),
		TEST(test_insert_against_exit_under_preemption),
	};

	return cmocka_run_group_tests_name("handle_table", tests, NULL, NULL);
}

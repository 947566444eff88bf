/*
 * test_handle.c - handle tables: values and generations, rights, growth, protection, inheritance,
 * and whose locks are held when objects go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/pool.h"
#include "kernel/object/handle.h"
#include "tests/sim/sim.h"

#define ENTRIES_PER_PAGE 256
#define LEVEL_ONE_ENTRIES (256 * 512)
#define GENERATIONS 256

static struct handle_table table;
static unsigned deleted;

/* Fails if the table is locked: the mutex is not recursive. */
static void object_goes(struct object *object)
{
	(void)object;
	SIM_CHECK(!mutex_is_held(&table.lock));
	deleted++;
}

static void handle_goes(struct object *object, uint32_t remaining)
{
	(void)object;
	(void)remaining;
	SIM_CHECK(!mutex_is_held(&table.lock));
}

static struct object_type one_type = {
	.name = "One",
	.body_bytes = sizeof(struct object),
	.delete = object_goes,
	.close = handle_goes,
};
static struct object_type other_type = {.name = "Other", .body_bytes = sizeof(struct object)};

static struct object *object; /* of one_type, with the test's reference */

static int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	deleted = 0;
	assert_int_equal(handle_table_init(&table), STATUS_SUCCESS);
	assert_int_equal(object_create(&one_type, &object), STATUS_SUCCESS);
	return 0;
}

static int teardown(void **state)
{
	struct pool_statistics pool;

	(void)state;
	handle_table_destroy(&table);
	assert_int_equal(object->reference_count, 1);
	assert_int_equal(object->handle_count, 0);
	object_release(object);
	pool_statistics_read(&pool);
	assert_int_equal(pool.blocks_used, 0);
	sim_core_stop();
	return 0;
}

static handle_t insert_with(access_mask_t granted, uint32_t attributes)
{
	handle_t handle = 0;

	assert_int_equal(handle_insert(&table, object, granted, attributes, &handle),
			 STATUS_SUCCESS);
	return handle;
}

static handle_t insert(void)
{
	return insert_with(0xF, 0);
}

static NTSTATUS resolve(handle_t handle)
{
	struct object *found = NULL;
	NTSTATUS status = handle_reference(&table, handle, NULL, 0, &found, NULL);

	if (NT_SUCCESS(status)) {
		assert_ptr_equal(found, object);
		object_release(found);
	}
	return status;
}

static void close_ok(handle_t handle)
{
	assert_int_equal(handle_close(&table, handle), STATUS_SUCCESS);
}

/* ---- values ---- */

static void test_values_are_small_multiples_of_four(void **state)
{
	(void)state;
	assert_int_equal(insert(), 4);
	assert_int_equal(insert(), 8);
	assert_int_equal(insert(), 12);
	assert_int_equal(handle_count(&table), 3);
	assert_int_equal(object->handle_count, 3);
	assert_int_equal(object->reference_count, 4);
}

static void test_closed_and_never_issued_values(void **state)
{
	handle_t handle = insert();

	(void)state;
	close_ok(handle);
	assert_int_equal(resolve(handle), STATUS_INVALID_HANDLE);
	assert_int_equal(handle_close(&table, handle), STATUS_INVALID_HANDLE);
	assert_int_equal(resolve(0), STATUS_INVALID_HANDLE);
	assert_int_equal(resolve(4 * 77), STATUS_INVALID_HANDLE);
	assert_int_equal(handle_close(&table, 0), STATUS_INVALID_HANDLE);
	assert_int_equal(handle_close(&table, CURRENT_PROCESS), STATUS_INVALID_HANDLE);
	assert_int_equal(handle_count(&table), 0);
}

static void test_low_bits_belong_to_the_program(void **state)
{
	handle_t handle = insert();

	(void)state;
	for (unsigned bits = 0; bits < 4; bits++)
		assert_int_equal(resolve(handle | bits), STATUS_SUCCESS);
	assert_int_equal(resolve(3), STATUS_INVALID_HANDLE);
	close_ok(handle | 1);
}

/* One bit more or less anywhere is another value, and no value is out of bounds. */
static void test_flipped_and_random_bits(void **state)
{
	handle_t handles[600];
	uint64_t random = 88172645463325252ull;

	(void)state;
	for (int i = 0; i < 600; i++)
		handles[i] = insert();
	for (unsigned bit = 23; bit < 64; bit++)
		assert_int_equal(resolve(handles[599] ^ 1ull << bit), STATUS_INVALID_HANDLE);
	for (int i = 0; i < 100000; i++) {
		NTSTATUS status;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		status = resolve(i % 2 ? random : random & 0x7FFFFFFF);
		assert_true(status == STATUS_INVALID_HANDLE || status == STATUS_SUCCESS);
	}
	for (handle_t high = 1ull << 31; high; high <<= 1)
		assert_int_equal(resolve(handles[0] | high), STATUS_INVALID_HANDLE);
}

/* The generation window: a value comes back only when its slot was closed 256 times. */
static void test_stale_value_does_not_resolve(void **state)
{
	handle_t first = insert(), handle = first;
	uint64_t rounds = 0;

	(void)state;
	do {
		close_ok(handle);
		assert_int_equal(resolve(first), STATUS_INVALID_HANDLE);
		handle = insert();
		assert_true(handle % 4 == 0 && handle != 0 && handle < 1ull << 31);
		rounds++;
	} while (handle != first);
	/* All 255 slots of the first page are used in turn. */
	assert_int_equal(rounds, (uint64_t)GENERATIONS * (ENTRIES_PER_PAGE - 1));
}

static void test_stale_value_in_a_full_page(void **state)
{
	handle_t first, handle;
	unsigned rounds = 0;

	(void)state;
	for (int i = 0; i < ENTRIES_PER_PAGE - 2; i++)
		insert();
	first = handle = insert();
	do { /* only one slot is free, so the same one is used each time */
		close_ok(handle);
		assert_int_equal(resolve(first), STATUS_INVALID_HANDLE);
		handle = insert();
		rounds++;
	} while (handle != first);
	assert_int_equal(rounds, GENERATIONS);
}

static void test_slots_are_used_again_in_the_order_of_closing(void **state)
{
	handle_t handles[ENTRIES_PER_PAGE - 1];

	(void)state;
	for (int i = 0; i < ENTRIES_PER_PAGE - 1; i++)
		handles[i] = insert();
	close_ok(handles[9]);
	close_ok(handles[3]);
	close_ok(handles[200]);
	assert_int_equal(insert() & 0x7FFFFF, handles[9]);
	assert_int_equal(insert() & 0x7FFFFF, handles[3]);
	assert_int_equal(insert() & 0x7FFFFF, handles[200]);
	assert_int_equal(insert(), 4 * ENTRIES_PER_PAGE); /* a new page */
}

/* ---- rights ---- */

/* nt-semantics C1: value, then type, then access. */
static void test_order_of_checks(void **state)
{
	handle_t handle = insert_with(0x5, 0);
	struct object *found = NULL;
	access_mask_t granted = 0;

	(void)state;
	assert_int_equal(handle_reference(&table, 999, &other_type, 0x8, &found, &granted),
			 STATUS_INVALID_HANDLE);
	assert_int_equal(handle_reference(&table, handle, &other_type, 0x8, &found, &granted),
			 STATUS_OBJECT_TYPE_MISMATCH);
	assert_int_equal(handle_reference(&table, handle, &one_type, 0x8, &found, &granted),
			 STATUS_ACCESS_DENIED);
	assert_int_equal(handle_reference(&table, handle, &one_type, 0x7, &found, &granted),
			 STATUS_ACCESS_DENIED);
	assert_null(found);
	assert_int_equal(granted, 0);
	assert_int_equal(object->reference_count, 2);
	assert_int_equal(handle_reference(&table, handle, &one_type, 0x4, &found, &granted),
			 STATUS_SUCCESS);
	assert_ptr_equal(found, object);
	assert_int_equal(granted, 0x5);
	assert_int_equal(object->reference_count, 3);
	object_release(found);
}

static void test_handle_without_rights(void **state)
{
	handle_t handle = insert_with(0, 0);
	struct object *found;

	(void)state;
	assert_int_equal(resolve(handle), STATUS_SUCCESS);
	assert_int_equal(handle_reference(&table, handle, &one_type, 1, &found, NULL),
			 STATUS_ACCESS_DENIED);
}

/* ---- attributes ---- */

static void test_attributes_are_kept_per_handle(void **state)
{
	handle_t plain = insert(), inherited = insert_with(3, OBJ_INHERIT);
	struct handle_information information;

	(void)state;
	assert_int_equal(handle_query(&table, plain, &information), STATUS_SUCCESS);
	assert_int_equal(information.attributes, 0);
	assert_int_equal(information.granted, 0xF);
	assert_int_equal(handle_query(&table, inherited, &information), STATUS_SUCCESS);
	assert_int_equal(information.attributes, OBJ_INHERIT);
	assert_int_equal(information.granted, 3);
	assert_int_equal(
		handle_set_attributes(&table, plain,
				      OBJ_PROTECT_CLOSE | OBJ_INHERIT | OBJ_CASE_INSENSITIVE),
		STATUS_SUCCESS);
	assert_int_equal(handle_query(&table, plain, &information), STATUS_SUCCESS);
	assert_int_equal(information.attributes, OBJ_PROTECT_CLOSE | OBJ_INHERIT);
	assert_int_equal(resolve(plain), STATUS_SUCCESS);
	assert_int_equal(handle_query(&table, 4444, &information), STATUS_INVALID_HANDLE);
	assert_int_equal(handle_set_attributes(&table, 4444, 0), STATUS_INVALID_HANDLE);
}

static void test_protected_handle_cannot_be_closed(void **state)
{
	handle_t handle = insert_with(1, OBJ_PROTECT_CLOSE);

	(void)state;
	assert_int_equal(handle_close(&table, handle), STATUS_HANDLE_NOT_CLOSABLE);
	assert_int_equal(resolve(handle), STATUS_SUCCESS);
	assert_int_equal(handle_set_attributes(&table, handle, 0), STATUS_SUCCESS);
	close_ok(handle);
}

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

struct visits {
	unsigned count, limit;
	handle_t last;
};

static bool visit(handle_t handle, struct object *visited,
		  const struct handle_information *information, void *context)
{
	struct visits *visits = context;

	assert_ptr_equal(visited, object);
	assert_true((handle & 0x7FFFFF) > (visits->last & 0x7FFFFF));
	assert_int_equal(information->attributes, 0);
	visits->last = handle;
	return ++visits->count < visits->limit;
}

static void test_visits_are_in_ascending_order(void **state)
{
	struct visits all = {.limit = 1000}, few = {.limit = 5};

	(void)state;
	for (int i = 0; i < 300; i++)
		insert();
	close_ok(4 * 7);
	close_ok(4 * 290);
	handle_for_each(&table, visit, &all);
	assert_int_equal(all.count, 298);
	handle_for_each(&table, visit, &few);
	assert_int_equal(few.count, 5);
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
		TEST(test_values_are_small_multiples_of_four),
		TEST(test_closed_and_never_issued_values),
		TEST(test_low_bits_belong_to_the_program),
		TEST(test_flipped_and_random_bits),
		TEST(test_stale_value_does_not_resolve),
		TEST(test_stale_value_in_a_full_page),
		TEST(test_slots_are_used_again_in_the_order_of_closing),
		TEST(test_order_of_checks),
		TEST(test_handle_without_rights),
		TEST(test_attributes_are_kept_per_handle),
		TEST(test_protected_handle_cannot_be_closed),
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

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}

/*
 * test_handle.c - handles: values and generations, rights, attributes.
 */
#include "handle_fixture.h"

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
	};

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}

/*
 * test_object.c - object headers: counts, hooks, access masks, the registry of types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/core/pool.h"
#include "kernel/object/object.h"
#include "kernel/object/synchronization.h"
#include "nt/ntmm.h"
#include "tests/sim/sim.h"

struct thing {
	struct object header;
	uint64_t body[4];
};

static unsigned deleted, closed, last_remaining;

static void thing_delete(struct object *object)
{
	(void)object;
	deleted++;
}

static void thing_close(struct object *object, uint32_t remaining)
{
	(void)object;
	closed++;
	last_remaining = remaining;
}

/* Access as a section has it (nt-semantics 1.3). */
static struct object_type thing_type = {
	.name = "Thing",
	.body_bytes = sizeof(struct thing),
	.valid_access = SECTION_ALL_ACCESS | SYNCHRONIZE,
	.generic_read = STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ,
	.generic_write = STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE,
	.generic_all = SECTION_ALL_ACCESS,
	.delete = thing_delete,
	.close = thing_close,
};

static struct object_type plain_type = {.name = "Plain", .body_bytes = sizeof(struct object)};

static int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	deleted = closed = 0;
	last_remaining = 99;
	return 0;
}

static int teardown(void **state)
{
	struct pool_statistics pool;

	(void)state;
	if (!sim_has_panicked()) {
		pool_statistics_read(&pool);
		assert_int_equal(pool.blocks_used, 0);
	}
	atomic_store(&thing_type.object_count, 0);
	sim_core_stop();
	return 0;
}

static struct thing *thing_create(void)
{
	struct thing *thing = NULL;

	assert_int_equal(object_create(&thing_type, &thing), STATUS_SUCCESS);
	return thing;
}

static void test_object_is_born_zero_and_goes_with_its_last_reference(void **state)
{
	const uint64_t zeros[4] = {0};
	struct thing *thing = thing_create();

	(void)state;
	assert_memory_equal(thing->body, zeros, sizeof(zeros));
	assert_ptr_equal(thing->header.type, &thing_type);
	assert_null(thing->header.name_entry);
	assert_int_equal(thing_type.object_count, 1);
	object_reference(thing);
	object_release(thing);
	assert_int_equal(deleted, 0);
	object_release(thing);
	assert_int_equal(deleted, 1);
	assert_int_equal(thing_type.object_count, 0);
}

static void test_type_without_hooks(void **state)
{
	struct object *object;

	(void)state;
	assert_int_equal(object_create(&plain_type, &object), STATUS_SUCCESS);
	object_handle_opened(object);
	object_handle_closed(object);
	object_release(object);
	assert_int_equal(plain_type.object_count, 0);
}

static void test_creation_without_memory(void **state)
{
	struct thing *thing = NULL;

	(void)state;
	sim_fail_nth_allocation(1);
	assert_int_equal(object_create(&thing_type, &thing), STATUS_INSUFFICIENT_RESOURCES);
	assert_null(thing);
	assert_int_equal(thing_type.object_count, 0);
}

/* catches: an event, semaphore or mutant that is set up where there is none */
static void test_synchronization_without_memory(void **state)
{
	struct event *event;
	struct semaphore *semaphore;
	struct mutant *mutant;

	(void)state;
	sim_fail_nth_allocation(1);
	assert_int_equal(event_create(NOTIFICATION_EVENT, true, &event),
			 STATUS_INSUFFICIENT_RESOURCES);
	sim_fail_nth_allocation(1);
	assert_int_equal(semaphore_create(1, 2, &semaphore), STATUS_INSUFFICIENT_RESOURCES);
	sim_fail_nth_allocation(1);
	assert_int_equal(mutant_create(NULL, &mutant), STATUS_INSUFFICIENT_RESOURCES);
}

static void test_handles_keep_the_object_and_call_close(void **state)
{
	struct thing *thing = thing_create();

	(void)state;
	object_handle_opened(thing);
	object_handle_opened(thing);
	object_release(thing);
	assert_int_equal(thing->header.handle_count, 2);
	object_handle_closed(thing);
	assert_int_equal(closed, 1);
	assert_int_equal(last_remaining, 1);
	assert_int_equal(deleted, 0);
	object_handle_closed(thing);
	assert_int_equal(closed, 2);
	assert_int_equal(last_remaining, 0);
	assert_int_equal(deleted, 1);
}

static void test_reference_if_alive(void **state)
{
	struct thing *thing = thing_create();

	(void)state;
	assert_true(object_reference_if_alive(thing));
	assert_int_equal(thing->header.reference_count, 2);
	/* As seen by a thread that finds it in a list while another one is about to delete it. */
	atomic_store(&thing->header.reference_count, 0);
	assert_false(object_reference_if_alive(thing));
	assert_int_equal(thing->header.reference_count, 0);
	atomic_store(&thing->header.reference_count, 1);
	object_release(thing);
}

static void test_release_unless_last(void **state)
{
	struct thing *thing = thing_create();

	(void)state;
	object_reference(thing);
	assert_true(object_release_unless_last(thing));
	assert_int_equal(thing->header.reference_count, 1);
	assert_false(object_release_unless_last(thing));
	assert_int_equal(thing->header.reference_count, 1);
	assert_int_equal(deleted, 0);
	atomic_store(&thing->header.reference_count, UINT32_MAX);
	assert_true(object_release_unless_last(thing));
	assert_int_equal(thing->header.reference_count, UINT32_MAX);
	atomic_store(&thing->header.reference_count, 1);
	object_release(thing);
}

/*
 * Threat 4: a leak of references must not end in a count that wraps and an object that is freed
 * while in use.
 */
static void test_count_saturates(void **state)
{
	struct thing *thing = thing_create();

	(void)state;
	atomic_store(&thing->header.reference_count, UINT32_MAX - 1);
	object_reference(thing);
	object_reference(thing);
	object_reference(thing);
	assert_int_equal(thing->header.reference_count, UINT32_MAX);
	for (int i = 0; i < 5; i++)
		object_release(thing);
	assert_int_equal(thing->header.reference_count, UINT32_MAX);
	assert_int_equal(deleted, 0);
	atomic_store(&thing->header.reference_count, 1);
	object_release(thing);
}

static void reference_the_dead(void *argument)
{
	object_reference(argument);
}

static void release_the_dead(void *argument)
{
	object_release(argument);
}

static void create_too_large(void *argument)
{
	static struct object_type huge = {.name = "Huge", .body_bytes = POOL_MAX_BYTES + 1};
	NTSTATUS status = object_create(&huge, argument);

	(void)status;
}

static void test_count_never_rises_from_zero(void **state)
{
	struct object dead = {.type = &thing_type};

	(void)state;
	assert_non_null(sim_expect_panic(reference_the_dead, &dead));
}

static void test_count_never_falls_below_zero(void **state)
{
	struct object dead = {.type = &thing_type};

	(void)state;
	assert_non_null(sim_expect_panic(release_the_dead, &dead));
}

static void test_body_larger_than_the_pool_has(void **state)
{
	struct object *object;

	(void)state;
	assert_non_null(sim_expect_panic(create_too_large, &object));
}

static void test_access_masks(void **state)
{
	static const struct {
		access_mask_t desired, granted;
		NTSTATUS status;
	} rows[] = {
		{0, 0, STATUS_SUCCESS},
		{SECTION_QUERY, SECTION_QUERY, STATUS_SUCCESS},
		{SYNCHRONIZE | DELETE_ACCESS, SYNCHRONIZE | DELETE_ACCESS, STATUS_SUCCESS},
		{GENERIC_READ, 0x20005, STATUS_SUCCESS},
		{GENERIC_WRITE, 0x20002, STATUS_SUCCESS},
		{GENERIC_EXECUTE, 0x20008, STATUS_SUCCESS},
		{GENERIC_READ | GENERIC_WRITE, 0x20007, STATUS_SUCCESS},
		{GENERIC_ALL, 0xF001F, STATUS_SUCCESS},
		{MAXIMUM_ALLOWED, 0x1F001F, STATUS_SUCCESS},
		{MAXIMUM_ALLOWED | SECTION_QUERY, 0x1F001F, STATUS_SUCCESS},
		{SECTION_MAP_EXECUTE_EXPLICIT, 0, STATUS_ACCESS_DENIED},
		{MAXIMUM_ALLOWED | 0x8000, 0, STATUS_ACCESS_DENIED},
		{0x01000000, 0, STATUS_ACCESS_DENIED}, /* ACCESS_SYSTEM_SECURITY */
		{0xFFFFFFFF, 0, STATUS_ACCESS_DENIED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		access_mask_t granted = 0;

		assert_int_equal(object_map_access(&thing_type, rows[i].desired, &granted),
				 rows[i].status);
		assert_int_equal(granted, rows[i].granted);
	}
}

static void test_registry_of_types(void **state)
{
	unsigned first = 0;

	(void)state;
	while (object_type_at(first))
		first++;
	object_type_register(&thing_type);
	object_type_register(&plain_type);
	object_type_register(&thing_type);
	assert_ptr_equal(object_type_at(first), &thing_type);
	assert_ptr_equal(object_type_at(first + 1), &plain_type);
	assert_null(object_type_at(first + 2));
	assert_null(object_type_at(UINT32_MAX));
}

/* Two threads, each taking and dropping references, under every schedule with two preemptions. */
static void churn(void *argument)
{
	for (int i = 0; i < 3; i++) {
		object_reference(argument);
		sim_switch_point("between");
		object_release(argument);
	}
	object_release(argument);
}

static void churn_together(void *argument)
{
	struct thing *thing = thing_create();

	(void)argument;
	object_reference(thing);
	deleted = 0;
	sim_spawn("a", churn, thing, NULL);
	sim_spawn("b", churn, thing, NULL);
	sim_run_all();
	SIM_CHECK(deleted == 1);
}

static void test_counts_under_preemption(void **state)
{
	(void)state;
	assert_true(sim_explore(churn_together, NULL, 2, 100000) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_object_is_born_zero_and_goes_with_its_last_reference),
		TEST(test_type_without_hooks),
		TEST(test_creation_without_memory),
		TEST(test_synchronization_without_memory),
		TEST(test_handles_keep_the_object_and_call_close),
		TEST(test_reference_if_alive),
		TEST(test_release_unless_last),
		TEST(test_count_saturates),
		TEST(test_count_never_rises_from_zero),
		TEST(test_count_never_falls_below_zero),
		TEST(test_body_larger_than_the_pool_has),
		TEST(test_access_masks),
		TEST(test_registry_of_types),
		TEST(test_counts_under_preemption),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}

/*
 * handle_fixture.h - a handle table and an object for each test of handles.
 */
#pragma once

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
static inline void object_goes(struct object *object)
{
	(void)object;
	SIM_CHECK(!mutex_is_held(&table.lock));
	deleted++;
}

static inline void handle_goes(struct object *object, uint32_t remaining)
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

static inline int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	deleted = 0;
	assert_int_equal(handle_table_init(&table), STATUS_SUCCESS);
	assert_int_equal(object_create(&one_type, &object), STATUS_SUCCESS);
	return 0;
}

static inline int teardown(void **state)
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

static inline handle_t insert_with(access_mask_t granted, uint32_t attributes)
{
	handle_t handle = 0;

	assert_int_equal(handle_insert(&table, object, granted, attributes, &handle),
			 STATUS_SUCCESS);
	return handle;
}

static inline handle_t insert(void)
{
	return insert_with(0xF, 0);
}

static inline NTSTATUS resolve(handle_t handle)
{
	struct object *found = NULL;
	NTSTATUS status = handle_reference(&table, handle, NULL, 0, &found, NULL);

	if (NT_SUCCESS(status)) {
		assert_ptr_equal(found, object);
		object_release(found);
	}
	return status;
}

static inline void close_ok(handle_t handle)
{
	assert_int_equal(handle_close(&table, handle), STATUS_SUCCESS);
}

/*
 * namespace_fixture.h - a tree of names for each test, and types of objects to put into it.
 */
#pragma once

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
#define CI OBJ_CASE_INSENSITIVE

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

static inline NTSTATUS device_parse(struct object *object, const uint16_t *rest, size_t rest_chars,
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

/* What a test has open and keeps, so that the end of the test can let go of it. */
#define KEPT_MAX 4096
static struct object *opened[KEPT_MAX], *kept[KEPT_MAX];
static unsigned opened_count, kept_count;

static inline void note_opened(struct object *object)
{
	assert_true(opened_count < KEPT_MAX);
	opened[opened_count++] = object;
}

static inline struct object *keep(struct object *object)
{
	assert_true(kept_count < KEPT_MAX);
	return kept[kept_count++] = object;
}

static inline void close_object(struct object *object)
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
static inline struct object_name name_of_length(const char *text, size_t chars, struct object *root,
						uint32_t attributes)
{
	assert_true(chars <= NAME_MAX_CHARS + 2);
	for (size_t i = 0; i < chars; i++)
		text_buffer[i] = (uint8_t)text[i];
	return (struct object_name){text_buffer, chars, root, attributes};
}

static inline NTSTATUS open_as(const char *path, struct object *root, uint32_t attributes,
			       const struct object_type *type, struct object **result)
{
	struct object_name name = name_of_length(path, strlen(path), root, attributes);

	return namespace_lookup(&name, type, NULL, result);
}

/* Opens and drops it again. */
static inline NTSTATUS open_status(const char *path, struct object *root, uint32_t attributes,
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
static inline struct object *create_as(const char *path, size_t chars, struct object *root,
				       uint32_t attributes, struct object_type *type,
				       NTSTATUS *status)
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

static inline struct object *create(const char *path, struct object_type *type)
{
	NTSTATUS status;
	struct object *object = create_as(path, strlen(path), NULL, 0, type, &status);

	assert_int_equal(status, STATUS_SUCCESS);
	return object;
}

static inline struct object *directory(const char *path)
{
	struct object *result;

	assert_int_equal(directory_create(path, &result), STATUS_SUCCESS);
	return keep(result);
}

static inline struct object *device(const char *path)
{
	struct object *object;

	assert_int_equal(object_create(&device_type, &object), STATUS_SUCCESS);
	assert_int_equal(namespace_insert_ascii(path, object), STATUS_SUCCESS);
	return keep(object);
}

static inline int setup(void **state)
{
	(void)state;
	sim_core_start(0);
	memset(&parsed, 0, sizeof(parsed));
	namespace_init();
	return 0;
}

static inline int teardown(void **state)
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

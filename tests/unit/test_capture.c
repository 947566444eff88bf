/*
 * test_capture.c - object attributes, names and process parameters of the user: every row of
 * nt-semantics section 7 that is about the user's words, and that nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/mm/mm.h"
#include "kernel/process/parameters.h"
#include "kernel/syscall/capture.h"
#include "kernel/syscall/ps_attributes.h"
#include "tests/sim/sim.h"

#define BUFFER_BYTES 0x20000u
#define NAME_AT 0x100u /* offsets in the buffer */
#define TEXT_AT 0x200u
#define NOWHERE 0x10000000ull

static struct address_space *space;
static vaddr_t buffer;
static struct captured_attributes captured;

static int setup(void **state)
{
	uint64_t size_bytes = BUFFER_BYTES;

	(void)state;
	sim_start(8 << 20, 0);
	space = sim_space_create();
	sim_enter_space(space);
	buffer = 0;
	return memory_allocate(space, &buffer, 0, &size_bytes, MEM_RESERVE | MEM_COMMIT,
			       PAGE_READWRITE);
}

static int teardown(void **state)
{
	(void)state;
	sim_space_destroy(space);
	sim_stop();
	return 0;
}

static void put(vaddr_t offset, const void *data, size_t size_bytes)
{
	assert_int_equal(sim_write(buffer + offset, data, size_bytes), STATUS_SUCCESS);
}

/* Attributes whose name is `length_bytes` of text at `text`. */
static void put_attributes(uint16_t length_bytes, vaddr_t text, handle_t root)
{
	const struct nt_unicode_string name = {
		.length_bytes = length_bytes,
		.maximum_length_bytes = length_bytes,
		.buffer = text,
	};
	const struct nt_object_attributes attributes = {
		.length_bytes = sizeof(attributes),
		.root_directory = root,
		.object_name = buffer + NAME_AT,
		.attributes = OBJ_CASE_INSENSITIVE | OBJ_INHERIT,
	};

	put(0, &attributes, sizeof(attributes));
	put(NAME_AT, &name, sizeof(name));
}

/* The status of one capture; what it holds is released. */
static NTSTATUS capture(vaddr_t address, enum capture_mode mode)
{
	NTSTATUS status = attributes_capture(address, mode, &captured);

	if (NT_SUCCESS(status))
		attributes_release(&captured);
	return status;
}

static void expect(NTSTATUS create, NTSTATUS open)
{
	assert_int_equal(capture(buffer, CAPTURE_CREATE), create);
	assert_int_equal(capture(buffer, CAPTURE_OPEN), open);
}

static void put_field(size_t offset, uint64_t value, size_t size_bytes)
{
	put(offset, &value, size_bytes);
}

static void test_good(void **state)
{
	static const uint16_t text[] = {'\\', 'a', 0x00E9, 0};

	(void)state;
	put(TEXT_AT, text, sizeof(text));
	put_attributes(sizeof(text), buffer + TEXT_AT, 0);
	assert_int_equal(attributes_capture(buffer, CAPTURE_OPEN, &captured), STATUS_SUCCESS);
	assert_true(captured.is_named);
	assert_int_equal(captured.name.chars, 4); /* a NUL counts: row 24 */
	assert_memory_equal(captured.name.text, text, sizeof(text));
	assert_null(captured.name.root);
	assert_int_equal(captured.name.attributes, OBJ_CASE_INSENSITIVE | OBJ_INHERIT);
	attributes_release(&captured);
}

static void test_rows_1_to_6(void **state)
{
	(void)state;
	assert_int_equal(capture(0, CAPTURE_CREATE), STATUS_SUCCESS);
	assert_int_equal(capture(0, CAPTURE_OPEN), STATUS_INVALID_PARAMETER);
	put_attributes(2, buffer + TEXT_AT, 0);
	put_field(offsetof(struct nt_object_attributes, length_bytes), 47, 4);
	expect(STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER);
	put_attributes(2, buffer + TEXT_AT, 0);
	put_field(offsetof(struct nt_object_attributes, object_name), 0, 8);
	expect(STATUS_SUCCESS, STATUS_OBJECT_PATH_SYNTAX_BAD);
	put_field(offsetof(struct nt_object_attributes, root_directory), 0xBAD0, 8);
	expect(STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID);
	put_attributes(0, 0, 0);
	expect(STATUS_SUCCESS, STATUS_OBJECT_PATH_SYNTAX_BAD);
	put_attributes(0, 0, 0xBAD0); /* creating does not even look at the root */
	assert_int_equal(capture(buffer, CAPTURE_CREATE), STATUS_SUCCESS);
	assert_false(captured.is_named);
}

static void test_rows_7_to_10(void **state)
{
	(void)state;
	put_attributes(2, NOWHERE, 0);
	expect(STATUS_ACCESS_VIOLATION, STATUS_ACCESS_VIOLATION);
	put_field(offsetof(struct nt_object_attributes, object_name), NOWHERE, 8);
	expect(STATUS_ACCESS_VIOLATION, STATUS_ACCESS_VIOLATION);
	assert_int_equal(capture(NOWHERE, CAPTURE_CREATE), STATUS_ACCESS_VIOLATION);
	put_attributes(3, buffer + TEXT_AT, 0xBAD0);
	expect(STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID);
	put_attributes(3, NOWHERE + 1, 0);
	expect(STATUS_DATATYPE_MISALIGNMENT, STATUS_DATATYPE_MISALIGNMENT);
	put_attributes(65532, buffer + TEXT_AT, 0);
	expect(STATUS_SUCCESS, STATUS_SUCCESS);
	put_attributes(65534, buffer + TEXT_AT, 0);
	expect(STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID);
	/* Half of the name is there: the long buffer is given back. */
	put_attributes(65532, buffer + BUFFER_BYTES - 0x8000, 0);
	expect(STATUS_ACCESS_VIOLATION, STATUS_ACCESS_VIOLATION);
	put_attributes(65532, buffer + TEXT_AT, 0);
	expect(STATUS_SUCCESS, STATUS_SUCCESS);
}

static void test_permanent(void **state)
{
	(void)state;
	put_attributes(2, buffer + TEXT_AT, 0);
	put_field(offsetof(struct nt_object_attributes, attributes), OBJ_PERMANENT, 4);
	expect(STATUS_PRIVILEGE_NOT_HELD, STATUS_SUCCESS);
}

static void test_no_memory(void **state)
{
	(void)state;
	put_attributes(8, buffer + TEXT_AT, 0);
	sim_fail_nth_allocation(1);
	expect(STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS);
}

static unsigned long_holders;

static void hold_long_text(void *argument)
{
	struct captured_text text;

	(void)argument;
	for (unsigned i = 0; i < 3; i++) {
		SIM_CHECK(text_capture(buffer + TEXT_AT, 6000, &text) == STATUS_SUCCESS);
		SIM_CHECK(++long_holders == 1);
		thread_yield();
		SIM_CHECK(--long_holders == 0);
		text_release(&text);
	}
}

/* catches: two who have the one long buffer at the same time */
static void test_long_buffer(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		sim_schedule_random(seed);
		for (unsigned i = 0; i < 3; i++)
			sim_spawn("holder", hold_long_text, NULL, space);
		sim_run_all();
	}
}

/* ---- process parameters ---- */

static struct parameter_block block;

static NTSTATUS capture_parameters(void)
{
	NTSTATUS status = parameters_capture(buffer, &block);

	if (NT_SUCCESS(status))
		parameters_free(&block);
	return status;
}

/* A normalised block of `length_bytes` whose command line is at `text`. */
static void put_parameters(uint32_t length_bytes, vaddr_t text, uint16_t text_bytes)
{
	const struct nt_user_process_parameters parameters = {
		.maximum_length_bytes = length_bytes,
		.length_bytes = length_bytes,
		.flags = PROCESS_PARAMETERS_NORMALIZED,
		.standard_output = 0x48,
		.command_line = {text_bytes, text_bytes, 0, text},
	};

	put(0, &parameters, sizeof(parameters));
}

static void test_parameters(void **state)
{
	static const uint16_t text[] = {'h', 'i'};
	struct nt_user_process_parameters copy;
	uint16_t copied[2];

	(void)state;
	put(0x1200, text, sizeof(text));
	put_parameters(0x1300, buffer + 0x1200, sizeof(text));
	assert_int_equal(parameters_capture(buffer, &block), STATUS_SUCCESS);
	assert_int_equal(parameters_header(&block)->command_line.buffer, 0x1200);
	assert_int_equal(parameters_write(&block, space, buffer + 0x10000), STATUS_SUCCESS);
	parameters_free(&block);
	assert_int_equal(sim_read(buffer + 0x10000, &copy, sizeof(copy)), STATUS_SUCCESS);
	assert_int_equal(copy.command_line.buffer, buffer + 0x11200);
	assert_int_equal(copy.standard_output, 0x48);
	assert_int_equal(sim_read(copy.command_line.buffer, copied, sizeof(copied)),
			 STATUS_SUCCESS);
	assert_memory_equal(copied, text, sizeof(text));
}

static void test_bad_parameters(void **state)
{
	(void)state;
	put_parameters(0x300, buffer + 0x2FC, 4);
	assert_int_equal(capture_parameters(), STATUS_SUCCESS);
	put_parameters(0x300, buffer + 0x2FD, 4); /* one byte of it beyond the block */
	assert_int_equal(capture_parameters(), STATUS_INVALID_PARAMETER);
	put_parameters(0x300, buffer - 2, 4);
	assert_int_equal(capture_parameters(), STATUS_INVALID_PARAMETER);
	put_parameters(0x300, 0, 4);
	assert_int_equal(capture_parameters(), STATUS_INVALID_PARAMETER);
	put_parameters(sizeof(struct nt_user_process_parameters) - 1, 0, 0);
	assert_int_equal(capture_parameters(), STATUS_INVALID_PARAMETER);
	put_parameters(0x20001, 0, 0);
	assert_int_equal(capture_parameters(), STATUS_INVALID_PARAMETER);
	put_parameters(0x20000, 0, 0); /* the most that is taken, and all that is there */
	assert_int_equal(capture_parameters(), STATUS_SUCCESS);
	for (uint64_t n = 1; n <= 32; n++) {
		sim_fail_nth_allocation(n);
		assert_int_equal(capture_parameters(), STATUS_INSUFFICIENT_RESOURCES);
	}
	assert_int_equal(parameters_capture(NOWHERE, &block), STATUS_ACCESS_VIOLATION);
}

/* ---- lists of attributes ---- */

static NTSTATUS capture_list(const uint32_t *numbers, unsigned count)
{
	struct {
		uint64_t total_bytes;
		struct nt_ps_attribute attributes[4];
	} list = {.total_bytes = 8 + count * sizeof(list.attributes[0])};
	struct ps_attributes result;
	NTSTATUS status;

	for (unsigned i = 0; i < count; i++)
		list.attributes[i] = (struct nt_ps_attribute){
			.attribute = numbers[i], .size_bytes = 8, .value = buffer + TEXT_AT};
	put(0, &list, sizeof(list));
	status = ps_attributes_capture(buffer, &result);
	if (NT_SUCCESS(status))
		ps_attributes_release(&result);
	return status;
}

/* catches: an attribute of which the last one counts */
static void test_no_attribute_comes_twice(void **state)
{
	static const uint32_t numbers[] = {PS_ATTRIBUTE_PARENT_PROCESS, PS_ATTRIBUTE_CLIENT_ID,
					   PS_ATTRIBUTE_TEB_ADDRESS, PS_ATTRIBUTE_IMAGE_INFO,
					   PS_ATTRIBUTE_IMAGE_NAME};
	const size_t count = sizeof(numbers) / sizeof(numbers[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const uint32_t twice[] = {numbers[i], numbers[(i + 1) % count], numbers[i]};

		assert_int_equal(capture_list(twice, 2), STATUS_SUCCESS);
		assert_int_equal(capture_list(twice, 3), STATUS_INVALID_PARAMETER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows_1_to_6, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows_7_to_10, setup, teardown),
		cmocka_unit_test_setup_teardown(test_permanent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_attribute_comes_twice, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

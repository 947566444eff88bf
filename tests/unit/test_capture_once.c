/*
 * test_capture_once.c - what a call reads of user memory it reads once: another thread changes it
 * between any two reads, and what was captured is always one of the two states, never some of
 * both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/mm/mm.h"
#include "kernel/syscall/capture.h"
#include "tests/sim/sim.h"

#define NAME_AT 0x100u /* offsets in the buffer */
#define TEXT_AT 0x200u
#define LONG_CHARS 200u
#define SHORT_CHARS 2u
#define PREEMPTIONS 2
#define RUNS 20000u

static struct address_space *space;
static vaddr_t buffer;
static struct captured_attributes captured;
static unsigned seen_first, seen_second; /* in how many schedules */

static void put(vaddr_t offset, const void *data, size_t size_bytes)
{
	SIM_CHECK(sim_write(buffer + offset, data, size_bytes) == STATUS_SUCCESS);
}

static void put_name(unsigned chars)
{
	const struct nt_unicode_string name = {
		.length_bytes = (uint16_t)(chars * sizeof(uint16_t)),
		.maximum_length_bytes = LONG_CHARS * sizeof(uint16_t),
		.buffer = buffer + TEXT_AT,
	};

	put(NAME_AT, &name, sizeof(name));
}

/* With a name its flag is OBJ_INHERIT, without one it is OBJ_OPENIF. */
static void put_attributes(bool is_named)
{
	const struct nt_object_attributes attributes = {
		.length_bytes = sizeof(attributes),
		.object_name = is_named ? buffer + NAME_AT : 0,
		.attributes = is_named ? OBJ_INHERIT : OBJ_OPENIF,
	};

	put(0, &attributes, sizeof(attributes));
}

static void shorten_name(void *unused)
{
	(void)unused;
	put_name(SHORT_CHARS);
}

static void take_name_away(void *unused)
{
	(void)unused;
	put_attributes(false);
}

static void capture(void *unused)
{
	(void)unused;
	SIM_CHECK(attributes_capture(buffer, CAPTURE_CREATE, &captured) == STATUS_SUCCESS);
	if (captured.is_named) {
		SIM_CHECK(captured.name.attributes == OBJ_INHERIT);
		SIM_CHECK(captured.name.chars * sizeof(uint16_t) == captured.text.size_bytes);
		SIM_CHECK(captured.name.chars == LONG_CHARS || captured.name.chars == SHORT_CHARS);
	} else {
		SIM_CHECK(captured.name.attributes == OBJ_OPENIF && captured.name.chars == 0);
	}
	if (captured.name.chars == LONG_CHARS)
		seen_first++;
	else
		seen_second++;
	attributes_release(&captured);
}

/* A capture against the change, from the same start each time. */
static void body(void *change)
{
	put_name(LONG_CHARS);
	put_attributes(true);
	sim_spawn("capture", capture, NULL, space);
	sim_spawn("change", (void (*)(void *))change, NULL, space);
	sim_run_all();
}

static void explore(void (*change)(void *))
{
	uint64_t size_bytes = PAGE_SIZE;

	sim_start(8 << 20, 0);
	space = sim_space_create();
	sim_enter_space(space);
	buffer = 0;
	assert_int_equal(memory_allocate(space, &buffer, 0, &size_bytes, MEM_RESERVE | MEM_COMMIT,
					 PAGE_READWRITE),
			 STATUS_SUCCESS);
	seen_first = seen_second = 0;
	assert_true(sim_explore(body, (void *)change, PREEMPTIONS, RUNS) < RUNS);
	assert_true(seen_first > 0 && seen_second > 0);
	sim_space_destroy(space);
	sim_stop();
}

static void test_length_of_a_name(void **state)
{
	(void)state;
	explore(shorten_name);
}

static void test_flags_go_with_the_name(void **state)
{
	(void)state;
	explore(take_name_away);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length_of_a_name),
		cmocka_unit_test(test_flags_go_with_the_name),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("capture once", tests, NULL, NULL);
}

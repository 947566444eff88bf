/*
 * test_watch.c - write watches against stores at every moment, and their memory.
 */
#include "vm_fixture.h"

#include "kernel/mm/watch.h"

#define WATCHED (MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH)

static vaddr_t base;

static bool is_marked(vaddr_t va)
{
	uint64_t address, count;
	vaddr_t from = va;

	SIM_CHECK(memory_watch_read(space, &from, va + PAGE_SIZE, &address, 1, &count) ==
		  STATUS_SUCCESS);
	return count == 1;
}

/* ---- a store against a reset ---- */

static bool store_began_after_reset;
static bool reset_done;

static void store(void *unused)
{
	(void)unused;
	store_began_after_reset = reset_done;
	SIM_CHECK(sim_poke(base, 2) == STATUS_SUCCESS);
}

static void copy_store(void *unused)
{
	const char byte = 2;

	(void)unused;
	store_began_after_reset = reset_done;
	SIM_CHECK(space_write(space, base, &byte, 1, NULL) == STATUS_SUCCESS);
}

static void reset(void *unused)
{
	(void)unused;
	SIM_CHECK(memory_watch_reset(space, base, base + PAGE_SIZE) == STATUS_SUCCESS);
	reset_done = true;
}

static void race_body(void *argument)
{
	void (*const *storer)(void *) = argument;

	vm_start(VM_RAM_BYTES);
	base = allocate(1, WATCHED, PAGE_READWRITE);
	ok(sim_poke(base, 1));
	reset_done = false;
	sim_spawn("store", *storer, NULL, space);
	sim_spawn("reset", reset, NULL, space);
	sim_run_all();
	SIM_CHECK(sim_peek(base) == 2);
	SIM_CHECK(!store_began_after_reset || is_marked(base));
	mm_check(); /* writable means marked */
	release(base);
	vm_stop();
}

/* catches: a store that a reset forgets although it came later; a page left writable */
static void test_a_store_against_a_reset(void **state)
{
	void (*store_function)(void *) = store, (*copy_function)(void *) = copy_store;

	(void)state;
	assert_true(sim_explore(race_body, &store_function, 2, 1500) > 30);
	assert_true(sim_explore(race_body, &copy_function, 2, 1500) > 30);
}

/* ---- alone ---- */

/* catches: a word or a block of marks mistaken for its neighbour */
static void test_marks_of_a_large_region(void **state)
{
	static const uint64_t pages[] = {0, 1, 63, 64, 127, 32767, 32768, 40000, 69999};
	uint64_t addresses[16], count;
	vaddr_t from;

	(void)state;
	base = allocate(70000, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE);
	for (unsigned i = 0; i < 9; i++) {
		ok(try_commit(base + pages_to_bytes(pages[i]), 1, PAGE_READWRITE));
		ok(sim_poke(base + pages_to_bytes(pages[i]), 1));
	}
	from = base;
	ok(memory_watch_read(space, &from, base + pages_to_bytes(70000), addresses, 16, &count));
	assert_int_equal(count, 9);
	assert_int_equal(from, base + pages_to_bytes(70000));
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(addresses[i], base + pages_to_bytes(pages[i]));
	ok(memory_watch_reset(space, base + pages_to_bytes(1), base + pages_to_bytes(64)));
	from = base;
	ok(memory_watch_read(space, &from, base + pages_to_bytes(128), addresses, 16, &count));
	assert_int_equal(count, 3);
	assert_int_equal(addresses[1], base + pages_to_bytes(64));
	release(base);
}

static NTSTATUS attempt_watched(void *result)
{
	uint64_t size = pages_to_bytes(40000);

	*(vaddr_t *)result = 0;
	return memory_allocate(space, result, 0, &size, MEM_RESERVE | MEM_WRITE_WATCH,
			       PAGE_READWRITE);
}

/* catches: marks that stay allocated when the reservation fails */
static void test_shortage(void **state)
{
	vaddr_t made;

	(void)state;
	assert_in_range(fail_each_allocation(attempt_watched, &made, STATUS_INSUFFICIENT_RESOURCES),
			4, 4);
	release(made);
}

/* catches: more marks asked for than can be kept, half made */
static void test_too_large(void **state)
{
	uint64_t size = 1ull << 40;
	struct vm_snapshot before = snapshot_take();
	vaddr_t made = 0;

	(void)state;
	assert_int_equal(memory_allocate(space, &made, 0, &size, MEM_RESERVE | MEM_WRITE_WATCH,
					 PAGE_READWRITE),
			 STATUS_NO_MEMORY);
	assert_as_before(&before);
}

/* catches: a watch freed with one part of a region that was cut */
static void test_cut_into_three(void **state)
{
	(void)state;
	base = allocate(12, WATCHED, PAGE_READWRITE);
	for (unsigned i = 0; i < 12; i++)
		ok(sim_poke(base + pages_to_bytes(i), 1));
	ok(try_free(base + pages_to_bytes(3), pages_to_bytes(1), MEM_RELEASE));
	ok(try_free(base + pages_to_bytes(8), pages_to_bytes(1), MEM_RELEASE));
	ok(try_free(base, pages_to_bytes(1), MEM_RELEASE));
	mm_check();
	release(base + pages_to_bytes(1));
	assert_true(is_marked(base + pages_to_bytes(4)));
	release(base + pages_to_bytes(4));
	assert_true(is_marked(base + pages_to_bytes(11)));
	release(base + pages_to_bytes(9));
	assert_int_equal(atomic_load(&space->watch_count), 0);
}

/* catches: pages behind a gap, or behind pages that cannot be written, that are left unmarked */
static void test_a_range_with_gaps_is_marked(void **state)
{
	vaddr_t guard;

	(void)state;
	base = allocate(6, WATCHED, PAGE_READWRITE);
	guard = base + pages_to_bytes(2);
	ok(try_protect(guard, 1, PAGE_READWRITE | PAGE_GUARD, NULL));
	ok(try_protect(guard + PAGE_SIZE, 1, PAGE_READONLY, NULL));
	ok(try_free(guard + pages_to_bytes(2), PAGE_SIZE, MEM_DECOMMIT));
	watch_mark_range(space, base - pages_to_bytes(2), pages_to_bytes(20));
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(is_marked(base + pages_to_bytes(i)), i < 2 || i == 5);
	ok(memory_watch_reset(space, base, base + pages_to_bytes(6)));
	watch_mark_range(space, base, 0);
	watch_mark_range(space, base, UINT64_MAX);
	watch_mark_range(space, base + pages_to_bytes(40), PAGE_SIZE);
	watch_mark_range(space, base - PAGE_SIZE, PAGE_SIZE);
	for (unsigned i = 0; i < 6; i++)
		assert_false(is_marked(base + pages_to_bytes(i)));
	assert_false(watch_answers_probe(NULL, base));
	assert_false(watch_answers_probe(space, base - PAGE_SIZE));
	assert_false(watch_answers_probe(space, guard));
	assert_true(watch_answers_probe(space, base));
	release(base);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_marks_of_a_large_region),
		TEST(test_shortage),
		TEST(test_too_large),
		TEST(test_cut_into_three),
		TEST(test_a_range_with_gaps_is_marked),
		cmocka_unit_test(test_a_store_against_a_reset),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}

/*
 * test_around.c - pages in memory that one fault maps besides its own: which, with which rights.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/mm/page_table.h"

#define PAGES 600u /* more than a page table holds */
#define AROUND 8u

static struct section *section;

/* A section whose pages are all in memory, mapped by nobody or by one other view. */
static vaddr_t everything_in_memory(void)
{
	vaddr_t base;

	section = section_of(NULL, pages_to_bytes(PAGES), PAGE_EXECUTE_READWRITE, SEC_COMMIT);
	base = map(section, PAGE_READWRITE);
	for (unsigned i = 0; i < PAGES; i++)
		ok(sim_poke(base + pages_to_bytes(i), (uint8_t)i));
	return base;
}

static int setup(void **state)
{
	(void)state;
	vm_start(VM_RAM_BYTES * 2);
	knobs.around = AROUND;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	object_release(section);
	vm_stop();
	knobs.around = 1;
	return 0;
}

static pte_t slot_at(vaddr_t base, unsigned page)
{
	pte_t word;

	spin_lock(&frame_lock);
	word = slot_word(space, base + pages_to_bytes(page));
	spin_unlock(&frame_lock);
	return word;
}

static unsigned mapped(vaddr_t base, unsigned first, unsigned end)
{
	unsigned count = 0;

	for (unsigned i = first; i < end; i++)
		count += pte_kind(slot_at(base, i)) == PTE_VALID;
	return count;
}

static uint64_t shared_faults(void)
{
	return atomic_load(&space->faults[QUIRE_FAULT_SHARED]);
}

/* catches: neighbours that fault all the same, too many of them, wrong pages, an extra fault */
static void test_neighbours_are_mapped(void **state)
{
	vaddr_t first = everything_in_memory(), base = map(section, PAGE_READONLY);
	uint64_t faults = shared_faults();

	(void)state;
	assert_int_equal(sim_peek(base + pages_to_bytes(3)), 3);
	assert_int_equal(mapped(base, 3, 3 + AROUND), AROUND);
	assert_int_equal(mapped(base, 0, PAGES), AROUND);
	assert_int_equal(shared_faults() - faults, 1);
	assert_false(pte_is_accessed(slot_at(base, 4)));
	for (unsigned i = 3; i < 3 + AROUND; i++)
		assert_int_equal(sim_peek(base + pages_to_bytes(i)), i);
	assert_int_equal(shared_faults() - faults, 1);
	mm_check();
	ok(view_unmap(space, base));
	ok(view_unmap(space, first));
}

/* catches: pages behind the end of the region or of the view, of another protection */
static void test_the_region_is_the_end(void **state)
{
	vaddr_t first = everything_in_memory(), base = map(section, PAGE_READWRITE);
	vaddr_t second = base + 4 * PAGE_SIZE;
	uint64_t bytes = PAGE_SIZE;
	uint32_t old;

	(void)state;
	ok(memory_protect(space, &second, &bytes, PAGE_NOACCESS, &old));
	assert_int_equal(sim_peek(base + pages_to_bytes(1)), 1);
	assert_int_equal(mapped(base, 0, PAGES), 3);
	assert_int_equal(sim_peek(base + pages_to_bytes(PAGES - 2)), (PAGES - 2) & 255);
	assert_int_equal(mapped(base, 8, PAGES), 2);
	mm_check();
	ok(view_unmap(space, base));
	ok(view_unmap(space, first));
}

/* catches: a slot written behind the end of its page table */
static void test_the_page_table_is_the_end(void **state)
{
	vaddr_t first = everything_in_memory(), base = map(section, PAGE_READONLY);
	unsigned last = 511 - (unsigned)(page_of(base) % 512);

	(void)state;
	assert_int_equal(sim_peek(base + pages_to_bytes(last - 1)), (uint8_t)(last - 1));
	assert_int_equal(mapped(base, 0, PAGES), 2);
	mm_check();
	ok(view_unmap(space, base));
	ok(view_unmap(space, first));
}

/* catches: a shared page that a copy-on-write view can write to, a private copy mapped over */
static void test_copy_on_write(void **state)
{
	vaddr_t first = everything_in_memory(), base = map(section, PAGE_WRITECOPY);

	(void)state;
	ok(sim_poke(base + pages_to_bytes(2), 99)); /* a write maps no neighbours */
	assert_int_equal(mapped(base, 0, PAGES), 1);
	assert_int_equal(sim_peek(base), 0);
	assert_int_equal(mapped(base, 0, PAGES), AROUND);
	for (unsigned i = 0; i < AROUND; i++)
		assert_true(i == 2 || !pte_is_writable(slot_at(base, i)));
	assert_int_equal(sim_peek(base + pages_to_bytes(2)), 99);
	ok(sim_poke(base + pages_to_bytes(5), 98));
	assert_int_equal(sim_peek(first + pages_to_bytes(5)), 5);
	mm_check();
	ok(view_unmap(space, base));
	ok(view_unmap(space, first));
}

/* catches: a fault that takes memory, or a page above a hard maximum, for its neighbours */
static void test_only_where_there_is_room(void **state)
{
	vaddr_t first = everything_in_memory(), base = map(section, PAGE_READONLY);
	struct working_set_limits limits = {
		.minimum_pages = 1, .maximum_pages = 700, .hard_maximum = true};

	(void)state;
	limits.maximum_pages = space->resident_pages + 3;
	ok(space_set_limits(space, &limits));
	assert_int_equal(sim_peek(base), 0);
	assert_int_equal(mapped(base, 0, PAGES), 3);
	mm_check();
	ok(view_unmap(space, base));
	ok(view_unmap(space, first));
}

/* catches: a knob of 1 that maps more than one */
static void test_none(void **state)
{
	vaddr_t first = everything_in_memory(), base = map(section, PAGE_READONLY);

	(void)state;
	knobs.around = 1;
	assert_int_equal(sim_peek(base), 0);
	assert_int_equal(mapped(base, 0, PAGES), 1);
	ok(view_unmap(space, base));
	ok(view_unmap(space, first));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_neighbours_are_mapped),     TEST(test_the_region_is_the_end),
		TEST(test_the_page_table_is_the_end), TEST(test_copy_on_write),
		TEST(test_only_where_there_is_room),  TEST(test_none),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

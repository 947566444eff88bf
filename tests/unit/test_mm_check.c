/*
 * test_mm_check.c - mm_check itself: what is wrong on purpose, it must find, by the right number.
 */
#include "vm_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "kernel/io/pagefile.h"
#include "kernel/mm/page_table.h"
#include "kernel/mm/region.h"
#include "kernel/mm/working_set.h"
#include "kernel/mm/writeback.h"

#define PAGES 4u

static vaddr_t base;

/* Four private pages: the first two in the page file only, the others written to and mapped. */
static void start(void)
{
	pfn_t taken[2];

	vm_start(VM_RAM_BYTES);
	file_release(disk_with("text", 4, 1 << 20));
	ok(pagefile_attach(16));
	base = allocate(PAGES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	ok(sim_poke(base, 1));
	ok(sim_poke(base + PAGE_SIZE, 1));
	assert_int_equal(space_empty(space), 2);
	assert_true(writeback_some());
	for (unsigned i = 0; i < 2; i++) {
		struct frame *frame;

		spin_lock(&frame_lock);
		frame = frame_first_locked(LIST_STANDBY);
		(void)frame_take_locked(frame);
		taken[i] = frame_number(frame);
		spin_unlock(&frame_lock);
		frame_free(taken[i]);
	}
	ok(sim_poke(base + 2 * PAGE_SIZE, 1));
	ok(sim_poke(base + 3 * PAGE_SIZE, 1));
	mm_check();
}

static struct frame *frame_at(unsigned page)
{
	struct frame *found = NULL;

	for (pfn_t pfn = 1; pfn < frame_highest(); pfn++)
		if (frame_of(pfn)->owner == space && frame_of(pfn)->index == page_of(base) + page)
			found = frame_of(pfn);
	assert_non_null(found);
	return found;
}

/* ---- what may be wrong ---- */

static void slot_without_a_name(void)
{
	uint64_t slot;

	assert_int_equal(pagefile_take(1, &slot), 1);
}

static void slot_named_and_free(void)
{
	pagefile_free(1);
}

static void slot_named_twice(void)
{
	struct frame *frame = frame_at(2);

	frame->original = pte_in_pagefile(1);
}

static void dirty_frame_with_a_slot(void)
{
	struct frame *frame = frame_at(2);
	uint64_t slot;

	assert_int_equal(pagefile_take(1, &slot), 1);
	frame->original = pte_in_pagefile(slot);
	frame->flags |= FRAME_DIRTY;
}

static void page_without_an_entry(void)
{
	struct working_set *set = &space->working_set;

	for (uint32_t index = 0; index < set->used; index++)
		if (working_set_page(*working_set_entry(set, index)) == base + 3 * PAGE_SIZE)
			working_set_remove(set, index);
}

static void entry_with_another_stamp(void)
{
	struct working_set *set = &space->working_set;

	for (uint32_t index = 0; index < set->used; index++)
		if (working_set_page(*working_set_entry(set, index)) == base + 3 * PAGE_SIZE)
			*working_set_entry(set, index) ^= 1ull << WORKING_SET_NOTE_BITS;
}

static void hole_not_counted(void)
{
	working_set_remove(&space->working_set, 0);
	space->working_set.hole_count--;
}

static void hole_not_linked(void)
{
	page_without_an_entry();
	space->working_set.hole_head = space->working_set.hole_tail = 0;
}

static void page_without_a_frame(void)
{
	space->resident_pages++;
}

static void orphan_that_nobody_pins(void)
{
	frame_at(3)->flags |= FRAME_ORPHAN;
}

static void frame_on_the_wrong_list(void)
{
	assert_int_equal(space_empty(space), 2);
	frame_at(3)->flags &= (uint8_t)~FRAME_DIRTY;
}

/* ---- what user mode must not reach (hygiene) ---- */

/* The slot of the last page, which is mapped. */
static pte_t *last_slot(void)
{
	return pt_slot(space->root, base + 3 * PAGE_SIZE, 1, NULL);
}

static void page_that_may_be_executed(void)
{
	last_slot()->bits &= ~PTE_NO_EXECUTE;
}

static void page_without_the_user_bit(void)
{
	last_slot()->bits &= ~PTE_USER;
}

static void page_that_may_be_written(void)
{
	region_find(space, base + 3 * PAGE_SIZE)->protection = PAGE_READONLY;
}

static void page_table_as_a_page(void)
{
	uint64_t bits = last_slot()->bits & ~PTE_ADDRESS_MASK;

	last_slot()->bits = pfn_address(pfn_of(space->root)) | bits;
}

static void page_at_null(void)
{
	pte_t *slot = pt_slot(space->root, 0x1000, 1, NULL);

	assert_non_null(slot); /* in the table of the first address that can be mapped */
	*slot = *last_slot();
}

static void kernel_half_of_its_own(void)
{
	pte_t *root = phys_to_virt(space->root);

	root[PAGE_TABLE_ENTRIES - 1] = pte_valid(1, PTE_USER);
}

/* ---- and what is said ---- */

static void check(void *unused)
{
	(void)unused;
	mm_check();
}

/* In a process of its own: after a panic the kernel's lists are worth nothing. */
static bool is_found(void (*violate)(void), const char *wanted)
{
	pid_t child = fork();
	int result = 1;

	if (child == 0) {
		const char *message;

		start();
		violate();
		message = sim_expect_panic(check, NULL);
		if (!message || !strstr(message, wanted))
			fprintf(stderr, "\"%s\", not \"%s\"\n", message ? message : "nothing",
				wanted);
		_exit(!message || !strstr(message, wanted));
	}
	assert_int_equal(waitpid(child, &result, 0), child);
	return result == 0;
}

/* catches: an invariant that cannot fail */
static void test_each_violation_is_found(void **state)
{
	static const struct {
		void (*violate)(void);
		const char *message;
	} cases[] = {
		{slot_without_a_name, "invariant 18: 3 slots in use, 2 named"},
		{slot_named_and_free, "invariant 18: slot 1 is named and free"},
		{slot_named_twice, "invariant 18: 2 slots in use, 3 named"},
		{dirty_frame_with_a_slot, "is dirty and has a slot"},
		{page_without_an_entry, "invariant 19: 2 pages are mapped, 1 are"},
		{entry_with_another_stamp, "invariant 19: 2 pages are mapped, 1 are"},
		{hole_not_counted, "invariant 19: 1 holes, 1 linked, 0 counted"},
		{hole_not_linked, "invariant 19: 1 holes, 0 linked, 1 counted"},
		{page_without_a_frame, "invariant 9"},
		{orphan_that_nobody_pins, "invariant 2"},
		{frame_on_the_wrong_list, "invariant 4"},
		{page_that_may_be_executed, "is executable"},
		{page_without_the_user_bit, "lacks the user bit"},
		{page_that_may_be_written, "is writable"},
		{page_table_as_a_page, "invariant 7"},
		{page_at_null, "invariant 7: 0x1000 has a slot and no view"},
		{kernel_half_of_its_own, "map: the kernel half"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!is_found(cases[i].violate, cases[i].message))
			fail_msg("case %zu", i);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_violation_is_found),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_host_mmu_large.c - large pages in the software MMU: the walk that ends at level 2, the TLB
 * of their own, and the flush that drops all of one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/host/host.h"
#include "tests/sim/sim.h"

#define RUN ((pfn_t)512)    /* the frames of the large page */
#define OTHER ((pfn_t)1024) /* and of another one */
#define FRAMES 1536
#define VA 0x0000123456600000ull
#define ROOT (HOST_FIRST_FRAME + 0)
#define LARGE_RW (PTE_USER | PTE_WRITE | PTE_NO_EXECUTE | PTE_LARGE)
#define LARGE_RO (PTE_USER | PTE_NO_EXECUTE | PTE_LARGE)

static pfn_t next_table;

/* Takes the place of kernel/mm/fault.c. */
NTSTATUS upcall_page_fault(vaddr_t address, enum access access, bool from_user)
{
	(void)address;
	(void)access;
	(void)from_user;
	return STATUS_ACCESS_VIOLATION;
}

static pte_t *slot_make(vaddr_t va, unsigned level)
{
	unsigned missing;
	pte_t *slot;

	while (!(slot = pt_slot(pfn_address(ROOT), va, level, &missing))) {
		memset(phys_to_virt(pfn_address(next_table)), 0, PAGE_SIZE);
		pt_write(pt_slot(pfn_address(ROOT), va, missing, NULL), pt_table_word(next_table));
		next_table++;
	}
	return slot;
}

static int setup(void **state)
{
	(void)state;
	host_start(FRAMES);
	next_table = ROOT + 1;
	memset(phys_to_virt(pfn_address(ROOT)), 0, PAGE_SIZE);
	for (pfn_t i = 0; i < LARGE_PAGE_PAGES; i++) {
		memset(phys_to_virt(pfn_address(RUN + i)), (int)(i & 0xFF), PAGE_SIZE);
		memset(phys_to_virt(pfn_address(OTHER + i)), 0xEE, PAGE_SIZE);
	}
	pt_root_init(pfn_address(ROOT));
	arch_space_activate(pfn_address(ROOT));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_stop();
	return 0;
}

static int load(vaddr_t va)
{
	uint8_t value;

	return host_mmu_access(va, ACCESS_READ, &value, 1) ? value : -1;
}

static bool store(vaddr_t va, uint8_t value)
{
	return host_mmu_access(va, ACCESS_WRITE, &value, 1);
}

/* catches: a walk that takes the page for a table; an offset cut to 4 KiB; a walk per page */
static void test_one_walk_translates_all_of_it(void **state)
{
	(void)state;
	pt_write(slot_make(VA, 2), pte_valid(RUN, LARGE_RW));
	for (unsigned i = 0; i < LARGE_PAGE_PAGES; i++)
		assert_int_equal(load(VA + pages_to_bytes(i) + 123), i & 0xFF);
	assert_int_equal(host_mmu_statistics.walks, 1);
	assert_int_equal(load(VA - 1), -1);
	assert_int_equal(load(VA + LARGE_PAGE_BYTES), -1);
}

static void test_accessed_and_dirty_are_in_the_large_word(void **state)
{
	pte_t *slot = slot_make(VA, 2);

	(void)state;
	pt_write(slot, pte_valid(RUN, LARGE_RW));
	load(VA);
	assert_true(pt_read(slot).bits & PTE_ACCESSED);
	assert_false(pte_is_dirty(pt_read(slot)));
	assert_true(store(VA + 0x5678, 1));
	assert_true(pte_is_dirty(pt_read(slot)));
	assert_int_equal(((uint8_t *)phys_to_virt(pfn_address(RUN)))[0x5678], 1);
}

/* catches: a flush that drops only the page it names */
static void test_any_address_flushes_all_of_it(void **state)
{
	pte_t *slot = slot_make(VA, 2);

	(void)state;
	pt_write(slot, pte_valid(RUN, LARGE_RW));
	assert_int_equal(load(VA + PAGE_SIZE), 1);
	pt_exchange(slot, pte_valid(OTHER, LARGE_RO));
	assert_int_equal(load(VA + PAGE_SIZE), 1); /* stale, as on a CPU */
	arch_tlb_flush_page(VA + 300 * PAGE_SIZE);
	assert_int_equal(load(VA + PAGE_SIZE), 0xEE);
	assert_false(store(VA + PAGE_SIZE, 1));
}

static void test_a_smaller_page_elsewhere_is_not_disturbed(void **state)
{
	(void)state;
	pt_write(slot_make(VA, 2), pte_valid(RUN, LARGE_RW));
	pt_write(slot_make(VA + LARGE_PAGE_BYTES, 1), pte_valid(OTHER, PTE_USER));
	assert_int_equal(load(VA), 0);
	assert_int_equal(load(VA + LARGE_PAGE_BYTES), 0xEE);
	assert_int_equal(load(VA + LARGE_PAGE_BYTES + PAGE_SIZE), -1);
}

/* catches: pt_slot that walks into the page's content */
static void test_a_large_page_names_no_table(void **state)
{
	unsigned missing = 0;

	(void)state;
	pt_write(slot_make(VA, 2), pte_valid(RUN, LARGE_RW));
	assert_null(pt_slot(pfn_address(ROOT), VA, 1, &missing));
	assert_int_equal(missing, 2);
}

static void read_misaligned(void *unused)
{
	(void)unused;
	pt_write(slot_make(VA, 2), pte_valid(RUN + 1, LARGE_RW));
	load(VA);
}

static void test_a_run_that_is_not_aligned_is_an_error(void **state)
{
	(void)state;
	assert_non_null(sim_expect_panic(read_misaligned, NULL));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_walk_translates_all_of_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_accessed_and_dirty_are_in_the_large_word,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_address_flushes_all_of_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_smaller_page_elsewhere_is_not_disturbed,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_large_page_names_no_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_run_that_is_not_aligned_is_an_error, setup,
						teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

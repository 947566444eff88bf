/*
 * test_host_mmu.c - the software MMU of arch/host behaves as a CPU does, in particular where that
 * is inconvenient.
 *
 * The page tables are made by hand; the page-fault handler is the one below, not kernel/mm's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/host/host.h"
#include "tests/sim/sim.h"

#define FRAMES 64
#define VA 0x0000123456789000ull
#define ROOT (HOST_FIRST_FRAME + 0)
#define DATA (HOST_FIRST_FRAME + 10)
#define OTHER (HOST_FIRST_FRAME + 11)
#define RIGHTS_RW (PTE_USER | PTE_WRITE | PTE_NO_EXECUTE)
#define RIGHTS_RO (PTE_USER | PTE_NO_EXECUTE)

static pfn_t next_table;
static unsigned fault_count;
static NTSTATUS fault_status;
static pte_t fault_installs;
static bool fault_from_user;

/* Takes the place of kernel/mm/fault.c. */
NTSTATUS upcall_page_fault(vaddr_t address, enum access access, bool from_user)
{
	(void)access;
	fault_count++;
	fault_from_user = from_user;
	if (!pte_is_none(fault_installs))
		pt_exchange(pt_slot(pfn_address(ROOT), address, 1, NULL), fault_installs);
	return fault_status;
}

static pte_t *slot_make(vaddr_t va)
{
	unsigned missing;
	pte_t *slot;

	while (!(slot = pt_slot(pfn_address(ROOT), va, 1, &missing))) {
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
	memset(phys_to_virt(pfn_address(DATA)), 0x11, PAGE_SIZE);
	memset(phys_to_virt(pfn_address(OTHER)), 0x22, PAGE_SIZE);
	pt_root_init(pfn_address(ROOT));
	arch_space_activate(pfn_address(ROOT));
	fault_count = 0;
	fault_status = STATUS_ACCESS_VIOLATION;
	fault_installs = pte_none();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_stop();
	return 0;
}

static bool load(vaddr_t va, uint8_t *value)
{
	return host_mmu_access(va, ACCESS_READ, value, 1);
}

static bool store(vaddr_t va, uint8_t value)
{
	return host_mmu_access(va, ACCESS_WRITE, &value, 1);
}

static bool fetch(vaddr_t va)
{
	uint8_t opcode;

	return host_mmu_access(va, ACCESS_EXECUTE, &opcode, 1);
}

static uint64_t bits(vaddr_t va, unsigned level)
{
	return pt_read(pt_slot(pfn_address(ROOT), va, level, NULL)).bits;
}

static void test_missing_level_is_named(void **state)
{
	unsigned missing = 0;

	(void)state;
	assert_null(pt_slot(pfn_address(ROOT), VA, 1, &missing));
	assert_int_equal(missing, 4);
	slot_make(VA);
	assert_null(pt_slot(pfn_address(ROOT), VA + pt_entry_span(2), 1, &missing));
	assert_int_equal(missing, 2);
	assert_non_null(pt_slot(pfn_address(ROOT), VA + pt_entry_span(2), 2, NULL));
}

static void test_absent_page_faults(void **state)
{
	uint8_t value;

	(void)state;
	assert_false(load(VA, &value));
	slot_make(VA);
	assert_false(load(VA, &value));
	pt_write(slot_make(VA),
		 pte_in_frame(DATA)); /* our own word: the MMU must not look into it */
	assert_false(load(VA, &value));
}

static void test_read_sets_accessed_only(void **state)
{
	uint8_t value = 0;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_true(load(VA + 5, &value));
	assert_int_equal(value, 0x11);
	assert_int_equal(bits(VA, 1) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED);
	for (unsigned level = 2; level <= 4; level++)
		assert_int_equal(bits(VA, level) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED);
}

static void test_write_sets_dirty(void **state)
{
	uint8_t value = 0;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_true(
		load(VA, &value)); /* cached clean: the write has to go to the table all the same */
	assert_true(store(VA, 0x33));
	assert_int_equal(bits(VA, 1) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
	assert_int_equal(*(uint8_t *)phys_to_virt(pfn_address(DATA)), 0x33);
}

static void test_faulting_access_sets_no_bits(void **state)
{
	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RO));
	assert_false(store(VA, 1));
	assert_false(fetch(VA));
	assert_int_equal(bits(VA, 1) & (PTE_ACCESSED | PTE_DIRTY), 0);
	assert_int_equal(*(uint8_t *)phys_to_virt(pfn_address(DATA)), 0x11);
}

static void test_rights_of_all_levels_count(void **state)
{
	uint8_t value;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, PTE_USER | PTE_WRITE));
	assert_true(fetch(VA));
	arch_tlb_flush_all();
	pt_exchange(pt_slot(pfn_address(ROOT), VA, 2, NULL),
		    (pte_t){(bits(VA, 2) & ~PTE_WRITE) | PTE_NO_EXECUTE});
	assert_true(load(VA, &value));
	assert_false(store(VA, 1));
	assert_false(fetch(VA));
	arch_tlb_flush_all();
	pt_exchange(pt_slot(pfn_address(ROOT), VA, 3, NULL), (pte_t){bits(VA, 3) & ~PTE_USER});
	assert_false(load(VA, &value));
}

static void test_stale_translation_is_used(void **state)
{
	uint8_t value = 0;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_true(load(VA, &value));
	pt_exchange(slot_make(VA), pte_valid(OTHER, RIGHTS_RW));
	assert_true(load(VA, &value));
	assert_int_equal(value, 0x11); /* the frame it no longer names */
	pt_exchange(slot_make(VA), pte_none());
	assert_true(load(VA, &value));
	arch_tlb_flush_page(VA + PAGE_SIZE); /* the wrong page */
	assert_true(load(VA, &value));
	arch_tlb_flush_page(VA + 123);
	assert_false(load(VA, &value));
}

static void test_stale_write_right_is_used(void **state)
{
	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_true(store(VA, 1));
	pt_exchange(slot_make(VA), pte_valid(DATA, RIGHTS_RO));
	assert_true(store(VA, 2)); /* cached writable and dirty: nobody looks at the table */
	assert_int_equal(bits(VA, 1) & PTE_DIRTY, 0);
	arch_tlb_flush_page(VA);
	assert_false(store(VA, 3));
}

static void test_lost_dirty_bit(void **state)
{
	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_true(store(VA, 1));
	pt_exchange(slot_make(VA), pte_valid(DATA, RIGHTS_RW)); /* D cleared, no flush */
	assert_true(store(VA, 2));
	assert_int_equal(bits(VA, 1) & PTE_DIRTY, 0);
	arch_tlb_flush_page(VA);
	assert_true(store(VA, 3));
	assert_int_equal(bits(VA, 1) & PTE_DIRTY, PTE_DIRTY);
}

static void test_stale_clean_entry_walks_again(void **state)
{
	uint8_t value;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_true(load(VA, &value));
	pt_exchange(slot_make(VA), pte_none());
	assert_false(store(VA, 1)); /* setting D needs the table, which says absent */
	assert_false(load(VA, &value));
}

static void test_gained_right_costs_one_spurious_fault(void **state)
{
	uint8_t value;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RO));
	assert_true(load(VA, &value));
	pt_exchange(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_false(store(VA, 1));
	assert_true(store(VA, 1));
}

static void test_absent_is_not_cached(void **state)
{
	uint8_t value;

	(void)state;
	assert_false(load(VA, &value));
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RO));
	assert_true(load(VA, &value));
}

static void test_freed_table_is_still_walked(void **state)
{
	vaddr_t neighbour = VA + PAGE_SIZE;
	uint8_t value = 0;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RO));
	pt_write(slot_make(neighbour), pte_valid(OTHER, RIGHTS_RO));
	assert_true(load(VA, &value));
	pt_exchange(pt_slot(pfn_address(ROOT), VA, 2, NULL), pte_none());
	assert_true(load(neighbour,
			 &value)); /* a page never touched before, through the cached table */
	assert_int_equal(value, 0x22);
	arch_tlb_flush_page(VA); /* drops all of the table caches */
	assert_false(load(VA, &value));
	assert_true(load(neighbour, &value)); /* its translation is still cached */
	arch_tlb_flush_all();
	assert_false(load(neighbour, &value));
}

static void test_activation_drops_everything(void **state)
{
	uint8_t value;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RO));
	assert_true(load(VA, &value));
	pt_exchange(slot_make(VA), pte_none());
	arch_space_activate(pfn_address(ROOT));
	assert_false(load(VA, &value));
	arch_space_activate(0);
	assert_false(load(VA, &value));
}

static void test_other_page_evicts(void **state)
{
	uint8_t value;

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RO));
	pt_write(slot_make(VA + 64 * PAGE_SIZE), pte_valid(OTHER, RIGHTS_RO));
	assert_true(load(VA, &value));
	assert_true(load(VA + 64 * PAGE_SIZE, &value)); /* the same place in the TLB */
	pt_exchange(slot_make(VA), pte_none());
	assert_false(load(VA, &value));
}

static void test_kernel_half_is_refused(void **state)
{
	uint8_t value;

	(void)state;
	assert_false(load(0x0000800000000000ull, &value));
	assert_false(load(0xFFFF800000000000ull, &value));
	assert_int_equal(host_user_access(0xFFFF800000000000ull, ACCESS_READ, &value, 1, NULL),
			 STATUS_ACCESS_VIOLATION);
	assert_int_equal(fault_count, 0); /* the VM is not asked */
}

static void test_user_access_resolves_and_retries(void **state)
{
	uint8_t buffer[16];
	size_t done;

	(void)state;
	slot_make(VA);
	fault_status = STATUS_SUCCESS;
	fault_installs = pte_valid(DATA, RIGHTS_RW);
	assert_int_equal(host_user_access(VA, ACCESS_READ, buffer, sizeof(buffer), &done),
			 STATUS_SUCCESS);
	assert_int_equal(done, sizeof(buffer));
	assert_int_equal(fault_count, 1);
	assert_true(fault_from_user);
	assert_int_equal(buffer[15], 0x11);
}

static void test_copy_reports_bytes_not_copied(void **state)
{
	uint8_t buffer[100];

	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	memset(buffer, 0x77, sizeof(buffer));
	assert_int_equal(arch_copy_to_user(VA + PAGE_SIZE - 40, buffer, sizeof(buffer)), 60);
	assert_int_equal(((uint8_t *)phys_to_virt(pfn_address(DATA)))[PAGE_SIZE - 40], 0x77);
	assert_int_equal(fault_count, 1);
	assert_false(fault_from_user);
	assert_int_equal(arch_copy_from_user(buffer, VA, 100), 0);
	assert_int_equal(buffer[99], 0x11);
	assert_int_equal(arch_copy_from_user(buffer, VA + PAGE_SIZE, 100), 100);
}

static void user_access_with_interrupts_off(void *argument)
{
	uint8_t value;

	(void)argument;
	arch_irq_save();
	(void)arch_copy_from_user(&value, VA, 1);
}

static void fault_that_never_ends(void *argument)
{
	uint8_t value;

	(void)argument;
	fault_status = STATUS_SUCCESS;
	(void)!host_user_access(VA, ACCESS_READ, &value, 1, NULL);
}

static void walk_to_nowhere(void *argument)
{
	uint8_t value;

	(void)argument;
	(void)load(VA, &value);
}

static void touch_hole(void *argument)
{
	(void)argument;
	(void)phys_to_virt(pfn_address(HOST_FIRST_FRAME + 30));
}

static void test_kernel_mistakes_panic(void **state)
{
	(void)state;
	pt_write(slot_make(VA), pte_valid(DATA, RIGHTS_RW));
	assert_non_null(sim_expect_panic(user_access_with_interrupts_off, NULL));
	assert_true(arch_irq_enabled());
	pt_exchange(slot_make(VA), pte_none());
	arch_tlb_flush_all();
	assert_non_null(strstr(sim_expect_panic(fault_that_never_ends, NULL), "still faults"));
	pt_write(slot_make(VA), pte_valid(FRAMES + 1, RIGHTS_RW));
	assert_non_null(strstr(sim_expect_panic(walk_to_nowhere, NULL), "not RAM"));
	host_ram_hole(HOST_FIRST_FRAME + 30, 2);
	assert_non_null(sim_expect_panic(touch_hole, NULL));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_missing_level_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent_page_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_sets_accessed_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_sets_dirty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faulting_access_sets_no_bits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rights_of_all_levels_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_translation_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_write_right_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_dirty_bit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_clean_entry_walks_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_gained_right_costs_one_spurious_fault, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_absent_is_not_cached, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_table_is_still_walked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_activation_drops_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_page_evicts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_half_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user_access_resolves_and_retries, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_copy_reports_bytes_not_copied, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_kernel_mistakes_panic, setup, teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * guard_test.c - the mistakes that the hardware must catch, made on purpose at boot: a bit that is
 * set in CR4 proves less than the fault that comes of it.
 */
#include "guard_test.h"

#ifdef QUIRE_DEBUG

#include "arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"

#include "cpu.h"
#include "paging.h"
#include "trap.h"

#define ROOT_LEVEL 4
#define USER_PAGE USER_LOWEST_ADDRESS
#define RETURN_OPCODE 0xC3

/* guard_probe.asm */
bool guard_probe_run(void (*function)(uintptr_t), uintptr_t argument);
extern const uint8_t guard_probe_resume[];
extern uint64_t guard_probe_stack;

static struct {
	bool is_active;
	uint64_t error_code;
	vaddr_t address;
} probe;

/* A page that is nothing but data, and tables that show it to user mode as well. */
static uint8_t page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static pte_t tables[ROOT_LEVEL - 1][PAGE_TABLE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static const uint8_t constant = 1;

bool guard_probe_caught(struct trap_frame *frame, vaddr_t address)
{
	if (!probe.is_active)
		return false;
	probe.is_active = false;
	probe.error_code = frame->error_code;
	probe.address = address;
	frame->rip = (uintptr_t)guard_probe_resume;
	frame->rsp = guard_probe_stack;
	return true;
}

/* ---- the mistakes ---- */

static void write_there(uintptr_t address)
{
	*(volatile uint8_t *)address = 2;
}

static void read_there(uintptr_t address)
{
	(void)*(volatile const uint8_t *)address;
}

static void call_there(uintptr_t address)
{
	((void (*)(void))address)();
}

static void expect_fault(const char *guard, void (*mistake)(uintptr_t), uintptr_t address,
			 uint64_t error_code)
{
	bool caught;

	probe.is_active = true;
	caught = guard_probe_run(mistake, address);
	probe.is_active = false;
	if (!caught)
		panic("%s does not protect: nothing came of an access to 0x%lx", guard, address);
	if (probe.address != address || probe.error_code != error_code)
		panic("%s: a fault at 0x%lx with error code 0x%lx, not at 0x%lx with 0x%lx", guard,
		      probe.address, probe.error_code, address, error_code);
}

/* ---- a user page, for as long as this takes ---- */

static void user_page_link(void)
{
	pte_t *root = phys_to_virt(arch_kernel_root());

	for (unsigned i = 0; i + 1 < ROOT_LEVEL - 1; i++)
		pt_write(&tables[i][pt_index(USER_PAGE, ROOT_LEVEL - 1 - i)],
			 pt_table_word(pfn_of(virt_to_phys(tables[i + 1]))));
	pt_write(&tables[ROOT_LEVEL - 2][pt_index(USER_PAGE, 1)],
		 pte_valid(pfn_of(virt_to_phys(page)), PTE_USER));
	pt_write(&root[pt_index(USER_PAGE, ROOT_LEVEL)],
		 pt_table_word(pfn_of(virt_to_phys(tables[0]))));
}

static void user_page_unlink(void)
{
	pte_t *root = phys_to_virt(arch_kernel_root());

	pt_exchange(&root[pt_index(USER_PAGE, ROOT_LEVEL)], pte_none());
	arch_tlb_flush_all();
}

void guard_test(char *text, size_t capacity)
{
	uint64_t cr4 = read_cr4();

	page[0] = RETURN_OPCODE;
	expect_fault("the null pointer's page", read_there, 0, 0);
	expect_fault("WP", write_there, (uintptr_t)&constant, FAULT_PRESENT | FAULT_WRITE);
	expect_fault("NX", call_there, (uintptr_t)page, FAULT_PRESENT | FAULT_FETCH);
	user_page_link();
	if (cr4 & CR4_SMEP)
		expect_fault("SMEP", call_there, USER_PAGE, FAULT_PRESENT | FAULT_FETCH);
	if (cr4 & CR4_SMAP)
		expect_fault("SMAP", read_there, USER_PAGE, FAULT_PRESENT);
	user_page_unlink();
	format_text(text, capacity, "WP NX%s%s", cr4 & CR4_SMEP ? " SMEP" : "",
		    cr4 & CR4_SMAP ? " SMAP" : "");
}

#endif

/*
 * descriptors.c - GDT, TSS and IDT (Intel SDM vol. 3, 3.4, 6.14, 8.7), and the stacks that stand
 * outside any thread: the boot stack and one for each trap that may strike while the stack pointer
 * is not the kernel's (entry.asm).
 */
#include "cpu.h"

#include "arch/pte.h"
#include "kernel/lib/assert.h"

#include "paging.h"
#include "stacks.h"
#include "trap.h"

#define IST_STACK_BYTES 8192

/*
 * Each of these has a stack of its own, because each may come while another runs, and an IST stack
 * is taken from its top every time.
 * IST numbers, as gates name them: 1..7, 0 = the current stack.
 */
enum { IST_NMI = 1, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_DEBUG, IST_END };

/*
 * A stack with a page below it that paging takes away: an overflow faults instead of writing over
 * its neighbour.
 */
struct guarded_boot_stack {
	uint8_t guard[PAGE_SIZE];
	uint8_t bytes[BOOT_STACK_BYTES];
};

struct guarded_ist_stack {
	uint8_t guard[PAGE_SIZE];
	uint8_t bytes[IST_STACK_BYTES];
};

/* Not static: start.asm takes it. */
struct guarded_boot_stack boot_stack __attribute__((aligned(PAGE_SIZE)));
static struct guarded_ist_stack ist_stacks[IST_END - IST_NMI] __attribute__((aligned(PAGE_SIZE)));

/*
 * Flat 64-bit segments: base and limit do not count. Present, type, privilege, and for code the
 * 64-bit flag.
 */
#define SEGMENT_KERNEL_CODE 0x00209B0000000000ull
#define SEGMENT_KERNEL_DATA 0x0000930000000000ull
#define SEGMENT_USER_DATA 0x0000F30000000000ull
#define SEGMENT_USER_CODE 0x0020FB0000000000ull
#define SEGMENT_TASK 0x0000890000000000ull

#define GDT_ENTRIES 10
static uint64_t gdt[GDT_ENTRIES] = {
	[KERNEL_CS / 8] = SEGMENT_KERNEL_CODE,
	[KERNEL_SS / 8] = SEGMENT_KERNEL_DATA,
	[USER_SS / 8] = SEGMENT_USER_DATA,
	[USER_CS / 8] = SEGMENT_USER_CODE,
};

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type; /* present, DPL, interrupt gate */
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "IDT entry");

#define GATE_INTERRUPT 0x8Eu /* interrupts are disabled on entry */
#define GATE_USER_MAY_INT 0x60u

static struct gate idt[VECTORS] __attribute__((aligned(16)));

/* Interrupt gates all: none leaves interrupts enabled on entry. */
static void gate_set(unsigned vector, unsigned ist, bool user_may_int)
{
	uintptr_t target = (uintptr_t)vector_stubs + vector * VECTOR_STUB_BYTES;

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)target,
		.selector = KERNEL_CS,
		.ist = (uint8_t)ist,
		.type = (uint8_t)(GATE_INTERRUPT | (user_may_int ? GATE_USER_MAY_INT : 0)),
		.offset_middle = (uint16_t)(target >> 16),
		.offset_high = (uint32_t)(target >> 32),
	};
}

/* Programs may use INT3 and INT 4 themselves; any other INT n is #GP for them. */
static void idt_init(void)
{
	struct table_pointer pointer = {.limit = sizeof(idt) - 1, .base = (uintptr_t)idt};

	for (unsigned vector = 0; vector < VECTORS; vector++)
		gate_set(vector, 0, false);
	gate_set(VECTOR_NMI, IST_NMI, false);
	gate_set(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT, false);
	gate_set(VECTOR_MACHINE_CHECK, IST_MACHINE_CHECK, false);
	gate_set(VECTOR_DEBUG, IST_DEBUG, false);
	gate_set(VECTOR_BREAKPOINT, 0, true);
	gate_set(VECTOR_OVERFLOW, 0, true);
	load_idt(&pointer);
}

static void task_state_init(struct task_state *state)
{
	uintptr_t base = (uintptr_t)state;
	uint64_t limit = sizeof(*state) - 1;

	state->io_map_offset = sizeof(*state); /* beyond the limit: no port is open to user mode */
	for (unsigned i = IST_NMI; i < IST_END; i++)
		state->ist[i - 1] = (uintptr_t)ist_stacks[i - IST_NMI].bytes + IST_STACK_BYTES;
	gdt[TASK_SELECTOR / 8] =
		SEGMENT_TASK | limit | (base & 0xFFFFFF) << 16 | (base >> 24 & 0xFF) << 56;
	gdt[TASK_SELECTOR / 8 + 1] = base >> 32;
}

void descriptors_init(void)
{
	struct table_pointer pointer = {.limit = sizeof(gdt) - 1, .base = (uintptr_t)gdt};
	struct cpu *cpu = &boot_cpu;

	task_state_init(&cpu->task_state);
	load_gdt(&pointer);
	load_kernel_segments();
	load_no_local_table();
	load_task_register(TASK_SELECTOR);
	idt_init();
	/* GS is not loaded: that would change its base, which start.asm has set. */
	KASSERT(cpu_self() == cpu);
}

_Static_assert(STATIC_STACKS == 1 + IST_END - IST_NMI, "a guard below each");

void stacks_guard_addresses(uint64_t addresses[STATIC_STACKS])
{
	addresses[0] = (uintptr_t)boot_stack.guard;
	for (unsigned i = IST_NMI; i < IST_END; i++)
		addresses[1 + i - IST_NMI] = (uintptr_t)ist_stacks[i - IST_NMI].guard;
}

void stacks_guard(void)
{
	uint64_t addresses[STATIC_STACKS];

	stacks_guard_addresses(addresses);
	for (unsigned i = 0; i < STATIC_STACKS; i++)
		paging_unmap_guard((const void *)addresses[i]);
}

void boot_stack_bounds(uintptr_t *base, uintptr_t *top)
{
	*base = (uintptr_t)boot_stack.bytes;
	*top = *base + BOOT_STACK_BYTES;
}

bool stack_find_static(uintptr_t address, uintptr_t *base, uintptr_t *top)
{
	boot_stack_bounds(base, top);
	if (address >= *base && address < *top)
		return true;
	for (unsigned i = IST_NMI; i < IST_END; i++) {
		*base = (uintptr_t)ist_stacks[i - IST_NMI].bytes;
		*top = *base + IST_STACK_BYTES;
		if (address >= *base && address < *top)
			return true;
	}
	return false;
}

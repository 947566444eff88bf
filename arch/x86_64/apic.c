/*
 * apic.c - see apic.h. The registers are 16 bytes apart, 32 bits each.
 */
#include "apic.h"

#include "arch/pte.h"
#include "kernel/lib/assert.h"

#include "cpu.h"
#include "paging.h"
#include "trap.h"

#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_X2APIC (1ull << 10)
#define APIC_BYTES 4096

/* Register offsets, in bytes */
#define APIC_TASK_PRIORITY 0x80
#define APIC_END_OF_INTERRUPT 0xB0
#define APIC_SPURIOUS 0xF0
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERFORMANCE 0x340
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3E0

#define APIC_SOFTWARE_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LVT_NMI 0x400u
#define DIVIDE_BY_1 0xBu

/* The two 8259 interrupt controllers */
#define PIC1_COMMAND 0x20
#define PIC1_DATA 0x21
#define PIC2_COMMAND 0xA0
#define PIC2_DATA 0xA1
#define PIC_INIT 0x11 /* cascaded, four initialisation words */
#define PIC_8086 0x01

static volatile uint32_t *registers;

static void apic_write(unsigned offset, uint32_t value)
{
	registers[offset / sizeof(*registers)] = value;
}

static uint32_t apic_read(unsigned offset)
{
	return registers[offset / sizeof(*registers)];
}

/* Even masked, an 8259 can raise its spurious vector, which must not look like an exception. */
static void pic_silence(void)
{
	port_write8(PIC1_COMMAND, PIC_INIT);
	port_write8(PIC2_COMMAND, PIC_INIT);
	port_write8(PIC1_DATA, VECTOR_PIC);
	port_write8(PIC2_DATA, VECTOR_PIC + 8);
	port_write8(PIC1_DATA, 1 << 2); /* the second one hangs on line 2 */
	port_write8(PIC2_DATA, 2);
	port_write8(PIC1_DATA, PIC_8086);
	port_write8(PIC2_DATA, PIC_8086);
	port_write8(PIC1_DATA, 0xFF);
	port_write8(PIC2_DATA, 0xFF);
}

void apic_init(void)
{
	uint64_t base = read_msr(MSR_APIC_BASE);

	pic_silence();
	if (base & APIC_BASE_X2APIC) { /* the way back to registers in memory leads through "off" */
		base &= ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
		write_msr(MSR_APIC_BASE, base);
	}
	write_msr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	registers = device_map(base & PTE_ADDRESS_MASK, APIC_BYTES);
	KASSERT(registers);
	apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_LVT_THERMAL, LVT_MASKED);
	apic_write(APIC_LVT_PERFORMANCE, LVT_MASKED);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_end_of_interrupt(); /* of one that the firmware may have left in service */
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_END_OF_INTERRUPT, 0);
}

void apic_timer_free_run(void)
{
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
}

uint32_t apic_timer_count(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

/* Writing the initial count starts it. */
static void timer_once(uint32_t count, uint32_t delivery)
{
	KASSERT(count > 0);
	apic_write(APIC_LVT_TIMER, delivery);
	apic_write(APIC_TIMER_INITIAL, count);
}

void apic_timer_once(uint32_t count)
{
	timer_once(count, VECTOR_TIMER);
}

#ifdef QUIRE_DEBUG
void apic_timer_shot(uint32_t count, bool is_nmi)
{
	timer_once(count, is_nmi ? LVT_NMI : VECTOR_SHOT);
}
#endif

/*
 * machine.c - the machine as a whole: start, and end.
 */
#include "arch/arch.h"

#include "boot/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#include "acpi.h"
#include "apic.h"
#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "framebuffer.h"
#include "guard_test.h"
#include "paging.h"
#include "stacks.h"

/* QEMU's configuration device: item 0 reads "QEMU". */
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_SIGNATURE 0

/* Power-management control of QEMU's machines, for when they have no ACPI tables. */
#define QEMU_PM_CONTROL_Q35 0x604
#define QEMU_PM_CONTROL_OLD 0xB004
#define QEMU_SOFT_OFF 0x2000

static uint64_t boot_time_seconds;

/*
 * The order is that of what a failure needs: first something to say it with, then somewhere for
 * faults to go, then the protection that makes mistakes fault, then the rest.
 */
void arch_init(const struct boot_info *info)
{
	console_init();
	descriptors_init();
	KASSERT(info->magic == BOOT_INFO_MAGIC);
	cpu_init();
	paging_init(info);
	stacks_guard();
	framebuffer_init(&info->framebuffer);
	acpi_init(info);
}

void arch_init_timers(void)
{
	char text[160];

	apic_init();
	clock_init();
	boot_time_seconds = rtc_read(acpi_century_index());
	cpu_describe(text, sizeof(text));
	log_line("processor: %s", text);
#ifdef QUIRE_DEBUG
	guard_test(text, sizeof(text));
	log_line("processor: tried and caught: %s", text);
#endif
	clock_describe(text, sizeof(text));
	log_line("clocks: %s", text);
}

uint64_t arch_wall_clock_seconds(void)
{
	return boot_time_seconds;
}

/* In a loop: an NMI ends a HLT. */
_Noreturn void arch_halt(void)
{
	irq_disable();
	for (;;)
		cpu_halt();
}

/* Only then is it safe to write to a port that QEMU's machines use so. */
static bool is_qemu(void)
{
	char signature[4];

	port_write16(FW_CFG_SELECT, FW_CFG_SIGNATURE);
	for (unsigned i = 0; i < sizeof(signature); i++)
		signature[i] = (char)port_read8(FW_CFG_DATA);
	return memcmp(signature, "QEMU", sizeof(signature)) == 0;
}

_Noreturn void arch_power_off(void)
{
	irq_disable();
	acpi_power_off();
	if (is_qemu()) {
		port_write16(QEMU_PM_CONTROL_Q35, QEMU_SOFT_OFF);
		port_write16(QEMU_PM_CONTROL_OLD, QEMU_SOFT_OFF);
	}
	arch_halt();
}

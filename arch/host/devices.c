/*
 * devices.c - the rest of the machine: interrupt flag, virtual time, console, power. Nothing here
 * depends on the host's clock.
 */
#include "host.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/assert.h"

#define CONSOLE_BYTES (64u << 10)
#define CONSOLE_PORTS 2
#define MARK_BYTES 128
#define IDLE_TICKS 1000000u /* 1 ms: what a wait for an interrupt takes */
#define BOOT_TIME_SECONDS 1700000000ull

static struct {
	bool irq_disabled;
	uint64_t ticks;
	struct {
		size_t length;
		const char *input;
	} console[CONSOLE_PORTS];
	char mark[MARK_BYTES];
} devices;
static HOST_KEPT char console_text[CONSOLE_PORTS][2 * CONSOLE_BYTES + 1];

void (*host_preempt)(enum host_point point);

void host_devices_reset(void)
{
	devices.irq_disabled = false;
	devices.ticks = 0;
	devices.mark[0] = '\0';
	for (int port = 0; port < CONSOLE_PORTS; port++) {
		devices.console[port].length = 0;
		devices.console[port].input = "";
	}
}

/* ---- interrupts ---- */

irq_state_t arch_irq_save(void)
{
	bool was_disabled = devices.irq_disabled;

	devices.irq_disabled = true;
	return !was_disabled;
}

void arch_irq_restore(irq_state_t state)
{
	devices.irq_disabled = !state;
}

bool arch_irq_enabled(void)
{
	return !devices.irq_disabled;
}

void arch_wait_for_interrupt(void)
{
	devices.irq_disabled = false;
	devices.ticks += IDLE_TICKS;
}

void arch_spin_hint(void)
{
	panic("a spinlock is waited for, but there is one CPU");
}

/* ---- time ---- */

uint64_t arch_ticks(void)
{
	return devices.ticks++;
}

void host_time_advance(uint64_t ticks)
{
	devices.ticks += ticks;
}

uint64_t arch_ticks_per_second(void)
{
	return HOST_TICKS_PER_SECOND;
}

uint64_t arch_wall_clock_seconds(void)
{
	return BOOT_TIME_SECONDS;
}

void arch_timer_start(unsigned frequency_hz)
{
	KASSERT(frequency_hz > 0); /* preemption is host_preempt's */
}

void arch_timer_deadline(uint64_t ticks)
{
	(void)ticks; /* as there are no interrupts; tests/sim lets time pass */
}

void arch_shot_arm(uint32_t ticks, bool is_nmi)
{
	(void)ticks;
	(void)is_nmi;
}

struct shot arch_shot_disarm(void)
{
	return (struct shot){0};
}

/* ---- console and power ---- */

void arch_console_write(enum console_port port, const char *text, size_t size_bytes)
{
	char *kept = console_text[port];
	size_t *length = &devices.console[port].length;

	for (size_t i = 0; i < size_bytes; i++) {
		if (*length == 2 * CONSOLE_BYTES) {
			memmove(kept, kept + CONSOLE_BYTES, CONSOLE_BYTES);
			*length = CONSOLE_BYTES;
		}
		kept[(*length)++] = text[i];
	}
}

const char *host_console_text(enum console_port port)
{
	console_text[port][devices.console[port].length] = '\0';
	return console_text[port];
}

void host_console_type(enum console_port port, const char *text)
{
	devices.console[port].input = text;
}

int arch_console_read(enum console_port port)
{
	const char *input = devices.console[port].input;

	if (!input || !*input)
		return -1;
	devices.console[port].input = input + 1;
	return (unsigned char)*input;
}

void arch_mark(const char *text)
{
	snprintf(devices.mark, sizeof(devices.mark), "%s", text);
}

const char *host_last_mark(void)
{
	return devices.mark;
}

_Noreturn void arch_power_off(void)
{
	panic("arch_power_off");
}

_Noreturn void arch_halt(void)
{
	panic("arch_halt");
}

/* ---- reports ---- */

vaddr_t trap_instruction_pointer(const struct trap_frame *frame)
{
	return frame->instruction_pointer;
}

vaddr_t trap_stack_pointer(const struct trap_frame *frame)
{
	return frame->stack_pointer;
}

size_t arch_backtrace(const struct trap_frame *frame, vaddr_t *addresses, size_t capacity)
{
	void *callers[64];
	int count = backtrace(callers, (int)(sizeof(callers) / sizeof(callers[0])));
	size_t kept = 0;

	(void)frame;
	for (int i = 1; i < count && kept < capacity; i++)
		addresses[kept++] = (vaddr_t)(uintptr_t)callers[i];
	return kept;
}

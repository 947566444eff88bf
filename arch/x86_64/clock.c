/*
 * clock.c - the frequencies of the TSC and of the APIC timer, measured against a clock of known
 * frequency: the ACPI timer, or the PIT where there is none; and the timer's interrupts.
 *
 * Under QEMU's -icount all three clocks count guest instructions, and runs must agree to the last
 * tick. The measurement starts and ends at a tick of the reference, and its result is rounded to
 * 0.1 MHz, so that where in a tick the first read fell does not show. Between reads the CPU
 * computes: reading a port is the slow part in a virtual machine.
 */
#include "clock.h"

#include "arch/arch.h"
#include "kernel/core/upcall.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"

#include "acpi.h"
#include "apic.h"
#include "cpu.h"

#define WINDOWS_PER_SECOND 250u /* a measurement takes 4 ms */
/* A clock that has not moved after so many reads is not there. */
#define READS_MAX 1000000u

#define ACPI_TIMER_HZ 3579545u
#define ACPI_TIMER_MASK 0xFFFFFFu /* 24 bits are always there */

#define PIT_HZ 1193182u
#define PIT_MASK 0xFFFFu
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_CHANNEL2_FREE_RUN 0xB4 /* both bytes, mode 2: over and over */
#define PIT_CHANNEL2_LATCH 0x80
#define PIT_CONTROL 0x61
#define PIT_CONTROL_GATE 0x01
#define PIT_CONTROL_SPEAKER 0x02

#define ROUNDING_HZ 100000u
#define DEFAULT_TICKS_PER_SECOND 1000000000u

/* A clock to measure by. It counts up, modulo mask + 1. */
struct reference {
	const char *name;
	uint64_t hz;
	uint32_t mask;
	uint32_t (*read)(void);
};

/* Both measured clocks at one moment. */
struct reading {
	uint64_t tsc;
	uint32_t apic; /* counts down */
};

static uint64_t ticks_per_second = DEFAULT_TICKS_PER_SECOND;
static uint64_t apic_hz;
static const char *reference_name;

/* All in ticks of the TSC; interrupts are disabled around every use. */
static struct {
	uint64_t period; /* 0: not started */
	uint64_t next_tick;
	uint64_t deadline; /* arch_timer_deadline's */
	bool is_lent;
} timer = {.deadline = UINT64_MAX};

static uint32_t acpi_timer_read(void)
{
	return port_read32(acpi_timer_port());
}

static void pit_start(void)
{
	uint8_t control = port_read8(PIT_CONTROL) & (uint8_t)~PIT_CONTROL_SPEAKER;

	port_write8(PIT_CONTROL, control | PIT_CONTROL_GATE);
	port_write8(PIT_COMMAND, PIT_CHANNEL2_FREE_RUN);
	port_write8(PIT_CHANNEL2, 0); /* 0 stands for 65536 */
	port_write8(PIT_CHANNEL2, 0);
}

static uint32_t pit_read(void)
{
	uint32_t low;

	port_write8(PIT_COMMAND, PIT_CHANNEL2_LATCH);
	low = port_read8(PIT_CHANNEL2);
	return -(low | (uint32_t)port_read8(PIT_CHANNEL2) << 8); /* it counts down */
}

static const struct reference acpi_timer = {
	.name = "ACPI timer",
	.hz = ACPI_TIMER_HZ,
	.mask = ACPI_TIMER_MASK,
	.read = acpi_timer_read,
};
static const struct reference pit = {
	.name = "PIT",
	.hz = PIT_HZ,
	.mask = PIT_MASK,
	.read = pit_read,
};

static struct reading take_reading(void)
{
	return (struct reading){.tsc = read_tsc(), .apic = apic_timer_count()};
}

/* No overflow: 4 ms of any clock times the reference's frequency stays far below 2^64. */
static uint64_t frequency(uint64_t counted, uint64_t reference_ticks, uint64_t reference_hz)
{
	uint64_t hz = counted * reference_hz / reference_ticks;

	return (hz + ROUNDING_HZ / 2) / ROUNDING_HZ * ROUNDING_HZ;
}

/* Passes time without a port access. */
static void compute_a_little(void)
{
	for (volatile unsigned i = 0; i < 2000; i++)
		;
}

/* Waits until the reference has moved on from *now, and writes where to. False if it stands. */
static bool wait_for_edge(const struct reference *reference, uint32_t *now)
{
	uint32_t from = *now;

	for (unsigned reads = 0; *now == from; reads++) {
		if (reads == READS_MAX)
			return false;
		*now = reference->read() & reference->mask;
	}
	return true;
}

static bool measure_by(const struct reference *reference)
{
	uint32_t now = reference->read() & reference->mask, first, elapsed = 0;
	struct reading start, end;

	if (!wait_for_edge(reference, &now))
		return false;
	first = now;
	start = take_reading();
	for (unsigned reads = 0; elapsed < reference->hz / WINDOWS_PER_SECOND; reads++) {
		if (reads == READS_MAX)
			return false;
		compute_a_little();
		now = reference->read() & reference->mask;
		elapsed = (now - first) & reference->mask;
	}
	if (!wait_for_edge(reference, &now))
		return false;
	end = take_reading();
	elapsed = (now - first) & reference->mask;
	ticks_per_second = frequency(end.tsc - start.tsc, elapsed, reference->hz);
	apic_hz = frequency(start.apic - end.apic, elapsed, reference->hz);
	reference_name = reference->name;
	return ticks_per_second != 0 && apic_hz != 0;
}

void clock_init(void)
{
	apic_timer_free_run();
	if (acpi_timer_port() != 0 && measure_by(&acpi_timer))
		return;
	pit_start();
	if (!measure_by(&pit))
		panic("no clock to measure by: neither the ACPI timer nor the PIT counts");
}

void clock_describe(char *text, size_t capacity)
{
	format_text(text, capacity, "TSC %lu.%lu MHz, APIC timer %lu.%lu MHz, by the %s",
		    ticks_per_second / 1000000, ticks_per_second / 100000 % 10, apic_hz / 1000000,
		    apic_hz / 100000 % 10, reference_name);
}

uint64_t arch_ticks(void)
{
	return read_tsc();
}

uint64_t arch_ticks_per_second(void)
{
	return ticks_per_second;
}

/* ---- the timer: it is always armed for one interrupt, that of what comes first ---- */

/* Rounded up, and one more: an interrupt may be a little late, but is rarely too early. */
static void timer_arm(uint64_t now)
{
	uint64_t first = timer.deadline < timer.next_tick ? timer.deadline : timer.next_tick;
	uint64_t wait = first > now ? first - now : 0; /* at most a tick: no overflow */

	if (timer.is_lent)
		return;
	apic_timer_once((uint32_t)(wait * apic_hz / ticks_per_second) + 1);
}

void arch_timer_start(unsigned frequency_hz)
{
	uint64_t now = read_tsc();
	irq_state_t state = arch_irq_save();

	KASSERT(frequency_hz > 0 && apic_hz >= frequency_hz);
	timer.period = ticks_per_second / frequency_hz;
	timer.next_tick = now + timer.period;
	timer_arm(now);
	arch_irq_restore(state);
}

void arch_timer_deadline(uint64_t ticks)
{
	timer.deadline = ticks;
	if (timer.period && ticks < timer.next_tick)
		timer_arm(read_tsc());
}

#ifdef QUIRE_DEBUG
void clock_timer_lend(void)
{
	timer.is_lent = true;
}

void clock_timer_give_back(void)
{
	timer.is_lent = false;
	timer_arm(read_tsc());
}
#endif

void clock_interrupt(void)
{
	uint64_t now = read_tsc();
	bool is_tick = now >= timer.next_tick, is_deadline = now >= timer.deadline;

	if (is_tick) { /* ticks that were missed do not come again */
		timer.next_tick += timer.period;
		if (timer.next_tick <= now)
			timer.next_tick = now + timer.period;
	}
	if (is_deadline)
		timer.deadline = UINT64_MAX;
	timer_arm(now);
	if (is_tick)
		upcall_timer_tick();
	else if (is_deadline)
		upcall_timer_deadline();
}

/*
 * clock.c - the frequencies of the TSC and of the APIC timer, measured against a clock of known frequency: the ACPI timer, or the
 * PIT where there is none.
 *
 * Under QEMU's -icount all three clocks count guest instructions, and runs must agree to the last tick. The measurement starts and
 * ends at a tick of the reference, and its result is rounded to 0.1 MHz, so that where in a tick the first read fell does
 * not show. Between reads the CPU computes: reading a port is the slow part in a virtual machine.
 */
#include "clock.h"

#include "arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"

#include "acpi.h"
#include "apic.h"
#include "cpu.h"

#define ACPI_TIMER_HZ 3579545u
#define ACPI_TIMER_MASK 0xFFFFFFu /* 24 bits are always there */
#define ACPI_TIMER_WINDOW 14318u  /* 4 ms */
/* A timer that has not moved after so many reads is not there. */
#define READS_MAX 1000000u

#define PIT_HZ 1193182u
#define PIT_WINDOW 4773u /* 4 ms */
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_CHANNEL2_ONE_SHOT 0xB0 /* both bytes, mode 0: output rises at the end of the count */
#define PIT_CONTROL 0x61
#define PIT_CONTROL_GATE 0x01
#define PIT_CONTROL_SPEAKER 0x02
#define PIT_CONTROL_OUTPUT 0x20

#define ROUNDING_HZ 100000u
#define DEFAULT_TICKS_PER_SECOND 1000000000u

/* Both clocks at one moment. */
struct reading {
	uint64_t tsc;
	uint32_t apic; /* counts down */
};

static uint64_t ticks_per_second = DEFAULT_TICKS_PER_SECOND;
static uint64_t apic_hz;
static const char *reference_name;

static struct reading take_reading(void)
{
	return (struct reading){.tsc = read_tsc(), .apic = apic_timer_count()};
}

static uint64_t frequency(uint64_t counted, uint64_t reference_ticks, uint64_t reference_hz)
{
	uint64_t hz = counted * reference_hz / reference_ticks;

	return (hz + ROUNDING_HZ / 2) / ROUNDING_HZ * ROUNDING_HZ;
}

static bool set_frequencies(struct reading start, struct reading end, uint64_t reference_ticks,
			    uint64_t reference_hz)
{
	uint64_t tsc = frequency(end.tsc - start.tsc, reference_ticks, reference_hz);
	uint64_t apic = frequency(start.apic - end.apic, reference_ticks, reference_hz);

	if (tsc == 0 || apic == 0)
		return false;
	ticks_per_second = tsc;
	apic_hz = apic;
	return true;
}

/* Passes time without a port access. */
static void compute_a_little(void)
{
	for (volatile unsigned i = 0; i < 2000; i++)
		;
}

/* Waits until the ACPI timer has moved on from `from`, and says where it is then. False if it stands. */
static bool acpi_timer_edge(uint16_t port, uint32_t from, uint32_t *now)
{
	for (unsigned reads = 0; reads < READS_MAX; reads++) {
		*now = port_read32(port) & ACPI_TIMER_MASK;
		if (*now != from)
			return true;
	}
	return false;
}

static bool measure_by_acpi_timer(uint16_t port)
{
	uint32_t first, now;
	unsigned reads = 0;
	struct reading start;

	if (!acpi_timer_edge(port, port_read32(port) & ACPI_TIMER_MASK, &first))
		return false;
	start = take_reading();
	do {
		compute_a_little();
		now = port_read32(port) & ACPI_TIMER_MASK;
	} while (((now - first) & ACPI_TIMER_MASK) < ACPI_TIMER_WINDOW && ++reads < READS_MAX);
	if (reads == READS_MAX || !acpi_timer_edge(port, now, &now))
		return false;
	return set_frequencies(start, take_reading(), (now - first) & ACPI_TIMER_MASK,
			       ACPI_TIMER_HZ);
}

static bool measure_by_pit(void)
{
	uint8_t control = port_read8(PIT_CONTROL) & (uint8_t)~PIT_CONTROL_SPEAKER;
	struct reading start;

	port_write8(PIT_CONTROL, control & (uint8_t)~PIT_CONTROL_GATE);
	port_write8(PIT_COMMAND, PIT_CHANNEL2_ONE_SHOT);
	port_write8(PIT_CHANNEL2, PIT_WINDOW & 0xFF);
	port_write8(PIT_CHANNEL2, PIT_WINDOW >> 8);
	port_write8(PIT_CONTROL, control | PIT_CONTROL_GATE);
	start = take_reading();
	for (unsigned reads = 0; reads < READS_MAX; reads++)
		if (port_read8(PIT_CONTROL) & PIT_CONTROL_OUTPUT)
			return set_frequencies(start, take_reading(), PIT_WINDOW, PIT_HZ);
	return false;
}

void clock_init(void)
{
	uint16_t port = acpi_timer_port();

	apic_timer_free_run();
	if (port != 0 && measure_by_acpi_timer(port))
		reference_name = "ACPI timer";
	else if (measure_by_pit())
		reference_name = "PIT";
	else
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

void arch_timer_start(unsigned frequency_hz)
{
	KASSERT(frequency_hz > 0 && apic_hz >= frequency_hz);
	apic_timer_periodic((uint32_t)(apic_hz / frequency_hz));
}

/*
 * time.c - what time it is: since the kernel started, and since 1601.
 */
#include "time.h"

#include "scheduler.h"

/*
 * Seconds from NT's epoch (1601-01-01) to that of the clock chip (1970-01-01): 369 years with 89
 * leap days.
 */
#define SECONDS_1601_TO_1970 11644473600ull

/*
 * It was base_time at base_ticks, and the clock has had this frequency since. All change at start
 * only, before there is a second thread or a timer interrupt.
 */
static uint64_t base_time, base_ticks, frequency;

void time_init(void)
{
	base_time = 0;
	base_ticks = arch_ticks();
	frequency = arch_ticks_per_second();
}

/* The machine has measured its clock (arch_init_timers): what was counted before stays. */
static void frequency_change(uint64_t measured)
{
	uint64_t ticks = arch_ticks();

	base_time += time_from_ticks(ticks - base_ticks, frequency);
	base_ticks = ticks;
	frequency = measured;
}

uint64_t time_now(void)
{
	if (!frequency)
		return 0;
	if (arch_ticks_per_second() != frequency)
		frequency_change(arch_ticks_per_second());
	return base_time + time_from_ticks(arch_ticks() - base_ticks, frequency);
}

uint64_t time_to_ticks(uint64_t time)
{
	uint64_t passed = time > base_time ? time - base_time : 0;
	uint64_t seconds = passed / TIME_UNITS_PER_SECOND, rest = passed % TIME_UNITS_PER_SECOND;

	if (!frequency || seconds >= (UINT64_MAX - base_ticks) / frequency - 1)
		return UINT64_MAX;
	return base_ticks + seconds * frequency +
	       (rest * frequency + TIME_UNITS_PER_SECOND - 1) / TIME_UNITS_PER_SECOND;
}

uint64_t time_system(void)
{
	return (SECONDS_1601_TO_1970 + arch_wall_clock_seconds()) * TIME_UNITS_PER_SECOND +
	       time_now();
}

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

static uint64_t start_ticks;
static bool is_started;

void time_init(void)
{
	start_ticks = arch_ticks();
	is_started = true;
}

uint64_t time_now(void)
{
	if (!is_started)
		return 0;
	return time_from_ticks(arch_ticks() - start_ticks, arch_ticks_per_second());
}

uint64_t time_system(void)
{
	return (SECONDS_1601_TO_1970 + arch_wall_clock_seconds()) * TIME_UNITS_PER_SECOND +
	       time_now();
}

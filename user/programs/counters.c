/*
 * counters.c - prints in one line what the system has counted since it started: faults by class,
 * pages moved, ticks. The difference of two such lines is what happened in between.
 */
#include "counters.h"
#include "program.h"

int program_main(int argc, char **argv)
{
	struct counters counters;

	(void)argc;
	(void)argv;
	counters_read_system(&counters);
	counters_print("total", "", &counters);
	return 0;
}

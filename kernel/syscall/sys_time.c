/*
 * sys_time.c - NtQuerySystemTime, NtQueryPerformanceCounter.
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"

NTSTATUS NtQuerySystemTime(const uint64_t *arguments)
{
	uint64_t time = time_system();

	return copy_out(arguments[0], &time, sizeof(time));
}

/* The counter is the TSC: under QEMU -icount one tick per guest instruction. */
NTSTATUS NtQueryPerformanceCounter(const uint64_t *arguments)
{
	vaddr_t frequency_address = arguments[1];
	uint64_t counter, frequency = arch_ticks_per_second();
	NTSTATUS status = probe_write(arguments[0], sizeof(counter));

	if (NT_SUCCESS(status) && frequency_address)
		status = copy_out(frequency_address, &frequency, sizeof(frequency));
	if (!NT_SUCCESS(status))
		return status;
	counter = arch_ticks();
	return copy_out(arguments[0], &counter, sizeof(counter));
}

/*
 * sys_system_set.c - NtSetSystemInformation: what programs may set of the system as a whole.
 */
#include "syscall.h"

#include "failures.h"
#include "kernel/io/device.h"
#include "kernel/mm/user_memory.h"
#include "sweep.h"

/* NT asks for a privilege; there are none here. */
NTSTATUS NtSetSystemInformation(const uint64_t *arguments)
{
	uint32_t class = (uint32_t)arguments[0], length_bytes = (uint32_t)arguments[2];
	struct quire_disk settings;
	NTSTATUS status;

#ifdef QUIRE_DEBUG
	if (class == QUIRE_SYSTEM_FAILURES)
		return failures_set(arguments);
#endif
	status = probe_read(arguments[1], length_bytes);
	if (!NT_SUCCESS(status))
		return status;
#ifdef QUIRE_DEBUG
	if (class == QUIRE_SYSTEM_SWEEP)
		return sweep_arm(arguments[1], length_bytes);
#endif
	if (class != QUIRE_SYSTEM_DISK)
		return STATUS_INVALID_INFO_CLASS;
	if (length_bytes != sizeof(settings))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = copy_in(&settings, arguments[1], sizeof(settings));
	return NT_SUCCESS(status) ? device_configure(&settings) : status;
}

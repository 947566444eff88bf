/*
 * sys_system_set.c - NtSetSystemInformation: what programs may set of the system as a whole.
 */
#include "syscall.h"

#include "failures.h"
#include "kernel/io/device.h"
#include "kernel/mm/user_memory.h"
#include "sweep.h"

static NTSTATUS set_disk(vaddr_t buffer, uint32_t length_bytes)
{
	struct quire_disk settings;
	NTSTATUS status;

	if (length_bytes != sizeof(settings))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = copy_in(&settings, buffer, sizeof(settings));
	return NT_SUCCESS(status) ? device_configure(&settings) : status;
}

#ifdef QUIRE_DEBUG
static NTSTATUS set_markers(vaddr_t buffer, uint32_t length_bytes)
{
	struct quire_markers markers;
	NTSTATUS status;

	if (length_bytes != sizeof(markers))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = copy_in(&markers, buffer, sizeof(markers));
	if (NT_SUCCESS(status))
		thread_marks_stacks = markers.stacks != 0;
	return status;
}
#endif

static const struct setting_of_system {
	uint32_t class;
	NTSTATUS (*set)(vaddr_t buffer, uint32_t length_bytes);
} settings_of_system[] = {
	{QUIRE_SYSTEM_DISK, set_disk},
#ifdef QUIRE_DEBUG
	{QUIRE_SYSTEM_MARKERS, set_markers},
	{QUIRE_SYSTEM_SWEEP, sweep_arm},
#endif
};

/* NT asks for a privilege; there are none here. */
NTSTATUS NtSetSystemInformation(const uint64_t *arguments)
{
	uint32_t class = (uint32_t)arguments[0], length_bytes = (uint32_t)arguments[2];
	NTSTATUS status;

#ifdef QUIRE_DEBUG
	if (class == QUIRE_SYSTEM_FAILURES)
		return failures_set(arguments);
#endif
	status = probe_read(arguments[1], length_bytes);
	if (!NT_SUCCESS(status))
		return status;
	for (size_t i = 0; i < sizeof(settings_of_system) / sizeof(settings_of_system[0]); i++)
		if (settings_of_system[i].class == class)
			return settings_of_system[i].set(arguments[1], length_bytes);
	return STATUS_INVALID_INFO_CLASS;
}

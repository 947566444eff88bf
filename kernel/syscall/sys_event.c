/*
 * sys_event.c - NtCreateEvent, NtOpenEvent, NtSetEvent, NtResetEvent, NtClearEvent, NtPulseEvent,
 * NtQueryEvent.
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"
#include "kernel/object/synchronization.h"
#include "named.h"

NTSTATUS NtCreateEvent(const uint64_t *arguments)
{
	uint32_t kind = (uint32_t)arguments[3];
	struct creation creation;
	struct event *event = NULL;
	NTSTATUS status;

	if (kind != NOTIFICATION_EVENT && kind != SYNCHRONIZATION_EVENT)
		return STATUS_INVALID_PARAMETER;
	status = creation_capture(arguments, &event_type, &creation);
	if (!NT_SUCCESS(status))
		return status;
	status = event_create((enum event_kind)kind, (uint8_t)arguments[4] != 0, &event);
	return creation_finish(&creation, status, (struct object *)event);
}

NTSTATUS NtOpenEvent(const uint64_t *arguments)
{
	return object_open(arguments, &event_type);
}

/* One of the calls that change the state and tell what it was (to state_address, or nobody). */
static NTSTATUS event_change(handle_t handle, vaddr_t state_address,
			     int32_t (*change)(struct waitable *))
{
	struct event *event;
	int32_t previous;
	NTSTATUS status =
		state_address ? probe_write(state_address, sizeof(previous)) : STATUS_SUCCESS;

	if (NT_SUCCESS(status))
		status = process_reference_by_handle(handle, &event_type, EVENT_MODIFY_STATE,
						     &event, NULL);
	if (!NT_SUCCESS(status))
		return status;
	previous = change(&event->waitable);
	object_release(event);
	return state_address ? copy_out(state_address, &previous, sizeof(previous))
			     : STATUS_SUCCESS;
}

NTSTATUS NtSetEvent(const uint64_t *arguments)
{
	return event_change(arguments[0], arguments[1], event_set);
}

NTSTATUS NtResetEvent(const uint64_t *arguments)
{
	return event_change(arguments[0], arguments[1], event_reset);
}

NTSTATUS NtClearEvent(const uint64_t *arguments)
{
	return event_change(arguments[0], 0, event_reset);
}

NTSTATUS NtPulseEvent(const uint64_t *arguments)
{
	return event_change(arguments[0], arguments[1], event_pulse);
}

NTSTATUS NtQueryEvent(const uint64_t *arguments)
{
	struct nt_event_basic_information information;
	struct event *event;
	NTSTATUS status =
		query_open(arguments, &event_type, EVENT_QUERY_STATE, sizeof(information), &event);

	if (!NT_SUCCESS(status))
		return status;
	information = (struct nt_event_basic_information){
		.event_type = event->waitable.kind == WAITABLE_NOTIFICATION ? NOTIFICATION_EVENT
									    : SYNCHRONIZATION_EVENT,
		.event_state = waitable_state(&event->waitable),
	};
	object_release(event);
	return query_result(arguments[2], &information, sizeof(information), arguments[4], 4);
}

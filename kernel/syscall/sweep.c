/*
 * sweep.c - an interrupt at an instruction that a test chooses, which sets an event: so a waiter of
 * higher priority takes the CPU there, and does to the interrupted thread what the test is about.
 *
 * One at a time in the whole system. The event is held from the arming to the next query.
 */
#include "sweep.h"

#include "kernel/core/upcall.h"
#include "kernel/mm/user_memory.h"
#include "kernel/object/synchronization.h"

#ifdef QUIRE_DEBUG
/* Changed with interrupts disabled, which is enough on one CPU. */
static struct event *shot_event;

static void event_replace(struct event *event)
{
	irq_state_t state = arch_irq_save();
	struct event *previous = shot_event;

	shot_event = event;
	arch_irq_restore(state);
	if (previous)
		object_release(previous);
}

NTSTATUS sweep_arm(vaddr_t buffer, uint32_t length_bytes)
{
	struct quire_sweep sweep;
	struct event *event = NULL;
	NTSTATUS status;

	if (length_bytes != sizeof(sweep))
		return STATUS_INFO_LENGTH_MISMATCH;
	status = copy_in(&sweep, buffer, sizeof(sweep));
	if (!NT_SUCCESS(status))
		return status;
	if (!sweep.after)
		return STATUS_INVALID_PARAMETER;
	if (sweep.event)
		status = process_reference_by_handle(sweep.event, &event_type, EVENT_MODIFY_STATE,
						     &event, NULL);
	if (!NT_SUCCESS(status))
		return status;
	(void)arch_shot_disarm();
	event_replace(event);
	arch_shot_arm(sweep.after, sweep.is_nmi != 0);
	return STATUS_SUCCESS;
}

NTSTATUS query_sweep(const struct system_query *query)
{
	struct shot shot = arch_shot_disarm();
	struct quire_sweep_result result = {
		.has_come = shot.has_come,
		.from_user = shot.from_user,
		.irq_enabled = shot.irq_enabled,
		.ticks = shot.ticks,
		.place = shot.place,
	};

	event_replace(NULL);
	return system_answer(query, &result, sizeof(result));
}

/* The interrupted code holds no spinlock: it had interrupts enabled. */
void upcall_shot(void)
{
	if (shot_event)
		event_set(&shot_event->waitable);
}
#endif

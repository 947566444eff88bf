/*
 * alert.c - alerts: what ends an alertable wait, or a wait for nothing but an alert.
 */
#include "dispatcher_private.h"

void thread_alert(struct thread *thread)
{
	spin_lock(&dispatcher_lock);
	if (!wait_interrupt(thread, STATUS_ALERTED))
		thread->is_alerted = true;
	spin_unlock(&dispatcher_lock);
}

NTSTATUS thread_test_alert(void)
{
	struct thread *thread = thread_current();
	bool was_alerted;

	spin_lock(&dispatcher_lock);
	was_alerted = thread->is_alerted;
	thread->is_alerted = false;
	spin_unlock(&dispatcher_lock);
	return was_alerted ? STATUS_ALERTED : STATUS_SUCCESS;
}

void thread_mark_user_apc(struct thread *thread, bool is_pending)
{
	spin_lock(&dispatcher_lock);
	thread->has_user_apc = is_pending;
	if (is_pending)
		wait_interrupt(thread, STATUS_USER_APC);
	spin_unlock(&dispatcher_lock);
}

void thread_alert_by_id(struct thread *thread)
{
	spin_lock(&dispatcher_lock);
	thread->is_alerted_by_id = true;
	thread_wake(&thread->is_alerted_by_id);
	spin_unlock(&dispatcher_lock);
}

NTSTATUS thread_wait_for_alert_by_id(const int64_t *timeout)
{
	struct thread *thread = thread_current();
	uint64_t deadline = timeout_deadline(timeout);
	NTSTATUS status = STATUS_SUCCESS;

	spin_lock(&dispatcher_lock);
	while (!thread->is_alerted_by_id && status == STATUS_SUCCESS)
		status = thread_sleep_for(QUIRE_WAIT_ALERT, &thread->is_alerted_by_id,
					  &dispatcher_lock, deadline, true);
	if (thread->is_alerted_by_id) {
		thread->is_alerted_by_id = false;
		status = STATUS_ALERTED;
	}
	spin_unlock(&dispatcher_lock);
	return status;
}

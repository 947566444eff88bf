/*
 * thread_id.c - threads by their ids.
 */
#include "process.h"

/* Is it a thread of that process? With `alert`, it is alerted. */
static bool process_has_thread(struct process *process, uint64_t id, bool alert)
{
	struct user_thread *thread;

	mutex_lock(&process->lock);
	TAILQ_FOREACH (thread, &process->threads, link) {
		if (thread->id == id)
			break;
	}
	if (thread && alert)
		thread_alert_by_id(&thread->thread);
	mutex_unlock(&process->lock);
	return thread != NULL;
}

NTSTATUS user_thread_alert_by_id(uint64_t id)
{
	struct process *process;
	bool is_found = false;

	if (process_has_thread(process_current(), id, true))
		return STATUS_SUCCESS;
	for (uint64_t last = 0; !is_found && (process = process_reference_next(last));) {
		last = process->id;
		is_found = process_has_thread(process, id, false);
		object_release(process);
	}
	return is_found ? STATUS_ACCESS_DENIED : STATUS_INVALID_CID;
}

/*
 * priority.c - priorities as programs set them: a class for the process, an increment for a thread.
 */
#include "process_private.h"

#define PRIORITY_LOWEST 1
#define PRIORITY_HIGHEST 15 /* above is real time */
#define INCREMENT_MAX 2
#define INCREMENT_SATURATION 15

uint8_t priority_of_class(enum priority_class class)
{
	switch (class) {
	case PRIORITY_CLASS_IDLE:
		return 4;
	case PRIORITY_CLASS_BELOW_NORMAL:
		return 6;
	case PRIORITY_CLASS_UNKNOWN:
	case PRIORITY_CLASS_NORMAL:
		return THREAD_PRIORITY_NORMAL;
	case PRIORITY_CLASS_ABOVE_NORMAL:
		return 10;
	case PRIORITY_CLASS_HIGH:
		return 13;
	case PRIORITY_CLASS_REALTIME:
		return 24;
	}
	return THREAD_PRIORITY_NORMAL;
}

static void priority_apply_locked(struct user_thread *thread)
{
	int priority =
		priority_of_class(thread->process->priority_class) + thread->priority_increment;

	KASSERT(mutex_is_held(&thread->process->lock));
	if (priority < PRIORITY_LOWEST)
		priority = PRIORITY_LOWEST;
	if (priority > PRIORITY_HIGHEST)
		priority = PRIORITY_HIGHEST;
	if (!thread->gone)
		thread_set_priority(&thread->thread, (uint8_t)priority);
}

NTSTATUS process_set_priority_class(struct process *process, uint8_t class)
{
	struct user_thread *thread;

	if (class == PRIORITY_CLASS_UNKNOWN || class > PRIORITY_CLASS_ABOVE_NORMAL)
		return STATUS_INVALID_PARAMETER;
	if (class == PRIORITY_CLASS_REALTIME)
		return STATUS_PRIVILEGE_NOT_HELD;
	mutex_lock(&process->lock);
	process->priority_class = class;
	TAILQ_FOREACH (thread, &process->threads, link)
		priority_apply_locked(thread);
	mutex_unlock(&process->lock);
	return STATUS_SUCCESS;
}

NTSTATUS user_thread_set_base_priority(struct user_thread *thread, int32_t increment)
{
	bool is_end = increment == INCREMENT_SATURATION || increment == -INCREMENT_SATURATION;

	if (!is_end && (increment < -INCREMENT_MAX || increment > INCREMENT_MAX))
		return STATUS_INVALID_PARAMETER;
	mutex_lock(&thread->process->lock);
	thread->priority_increment = increment;
	priority_apply_locked(thread);
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

NTSTATUS user_thread_set_priority(struct user_thread *thread, int32_t priority)
{
	if (priority < PRIORITY_LOWEST || priority >= THREAD_PRIORITY_LEVELS)
		return STATUS_INVALID_PARAMETER;
	if (priority > PRIORITY_HIGHEST)
		return STATUS_PRIVILEGE_NOT_HELD;
	mutex_lock(&thread->process->lock);
	if (!thread->gone)
		thread_set_priority(&thread->thread, (uint8_t)priority);
	mutex_unlock(&thread->process->lock);
	return STATUS_SUCCESS;
}

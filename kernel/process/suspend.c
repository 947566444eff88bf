/*
 * suspend.c - threads that others stop: suspension counts, and the registers of a stopped thread.
 *
 * The count is under process.lock; `suspend` in the core thread says "it is not 0" to the thread
 * itself, which looks at it on each way back to user mode and sleeps there until it is clear. The
 * sleep is interruptible, so a request to end comes first.
 */
#include "process_private.h"

/* Channel: the thread's `suspend`. Clearing it and falling asleep are both under this lock. */
static struct spinlock stop_lock = SPINLOCK_INIT("stopped threads", RANK_OBJECT);

void user_thread_stop(void)
{
	struct thread *thread = thread_current();
	NTSTATUS status = STATUS_SUCCESS;

	spin_lock(&stop_lock);
	while (atomic_load(&thread->suspend) && status == STATUS_SUCCESS)
		status = thread_sleep_for(QUIRE_WAIT_STOPPED, &thread->suspend, &stop_lock,
					  TIME_FOREVER, true);
	spin_unlock(&stop_lock);
}

/* ---- counts ---- */

static NTSTATUS suspend_locked(struct user_thread *thread, uint32_t *previous_count)
{
	KASSERT(mutex_is_held(&thread->process->lock));
	if (thread->gone || atomic_load(&thread->thread.terminate))
		return STATUS_THREAD_IS_TERMINATING;
	if (thread->suspend_count == THREAD_SUSPEND_COUNT_MAX)
		return STATUS_SUSPEND_COUNT_EXCEEDED;
	*previous_count = thread->suspend_count++;
	if (thread->started)
		atomic_store(&thread->thread.suspend, true);
	return STATUS_SUCCESS;
}

/* The count has become 0: a thread that never ran is started. */
static void release_locked(struct user_thread *thread)
{
	if (!thread->started) {
		thread->started = true;
		thread_start(&thread->thread);
		return;
	}
	spin_lock(&stop_lock);
	atomic_store(&thread->thread.suspend, false);
	thread_wake(&thread->thread.suspend);
	spin_unlock(&stop_lock);
}

static NTSTATUS resume_locked(struct user_thread *thread, uint32_t *previous_count)
{
	KASSERT(mutex_is_held(&thread->process->lock));
	*previous_count = thread->gone ? 0 : thread->suspend_count;
	if (*previous_count == 0)
		return STATUS_SUCCESS;
	thread->suspend_count--;
	if (thread->suspend_count == 0)
		release_locked(thread);
	return STATUS_SUCCESS;
}

NTSTATUS user_thread_suspend(struct user_thread *thread, uint32_t *previous_count)
{
	NTSTATUS status;

	mutex_lock(&thread->process->lock);
	status = suspend_locked(thread, previous_count);
	mutex_unlock(&thread->process->lock);
	return status;
}

void user_thread_resume(struct user_thread *thread, uint32_t *previous_count)
{
	mutex_lock(&thread->process->lock);
	(void)resume_locked(thread, previous_count);
	mutex_unlock(&thread->process->lock);
}

uint32_t user_thread_suspend_count(struct user_thread *thread)
{
	uint32_t count;

	mutex_lock(&thread->process->lock);
	count = thread->gone ? 0 : thread->suspend_count;
	mutex_unlock(&thread->process->lock);
	return count;
}

/* The step for every thread; one that refuses it is left out. */
static NTSTATUS process_step(struct process *process,
			     NTSTATUS (*step)(struct user_thread *thread, uint32_t *previous_count))
{
	struct user_thread *thread;
	uint32_t count;
	bool exiting;

	mutex_lock(&process->lock);
	exiting = process->exiting;
	if (!exiting) {
		TAILQ_FOREACH (thread, &process->threads, link)
			(void)step(thread, &count);
	}
	mutex_unlock(&process->lock);
	return exiting ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
}

NTSTATUS process_suspend(struct process *process)
{
	return process_step(process, suspend_locked);
}

NTSTATUS process_resume(struct process *process)
{
	return process_step(process, resume_locked);
}

/* ---- registers: process.lock keeps the thread from giving its kernel stack away ---- */

NTSTATUS user_thread_context_read(struct user_thread *thread, struct nt_context *context)
{
	bool gone;

	mutex_lock(&thread->process->lock);
	gone = thread->gone;
	if (!gone)
		arch_context_read(&thread->thread, context);
	mutex_unlock(&thread->process->lock);
	return gone ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

NTSTATUS user_thread_context_write(struct user_thread *thread, const struct nt_context *context)
{
	bool gone;

	mutex_lock(&thread->process->lock);
	gone = thread->gone;
	if (!gone)
		arch_context_write(&thread->thread, context);
	mutex_unlock(&thread->process->lock);
	return gone ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

/*
 * lock_order.c - debug builds: which locks each thread holds, and the rule that ranks only rise
 * (lock.h).
 *
 * The record is the thread's own, so no lock guards it; but an interrupt handler borrows the
 * interrupted thread and takes spinlocks of its own, so each change is made with interrupts
 * disabled. Before thread_system_init there is no thread and no record.
 */
#include "scheduler.h"

#include "lock_fast.h"

#ifdef QUIRE_DEBUG

static void order_check(const struct thread *thread, uint8_t rank, const char *name)
{
	for (unsigned i = 0; i < thread->lock_depth; i++) {
		if (thread->lock_ranks[i] >= rank)
			panic("lock order: %s (rank %u) is taken while %s (rank %u) is held", name,
			      rank, thread->lock_names[i], thread->lock_ranks[i]);
	}
	if (thread->lock_depth == THREAD_LOCKS_MAX)
		panic("lock order: %s would be lock number %u of thread %s", name,
		      THREAD_LOCKS_MAX + 1u, thread->name);
}

static void record_push(struct thread *thread, uint8_t rank, const char *name)
{
	thread->lock_ranks[thread->lock_depth] = rank;
	thread->lock_names[thread->lock_depth] = name;
	thread->lock_depth++;
}

/* Locks may be released in any order. */
static void record_pop(struct thread *thread, uint8_t rank, const char *name)
{
	unsigned at = thread->lock_depth;

	while (at > 0 && (thread->lock_ranks[at - 1] != rank || thread->lock_names[at - 1] != name))
		at--;
	if (at == 0)
		panic("lock order: %s is released by thread %s, which does not hold it", name,
		      thread->name);
	for (; at < thread->lock_depth; at++) {
		thread->lock_ranks[at - 1] = thread->lock_ranks[at];
		thread->lock_names[at - 1] = thread->lock_names[at];
	}
	thread->lock_depth--;
}

void lock_order_spin_taken(const struct spinlock *lock)
{
	struct thread *thread = thread_current();

	if (!thread)
		return;
	record_push(thread, lock->rank, lock->name);
	thread->spinlock_depth++;
}

void lock_order_spin_released(const struct spinlock *lock)
{
	struct thread *thread = thread_current();

	if (!atomic_load_explicit(&lock->held, memory_order_relaxed))
		panic("spinlock %s is released but not held", lock->name);
	if (!thread)
		return;
	record_pop(thread, lock->rank, lock->name);
	thread->spinlock_depth--;
}

void lock_order_assert_only(const struct spinlock *lock)
{
	const struct thread *thread = thread_current();

	for (unsigned i = 0; i < thread->lock_depth; i++) {
		if (!lock || thread->lock_names[i] != lock->name)
			panic("thread %s sleeps while it holds %s", thread->name,
			      thread->lock_names[i]);
	}
}

void lock_assert_none_held(void)
{
	const struct thread *thread = thread_current();

	if (thread && thread->lock_depth)
		panic("%s is held where no lock may be",
		      thread->lock_names[thread->lock_depth - 1]);
}

/* ---- the debug builds' lock functions ---- */

void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
	irq_state_t state = arch_irq_save();
	struct thread *thread = thread_current();

	if (thread)
		order_check(thread, lock->rank, lock->name);
	spin_lock_fast(lock);
	lock->irq_state = state;
	lock_order_spin_taken(lock);
}

void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
	lock_order_spin_released(lock);
	spin_unlock_fast(lock);
}

void mutex_lock(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread = thread_current();
	irq_state_t state;

	if (!mutex->name)
		panic("a mutex is taken before mutex_init");
	if (thread && thread->spinlock_depth)
		panic("mutex %s is taken under spinlock %s", mutex->name,
		      thread->lock_names[thread->lock_depth - 1]);
	/* Before waiting: a wrong order is wrong even where it goes well. */
	if (thread)
		order_check(thread, mutex->rank, mutex->name);
	mutex_lock_fast(mutex);
	state = arch_irq_save();
	if (thread)
		record_push(thread, mutex->rank, mutex->name);
	arch_irq_restore(state);
}

void mutex_unlock(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread = thread_current();
	irq_state_t state = arch_irq_save();

	if (thread)
		record_pop(thread, mutex->rank, mutex->name);
	arch_irq_restore(state);
	mutex_unlock_fast(mutex);
}

#endif

/*
 * lock_fast.h - the uncontended cases of lock.h, inline. Included by lock.h in release builds and
 * by lock.c always.
 *
 * Nothing here is for others to call: the names without _fast are the interface.
 */
#pragma once

#include "lock.h"

/* True when a thread that should run now instead of the current one is ready (scheduler.c). */
extern atomic_bool scheduler_reschedule;
/* Switches to it, unless interrupts are disabled. */
void scheduler_preempt(void);

/* The cases that are not fast (lock.c). */
void spin_lock_contended(struct spinlock *lock);
void mutex_lock_contended(struct mutex *mutex);
void mutex_unlock_contended(struct mutex *mutex);

static inline void spin_lock_fast(struct spinlock *lock)
{
	irq_state_t state = arch_irq_save();

	if (__builtin_expect(atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) != 0,
			     0))
		spin_lock_contended(lock);
	lock->irq_state = state;
}

static inline void spin_unlock_fast(struct spinlock *lock)
{
	irq_state_t state = lock->irq_state;

	atomic_store_explicit(&lock->held, 0, memory_order_release);
	arch_irq_restore(state);
	if (__builtin_expect(atomic_load_explicit(&scheduler_reschedule, memory_order_relaxed), 0))
		scheduler_preempt();
}

/*
 * Before thread_system_init there is no current thread and nobody to wait for: NULL takes the lock,
 * and gives it back.
 */
static inline void mutex_lock_fast(struct mutex *mutex)
{
	struct thread *owner = NULL;

	if (!atomic_compare_exchange_strong_explicit(&mutex->owner, &owner, arch_current_thread(),
						     memory_order_acquire, memory_order_relaxed))
		mutex_lock_contended(mutex);
}

static inline void mutex_unlock_fast(struct mutex *mutex)
{
	struct thread *owner = arch_current_thread();

	if (!atomic_compare_exchange_strong_explicit(&mutex->owner, &owner, NULL,
						     memory_order_release, memory_order_relaxed))
		mutex_unlock_contended(mutex);
}

#ifndef QUIRE_DEBUG

static inline void spin_lock(struct spinlock *lock) ACQUIRES(*lock) NO_THREAD_SAFETY_ANALYSIS
{
	spin_lock_fast(lock);
}

static inline void spin_unlock(struct spinlock *lock) RELEASES(*lock) NO_THREAD_SAFETY_ANALYSIS
{
	spin_unlock_fast(lock);
}

static inline void mutex_lock(struct mutex *mutex) ACQUIRES(*mutex) NO_THREAD_SAFETY_ANALYSIS
{
	mutex_lock_fast(mutex);
}

static inline void mutex_unlock(struct mutex *mutex) RELEASES(*mutex) NO_THREAD_SAFETY_ANALYSIS
{
	mutex_unlock_fast(mutex);
}

static inline void lock_assert_none_held(void)
{
}

#endif

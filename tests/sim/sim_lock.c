/*
 * sim_lock.c - spinlocks and mutexes with every check on: rank, double taking, ownership.
 *
 * Spinlocks disable interrupts and nobody is switched to while they are off, so a spinlock is never
 * waited for: one that is taken twice would hang a kernel with one CPU, and is a panic here.
 */
#include "sim_internal.h"

static unsigned spinlocks_held;

unsigned sim_spinlocks_held(void)
{
	return spinlocks_held;
}

void sim_locks_reset(void)
{
	spinlocks_held = 0;
}

/* ---- ranks: what the current thread holds, in order of taking ---- */

static void rank_push(uint8_t rank, const char *name)
{
	struct thread *thread = thread_current();

	for (unsigned i = 0; i < thread->lock_depth; i++) {
		if (thread->lock_ranks[i] >= rank)
			panic("lock order: %s (rank %u) taken while %s (rank %u) is held", name,
			      rank, thread->lock_names[i], thread->lock_ranks[i]);
	}
	if (thread->lock_depth == THREAD_LOCKS_MAX)
		panic("lock order: more than %d locks held", THREAD_LOCKS_MAX);
	thread->lock_ranks[thread->lock_depth] = rank;
	thread->lock_names[thread->lock_depth] = name;
	thread->lock_depth++;
}

/* Locks may be released in any order. */
static void rank_pop(uint8_t rank, const char *name)
{
	struct thread *thread = thread_current();
	unsigned at = thread->lock_depth;

	while (at > 0 && (thread->lock_ranks[at - 1] != rank || thread->lock_names[at - 1] != name))
		at--;
	if (at == 0)
		panic("lock order: %s released by a thread that does not hold it", name);
	for (; at < thread->lock_depth; at++) {
		thread->lock_ranks[at - 1] = thread->lock_ranks[at];
		thread->lock_names[at - 1] = thread->lock_names[at];
	}
	thread->lock_depth--;
}

void lock_assert_none_held(void)
{
	const struct thread *thread = thread_current();

	if (thread->lock_depth)
		panic("%s is held where no lock may be",
		      thread->lock_names[thread->lock_depth - 1]);
	KASSERT(spinlocks_held == 0 && arch_irq_enabled());
}

/* ---- spinlocks ---- */

void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
	irq_state_t state;

	sim_point(SIM_POINT_LOCK, lock->name);
	state = arch_irq_save();
	if (atomic_load(&lock->held))
		panic("spinlock %s is taken twice", lock->name);
	rank_push(lock->rank, lock->name);
	atomic_store(&lock->held, 1);
	lock->irq_state = state;
	spinlocks_held++;
}

void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
	if (!atomic_load(&lock->held))
		panic("spinlock %s is released but not held", lock->name);
	rank_pop(lock->rank, lock->name);
	atomic_store(&lock->held, 0);
	spinlocks_held--;
	if (spinlocks_held && lock->irq_state)
		panic("spinlock %s is released before one that was taken later", lock->name);
	arch_irq_restore(lock->irq_state);
	sim_point(SIM_POINT_UNLOCK, lock->name);
}

bool spin_is_held(const struct spinlock *lock)
{
	return atomic_load(&lock->held);
}

/* ---- mutexes ---- */

void mutex_init(struct mutex *mutex, const char *name, enum lock_rank rank)
{
	*mutex = (struct mutex){.name = name, .rank = (uint8_t)rank};
}

void mutex_lock(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
	if (!mutex->name)
		panic("a mutex is locked before mutex_init");
	if (spinlocks_held || !arch_irq_enabled())
		panic("mutex %s is locked under a spinlock", mutex->name);
	if (mutex->owner == thread_current())
		panic("mutex %s is taken twice", mutex->name);
	sim_point(SIM_POINT_LOCK, mutex->name);
	rank_push(mutex->rank,
		  mutex->name); /* before waiting: a wrong order is wrong even if it goes well */
	while (mutex->owner) {
		mutex->waiter_count++;
		sim_sleep_for_mutex(mutex);
		mutex->waiter_count--;
	}
	mutex->owner = thread_current();
}

void mutex_unlock(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
	if (mutex->owner != thread_current())
		panic("mutex %s is released by a thread that does not hold it", mutex->name);
	rank_pop(mutex->rank, mutex->name);
	mutex->owner = NULL;
	if (mutex->waiter_count)
		thread_wake(mutex);
	sim_point(SIM_POINT_UNLOCK, mutex->name);
}

bool mutex_is_held(const struct mutex *mutex)
{
	return mutex->owner == thread_current();
}

/*
 * lock.c - the cases of spinlocks and mutexes that are not fast: contention, hand-over. The fast
 * ones: lock_fast.h.
 *
 * A mutex that is released with waiters is set free and its first waiter woken, and whoever comes
 * first takes it. Giving it to the waiter at once instead (hand-over) would be fair, but then a
 * thread that takes a contended mutex again and again changes threads each time, and so does
 * everybody behind it (a convoy). Free-for-all alone would let a waiter lose for ever, and in a
 * machine whose runs repeat to the last tick "unlikely" may be "always". So: free at first, and
 * handed over to a waiter that was woken once and found it taken.
 */
#include "scheduler.h"

#include "lock_fast.h"

/*
 * Spinlock sections are at most a few thousand instructions: whoever waits so long waits for
 * itself.
 */
#define SPIN_LIMIT 100000000u
#define MUTEX_WAITED ((uintptr_t)1)

void spin_lock_contended(struct spinlock *lock)
{
	unsigned spins = 0;

	while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire)) {
		if (++spins == SPIN_LIMIT)
			panic("spinlock %s is never released", lock->name);
		arch_spin_hint();
	}
}

bool spin_is_held(const struct spinlock *lock)
{
	return atomic_load_explicit(&lock->held, memory_order_relaxed) != 0;
}

irq_state_t spin_unlock_keep_disabled(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
	irq_state_t state = lock->irq_state;

	lock_order_spin_released(lock);
	atomic_store_explicit(&lock->held, 0, memory_order_release);
	return state;
}

/* ---- mutexes ---- */

static struct thread *owner_thread(struct thread *word)
{
	return (struct thread *)((uintptr_t)word & ~MUTEX_WAITED);
}

static struct thread *owner_word(struct thread *thread, bool is_waited)
{
	return (struct thread *)((uintptr_t)thread | (is_waited ? MUTEX_WAITED : 0));
}

void mutex_init(struct mutex *mutex, const char *name, enum lock_rank rank)
{
	*mutex = (struct mutex){.name = name, .rank = (uint8_t)rank};
}

bool mutex_is_held(const struct mutex *mutex)
{
	struct thread *word = atomic_load_explicit(&mutex->owner, memory_order_relaxed);

	return word && owner_thread(word) == thread_current();
}

/*
 * Takes the mutex if it is free, else marks it as waited for. The mark stays until an unlock under
 * the scheduler lock takes it off, so no unlock can miss the caller, which is about to sleep under
 * the same lock.
 */
static bool take_or_mark(struct mutex *mutex, struct thread *self) REQUIRES(scheduler_lock)
{
	struct thread *word = NULL;

	while (!atomic_compare_exchange_strong_explicit(
		&mutex->owner, &word, owner_word(self, mutex->waiter_count > 1),
		memory_order_acquire, memory_order_relaxed)) {
		struct thread *marked = owner_word(word, true);

		if (word == marked || atomic_compare_exchange_strong_explicit(
					      &mutex->owner, &word, marked, memory_order_relaxed,
					      memory_order_relaxed))
			return false;
		word = NULL;
	}
	return true;
}

void mutex_lock_contended(struct mutex *mutex) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *self = thread_current();
	bool was_woken = false;

	if (mutex_is_held(mutex))
		panic("mutex %s is taken twice by thread %s", mutex->name, self->name);
	spin_lock(&scheduler_lock);
	mutex->waiter_count++;
	while (!mutex_is_held(mutex) && !take_or_mark(mutex, self)) {
		mutex->hand_over |= was_woken;
		self->wait_reason = QUIRE_WAIT_MUTEX;
		wait_sleep_locked(mutex, TIME_FOREVER, false, was_woken);
		was_woken = true;
		spin_lock(&scheduler_lock);
	}
	mutex->waiter_count--;
	spin_unlock(&scheduler_lock);
}

void mutex_unlock_contended(struct mutex *mutex)
{
	struct thread *first, *next = NULL;

	if (!mutex_is_held(mutex))
		panic("mutex %s is released by a thread that does not hold it", mutex->name);
	spin_lock(&scheduler_lock);
	first = wait_first_sleeper(mutex);
	if (first && mutex->hand_over) {
		next = owner_word(first, mutex->waiter_count > 1);
		mutex->hand_over = false;
	}
	atomic_store_explicit(&mutex->owner, next, memory_order_release);
	if (first)
		wait_end(first, STATUS_SUCCESS);
	spin_unlock(&scheduler_lock);
}

/*
 * scheduler.h - what scheduler.c, wait.c, thread.c and lock.c tell each other. Private to
 * kernel/core.
 *
 * One lock, scheduler_lock, guards all of it. A thread that gives the CPU away takes it, changes
 * its own state and queue, and calls scheduler_switch, which returns with the lock released when
 * the thread runs again. The lock is not held across the switch of stacks: interrupts stay disabled
 * there, which is enough with one CPU. (More CPUs need a flag per thread, "still on its stack",
 * which the next thread clears and whoever picks the thread waits for.)
 */
#pragma once

#include "thread.h"

extern struct spinlock scheduler_lock;

TAILQ_HEAD(thread_queue, thread);

/* ---- scheduler.c ---- */

void scheduler_init(void);

/* Puts a thread that is on no list on its run queue. => locks: scheduler_lock held. */
void scheduler_make_ready(struct thread *thread) REQUIRES(scheduler_lock);

/*
 * Gives the CPU to the first ready thread. The current thread has a state other than THREAD_RUNNING
 * and is on the list that belongs to it.
 * => locks: scheduler_lock held on entry, released on return, with the interrupt state of before.
 */
void scheduler_switch(void) RELEASES(scheduler_lock);

/*
 * Panics unless each ready queue holds ready threads of its priority; returns how many.
 * => locks: scheduler_lock held.
 */
unsigned scheduler_check_locked(void) REQUIRES(scheduler_lock);

/* ---- wait.c ---- */

void wait_init(void);

/*
 * Puts the current thread to sleep on `address`, last of its sleepers or first.
 * => locks: as scheduler_switch.
 * => returns: what wait_end was given.
 */
NTSTATUS wait_sleep_locked(const void *address, uint64_t wake_time, bool interruptible, bool first)
	RELEASES(scheduler_lock);

/* The thread that has slept on `address` for longest, or NULL. => locks: scheduler_lock held. */
struct thread *wait_first_sleeper(const void *address) REQUIRES(scheduler_lock);

/* Ends the sleep of `thread` with `status`: it becomes ready. => locks: scheduler_lock held. */
void wait_end(struct thread *thread, NTSTATUS status) REQUIRES(scheduler_lock);

/* Ends the sleeps whose time has come. => locks: scheduler_lock held. */
void wait_expire(uint64_t now) REQUIRES(scheduler_lock);

/*
 * Panics unless each wait list is right; returns how many threads sleep.
 * => locks: scheduler_lock held.
 */
unsigned wait_check_locked(void) REQUIRES(scheduler_lock);

/* ---- thread.c ---- */

/* Every thread that was started and has not exited. (scheduler_lock) */
extern struct thread_queue thread_list;

/* ---- time.c ---- */

/* time_now() counts from this call; before it, it is 0. */
void time_init(void);

/* The count of arch_ticks() from which on time_now() >= time; UINT64_MAX: it never will. */
uint64_t time_to_ticks(uint64_t time);

/* ---- lock.c and lock_order.c ---- */

/* Releases the lock and leaves interrupts disabled. => returns: what to give arch_irq_restore. */
irq_state_t spin_unlock_keep_disabled(struct spinlock *lock) RELEASES(*lock);

/* The record of held locks, and its checks; release builds keep none. Interrupts are disabled. */
#ifdef QUIRE_DEBUG
void lock_order_spin_taken(const struct spinlock *lock);
void lock_order_spin_released(const struct spinlock *lock);
/* Panics unless the current thread holds exactly `lock` (NULL: nothing): it is about to sleep. */
void lock_order_assert_only(const struct spinlock *lock);
#else
static inline void lock_order_spin_released(const struct spinlock *lock)
{
	(void)lock;
}
static inline void lock_order_assert_only(const struct spinlock *lock)
{
	(void)lock;
}
#endif

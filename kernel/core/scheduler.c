/*
 * scheduler.c - who runs: 32 run queues, round robin, preemption.
 *
 * The running thread always has the highest priority of all that could run, except for the short
 * time between the wake-up of a better one and the next place where the CPU may be taken away: the
 * end of an interrupt, or the release of the last spinlock. scheduler_reschedule is set for exactly
 * that time. The idle thread never sleeps, so there is always a next thread.
 */
#include "scheduler.h"

#include "lock_fast.h"
#include "upcall.h"

struct spinlock scheduler_lock = SPINLOCK_INIT("scheduler", RANK_SCHEDULER);

/* Written under scheduler_lock; spin_unlock looks at it without. */
atomic_bool scheduler_reschedule;

/* All (scheduler_lock) */
static struct thread_queue ready_queues[THREAD_PRIORITY_LEVELS];
static uint32_t ready_mask;   /* bit p: ready_queues[p] is not empty */
static uint64_t switch_ticks; /* arch_ticks() when the current thread got the CPU */

_Static_assert(THREAD_PRIORITY_LEVELS == 32, "ready_mask has a bit for each priority");

void scheduler_init(void)
{
	for (unsigned i = 0; i < THREAD_PRIORITY_LEVELS; i++)
		TAILQ_INIT(&ready_queues[i]);
	ready_mask = 0;
	switch_ticks = arch_ticks();
	atomic_store_explicit(&scheduler_reschedule, false, memory_order_relaxed);
}

static void reschedule_set(bool wanted)
{
	atomic_store_explicit(&scheduler_reschedule, wanted, memory_order_relaxed);
}

/* ---- run queues; all with scheduler_lock held ---- */

/* The highest priority of a ready thread, or -1. */
static int ready_priority(void)
{
	return ready_mask ? 31 - __builtin_clz(ready_mask) : -1;
}

/*
 * First in its queue: it was preempted and keeps the rest of its quantum. Else last, with a new
 * quantum.
 */
static void ready_insert(struct thread *thread, bool first)
{
	struct thread_queue *queue = &ready_queues[thread->priority];

	thread->state = THREAD_READY;
	if (first) {
		TAILQ_INSERT_HEAD(queue, thread, queue);
	} else {
		thread->quantum = THREAD_QUANTUM_TICKS;
		TAILQ_INSERT_TAIL(queue, thread, queue);
	}
	ready_mask |= 1u << thread->priority;
}

static void ready_remove(struct thread *thread)
{
	struct thread_queue *queue = &ready_queues[thread->priority];

	TAILQ_REMOVE(queue, thread, queue);
	if (TAILQ_EMPTY(queue))
		ready_mask &= ~(1u << thread->priority);
}

static struct thread *ready_take(void)
{
	struct thread *thread;

	KASSERT(ready_mask);
	thread = TAILQ_FIRST(&ready_queues[ready_priority()]);
	KASSERT(thread->state == THREAD_READY);
	ready_remove(thread);
	return thread;
}

void scheduler_make_ready(struct thread *thread)
{
	ready_insert(thread, false);
	if (thread->priority > thread_current()->priority)
		reschedule_set(true);
}

/* ---- switching ---- */

void scheduler_switch(void) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *previous = thread_current(), *next = ready_take();
	uint64_t now = arch_ticks();
	irq_state_t state;

	KASSERT(previous->state != THREAD_RUNNING);
	__atomic_store_n(&previous->run_ticks, previous->run_ticks + (now - switch_ticks),
			 __ATOMIC_RELAXED);
	switch_ticks = now;
	next->state = THREAD_RUNNING;
	reschedule_set(false);
	state = spin_unlock_keep_disabled(&scheduler_lock);
	if (next != previous)
		arch_thread_switch(previous, next);
	arch_irq_restore(state);
}

void thread_yield(void) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread = thread_current();

	spin_lock(&scheduler_lock);
	if (ready_priority() < thread->priority) {
		spin_unlock(&scheduler_lock);
		return;
	}
	ready_insert(thread, false);
	scheduler_switch();
}

/*
 * Takes the CPU from the current thread if a better one is ready, or one as good when its quantum
 * is over. Interrupts may be enabled or not; they are afterwards as before.
 */
static void preempt(void) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread = thread_current();
	int best;

	spin_lock(&scheduler_lock);
	reschedule_set(false);
	best = ready_priority();
	if (best > thread->priority || (best == thread->priority && thread->quantum == 0)) {
		ready_insert(thread, thread->quantum != 0);
		scheduler_switch();
	} else {
		spin_unlock(&scheduler_lock);
	}
}

void scheduler_preempt(void)
{
	if (arch_irq_enabled())
		preempt();
}

void upcall_interrupt_return(void)
{
	if (atomic_load_explicit(&scheduler_reschedule, memory_order_relaxed))
		preempt();
}

void upcall_timer_tick(void)
{
	struct thread *thread = thread_current();

	spin_lock(&scheduler_lock);
	wait_expire(time_now());
	if (thread->quantum)
		thread->quantum--;
	if (thread->quantum == 0) {
		if (ready_priority() >= thread->priority)
			reschedule_set(true);
		else
			thread->quantum = THREAD_QUANTUM_TICKS;
	}
	spin_unlock(&scheduler_lock);
}

void upcall_timer_deadline(void)
{
	spin_lock(&scheduler_lock);
	wait_expire(time_now());
	spin_unlock(&scheduler_lock);
}

void thread_set_priority(struct thread *thread, uint8_t priority)
{
	KASSERT(priority < THREAD_PRIORITY_LEVELS);
	spin_lock(&scheduler_lock);
	if (thread->state == THREAD_READY) {
		ready_remove(thread);
		thread->priority = priority;
		ready_insert(thread, false);
	} else {
		thread->priority = priority;
	}
	if (ready_priority() > thread_current()->priority)
		reschedule_set(true);
	spin_unlock(&scheduler_lock);
}

/* ---- check ---- */

unsigned scheduler_check_locked(void)
{
	const struct thread *thread;
	unsigned count = 0;

	for (unsigned i = 0; i < THREAD_PRIORITY_LEVELS; i++) {
		KASSERT(TAILQ_EMPTY(&ready_queues[i]) == !(ready_mask & (1u << i)));
		TAILQ_FOREACH (thread, &ready_queues[i], queue) {
			KASSERT(thread->state == THREAD_READY && thread->priority == i);
			count++;
		}
	}
	if (ready_priority() > thread_current()->priority)
		KASSERT(atomic_load_explicit(&scheduler_reschedule, memory_order_relaxed));
	return count;
}

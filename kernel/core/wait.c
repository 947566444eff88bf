/*
 * wait.c - sleeping on an address, waking, time-outs, termination requests.
 *
 * A sleeping thread is on the list of one bucket, chosen by its address, in the order in which the
 * threads fell asleep; with a deadline it is on the timer list too. Whoever ends the sleep first (a
 * wake-up, the clock, a termination request) takes it off both lists and says why in wait_status,
 * all under scheduler_lock, so no two of them can.
 */
#include "scheduler.h"

#define BUCKET_BITS 6
#define BUCKETS (1u << BUCKET_BITS)

/* All (scheduler_lock) */
static struct thread_queue buckets[BUCKETS];
static TAILQ_HEAD(
	, thread) timers;   /* ascending wake_time, equal ones in the order in which they came */
static uint64_t alarm_time; /* the machine calls then; TIME_FOREVER: at its ticks only */

void wait_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&buckets[i]);
	TAILQ_INIT(&timers);
	alarm_time = TIME_FOREVER;
}

/* Fibonacci hashing: neighbouring objects of any size fall into different buckets. */
static struct thread_queue *bucket_of(const void *address)
{
	return &buckets[((uintptr_t)address * 0x9E3779B97F4A7C15ull) >> (64 - BUCKET_BITS)];
}

/* An alarm that is too early, as its sleeper was woken, does no harm: it stays. */
static void alarm_update(void)
{
	const struct thread *first = TAILQ_FIRST(&timers);

	if (first && first->wake_time < alarm_time) {
		alarm_time = first->wake_time;
		arch_timer_deadline(time_to_ticks(alarm_time));
	}
}

static void timer_insert(struct thread *thread)
{
	struct thread *later;

	TAILQ_FOREACH (later, &timers, timer) {
		if (later->wake_time > thread->wake_time) {
			TAILQ_INSERT_BEFORE(later, thread, timer);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&timers, thread, timer);
}

/* ---- with scheduler_lock held ---- */

NTSTATUS wait_sleep_locked(const void *address, uint64_t wake_time, bool interruptible,
			   bool first) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread = thread_current();
	struct thread_queue *bucket = bucket_of(address);

	thread->state = THREAD_SLEEPING;
	thread->wait_address = address;
	thread->wait_interruptible = interruptible;
	thread->wake_time = wake_time;
	if (first)
		TAILQ_INSERT_HEAD(bucket, thread, queue);
	else
		TAILQ_INSERT_TAIL(bucket, thread, queue);
	if (wake_time != TIME_FOREVER) {
		timer_insert(thread);
		alarm_update();
	}
	scheduler_switch();
	return thread->wait_status;
}

struct thread *wait_first_sleeper(const void *address)
{
	struct thread *thread;

	TAILQ_FOREACH (thread, bucket_of(address), queue) {
		if (thread->wait_address == address)
			return thread;
	}
	return NULL;
}

void wait_end(struct thread *thread, NTSTATUS status)
{
	KASSERT(thread->state == THREAD_SLEEPING);
	TAILQ_REMOVE(bucket_of(thread->wait_address), thread, queue);
	if (thread->wake_time != TIME_FOREVER)
		TAILQ_REMOVE(&timers, thread, timer);
	thread->wait_address = NULL;
	thread->wait_status = status;
	scheduler_make_ready(thread);
}

void wait_expire(uint64_t now)
{
	struct thread *thread;

	while ((thread = TAILQ_FIRST(&timers)) && thread->wake_time <= now)
		wait_end(thread, STATUS_TIMEOUT);
	if (alarm_time <= now)
		alarm_time = TIME_FOREVER;
	alarm_update();
}

unsigned wait_check_locked(void)
{
	const struct thread *thread;
	uint64_t previous = 0;
	unsigned sleepers = 0, with_deadline = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		TAILQ_FOREACH (thread, &buckets[i], queue) {
			KASSERT(thread->state == THREAD_SLEEPING);
			KASSERT(bucket_of(thread->wait_address) == &buckets[i]);
			sleepers++;
			with_deadline += thread->wake_time != TIME_FOREVER;
		}
	}
	TAILQ_FOREACH (thread, &timers, timer) {
		KASSERT(thread->state == THREAD_SLEEPING && thread->wake_time >= previous);
		previous = thread->wake_time;
		with_deadline--;
	}
	KASSERT(with_deadline == 0);
	return sleepers;
}

/* ---- the interface ---- */

NTSTATUS thread_sleep(const void *address, struct spinlock *lock, uint64_t wake_time,
		      bool interruptible) NO_THREAD_SAFETY_ANALYSIS
{
	NTSTATUS status = STATUS_SUCCESS;

	lock_order_assert_only(lock);
	spin_lock(&scheduler_lock);
	if (interruptible &&
	    atomic_load_explicit(&thread_current()->terminate, memory_order_acquire))
		status = STATUS_THREAD_IS_TERMINATING;
	else if (wake_time <= time_now())
		status = STATUS_TIMEOUT;
	if (status != STATUS_SUCCESS) {
		spin_unlock(&scheduler_lock);
		return status;
	}
	/*
	 * From here on wakers wait for scheduler_lock, so `lock` may go. It was the outer one: the
	 * interrupt state to come back with is its, while scheduler_lock has saved "disabled".
	 */
	if (lock)
		scheduler_lock.irq_state = spin_unlock_keep_disabled(lock);
	status = wait_sleep_locked(address, wake_time, interruptible, false);
	if (lock)
		spin_lock(lock);
	return status;
}

void thread_wake(const void *address)
{
	struct thread *thread, *next;

	spin_lock(&scheduler_lock);
	TAILQ_FOREACH_SAFE (thread, bucket_of(address), queue, next) {
		if (thread->wait_address == address)
			wait_end(thread, STATUS_SUCCESS);
	}
	spin_unlock(&scheduler_lock);
}

#ifdef QUIRE_DEBUG
uint64_t threads_ended_asleep[QUIRE_WAIT_REASONS];
_Static_assert(QUIRE_WAIT_WORK == QUIRE_WAIT_REASONS - 1, "enum quire_wait_reason");

static void note_end(const struct thread *thread)
{
	if (thread->state == THREAD_SLEEPING)
		threads_ended_asleep[thread->wait_reason]++;
}
#else
static void note_end(const struct thread *thread)
{
	(void)thread;
}
#endif

void thread_request_termination(struct thread *thread, NTSTATUS status)
{
	spin_lock(&scheduler_lock);
	note_end(thread);
	if (!atomic_load_explicit(&thread->terminate, memory_order_relaxed)) {
		thread->exit_status = status;
		atomic_store_explicit(&thread->terminate, true, memory_order_release);
	}
	if (thread->state == THREAD_SLEEPING && thread->wait_interruptible)
		wait_end(thread, STATUS_THREAD_IS_TERMINATING);
	spin_unlock(&scheduler_lock);
}

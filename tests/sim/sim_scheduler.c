/*
 * sim_scheduler.c - threads, sleeping and time: kernel/core/thread.h for one host thread.
 *
 * Nobody runs but the current thread, and it goes on until it sleeps, ends, or passes a switch
 * point at which the schedule (sim_policy.c) prefers another. The test's own stack is a thread too,
 * named "test".
 */
#include "sim_internal.h"

#include <stdlib.h>

#define POINT_TICKS 1000u /* virtual time between two switch points: 1 us */
#define TICKS_PER_TIME_UNIT (HOST_TICKS_PER_SECOND / 10000000u)
#define UNIX_EPOCH_IN_NT_TIME 116444736000000000ull
#define TIME_UNITS_PER_SECOND 10000000ull

/* ---- who runs ---- */

void sim_make_ready(struct thread *thread)
{
	thread->state = THREAD_READY;
	TAILQ_INSERT_TAIL(&sim.ready, thread, queue);
	sim.ready_count++;
}

static struct thread *take_ready(unsigned position)
{
	struct thread *thread = TAILQ_FIRST(&sim.ready);

	while (position-- > 0)
		thread = TAILQ_NEXT(thread, queue);
	TAILQ_REMOVE(&sim.ready, thread, queue);
	sim.ready_count--;
	return thread;
}

static void wake(struct thread *thread, NTSTATUS status)
{
	TAILQ_REMOVE(&sim.sleeping, thread, queue);
	thread->wait_status = status;
	thread->wait_address = NULL;
	sim_make_ready(thread);
}

static void expire_timers(void)
{
	struct thread *thread, *next;
	uint64_t now = time_now();

	TAILQ_FOREACH_SAFE (thread, &sim.sleeping, queue, next) {
		if (thread->wake_time <= now)
			wake(thread, STATUS_TIMEOUT);
	}
}

/* Nobody can run: time passes until a timer ends. */
static void idle(void)
{
	const struct thread *thread;
	uint64_t earliest = TIME_FOREVER;

	TAILQ_FOREACH (thread, &sim.sleeping, queue) {
		if (thread->wake_time < earliest)
			earliest = thread->wake_time;
	}
	if (earliest == TIME_FOREVER)
		panic("deadlock: every thread sleeps");
	host_time_advance((earliest - time_now() + 1) * TICKS_PER_TIME_UNIT);
	expire_timers();
}

void sim_arrived(void)
{
	thread_current()->state = THREAD_RUNNING;
	sim_land_if_panicking();
	sim_collect_dead();
}

static void switch_to(struct thread *next)
{
	struct thread *previous = thread_current();

	if (next != previous) {
		sim.switch_count++;
		arch_thread_switch(previous, next);
	}
	sim_arrived();
}

void sim_run_another(void)
{
	KASSERT(arch_irq_enabled());
	expire_timers();
	while (!sim.ready_count)
		idle();
	switch_to(take_ready(sim_choose(sim.ready_count, false)));
}

void sim_point(enum sim_point kind, const char *what)
{
	struct thread *thread;
	unsigned choice;

	if (!sim.is_switching || !arch_irq_enabled())
		return;
	thread = thread_current();
	if (thread->state != THREAD_RUNNING) /* on its way to sleep */
		return;
	sim_note_of(thread)->last_point = what;
	sim.points[kind]++;
	host_time_advance(POINT_TICKS);
	expire_timers();
	choice = sim_choose(1 + sim.ready_count, true);
	if (choice == 0)
		return;
	sim_make_ready(thread);
	switch_to(take_ready(choice - 1));
}

void sim_switch_point(const char *what)
{
	sim_point(SIM_POINT_OTHER, what);
}

void sim_machine_point(enum host_point point)
{
	switch (point) {
	case HOST_POINT_ACCESS:
		sim_point(SIM_POINT_USER_ACCESS, "user access");
		break;
	case HOST_POINT_COPY:
		sim_point(SIM_POINT_USER_COPY, "user copy");
		break;
	case HOST_POINT_FLUSH:
		sim_point(SIM_POINT_FLUSH, "TLB flush");
		break;
	case HOST_POINT_PAGE:
		sim_point(SIM_POINT_PAGE, "page");
		break;
	}
}

uint64_t sim_point_count(enum sim_point kind)
{
	return sim.points[kind];
}

void thread_yield(void)
{
	sim_note_of(thread_current())->last_point = "thread_yield";
	sim_make_ready(thread_current());
	sim_run_another();
}

uint64_t sim_switch_count(void)
{
	return sim.switch_count;
}

/* ---- sleeping ---- */

static void fall_asleep(const void *address, uint64_t wake_time)
{
	struct thread *thread = thread_current();

	sim.points[SIM_POINT_WAIT]++;
	thread->state = THREAD_SLEEPING;
	thread->wait_address = address;
	thread->wake_time = wake_time;
	thread->wait_status = STATUS_SUCCESS;
	TAILQ_INSERT_TAIL(&sim.sleeping, thread, queue);
}

NTSTATUS thread_sleep(const void *address, struct spinlock *lock, uint64_t wake_time,
		      bool interruptible) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread = thread_current();

	if (thread->lock_depth != (lock ? 1 : 0))
		panic("a thread sleeps with %u locks held", thread->lock_depth);
	KASSERT(!lock || spin_is_held(lock));
	if (interruptible && atomic_load(&thread->terminate))
		return STATUS_THREAD_IS_TERMINATING;
	if (wake_time <= time_now())
		return STATUS_TIMEOUT;
	thread->wait_interruptible = interruptible;
	fall_asleep(address, wake_time);
	if (lock)
		spin_unlock(lock);
	sim_run_another();
	thread->wait_interruptible = false;
	if (lock)
		spin_lock(lock);
	return thread->wait_status;
}

void sim_sleep_for_mutex(const struct mutex *mutex)
{
	struct sim_note *note = sim_note_of(thread_current());

	note->mutex = mutex;
	fall_asleep(mutex, TIME_FOREVER);
	sim_run_another();
	note->mutex = NULL;
}

void thread_wake(const void *address)
{
	struct thread *thread, *next;

	TAILQ_FOREACH_SAFE (thread, &sim.sleeping, queue, next) {
		if (thread->wait_address == address)
			wake(thread, STATUS_SUCCESS);
	}
	sim_point(SIM_POINT_WAKE, "thread_wake");
}

void thread_request_termination(struct thread *thread, NTSTATUS status)
{
	if (!atomic_exchange(&thread->terminate, true))
		thread->exit_status = status;
	if (thread->state == THREAD_SLEEPING && thread->wait_interruptible)
		wake(thread, STATUS_THREAD_IS_TERMINATING);
	sim_point(SIM_POINT_WAKE, "thread_request_termination");
}

void thread_set_priority(struct thread *thread, uint8_t priority)
{
	KASSERT(priority < THREAD_PRIORITY_LEVELS);
	thread->priority = priority; /* the schedule decides all the same */
}

/* ---- time ---- */

uint64_t time_now(void)
{
	return arch_ticks() / TICKS_PER_TIME_UNIT;
}

uint64_t time_system(void)
{
	return UNIX_EPOCH_IN_NT_TIME + arch_wall_clock_seconds() * TIME_UNITS_PER_SECOND +
	       time_now();
}

/* ---- for mm_check and for panics ---- */

void thread_check(void)
{
	const struct thread *thread;
	unsigned ready = 0;

	TAILQ_FOREACH (thread, &sim.ready, queue) {
		KASSERT(thread->state == THREAD_READY);
		ready++;
	}
	KASSERT(ready == sim.ready_count);
	TAILQ_FOREACH (thread, &sim.sleeping, queue)
		KASSERT(thread->state == THREAD_SLEEPING && thread->wait_address);
	KASSERT(thread_current()->state == THREAD_RUNNING);
}

/* For a system call of the guest's tests; here mm_check is called directly. */
bool threads_are_quiet(void)
{
	return true;
}

void sim_stop_switching(void)
{
	sim.is_switching = false;
}

_Noreturn void sim_abandon_to(struct thread *home)
{
	struct thread *thread = thread_current();

	thread->state = THREAD_DEAD;
	arch_thread_switch(thread, home);
	abort();
}

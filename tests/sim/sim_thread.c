/*
 * sim_thread.c - threads of a simulation: how they begin and end, and what is known of each.
 */
#include "sim_internal.h"

#include <stdio.h>
#include <string.h>

#include "kernel/mm/types.h"

struct sim_state sim;
bool thread_marks_stacks; /* what a system call may set; stacks here are the host's */

/* ---- notes ---- */

struct sim_note *sim_note_of(const struct thread *thread)
{
	if (sim.recent && sim.recent->thread == thread)
		return sim.recent;
	for (unsigned i = 0; i < SIM_MAX_THREADS; i++) {
		if (sim.notes[i].thread == thread)
			return sim.recent = &sim.notes[i];
	}
	panic("thread %p was never initialised", (const void *)thread);
}

static struct sim_note *note_create(struct thread *thread, const char *name)
{
	for (unsigned i = 0; i < SIM_MAX_THREADS; i++) {
		if (sim.notes[i].thread)
			continue;
		sim.notes[i] = (struct sim_note){.thread = thread, .last_point = "start"};
		thread->id = i + 1;
		snprintf(thread->name, sizeof(thread->name), "%s", name);
		return &sim.notes[i];
	}
	panic("more than %d threads", SIM_MAX_THREADS);
}

static void thread_forget(struct thread *thread)
{
	struct sim_note *note = sim_note_of(thread);
	bool is_ours = note->is_spawned;

	host_thread_release(thread);
	*note = (struct sim_note){0};
	if (is_ours)
		sim_heap_free(thread, sizeof(*thread));
}

void sim_collect_dead(void)
{
	struct thread *thread, *next;

	TAILQ_FOREACH_SAFE (thread, &sim.dead, queue, next) {
		if (thread->finish)
			continue;
		TAILQ_REMOVE(&sim.dead, thread, queue);
		thread_forget(thread);
	}
}

/* ---- birth and death ---- */

static void thread_begin(void *argument)
{
	struct sim_note *note = sim_note_of(argument);

	sim_arrived();
	note->entry(note->argument);
	panic("the entry function of thread %s returned", thread_current()->name);
}

void thread_init(struct thread *thread, const char *name, uint8_t priority, void *stack_base,
		 size_t stack_size_bytes, void (*entry)(void *), void *argument)
{
	struct sim_note *note;

	memset(thread, 0, sizeof(*thread));
	note = note_create(thread, name);
	note->entry = entry;
	note->argument = argument;
	thread->priority = priority;
	thread->stack_base = (uintptr_t)stack_base;
	thread->stack_top = (uintptr_t)stack_base + stack_size_bytes;
	thread->exit_status = STATUS_PENDING;
	arch_thread_prepare(thread, thread_begin, thread);
}

void thread_start(struct thread *thread)
{
	KASSERT(thread->state == THREAD_NEW);
	sim_make_ready(thread);
	sim_point(SIM_POINT_WAKE, "thread_start");
}

static void reaper_main(void *argument)
{
	(void)argument;
	for (;;) {
		struct thread *thread = TAILQ_FIRST(&sim.dead);
		void (*finish)(void *);
		void *finish_argument;

		if (!thread) {
			(void)thread_sleep(&sim.dead, NULL, TIME_FOREVER, false);
			continue;
		}
		finish = thread->finish;
		finish_argument = thread->finish_argument;
		TAILQ_REMOVE(&sim.dead, thread, queue);
		thread_forget(thread);
		finish(finish_argument); /* may free the thread */
	}
}

static void need_reaper(void)
{
	if (sim.has_reaper) {
		thread_wake(&sim.dead);
		return;
	}
	sim.has_reaper = true;
	thread_init(&sim.reaper, "reaper", THREAD_PRIORITY_NORMAL, NULL, 0, reaper_main, NULL);
	thread_start(&sim.reaper);
}

_Noreturn void thread_exit(void (*finish)(void *), void *argument)
{
	struct thread *thread = thread_current();
	struct sim_note *note = sim_note_of(thread);

	lock_assert_none_held();
	thread->finish = finish;
	thread->finish_argument = argument;
	if (finish)
		need_reaper();
	thread->state = THREAD_DEAD;
	TAILQ_INSERT_TAIL(&sim.dead, thread, queue);
	if (finish)
		thread_wake(&sim.dead);
	if (note->is_spawned && --sim.spawned_count == 0)
		thread_wake(&sim.spawned_count);
	sim_run_another();
	panic("a dead thread runs");
}

static void spawned_main(void *argument)
{
	const struct sim_note *note = sim_note_of(argument);

	note->spawned_function(note->spawned_argument);
	thread_exit(NULL, NULL);
}

struct thread *sim_spawn(const char *name, void (*function)(void *), void *argument,
			 struct address_space *space)
{
	struct thread *thread = sim_heap_alloc(sizeof(*thread));
	struct sim_note *note;

	thread_init(thread, name, THREAD_PRIORITY_NORMAL, NULL, 0, spawned_main, thread);
	note = sim_note_of(thread);
	note->is_spawned = true;
	note->spawned_function = function;
	note->spawned_argument = argument;
	thread->space = space;
	thread->space_root = space ? space->root : 0;
	sim.spawned_count++;
	thread_start(thread);
	return thread;
}

unsigned sim_thread_count(void)
{
	return sim.spawned_count;
}

void sim_run_all(void)
{
	lock_assert_none_held();
	while (sim.spawned_count)
		(void)thread_sleep(&sim.spawned_count, NULL, TIME_FOREVER, false);
}

void sim_settle(void)
{
	while (sim.ready_count)
		thread_yield();
}

/* ---- start and stop ---- */

void sim_core_start(uint64_t seed)
{
	KASSERT(!sim.is_switching && !thread_current());
	memset(&sim, 0, sizeof(sim));
	TAILQ_INIT(&sim.ready);
	TAILQ_INIT(&sim.sleeping);
	TAILQ_INIT(&sim.dead);
	host_devices_reset();
	sim_locks_reset();
	sim_report_begin();
	note_create(&sim.test_thread, "test");
	sim.test_thread.state = THREAD_RUNNING;
	host_thread_adopt(&sim.test_thread);
	sim_pool_begin();
	sim_policy_begin(seed);
	host_preempt = sim_machine_point;
	sim.is_switching = true;
}

void sim_core_stop(void)
{
	bool check = !sim_has_panicked();

	if (check) {
		lock_assert_none_held();
		if (sim.spawned_count)
			panic("sim_core_stop: %u threads have not ended", sim.spawned_count);
		sim_collect_dead();
	}
	sim.is_switching = false;
	host_preempt = NULL;
	sim_locks_reset();
	host_devices_reset();
	sim_pool_end(check);
	for (unsigned i = 0; i < SIM_MAX_THREADS; i++) {
		if (sim.notes[i].thread && sim.notes[i].thread != &sim.test_thread)
			thread_forget(sim.notes[i].thread);
	}
	host_thread_release(&sim.test_thread);
}

void thread_system_init(void)
{
}

/* Nobody is idle here: tests and fuzz targets do the work when they mean to. */
void thread_set_idle_work(bool (*work)(void))
{
	(void)work;
}

_Noreturn void thread_idle_loop(void)
{
	panic("thread_idle_loop has no place in a simulation");
}

/* ---- report ---- */

static void thread_report(const struct sim_note *note)
{
	static const char *const states[] = {"new", "ready", "running", "sleeping", "dead"};
	const struct thread *thread = note->thread;

	fprintf(stderr, "sim: thread %llu %-15s %-8s", (unsigned long long)thread->id, thread->name,
		states[thread->state]);
	if (thread->state == THREAD_SLEEPING && note->mutex)
		fprintf(stderr, " on mutex %s held by %s,", note->mutex->name,
			note->mutex->owner ? note->mutex->owner->name : "nobody");
	else if (thread->state == THREAD_SLEEPING)
		fprintf(stderr, " on %p,", thread->wait_address);
	fprintf(stderr, " last passed \"%s\"", note->last_point);
	for (unsigned i = 0; i < thread->lock_depth; i++)
		fprintf(stderr, "%s%s", i ? ", " : ", holds ", thread->lock_names[i]);
	fprintf(stderr, "\n");
}

void sim_threads_report(void)
{
	for (unsigned i = 0; i < SIM_MAX_THREADS; i++) {
		if (sim.notes[i].thread)
			thread_report(&sim.notes[i]);
	}
}

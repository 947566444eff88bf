/*
 * sim_internal.h - what the files of tests/sim tell each other.
 */
#pragma once

#include "sim.h"

#define SIM_MAX_THREADS 64

/* What the simulation knows of a thread besides struct thread. */
struct sim_note {
	struct thread *thread; /* NULL: free */
	void (*entry)(void *);
	void *argument;
	const char *last_point;	   /* the switch point it passed last */
	const struct mutex *mutex; /* it waits for this one */
	bool is_spawned; /* by sim_spawn: sim_run_all waits for it, and it is freed at its end */
	void (*spawned_function)(void *);
	void *spawned_argument;
};

TAILQ_HEAD(thread_queue, thread);

struct sim_state {
	bool is_switching; /* started, and no panic is on its way */
	struct thread test_thread;
	struct sim_note notes[SIM_MAX_THREADS];
	struct sim_note *recent; /* the note asked for last */
	struct thread_queue ready, sleeping, dead;
	unsigned ready_count, spawned_count;
	uint64_t switch_count;
	uint64_t points[SIM_POINTS]; /* passed, by kind */
	struct thread reaper;
	bool has_reaper;
};
extern struct sim_state sim;

/* sim_thread.c */
struct sim_note *sim_note_of(const struct thread *thread);
/*
 * Threads that have left their stacks and have no finish function go at once; the others need a
 * stack that may take locks, the reaper's.
 */
void sim_collect_dead(void);
void sim_threads_report(void);

/* sim_scheduler.c */
void sim_make_ready(struct thread *thread);
/* Another thread goes on; the current one is on some queue already. */
void sim_run_another(void);
/* To be called by a thread that has just been switched to. */
void sim_arrived(void);
/* A switch point of the kernel's or the machine's: see sim_switch_point. */
void sim_point(enum sim_point kind, const char *what);
void sim_machine_point(enum host_point point);
/* Sleeps until thread_wake(mutex). Other mutexes may be held. */
void sim_sleep_for_mutex(const struct mutex *mutex);
/* Leaves the current stack for good, to that of `home`, which lands in sim_land_if_panicking. */
_Noreturn void sim_abandon_to(struct thread *home);
void sim_stop_switching(void);

/* sim_policy.c */
/*
 * Who goes on. If can_stay, 0 is the current thread and i the i-th ready one, else i is the ready
 * one number i + 1.
 */
unsigned sim_choose(unsigned candidates, bool can_stay);
void sim_policy_begin(uint64_t seed);
void sim_policy_report(void);

/* sim_lock.c */
unsigned sim_spinlocks_held(void);
void sim_locks_reset(void);

/* sim_heap.c: zeroed; a block of a page's size is aligned like one. It panics when it is full. */
void *sim_heap_alloc(size_t size_bytes);
void sim_heap_free(void *memory, size_t size_bytes);
void *sim_heap_used(size_t *size_bytes); /* what a snapshot takes */

/* sim_pool.c */
void sim_pool_begin(void);
void sim_pool_end(bool check_leaks);

/* sim_io.c */
void sim_io_begin(void);

/* sim_report.c */
void sim_report_begin(void);
/*
 * Called whenever a thread has been switched to: if a panic is on its way to this one, it does not
 * return.
 */
void sim_land_if_panicking(void);

/*
 * sim.h - the kernel core as a deterministic simulation: what tests and fuzz targets call.
 *
 * The portable kernel runs unchanged above arch/host and the files of this folder, which stand in
 * for kernel/core/{thread,scheduler,lock,log,panic,pool}. There is one host thread; kernel threads
 * are fibers. Every lock, unlock, sleep, wake, allocation, user access and disk transfer is a
 * switch point: a place where the schedule decides who goes on. The schedule is a list of small
 * numbers; whatever failed once fails again with the same list.
 *
 * A test:  sim_start(ram, seed); space = sim_space_create(); sim_enter_space(space); ... mm calls,
 * sim_read, sim_write ...; sim_space_destroy(space); sim_stop(); A failure (panic, deadlock, leak,
 * SIM_CHECK) prints the schedule, the threads and the log, and aborts.
 */
#pragma once

#include "arch/host/host.h"
#include "kernel/core/thread.h"
#include "nt/ntdef.h"

struct address_space;

/* ---- start and stop ---- */

/*
 * Fibers, locks and pool only, without memory (sim_scheduler.c). seed 0: nobody is preempted; else
 * random.
 */
void sim_core_start(uint64_t seed);
void sim_core_stop(void);

/*
 * All of it: a machine with about ram_bytes of usable RAM (with holes in the middle), and mm_init
 * (sim_machine.c).
 */
void sim_start(uint64_t ram_bytes, uint64_t seed);
/*
 * The RAM disk goes, and whatever is still allocated that was not when sim_start returned is a
 * failure.
 */
void sim_stop(void);
/* The failure alone, with nothing stopped. */
void sim_check_leaks(void);

/*
 * A world that many schedules begin in (sim_world.c). Between open and close, each run goes: all is
 * as set_up (which calls sim_start) left it; body; take_down, which gives back all that set_up
 * made; the leak check. Where snapshots are possible (not under AddressSanitizer), set_up is called
 * once, and the way back takes microseconds; a run may then also fail, inside sim_expect_failure.
 * The schedule is paused but for body.
 */
struct sim_world {
	void (*set_up)(void *argument);
	void (*take_down)(void *argument);
	void *argument;
};
void sim_world_open(const struct sim_world *world);
void sim_world_run(void (*body)(void *), void *argument);
void sim_world_close(void);

/* ---- schedules (sim_policy.c) ---- */

void sim_schedule_none(void); /* a thread runs until it sleeps or yields */
void sim_schedule_random(uint64_t seed);
void sim_schedule_replay(const uint8_t *choices, size_t count); /* then as none */

/*
 * Each thread has a random priority and the highest runs; at `change_count` (at most 8) random ones
 * of the first `steps` decisions the current thread falls below all others.
 */
void sim_schedule_priorities(uint64_t seed, unsigned change_count, uint64_t steps);
/* That of QUIRE_SIM_REPLAY; false: it is not set. */
bool sim_schedule_from_environment(void);
/* Paused, nobody is preempted and no decision is part of the schedule: for what is not studied. */
void sim_schedule_pause(bool pause);
size_t sim_schedule_length(void); /* decisions so far */

/*
 * Runs body for every schedule with at most max_preemptions preemptions, or until max_runs. Each
 * run must start from the same state. => returns: the number of runs.
 */
uint64_t sim_explore(void (*body)(void *), void *argument, unsigned max_preemptions,
		     uint64_t max_runs);

void sim_explore_stop(void); /* for body: this run is the last */

/*
 * Where somebody else may go on. `what` is for reports. Does nothing while interrupts are off (a
 * spinlock is held).
 */
void sim_switch_point(const char *what);
uint64_t sim_switch_count(void); /* switches to another thread since the start */

/* The kinds of switch points, and how many were passed since the start. */
enum sim_point {
	SIM_POINT_LOCK, /* before a lock is taken */
	SIM_POINT_UNLOCK,
	SIM_POINT_WAIT, /* a thread goes to sleep: somebody else goes on in any case */
	SIM_POINT_WAKE, /* threads were made ready, started, or asked to end */
	SIM_POINT_IO_START,
	SIM_POINT_IO_END,
	SIM_POINT_SLOT_WRITE,  /* before and after the transfer to the page file */
	SIM_POINT_FLUSH,       /* before a translation is flushed */
	SIM_POINT_USER_COPY,   /* copy_in, copy_out: before each page */
	SIM_POINT_USER_ACCESS, /* a user program's own access */
	SIM_POINT_PAGE,	       /* before a page is zeroed or copied */
	SIM_POINT_POOL,	       /* pool_alloc, pool_free */
	SIM_POINT_OTHER,       /* sim_switch_point */
	SIM_POINTS
};
uint64_t sim_point_count(enum sim_point kind);

/* ---- threads (sim_scheduler.c) ---- */

/*
 * A thread in `space` (NULL: a kernel thread) that runs function(argument) once somebody lets it.
 */
struct thread *sim_spawn(const char *name, void (*function)(void *), void *argument,
			 struct address_space *space);
/*
 * Runs until every spawned thread has ended. All asleep: a deadlock, which is reported and fails.
 */
void sim_run_all(void);
/* Runs until nobody else can go on. */
void sim_settle(void);
unsigned sim_thread_count(void); /* spawned threads that have not ended */

/*
 * ---- user memory of the current thread's space, through the MMU and the fault handler
 * (sim_machine.c) ----
 */

struct address_space *sim_space_create(void);
void sim_space_destroy(struct address_space *space);
/* Makes it the current thread's; NULL: none. */
void sim_enter_space(struct address_space *space);

/*
 * => returns: STATUS_SUCCESS or what the program would get: STATUS_ACCESS_VIOLATION,
 * STATUS_GUARD_PAGE_VIOLATION, ...
 */
NTSTATUS sim_read(vaddr_t va, void *buffer, size_t size_bytes);
NTSTATUS sim_write(vaddr_t va, const void *buffer, size_t size_bytes);
NTSTATUS sim_execute(vaddr_t va);
/* One byte; the read's value is -1 if it fails. */
int sim_peek(vaddr_t va);
NTSTATUS sim_poke(vaddr_t va, uint8_t value);

/* ---- RAM disk (sim_ramdisk.c) ---- */

struct sim_file {
	const char *name; /* "data/a.txt"; a name that ends in '/' is an empty directory. Missing
			     parents are made */
	const void *bytes;
	size_t size_bytes;
};
/* Mounts an archive of these files with free_bytes of space behind it. */
void sim_ramdisk(const struct sim_file *files, size_t count, uint64_t free_bytes);

/* ---- failures on purpose: n counts from 1 (the next one); 0 switches it off ---- */

void sim_fail_nth_allocation(uint64_t n);	   /* that pool_alloc returns NULL */
uint64_t sim_allocation_count(void);		   /* pool_alloc calls since the start */
void sim_fail_nth_io(uint64_t n, NTSTATUS status); /* that disk transfer ends with status */
uint64_t sim_io_count(void);
/* The device takes so long for each request, one after the other; a multiple of 10 (1 us). */
void sim_set_io_delay(uint64_t time_100ns);

/* ---- reports (sim_report.c) ---- */

/*
 * Runs body, which is expected to panic, and returns the message; NULL if it returned. After a
 * panic the kernel's state is worth nothing: sim_stop then only cleans up.
 */
const char *sim_expect_panic(void (*body)(void *), void *argument);
/* The same for failed SIM_CHECKs too. */
const char *sim_expect_failure(void (*body)(void *), void *argument);
bool sim_has_panicked(void);

const char *sim_log_text(void);
void sim_report(void); /* schedule, threads and log, to standard error */

/* Like assert of a test framework, but usable on any fiber and in fuzz targets. */
#define SIM_CHECK(condition) \
	do { \
		if (!(condition)) \
			sim_fail(__FILE__, __LINE__, #condition); \
	} while (0)
_Noreturn void sim_fail(const char *file, int line, const char *text);

/*
 * thread.h - threads, the scheduler, and sleeping on an address.
 *
 * Scheduling is preemptive round robin within 32 priorities (NT's numbers: higher runs first). The
 * kernel itself is preemptible whenever interrupts are enabled. Sleeping is xv6's: any address is a
 * wait channel, a wake-up wakes all sleepers, and each one checks its condition again:
 *
 *	spin_lock(&lock);
 *	while (!condition)
 *		status = thread_sleep(&condition, &lock, TIME_FOREVER, false);
 *	...
 *	spin_unlock(&lock);
 *
 * and on the other side: take the lock, make the condition true, thread_wake(&condition), release
 * the lock.
 */
#pragma once

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "nt/ntstatus.h"
#include "nt/quire.h"
#include "fail.h"
#include "lock.h"

struct address_space;
struct process;
struct wait;
struct waitable_mutant;

enum thread_state {
	THREAD_NEW,	 /* on no list; its creator owns it until thread_start */
	THREAD_READY,	 /* on the run queue of its priority */
	THREAD_RUNNING,	 /* a CPU's current thread; on no list */
	THREAD_SLEEPING, /* in the bucket of wait_address; with a deadline on the timer list too */
	THREAD_DEAD,	 /* will never run again; its stack may be freed by whoever joins it */
};

#define THREAD_PRIORITY_LEVELS 32
#define THREAD_PRIORITY_IDLE 0
#define THREAD_PRIORITY_NORMAL 8
#define THREAD_QUANTUM_TICKS 2
#define THREAD_LOCKS_MAX 8
#define TIME_FOREVER UINT64_MAX

/*
 * Fields: (S) scheduler lock, (C) constant once started, (T) only the thread itself, (A) atomic.
 * arch/x86_64 knows the offsets of stack_pointer, stack_top and fpu_state (asserted there).
 */
struct thread {
	void *stack_pointer;	     /* (S) saved kernel stack pointer while not running */
	uintptr_t stack_top;	     /* (C) */
	uintptr_t stack_base;	     /* (C) lowest usable byte; an unmapped guard page lies below */
	vaddr_t user_gs_base;	     /* (T) TEB */
	struct address_space *space; /* (C) NULL for kernel threads */
	paddr_t space_root;	     /* (C) root of space, 0 for kernel threads */
	struct process *process;     /* (C) NULL for kernel threads */
	struct trap_frame *user_frame; /* (T) while in the kernel on behalf of user mode */
	NTSTATUS in_page_cause;	       /* (T) why the last fault was STATUS_IN_PAGE_ERROR */

	enum thread_state state;   /* (S) */
	uint8_t priority;	   /* (S) */
	uint8_t quantum;	   /* (S) ticks left */
	bool wait_interruptible;   /* (S) a termination request ends the sleep */
	atomic_bool terminate;	   /* (A) asked to end: it does so on its way back to user mode */
	NTSTATUS exit_status;	   /* set with terminate by the first who asks */
	atomic_bool suspend;	   /* (A) asked to stop: likewise */
	atomic_bool apc_allowed;   /* (A) it lets queued calls run, on its way to user mode */
	uint8_t wait_reason;	   /* (T) of its sleep, or its last one: quire_wait_reason */
	const void *wait_address;  /* (S) */
	NTSTATUS wait_status;	   /* (S) what thread_sleep returns */
	uint64_t wake_time;	   /* (S) 100 ns units of time_now, or TIME_FOREVER */
	TAILQ_ENTRY(thread) queue; /* (S) run queue or wait bucket */
	TAILQ_ENTRY(thread) timer; /* (S) timer list, ordered by wake_time */
	TAILQ_ENTRY(thread) all;   /* (S) every thread, for reports */
	uint64_t id;		   /* (C) */
	char name[16];		   /* (C) for reports */
	uint64_t run_ticks;	   /* (S) TSC ticks on a CPU; thread_run_ticks reads it */

	/* Waits for objects (dispatcher.h): all (D), the dispatcher lock. */
	struct wait *wait;		      /* that it is in, or NULL */
	bool is_alerted;		      /* its next alertable wait ends at once */
	bool is_alerted_by_id;		      /* the same for waits for that alert */
	bool has_user_apc;		      /* calls are queued: they end its alertable waits */
	LIST_HEAD(, waitable_mutant) mutants; /* that it owns */

	void (*finish)(void *); /* (T) thread_exit's, for the reaper */
	void *finish_argument;	/* (T) */

	/* Debug builds: the locks it holds, in the order of taking (lock_order.c). */
	const char *lock_names[THREAD_LOCKS_MAX]; /* (T) */
	uint8_t lock_ranks[THREAD_LOCKS_MAX];	  /* (T) */
	uint8_t lock_depth;			  /* (T) */
	uint8_t spinlock_depth;			  /* (T) how many of them are spinlocks */

	uint64_t debug_registers[6];			     /* (S) DR0 to DR3, DR6, DR7 */
	uint8_t fpu_state[512] __attribute__((aligned(16))); /* (S) FXSAVE area */
#ifdef QUIRE_DEBUG
	struct fail_plan fail; /* (T) */
#endif
};

/*
 * Makes the running boot context the first thread, named "boot", and starts the kernel's own
 * threads: "idle", which halts the CPU when nobody else can run, and "reaper", which finishes
 * threads that have exited. Time starts at 0. Call once, before anything else here, with interrupts
 * disabled.
 */
void thread_system_init(void);

/*
 * Initialises `thread` with a kernel stack [stack_base, stack_base + stack_size_bytes) of the
 * caller. The thread does not run before thread_start; until then the caller may fill in space,
 * space_root, process, user_gs_base and id. `name` is cut to 15 characters. `entry` must not
 * return: it ends in thread_exit.
 */
void thread_init(struct thread *thread, const char *name, uint8_t priority, void *stack_base,
		 size_t stack_size_bytes, void (*entry)(void *), void *argument);
void thread_start(struct thread *thread);

/*
 * Debug builds: is the stack below a system call filled with QUIRE_MARKER_STACK when it begins? New
 * stacks are always filled.
 */
#ifdef QUIRE_DEBUG
extern bool thread_marks_stacks;
#else
#define thread_marks_stacks false
#endif

static inline struct thread *thread_current(void)
{
	return arch_current_thread();
}

/*
 * TSC ticks that the thread has had a CPU, up to when it last gave it away. Anybody may ask at any
 * time, without a lock.
 */
static inline uint64_t thread_run_ticks(const struct thread *thread)
{
	return __atomic_load_n(&thread->run_ticks, __ATOMIC_RELAXED);
}

/* Must it do something for others before it goes (back) to user mode? */
static inline bool thread_is_wanted(const struct thread *thread)
{
	return atomic_load_explicit(&thread->terminate, memory_order_acquire) ||
	       atomic_load_explicit(&thread->suspend, memory_order_acquire) ||
	       atomic_load_explicit(&thread->apc_allowed, memory_order_acquire);
}

/*
 * Ends the current thread, which holds no lock. `finish(argument)` runs in the reaper thread after
 * this one has left its stack for good, so it may free that stack and struct thread itself; it must
 * not sleep for long. NULL: nothing.
 */
_Noreturn void thread_exit(void (*finish)(void *), void *argument);

/* Gives the CPU to another ready thread of the same or higher priority, if there is one. */
void thread_yield(void);

/*
 * Sleeps until thread_wake(address), or until time_now() >= wake_time. `lock` (may be NULL) is
 * released atomically with falling asleep and taken again before the return, so no wake-up between
 * check and sleep is lost. A wake_time that has passed, or an earlier termination request, returns
 * at once.
 * => may sleep: yes; no other lock may be held.
 * => returns: STATUS_SUCCESS woken (check again), STATUS_TIMEOUT, or, if interruptible,
 *    STATUS_THREAD_IS_TERMINATING.
 */
NTSTATUS thread_sleep(const void *address, struct spinlock *lock, uint64_t wake_time,
		      bool interruptible);

/* The same, saying what for. */
static inline NTSTATUS thread_sleep_for(enum quire_wait_reason reason, const void *address,
					struct spinlock *lock, uint64_t wake_time,
					bool interruptible)
{
	thread_current()->wait_reason = (uint8_t)reason;
	return thread_sleep(address, lock, wake_time, interruptible);
}

/*
 * Wakes every thread that sleeps on `address`. May be called under any spinlock ranked below the
 * scheduler's.
 */
void thread_wake(const void *address);

/*
 * Asks `thread` to end with `status`; wakes it if its sleep is interruptible. Idempotent: the first
 * status stays.
 */
void thread_request_termination(struct thread *thread, NTSTATUS status);
#ifdef QUIRE_DEBUG
/* How many that found asleep, by what for. (S) */
extern uint64_t threads_ended_asleep[QUIRE_WAIT_REASONS];
#endif

void thread_set_priority(struct thread *thread, uint8_t priority);

/* 100 ns units since boot. */
uint64_t time_now(void);
/* 100 ns units since 1601, NT's system time. */
uint64_t time_system(void);

/*
 * What idle threads do before they halt the CPU: a small piece of work, which does not sleep and
 * may be preempted anywhere. It returns false when there is none. Boot only.
 */
void thread_set_idle_work(bool (*work)(void));
/* What the boot thread does when it has nothing left to do: a second idle thread, for ever. */
_Noreturn void thread_idle_loop(void);

/*
 * Is nobody else in the middle of something? Every other thread of a process waits for objects or
 * is stopped, and the kernel's own threads sleep. Holds until the caller sleeps, if its priority is
 * THREAD_PRIORITY_CHECK, which no thread of a process has.
 */
#define THREAD_PRIORITY_CHECK (THREAD_PRIORITY_LEVELS - 2)
bool threads_are_quiet(void);

/*
 * Recounts run queues, wait buckets and the timer list; panics on a difference. The reaper calls it
 * after each thread.
 */
void thread_check(void);

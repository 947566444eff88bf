/*
 * lock.h - spinlocks and mutexes, with ranks that debug builds check.
 *
 * Lock order (design 4.6): a thread may take a lock only if its rank is above that of every lock it
 * holds.
 *   handle table -> address space -> segment -> frame lock -> leaves
 * Under a spinlock: no sleeping, no I/O, no allocation, no user memory, no printing.
 *
 * The page-fault path takes about ten locks, nearly always free, so the uncontended cases are
 * inline (lock_fast.h). Debug builds call lock_order.c instead, which checks ranks first: an order
 * violation panics and names both locks, even if nothing would have gone wrong this time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"
#include "kernel/lib/annotate.h"
#include "kernel/lib/assert.h"

struct thread;

enum lock_rank {
	RANK_NAMESPACE = 10, /* the directory tree */
	RANK_PROCESS = 20,   /* process list, one process' thread list and state */
	RANK_HANDLE_TABLE = 30,
	RANK_FILE = 35,	  /* a file object's position; the RAM disk's tree and blocks */
	RANK_SPACES = 38, /* the list of address spaces */
	RANK_ADDRESS_SPACE = 40,
	RANK_FILE_SEGMENTS = 45, /* which file has which segments */
	RANK_BASED = 46,	 /* the addresses of SEC_BASED sections */
	RANK_SEGMENT = 50,
	RANK_FRAME =
		60, /* spinlock: all frames, lists, and every word and slot that names a frame */
	RANK_PAGEFILE = 65,  /* spinlock, leaf: which slots are in use */
	RANK_DEVICE = 66,    /* spinlock, leaf: the disk's queue and settings */
	RANK_POOL = 70,	     /* spinlock, leaf */
	RANK_OBJECT = 72,    /* spinlock, leaf: waitable objects' state */
	RANK_SCHEDULER = 80, /* spinlock, leaf */
	RANK_CONSOLE = 90,   /* spinlock, leaf */
};

struct CAPABILITY("spinlock") spinlock {
	atomic_uint held;      /* (A) 1: held */
	irq_state_t irq_state; /* of the holder, while held: what unlocking goes back to */
	uint8_t rank;	       /* (C) */
	const char *name;      /* (C) */
};

/*
 * The owner word is the whole lock: NULL free, else the thread that holds it, plus 1 (MUTEX_WAITED)
 * when others sleep for it. Free -> owner and owner -> free are single compare-and-exchange
 * instructions; every change that concerns a waiter is made under the scheduler lock (lock.c).
 */
struct CAPABILITY("mutex") mutex {
	const char *name; /* (C) */
	uint8_t rank;	  /* (C) */
	bool hand_over;	  /* (scheduler lock) the first waiter lost it once already: it is next */
	unsigned waiter_count; /* (scheduler lock) threads in mutex_lock that found it taken */
	_Atomic(struct thread *) owner; /* (A) */
};

#define SPINLOCK_INIT(lock_name, lock_rank) \
	{ \
		.rank = (lock_rank), .name = (lock_name) \
	}
#define MUTEX_INIT(lock_name, lock_rank) \
	{ \
		.rank = (lock_rank), .name = (lock_name) \
	}

/*
 * Disables interrupts until the unlock. Never recursive. The unlock switches to a thread of higher
 * priority that was woken meanwhile, if interrupts are enabled then.
 */
#ifdef QUIRE_DEBUG
void spin_lock(struct spinlock *lock) ACQUIRES(*lock);
void spin_unlock(struct spinlock *lock) RELEASES(*lock);
#endif
bool spin_is_held(const struct spinlock *lock); /* by this CPU */

void mutex_init(struct mutex *mutex, const char *name, enum lock_rank rank);

/*
 * mutex_lock may sleep; never recursive; no spinlock may be held. Waiters are served in the order
 * in which they came, except that a running thread may take a free mutex before a waiter that was
 * woken for it runs; at most once per waiter, then the mutex is handed over. A termination request
 * does not end the wait. There is no priority inheritance.
 */
#ifdef QUIRE_DEBUG
void mutex_lock(struct mutex *mutex) ACQUIRES(*mutex);
void mutex_unlock(struct mutex *mutex) RELEASES(*mutex);
#endif
bool mutex_is_held(const struct mutex *mutex); /* by this thread */

/*
 * Asserts that this thread holds no lock at all: before I/O, before waiting for memory, on return
 * to user mode. Debug builds only know; otherwise it does nothing.
 */
#ifdef QUIRE_DEBUG
void lock_assert_none_held(void);
#else
#include "lock_fast.h"
#endif

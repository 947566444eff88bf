/*
 * lock.h - spinlocks and mutexes, with ranks that debug builds check.
 *
 * Lock order (design 4.6): a thread may take a lock only if its rank is above that of every lock it holds.
 *   handle table -> address space -> segment -> frame lock -> leaves
 * Under a spinlock: no sleeping, no I/O, no allocation, no user memory, no printing.
 */
#pragma once

#include <stdatomic.h>

#include "arch/arch.h"
#include "kernel/lib/annotate.h"
#include "kernel/lib/assert.h"

struct thread;

enum lock_rank {
	RANK_NAMESPACE = 10, /* the directory tree */
	RANK_PROCESS = 20,   /* process list, one process' thread list and state */
	RANK_HANDLE_TABLE = 30,
	RANK_FILE = 35, /* a file object's position; the RAM disk's tree and blocks */
	RANK_ADDRESS_SPACE = 40,
	RANK_SEGMENT = 50,
	RANK_FRAME =
		60, /* spinlock: all frames, lists, and every word and slot that names a frame */
	RANK_POOL = 70,	     /* spinlock, leaf */
	RANK_OBJECT = 72,    /* spinlock, leaf: waitable objects' state */
	RANK_SCHEDULER = 80, /* spinlock, leaf */
	RANK_CONSOLE = 90,   /* spinlock, leaf */
};

struct CAPABILITY("spinlock") spinlock {
	atomic_uint held;
	irq_state_t irq_state; /* of the holder, while held */
	uint8_t rank;
	const char *name;
};

struct CAPABILITY("mutex") mutex {
	struct thread *owner;  /* (scheduler lock) */
	unsigned waiter_count; /* (scheduler lock) */
	uint8_t rank;
	const char *name;
};

#define SPINLOCK_INIT(lock_name, lock_rank) \
	{ \
		.rank = (lock_rank), .name = (lock_name) \
	}
#define MUTEX_INIT(lock_name, lock_rank) \
	{ \
		.rank = (lock_rank), .name = (lock_name) \
	}

/* Disables interrupts until the unlock. Never recursive. */
void spin_lock(struct spinlock *lock) ACQUIRES(*lock);
void spin_unlock(struct spinlock *lock) RELEASES(*lock);
bool spin_is_held(const struct spinlock *lock); /* by this CPU */

/* May sleep. Never recursive. */
void mutex_init(struct mutex *mutex, const char *name, enum lock_rank rank);
void mutex_lock(struct mutex *mutex) ACQUIRES(*mutex);
void mutex_unlock(struct mutex *mutex) RELEASES(*mutex);
bool mutex_is_held(const struct mutex *mutex); /* by this thread */

/* Asserts that this thread holds no lock at all: before I/O, before waiting for memory, on return to user mode. */
void lock_assert_none_held(void);

/*
 * spin.h - a lock for short stretches of ntdll: heaps and the module list. Waiters give up their
 * turn.
 *
 * A thread that is terminated inside leaves the lock taken; the same holds for Windows' heap lock.
 */
#pragma once

#include "native.h"

struct spin {
	volatile LONG taken;
};

static inline void spin_lock(struct spin *spin)
{
	while (__atomic_exchange_n(&spin->taken, 1, __ATOMIC_ACQUIRE))
		NtYieldExecution();
}

static inline void spin_unlock(struct spin *spin)
{
	__atomic_store_n(&spin->taken, 0, __ATOMIC_RELEASE);
}

/*
 * srw_lock.c - slim reader-writer locks and condition variables (rtl_locks.h).
 *
 * A lock is one 64-bit word: below, how many readers hold it, or WRITER; above, how many writers
 * wait. A reader does not enter while a writer waits. Who makes the lower half 0 wakes all, and
 * each looks for itself; a sleeper's word is compared whole, so a writer that comes and goes
 * between looking and sleeping is noticed.
 */
#include "native.h"

#define HOLDERS 0xFFFFFFFFull
#define WRITER HOLDERS
#define WAITING_WRITER (1ull << 32)

static uint64_t *lock_word(RTL_SRWLOCK *lock)
{
	return (uint64_t *)&lock->Ptr;
}

static uint64_t lock_load(RTL_SRWLOCK *lock)
{
	return __atomic_load_n(lock_word(lock), __ATOMIC_RELAXED);
}

/* => returns: whether the word was `old` and is `new` now. */
static bool lock_change(RTL_SRWLOCK *lock, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(lock_word(lock), &old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

void NTAPI RtlInitializeSRWLock(RTL_SRWLOCK *lock)
{
	*lock = (RTL_SRWLOCK)RTL_SRWLOCK_INIT;
}

BOOLEAN NTAPI RtlTryAcquireSRWLockExclusive(RTL_SRWLOCK *lock)
{
	uint64_t word = lock_load(lock);

	while (!(word & HOLDERS)) {
		if (lock_change(lock, word, word | WRITER))
			return TRUE;
		word = lock_load(lock);
	}
	return FALSE;
}

void NTAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK *lock)
{
	uint64_t word;

	if (RtlTryAcquireSRWLockExclusive(lock))
		return;
	__atomic_fetch_add(lock_word(lock), WAITING_WRITER, __ATOMIC_SEQ_CST);
	for (;;) {
		word = lock_load(lock);
		if (word & HOLDERS)
			RtlWaitOnAddress(lock, &word, sizeof(word), NULL);
		else if (lock_change(lock, word, (word - WAITING_WRITER) | WRITER))
			return;
	}
}

void NTAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK *lock)
{
	__atomic_fetch_and(lock_word(lock), ~HOLDERS, __ATOMIC_SEQ_CST);
	RtlWakeAddressAll(lock);
}

BOOLEAN NTAPI RtlTryAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
	uint64_t word = lock_load(lock);

	while (word < WRITER) { /* no writer holds it, none waits */
		if (lock_change(lock, word, word + 1))
			return TRUE;
		word = lock_load(lock);
	}
	return FALSE;
}

void NTAPI RtlAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
	while (!RtlTryAcquireSRWLockShared(lock)) {
		uint64_t word = lock_load(lock);

		if (word >= WRITER)
			RtlWaitOnAddress(lock, &word, sizeof(word), NULL);
	}
}

void NTAPI RtlReleaseSRWLockShared(RTL_SRWLOCK *lock)
{
	if ((__atomic_sub_fetch(lock_word(lock), 1, __ATOMIC_SEQ_CST) & HOLDERS) == 0)
		RtlWakeAddressAll(lock);
}

/* ---- condition variables: a counter of wake-ups ---- */

void NTAPI RtlInitializeConditionVariable(RTL_CONDITION_VARIABLE *condition)
{
	*condition = (RTL_CONDITION_VARIABLE)RTL_CONDITION_VARIABLE_INIT;
}

static uint64_t condition_load(RTL_CONDITION_VARIABLE *condition)
{
	return __atomic_load_n((uint64_t *)&condition->Ptr, __ATOMIC_SEQ_CST);
}

static void condition_count(RTL_CONDITION_VARIABLE *condition)
{
	__atomic_fetch_add((uint64_t *)&condition->Ptr, 1, __ATOMIC_SEQ_CST);
}

NTSTATUS NTAPI RtlSleepConditionVariableCS(RTL_CONDITION_VARIABLE *condition,
					   RTL_CRITICAL_SECTION *section,
					   const LARGE_INTEGER *timeout)
{
	uint64_t seen = condition_load(condition);
	NTSTATUS status;

	RtlLeaveCriticalSection(section);
	status = RtlWaitOnAddress(condition, &seen, sizeof(seen), timeout);
	RtlEnterCriticalSection(section);
	return status;
}

NTSTATUS NTAPI RtlSleepConditionVariableSRW(RTL_CONDITION_VARIABLE *condition, RTL_SRWLOCK *lock,
					    const LARGE_INTEGER *timeout, ULONG flags)
{
	bool is_shared = flags & RTL_CONDITION_VARIABLE_LOCKMODE_SHARED;
	uint64_t seen = condition_load(condition);
	NTSTATUS status;

	if (is_shared)
		RtlReleaseSRWLockShared(lock);
	else
		RtlReleaseSRWLockExclusive(lock);
	status = RtlWaitOnAddress(condition, &seen, sizeof(seen), timeout);
	if (is_shared)
		RtlAcquireSRWLockShared(lock);
	else
		RtlAcquireSRWLockExclusive(lock);
	return status;
}

void NTAPI RtlWakeConditionVariable(RTL_CONDITION_VARIABLE *condition)
{
	condition_count(condition);
	RtlWakeAddressSingle(condition);
}

void NTAPI RtlWakeAllConditionVariable(RTL_CONDITION_VARIABLE *condition)
{
	condition_count(condition);
	RtlWakeAddressAll(condition);
}

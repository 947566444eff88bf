/*
 * rtl_locks.h - Rtl's locks: critical sections, slim reader-writer locks, condition variables,
 * one-time initialisation, and the waiting for a value that they stand on. Structures are
 * winnt.h's; timeouts are in 100 ns as everywhere in NT: negative from now, positive absolute, NULL
 * for ever.
 *
 * What waits sleeps in NtWaitForAlertByThreadId: a program that uses that call itself may get an
 * alert that was meant for a lock, and must look again, as on Windows. A thread that ends while it
 * holds a lock leaves it taken.
 */
#pragma once

/* ---- waiting for a value ---- */

/*
 * Sleeps while the 1, 2, 4 or 8 bytes at `address` equal those at `compare`, until somebody wakes
 * the address. May return without reason: look again.
 * => returns: STATUS_TIMEOUT; STATUS_INVALID_PARAMETER for another size.
 */
NTSTATUS NTAPI RtlWaitOnAddress(const void *address, const void *compare, SIZE_T size_bytes,
				const LARGE_INTEGER *timeout);
/* One, or all, of the threads of this process that wait at the address. */
void NTAPI RtlWakeAddressSingle(const void *address);
void NTAPI RtlWakeAddressAll(const void *address);

/* ---- critical sections: one thread at a time, as often as it likes ---- */

/* => returns: STATUS_SUCCESS. A spin count is remembered; its high byte holds flags. */
NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *section);
NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *section,
							ULONG spin_count);
/*
 * Flags are RTL_CRITICAL_SECTION_FLAG_*. DebugInfo is (PVOID)-1: there is none.
 * => returns: STATUS_INVALID_PARAMETER_3 for flags that do not exist, STATUS_INVALID_PARAMETER_2
 * for a spin count with flags in it.
 */
NTSTATUS NTAPI RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION *section, ULONG spin_count,
					      ULONG flags);
/* Nobody may hold it or wait for it. */
NTSTATUS NTAPI RtlDeleteCriticalSection(RTL_CRITICAL_SECTION *section);
/* => returns: the old spin count. */
ULONG NTAPI RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin_count);
/* As many Leaves as Enters give it up. => returns: STATUS_SUCCESS. */
NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *section);
BOOL NTAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *section);
NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *section);
/* Whether anybody, or the caller, holds it. */
BOOL NTAPI RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION *section);
BOOL NTAPI RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION *section);

/* ---- slim reader-writer locks: one writer or many readers; nobody twice; all zeros: free ---- */

void NTAPI RtlInitializeSRWLock(RTL_SRWLOCK *lock);
void NTAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK *lock);
void NTAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK *lock);
BOOLEAN NTAPI RtlTryAcquireSRWLockExclusive(RTL_SRWLOCK *lock);
/* Waiting writers go first, so a reader never takes it twice. */
void NTAPI RtlAcquireSRWLockShared(RTL_SRWLOCK *lock);
void NTAPI RtlReleaseSRWLockShared(RTL_SRWLOCK *lock);
BOOLEAN NTAPI RtlTryAcquireSRWLockShared(RTL_SRWLOCK *lock);

/* ---- condition variables: all zeros, or initialised ---- */

void NTAPI RtlInitializeConditionVariable(RTL_CONDITION_VARIABLE *condition);
/*
 * Gives up the lock, which the caller holds once, sleeps until woken, and takes it again. May
 * return without reason. => returns: STATUS_TIMEOUT, the lock held as before.
 */
NTSTATUS NTAPI RtlSleepConditionVariableCS(RTL_CONDITION_VARIABLE *condition,
					   RTL_CRITICAL_SECTION *section,
					   const LARGE_INTEGER *timeout);
/* Flags: RTL_CONDITION_VARIABLE_LOCKMODE_SHARED if the lock is held shared. */
NTSTATUS NTAPI RtlSleepConditionVariableSRW(RTL_CONDITION_VARIABLE *condition, RTL_SRWLOCK *lock,
					    const LARGE_INTEGER *timeout, ULONG flags);
void NTAPI RtlWakeConditionVariable(RTL_CONDITION_VARIABLE *condition);
void NTAPI RtlWakeAllConditionVariable(RTL_CONDITION_VARIABLE *condition);

/* ---- once: all zeros, or initialised ---- */

void NTAPI RtlRunOnceInitialize(RTL_RUN_ONCE *once);
/*
 * Calls `function` (once, parameter, context) if nobody did; others wait meanwhile. *context is
 * what it stored, the two low bits being zero. => returns: STATUS_UNSUCCESSFUL if the function
 * returned 0: the next caller tries again.
 */
DWORD NTAPI RtlRunOnceExecuteOnce(RTL_RUN_ONCE *once, PRTL_RUN_ONCE_INIT_FN function,
				  PVOID parameter, PVOID *context);
/*
 * The same in two halves. Flags: RTL_RUN_ONCE_CHECK_ONLY (only ask), RTL_RUN_ONCE_ASYNC (several
 * may try side by side; the first to complete counts).
 * => returns: STATUS_SUCCESS: done, *context is set; STATUS_PENDING: the caller is to do it and to
 * call RtlRunOnceComplete; STATUS_UNSUCCESSFUL: only asked, not done; STATUS_INVALID_PARAMETER:
 * both flags, or one that does not go with the state.
 */
DWORD NTAPI RtlRunOnceBeginInitialize(RTL_RUN_ONCE *once, ULONG flags, PVOID *context);
/*
 * Flags: RTL_RUN_ONCE_ASYNC as at the beginning, RTL_RUN_ONCE_INIT_FAILED without a context.
 * => returns: STATUS_UNSUCCESSFUL if nobody has begun or another one was first,
 * STATUS_INVALID_PARAMETER (flags, a context with its low bits set).
 */
DWORD NTAPI RtlRunOnceComplete(RTL_RUN_ONCE *once, ULONG flags, PVOID context);

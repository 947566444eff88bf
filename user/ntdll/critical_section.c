/*
 * critical_section.c - Rtl's critical sections (rtl_locks.h).
 *
 * LockCount is the lock: -1 free, 0 held, 1 held and somebody may wait. OwningThread and
 * RecursionCount are written by the owner alone; others may read OwningThread, which is never their
 * own number by accident.
 */
#include "native.h"

#define LOCK_FREE (-1)
#define LOCK_HELD 0
#define LOCK_WAITED_FOR 1

#define SPIN_COUNT_MASK 0x00FFFFFFu
#define VALID_FLAGS \
	(RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO | RTL_CRITICAL_SECTION_FLAG_DYNAMIC_SPIN | \
	 RTL_CRITICAL_SECTION_FLAG_STATIC_INIT)

NTSTATUS NTAPI RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION *section, ULONG spin_count,
					      ULONG flags)
{
	if (flags & ~(ULONG)VALID_FLAGS)
		return STATUS_INVALID_PARAMETER_3;
	if (spin_count & ~SPIN_COUNT_MASK)
		return STATUS_INVALID_PARAMETER_2;
	*section = (RTL_CRITICAL_SECTION){.DebugInfo = (PRTL_CRITICAL_SECTION_DEBUG)(intptr_t)-1,
					  .LockCount = LOCK_FREE,
					  .SpinCount = spin_count};
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *section,
							ULONG spin_count)
{
	return RtlInitializeCriticalSectionEx(section, spin_count & SPIN_COUNT_MASK, 0);
}

NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *section)
{
	return RtlInitializeCriticalSectionEx(section, 0, 0);
}

NTSTATUS NTAPI RtlDeleteCriticalSection(RTL_CRITICAL_SECTION *section)
{
	*section = (RTL_CRITICAL_SECTION){.LockCount = LOCK_FREE};
	return STATUS_SUCCESS;
}

ULONG NTAPI RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin_count)
{
	ULONG old = (ULONG)section->SpinCount;

	section->SpinCount = spin_count;
	return old;
}

BOOL NTAPI RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION *section)
{
	return __atomic_load_n(&section->OwningThread, __ATOMIC_RELAXED) == thread_number();
}

BOOL NTAPI RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION *section)
{
	return __atomic_load_n(&section->LockCount, __ATOMIC_RELAXED) != LOCK_FREE;
}

static void section_own(RTL_CRITICAL_SECTION *section)
{
	__atomic_store_n(&section->OwningThread, thread_number(), __ATOMIC_RELAXED);
	section->RecursionCount = 1;
}

BOOL NTAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *section)
{
	LONG expected = LOCK_FREE;

	if (RtlIsCriticalSectionLockedByThread(section)) {
		section->RecursionCount++;
		return TRUE;
	}
	if (!__atomic_compare_exchange_n(&section->LockCount, &expected, LOCK_HELD, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return FALSE;
	section_own(section);
	return TRUE;
}

NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *section)
{
	const LONG waited_for = LOCK_WAITED_FOR;

	if (RtlTryEnterCriticalSection(section))
		return STATUS_SUCCESS;
	while (__atomic_exchange_n(&section->LockCount, LOCK_WAITED_FOR, __ATOMIC_ACQUIRE) !=
	       LOCK_FREE)
		RtlWaitOnAddress(&section->LockCount, &waited_for, sizeof(waited_for), NULL);
	section_own(section);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *section)
{
	if (--section->RecursionCount)
		return STATUS_SUCCESS;
	__atomic_store_n(&section->OwningThread, NULL, __ATOMIC_RELAXED);
	if (__atomic_exchange_n(&section->LockCount, LOCK_FREE, __ATOMIC_SEQ_CST) ==
	    LOCK_WAITED_FOR)
		RtlWakeAddressSingle(&section->LockCount);
	return STATUS_SUCCESS;
}

/*
 * run_once.c - one-time initialisation (rtl_locks.h). The word's two low bits are its state, the
 * others the context once it is done.
 */
#include "native.h"

#define STATE_MASK 3ull
#define STATE_NEW 0ull
#define STATE_RUNNING 1ull /* by one thread; others wait */
#define STATE_DONE 2ull
#define STATE_RUNNING_ASYNC 3ull /* by any number of threads; the first to complete counts */

static uint64_t once_load(RTL_RUN_ONCE *once)
{
	return __atomic_load_n((uint64_t *)&once->Ptr, __ATOMIC_ACQUIRE);
}

static bool once_change(RTL_RUN_ONCE *once, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n((uint64_t *)&once->Ptr, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void NTAPI RtlRunOnceInitialize(RTL_RUN_ONCE *once)
{
	*once = (RTL_RUN_ONCE)RTL_RUN_ONCE_INIT;
}

static DWORD once_result(uint64_t word, PVOID *context)
{
	if (context)
		*context = (PVOID)(uintptr_t)(word & ~STATE_MASK);
	return STATUS_SUCCESS;
}

DWORD NTAPI RtlRunOnceBeginInitialize(RTL_RUN_ONCE *once, ULONG flags, PVOID *context)
{
	bool is_async = flags & RTL_RUN_ONCE_ASYNC;
	uint64_t word = once_load(once), state = word & STATE_MASK;

	if ((flags & RTL_RUN_ONCE_CHECK_ONLY) && is_async)
		return (DWORD)STATUS_INVALID_PARAMETER;
	if ((flags & RTL_RUN_ONCE_CHECK_ONLY) && state != STATE_DONE)
		return (DWORD)STATUS_UNSUCCESSFUL;
	for (; state != STATE_DONE; word = once_load(once), state = word & STATE_MASK) {
		if (state == STATE_NEW) {
			if (once_change(once, word, is_async ? STATE_RUNNING_ASYNC : STATE_RUNNING))
				return STATUS_PENDING;
			continue;
		}
		if (is_async != (state == STATE_RUNNING_ASYNC))
			return (DWORD)STATUS_INVALID_PARAMETER;
		if (is_async)
			return STATUS_PENDING;
		RtlWaitOnAddress(once, &word, sizeof(word), NULL);
	}
	return once_result(word, context);
}

DWORD NTAPI RtlRunOnceComplete(RTL_RUN_ONCE *once, ULONG flags, PVOID context)
{
	bool is_async = flags & RTL_RUN_ONCE_ASYNC, failed = flags & RTL_RUN_ONCE_INIT_FAILED;
	uint64_t word, state, result = (uintptr_t)context | STATE_DONE;

	if (((uintptr_t)context & STATE_MASK) || (failed && (context || is_async)))
		return (DWORD)STATUS_INVALID_PARAMETER;
	if (failed)
		result = STATE_NEW;
	do {
		word = once_load(once);
		state = word & STATE_MASK;
		if (state == STATE_NEW || state == STATE_DONE)
			return (DWORD)STATUS_UNSUCCESSFUL;
		if (is_async != (state == STATE_RUNNING_ASYNC))
			return (DWORD)STATUS_INVALID_PARAMETER;
	} while (!once_change(once, word, result));
	RtlWakeAddressAll(once);
	return STATUS_SUCCESS;
}

DWORD NTAPI RtlRunOnceExecuteOnce(RTL_RUN_ONCE *once, PRTL_RUN_ONCE_INIT_FN function,
				  PVOID parameter, PVOID *context)
{
	PVOID made = NULL;
	DWORD status = RtlRunOnceBeginInitialize(once, 0, context);

	if (status != STATUS_PENDING)
		return status;
	if (!function(once, parameter, &made)) {
		RtlRunOnceComplete(once, RTL_RUN_ONCE_INIT_FAILED, NULL);
		return (DWORD)STATUS_UNSUCCESSFUL;
	}
	status = RtlRunOnceComplete(once, 0, made);
	if (status == STATUS_SUCCESS && context)
		*context = made;
	return status;
}

/*
 * test_rtl_locks.c - ntdll's locks (user/include/rtl_locks.h): alone, and with threads that
 * contend.
 */
#include "guest.h"

#define THREADS 4
#define ROUNDS 400u

static RTL_CRITICAL_SECTION section;
static RTL_SRWLOCK lock = RTL_SRWLOCK_INIT;
static RTL_CONDITION_VARIABLE condition = RTL_CONDITION_VARIABLE_INIT;
static RTL_RUN_ONCE once = RTL_RUN_ONCE_INIT;
static unsigned total, inside, calls;
static bool is_ready, was_together;

static void thread_finish(HANDLE thread)
{
	NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
}

/* Runs the routine in THREADS threads with the arguments 0, 1, ... */
static void threads_run(thread_start_routine routine)
{
	HANDLE threads[THREADS];

	for (intptr_t i = 0; i < THREADS; i++)
		threads[i] = thread_need(routine, (PVOID)(uintptr_t)i, 0);
	for (unsigned i = 0; i < THREADS; i++)
		thread_finish(threads[i]);
}

/* Adds to `total` in a way that loses turns if two do it at once. */
static void count_slowly(void)
{
	unsigned seen = total;

	if (__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST))
		was_together = true;
	if (seen % 16 == 0)
		NtYieldExecution();
	total = seen + 1;
	__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
}

/* ---- critical sections ---- */

static NTSTATUS NTAPI section_worker(PVOID argument)
{
	(void)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		RtlEnterCriticalSection(&section);
		RtlEnterCriticalSection(&section);
		count_slowly();
		RtlLeaveCriticalSection(&section);
		RtlLeaveCriticalSection(&section);
	}
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI section_taker(PVOID argument)
{
	(void)argument;
	calls = RtlTryEnterCriticalSection(&section);
	return STATUS_SUCCESS;
}

/* catches: a section given up at the first of two Leaves; the owner's number left behind */
static void test_section(void)
{
	tap_is_status(RtlInitializeCriticalSection(&section), STATUS_SUCCESS, "initialise");
	tap_ok(section.LockCount == -1 && !section.RecursionCount && !section.OwningThread, "free");
	tap_ok(!RtlIsCriticalSectionLocked(&section), "not locked");
	tap_is_status(RtlEnterCriticalSection(&section), STATUS_SUCCESS, "enter");
	tap_ok(RtlTryEnterCriticalSection(&section), "and again");
	tap_ok(section.RecursionCount == 2 && section.OwningThread == thread_number(),
	       "twice ours");
	tap_ok(RtlIsCriticalSectionLockedByThread(&section), "locked by this thread");
	RtlLeaveCriticalSection(&section);
	thread_finish(thread_need(section_taker, NULL, 0));
	tap_ok(!calls, "another thread cannot have it after one Leave");
	RtlLeaveCriticalSection(&section);
	tap_ok(section.LockCount == -1 && !section.OwningThread, "free again");
	tap_is_number(RtlSetCriticalSectionSpinCount(&section, 7), 0, "spin count");
	tap_ok(section.SpinCount == 7, "is remembered");
	total = 0;
	was_together = false;
	threads_run(section_worker);
	tap_is_number(total, THREADS * ROUNDS, "threads exclude each other");
	tap_ok(!was_together, "never two at a time");
	tap_is_status(RtlDeleteCriticalSection(&section), STATUS_SUCCESS, "delete");
	tap_is_status_or(RtlInitializeCriticalSectionEx(&section, 0, 0x80000000),
			 STATUS_INVALID_PARAMETER_3, STATUS_SUCCESS, "flags that do not exist");
}

/* ---- slim locks ---- */

static NTSTATUS NTAPI lock_worker(PVOID argument)
{
	bool is_reader = (intptr_t)argument % 2;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (!is_reader) {
			RtlAcquireSRWLockExclusive(&lock);
			count_slowly();
			RtlReleaseSRWLockExclusive(&lock);
			continue;
		}
		RtlAcquireSRWLockShared(&lock);
		if (__atomic_load_n(&inside, __ATOMIC_SEQ_CST))
			was_together = true;
		if (i % 16 == 0)
			NtYieldExecution();
		RtlReleaseSRWLockShared(&lock);
	}
	return STATUS_SUCCESS;
}

/* catches: a reader beside a writer; a lock not free when its last holder is gone */
static void test_lock(void)
{
	RtlInitializeSRWLock(&lock);
	tap_ok(RtlTryAcquireSRWLockShared(&lock) && RtlTryAcquireSRWLockShared(&lock), "readers");
	tap_ok(!RtlTryAcquireSRWLockExclusive(&lock), "keep writers out");
	RtlReleaseSRWLockShared(&lock);
	tap_ok(!RtlTryAcquireSRWLockExclusive(&lock), "to the last one");
	RtlReleaseSRWLockShared(&lock);
	tap_ok(RtlTryAcquireSRWLockExclusive(&lock), "a writer");
	tap_ok(!RtlTryAcquireSRWLockShared(&lock) && !RtlTryAcquireSRWLockExclusive(&lock),
	       "keeps everybody out");
	RtlReleaseSRWLockExclusive(&lock);
	tap_ok(!lock.Ptr, "free: all zeros");
	total = 0;
	was_together = false;
	threads_run(lock_worker);
	tap_is_number(total, THREADS / 2 * ROUNDS, "writers exclude each other");
	tap_ok(!was_together && !lock.Ptr, "and readers; free at the end");
}

/* ---- condition variables ---- */

static NTSTATUS NTAPI section_sleeper(PVOID argument)
{
	(void)argument;
	RtlEnterCriticalSection(&section);
	while (!is_ready)
		RtlSleepConditionVariableCS(&condition, &section, NULL);
	total++;
	RtlLeaveCriticalSection(&section);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI lock_sleeper(PVOID argument)
{
	ULONG flags = (intptr_t)argument % 2 ? RTL_CONDITION_VARIABLE_LOCKMODE_SHARED : 0;

	if (flags)
		RtlAcquireSRWLockShared(&lock);
	else
		RtlAcquireSRWLockExclusive(&lock);
	while (!is_ready)
		RtlSleepConditionVariableSRW(&condition, &lock, NULL, flags);
	__atomic_fetch_add(&total, 1, __ATOMIC_SEQ_CST);
	if (flags)
		RtlReleaseSRWLockShared(&lock);
	else
		RtlReleaseSRWLockExclusive(&lock);
	return STATUS_SUCCESS;
}

/* catches: a wake-up lost between giving up the lock and sleeping; the lock not taken again */
static void test_condition(void)
{
	const LARGE_INTEGER soon = {.QuadPart = -20000};
	HANDLE threads[THREADS];

	RtlInitializeConditionVariable(&condition);
	RtlInitializeCriticalSection(&section);
	RtlEnterCriticalSection(&section);
	tap_is_status(RtlSleepConditionVariableCS(&condition, &section, &soon), STATUS_TIMEOUT,
		      "nobody wakes: timeout");
	tap_ok(RtlIsCriticalSectionLockedByThread(&section), "the section is ours again");
	total = 0;
	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_need(section_sleeper, NULL, 0);
	RtlLeaveCriticalSection(&section);
	NtYieldExecution();
	RtlEnterCriticalSection(&section);
	is_ready = true;
	RtlLeaveCriticalSection(&section);
	for (unsigned i = 0; i < THREADS; i++)
		RtlWakeConditionVariable(&condition);
	for (unsigned i = 0; i < THREADS; i++)
		thread_finish(threads[i]);
	tap_is_number(total, THREADS, "one by one, with a critical section");
	is_ready = false;
	total = 0;
	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_need(lock_sleeper, (PVOID)(uintptr_t)i, 0);
	NtYieldExecution();
	RtlAcquireSRWLockExclusive(&lock);
	is_ready = true;
	RtlReleaseSRWLockExclusive(&lock);
	RtlWakeAllConditionVariable(&condition);
	for (unsigned i = 0; i < THREADS; i++)
		thread_finish(threads[i]);
	tap_is_number(total, THREADS, "all at once, with a slim lock");
	RtlDeleteCriticalSection(&section);
}

/* ---- once ---- */

static DWORD WINAPI once_function(PRTL_RUN_ONCE unused, PVOID parameter, PVOID *context)
{
	(void)unused;
	NtYieldExecution(); /* the others arrive meanwhile */
	__atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
	*context = (PVOID)(uintptr_t)0x1230;
	return parameter ? FALSE : TRUE;
}

static NTSTATUS NTAPI once_worker(PVOID argument)
{
	PVOID context = NULL;

	(void)argument;
	if (RtlRunOnceExecuteOnce(&once, once_function, NULL, &context) == STATUS_SUCCESS &&
	    context == (PVOID)(uintptr_t)0x1230)
		__atomic_fetch_add(&total, 1, __ATOMIC_SEQ_CST);
	return STATUS_SUCCESS;
}

/* catches: two callers; a failure remembered as done; a context handed out before it is there */
static void test_once(void)
{
	PVOID context = NULL;

	calls = total = 0;
	RtlRunOnceInitialize(&once);
	tap_is_status((NTSTATUS)RtlRunOnceExecuteOnce(&once, once_function, &once, &context),
		      STATUS_UNSUCCESSFUL, "the function fails");
	tap_is_status((NTSTATUS)RtlRunOnceBeginInitialize(&once, RTL_RUN_ONCE_CHECK_ONLY, &context),
		      STATUS_UNSUCCESSFUL, "not done");
	calls = 0;
	threads_run(once_worker);
	tap_is_number(calls, 1, "called once");
	tap_is_number(total, THREADS, "all have its context");
	tap_is_status((NTSTATUS)RtlRunOnceBeginInitialize(&once, RTL_RUN_ONCE_CHECK_ONLY, &context),
		      STATUS_SUCCESS, "done");
	tap_ok(context == (PVOID)(uintptr_t)0x1230, "the context");
	tap_is_status((NTSTATUS)RtlRunOnceComplete(&once, 0, NULL), STATUS_UNSUCCESSFUL,
		      "completing what is done");
}

/* catches: the states of the asynchronous form taken for the other */
static void test_once_async(void)
{
	PVOID context = NULL;

	RtlRunOnceInitialize(&once);
	tap_is_status((NTSTATUS)RtlRunOnceBeginInitialize(
			      &once, RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC, &context),
		      STATUS_INVALID_PARAMETER, "flags that exclude each other");
	for (unsigned i = 0; i < 2; i++)
		tap_is_status(
			(NTSTATUS)RtlRunOnceBeginInitialize(&once, RTL_RUN_ONCE_ASYNC, &context),
			STATUS_PENDING, "async: caller %u is to do it", i);
	tap_is_status((NTSTATUS)RtlRunOnceBeginInitialize(&once, 0, &context),
		      STATUS_INVALID_PARAMETER, "the other form in between");
	tap_is_status((NTSTATUS)RtlRunOnceComplete(&once, 0, NULL), STATUS_INVALID_PARAMETER,
		      "completed in the other form");
	tap_is_status((NTSTATUS)RtlRunOnceComplete(&once, RTL_RUN_ONCE_ASYNC, (PVOID)(uintptr_t)5),
		      STATUS_INVALID_PARAMETER, "a context with a low bit");
	tap_is_status((NTSTATUS)RtlRunOnceComplete(&once, RTL_RUN_ONCE_ASYNC, &once),
		      STATUS_SUCCESS, "the first counts");
	tap_is_status((NTSTATUS)RtlRunOnceComplete(&once, RTL_RUN_ONCE_ASYNC, NULL),
		      STATUS_UNSUCCESSFUL, "the second does not");
	RtlRunOnceBeginInitialize(&once, 0, &context);
	tap_ok(context == &once, "its context");
}

/* ---- waiting for a value ---- */

static uint32_t turn;

static NTSTATUS NTAPI turn_worker(PVOID argument)
{
	uint32_t mine = (uint32_t)(intptr_t)argument, seen;

	for (unsigned i = 0; i < 20; i++) {
		while ((seen = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) % THREADS != mine)
			RtlWaitOnAddress(&turn, &seen, sizeof(seen), NULL);
		__atomic_fetch_add(&turn, 1, __ATOMIC_SEQ_CST);
		RtlWakeAddressAll(&turn);
	}
	return STATUS_SUCCESS;
}

/* catches: a wake-up lost; a timeout that never comes */
static void test_address(void)
{
	const LARGE_INTEGER soon = {.QuadPart = -20000};
	uint8_t value = 1, same = 1, other = 2;

	tap_is_status(RtlWaitOnAddress(&value, &other, 1, NULL), STATUS_SUCCESS, "another value");
	tap_is_status(RtlWaitOnAddress(&value, &same, 1, &soon), STATUS_TIMEOUT, "the same");
	tap_is_status(RtlWaitOnAddress(&value, &same, 3, &soon), STATUS_INVALID_PARAMETER,
		      "3 bytes");
	RtlWakeAddressSingle(&value);
	tap_is_status(RtlWaitOnAddress(&value, &same, 1, &soon), STATUS_TIMEOUT,
		      "a wake-up is not kept");
	threads_run(turn_worker);
	tap_is_number(turn, 20 * THREADS, "threads in turn");
}

/* ---- sleeping: who waits is asleep in the kernel, and takes no turns ---- */

static HANDLE sleeper; /* its number */
static NTSTATUS left_over;

static NTSTATUS NTAPI section_waiter(PVOID argument)
{
	(void)argument;
	sleeper = thread_number();
	RtlEnterCriticalSection(&section);
	left_over = NtWaitForAlertByThreadId(NULL, &(LARGE_INTEGER){.QuadPart = 0});
	RtlLeaveCriticalSection(&section);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI address_sleeper(PVOID argument)
{
	const unsigned value = 0;

	(void)argument;
	while (!is_ready)
		RtlWaitOnAddress(&total, &value, sizeof(value), NULL);
	return STATUS_SUCCESS;
}

/* 100 ns that a thread which waits for the address used the CPU, when it was left alone so long. */
static LONGLONG time_of_sleep(LONGLONG milliseconds)
{
	KERNEL_USER_TIMES times;
	HANDLE thread;

	is_ready = false;
	total = 0;
	thread = thread_need(address_sleeper, NULL, 0);
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = -10000 * milliseconds});
	is_ready = true;
	RtlWakeAddressAll(&total);
	NtWaitForSingleObject(thread, FALSE, NULL);
	NtQueryInformationThread(thread, ThreadTimes, &times, sizeof(times), NULL);
	NtClose(thread);
	return times.KernelTime.QuadPart + times.UserTime.QuadPart;
}

/* catches: waiting by looking again and again; a wake-up for another sleep taken for this one's */
static void test_sleep(void)
{
	LARGE_INTEGER moment = {.QuadPart = -100000};
	LONGLONG brief, lengthy;
	HANDLE thread;

	if (system_is_wine()) {
		tap_skip(3, "how others sleep is theirs");
		return;
	}
	RtlInitializeCriticalSection(&section);
	RtlEnterCriticalSection(&section);
	sleeper = NULL;
	left_over = STATUS_PENDING;
	thread = thread_need(section_waiter, NULL, 0);
	while (!*(HANDLE volatile *)&sleeper)
		NtDelayExecution(FALSE, &moment);
	NtAlertThreadByThreadId(sleeper);
	NtDelayExecution(FALSE, &moment);
	tap_ok(left_over == STATUS_PENDING, "an alert of a stranger lets nobody in");
	RtlLeaveCriticalSection(&section);
	thread_finish(thread);
	tap_is_status(left_over, STATUS_TIMEOUT, "who waits for a section sleeps until alerted");
	RtlDeleteCriticalSection(&section);
	brief = time_of_sleep(20);
	lengthy = time_of_sleep(1000);
	tap_ok(lengthy < brief + brief / 2, "a long wait takes no more CPU time than a short one");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("Rtl locks");
	test_section();
	test_lock();
	test_condition();
	test_once();
	test_once_async();
	test_address();
	test_sleep();
	return tap_finish();
}

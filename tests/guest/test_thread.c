/*
 * test_thread.c - threads: creation, ends, stacks, and that each has registers of its own.
 */
#include <string.h>

#include "child.h"
#include "guest.h"
#include "touch.h"

#define MILLISECOND (-10000ll)

static NTSTATUS wait_for(HANDLE object, LONGLONG timeout)
{
	LARGE_INTEGER time = {.QuadPart = timeout};

	return NtWaitForSingleObject(object, FALSE, &time);
}

static void thread_end(HANDLE thread)
{
	NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
}

static void pause(LONGLONG milliseconds)
{
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = milliseconds * MILLISECOND});
}

/* ---- what threads do ---- */

static NTSTATUS NTAPI store_one(PVOID argument)
{
	*(volatile int *)argument = 1;
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI sleep_long(PVOID argument)
{
	(void)argument;
	pause(1000000);
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI count_forever(PVOID argument)
{
	do
		++*(volatile uint64_t *)argument;
	while (argument);
	return STATUS_SUCCESS;
}

/* ---- tests ---- */

/* catches: a thread that runs before it is resumed, or twice; a lost argument */
static void test_start(void)
{
	int stored = 0;
	ULONG count = 99;
	HANDLE thread = thread_need(store_one, &stored, 0);

	tap_is_status(NtWaitForSingleObject(thread, FALSE, NULL), STATUS_SUCCESS, "a thread ends");
	tap_is_number((uint64_t)stored, 1, "it had its argument");
	tap_is_status(wait_for(thread, 0), STATUS_SUCCESS, "it stays signaled");
	NtClose(thread);
	stored = 0;
	thread = thread_need(store_one, &stored, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	tap_is_status(wait_for(thread, 30 * MILLISECOND), STATUS_TIMEOUT,
		      "a suspended thread does not run");
	tap_is_number((uint64_t)stored, 0, "not at all");
	tap_is_status(NtResumeThread(thread, &count), STATUS_SUCCESS, "it is resumed");
	tap_is_number(count, 1, "its count was 1");
	thread_end(thread);
	tap_is_number((uint64_t)stored, 1, "then it ran");
}

/* catches: a wait or an endless loop that termination does not reach */
static void test_terminate(void)
{
	uint64_t counter = 0, seen;
	int stored = 0;
	HANDLE thread = thread_need(sleep_long, NULL, 0);

	pause(20);
	tap_is_status(NtTerminateThread(thread, 1), STATUS_SUCCESS, "a thread that sleeps");
	tap_is_status(wait_for(thread, 60000 * MILLISECOND), STATUS_SUCCESS, "ends");
	tap_is_status_or(NtTerminateThread(thread, 2), STATUS_THREAD_IS_TERMINATING, STATUS_SUCCESS,
			 "not twice");
	NtClose(thread);
	thread = thread_need(count_forever, &counter, 0);
	pause(30);
	tap_ok(__atomic_load_n(&counter, __ATOMIC_RELAXED) > 0,
	       "a thread that only computes runs beside us");
	tap_is_status(NtTerminateThread(thread, 1), STATUS_SUCCESS, "and is terminated");
	thread_end(thread);
	seen = __atomic_load_n(&counter, __ATOMIC_RELAXED);
	pause(30);
	tap_is_number(__atomic_load_n(&counter, __ATOMIC_RELAXED), seen, "it counts no more");
	thread = thread_need(store_one, &stored, THREAD_CREATE_FLAGS_CREATE_SUSPENDED);
	tap_is_status(NtTerminateThread(thread, 1), STATUS_SUCCESS, "a thread that never ran");
	thread_end(thread);
	tap_is_number((uint64_t)stored, 0, "never will");
}

/* Reads its own limits; the address of a local shows where it really runs. */
struct stack_report {
	uintptr_t base, limit, local;
	uint64_t id;
};

static NTSTATUS NTAPI report_stack(PVOID argument)
{
	struct stack_report *report = argument;
	const NT_TIB *tib = (const NT_TIB *)NtCurrentTeb();

	report->base = (uintptr_t)tib->StackBase;
	report->limit = (uintptr_t)tib->StackLimit;
	report->local = (uintptr_t)&report;
	report->id = (uint64_t)(uintptr_t)NtCurrentTeb()->Reserved1[9];
	return STATUS_SUCCESS;
}

/* catches: stacks that overlap, sizes that are ignored, limits that lie */
static void test_stacks(void)
{
	static struct stack_report first, second;
	HANDLE thread;
	NTSTATUS status;

	thread_end(thread_need(report_stack, &first, 0));
	tap_ok(first.limit < first.local && first.local < first.base,
	       "a thread runs between the limits in its TEB");
	tap_ok(first.base - first.local < 0x2000, "at the top");
	status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, report_stack,
				  &second, 0, 0, 0x8000, 0x40000, NULL);
	tap_is_status(status, STATUS_SUCCESS, "a stack of 256 KiB, 32 KiB of it committed");
	thread_end(thread);
	if (system_is_wine())
		tap_skip(1, "Wine has commit sizes of its own (W18)");
	else
		tap_ok(second.local < second.base && second.base - second.limit >= 0x8000 &&
			       second.base - second.limit <= 0x40000,
		       "has these sizes");
	tap_ok(first.id != second.id && first.id && first.id % 4 == 0, "ids differ");
	status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, report_stack,
				  &second, 0, 0, 0, 1ull << 50, NULL);
	tap_ok(!NT_SUCCESS(status), "a stack of 2^50 bytes is refused");
}

static unsigned finished;

static NTSTATUS NTAPI add_one(PVOID argument)
{
	(void)argument;
	NtYieldExecution();
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELAXED);
	return STATUS_SUCCESS;
}

/* catches: kernel stacks, user stacks or TEBs that stay when their thread is gone */
static void test_many(void)
{
	enum { TOGETHER = 40, ROUNDS = 5 };
	static HANDLE threads[TOGETHER];
	struct quire_fault_counts before, after;

	finished = 0;
	fault_counts_read(&before);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < TOGETHER; i++)
			threads[i] = thread_need(add_one, NULL, 0);
		for (unsigned i = 0; i < TOGETHER; i++)
			thread_end(threads[i]);
	}
	fault_counts_read(&after);
	tap_is_number(finished, TOGETHER * ROUNDS, "%u times %u threads at once", ROUNDS, TOGETHER);
	tap_is_number(after.commit_pages, before.commit_pages, "stacks and TEBs are given back");
	tap_is_number(after.handles, before.handles, "no handle is left");
}

/* catches: a limit that is not there, or that breaks the process when it is reached */
static void test_limit(void)
{
	enum { MANY = 2000 };
	static HANDLE threads[MANY];
	unsigned made = 0;
	NTSTATUS status = STATUS_SUCCESS;

	if (!system_is_quire()) {
		tap_skip(3, "a hosted system has its own limit");
		return;
	}
	while (made < MANY && NT_SUCCESS(status)) {
		status = NtCreateThreadEx(&threads[made], THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS,
					  add_one, NULL, THREAD_CREATE_FLAGS_CREATE_SUSPENDED, 0, 0,
					  0, NULL);
		made += NT_SUCCESS(status);
	}
	tap_ok(made >= 64 && made < MANY, "%u suspended threads, and then no more", made);
	tap_ok(status == STATUS_INSUFFICIENT_RESOURCES || status == STATUS_NO_MEMORY ||
		       status == STATUS_COMMITMENT_LIMIT,
	       "the status says why (0x%08x)", (unsigned)status);
	finished = 0;
	for (unsigned i = 0; i < made; i++)
		NtResumeThread(threads[i], NULL);
	for (unsigned i = 0; i < made; i++)
		thread_end(threads[i]);
	tap_is_number(finished, made, "all of them run in the end");
}

/* ---- registers ---- */

struct vectors {
	uint64_t words[32]; /* xmm0 to xmm15 */
	uint32_t mxcsr;
	uint16_t control, padding;
	double number;
};
_Static_assert(offsetof(struct vectors, mxcsr) == 0x100, "vectors.S");
_Static_assert(offsetof(struct vectors, control) == 0x104, "vectors.S");
_Static_assert(offsetof(struct vectors, number) == 0x108, "vectors.S");

/* vectors.S: loads all registers from `in`, computes a while, stores them in `out`. */
void vectors_hold(const struct vectors *in, struct vectors *out, uint64_t rounds);

struct register_task {
	unsigned number;
	unsigned wrong, rounds;
};

static volatile bool registers_stop;

static NTSTATUS NTAPI registers_check(PVOID argument)
{
	static const uint32_t roundings[] = {0x1F80, 0x3F80, 0x5F80,
					     0x7F80}; /* exceptions masked */
	static const uint16_t controls[] = {0x037F, 0x077F, 0x0B7F, 0x0F7F};
	struct register_task *task = argument;
	struct vectors in, out;

	for (unsigned i = 0; i < COUNT_OF(in.words); i++)
		in.words[i] = 0x0101010101010101ull * (task->number * 32 + i);
	in.mxcsr = roundings[task->number % 4];
	in.control = controls[task->number % 4];
	in.number = task->number + 0.5;
	while (!registers_stop) {
		memset(&out, 0, sizeof(out));
		vectors_hold(&in, &out, 200000);
		task->wrong += memcmp(in.words, out.words, sizeof(in.words)) ||
			       in.mxcsr != out.mxcsr || in.control != out.control ||
			       in.number != out.number;
		task->rounds++;
		if (!task->number) /* the others are interrupted while they hold their values */
			NtYieldExecution();
	}
	return STATUS_SUCCESS;
}

/* catches: floating-point registers of one thread seen by another, after an interrupt or a call */
static void test_registers(void)
{
	enum { TASKS = 4 };
	static struct register_task tasks[TASKS];
	HANDLE threads[TASKS];
	unsigned wrong = 0, rounds = UINT32_MAX;

	for (unsigned i = 0; i < TASKS; i++) {
		tasks[i].number = i;
		threads[i] = thread_need(registers_check, &tasks[i], 0);
	}
	pause(500);
	registers_stop = true;
	for (unsigned i = 0; i < TASKS; i++) {
		thread_end(threads[i]);
		wrong += tasks[i].wrong;
		if (tasks[i].rounds < rounds)
			rounds = tasks[i].rounds;
	}
	tap_ok(rounds > 1, "%u threads that hold SSE and x87 registers all had turns", TASKS);
	tap_is_number(wrong, 0, "and none saw another's");
}

/* ---- the process' end ---- */

static NTSTATUS NTAPI outlive(PVOID argument)
{
	(void)argument;
	pause(30);
	return 42; /* RtlExitUserThread(42) of the last thread */
}

/* catches: a process that ends with its first thread, or never */
static void test_last_thread(void)
{
	if (system_is_wine())
		tap_skip(1, "Wine ends the process with its first thread's start routine");
	else
		tap_is_status(child_run_self("outlive"), 42,
			      "a process ends with its last thread, and its status");
	tap_is_status(child_run_self("others"), 43,
		      "NtTerminateProcess(0) ends all threads but us");
}

static NTSTATUS child_main(const char *task)
{
	static uint64_t counter;
	uint64_t seen;
	HANDLE thread;

	if (!strcmp(task, "outlive")) {
		NtClose(thread_need(outlive, NULL, 0));
		RtlExitUserThread(7);
	}
	thread = thread_need(count_forever, &counter, 0);
	thread_need(sleep_long, NULL, 0);
	pause(20);
	NtTerminateProcess(NULL, 1);
	if (wait_for(thread, 0) != STATUS_SUCCESS)
		return 1;
	seen = counter;
	pause(20);
	return counter == seen ? 43 : 2;
}

int program_main(int argc, char **argv)
{
	if (argc == 2)
		return child_main(argv[1]);
	tap_start("threads");
	touch_own_pages();
	test_start();
	test_terminate();
	test_stacks();
	test_many();
	test_limit();
	test_registers();
	test_last_thread();
	return tap_finish();
}

/*
 * steer.c - calls that would end the fuzzer, stop it for ever or take away what it runs on. None is
 * left out: each still comes, with arguments that do less harm, and in one of a few hundred cases
 * as it was; then the process dies and another one starts in its place.
 */
#include <string.h>

#include "console.h"
#include "fuzz.h"

#define LET_ONE_IN 400u
#define PROCESS_ONE_IN 12u /* starting and copying a process costs as much as a hundred calls */

/* May this argument be what it is? The calls that follow ask before they change it. */
static bool is_let(struct worker *worker)
{
	return one_in(worker, LET_ONE_IN);
}

static void no_power_off(struct worker *worker)
{
	uint32_t action = (uint32_t)worker->perform.arguments[0];

	worker->perform.arguments[0] = action < 3 ? action + 3 : action;
}

static bool is_own_process(uint64_t handle)
{
	return handle == 0 || handle == (uintptr_t)CURRENT_PROCESS;
}

static bool is_own_thread(uint64_t handle)
{
	return handle == 0 || handle == (uintptr_t)CURRENT_THREAD;
}

static void not_own_process(struct worker *worker)
{
	if (is_own_process(worker->perform.arguments[0]) && !is_let(worker))
		worker->perform.arguments[0] = (uintptr_t)worker->stale[0] | 4;
}

static void not_own_thread(struct worker *worker)
{
	if (is_own_thread(worker->perform.arguments[0]) && !is_let(worker))
		worker->perform.arguments[0] = (uintptr_t)worker->stale[0] | 4;
}

/* The last argument is the time-out; without one the wait would have no end. */
static void wait_ends(struct worker *worker, unsigned index)
{
	int64_t time = -10000; /* a millisecond */
	uint64_t *argument = &worker->perform.arguments[index];

	if ((*argument && *argument != (uintptr_t)arena_slot(worker, index) &&
	     !value_is_ours(*argument) && *argument < USER_LIMIT) ||
	    (!*argument && !is_let(worker))) {
		memcpy(arena_slot(worker, index), &time, sizeof(time));
		*argument = (uintptr_t)arena_slot(worker, index);
	}
}

static void wait_one(struct worker *worker)
{
	wait_ends(worker, 2);
}

static void wait_several(struct worker *worker)
{
	wait_ends(worker, 4);
}

static void wait_signal(struct worker *worker)
{
	wait_ends(worker, 3);
}

static void wait_alert(struct worker *worker)
{
	wait_ends(worker, 1);
}

/*
 * Short delays, and no errors on purpose: they would hit the pages of every program. The classes
 * behind it switch test facilities of the kernel: failures and markers are not the fuzzer's to set.
 */
static void gentle_disk(struct worker *worker)
{
	struct quire_disk disk = {.request_us = random_below(&worker->random, 20),
				  .page_us = random_below(&worker->random, 4)};

	if ((uint32_t)worker->perform.arguments[0] > QUIRE_SYSTEM_DISK &&
	    (uint32_t)worker->perform.arguments[0] < QUIRE_SYSTEM_DISK + 8)
		worker->perform.arguments[0] = 0;
	if ((uint32_t)worker->perform.arguments[0] != QUIRE_SYSTEM_DISK)
		return;
	worker->perform.arguments[1] = (uintptr_t)arena_slot(worker, 1);
	memcpy(arena_slot(worker, 1), &disk, sizeof(disk));
}

/* A line on the kernel's log for each would drown it. */
static void short_text(struct worker *worker)
{
	if (!one_in(worker, 64))
		memset(arena_slot(worker, 0), 0, sizeof(USHORT));
}

/* The check stops everybody: once in a while it may come from anywhere. */
static void rare_check(struct worker *worker)
{
	if ((uint32_t)worker->perform.arguments[0] == QUIRE_SYSTEM_CHECK && !one_in(worker, 16))
		worker->perform.arguments[0] = QUIRE_SYSTEM_MEMORY;
}

static void rare_process(struct worker *worker)
{
	if (!one_in(worker, PROCESS_ONE_IN))
		worker->perform.arguments[0] = value_bad_pointer(worker, 0);
}

/* Registers that cannot be right end the process; a few of them are enough. */
static void rare_registers(struct worker *worker)
{
	uint64_t *context = &worker->perform.arguments[0];

	if (*context == (uintptr_t)arena_slot(worker, 0) && !is_let(worker))
		memset(arena_slot(worker, 0) + offsetof(CONTEXT, ContextFlags), 0, sizeof(DWORD));
}

static void rare_raise(struct worker *worker)
{
	if (worker->perform.arguments[1] == (uintptr_t)arena_slot(worker, 1) && !is_let(worker))
		memset(arena_slot(worker, 1) + offsetof(CONTEXT, ContextFlags), 0, sizeof(DWORD));
	if (!is_let(worker))
		worker->perform.arguments[2] = TRUE;
}

static void rare_own_context(struct worker *worker)
{
	uint64_t *thread = &worker->perform.arguments[0];

	if (is_own_thread(*thread) && !is_let(worker))
		memset(arena_slot(worker, 1) + offsetof(CONTEXT, ContextFlags), 0, sizeof(DWORD));
}

/*
 * Memory of any kind may hold the id of the process that controls this one, which has to keep its
 * memory: only the id made for this call, and addresses that cannot be read.
 */
static void own_id(struct worker *worker)
{
	uint64_t *client = &worker->perform.arguments[3], slot = (uintptr_t)arena_slot(worker, 3);
	CLIENT_ID own = {.UniqueProcess = NtCurrentTeb()->Reserved1[8]};

	if (*client < GRANULARITY_BYTES || *client >= USER_LIMIT || *client == slot)
		return;
	memcpy(arena_slot(worker, 3), &own, sizeof(own));
	*client = slot;
}

static const struct {
	const char *call;
	void (*change)(struct worker *worker);
	const char *reason;
} steered[] = {
	{"NtShutdownSystem", no_power_off, "actions that exist would end the machine"},
	{"NtTerminateProcess", not_own_process, "itself: rarely, the process starts again"},
	{"NtSuspendProcess", not_own_process, "itself: rarely, the parent resumes it"},
	{"NtTerminateThread", not_own_thread, "itself: rarely, another thread takes its place"},
	{"NtSuspendThread", not_own_thread, "itself: rarely, the watchdog resumes it"},
	{"NtDelayExecution", wait_alert, "a time without end: rarely, the watchdog ends it"},
	{"NtWaitForSingleObject", wait_one, "likewise"},
	{"NtWaitForMultipleObjects", wait_several, "likewise"},
	{"NtSignalAndWaitForSingleObject", wait_signal, "likewise"},
	{"NtWaitForAlertByThreadId", wait_alert, "likewise"},
	{"NtSetSystemInformation", gentle_disk,
	 "the disk: no errors, short times; no class for tests"},
	{"NtDisplayString", short_text, "one text in 64 is printed"},
	{"NtQuerySystemInformation", rare_check, "QUIRE_SYSTEM_CHECK: one in 16"},
	{"NtOpenProcess", own_id, "its own id or none: others are the parent's"},
	{"NtOpenThread", own_id, "likewise"},
	{"NtCreateProcess", rare_process, "one in 12 with a good first pointer"},
	{"NtCreateProcessEx", rare_process, "likewise"},
	{"NtCreateUserProcess", rare_process, "likewise"},
	{"NtContinue", rare_registers, "registers of any kind: rarely"},
	{"NtRaiseException", rare_raise, "registers of any kind and the last chance: rarely"},
	{"NtSetContextThread", rare_own_context, "the caller's own registers: rarely"},
};

/* By the call's position in call_list; filled once. */
static void (*changes[MAX_CALLS])(struct worker *worker);

void steer_init(void)
{
	for (size_t i = 0; i < call_list_count; i++)
		for (size_t j = 0; j < COUNT_OF(steered); j++)
			if (!strcmp(steered[j].call, call_list[i].name))
				changes[i] = steered[j].change;
}

void steer(struct worker *worker, const struct call *call)
{
	if (changes[call - call_list])
		changes[call - call_list](worker);
}

void steer_print(void)
{
	for (size_t i = 0; i < COUNT_OF(steered); i++)
		print("%-32s %s\n", steered[i].call, steered[i].reason);
	print("all that change memory           one in 1,024 addresses is the fuzzer's own\n");
}

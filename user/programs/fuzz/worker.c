/*
 * worker.c - a thread: step after step. A step chooses a call, makes its arguments, notes both in
 * the control section, makes the call and looks at what came back.
 */
#include <string.h>

#include "fuzz.h"

#define THROWN_MOST 50u /* steps in a row that end in an exception: the arena is gone */

_Static_assert(offsetof(struct worker, guard_rsp) == 0, "guard.S");
_Static_assert(offsetof(struct perform, entry) == 0 && offsetof(struct perform, arguments) == 8 &&
		       offsetof(struct perform, before) == 96 &&
		       offsetof(struct perform, after) == 216 &&
		       offsetof(struct perform, saved) == 336 &&
		       offsetof(struct perform, pattern) == 848 &&
		       offsetof(struct perform, seen) == 1360 &&
		       offsetof(struct perform, with_xmm) == 1872,
	       "guard.S");

struct call call_list[MAX_CALLS];
size_t call_list_count;

void call_list_init(void)
{
	call_list_count = calls_count() < MAX_CALLS ? calls_count() : MAX_CALLS;
	for (size_t i = 0; i < call_list_count; i++)
		call_list[i] = call_at(i);
	hints_init();
	steer_init();
}

/* ---- the log ---- */

static struct record *record_open(struct worker *worker, uint32_t call)
{
	struct slot *slot = worker->slot;
	struct record *record = &slot->records[slot->calls % RECORDS];

	*record = (struct record){.number = slot->calls, .call = call};
	memcpy(record->arguments, worker->perform.arguments, sizeof(record->arguments));
	return record;
}

static void hash_add(struct slot *slot, uint32_t call, uint32_t status)
{
	slot->hash = (slot->hash ^ ((uint64_t)call << 32 | status)) * 0x100000001B3ull;
}

/* ---- a step ---- */

/* Memory that the call gave is memory for later calls. */
static void addresses_learn(struct worker *worker, const struct call *call)
{
	for (unsigned i = 0; i < call->argument_count; i++) {
		uint64_t address;

		if (hint_of(call, i) != 'b' || !worker->output_bytes[i] ||
		    worker->perform.arguments[0] != (uintptr_t)CURRENT_PROCESS)
			continue;
		memcpy(&address, arena_slot(worker, i), sizeof(address));
		address_note(worker, address);
	}
}

static void views_learn(struct worker *worker, const struct call *call)
{
	uint64_t address;

	if (strncmp(call->name, "NtMapViewOfSection", 18) != 0 || !worker->output_bytes[2] ||
	    worker->perform.arguments[1] != (uintptr_t)CURRENT_PROCESS)
		return;
	memcpy(&address, arena_slot(worker, 2), sizeof(address));
	address_note(worker, address);
}

static void step(struct worker *worker)
{
	struct slot *slot = worker->slot;
	uint32_t number = (uint32_t)random_below(&worker->random, call_list_count);
	const struct call *call = &call_list[number];
	struct record *record;
	NTSTATUS status;

	slot->calls++;
	worker->life_calls++;
	arguments_generate(worker, call);
	steer(worker, call);
	scan_prepare(worker, call);
	registers_prepare(worker, call);
	record = record_open(worker, number);
	__atomic_fetch_add(&worker->control->tried[number], 1, __ATOMIC_RELAXED);
	worker->perform.entry = call->entry;
	status = perform_call(&worker->perform);
	record->status = status;
	record->is_done = 1;
	hash_add(slot, number, (uint32_t)status);
	if (NT_SUCCESS(status)) {
		__atomic_fetch_add(&worker->control->succeeded[number], 1, __ATOMIC_RELAXED);
		stock_learn(worker, call);
		addresses_learn(worker, call);
		views_learn(worker, call);
	}
	scan_after(worker, call);
	worker->thrown_in_a_row = 0;
}

static void pause(const struct worker *worker)
{
	LARGE_INTEGER moment = {.QuadPart = -5000};

	while (__atomic_load_n(&worker->control->pause, __ATOMIC_ACQUIRE))
		NtDelayExecution(FALSE, &moment);
}

static void prepare(struct worker *worker)
{
	bad_pages_make(worker);
	stock_init(worker);
}

static void steps(struct worker *worker)
{
	while (worker->slot->calls < worker->share && worker->life_calls < worker->life_end) {
		pause(worker);
		step(worker);
	}
}

void worker_run(struct worker *worker)
{
	struct slot *slot = worker->slot;
	const struct options *options = &worker->control->options;
	uint64_t threads = options->processes * options->threads;

	worker->share = (options->calls + threads - 1) / threads;
	if (guarded(worker, prepare))
		return;
	while (guarded(worker, steps) && ++worker->thrown_in_a_row < THROWN_MOST) {
		slot->thrown++;
		hash_add(slot, UINT32_MAX, 0);
	}
	slot->state = slot->calls < worker->share ? SLOT_LIFE_OVER : SLOT_DONE;
}

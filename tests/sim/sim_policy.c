/*
 * sim_policy.c - who goes on at a switch point: nobody else, a seed decides, a list decides, all
 * lists in turn, or whoever has the highest of random priorities.
 *
 * Every decision with more than one candidate is recorded. The record is the schedule:
 * sim_schedule_replay (or the environment variable QUIRE_SIM_REPLAY, "0 2 0 1 ...") repeats it.
 */
#include "sim_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD_MAX 65536u
#define STAY_ODDS 3 /* a random schedule preempts at one point of so many */

#define CHANGES_MAX 8u
enum policy { POLICY_NONE, POLICY_RANDOM, POLICY_REPLAY, POLICY_PRIORITY };

/* Not in snapshots: a schedule goes on while the machine goes back. */
static HOST_KEPT struct {
	enum policy policy;
	bool is_paused;	 /* nobody is preempted, and nothing is recorded */
	bool is_stopped; /* sim_explore ends after this run */
	bool is_fixed;	 /* by sim_explore or the environment: sim_start does not choose another */
	uint64_t seed, random_state;
	uint8_t choices[RECORD_MAX], candidates[RECORD_MAX];
	bool preempts[RECORD_MAX]; /* this decision could stay with the current thread */
	size_t length;		   /* recorded */
	size_t given;		   /* of them prescribed (replay) */

	/* POLICY_PRIORITY: by thread; the steps at which the current one falls below all others */
	struct {
		const struct thread *thread;
		uint64_t value;
	} priorities[SIM_MAX_THREADS];
	unsigned priority_count, change_count;
	uint64_t changes[CHANGES_MAX], steps;
} schedule;

static uint64_t random_next(void)
{
	uint64_t z = (schedule.random_state += 0x9E3779B97F4A7C15ull);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
	return z ^ (z >> 31);
}

static void start(enum policy policy)
{
	schedule.policy = policy;
	schedule.length = 0;
	schedule.given = 0;
}

void sim_schedule_none(void)
{
	start(POLICY_NONE);
}

void sim_schedule_random(uint64_t seed)
{
	start(POLICY_RANDOM);
	schedule.seed = schedule.random_state = seed;
}

void sim_schedule_replay(const uint8_t *choices, size_t count)
{
	start(POLICY_REPLAY);
	for (size_t i = 0; i < count && i < RECORD_MAX; i++)
		schedule.choices[schedule.given++] = choices[i];
}

void sim_schedule_priorities(uint64_t seed, unsigned change_count, uint64_t steps)
{
	KASSERT(change_count <= CHANGES_MAX && steps > 0);
	start(POLICY_PRIORITY);
	schedule.seed = schedule.random_state = seed;
	schedule.priority_count = 0;
	schedule.steps = 0;
	schedule.change_count = change_count;
	for (unsigned i = 0; i < change_count; i++)
		schedule.changes[i] = random_next() % steps;
}

void sim_schedule_pause(bool pause)
{
	schedule.is_paused = pause;
}

size_t sim_schedule_length(void)
{
	return schedule.length;
}

bool sim_schedule_from_environment(void)
{
	const char *text = getenv("QUIRE_SIM_REPLAY");

	if (!text)
		return false;
	start(POLICY_REPLAY);
	while (schedule.given < RECORD_MAX) {
		char *end;
		unsigned long choice = strtoul(text, &end, 10);

		if (end == text)
			break;
		schedule.choices[schedule.given++] = (uint8_t)choice;
		text = end;
	}
	return true;
}

void sim_policy_begin(uint64_t seed)
{
	if (schedule.is_fixed || schedule.is_paused || sim_schedule_from_environment())
		return;
	if (seed)
		sim_schedule_random(seed);
	else
		sim_schedule_none();
}

/* Its place in the table; a thread seen for the first time gets a random priority. */
static uint64_t *priority_of(const struct thread *thread)
{
	unsigned i = 0;

	while (i < schedule.priority_count && schedule.priorities[i].thread != thread)
		i++;
	if (i == schedule.priority_count) {
		KASSERT(i < SIM_MAX_THREADS);
		schedule.priorities[i].thread = thread;
		schedule.priorities[i].value = CHANGES_MAX + random_next() % (1u << 30);
		schedule.priority_count++;
	}
	return &schedule.priorities[i].value;
}

static unsigned decide_by_priority(bool can_stay)
{
	uint64_t best = 0, *own = can_stay ? priority_of(thread_current()) : NULL;
	unsigned choice = 0, i = can_stay;
	const struct thread *thread;

	for (unsigned change = 0; own && change < schedule.change_count; change++) {
		if (schedule.changes[change] == schedule.steps)
			*own = change;
	}
	schedule.steps++;
	if (own)
		best = *own;
	TAILQ_FOREACH (thread, &sim.ready, queue) {
		if (*priority_of(thread) > best || (i == 0 && !can_stay)) {
			best = *priority_of(thread);
			choice = i;
		}
		i++;
	}
	return choice;
}

static unsigned decide(unsigned candidates, bool can_stay)
{
	switch (schedule.policy) {
	case POLICY_NONE:
		return 0;
	case POLICY_RANDOM:
		if (can_stay && random_next() % STAY_ODDS)
			return 0;
		return (unsigned)(random_next() % candidates);
	case POLICY_REPLAY:
		if (schedule.length < schedule.given)
			return schedule.choices[schedule.length] % candidates;
		return 0;
	case POLICY_PRIORITY:
		return decide_by_priority(can_stay);
	}
	return 0;
}

unsigned sim_choose(unsigned candidates, bool can_stay)
{
	unsigned choice;

	if (candidates == 1 || schedule.is_paused)
		return 0;
	choice = decide(candidates, can_stay);
	if (schedule.length < RECORD_MAX) {
		schedule.choices[schedule.length] = (uint8_t)choice;
		schedule.candidates[schedule.length] = (uint8_t)candidates;
		schedule.preempts[schedule.length] = can_stay;
		schedule.length++;
	}
	return choice;
}

void sim_policy_report(void)
{
	size_t length = schedule.length;

	while (length && schedule.choices[length - 1] == 0)
		length--; /* what a replay does at the end of its list */
	if (schedule.policy == POLICY_RANDOM || schedule.policy == POLICY_PRIORITY)
		fprintf(stderr, "sim: random schedule, seed %llu\n",
			(unsigned long long)schedule.seed);
	fprintf(stderr, "sim: %zu decisions; to replay: QUIRE_SIM_REPLAY=\"", schedule.length);
	for (size_t i = 0; i < length; i++)
		fprintf(stderr, "%s%u", i ? " " : "", schedule.choices[i]);
	fprintf(stderr, "\"\n");
	if (schedule.length == RECORD_MAX)
		fprintf(stderr, "sim: the record is full, later decisions are missing\n");
}

/* This decision takes the processor from a thread that could go on. */
static bool is_preemption(size_t i)
{
	return schedule.preempts[i] && schedule.choices[i] != 0;
}

/* The next list in depth-first order: the last decision that has an untried candidate takes it. */
static bool advance(unsigned max_preemptions)
{
	unsigned count = 0; /* preemptions before i */

	for (size_t i = 0; i < schedule.length; i++)
		count += is_preemption(i);
	for (size_t i = schedule.length; i-- > 0;) {
		count -= is_preemption(i);
		if (schedule.choices[i] + 1u >= schedule.candidates[i])
			continue;
		if (schedule.preempts[i] && schedule.choices[i] == 0 && count >= max_preemptions)
			continue;
		schedule.choices[i]++;
		schedule.given = i + 1;
		schedule.length = 0;
		return true;
	}
	return false;
}

void sim_explore_stop(void)
{
	schedule.is_stopped = true;
}

uint64_t sim_explore(void (*body)(void *), void *argument, unsigned max_preemptions,
		     uint64_t max_runs)
{
	uint64_t runs = 0;

	schedule.is_fixed = true;
	schedule.is_stopped = false;
	start(POLICY_REPLAY);
	do {
		body(argument);
		runs++;
		KASSERT(schedule.length < RECORD_MAX);
	} while (runs < max_runs && !schedule.is_stopped && advance(max_preemptions));
	schedule.is_fixed = false;
	start(POLICY_NONE);
	return runs;
}

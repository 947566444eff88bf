/*
 * sim_policy.c - who goes on at a switch point: nobody else, a seed decides, a list decides, or all
 * lists in turn.
 *
 * Every decision with more than one candidate is recorded. The record is the schedule:
 * sim_schedule_replay (or the environment variable QUIRE_SIM_REPLAY, "0 2 0 1 ...") repeats it.
 */
#include "sim_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD_MAX 65536u
#define STAY_ODDS 3 /* a random schedule preempts at one point of so many */

enum policy { POLICY_NONE, POLICY_RANDOM, POLICY_REPLAY };

static struct {
	enum policy policy;
	bool is_fixed; /* by sim_explore or the environment: sim_start does not choose another */
	uint64_t seed, random_state;
	uint8_t choices[RECORD_MAX], candidates[RECORD_MAX];
	bool preempts[RECORD_MAX]; /* this decision could stay with the current thread */
	size_t length;		   /* recorded */
	size_t given;		   /* of them prescribed (replay) */
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

/* True if the environment prescribes the schedule. */
static bool replay_from_environment(void)
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
	if (schedule.is_fixed || replay_from_environment())
		return;
	if (seed)
		sim_schedule_random(seed);
	else
		sim_schedule_none();
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
	}
	return 0;
}

unsigned sim_choose(unsigned candidates, bool can_stay)
{
	unsigned choice;

	if (candidates == 1)
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
	if (schedule.policy == POLICY_RANDOM)
		fprintf(stderr, "sim: random schedule, seed %llu\n",
			(unsigned long long)schedule.seed);
	fprintf(stderr, "sim: %zu decisions; to replay: QUIRE_SIM_REPLAY=\"", schedule.length);
	for (size_t i = 0; i < length; i++)
		fprintf(stderr, "%s%u", i ? " " : "", schedule.choices[i]);
	fprintf(stderr, "\"\n");
	if (schedule.length == RECORD_MAX)
		fprintf(stderr, "sim: the record is full, later decisions are missing\n");
}

/* How many of the first `length` decisions took the processor from a thread that could go on. */
static unsigned preemption_count(size_t length)
{
	unsigned count = 0;

	for (size_t i = 0; i < length; i++)
		count += schedule.preempts[i] && schedule.choices[i] != 0;
	return count;
}

/* The next list in depth-first order: the last decision that has an untried candidate takes it. */
static bool advance(unsigned max_preemptions)
{
	for (size_t i = schedule.length; i-- > 0;) {
		bool preempts_anew = schedule.preempts[i] && schedule.choices[i] == 0;

		if (schedule.choices[i] + 1u >= schedule.candidates[i])
			continue;
		if (preempts_anew && preemption_count(i) >= max_preemptions)
			continue;
		schedule.choices[i]++;
		schedule.given = i + 1;
		schedule.length = 0;
		return true;
	}
	return false;
}

uint64_t sim_explore(void (*body)(void *), void *argument, unsigned max_preemptions,
		     uint64_t max_runs)
{
	uint64_t runs = 0;

	schedule.is_fixed = true;
	start(POLICY_REPLAY);
	do {
		body(argument);
		runs++;
		KASSERT(schedule.length < RECORD_MAX);
	} while (runs < max_runs && advance(max_preemptions));
	schedule.is_fixed = false;
	start(POLICY_NONE);
	return runs;
}

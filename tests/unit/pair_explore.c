/*
 * pair_explore.c - see pair_explore.h.
 */
#include "pair_explore.h"

#include <stdio.h>
#include <string.h>

#include "kernel/mm/mm.h"

#define SERIAL 2u /* orders of two operations */

/* Not in snapshots: the tally of all runs. */
static HOST_KEPT struct {
	const struct pair *pair;
	struct pair_outcome serial[SERIAL], now;
	bool is_serial_known;
	struct pair_result result;
} exploration;

/* ---- the pairs ---- */

unsigned pair_count(void)
{
	return pair_operation_count * (pair_operation_count + 1) / 2;
}

bool pair_find(unsigned index, const struct pair_world *world, struct pair *pair)
{
	const struct operation *a, *b;
	unsigned first = 0;
	uint32_t kinds;

	while (index >= pair_operation_count - first)
		index -= pair_operation_count - first++;
	a = &pair_operations[first];
	b = &pair_operations[first + index];
	*pair = (struct pair){.operations = {a, b}, .world = world};
	kinds = a->worlds & b->worlds ? a->worlds & b->worlds : a->worlds | b->worlds;
	return kinds & 1u << world->kind;
}

const struct operation *pair_operation_find(const char *title)
{
	for (unsigned i = 0; i < pair_operation_count; i++)
		if (strcmp(pair_operations[i].name, title) == 0)
			return &pair_operations[i];
	return NULL;
}

const struct pair_world *pair_world_find(const char *name)
{
	for (unsigned i = 0; i < PAIR_WORLDS; i++)
		if (strcmp(pair_worlds[i].name, name) == 0)
			return &pair_worlds[i];
	return NULL;
}

/* ---- one schedule ---- */

/*
 * Another process goes some time after it was terminated: who then finds it gone has come late, in
 * either order.
 */
static void outcome_excuse(struct pair_outcome *outcome, const struct pair_outcome *serial)
{
	for (unsigned i = 0; i < ACTORS; i++)
		if (!outcome->state[0] && outcome->status[i] == STATUS_PROCESS_IS_TERMINATING) {
			outcome->status[i] = serial->status[i];
			outcome->value[i] = serial->value[i];
		}
}

static bool is_as_one_after_the_other(const struct pair_outcome *outcome)
{
	for (unsigned i = 0; i < SERIAL; i++) {
		struct pair_outcome copy = *outcome;

		outcome_excuse(&copy, &exploration.serial[i]);
		if (memcmp(&copy, &exploration.serial[i], sizeof(copy)) == 0)
			return true;
	}
	return false;
}

/* Pairs whose outcomes are more than those of the two orders, and why that is right. */
static const struct {
	const char *first, *second, *why;
} unordered[] = {
	{"write", "protect", "a fault makes the copy, and the store is repeated after it"},
	{"write virtual", "protect", "likewise: the copy is made before the page is written to"},
	{"query object", "close section", "the name may go once the query has the object"},
};

static bool is_pair_of(const struct pair *pair, const char *first, const char *second)
{
	const char *a = pair->operations[0]->name, *b = pair->operations[1]->name;

	return (strcmp(a, first) == 0 && strcmp(b, second) == 0) ||
	       (strcmp(a, second) == 0 && strcmp(b, first) == 0);
}

static bool has_two_outcomes(const struct pair *pair)
{
	for (size_t i = 0; i < sizeof(unordered) / sizeof(unordered[0]); i++)
		if (is_pair_of(pair, unordered[i].first, unordered[i].second))
			return false;
	return !pair->operations[0]->is_compound && !pair->operations[1]->is_compound;
}

static void outcome_check(void)
{
	if (!exploration.is_serial_known || !has_two_outcomes(exploration.pair) ||
	    is_as_one_after_the_other(&exploration.now))
		return;
	fprintf(stderr, "sim: neither order gives this outcome\n");
	pair_outcome_print("seen", &exploration.now);
	pair_outcome_print("first, second", &exploration.serial[0]);
	pair_outcome_print("second, first", &exploration.serial[1]);
	panic("the outcome is of neither order");
}

static void body(void *argument)
{
	uint64_t before[SIM_POINTS];

	(void)argument;
	for (unsigned kind = 0; kind < SIM_POINTS; kind++)
		before[kind] = sim_point_count((enum sim_point)kind);
	memset(&exploration.now, 0, sizeof(exploration.now));
	pair_actors_run(exploration.pair->operations, &exploration.now);
	sim_schedule_pause(true);
	for (unsigned kind = 0; kind < SIM_POINTS; kind++)
		exploration.result.points[kind] +=
			sim_point_count((enum sim_point)kind) - before[kind];
	mm_check();
	pair_outcome_read(&exploration.now);
	outcome_check();
}

static void run_once(void *argument)
{
	sim_world_run(body, argument);
}

static void failure_print(const char *message)
{
	const struct pair *pair = exploration.pair;

	fprintf(stderr, "sim: FAILED: \"%s\" beside \"%s\" in world %s: %s\n",
		pair->operations[0]->name, pair->operations[1]->name, pair->world->name, message);
	sim_report();
	fprintf(stderr,
		"sim: with that in the environment: build/sim/test_pairs pair \"%s\" \"%s\" %s\n",
		pair->operations[0]->name, pair->operations[1]->name, pair->world->name);
}

/* Where there is no way back from a failure, it ends the program. */
static void schedule_try(void *argument)
{
	const char *message = NULL;

	if (host_snapshot_is_possible())
		message = sim_expect_failure(run_once, argument);
	else
		run_once(argument);
	exploration.result.schedules++;
	if (sim_schedule_length() > exploration.result.decisions)
		exploration.result.decisions = sim_schedule_length();
	if (!message)
		return;
	exploration.result.failed = 1;
	failure_print(message);
	sim_explore_stop();
}

/* ---- all of them ---- */

static void begin(const struct pair *pair, struct sim_world *world)
{
	*world = (struct sim_world){.set_up = pair_world_set_up,
				    .take_down = pair_world_take_down,
				    .argument = (void *)(uintptr_t)pair->world};
	memset(&exploration, 0, sizeof(exploration));
	exploration.pair = pair;
	sim_world_open(world);
}

/* Who is first at the first decision, and nobody is preempted later. */
static void serial_find(void)
{
	for (uint8_t first = 0; first < SERIAL && !exploration.result.failed; first++) {
		sim_schedule_replay(&first, 1);
		schedule_try(NULL);
		exploration.serial[first] = exploration.now;
	}
	exploration.is_serial_known = true;
}

static void priorities_try(const struct pair_limits *limits)
{
	uint64_t steps = exploration.result.decisions + 1;

	for (uint64_t i = 0; i < limits->random_count && !exploration.result.failed; i++) {
		sim_schedule_priorities(limits->seed + i, 3 + i % 4, steps);
		schedule_try(NULL);
	}
}

/* Where each fault of a process copy waits for a page, two are 100,000 schedules and more. */
static unsigned preemptions_of(const struct pair *pair, unsigned wanted)
{
	bool is_long = pair->world->place == PAIR_SHORT &&
		       (pair->operations[0]->is_compound || pair->operations[1]->is_compound);

	return is_long && wanted > 1 ? 1 : wanted;
}

struct pair_result pair_explore(const struct pair *pair, const struct pair_limits *limits)
{
	struct sim_world world;
	uint64_t tried;

	begin(pair, &world);
	serial_find();
	if (!exploration.result.failed) {
		tried = sim_explore(schedule_try, NULL, preemptions_of(pair, limits->preemptions),
				    limits->max_schedules);
		exploration.result.is_capped = tried == limits->max_schedules;
	}
	priorities_try(limits);
	sim_world_close();
	return exploration.result;
}

struct pair_result pair_replay(const struct pair *pair)
{
	struct sim_world world;

	begin(pair, &world);
	serial_find();
	if (sim_schedule_from_environment())
		schedule_try(NULL);
	sim_world_close();
	return exploration.result;
}

/*
 * pair_explore.h - two operations at the same time, under every schedule with few preemptions: the
 * invariants hold after each, nothing is left over, and the outcome is that of one operation after
 * the other.
 */
#pragma once

#include "pair_world.h"

struct pair {
	const struct operation *operations[ACTORS];
	const struct pair_world *world;
};

/*
 * How many unordered pairs there are, an operation with itself included. Each is tried in the
 * worlds where both operations have an object (if there is none, in those where one has);
 * pair_find: the index-th pair in the world, or false: not there.
 */
unsigned pair_count(void);
bool pair_find(unsigned index, const struct pair_world *world, struct pair *pair);
/* By title; NULL: there is no such operation, or world. */
const struct operation *pair_operation_find(const char *title);
const struct pair_world *pair_world_find(const char *name);

struct pair_limits {
	unsigned preemptions;
	uint64_t max_schedules; /* of one pair */
	uint64_t random_count;	/* schedules with random priorities besides */
	uint64_t seed;		/* of these */
};
struct pair_result {
	uint64_t schedules;
	unsigned failed;	     /* 0 or 1: a pair ends with its first failure */
	bool is_capped;		     /* max_schedules was too small */
	uint64_t decisions;	     /* of the longest schedule */
	uint64_t points[SIM_POINTS]; /* switch points passed by the operations, by kind */
};
/*
 * A failure is printed, with the schedule; it ends the program where there are no snapshots. Pairs
 * with a compound operation get one preemption at most in the worlds that are short of memory.
 */
struct pair_result pair_explore(const struct pair *pair, const struct pair_limits *limits);
/* One schedule: that of QUIRE_SIM_REPLAY. */
struct pair_result pair_replay(const struct pair *pair);

/*
 * fail.c - see fail.h. The table of chains is open hashing over a fixed array, filled without a
 * lock: a point may be reached under any.
 */
#include "fail.h"

#ifdef QUIRE_DEBUG

#include <stdatomic.h>

#include "arch/arch.h"
#include "thread.h"

#define CHAINS 2048u

/* (A) all: an entry's key is taken by compare and exchange, and says what the rest must be */
static struct {
	atomic_uint_fast64_t key; /* hash of kind and addresses; 0: free */
	atomic_uint seen, failed;
	struct fail_chain content; /* every writer writes the same */
} chains[CHAINS];
static atomic_uint chains_lost;
static atomic_uint_fast64_t failures;
static atomic_bool is_recording;

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
	return hash ^ hash >> 31;
}

/* The chain's entry, new ones included. => returns: CHAINS when there is no room. */
static uint32_t chain_enter(const struct fail_chain *chain)
{
	uint64_t key = mix(1, chain->kind);

	for (unsigned i = 0; i < FAIL_CALLS; i++)
		key = mix(key, chain->addresses[i]);
	key |= 1;
	for (uint32_t i = 0; i < CHAINS; i++) {
		uint32_t at = (uint32_t)((key >> 32) + i) % CHAINS;
		uint_fast64_t found = 0;

		if (atomic_compare_exchange_strong(&chains[at].key, &found, key)) {
			chains[at].content = *chain;
			return at;
		}
		if (found == key)
			return at;
	}
	atomic_fetch_add(&chains_lost, 1);
	return CHAINS;
}

static bool is_due(const struct fail_plan *plan, bool is_fresh)
{
	uint32_t distance = plan->failed ? plan->second : plan->first;

	if (plan->failed > 1)
		return false;
	if (distance == QUIRE_FAIL_FRESH)
		return is_fresh;
	return distance && plan->reached == plan->failed_at + distance;
}

/* Counts a point; is_fresh: its chain never failed. => returns: it is to fail. */
static bool plan_step(struct fail_plan *plan, enum quire_fail_kind kind, bool is_fresh)
{
	if (!(plan->kinds >> kind & 1))
		return false;
	plan->reached++;
	if (!is_due(plan, is_fresh)) {
		plan->fresh += plan->failed && is_fresh;
		return false;
	}
	plan->failed++;
	plan->failed_at = plan->reached;
	plan->fresh = 0;
	plan->failed_kinds |= 1u << kind;
	atomic_fetch_add(&failures, 1);
	return true;
}

/*
 * Some failures end in the function that asked, whoever called that: without a page for the pool
 * there is no block, without a slot nothing is written to make room.
 */
static unsigned calls_of(enum quire_fail_kind kind)
{
	if (kind == QUIRE_FAIL_POOL_PAGE)
		return 2;
	return kind == QUIRE_FAIL_SLOT ? 2 : FAIL_CALLS;
}

bool fail_point(enum quire_fail_kind kind)
{
	struct thread *thread = thread_current();
	struct fail_chain chain = {.kind = kind};
	vaddr_t addresses[FAIL_CALLS + 1] = {0};
	struct fail_plan *plan;
	uint32_t entry;
	bool fails;

	if (!thread || !atomic_load_explicit(&is_recording, memory_order_relaxed))
		return false;
	plan = &thread->fail;
	if (plan->is_paused || (!plan->kinds && !thread->process))
		return false;
	(void)arch_backtrace(NULL, addresses, FAIL_CALLS + 1);
	for (unsigned i = 0; i < calls_of(kind); i++) /* all but the return to this function */
		chain.addresses[i] = addresses[i + 1];
	entry = chain_enter(&chain);
	if (entry == CHAINS)
		return plan_step(plan, kind, false);
	fails = plan_step(plan, kind, !atomic_load(&chains[entry].failed));
	atomic_fetch_add(&chains[entry].seen, 1);
	if (fails)
		atomic_fetch_add(&chains[entry].failed, 1);
	return fails;
}

void fail_plan_set(struct thread *thread, uint32_t kinds, uint32_t first, uint32_t second)
{
	thread->fail = (struct fail_plan){
		.kinds = kinds,
		.first = first,
		.second = second,
		.is_paused = thread->fail.is_paused,
	};
}

void fail_record(void)
{
	atomic_store(&is_recording, false);
	for (uint32_t i = 0; i < CHAINS; i++) {
		atomic_store(&chains[i].seen, 0);
		atomic_store(&chains[i].failed, 0);
		atomic_store(&chains[i].key, 0);
	}
	atomic_store(&chains_lost, 0);
	atomic_store(&is_recording, true);
}

uint64_t fail_count(void)
{
	return atomic_load(&failures);
}

uint32_t fail_chains_lost(void)
{
	return atomic_load(&chains_lost);
}

bool fail_chain_next(uint32_t *index, struct fail_chain *chain)
{
	while (*index < CHAINS && !atomic_load(&chains[*index].key))
		++*index;
	if (*index >= CHAINS)
		return false;
	*chain = chains[*index].content;
	chain->seen = atomic_load(&chains[*index].seen);
	chain->failed = atomic_load(&chains[*index].failed);
	++*index;
	return true;
}

#endif

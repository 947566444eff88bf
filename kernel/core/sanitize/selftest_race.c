/*
 * selftest_race.c - planted data races: two threads at one counter, a thread and the timer's
 * handler at one field, and the same things done right.
 */
#include "report.h"

#ifdef QUIRE_RACE

#include <stdatomic.h>
#include <stddef.h>

#include "arch/pte.h"
#include "kernel/core/thread.h"

#define ROUNDS 20000u
#define STACK_BYTES (2 * PAGE_SIZE)

static uint8_t stack[STACK_BYTES] __attribute__((aligned(PAGE_SIZE)));
static struct thread other;
static atomic_bool is_done;

static struct spinlock lock = SPINLOCK_INIT("selftest", RANK_POOL);
static uint64_t plain, locked;
static volatile uint64_t sink;
static atomic_uint_fast64_t atomic;

static void step_plain(void)
{
	plain++;
}

static void step_locked(void)
{
	spin_lock(&lock);
	locked++;
	spin_unlock(&lock);
}

static void step_atomic(void)
{
	atomic_fetch_add_explicit(&atomic, 1, memory_order_relaxed);
}

/* The other side of a mixed race: it reads what step_atomic writes as if it were its own. */
static void step_mixed(void)
{
	sink = *(uint64_t *)&atomic;
}

/* The timer's handler counts it down. */
static void step_quantum(void)
{
	sink = thread_current()->quantum;
}

/* The compiler must not see which step: it would keep a counter in a register meanwhile. */
static void rounds(void (*step)(void))
{
	void (*volatile hidden)(void) = step;

	for (unsigned i = 0; i < ROUNDS; i++)
		hidden();
}

static void other_main(void *argument)
{
	rounds(*(void (**)(void))argument);
	atomic_store(&is_done, true);
	thread_exit(NULL, NULL);
}

/* Both threads until both are through. */
static void together(void (*ours)(void), void (*theirs)(void))
{
	atomic_store(&is_done, false);
	thread_init(&other, "selftest", thread_current()->priority, stack, STACK_BYTES, other_main,
		    &theirs);
	thread_start(&other);
	rounds(ours);
	while (!atomic_load(&is_done))
		thread_yield();
	/* It leaves its stack before we can be here twice: the reaper has a higher priority. */
	thread_yield();
}

static void plant_counter(void)
{
	together(step_plain, step_plain);
	sink = plain; /* what nobody reads is not computed */
}

static void plant_mixed(void)
{
	together(step_mixed, step_atomic);
}

static void plant_interrupt(void)
{
	rounds(step_quantum);
}

static void plant_locked(void)
{
	together(step_locked, step_locked);
	sink = locked;
}

static void plant_atomic(void)
{
	together(step_atomic, step_atomic);
}

#define RACE "race: "
const struct selftest selftests_race[] = {
	{"race_locked", NULL, plant_locked},	   {"race_atomic", NULL, plant_atomic},
	{"race_counter", RACE, plant_counter},	   {"race_mixed", RACE, plant_mixed},
	{"race_interrupt", RACE, plant_interrupt}, {NULL, NULL, NULL},
};

#endif

/*
 * race.c - data races: two threads, or a thread and an interrupt, at the same memory, at least one
 * writes, and at least one does not use an atomic operation.
 *
 * The kernel can be preempted wherever interrupts are enabled. So now and then an access there
 * waits: it sets a watchpoint, lets others run, and only then goes on. Whoever touches the same
 * bytes meanwhile could have come in between anywhere else, too. What changes the bytes without
 * passing here (devices, programs, the CPU's accessed bits) is seen by the value.
 *
 * With one CPU an access with interrupts disabled cannot be interrupted, so it need not wait; it
 * meets the watchpoints of others. gcc (-fsanitize=thread) calls __tsan_* before each access.
 */
#include "race_private.h"

#ifdef QUIRE_RACE

#include "arch/arch.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "kernel/core/thread.h"
#include "kernel/lib/print.h"
#include "report.h"

#define WATCHPOINTS 16u
#define HALT_SHARE 16u /* one watchpoint of so many waits for an interrupt */
#define YIELDS_MAX 3u
#define DEPTH 6u
#define OWN_CALLS 3u /* of a backtrace: watch, race_check, __tsan_* */
#define TEXT_BYTES 460

struct watchpoint {
	struct race_access access; /* size 0: unused */
	const struct thread *owner;
	bool is_halted; /* the owner's own accesses are those of an interrupt handler */
	vaddr_t callers[OWN_CALLS + DEPTH]; /* the first are ours */
	size_t depth;
	bool is_met;
};

/* All (interrupts disabled) */
static struct watchpoint watchpoints[WATCHPOINTS];
static unsigned active;
static uint64_t countdown, period, random_state;
static bool is_enabled;

void race_enable(uint64_t seed, uint64_t accesses)
{
	random_state = seed * 0x9E3779B97F4A7C15ull | 1;
	countdown = period = accesses;
	is_enabled = true;
}

/* Marsaglia's xorshift64. */
static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* ---- reports ---- */

static const char *words(const struct race_access *access)
{
	if (access->is_atomic)
		return access->is_write ? "atomic write" : "atomic read";
	return access->is_write ? "write" : "read";
}

static void report_met(const struct watchpoint *watchpoint, const struct race_access *access)
{
	char text[TEXT_BYTES], symbol[64];
	size_t length;

	symbol_format(symbol, sizeof(symbol), access->place - 1);
	length = (size_t)format_text(text, sizeof(text),
				     "race: %s of %zu bytes at 0x%lx in %s, by %s\n  meets %s of "
				     "%zu bytes at 0x%lx by thread %s, in",
				     words(access), access->size_bytes, access->address, symbol,
				     watchpoint->is_halted ? "an interrupt" : "another thread",
				     words(&watchpoint->access), watchpoint->access.size_bytes,
				     watchpoint->access.address, watchpoint->owner->name);
	for (size_t i = OWN_CALLS; i < watchpoint->depth && length < sizeof(text); i++) {
		symbol_format(symbol, sizeof(symbol), watchpoint->callers[i] - 1);
		length += (size_t)format_text(text + length, sizeof(text) - length, "%s%s",
					      i > OWN_CALLS ? " < " : " ", symbol);
	}
	sanitize_report("%s", text);
}

static void report_changed(const struct watchpoint *watchpoint, uint64_t before, uint64_t after)
{
	const struct race_access *access = &watchpoint->access;

	sanitize_report("race: %s of %zu bytes at 0x%lx: 0x%lx became 0x%lx meanwhile, by what "
			"is not watched",
			words(access), access->size_bytes, access->address, before, after);
}

/* ---- watchpoints ---- */

/* A plain write that the CPU makes in one piece may meet an atomic read, which is made for that. */
static bool is_harmless(const struct race_access *write, const struct race_access *read)
{
	return write->is_write && !read->is_write && read->is_atomic &&
	       write->size_bytes <= sizeof(uint64_t) && write->address % write->size_bytes == 0;
}

static bool is_race(const struct watchpoint *watchpoint, const struct race_access *access)
{
	const struct race_access *other = &watchpoint->access;

	return access->address < other->address + other->size_bytes &&
	       other->address < access->address + access->size_bytes &&
	       (access->is_write || other->is_write) && !(access->is_atomic && other->is_atomic) &&
	       !is_harmless(access, other) && !is_harmless(other, access) &&
	       (watchpoint->owner != thread_current() || watchpoint->is_halted);
}

static void meet(const struct race_access *access)
{
	for (unsigned i = 0; i < WATCHPOINTS; i++) {
		if (watchpoints[i].access.size_bytes && !watchpoints[i].is_met &&
		    is_race(&watchpoints[i], access)) {
			watchpoints[i].is_met = true;
			report_met(&watchpoints[i], access);
		}
	}
}

/* The first bytes, eight at most. Not by memcpy, which is watched. */
static uint64_t value_read(const struct race_access *access)
{
	const volatile uint8_t *bytes = (const volatile uint8_t *)access->address;
	uint64_t value = 0;

	for (size_t i = 0; i < access->size_bytes && i < sizeof(value); i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

static bool owns_watchpoint(const struct thread *thread)
{
	for (unsigned i = 0; i < WATCHPOINTS; i++)
		if (watchpoints[i].access.size_bytes && watchpoints[i].owner == thread)
			return true;
	return false;
}

static struct watchpoint *watchpoint_set(const struct race_access *access)
{
	struct watchpoint *free = NULL;

	for (unsigned i = 0; i < WATCHPOINTS && !free; i++)
		if (!watchpoints[i].access.size_bytes)
			free = &watchpoints[i];
	if (!free || owns_watchpoint(thread_current()))
		return NULL;
	*free = (struct watchpoint){.access = *access, .owner = thread_current()};
	free->depth = arch_backtrace(NULL, free->callers, OWN_CALLS + DEPTH);
	active++;
	return free;
}

/* Interrupts are enabled meanwhile: others run, or an interrupt comes. */
static void let_others_run(struct watchpoint *watchpoint, uint64_t choice, irq_state_t state)
{
	if (choice % HALT_SHARE == 0) {
		watchpoint->is_halted = true;
		arch_wait_for_interrupt();
		arch_irq_save();
		watchpoint->is_halted = false;
		return;
	}
	arch_irq_restore(state);
	for (uint64_t i = choice / HALT_SHARE % YIELDS_MAX + 1; i > 0; i--)
		thread_yield();
	arch_irq_save();
}

/* Interrupts disabled; `state` is what they were. */
static void watch(const struct race_access *access, irq_state_t state)
{
	struct watchpoint *watchpoint = watchpoint_set(access);
	uint64_t before, after;

	if (!watchpoint)
		return;
	before = value_read(access);
	let_others_run(watchpoint, random_next(), state);
	after = value_read(access);
	if (before != after && !access->is_atomic && !watchpoint->is_met)
		report_changed(watchpoint, before, after);
	watchpoint->access.size_bytes = 0;
	active--;
}

void race_check(const struct race_access *access)
{
	bool may_wait = arch_irq_enabled();
	irq_state_t state;

	if (!is_enabled || access->size_bytes == 0)
		return;
	state = arch_irq_save();
	if (active)
		meet(access);
	if (may_wait && --countdown == 0) {
		countdown = 1 + random_next() % (2 * period);
		watch(access, state);
	}
	arch_irq_restore(state);
}

/* ---- what the compiler calls ---- */

#define PLACE ((uintptr_t)__builtin_return_address(0))
#define ACCESS(name, size, write, atomic) \
	void __tsan_##name(uintptr_t address); \
	void __tsan_##name(uintptr_t address) \
	{ \
		const struct race_access access = {address, size, write, atomic, PLACE}; \
\
		race_check(&access); \
	}
#define ACCESSES(size) \
	ACCESS(read##size, size, false, false) \
	ACCESS(write##size, size, true, false) \
	ACCESS(unaligned_read##size, size, false, false) \
	ACCESS(unaligned_write##size, size, true, false) \
	ACCESS(volatile_read##size, size, false, true) \
	ACCESS(volatile_write##size, size, true, true)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(uintptr_t address, size_t size_bytes);
void __tsan_write_range(uintptr_t address, size_t size_bytes);
void __tsan_init(void);

void __tsan_read_range(uintptr_t address, size_t size_bytes)
{
	const struct race_access access = {address, size_bytes, false, false, PLACE};

	race_check(&access);
}

void __tsan_write_range(uintptr_t address, size_t size_bytes)
{
	const struct race_access access = {address, size_bytes, true, false, PLACE};

	race_check(&access);
}

void __tsan_init(void)
{
}

#endif

/*
 * core_machine.h - kernel/core's threads and locks, the real ones, on a machine of one file: for
 * test_scheduler.c and test_lock.c.
 *
 * Threads are ucontext stacks, the clock moves when the test says so, and a timer interrupt comes
 * where the test calls machine_tick, when the CPU idles, and, with machine_interrupts_random,
 * wherever interrupts are enabled or become so. The test body runs as the boot thread. (The
 * kernel's objects of the host archive are not linked: this file defines all that the scheduler
 * asks for, and the archive's own threads, tests/sim, stay out.)
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define MACHINE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MACHINE_ASAN 1
#endif
#endif
#ifdef MACHINE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#include "kernel/core/lock.c"
#include "kernel/core/lock_order.c"
#include "kernel/core/scheduler.c"
#include "kernel/core/thread.c"
#include "kernel/core/time.c"
#include "kernel/core/wait.c"

#define MACHINE_STACK_BYTES (256u << 10)
#define MACHINE_TICK 1000u	   /* time units (100 ns) from one timer interrupt to the next */
#define MACHINE_IDLE_LIMIT 20000u  /* idle ticks in a row after which nobody will ever wake */
#define MACHINE_CLOCK_HZ 10000000u /* one clock tick is one unit of time */
#define MACHINE_WALL_CLOCK 1700000000ull

struct machine_stack {
	ucontext_t context;
	void (*entry)(void *);
	void *argument;
	void *memory;	    /* NULL: the host's own stack */
	const void *bottom; /* of the stack; of the host's known after the first switch */
	size_t size_bytes;
	void *fake_stack; /* AddressSanitizer's */
	struct machine_stack *next;
};

static struct {
	struct thread *current;
	struct machine_stack *stacks, *switched_from;
	bool irq_enabled, in_interrupt;
	uint64_t clock, clock_hz;
	uint64_t ticks; /* timer interrupts so far */
	uint64_t deadline;
	unsigned idle_ticks;
	unsigned interrupt_odds; /* 0: no random interrupts; else one in so many chances */
	uint64_t random_state;
	jmp_buf panic_landing;
	bool panic_expected;
	char panic_text[256];
} machine;

/* Like assert_true, usable on every stack. */
#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, \
				#condition); \
			abort(); \
		} \
	} while (0)

/*
 * Runs the statement on the boot thread; it must panic with a message that contains `part`. The
 * core must be started anew then.
 */
#define ASSERT_PANIC(statement, part) \
	do { \
		machine.panic_expected = true; \
		if (setjmp(machine.panic_landing) == 0) { \
			statement; \
			fail_msg("no panic in %s", #statement); \
		} \
		machine.panic_expected = false; \
		if (!strstr(machine.panic_text, part)) \
			fail_msg("panic \"%s\" does not say \"%s\"", machine.panic_text, part); \
	} while (0)

_Noreturn void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(machine.panic_text, sizeof(machine.panic_text), format, arguments);
	va_end(arguments);
	if (machine.panic_expected && machine.current == &boot_thread)
		longjmp(machine.panic_landing, 1);
	fprintf(stderr, "panic: %s\n", machine.panic_text);
	abort();
}

/* ---- time and interrupts ---- */

static unsigned machine_random(unsigned limit)
{
	machine.random_state =
		machine.random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)((machine.random_state >> 33) % limit);
}

/* A timer interrupt, now. */
static void machine_tick(void)
{
	CHECK(machine.irq_enabled && !machine.in_interrupt);
	machine.irq_enabled = false;
	machine.in_interrupt = true;
	machine.clock += MACHINE_TICK;
	machine.ticks++;
	if (machine.deadline <= machine.clock)
		machine.deadline = UINT64_MAX;
	upcall_timer_tick();
	machine.in_interrupt = false;
	upcall_interrupt_return();
	machine.irq_enabled = true;
}

/* The interrupt that arch_timer_deadline asked for, if its time comes before the next tick. */
static bool machine_deadline(void)
{
	if (machine.deadline >= machine.clock + MACHINE_TICK)
		return false;
	machine.irq_enabled = false;
	machine.in_interrupt = true;
	if (machine.clock < machine.deadline)
		machine.clock = machine.deadline;
	machine.deadline = UINT64_MAX;
	upcall_timer_deadline();
	machine.in_interrupt = false;
	upcall_interrupt_return();
	machine.irq_enabled = true;
	return true;
}

void arch_timer_deadline(uint64_t ticks)
{
	CHECK(!machine.irq_enabled);
	machine.deadline = ticks;
}

static void machine_interrupt_chance(void)
{
	if (machine.interrupt_odds && machine.irq_enabled &&
	    machine_random(machine.interrupt_odds) == 0)
		machine_tick();
}

irq_state_t arch_irq_save(void)
{
	irq_state_t state = machine.irq_enabled;

	machine_interrupt_chance();
	machine.irq_enabled = false;
	return state;
}

void arch_irq_restore(irq_state_t state)
{
	machine.irq_enabled = state != 0;
	machine_interrupt_chance();
}

bool arch_irq_enabled(void)
{
	return machine.irq_enabled;
}

void arch_wait_for_interrupt(void)
{
	machine.irq_enabled = true;
	CHECK(++machine.idle_ticks < MACHINE_IDLE_LIMIT); /* a deadlock */
	if (!machine_deadline())
		machine_tick();
}

void arch_spin_hint(void)
{
	panic("a spinlock is waited for, but there is one CPU");
}

uint64_t arch_ticks(void)
{
	return machine.clock;
}

uint64_t arch_ticks_per_second(void)
{
	return machine.clock_hz;
}

uint64_t arch_wall_clock_seconds(void)
{
	return MACHINE_WALL_CLOCK;
}

/* ---- stacks ---- */

static struct machine_stack *stack_create(void)
{
	struct machine_stack *stack = calloc(1, sizeof(*stack));

	CHECK(stack);
	stack->next = machine.stacks;
	return machine.stacks = stack;
}

struct thread *arch_current_thread(void)
{
	/* The mutexes' fast path calls this between its decisions, so interrupts come there too. */
	if (!machine.in_interrupt)
		machine_interrupt_chance();
	return machine.current;
}

void arch_thread_adopt(struct thread *thread)
{
	thread->stack_pointer = stack_create();
	machine.current = thread;
}

/* AddressSanitizer wants to know on which stack the host is. */
static void stack_leave(struct machine_stack *from, const struct machine_stack *to)
{
	machine.switched_from = from;
#ifdef MACHINE_ASAN
	__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size_bytes);
#else
	(void)to;
#endif
}

static void stack_arrive(const struct machine_stack *here)
{
#ifdef MACHINE_ASAN
	__sanitizer_finish_switch_fiber(here->fake_stack, &machine.switched_from->bottom,
					&machine.switched_from->size_bytes);
#else
	(void)here;
#endif
}

static void thread_begin(void)
{
	struct machine_stack *stack = machine.current->stack_pointer;

	stack_arrive(stack);
	machine.irq_enabled = true;
	stack->entry(stack->argument);
	panic("the entry function of thread %s returned", machine.current->name);
}

void arch_thread_prepare(struct thread *thread, void (*entry)(void *), void *argument)
{
	struct machine_stack *stack = stack_create();

	stack->memory = malloc(MACHINE_STACK_BYTES);
	CHECK(stack->memory && getcontext(&stack->context) == 0);
	stack->context.uc_stack.ss_sp = stack->memory;
	stack->context.uc_stack.ss_size = MACHINE_STACK_BYTES;
	stack->bottom = stack->memory;
	stack->size_bytes = MACHINE_STACK_BYTES;
	makecontext(&stack->context, thread_begin, 0);
	stack->entry = entry;
	stack->argument = argument;
	thread->stack_pointer = stack;
}

void arch_thread_switch(struct thread *previous, struct thread *next)
{
	struct machine_stack *from = previous->stack_pointer, *to = next->stack_pointer;

	CHECK(!machine.irq_enabled && previous == machine.current && next != previous);
	CHECK(next->state == THREAD_RUNNING && previous->state != THREAD_RUNNING);
	CHECK(!atomic_load(&scheduler_lock.held));
	if (previous != &idle_thread)
		machine.idle_ticks = 0;
	machine.current = next;
	stack_leave(from, to);
	CHECK(swapcontext(&from->context, &to->context) == 0);
	stack_arrive(from);
	CHECK(!machine.irq_enabled && machine.current == previous);
}

/* ---- a run ---- */

/* Threads of an earlier run, and what they hold, are gone. */
static void machine_start(void)
{
	memset(&machine, 0, sizeof(machine));
	machine.clock_hz = MACHINE_CLOCK_HZ;
	machine.deadline = UINT64_MAX;
	memset(&scheduler_lock.held, 0, sizeof(scheduler_lock.held));
	thread_system_init();
	machine.irq_enabled = true;
	thread_yield(); /* the reaper falls asleep */
	thread_check();
}

static void machine_stop(void)
{
	struct machine_stack *stack;

	while ((stack = machine.stacks) != NULL) {
		machine.stacks = stack->next;
		free(stack->memory);
		free(stack);
	}
	machine.current = NULL;
}

/* Interrupts at random from here on; the same seed gives the same run. */
static inline void machine_interrupts_random(uint64_t seed, unsigned odds)
{
	machine.random_state = seed * 0x9E3779B97F4A7C15ull + 1;
	machine.interrupt_odds = odds;
}

static unsigned machine_live_threads; /* spawned and not finished by the reaper */

static void spawned_finish(void *argument)
{
	struct thread *thread = argument;

	CHECK(thread->state == THREAD_DEAD && thread_current() == &reaper_thread);
	machine_live_threads--;
	free(thread);
}

/* A thread that has nothing but its entry function, which ends with machine_exit. */
static struct thread *machine_spawn(const char *name, uint8_t priority, void (*entry)(void *),
				    void *argument)
{
	/* The machine has stacks of its own; any page that may be written to will do. */
	static _Alignas(PAGE_SIZE) uint8_t unused_stack[PAGE_SIZE];
	struct thread *thread = malloc(sizeof(*thread));

	CHECK(thread);
	thread_init(thread, name, priority, unused_stack, PAGE_SIZE, entry, argument);
	machine_live_threads++;
	thread_start(thread);
	return thread;
}

static _Noreturn void machine_exit(void)
{
	thread_exit(spawned_finish, thread_current());
}

/* Puts the boot thread to sleep until every spawned thread has been finished. */
static void machine_run_all(void)
{
	while (machine_live_threads)
		thread_sleep(&machine_live_threads, NULL, time_now() + 10 * MACHINE_TICK, false);
	thread_check();
}

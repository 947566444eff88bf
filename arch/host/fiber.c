/*
 * fiber.c - threads as fibers: each has a host stack, and a switch is a handful of instructions.
 *
 * A thread's own stack_base and stack_top are left alone: KERNEL_STACK_BYTES is too small for
 * sanitized code, so the fiber has a larger stack with a guard page below it. AddressSanitizer is
 * told of every switch.
 */
#include "host.h"

#include <string.h>
#include <sys/mman.h>

#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"

#ifndef __x86_64__
#error "arch/host switches stacks on x86-64 hosts only"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define FIBER_STACK_BYTES (256u << 10)
#define SAVED_REGISTERS 6
#define FIBERS_MAX 64

/* thread->stack_pointer points to one of these. */
struct host_fiber {
	void *saved_stack_pointer;
	const void *stack; /* lowest byte; of an adopted stack known after the first switch away
			      from it */
	size_t stack_bytes;
	void *fake_stack; /* AddressSanitizer's */
	void (*entry)(void *);
	void *argument;
	bool is_used;
};

/* The adopted stack has the one behind the last. */
#define ADOPTED FIBERS_MAX
static struct host_fiber fibers[FIBERS_MAX + 1];
/* Guard page and stack of each; once mapped, a mapping stays. */
static HOST_KEPT uint8_t *mappings[FIBERS_MAX];
static struct thread *current;
static struct host_fiber *came_from;

/* Saves what a called function must preserve, changes stacks, restores. */
void host_stack_switch(void **save_stack_pointer, void *stack_pointer);
__asm__(".text\n"
	".globl host_stack_switch\n"
	".type host_stack_switch, @function\n"
	"host_stack_switch:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size host_stack_switch, . - host_stack_switch\n");

static struct host_fiber *fiber_of(const struct thread *thread)
{
	KASSERT(thread->stack_pointer);
	return thread->stack_pointer;
}

static void before_switch(struct host_fiber *from, const struct host_fiber *to, bool from_is_dead)
{
	came_from = from;
#ifdef HAVE_ASAN
	__sanitizer_start_switch_fiber(from_is_dead ? NULL : &from->fake_stack, to->stack,
				       to->stack_bytes);
#else
	(void)to;
	(void)from_is_dead;
#endif
}

static void after_switch(struct host_fiber *here)
{
#ifdef HAVE_ASAN
	const void *bottom;
	size_t size_bytes;

	__sanitizer_finish_switch_fiber(here->fake_stack, &bottom, &size_bytes);
	came_from->stack = bottom;
	came_from->stack_bytes = size_bytes;
#else
	(void)here;
#endif
}

static void fiber_start(void)
{
	struct host_fiber *here = fiber_of(current);

	after_switch(here);
	here->entry(here->argument);
	panic("the entry function of thread %s returned", current->name);
}

static uint8_t *stack_map(void)
{
	void *mapping = mmap(NULL, PAGE_SIZE + FIBER_STACK_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	KASSERT(mapping != MAP_FAILED);
	KASSERT(mprotect(mapping, PAGE_SIZE, PROT_NONE) == 0);
	return mapping;
}

static struct host_fiber *fiber_create(void)
{
	unsigned i = 0;

	while (fibers[i].is_used)
		KASSERT(++i < FIBERS_MAX);
	if (!mappings[i])
		mappings[i] = stack_map();
	fibers[i] = (struct host_fiber){.stack = mappings[i] + PAGE_SIZE,
					.stack_bytes = FIBER_STACK_BYTES,
					.is_used = true};
	return &fibers[i];
}

static uint64_t *stack_top(const struct host_fiber *fiber)
{
	return (uint64_t *)(mappings[fiber - fibers] + PAGE_SIZE + FIBER_STACK_BYTES);
}

void arch_thread_prepare(struct thread *thread, void (*entry)(void *), void *argument)
{
	struct host_fiber *fiber = fiber_create();
	uint64_t *top = stack_top(fiber);

	fiber->entry = entry;
	fiber->argument = argument;
	/*
	 * As if fiber_start had been called: its return address is 0, and the registers below it
	 * are 0.
	 */
	*--top = 0;
	*--top = (uint64_t)(uintptr_t)fiber_start;
	for (int i = 0; i < SAVED_REGISTERS; i++)
		*--top = 0;
	fiber->saved_stack_pointer = top;
	thread->stack_pointer = fiber;
}

void arch_thread_switch(struct thread *previous, struct thread *next)
{
	struct host_fiber *from = fiber_of(previous), *to = fiber_of(next);

	KASSERT(previous == current && previous != next);
	current = next;
	if (next->space_root != host_active_root())
		arch_space_activate(next->space_root);
	before_switch(from, to, previous->state == THREAD_DEAD);
	host_stack_switch(&from->saved_stack_pointer, to->saved_stack_pointer);
	after_switch(from);
}

struct thread *arch_current_thread(void)
{
	return current;
}

void host_thread_adopt(struct thread *thread)
{
	KASSERT(!current);
	fibers[ADOPTED] = (struct host_fiber){.is_used = true};
	thread->stack_pointer = &fibers[ADOPTED];
	current = thread;
}

void host_thread_release(struct thread *thread)
{
	struct host_fiber *fiber = fiber_of(thread);

	thread->stack_pointer = NULL;
	fiber->is_used = false;
	if (fiber == &fibers[ADOPTED]) {
		KASSERT(current == thread);
		current = NULL;
		return;
	}
	KASSERT(current != thread);
#ifdef HAVE_ASAN
	/* Frames that were left without returning have poisoned their red zones. */
	__asan_unpoison_memory_region(fiber->stack, fiber->stack_bytes);
#endif
}

/* ---- for snapshots ---- */

size_t host_stacks_copy(uint8_t *store, bool restore)
{
	size_t at = 0;

	KASSERT(fiber_of(current) == &fibers[ADOPTED]);
	for (unsigned i = 0; i < FIBERS_MAX; i++) {
		uint8_t *bottom = fibers[i].saved_stack_pointer;
		size_t size_bytes;

		if (!fibers[i].is_used)
			continue;
		size_bytes = (size_t)((uint8_t *)stack_top(&fibers[i]) - bottom);
		if (store && restore)
			memcpy(bottom, store + at, size_bytes);
		else if (store)
			memcpy(store + at, bottom, size_bytes);
		at += size_bytes;
	}
	return at;
}

bool host_snapshot_is_possible(void)
{
#ifdef HAVE_ASAN
	return false;
#else
	return true;
#endif
}

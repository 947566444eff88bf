/*
 * thread.c - the life of a thread: init, start, exit; and the kernel's own threads.
 *
 *	thread_init      THREAD_NEW, known to its creator only
 *	thread_start     READY, RUNNING, SLEEPING, ... (scheduler.c, wait.c)
 *	thread_exit      DEAD, on the reaper's list; it leaves its stack for good
 *	reaper           calls the thread's `finish`, which may free the stack and the structure
 *
 * The reaper is a thread because `finish` may sleep (it releases objects), and neither the idle
 * thread nor whoever happens to run next may do that for another. It has the highest priority:
 * memory comes back before the next program starts.
 */
#include "scheduler.h"

#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "nt/quire.h"

#define IDLE_STACK_BYTES (2 * PAGE_SIZE)
#define REAPER_STACK_BYTES (4 * PAGE_SIZE)
#define REAPER_PRIORITY (THREAD_PRIORITY_LEVELS - 1)
#define STACK_END_MARK 0x6B61747351756972ull

struct thread_queue thread_list;

#ifdef QUIRE_DEBUG
bool thread_marks_stacks;
#define IS_DEBUG true
#else
#define IS_DEBUG false
#endif

/* Threads that left their stacks, in the order of their exit. (scheduler_lock) */
static struct thread_queue dead_threads;

static atomic_uint_fast64_t next_id;
static struct thread boot_thread, idle_thread, reaper_thread;
static bool (*idle_work)(void);

/*
 * These two stacks have no guard page (they are needed before there is memory to map), so their
 * last word is a mark.
 */
static uint64_t idle_stack[IDLE_STACK_BYTES / sizeof(uint64_t)] __attribute__((aligned(4096)));
static uint64_t reaper_stack[REAPER_STACK_BYTES / sizeof(uint64_t)] __attribute__((aligned(4096)));

static void static_stacks_check(void)
{
	KASSERT(idle_stack[0] == STACK_END_MARK);
	KASSERT(reaper_stack[0] == STACK_END_MARK);
}

/* ---- init, start, exit ---- */

static void thread_fill(struct thread *thread, const char *name, uint8_t priority)
{
	memset(thread, 0, sizeof(*thread));
	thread->state = THREAD_NEW;
	thread->priority = priority;
	thread->quantum = THREAD_QUANTUM_TICKS;
	thread->wake_time = TIME_FOREVER;
	/* Odd, so never the id of a thread of a process: those are multiples of 4. */
	thread->id = 2 * atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed) + 1;
	format_text(thread->name, sizeof(thread->name), "%s", name);
}

void thread_init(struct thread *thread, const char *name, uint8_t priority, void *stack_base,
		 size_t stack_size_bytes, void (*entry)(void *), void *argument)
{
	KASSERT(priority < THREAD_PRIORITY_LEVELS);
	KASSERT(page_offset((uintptr_t)stack_base | stack_size_bytes) == 0);
	thread_fill(thread, name, priority);
	thread->stack_base = (uintptr_t)stack_base;
	thread->stack_top = thread->stack_base + stack_size_bytes;
	if (IS_DEBUG)
		memset(stack_base, (uint8_t)QUIRE_MARKER_STACK, stack_size_bytes);
	arch_thread_prepare(thread, entry, argument);
}

void thread_start(struct thread *thread)
{
	spin_lock(&scheduler_lock);
	KASSERT(thread->state == THREAD_NEW);
	TAILQ_INSERT_TAIL(&thread_list, thread, all);
	scheduler_make_ready(thread);
	spin_unlock(&scheduler_lock);
}

_Noreturn void thread_exit(void (*finish)(void *), void *argument) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread = thread_current(), *reaper;

	lock_assert_none_held();
	thread->finish = finish;
	thread->finish_argument = argument;
	spin_lock(&scheduler_lock);
	TAILQ_REMOVE(&thread_list, thread, all);
	thread->state = THREAD_DEAD;
	TAILQ_INSERT_TAIL(&dead_threads, thread, queue);
	reaper = wait_first_sleeper(&dead_threads);
	if (reaper)
		wait_end(reaper, STATUS_SUCCESS);
	scheduler_switch();
	panic("thread %s runs after its exit", thread->name);
}

/* ---- the kernel's own threads ---- */

static struct thread *dead_thread_take(void) NO_THREAD_SAFETY_ANALYSIS
{
	struct thread *thread;

	spin_lock(&scheduler_lock);
	while ((thread = TAILQ_FIRST(&dead_threads)) == NULL) {
		thread_current()->wait_reason = QUIRE_WAIT_WORK;
		wait_sleep_locked(&dead_threads, TIME_FOREVER, false, false);
		spin_lock(&scheduler_lock);
	}
	TAILQ_REMOVE(&dead_threads, thread, queue);
	spin_unlock(&scheduler_lock);
	return thread;
}

static void reaper_main(void *unused)
{
	(void)unused;
	for (;;) {
		struct thread *thread = dead_thread_take();

		if (thread->finish)
			thread->finish(thread->finish_argument);
		/* The thread's memory may be gone now. */
		thread_check();
	}
}

void thread_set_idle_work(bool (*work)(void))
{
	idle_work = work;
}

/*
 * Nothing can become ready between the calls without taking the CPU away first: only an interrupt
 * can wake somebody here, and it preempts this thread, whose priority is the lowest.
 */
static void idle_main(void *unused)
{
	(void)unused;
	for (;;) {
		thread_yield();
		if (!idle_work || !idle_work())
			arch_wait_for_interrupt();
	}
}

_Noreturn void thread_idle_loop(void)
{
	thread_set_priority(thread_current(), THREAD_PRIORITY_IDLE);
	idle_main(NULL);
	panic("the idle loop ended");
}

void thread_system_init(void)
{
	TAILQ_INIT(&thread_list);
	TAILQ_INIT(&dead_threads);
	scheduler_init();
	wait_init();
	time_init();

	thread_fill(&boot_thread, "boot", THREAD_PRIORITY_NORMAL);
	boot_thread.state = THREAD_RUNNING;
	TAILQ_INSERT_TAIL(&thread_list, &boot_thread, all);
	arch_thread_adopt(&boot_thread);

	thread_init(&idle_thread, "idle", THREAD_PRIORITY_IDLE, idle_stack, sizeof(idle_stack),
		    idle_main, NULL);
	idle_stack[0] = STACK_END_MARK;
	thread_start(&idle_thread);
	thread_init(&reaper_thread, "reaper", REAPER_PRIORITY, reaper_stack, sizeof(reaper_stack),
		    reaper_main, NULL);
	reaper_stack[0] = STACK_END_MARK;
	thread_start(&reaper_thread);
}

/* ---- check ---- */

static bool is_quiet_locked(const struct thread *thread) REQUIRES(scheduler_lock)
{
	if (thread == thread_current() || thread->priority == THREAD_PRIORITY_IDLE)
		return true;
	if (thread->state != THREAD_SLEEPING)
		return false;
	if (thread == &reaper_thread)
		return thread->wait_address == &dead_threads;
	return !thread->process || thread->wait || thread->wait_address == &thread->suspend;
}

bool threads_are_quiet(void)
{
	const struct thread *thread;
	bool quiet = true;

	spin_lock(&scheduler_lock);
	TAILQ_FOREACH (thread, &thread_list, all)
		quiet = quiet && is_quiet_locked(thread);
	spin_unlock(&scheduler_lock);
	return quiet;
}

void thread_check(void)
{
	const struct thread *thread;
	unsigned ready = 0, sleeping = 0;

	static_stacks_check();
	spin_lock(&scheduler_lock);
	TAILQ_FOREACH (thread, &thread_list, all) {
		KASSERT(thread->state != THREAD_NEW && thread->state != THREAD_DEAD);
		KASSERT((thread->state == THREAD_RUNNING) == (thread == thread_current()));
		ready += thread->state == THREAD_READY;
		sleeping += thread->state == THREAD_SLEEPING;
	}
	KASSERT(scheduler_check_locked() == ready);
	KASSERT(wait_check_locked() == sleeping);
	spin_unlock(&scheduler_lock);
}

/*
 * balancer.c - the thread that makes room before somebody needs it: NT's balance set manager and
 * modified page writer.
 *
 * The kernel allocates under locks, where it cannot wait, and finds what the reserve has
 * (frame.c). When that runs low the balancer fills it up. With the knob writeback=eager it also
 * writes modified pages as soon as there are some, so that a fault finds clean ones.
 */
#include "balancer.h"

#include "frame.h"
#include "kernel/core/thread.h"
#include "mm.h"
#include "reclaim.h"
#include "writeback.h"

#define BALANCER_PRIORITY (THREAD_PRIORITY_NORMAL + 1)

static struct thread balancer;

/* One step of what there is to do. => returns: false: nothing, or nothing helps. */
static bool balance(enum frame_want want)
{
	switch (want) {
	case FRAMES_WANTED:
		return reclaim_some();
	case WRITES_WANTED:
		return writeback_some();
	case NOTHING_WANTED:
		break;
	}
	return false;
}

static void balancer_main(void *unused)
{
	(void)unused;
	for (;;) {
		while (balance(frame_want()))
			;
		frame_wait_wanted();
	}
}

bool balancer_start(void)
{
	void *stack = kernel_stack_alloc();

	if (!stack)
		return false;
	thread_init(&balancer, "balancer", BALANCER_PRIORITY, stack, KERNEL_STACK_BYTES,
		    balancer_main, NULL);
	thread_start(&balancer);
	return true;
}

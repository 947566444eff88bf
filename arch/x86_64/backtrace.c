/*
 * backtrace.c - the chain of calls, from frame pointers (the kernel is compiled with
 * -fno-omit-frame-pointer).
 *
 * A report must not fault, so a frame pointer is followed only within one stack that is known to
 * be mapped, and only upwards.
 */
#include "kernel/core/thread.h"

#include "paging.h"
#include "stacks.h"
#include "trap.h"

/* What a function's first two instructions make of the stack. */
struct call_frame {
	uintptr_t caller_frame;
	vaddr_t return_address;
};

static bool is_kernel_text(vaddr_t address)
{
	return address >= (vaddr_t)kernel_text_start && address < (vaddr_t)kernel_text_end;
}

static bool stack_find(uintptr_t address, uintptr_t *base, uintptr_t *top)
{
	const struct thread *thread = arch_current_thread();

	if (thread && address >= thread->stack_base && address < thread->stack_top) {
		*base = thread->stack_base;
		*top = thread->stack_top;
		return true;
	}
	return stack_find_static(address, base, top);
}

size_t arch_backtrace(const struct trap_frame *frame, vaddr_t *addresses, size_t capacity)
{
	uintptr_t at = frame ? frame->rbp : (uintptr_t)__builtin_frame_address(0);
	uintptr_t base, top;
	size_t count = 0;

	if (frame && count < capacity)
		addresses[count++] = frame->rip;
	if ((frame && frame_is_user(frame)) || !stack_find(at, &base, &top))
		return count;
	while (count < capacity && at >= base && at % sizeof(uintptr_t) == 0 &&
	       at <= top - sizeof(struct call_frame)) {
		const struct call_frame *call = (const struct call_frame *)at;

		if (!is_kernel_text(call->return_address))
			break;
		addresses[count++] = call->return_address;
		if (call->caller_frame <= at)
			break;
		at = call->caller_frame;
	}
	return count;
}

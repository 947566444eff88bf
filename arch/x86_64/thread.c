/*
 * thread.c - what the machine keeps of a thread: its stack, its FPU state, debug registers, the
 * user's GS base; its user registers as others see them; and the first way out to user mode.
 *
 * A kernel stack from the top down: 176 bytes for the struct trap_frame of the way in from user
 * mode (the TSS and SYSCALL start there), below it everything else. The space for the frame is
 * kept free for kernel threads too, so that one which enters user mode for the first time writes
 * the frame over nothing.
 */
#include "kernel/core/thread.h"

#include "arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#include "context.h"
#include "cpu.h"
#include "stacks.h"
#include "trap.h"

/* NT's initial values: x87 with 53-bit precision, and all exceptions masked in both units. */
#define X87_CONTROL 0x027Fu
#define SSE_CONTROL 0x1F80u
#define FXSAVE_SSE_CONTROL 24 /* offset of MXCSR (SDM vol. 1, 10.5.1) */

/* What stack_switch pops (switch.asm). */
struct stack_image {
	uint64_t r15, r14, r13, r12, rbx, rbp;
	uint64_t return_address; /* above it a multiple of 16, as the ABI wants it for calls */
};

void stack_switch(void **save, void *stack_pointer);
void thread_begin(void);

struct thread *arch_current_thread(void)
{
	return cpu_current_thread();
}

static struct trap_frame *user_frame_of(const struct thread *thread)
{
	return (struct trap_frame *)(thread->stack_top - sizeof(struct trap_frame));
}

static void fpu_state_init(uint8_t state[512])
{
	const uint16_t x87 = X87_CONTROL;
	const uint32_t sse = SSE_CONTROL;

	memset(state, 0, 512);
	memcpy(state, &x87, sizeof(x87));
	memcpy(state + FXSAVE_SSE_CONTROL, &sse, sizeof(sse));
}

void arch_thread_adopt(struct thread *thread)
{
	struct cpu *cpu = cpu_self();

	KASSERT(!cpu->current);
	boot_stack_bounds(&thread->stack_base, &thread->stack_top);
	cpu->task_state.rsp0 = thread->stack_top;
	cpu->current = thread;
}

void arch_thread_prepare(struct thread *thread, void (*entry)(void *), void *argument)
{
	struct stack_image *image = (struct stack_image *)user_frame_of(thread) - 1;

	KASSERT(thread->stack_top % 16 == 0 && thread->stack_base < (uintptr_t)image);
	*image = (struct stack_image){
		.rbx = (uintptr_t)entry,
		.r12 = (uintptr_t)argument,
		.return_address = (uintptr_t)thread_begin,
	};
	thread->stack_pointer = image;
	fpu_state_init(thread->fpu_state);
}

_Static_assert(sizeof(((struct thread *)0)->debug_registers) == DEBUG_REGISTERS * sizeof(uint64_t),
	       "struct thread");

/*
 * Most threads have no breakpoints: then there is nothing to load. They may strike in the kernel
 * too, where it reads user memory for the program: trap_paranoid lets that pass. Interrupts
 * disabled.
 */
static void breakpoints_load(const struct thread *thread)
{
	struct cpu *cpu = cpu_self();
	uint64_t wanted = thread->space_root ? thread->debug_registers[DEBUG_7] : 0;

	if (!wanted && !cpu->breakpoints)
		return;
	write_dr7(0);
	write_breakpoints(thread->debug_registers);
	write_dr7(wanted);
	cpu->breakpoints = wanted;
}

/*
 * Kernel code uses no FPU register, so only threads with a user side have FPU state, segments and
 * a GS base to keep.
 */
void arch_thread_switch(struct thread *previous, struct thread *next)
{
	struct cpu *cpu = cpu_self();

	KASSERT_DEBUG(!arch_irq_enabled());
	if (previous->space_root != 0)
		fpu_save(previous->fpu_state);
	if (next->space_root != 0) {
		fpu_restore(next->fpu_state);
		reset_user_segments();
		write_msr(MSR_KERNEL_GS_BASE, next->user_gs_base);
		if (cpu->root != next->space_root)
			arch_space_activate(next->space_root);
	} else if (cpu->root != arch_kernel_root()) {
		/*
		 * Not the last space for as long as nobody else wants one: it may be destroyed
		 * meanwhile.
		 */
		arch_space_activate(0);
	}
	breakpoints_load(next);
	cpu->task_state.rsp0 = next->stack_top;
	cpu->current = next;
	stack_switch(&previous->stack_pointer, next->stack_pointer);
}

void arch_user_prepare(struct thread *thread, const struct user_entry *entry)
{
	struct trap_frame *frame = user_frame_of(thread);

	KASSERT(entry->instruction_pointer < USER_LIMIT && entry->teb < USER_LIMIT);
	*frame = (struct trap_frame){
		.rcx = entry->argument1,
		.rdx = entry->argument2,
		.r8 = entry->argument3,
		.r9 = entry->argument4,
		.vector = VECTOR_CONTEXT,
		.rip = entry->instruction_pointer,
		.cs = USER_CS,
		.rflags = RFLAGS_IF | RFLAGS_ALWAYS_SET,
		.rsp = entry->stack_pointer,
		.ss = USER_SS,
	};
	thread->user_frame = frame;
	thread->user_gs_base = entry->teb;
}

_Noreturn void arch_enter_user(const struct user_entry *entry)
{
	struct thread *thread = arch_current_thread();

	KASSERT(thread->user_frame == user_frame_of(thread) && thread->user_gs_base == entry->teb);
	KASSERT(thread->space_root != 0 && cpu_self()->root == thread->space_root);
	trap_leave_kernel(thread->user_frame);
	fpu_restore(thread->fpu_state);
	reset_user_segments();
	write_msr(MSR_KERNEL_GS_BASE, thread->user_gs_base);
	frame_enter_user(thread->user_frame);
}

/* ---- the user registers of a thread ---- */

void arch_context_read(struct thread *thread, struct nt_context *context)
{
	irq_state_t state = arch_irq_save();

	if (thread == arch_current_thread())
		fpu_save(thread->fpu_state);
	context_from_frame(context, thread->user_frame);
	context_from_float(context, thread->fpu_state);
	context_from_debug(context, thread->debug_registers);
	arch_irq_restore(state);
}

void arch_context_write(struct thread *thread, const struct nt_context *context)
{
	struct trap_frame *frame = thread->user_frame;
	bool is_current = thread == arch_current_thread();
	irq_state_t state = arch_irq_save();

	if (is_current)
		fpu_save(thread->fpu_state);
	context_to_frame(context, frame);
	context_to_float(context, thread->fpu_state);
	context_to_debug(context, thread->debug_registers);
	if (CONTEXT_HAS(context->context_flags, CONTEXT_INTEGER) &&
	    frame->vector == VECTOR_SYSTEM_CALL)
		frame->vector = VECTOR_CONTEXT;
	if (is_current) {
		fpu_restore(thread->fpu_state);
		breakpoints_load(thread);
	}
	arch_irq_restore(state);
}

void arch_user_redirect(vaddr_t instruction_pointer, vaddr_t stack_pointer)
{
	struct trap_frame *frame = arch_current_thread()->user_frame;

	KASSERT(instruction_pointer < USER_LIMIT);
	frame->rip = instruction_pointer;
	frame->rsp = stack_pointer;
	frame->rflags = rflags_sanitize(frame->rflags) &
			~(uint64_t)(RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_RF);
}

void arch_user_result(NTSTATUS status)
{
	arch_current_thread()->user_frame->rax = (uint32_t)status;
}

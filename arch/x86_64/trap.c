/*
 * trap.c - what every trap comes to: page faults to the VM, interrupts to the clock, exceptions of
 * programs to the process, exceptions of the kernel to panic.
 *
 * tour of a page fault: 2 of 6; next: kernel/mm/types.h
 *
 * Interrupts: gates disable them. A trap from user mode runs on the thread's own, empty kernel
 * stack and holds no lock, so it enables them as soon as what they could overwrite (CR2) has been
 * read, and every path back to user mode goes through trap_leave_kernel with them enabled. A page
 * fault in kernel mode must have had them enabled: with a spinlock held, the VM could not sleep for
 * the page.
 */
#include "trap.h"

#include "kernel/core/lock.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/thread.h"
#include "kernel/lib/print.h"
#include "nt/quire.h"

#include "apic.h"
#include "clock.h"
#include "context.h"
#include "cpu.h"
#include "shot.h"
#include "guard_test.h"

/* As deep as calls go with what they return still on the stack; the stack is nearly empty there. */
#define MARKED_STACK_BYTES 3072u

/* A pair per instruction that may fault on user memory (user_copy.asm, between linker symbols). */
struct fixup {
	vaddr_t rip, resume;
};
extern const struct fixup fixup_table_start[], fixup_table_end[];

/* Called by entry.asm. Prototypes for the compiler's sake. */
void trap_from_user(struct trap_frame *frame);
void trap_from_kernel(struct trap_frame *frame);
void trap_system_call(struct trap_frame *frame);
void trap_paranoid(struct trap_frame *frame);

/* A panic's text; one panic is all there ever is. */
static char report[512];

enum access fault_access(uint64_t error_code)
{
	if (error_code & FAULT_FETCH)
		return ACCESS_EXECUTE;
	return error_code & FAULT_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static _Noreturn void panic_page_fault(const struct trap_frame *frame, vaddr_t address)
{
	fault_describe(frame, address, report, sizeof(report));
	panic_trap(frame, report);
}

/* ---- the way back ---- */

static void check_user_frame(const struct trap_frame *frame)
{
	lock_assert_none_held();
	KASSERT_DEBUG(frame->cs == USER_CS && frame->ss == USER_SS);
	KASSERT_DEBUG((frame->rflags & (RFLAGS_IF | RFLAGS_IOPL)) == RFLAGS_IF);
	KASSERT_DEBUG(!(read_rflags() & RFLAGS_DF));
	/* Without SMAP, AC means nothing in the kernel, and entry.asm cannot clear it. */
	KASSERT_DEBUG(!smap_enabled || !(read_rflags() & RFLAGS_AC));
}

/*
 * A request that comes after the upcall has looked would wait for the next interrupt; so it is
 * looked for once more when none can come any more.
 */
void trap_leave_kernel(const struct trap_frame *frame)
{
	upcall_return_to_user();
	irq_disable();
	while (thread_is_wanted(thread_current())) {
		irq_enable();
		upcall_return_to_user();
		irq_disable();
	}
	check_user_frame(frame);
}

/* ---- interrupts ---- */

static void unexpected_interrupt(unsigned vector)
{
	uint64_t *count = &cpu_self()->unexpected_count[vector];

	if ((*count)++ == 0)
		log_event("interrupt 0x%x came, which nobody asked for", vector);
}

/* Interrupts disabled. */
static void interrupt(const struct trap_frame *frame)
{
	unsigned vector = (unsigned)frame->vector;

#ifdef QUIRE_DEBUG
	if (vector == VECTOR_SHOT && shot_take(frame)) {
		apic_end_of_interrupt();
		upcall_shot();
		return;
	}
#endif
	if (vector == VECTOR_TIMER) {
		apic_end_of_interrupt();
		clock_interrupt();
		return;
	}
	unexpected_interrupt(vector);
	if (vector != VECTOR_SPURIOUS)
		apic_end_of_interrupt();
}

/* ---- page faults ---- */

/* Not inlined: the way of a fault that is served stays short. */
static __attribute__((noinline)) void page_fault_refused(struct trap_frame *frame, NTSTATUS status,
							 vaddr_t address)
{
	if (frame->error_code & FAULT_RESERVED)
		panic_page_fault(frame, address);
	exception_raise_fault(frame, status, fault_access(frame->error_code), address);
}

/* Without the user bit it was the CPU's own access, of a descriptor: no page would help. */
static void page_fault_from_user(struct trap_frame *frame, vaddr_t address)
{
	NTSTATUS status = STATUS_ACCESS_VIOLATION;

	if (address < USER_LIMIT &&
	    (frame->error_code & (FAULT_USER | FAULT_RESERVED)) == FAULT_USER)
		status = upcall_page_fault(address, fault_access(frame->error_code), true);
	if (!NT_SUCCESS(status))
		page_fault_refused(frame, status, address);
}

static const struct fixup *fixup_find(vaddr_t rip)
{
	size_t count =
		((uintptr_t)fixup_table_end - (uintptr_t)fixup_table_start) / sizeof(struct fixup);

	for (size_t i = 0; i < count; i++)
		if (fixup_table_start[i].rip == rip)
			return &fixup_table_start[i];
	return NULL;
}

/*
 * Only the copy functions of user_copy.asm may fault in the kernel, on a user address, with
 * interrupts enabled.
 */
static void page_fault_from_kernel(struct trap_frame *frame, vaddr_t address)
{
	const struct fixup *fixup = fixup_find(frame->rip);
	NTSTATUS status;

	if (guard_probe_caught(frame, address))
		return;
	if (!fixup || address >= USER_LIMIT || !(frame->rflags & RFLAGS_IF) ||
	    (frame->error_code & FAULT_RESERVED))
		panic_page_fault(frame, address);
	irq_enable();
	status = upcall_page_fault(address, fault_access(frame->error_code), false);
	irq_disable();
	if (!NT_SUCCESS(status))
		frame->rip = fixup->resume;
}

/* What a #DB was about is for its CONTEXT to tell; the CPU only ever adds to DR6. */
static void debug_cause_take(void)
{
	thread_current()->debug_registers[DEBUG_6] = read_dr6() & DR6_HAPPENED;
	write_dr6(0);
}

/* ---- what entry.asm calls: interrupts disabled on entry and on return ---- */

void trap_from_user(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_PAGE_FAULT) {
		vaddr_t address = read_cr2();

		irq_enable();
		page_fault_from_user(frame, address);
	} else if (frame->vector >= VECTOR_EXCEPTIONS) {
		interrupt(frame);
		upcall_interrupt_return();
		irq_enable();
	} else {
		if (frame->vector == VECTOR_DEBUG)
			debug_cause_take();
		irq_enable();
		exception_raise(frame);
	}
	trap_leave_kernel(frame);
}

void trap_from_kernel(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_PAGE_FAULT) {
		page_fault_from_kernel(frame, read_cr2());
	} else if (frame->vector >= VECTOR_EXCEPTIONS) {
		interrupt(frame);
		upcall_interrupt_return();
	} else {
		format_text(report, sizeof(report),
			    "exception %lu (%s), error code 0x%lx, in the kernel", frame->vector,
			    exception_name((unsigned)frame->vector), frame->error_code);
		panic_trap(frame, report);
	}
}

/*
 * The stubs of ntdll: arguments in r10 (for rcx, which SYSCALL takes), rdx, r8, r9, and from rsp +
 * 0x28 on.
 */
void trap_system_call(struct trap_frame *frame)
{
	const uint64_t registers[4] = {frame->r10, frame->rdx, frame->r8, frame->r9};
	NTSTATUS status;

	irq_enable();
	if (thread_marks_stacks)
		stack_fill_below(QUIRE_MARKER_STACK * 0x100000001ull, MARKED_STACK_BYTES);
	status = upcall_system_call((uint32_t)frame->rax, registers, frame->rsp + 0x28);
	if (frame->vector == VECTOR_SYSTEM_CALL)
		frame->rax = (uint32_t)status;
	trap_leave_kernel(frame);
}

/*
 * On an IST stack, in the middle of anything: no lock, no fault, no upcall unless it is the end.
 * => #DB in kernel mode: a program's single step or MOV SS that reached into our entry. It is
 *    harmless, so it is ended.
 */
void trap_paranoid(struct trap_frame *frame)
{
	switch (frame->vector) {
	case VECTOR_NMI:
		(void)shot_take(frame);
		cpu_self()->nmi_count++;
		return;
	case VECTOR_DEBUG:
		cpu_self()->kernel_debug_count++;
		write_dr6(0);
		frame->rflags &= ~(uint64_t)RFLAGS_TF;
		return;
	case VECTOR_DOUBLE_FAULT:
		double_fault_describe(read_cr2(), report, sizeof(report));
		panic_trap(frame, report);
	default:
		panic_trap(frame, "machine check: the hardware reports an error");
	}
}

vaddr_t trap_instruction_pointer(const struct trap_frame *frame)
{
	return frame->rip;
}

vaddr_t trap_stack_pointer(const struct trap_frame *frame)
{
	return frame->rsp;
}

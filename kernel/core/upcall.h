/*
 * upcall.h - what the machine calls: every entry from arch/ into the portable kernel.
 */
#pragma once

#include "arch/arch.h"
#include "nt/ntdef.h"

struct trap_frame;

enum access {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_EXECUTE,
};

/*
 * A page fault on a user address (from user mode, or from the user-copy functions). Interrupts
 * enabled, no lock held.
 * => returns: STATUS_SUCCESS (retry the instruction) or the status the access ends with. If it is
 *    STATUS_IN_PAGE_ERROR, the thread's in_page_cause says what the device said.
 *    (kernel/mm/fault.c)
 */
NTSTATUS upcall_page_fault(vaddr_t address, enum access access, bool from_user);

/*
 * An exception in user mode that nothing resolved: code is the NT exception code, parameters as in
 * EXCEPTION_RECORD (STATUS_ACCESS_VIOLATION: {0 read | 1 write | 8 execute, address}). Ends the
 * process with a report. May return only if the thread may go on. (kernel/process/exception.c)
 */
void upcall_user_exception(NTSTATUS code, unsigned parameter_count, const uint64_t *parameters,
			   struct trap_frame *frame);

/*
 * A system call. registers: the first four arguments; stack_arguments: user address of the fifth.
 * => returns: what the caller gets in rax. (kernel/syscall/dispatch.c)
 */
NTSTATUS upcall_system_call(uint32_t number, const uint64_t registers[4], vaddr_t stack_arguments);

/* Timer interrupt, interrupts disabled. (kernel/core/scheduler.c) */
void upcall_timer_tick(void);
/* The same between two ticks, because arch_timer_deadline asked for it. */
void upcall_timer_deadline(void);

#ifdef QUIRE_DEBUG
/* The interrupt of arch_shot_arm, interrupts disabled. (kernel/syscall/sweep.c) */
void upcall_shot(void);
#endif

/*
 * After an interrupt was handled, interrupts disabled, before the interrupted code (with IF=1) goes
 * on: preempts.
 */
void upcall_interrupt_return(void);

/*
 * Each return to user mode, interrupts enabled: ends the thread if it was asked to.
 * (kernel/process/thread.c)
 */
void upcall_return_to_user(void);

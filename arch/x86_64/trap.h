/*
 * trap.h - vectors, and the parts of trap handling: trap.c (who handles what), exception.c (what
 * user mode is told), fault_report.c (a fault in words).
 */
#pragma once

#include <stddef.h>

#include "kernel/core/upcall.h"

#include "trap_frame.h"

#define VECTOR_DIVIDE 0
#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW 4
#define VECTOR_BOUND 5
#define VECTOR_INVALID_OPCODE 6
#define VECTOR_NO_FPU 7
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_INVALID_TSS 10
#define VECTOR_NOT_PRESENT 11
#define VECTOR_STACK_SEGMENT 12
#define VECTOR_GENERAL_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define VECTOR_FPU 16
#define VECTOR_ALIGNMENT 17
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_SIMD 19
#define VECTOR_EXCEPTIONS 32 /* below: exceptions; from here on: interrupts */
#define VECTOR_PIC 0x20	     /* 16 vectors of the masked 8259s: spurious ones only */
#define VECTOR_TIMER 0x40
#define VECTOR_SHOT 0x41 /* of tests: shot.c */
#define VECTOR_SPURIOUS 0xFF
#define VECTORS 256
#define VECTOR_SYSTEM_CALL 256 /* not a vector: marks the frame of a SYSCALL */
#define VECTOR_CONTEXT 257     /* likewise: all registers were set, a result has no place in it */

/* Page-fault error code (Intel SDM vol. 3, 4.7) */
#define FAULT_PRESENT 0x01u
#define FAULT_WRITE 0x02u
#define FAULT_USER 0x04u
#define FAULT_RESERVED 0x08u
#define FAULT_FETCH 0x10u

/* One stub per vector, VECTOR_STUB_BYTES apart (entry.asm). */
#define VECTOR_STUB_BYTES 16
extern const uint8_t vector_stubs[];
/* Where SYSCALL goes (entry.asm). */
void system_call_entry(void);
/*
 * Restores the frame that the stack pointer is set to, and with it user mode. Interrupts disabled
 * (entry.asm).
 */
_Noreturn void frame_enter_user(struct trap_frame *frame);

/*
 * The end of every stay in the kernel: upcall_return_to_user, and again until there is nothing to
 * do. Interrupts are enabled on entry, disabled on return; then entry.asm restores the frame.
 */
void trap_leave_kernel(const struct trap_frame *frame);

enum access fault_access(uint64_t error_code);

/* "#GP general protection" */
const char *exception_name(unsigned vector);

/* Tells user mode of an exception other than a page fault. Interrupts enabled. */
void exception_raise(struct trap_frame *frame);
/* The same for an access that ended with `status`. */
void exception_raise_fault(struct trap_frame *frame, NTSTATUS status, enum access access,
			   vaddr_t address);

/*
 * What happened, in words, for panic_trap: who, what kind of access, which address, what the page
 * tables say.
 */
void fault_describe(const struct trap_frame *frame, vaddr_t address, char *buffer, size_t capacity);
/* The same for a double fault; `address` is CR2. Names the stack if one has overflowed. */
void double_fault_describe(vaddr_t address, char *buffer, size_t capacity);

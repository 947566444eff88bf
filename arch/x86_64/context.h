/*
 * context.h - between NT's CONTEXT and the registers that the machine keeps of a user thread. Pure
 * functions: the host tests run them too.
 *
 * A CONTEXT comes from a program and may hold anything. Whatever it holds, what is written here is
 * fit for IRETQ, FXRSTOR and MOV to a debug register, and gives user mode no right that it lacks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nt/ntcontext.h"

#include "trap_frame.h"

#define DR6_HAPPENED 0xE00Fu /* which breakpoint, debug-register access, step, task switch */

/* The debug registers of a thread. */
enum debug_register { DEBUG_0, DEBUG_1, DEBUG_2, DEBUG_3, DEBUG_6, DEBUG_7, DEBUG_REGISTERS };

/*
 * Copy the groups that context->context_flags names. Segment registers read as Windows' constants;
 * written ones do not count, for there is one user code and one user data segment.
 */
void context_from_frame(struct nt_context *context, const struct trap_frame *frame);
void context_to_frame(const struct nt_context *context, struct trap_frame *frame);

/*
 * FXSAVE areas. MXCSR comes from context->mxcsr, as on NT; its reserved bits are dropped, and the
 * x87 addresses made canonical.
 */
void context_from_float(struct nt_context *context, const uint8_t area[512]);
void context_to_float(const struct nt_context *context, uint8_t area[512]);

/*
 * Breakpoints on kernel addresses and I/O breakpoints are dropped, and of DR7 only the local enable
 * bits count.
 */
void context_from_debug(struct nt_context *context, const uint64_t registers[DEBUG_REGISTERS]);
void context_to_debug(const struct nt_context *context, uint64_t registers[DEBUG_REGISTERS]);

/* RFLAGS that user mode may run with, made from any word. */
uint64_t rflags_sanitize(uint64_t rflags);

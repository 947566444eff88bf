/*
 * snippets.h - single instructions, each run with chosen registers, flags and stack (snippets.S).
 */
#pragma once

#include "native.h"

/* In the order of struct registers. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15, REGISTERS };

struct registers {
	uint64_t general[REGISTERS];
	uint64_t rsp, flags; /* of those after only */
};

#define SELECTOR_AS_IT_IS 0xFFFFu

extern uint64_t snippet_before[REGISTERS];
extern struct registers snippet_after;
extern const void *snippet_target;
extern uint64_t snippet_lost_stack, snippet_flags;
extern uint32_t snippet_selectors[2]; /* fs, gs */

/* Runs snippet_target, a snippet's entry, and comes back if that leads to its end. */
void snippet_enter(void);
extern char snippet_back[];

/* ---- the instructions, and what comes of each ---- */

#define ANY_ACCESS UINT64_MAX

enum operand {
	OPERAND_NONE,
	OPERAND_NOWHERE,
	OPERAND_NOT_CANONICAL,
	OPERAND_KERNEL,
	OPERAND_CODE,
	OPERAND_DATA,
	OPERANDS
};

struct snippet {
	const char *name;
	const char *entry, *lost, *at, *next;
	NTSTATUS status;      /* 0: nothing happens */
	enum operand operand; /* in rsi */
	uint64_t access;      /* the first parameter, if there are two; ANY */
	bool is_after;	      /* reported behind the instruction */
	bool is_at_operand;   /* reported at the operand: it is a jump */
	bool uses_stack;      /* so a bad stack is a fault of its own */
	bool is_call;	      /* SYSCALL: rax, rcx and r11 change */
	bool clears_trap;     /* no single step is reported at the instruction after it */
	uint16_t selector;    /* in rbx */
};

#define SNIPPET(name) \
	extern char snippet_##name[], snippet_##name##_lost[], snippet_##name##_at[], \
		snippet_##name##_next[];
/* clang-format off */
#define EACH_SNIPPET(X) \
	X(nop) X(divide) X(divide_overflow) X(icebp) X(breakpoint) X(assertion) X(int_2) \
	X(int_3_long) X(int_8) X(int_14) X(int_18) X(int_32) X(int_46) X(int_64) X(int_65) \
	X(int_128) X(int_255) X(undefined) X(into) X(lock_nop) X(rsm) X(vmcall) X(stac) \
	X(clac) X(xsetbv) X(wrgsbase) X(sysenter) X(cli) X(sti) X(hlt) X(in) X(out) X(insb) \
	X(read_cr3) X(write_cr3) X(write_dr7) X(wrmsr) X(rdmsr) X(rdpmc) X(swapgs) X(lgdt) \
	X(lidt) X(lldt) X(ltr) X(lmsw) X(clts) X(invlpg) X(wbinvd) X(sysret) X(sgdt) \
	X(sidt) X(smsw) X(sldt) X(str) X(load) X(store) X(jump) X(push) X(segment_ds) \
	X(segment_ss) X(far_jump) X(far_return) X(iret) X(unaligned) X(system_call) \
	X(stack_breakpoint) X(stack_system_call)
/* clang-format on */
EACH_SNIPPET(SNIPPET)

extern const struct snippet snippets[];
extern const unsigned snippets_count;

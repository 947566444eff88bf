/*
 * CONTEXT and EXCEPTION_RECORD as user programs see them (x86-64), and what stands on the user
 * stack when the kernel enters one of ntdll's dispatchers.
 */
#pragma once

#include "ntdef.h"

#define CONTEXT_AMD64 0x00100000u
#define CONTEXT_CONTROL (CONTEXT_AMD64 | 0x01u)		/* Rip, Rsp, EFlags, SegCs, SegSs */
#define CONTEXT_INTEGER (CONTEXT_AMD64 | 0x02u)		/* the other general registers */
#define CONTEXT_SEGMENTS (CONTEXT_AMD64 | 0x04u)	/* SegDs, SegEs, SegFs, SegGs */
#define CONTEXT_FLOATING_POINT (CONTEXT_AMD64 | 0x08u)	/* FltSave, MxCsr */
#define CONTEXT_DEBUG_REGISTERS (CONTEXT_AMD64 | 0x10u) /* Dr0 to Dr3, Dr6, Dr7 */
#define CONTEXT_ALL (CONTEXT_AMD64 | 0x1Fu)

/* Is every bit of the group asked for? */
#define CONTEXT_HAS(flags, group) (((flags) & (group)) == (group))

struct nt_context {
	uint64_t home[6];
	uint32_t context_flags;
	uint32_t mxcsr;
	uint16_t cs, ds, es, fs, gs, ss;
	uint32_t eflags;
	uint64_t dr0, dr1, dr2, dr3, dr6, dr7;
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip;
	uint8_t float_save[512]; /* XMM_SAVE_AREA32: FXSAVE's form */
	uint64_t vector_registers[52];
	uint64_t vector_control, debug_control, last_branch[4];
};
_Static_assert(sizeof(struct nt_context) == 0x4D0, "CONTEXT");
_Static_assert(offsetof(struct nt_context, rax) == 0x78, "CONTEXT");
_Static_assert(offsetof(struct nt_context, rip) == 0xF8, "CONTEXT");
_Static_assert(offsetof(struct nt_context, float_save) == 0x100, "CONTEXT");

#define EXCEPTION_PARAMETERS_MAX 15u
#define EXCEPTION_ACCESS_READ 0u /* first parameter of an exception about an address */
#define EXCEPTION_ACCESS_WRITE 1u
#define EXCEPTION_ACCESS_EXECUTE 8u

struct nt_exception_record {
	NTSTATUS code;
	uint32_t flags;
	uint64_t record; /* address of the exception before this one, or 0 */
	uint64_t address;
	uint32_t parameter_count;
	uint32_t padding;
	uint64_t parameters[EXCEPTION_PARAMETERS_MAX];
};
_Static_assert(sizeof(struct nt_exception_record) == 0x98, "EXCEPTION_RECORD");

/*
 * What KiUserExceptionDispatcher finds at RSP, which is a multiple of 16: Windows' layout. There is
 * no return address.
 */
struct nt_exception_frame {
	struct nt_context context;
	int32_t context_parts[8]; /* CONTEXT_EX: offset from here, length; all, legacy, XSTATE */
	struct nt_exception_record record;
	uint64_t padding0;
	uint64_t rip, cs, rflags, rsp, ss; /* as IRETQ would take them */
	uint64_t padding1;
};
_Static_assert(offsetof(struct nt_exception_frame, record) == 0x4F0, "exception frame");
_Static_assert(offsetof(struct nt_exception_frame, rip) == 0x590, "exception frame");
_Static_assert(sizeof(struct nt_exception_frame) == 0x5C0, "exception frame");

/*
 * What KiUserApcDispatcher finds at RSP, a multiple of 16: the CONTEXT to go on with, whose home
 * slots 0 to 3 hold the routine's three arguments and the routine; then a machine frame.
 */
struct nt_apc_frame {
	struct nt_context context;
	uint64_t rip, cs, rflags, rsp, ss;
	uint64_t padding;
};
_Static_assert(sizeof(struct nt_apc_frame) == 0x500, "APC frame");

/*
 * exception.c - exceptions of programs, as NT names them: exception code and parameters of the
 * EXCEPTION_RECORD.
 *
 * Interrupts are enabled, no lock is held. The frame may be changed before the report: RIP of a
 * breakpoint points to the INT3, as NT has it.
 */
#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/range.h"
#include "nt/ntstatus.h"

#include "cpu.h"
#include "trap.h"

#define EXCEPTION_PARAMETERS_MAX 3
#define INSTRUCTION_BYTES_MAX 15
#define OPCODE_INT 0xCDu
#define INT_ASSERTION_FAILURE 0x2Cu /* DbgRaiseAssertionFailure of Windows programs */

static const char *const names[] = {
	[VECTOR_DIVIDE] = "#DE divide error",
	[VECTOR_DEBUG] = "#DB debug",
	[VECTOR_NMI] = "NMI",
	[VECTOR_BREAKPOINT] = "#BP breakpoint",
	[VECTOR_OVERFLOW] = "#OF overflow",
	[VECTOR_BOUND] = "#BR bound range",
	[VECTOR_INVALID_OPCODE] = "#UD invalid opcode",
	[VECTOR_NO_FPU] = "#NM no FPU",
	[VECTOR_DOUBLE_FAULT] = "#DF double fault",
	[VECTOR_INVALID_TSS] = "#TS invalid TSS",
	[VECTOR_NOT_PRESENT] = "#NP segment not present",
	[VECTOR_STACK_SEGMENT] = "#SS stack segment",
	[VECTOR_GENERAL_PROTECTION] = "#GP general protection",
	[VECTOR_PAGE_FAULT] = "#PF page fault",
	[VECTOR_FPU] = "#MF x87 error",
	[VECTOR_ALIGNMENT] = "#AC alignment",
	[VECTOR_MACHINE_CHECK] = "#MC machine check",
	[VECTOR_SIMD] = "#XM SIMD error",
};

const char *exception_name(unsigned vector)
{
	if (vector < sizeof(names) / sizeof(names[0]) && names[vector])
		return names[vector];
	return "reserved";
}

static void raise(struct trap_frame *frame, NTSTATUS code)
{
	upcall_user_exception(code, 0, NULL, frame);
}

/* NT's form of "the address is not known": a read of the highest address. */
static void raise_unknown_address(struct trap_frame *frame)
{
	const uint64_t parameters[] = {0, UINT64_MAX};

	upcall_user_exception(STATUS_ACCESS_VIOLATION, 2, parameters, frame);
}

/* What an EXCEPTION_RECORD calls an access. */
static uint64_t access_number(enum access access)
{
	switch (access) {
	case ACCESS_READ:
		return 0;
	case ACCESS_WRITE:
		return 1;
	case ACCESS_EXECUTE:
		return 8;
	}
	return 0;
}

/*
 * A status that is not about rights says why a page could not be had: NT raises IN_PAGE_ERROR and
 * names it third.
 */
void exception_raise_fault(struct trap_frame *frame, NTSTATUS status, enum access access,
			   vaddr_t address)
{
	NTSTATUS cause = status == STATUS_IN_PAGE_ERROR ? thread_current()->in_page_cause : status;
	const uint64_t parameters[EXCEPTION_PARAMETERS_MAX] = {access_number(access), address,
							       (uint32_t)cause};

	if (status == STATUS_ACCESS_VIOLATION || status == STATUS_GUARD_PAGE_VIOLATION ||
	    status == STATUS_STACK_OVERFLOW)
		upcall_user_exception(status, 2, parameters, frame);
	else
		upcall_user_exception(STATUS_IN_PAGE_ERROR, 3, parameters, frame);
}

/* ---- general protection: which instruction was it? ---- */

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: /* segment overrides */
	case 0x2E:
	case 0x36:
	case 0x3E:
	case 0x64:
	case 0x65:
	case 0x66: /* operand and address size */
	case 0x67:
	case 0xF0: /* LOCK, REPNE, REP */
	case 0xF2:
	case 0xF3:
		return true;
	default:
		return byte >= 0x40 && byte <= 0x4F; /* REX */
	}
}

static unsigned modrm_reg(uint8_t modrm)
{
	return modrm >> 3 & 7;
}

static bool is_privileged_two_byte(uint8_t opcode, uint8_t modrm)
{
	switch (opcode) {
	case 0x00: /* SLDT STR LLDT LTR */
		return modrm_reg(modrm) <= 3;
	case 0x01: /* SGDT SIDT LGDT LIDT SMSW LMSW INVLPG SWAPGS */
		return true;
	case 0x06: /* CLTS */
	case 0x07: /* SYSRET */
	case 0x08: /* INVD */
	case 0x09: /* WBINVD */
	case 0x20: /* MOV to and from control and debug registers */
	case 0x21:
	case 0x22:
	case 0x23:
	case 0x30: /* WRMSR */
	case 0x32: /* RDMSR */
	case 0x33: /* RDPMC */
	case 0x35: /* SYSEXIT */
		return true;
	default:
		return false;
	}
}

static bool is_privileged_one_byte(uint8_t opcode)
{
	switch (opcode) {
	case 0x6C: /* INS OUTS */
	case 0x6D:
	case 0x6E:
	case 0x6F:
	case 0xE4: /* IN OUT, immediate port */
	case 0xE5:
	case 0xE6:
	case 0xE7:
	case 0xEC: /* IN OUT, port in DX */
	case 0xED:
	case 0xEE:
	case 0xEF:
	case 0xF4: /* HLT */
	case 0xFA: /* CLI STI */
	case 0xFB:
		return true;
	default:
		return false;
	}
}

static void raise_general_protection(struct trap_frame *frame)
{
	uint8_t code[INSTRUCTION_BYTES_MAX + 2] = {0}; /* 0 is no opcode that matters here */
	vaddr_t rip = frame->rip; /* read once: another thread may write it (NtSetContextThread) */
	size_t at = 0;

	/* A partial copy is fine: the instruction may stand at the end of its page. */
	if (!range_ok(rip, INSTRUCTION_BYTES_MAX, USER_LIMIT) ||
	    arch_copy_from_user(code, rip, INSTRUCTION_BYTES_MAX) == INSTRUCTION_BYTES_MAX) {
		raise_unknown_address(frame);
		return;
	}
	while (at < INSTRUCTION_BYTES_MAX - 1 && is_prefix(code[at]))
		at++;
	if (code[at] == OPCODE_INT && code[at + 1] == INT_ASSERTION_FAILURE) {
		frame->rip = rip + at + 2;
		raise(frame, STATUS_ASSERTION_FAILURE);
	} else if (code[at] == 0x0F ? is_privileged_two_byte(code[at + 1], code[at + 2])
				    : is_privileged_one_byte(code[at])) {
		raise(frame, STATUS_PRIVILEGED_INSTRUCTION);
	} else {
		raise_unknown_address(frame);
	}
}

/* ---- floating point ---- */

/* Exception bits of the x87 status and of MXCSR, lowest first, have the same order. */
#define FLOAT_INVALID 0x01u
#define FLOAT_DENORMAL 0x02u
#define FLOAT_ZERO_DIVIDE 0x04u
#define FLOAT_OVERFLOW 0x08u
#define FLOAT_UNDERFLOW 0x10u
#define FLOAT_INEXACT 0x20u
#define FLOAT_STACK 0x40u /* x87 only, together with INVALID */
#define FLOAT_MASK 0x3Fu
#define MXCSR_MASK_SHIFT 7

/* `raised`: exceptions that happened and are not masked. */
static NTSTATUS float_code(uint32_t raised)
{
	if (raised & FLOAT_INVALID)
		return raised & FLOAT_STACK ? STATUS_FLOAT_STACK_CHECK
					    : STATUS_FLOAT_INVALID_OPERATION;
	if (raised & FLOAT_ZERO_DIVIDE)
		return STATUS_FLOAT_DIVIDE_BY_ZERO;
	if (raised & FLOAT_DENORMAL)
		return STATUS_FLOAT_DENORMAL_OPERAND;
	if (raised & FLOAT_OVERFLOW)
		return STATUS_FLOAT_OVERFLOW;
	if (raised & FLOAT_UNDERFLOW)
		return STATUS_FLOAT_UNDERFLOW;
	return STATUS_FLOAT_INEXACT_RESULT;
}

static void raise_x87(struct trap_frame *frame)
{
	uint32_t status = fpu_read_status();
	uint32_t raised = status & ~(uint32_t)fpu_read_control() & FLOAT_MASK;

	raise(frame, float_code(raised | (status & FLOAT_STACK)));
}

static void raise_sse(struct trap_frame *frame)
{
	uint32_t control = sse_read_control();

	raise(frame, float_code(control & ~(control >> MXCSR_MASK_SHIFT) & FLOAT_MASK));
}

/* ---- all of them ---- */

/* Exceptions that are no more than a code. */
static const NTSTATUS plain_codes[VECTOR_EXCEPTIONS] = {
	[VECTOR_DIVIDE] = STATUS_INTEGER_DIVIDE_BY_ZERO,
	[VECTOR_DEBUG] = STATUS_SINGLE_STEP,
	[VECTOR_OVERFLOW] = STATUS_INTEGER_OVERFLOW,
	[VECTOR_BOUND] = STATUS_ARRAY_BOUNDS_EXCEEDED,
	[VECTOR_INVALID_OPCODE] = STATUS_ILLEGAL_INSTRUCTION,
	[VECTOR_ALIGNMENT] = STATUS_DATATYPE_MISALIGNMENT,
};

static void raise_breakpoint(struct trap_frame *frame)
{
	const uint64_t parameters[] = {0};

	frame->rip--;
	upcall_user_exception(STATUS_BREAKPOINT, 1, parameters, frame);
}

/*
 * #NM never comes (the FPU is always a thread's to use), and some vectors no CPU of today has:
 * illegal instructions, all.
 */
static void raise_plain(struct trap_frame *frame)
{
	NTSTATUS code = plain_codes[frame->vector];

	raise(frame, code != 0 ? code : STATUS_ILLEGAL_INSTRUCTION);
}

void exception_raise(struct trap_frame *frame)
{
	KASSERT(frame->vector < VECTOR_EXCEPTIONS);
	switch (frame->vector) {
	case VECTOR_DEBUG:
		frame->rflags &= ~(uint64_t)RFLAGS_TF; /* one step only, as NT has it */
		raise_plain(frame);
		break;
	case VECTOR_BREAKPOINT:
		raise_breakpoint(frame);
		break;
	case VECTOR_GENERAL_PROTECTION:
		raise_general_protection(frame);
		break;
	case VECTOR_INVALID_TSS:
	case VECTOR_NOT_PRESENT:
	case VECTOR_STACK_SEGMENT:
		raise_unknown_address(frame);
		break;
	case VECTOR_FPU:
		raise_x87(frame);
		break;
	case VECTOR_SIMD:
		raise_sse(frame);
		break;
	default:
		raise_plain(frame);
	}
}

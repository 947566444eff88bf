/*
 * context.c - between NT's CONTEXT and the registers that the machine keeps of a user thread.
 */
#include "context.h"

#include "arch/arch.h"
#include "kernel/lib/string.h"

/* What Windows programs see in SegDs, SegEs, SegFs and SegGs. */
#define WINDOWS_DS 0x2Bu
#define WINDOWS_FS 0x53u

/* What a program may set by CONTEXT: no NT, IOPL, VM, VIF or VIP; IF is always set. */
#define RFLAGS_USER (RFLAGS_STATUS | RFLAGS_TF | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID)

/* FXSAVE area (SDM vol. 1, 10.5.1) */
#define FLOAT_INSTRUCTION 8
#define FLOAT_DATA 16
#define FLOAT_MXCSR 24
#define FLOAT_MXCSR_MASK 28	   /* the CPU writes it; 0: MXCSR_MASK_DEFAULT */
#define MXCSR_MASK_DEFAULT 0xFFBFu /* without DAZ, which old CPUs lack */

/* DR7: local enable bits, types and sizes */
#define DR7_LOCAL 0x55u
#define DR7_TYPES 0xFFFF0000u
#define DR7_TYPE_IO 2u

uint64_t rflags_sanitize(uint64_t rflags)
{
	return (rflags & RFLAGS_USER) | RFLAGS_IF | RFLAGS_ALWAYS_SET;
}

/* ---- general registers ---- */

static void integer_from_frame(struct nt_context *context, const struct trap_frame *frame)
{
	context->rax = frame->rax;
	context->rcx = frame->rcx;
	context->rdx = frame->rdx;
	context->rbx = frame->rbx;
	context->rbp = frame->rbp;
	context->rsi = frame->rsi;
	context->rdi = frame->rdi;
	context->r8 = frame->r8;
	context->r9 = frame->r9;
	context->r10 = frame->r10;
	context->r11 = frame->r11;
	context->r12 = frame->r12;
	context->r13 = frame->r13;
	context->r14 = frame->r14;
	context->r15 = frame->r15;
}

void context_from_frame(struct nt_context *context, const struct trap_frame *frame)
{
	uint32_t flags = context->context_flags;

	if (CONTEXT_HAS(flags, CONTEXT_CONTROL)) {
		context->rip = frame->rip;
		context->rsp = frame->rsp;
		context->eflags = (uint32_t)frame->rflags;
		context->cs = (uint16_t)frame->cs;
		context->ss = (uint16_t)frame->ss;
	}
	if (CONTEXT_HAS(flags, CONTEXT_INTEGER))
		integer_from_frame(context, frame);
	if (CONTEXT_HAS(flags, CONTEXT_SEGMENTS)) {
		context->ds = context->es = context->gs = WINDOWS_DS;
		context->fs = WINDOWS_FS;
	}
}

static void integer_to_frame(const struct nt_context *context, struct trap_frame *frame)
{
	frame->rax = context->rax;
	frame->rcx = context->rcx;
	frame->rdx = context->rdx;
	frame->rbx = context->rbx;
	frame->rbp = context->rbp;
	frame->rsi = context->rsi;
	frame->rdi = context->rdi;
	frame->r8 = context->r8;
	frame->r9 = context->r9;
	frame->r10 = context->r10;
	frame->r11 = context->r11;
	frame->r12 = context->r12;
	frame->r13 = context->r13;
	frame->r14 = context->r14;
	frame->r15 = context->r15;
}

/*
 * RIP and RSP are taken as they are: IRETQ refuses a RIP that is not canonical, and that becomes
 * the program's own access violation (entry_selector_fault); SYSRET is not used for one.
 */
void context_to_frame(const struct nt_context *context, struct trap_frame *frame)
{
	uint32_t flags = context->context_flags;

	if (CONTEXT_HAS(flags, CONTEXT_CONTROL)) {
		frame->rip = context->rip;
		frame->rsp = context->rsp;
		frame->rflags = rflags_sanitize(context->eflags);
	}
	if (CONTEXT_HAS(flags, CONTEXT_INTEGER))
		integer_to_frame(context, frame);
}

/* ---- floating point ---- */

void context_from_float(struct nt_context *context, const uint8_t area[512])
{
	if (!CONTEXT_HAS(context->context_flags, CONTEXT_FLOATING_POINT))
		return;
	memcpy(context->float_save, area, sizeof(context->float_save));
	memcpy(&context->mxcsr, area + FLOAT_MXCSR, sizeof(context->mxcsr));
}

static void address_make_canonical(uint8_t *bytes)
{
	int64_t address;

	memcpy(&address, bytes, sizeof(address));
	address = (int64_t)((uint64_t)address << 16) >> 16;
	memcpy(bytes, &address, sizeof(address));
}

void context_to_float(const struct nt_context *context, uint8_t area[512])
{
	uint32_t mask, mxcsr;

	if (!CONTEXT_HAS(context->context_flags, CONTEXT_FLOATING_POINT))
		return;
	memcpy(&mask, area + FLOAT_MXCSR_MASK, sizeof(mask));
	mxcsr = context->mxcsr & (mask ? mask : MXCSR_MASK_DEFAULT);
	memcpy(area, context->float_save, sizeof(context->float_save));
	memcpy(area + FLOAT_MXCSR, &mxcsr, sizeof(mxcsr));
	memcpy(area + FLOAT_MXCSR_MASK, &mask, sizeof(mask)); /* the CPU's, not the program's */
	address_make_canonical(area + FLOAT_INSTRUCTION);
	address_make_canonical(area + FLOAT_DATA);
}

/* ---- debug registers ---- */

void context_from_debug(struct nt_context *context, const uint64_t registers[DEBUG_REGISTERS])
{
	if (!CONTEXT_HAS(context->context_flags, CONTEXT_DEBUG_REGISTERS))
		return;
	context->dr0 = registers[DEBUG_0];
	context->dr1 = registers[DEBUG_1];
	context->dr2 = registers[DEBUG_2];
	context->dr3 = registers[DEBUG_3];
	context->dr6 = registers[DEBUG_6];
	context->dr7 = registers[DEBUG_7];
}

/* The bits of DR7 that belong to breakpoint `index`. */
static uint64_t breakpoint_bits(unsigned index)
{
	return 3ull << (2 * index) | 15ull << (16 + 4 * index);
}

void context_to_debug(const struct nt_context *context, uint64_t registers[DEBUG_REGISTERS])
{
	const uint64_t addresses[4] = {context->dr0, context->dr1, context->dr2, context->dr3};
	uint64_t control = context->dr7 & (DR7_LOCAL | DR7_TYPES);

	if (!CONTEXT_HAS(context->context_flags, CONTEXT_DEBUG_REGISTERS))
		return;
	for (unsigned i = 0; i < 4; i++) {
		bool is_io = (control >> (16 + 4 * i) & 3) == DR7_TYPE_IO;

		registers[DEBUG_0 + i] = addresses[i] < USER_LIMIT ? addresses[i] : 0;
		if (is_io || addresses[i] >= USER_LIMIT)
			control &= ~breakpoint_bits(i);
	}
	/* Nothing enabled reads back as 0, as on NT. */
	registers[DEBUG_7] = control & DR7_LOCAL ? control : 0;
	registers[DEBUG_6] = context->dr6 & DR6_HAPPENED;
}

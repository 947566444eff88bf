/*
 * trap_frame.h - the registers of interrupted code, on the kernel stack. One form for interrupts,
 * exceptions and system calls; entry.asm builds it (there is the drawing) and offsets.inc checks
 * its offsets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector;     /* 0..255, or VECTOR_SYSTEM_CALL */
	uint64_t error_code; /* 0 where the CPU pushes none */
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) % 16 == 0, "the stack stays aligned below a frame");
_Static_assert(sizeof(struct trap_frame) == 176, "struct trap_frame");

#define RFLAGS_ALWAYS_SET 0x2u
#define RFLAGS_STATUS 0xCD5u /* CF PF AF ZF SF DF OF: what a program may set as it likes */
#define RFLAGS_TF 0x100u
#define RFLAGS_IF 0x200u
#define RFLAGS_DF 0x400u
#define RFLAGS_IOPL 0x3000u
#define RFLAGS_RF 0x10000u /* no instruction breakpoint for one instruction */
#define RFLAGS_AC 0x40000u
#define RFLAGS_ID 0x200000u

static inline bool frame_is_user(const struct trap_frame *frame)
{
	return (frame->cs & 3) == 3;
}

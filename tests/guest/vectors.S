/*
 * vectors.S - holding values in the floating-point registers for a while (test_thread).
 *
 * void vectors_hold(const struct vectors *in, struct vectors *out, uint64_t rounds)
 *
 * Loads xmm0 to xmm15, MXCSR, the x87 control word and one x87 number from `in`, counts `rounds`
 * down with nothing but a general register, and stores what the registers hold then in `out`.
 * Microsoft's convention: rcx, rdx, r8; xmm6 to xmm15 and the control words are the caller's.
 */
#define VECTORS_CONTROL 0x100 /* offsets in struct vectors */
#define VECTORS_X87_CONTROL 0x104
#define VECTORS_NUMBER 0x108

	.text
	.globl vectors_hold
vectors_hold:
	sub $0xb8, %rsp
	movups %xmm6, (%rsp)
	movups %xmm7, 0x10(%rsp)
	movups %xmm8, 0x20(%rsp)
	movups %xmm9, 0x30(%rsp)
	movups %xmm10, 0x40(%rsp)
	movups %xmm11, 0x50(%rsp)
	movups %xmm12, 0x60(%rsp)
	movups %xmm13, 0x70(%rsp)
	movups %xmm14, 0x80(%rsp)
	movups %xmm15, 0x90(%rsp)
	stmxcsr 0xa0(%rsp)
	fnstcw 0xa4(%rsp)

	movups (%rcx), %xmm0
	movups 0x10(%rcx), %xmm1
	movups 0x20(%rcx), %xmm2
	movups 0x30(%rcx), %xmm3
	movups 0x40(%rcx), %xmm4
	movups 0x50(%rcx), %xmm5
	movups 0x60(%rcx), %xmm6
	movups 0x70(%rcx), %xmm7
	movups 0x80(%rcx), %xmm8
	movups 0x90(%rcx), %xmm9
	movups 0xa0(%rcx), %xmm10
	movups 0xb0(%rcx), %xmm11
	movups 0xc0(%rcx), %xmm12
	movups 0xd0(%rcx), %xmm13
	movups 0xe0(%rcx), %xmm14
	movups 0xf0(%rcx), %xmm15
	fldcw VECTORS_X87_CONTROL(%rcx)
	fldl VECTORS_NUMBER(%rcx)
	ldmxcsr VECTORS_CONTROL(%rcx)

1:	dec %r8
	jnz 1b

	stmxcsr VECTORS_CONTROL(%rdx)
	fstpl VECTORS_NUMBER(%rdx)
	fnstcw VECTORS_X87_CONTROL(%rdx)
	movups %xmm0, (%rdx)
	movups %xmm1, 0x10(%rdx)
	movups %xmm2, 0x20(%rdx)
	movups %xmm3, 0x30(%rdx)
	movups %xmm4, 0x40(%rdx)
	movups %xmm5, 0x50(%rdx)
	movups %xmm6, 0x60(%rdx)
	movups %xmm7, 0x70(%rdx)
	movups %xmm8, 0x80(%rdx)
	movups %xmm9, 0x90(%rdx)
	movups %xmm10, 0xa0(%rdx)
	movups %xmm11, 0xb0(%rdx)
	movups %xmm12, 0xc0(%rdx)
	movups %xmm13, 0xd0(%rdx)
	movups %xmm14, 0xe0(%rdx)
	movups %xmm15, 0xf0(%rdx)

	ldmxcsr 0xa0(%rsp)
	fldcw 0xa4(%rsp)
	movups (%rsp), %xmm6
	movups 0x10(%rsp), %xmm7
	movups 0x20(%rsp), %xmm8
	movups 0x30(%rsp), %xmm9
	movups 0x40(%rsp), %xmm10
	movups 0x50(%rsp), %xmm11
	movups 0x60(%rsp), %xmm12
	movups 0x70(%rsp), %xmm13
	movups 0x80(%rsp), %xmm14
	movups 0x90(%rsp), %xmm15
	add $0xb8, %rsp
	ret

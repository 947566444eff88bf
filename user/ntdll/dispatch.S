/*
 * dispatch.S - where the kernel enters a thread that has an exception, and how a program raises
 * one.
 *
 * IRETQ is not used to go on: in ring 3 it faults under SMAP on some machines. The last step of
 * every resume is the kernel's (NtContinue).
 */
	.set CONTEXT_BYTES, 0x4d0
	.set EXCEPTION_RECORD, 0x4f0	/* in the kernel's frame */

	.set CONTEXT_FLAGS, 0x30
	.set CONTEXT_MXCSR, 0x34
	.set CONTEXT_SEGMENTS, 0x38
	.set CONTEXT_EFLAGS, 0x44
	.set CONTEXT_RAX, 0x78
	.set CONTEXT_RCX, 0x80
	.set CONTEXT_RDX, 0x88
	.set CONTEXT_RBX, 0x90
	.set CONTEXT_RSP, 0x98
	.set CONTEXT_RBP, 0xa0
	.set CONTEXT_RSI, 0xa8
	.set CONTEXT_RDI, 0xb0
	.set CONTEXT_R8, 0xb8
	.set CONTEXT_RIP, 0xf8
	.set CONTEXT_FLOAT, 0x100
	/* control, integer, segments, floating point */
	.set CAPTURED_FLAGS, 0x10000f
	.set RECORD_ADDRESS, 0x10

	.text

	/* rsp -> CONTEXT, EXCEPTION_RECORD; a multiple of 16; no return address */
	.globl	KiUserExceptionDispatcher
KiUserExceptionDispatcher:
	leaq	EXCEPTION_RECORD(%rsp), %rcx
	movq	%rsp, %rdx
	subq	$32, %rsp
	call	exception_dispatch
	ud2

	/* RtlCaptureContext(CONTEXT *): the caller's registers as they are after the call */
	.globl	RtlCaptureContext
RtlCaptureContext:
	pushfq
	movq	%rax, CONTEXT_RAX(%rcx)
	movq	%rcx, CONTEXT_RCX(%rcx)
	movq	%rdx, CONTEXT_RDX(%rcx)
	movq	%rbx, CONTEXT_RBX(%rcx)
	movq	%rbp, CONTEXT_RBP(%rcx)
	movq	%rsi, CONTEXT_RSI(%rcx)
	movq	%rdi, CONTEXT_RDI(%rcx)
	movq	%r8, CONTEXT_R8(%rcx)
	movq	%r9, CONTEXT_R8+8(%rcx)
	movq	%r10, CONTEXT_R8+16(%rcx)
	movq	%r11, CONTEXT_R8+24(%rcx)
	movq	%r12, CONTEXT_R8+32(%rcx)
	movq	%r13, CONTEXT_R8+40(%rcx)
	movq	%r14, CONTEXT_R8+48(%rcx)
	movq	%r15, CONTEXT_R8+56(%rcx)
	fxsave	CONTEXT_FLOAT(%rcx)
	stmxcsr	CONTEXT_MXCSR(%rcx)
	movw	%cs, CONTEXT_SEGMENTS(%rcx)
	movw	%ds, CONTEXT_SEGMENTS+2(%rcx)
	movw	%es, CONTEXT_SEGMENTS+4(%rcx)
	movw	%fs, CONTEXT_SEGMENTS+6(%rcx)
	movw	%gs, CONTEXT_SEGMENTS+8(%rcx)
	movw	%ss, CONTEXT_SEGMENTS+10(%rcx)
	movl	$CAPTURED_FLAGS, CONTEXT_FLAGS(%rcx)
	movl	(%rsp), %eax
	movl	%eax, CONTEXT_EFLAGS(%rcx)
	movq	8(%rsp), %rax
	movq	%rax, CONTEXT_RIP(%rcx)
	leaq	16(%rsp), %rax
	movq	%rax, CONTEXT_RSP(%rcx)
	movq	CONTEXT_RAX(%rcx), %rax
	popfq
	ret

	/* RtlRestoreContext(CONTEXT *, EXCEPTION_RECORD *): the record is for unwinding only */
	.globl	RtlRestoreContext
RtlRestoreContext:
	subq	$40, %rsp
	xorl	%edx, %edx
	call	NtContinue
	movl	%eax, %ecx
	call	exception_fail
	ud2

	/* RtlRaiseException(EXCEPTION_RECORD *): at the return address, in the caller's state */
	.set FRAME_BYTES, CONTEXT_BYTES + 32 + 8
	.globl	RtlRaiseException
RtlRaiseException:
	movq	%rcx, 8(%rsp)
	subq	$FRAME_BYTES, %rsp
	leaq	32(%rsp), %rcx
	call	RtlCaptureContext
	leaq	32(%rsp), %rdx
	movq	FRAME_BYTES+8(%rsp), %rcx
	movq	FRAME_BYTES(%rsp), %rax
	movq	%rcx, CONTEXT_RCX(%rdx)
	movq	%rax, CONTEXT_RIP(%rdx)
	movq	%rax, RECORD_ADDRESS(%rcx)
	leaq	FRAME_BYTES+8(%rsp), %rax
	movq	%rax, CONTEXT_RSP(%rdx)
	movl	$1, %r8d
	call	NtRaiseException
	movl	%eax, %ecx		/* the call itself failed */
	call	exception_fail
	ud2

	/* rsp -> CONTEXT, whose home slots 0 to 3 hold three arguments and the routine */
	.globl	KiUserApcDispatcher
KiUserApcDispatcher:
	movq	(%rsp), %rcx
	movq	8(%rsp), %rdx
	movq	16(%rsp), %r8
	movq	%rsp, %r9
	call	*24(%rsp)
	movq	%rsp, %rcx
	movl	$1, %edx		/* the next one, if there is one */
	call	NtContinue
	movl	%eax, %ecx
	call	exception_fail
	ud2

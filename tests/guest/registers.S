/*
 * registers.S - a thread whose registers others look at and change (test_context).
 *
 * NTSTATUS registers_hold(volatile uint64_t *report)
 *
 * Sets registers to known values and counts report[0] up until somebody changes r12 to 0; then
 * stores r13, r14, xmm6 and RFLAGS behind it.
 *
 * NTSTATUS registers_call(uint64_t flags, NTSTATUS (*call)(void))
 *
 * Makes a system call with these flags set, and clears DF and NT afterwards.
 */
	.text
	.globl	registers_hold, registers_loop, registers_loop_end, registers_elsewhere, registers_call
registers_hold:
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	subq	$24, %rsp
	movups	%xmm6, (%rsp)
	movq	%rcx, %rbx
	movq	$0x1212, %r12
	movq	$0x1313, %r13
	movq	$0x1414, %r14
	movq	%r14, %xmm6
registers_loop:
	incq	(%rbx)
	testq	%r12, %r12
	jnz	registers_loop
registers_loop_end:
	movl	$1, %eax
registers_done:
	movq	%r13, 8(%rbx)
	movq	%r14, 16(%rbx)
	movq	%xmm6, 24(%rbx)
	pushfq
	popq	32(%rbx)
	movups	(%rsp), %xmm6
	addq	$24, %rsp
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	ret

	/* Where nothing in the loop leads to */
registers_elsewhere:
	movl	$2, %eax
	jmp	registers_done

registers_call:
	subq	$40, %rsp
	pushfq
	orq	%rcx, (%rsp)
	popfq
	call	*%rdx
	pushfq
	andq	$~0x4400, (%rsp)
	popfq
	addq	$40, %rsp
	ret

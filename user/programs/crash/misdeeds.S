/*
 * misdeeds.S - what C cannot say: instructions that user mode may not execute. Each is a function
 * without arguments.
 */
	.macro misdeed name
	.globl \name
	.p2align 4
\name:
	.endm

	.text
misdeed commit_divide_overflow
	movl	$0x80000000, %eax
	movl	$-1, %ecx
	cltd
	idivl	%ecx
	ret

misdeed commit_privileged
	cli
	ret

misdeed commit_port
	movl	$0x3F8, %edx
	xorl	%eax, %eax
	outb	%al, %dx
	ret

misdeed commit_halt
	hlt
	ret

misdeed commit_breakpoint
	int3
	ret

misdeed commit_undefined
	ud2

	/* A system call whose number does not exist; returns its status. */
misdeed call_bad_number
	movq	%rcx, %r10
	movl	$0xFFFF, %eax
	syscall
	ret

	/* The stack pointer points nowhere. */
misdeed commit_lost_stack
	movl	$0x10, %esp
	pushq	%rax
	ud2

/*
 * entry.S - where the kernel enters user mode. Both entries accept any stack alignment and never
 * return.
 */
	.text

	/* The first thread of a process: rcx = PEB, rdx = the program's entry point. */
	.globl	LdrInitializeThunk
LdrInitializeThunk:
	andq	$-16, %rsp
	subq	$32, %rsp
	xorl	%ebp, %ebp
	call	loader_start
	ud2

	/* Every later thread: rcx = start routine, rdx = its argument. */
	.globl	RtlUserThreadStart
RtlUserThreadStart:
	andq	$-16, %rsp
	subq	$32, %rsp
	xorl	%ebp, %ebp
	call	thread_main
	ud2

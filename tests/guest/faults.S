/*
 * faults.S - instructions that fault, each at a known address (test_exception). NAME is the
 * function, NAME_at where the exception is reported, NAME_next the instruction after it.
 */
	.macro	AT name
	.globl	\name\()_at
\name\()_at:
	.endm

	.macro	NEXT name
	.globl	\name\()_next
\name\()_next:
	.endm

	.macro	FUNCTION name
	.p2align 4
	.globl	\name
\name:
	.endm

	.text

	/* uint64_t fault_load(const void *): the word there */
FUNCTION fault_load
AT fault_load
	movq	(%rcx), %rax
NEXT fault_load
	ret

	/* void fault_store(void *, uint64_t) */
FUNCTION fault_store
AT fault_store
	movq	%rdx, (%rcx)
NEXT fault_store
	ret

FUNCTION fault_divide
	xorl	%edx, %edx
	movl	$1, %eax
	xorl	%ecx, %ecx
AT fault_divide
	divl	%ecx
NEXT fault_divide
	ret

FUNCTION fault_undefined
AT fault_undefined
	ud2
NEXT fault_undefined
	ret

FUNCTION fault_privileged
AT fault_privileged
	cli
NEXT fault_privileged
	ret

FUNCTION fault_halt
AT fault_halt
	hlt
NEXT fault_halt
	ret

FUNCTION fault_breakpoint
AT fault_breakpoint
	int3
NEXT fault_breakpoint
	ret

	/* Steps over one NOP: reported behind it, which is where it goes on. */
FUNCTION fault_step
	pushfq
	orl	$0x100, (%rsp)
	popfq
	nop
AT fault_step
NEXT fault_step
	ret

	/* x87 reports at the next waiting instruction */
FUNCTION fault_x87
	subq	$8, %rsp
	fninit
	movw	$0x37b, (%rsp)
	fldcw	(%rsp)
	fld1
	fldz
	fdivrp
AT fault_x87
	fwait
NEXT fault_x87
	fninit
	addq	$8, %rsp
	ret

FUNCTION fault_sse
	subq	$8, %rsp
	movl	$0x1d80, (%rsp)
	ldmxcsr	(%rsp)
	movl	$0x3f800000, %eax
	movd	%eax, %xmm0
	xorps	%xmm1, %xmm1
AT fault_sse
	divss	%xmm1, %xmm0
NEXT fault_sse
	movl	$0x1f80, (%rsp)
	ldmxcsr	(%rsp)
	addq	$8, %rsp
	ret

	/* uint64_t fault_values(uint64_t *low): xmm0 after the exception in *low; the carry flag */
FUNCTION fault_values
	pxor	%xmm0, %xmm0
	clc
AT fault_values
	ud2
NEXT fault_values
	movq	%xmm0, (%rcx)
	sbbq	%rax, %rax
	negq	%rax
	ret

	/* Four instructions, for stepping */
FUNCTION steps_take
	pushfq
	orl	$0x100, (%rsp)
	popfq
	nop
	nop
	nop
	nop
	ret

	/*
	 * void stack_lose(void *where): a fault with RSP there. Where nothing can be stored the
	 * process ends.
	 */
FUNCTION stack_lose
	movq	%rcx, %rsp
	ud2

	/* NTSTATUS system_call_number(uint64_t number): SYSCALL, nothing else */
FUNCTION system_call_number
	movq	%rcx, %rax
	syscall
	ret

	/* The same with TF set: one exception, behind SYSCALL or not at all */
FUNCTION system_call_stepped
	movq	%rcx, %rax
	pushfq
	orl	$0x100, (%rsp)
	popfq
	syscall
	nop
	pushfq
	andl	$~0x100, (%rsp)
	popfq
	ret

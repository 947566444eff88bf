/*
 * snippets.S - single instructions, each run with chosen registers, flags and stack (test_vectors).
 *
 * NAME is entered by snippet_enter with the flags on the stack: POPFQ is the last instruction
 * before the one in question, so that a trap flag reports that one. NAME_lost gives up the stack in
 * between. NAME_at is the instruction, NAME_next the one after it, which leads back to the caller.
 */
	.bss
	.p2align 4
	.globl	snippet_before, snippet_after, snippet_target, snippet_lost_stack, snippet_flags
	.globl	snippet_selectors
	/* rax rbx rcx rdx rsi rdi rbp r8 ... r15; after: and rsp, flags */
snippet_before:
	.skip	8 * 15
snippet_after:
	.skip	8 * 17
snippet_target:
	.skip	8
snippet_lost_stack:
	.skip	8
snippet_flags:
	.skip	8
	/* for fs and gs; 0xffff: as it is */
snippet_selectors:
	.skip	8
home_stack:
	.skip	8

	.text
	.p2align 4
	/* void snippet_enter(void): runs snippet_target */
	.globl	snippet_enter, snippet_back
snippet_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, home_stack(%rip)
	subq	$0x100, %rsp
	movzwl	snippet_selectors(%rip), %eax
	cmpl	$0xffff, %eax
	je	1f
	movl	%eax, %fs
1:	movzwl	snippet_selectors+4(%rip), %eax
	cmpl	$0xffff, %eax
	je	2f
	movl	%eax, %gs
2:	leaq	snippet_before(%rip), %r15
	movq	0x00(%r15), %rax
	movq	0x08(%r15), %rbx
	movq	0x10(%r15), %rcx
	movq	0x18(%r15), %rdx
	movq	0x20(%r15), %rsi
	movq	0x28(%r15), %rdi
	movq	0x30(%r15), %rbp
	movq	0x38(%r15), %r8
	movq	0x40(%r15), %r9
	movq	0x48(%r15), %r10
	movq	0x50(%r15), %r11
	movq	0x58(%r15), %r12
	movq	0x60(%r15), %r13
	movq	0x68(%r15), %r14
	movq	0x70(%r15), %r15
	pushq	snippet_flags(%rip)
	jmp	*snippet_target(%rip)

	.p2align 4
snippet_back:
	movq	%rax, snippet_after(%rip)
	movq	%rbx, snippet_after+0x08(%rip)
	movq	%rcx, snippet_after+0x10(%rip)
	movq	%rdx, snippet_after+0x18(%rip)
	movq	%rsi, snippet_after+0x20(%rip)
	movq	%rdi, snippet_after+0x28(%rip)
	movq	%rbp, snippet_after+0x30(%rip)
	movq	%r8, snippet_after+0x38(%rip)
	movq	%r9, snippet_after+0x40(%rip)
	movq	%r10, snippet_after+0x48(%rip)
	movq	%r11, snippet_after+0x50(%rip)
	movq	%r12, snippet_after+0x58(%rip)
	movq	%r13, snippet_after+0x60(%rip)
	movq	%r14, snippet_after+0x68(%rip)
	movq	%r15, snippet_after+0x70(%rip)
	movq	%rsp, snippet_after+0x78(%rip)
	movq	home_stack(%rip), %rsp
	pushfq
	popq	snippet_after+0x80(%rip)
	pushq	$0x202
	popfq
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	ret

	.macro	SNIPPET name:req, code:vararg
	.globl	snippet_\name, snippet_\name\()_lost, snippet_\name\()_at, snippet_\name\()_next
	.p2align 4
snippet_\name\()_lost:
	popfq
	movq	snippet_lost_stack(%rip), %rsp
	jmp	snippet_\name\()_at
snippet_\name:
	popfq
snippet_\name\()_at:
	\code
snippet_\name\()_next:
	jmp	snippet_back
	.endm

	SNIPPET	nop, nop
	SNIPPET	divide, divl %ecx
	SNIPPET	divide_overflow, divq %rsi
	SNIPPET	icebp, .byte 0xf1
	SNIPPET	breakpoint, int3
	SNIPPET	assertion, int $0x2c
	SNIPPET	int_2, int $2
	SNIPPET	int_3_long, .byte 0xcd, 3
	SNIPPET	int_8, int $8
	SNIPPET	int_14, int $14
	SNIPPET	int_18, int $18
	SNIPPET	int_32, int $0x20
	SNIPPET	int_46, int $0x2e
	SNIPPET	int_64, int $0x40
	SNIPPET	int_65, int $0x41
	SNIPPET	int_128, int $0x80
	SNIPPET	int_255, int $0xff
	SNIPPET	undefined, ud2
	SNIPPET	into, .byte 0xce
	SNIPPET	lock_nop, .byte 0xf0, 0x90
	SNIPPET	rsm, .byte 0x0f, 0xaa
	SNIPPET	vmcall, .byte 0x0f, 0x01, 0xc1
	SNIPPET	stac, .byte 0x0f, 0x01, 0xcb
	SNIPPET	clac, .byte 0x0f, 0x01, 0xca
	SNIPPET	xsetbv, .byte 0x0f, 0x01, 0xd1
	SNIPPET	wrgsbase, .byte 0xf3, 0x48, 0x0f, 0xae, 0xd8
	SNIPPET	sysenter, .byte 0x0f, 0x34
	SNIPPET	cli, cli
	SNIPPET	sti, sti
	SNIPPET	hlt, hlt
	SNIPPET	in, inb %dx, %al
	SNIPPET	out, outb %al, %dx
	SNIPPET	insb, insb
	SNIPPET	read_cr3, movq %cr3, %rax
	SNIPPET	write_cr3, movq %rax, %cr3
	SNIPPET	write_dr7, movq %rax, %db7
	SNIPPET	wrmsr, wrmsr
	SNIPPET	rdmsr, rdmsr
	SNIPPET	rdpmc, rdpmc
	SNIPPET	swapgs, swapgs
	SNIPPET	lgdt, lgdt (%rdi)
	SNIPPET	lidt, lidt (%rdi)
	SNIPPET	lldt, lldt %ax
	SNIPPET	ltr, ltr %ax
	SNIPPET	lmsw, lmsw %ax
	SNIPPET	clts, clts
	SNIPPET	invlpg, invlpg (%rdi)
	SNIPPET	wbinvd, wbinvd
	SNIPPET	sysret, sysretq
	SNIPPET	sgdt, sgdt (%rdi)
	SNIPPET	sidt, sidt (%rdi)
	SNIPPET	smsw, smsw %rax
	SNIPPET	sldt, sldt %rax
	SNIPPET	str, str %rax
	SNIPPET	load, movq (%rsi), %rax
	SNIPPET	store, movq %rax, (%rsi)
	SNIPPET	jump, jmp *%rsi
	SNIPPET	push, pushq %rax
	SNIPPET	segment_ds, movl %ebx, %ds
	SNIPPET	segment_ss, movl %ebx, %ss
	SNIPPET	far_jump, rex64 ljmp *(%rdi)
	SNIPPET	far_return, lretq
	SNIPPET	iret, iretq
	SNIPPET	unaligned, movq 1(%rdi), %rax
	SNIPPET	system_call, syscall
	SNIPPET	stack_breakpoint, .byte 0x8e, 0xd3, 0xcc
	SNIPPET	stack_system_call, .byte 0x8e, 0xd3, 0x0f, 0x05

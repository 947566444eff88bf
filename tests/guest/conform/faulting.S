/*
 * faulting.S - accesses that may fault, with a place to go on if they do (access.c).
 *
 * Microsoft's convention: rcx and rdx are the arguments. The stack pointer of the caller is kept in
 * access_stack; whoever handles the exception restores it, puts the status into rax and goes on at
 * access_landed.
 */
	.bss
	.balign 8
	.globl access_stack
access_stack:
	.quad 0

	.text
	.globl access_load, access_store, access_execute, access_landed
access_load:
	mov %rsp, access_stack(%rip)
	movzbl (%rcx), %eax
	xor %eax, %eax
	ret

access_store:
	mov %rsp, access_stack(%rip)
	mov %dl, (%rcx)
	xor %eax, %eax
	ret

access_execute:
	mov %rsp, access_stack(%rip)
	sub $0x28, %rsp
	call *%rcx
	add $0x28, %rsp
	xor %eax, %eax
access_landed:
	ret

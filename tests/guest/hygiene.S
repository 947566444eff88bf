/*
 * hygiene.S - instructions that tell where the kernel's tables are (test_hygiene). Each is the first
 * of a function that gets an address to store to.
 */
	.macro telltale name instruction:vararg
	.globl \name
	.p2align 4
\name:
	\instruction
	ret
	.endm

	.text
telltale hygiene_sgdt sgdt (%rcx)
telltale hygiene_sidt sidt (%rcx)
telltale hygiene_sldt sldt (%rcx)
telltale hygiene_str str (%rcx)
telltale hygiene_smsw smsw (%rcx)
telltale hygiene_read movb (%rcx), %al
telltale hygiene_call jmp *%rcx
telltale hygiene_write movb %al, (%rcx)

/* Has the processor UMIP? CPUID leaf 7, bit 2 of ECX. */
	.globl hygiene_has_umip
hygiene_has_umip:
	pushq	%rbx
	movl	$7, %eax
	xorl	%ecx, %ecx
	cpuid
	shrl	$2, %ecx
	andl	$1, %ecx
	movl	%ecx, %eax
	popq	%rbx
	ret

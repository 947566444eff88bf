; start.asm - the first instructions of the kernel.
;
; kernel_entry(struct boot_info *info in rdi, an address in the direct map)
;   from the loader: 64-bit mode, paging on with the loader's tables (kernel image, direct map, a
;   low identity map), interrupts disabled. Nothing else is relied on.
;   to the kernel: kernel_main(const struct boot_info *info), on the boot stack, GS base at the
;   per-CPU area.

%include "macros.inc"

extern kernel_main
extern boot_cpu
extern boot_stack

section .text.entry

global kernel_entry
kernel_entry:
	cli
	cld
	mov rsp, boot_stack + 4096 + BOOT_STACK_BYTES	; above its guard page

	; arch_current_thread() works from here on: there is none yet.
	mov ecx, MSR_GS_BASE
	mov rax, boot_cpu
	mov rdx, rax
	shr rdx, 32
	wrmsr

	xor ebp, ebp	; the end of every backtrace
	call kernel_main
.halt:
	cli
	hlt
	jmp .halt

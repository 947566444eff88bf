; guard_probe.asm - a call that a page fault may end (guard_test.c).

section .text

; bool guard_probe_run(void (*function)(uintptr_t), uintptr_t argument): true if it was ended.
; Where the way back begins: guard_probe_stack, guard_probe_resume.
global guard_probe_run
guard_probe_run:
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	mov [guard_probe_stack], rsp
	mov rax, rdi
	mov rdi, rsi
	call rax
	xor eax, eax
	jmp guard_probe_end
global guard_probe_resume
guard_probe_resume:
	mov eax, 1
guard_probe_end:
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret

section .bss
global guard_probe_stack
guard_probe_stack: resq 1

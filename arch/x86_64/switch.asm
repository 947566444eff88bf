; switch.asm - from one kernel stack to another.
;
; A thread that does not run has on its stack, from thread->stack_pointer upwards: r15 r14 r13 r12
; rbx rbp and the address to return to. Everything else is the caller's to save (System V ABI) or
; is handled in thread.c. struct stack_image there is the same picture for a new thread.

section .text

; void stack_switch(void **save, void *stack_pointer)
align 16
global stack_switch
stack_switch:
	push rbp
	push rbx
	push r12
	push r13
	push r14
	push r15
	mov [rdi], rsp
	mov rsp, rsi
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	ret

; Where a new thread returns to from its first stack_switch: rbx = entry, r12 = argument, rbp = 0
; ends its backtraces.
align 16
global thread_begin
thread_begin:
	sti
	mov rdi, r12
	call rbx
	ud2		; entry must not return

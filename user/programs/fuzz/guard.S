/*
 * guard.S - a step that survives its exceptions, and a call whose registers are all known.
 *
 * guarded() keeps the stack pointer in the worker. The handler of process.c continues a thread that
 * had an exception at guarded_resume, with that stack pointer; what was above is forgotten.
 */

#define GUARD_RSP 0
#define ENTRY 0
#define ARGUMENTS 8
#define BEFORE 96
#define AFTER 216
#define SAVED 336
#define PATTERN 848
#define SEEN 1360
#define WITH_XMM 1872

.text

.intel_syntax noprefix

.macro PUSH_ALL
	push rbx
	push rbp
	push rsi
	push rdi
	push r12
	push r13
	push r14
	push r15
.endm

.macro POP_ALL
	pop r15
	pop r14
	pop r13
	pop r12
	pop rdi
	pop rsi
	pop rbp
	pop rbx
	ret
.endm

/* int guarded(struct worker *worker, void (*steps)(struct worker *worker)) */
.globl guarded
guarded:
	PUSH_ALL
	sub rsp, 0x228 /* room for FXSAVE, 16-aligned, above the callee's home */
	fxsave [rsp + 0x20]
	mov [rcx + GUARD_RSP], rsp
	call rdx
	xor eax, eax
	jmp 1f
.globl guarded_resume
guarded_resume:
	mov eax, 1
1:	fxrstor [rsp + 0x20]
	add rsp, 0x228
	POP_ALL

/* NTSTATUS perform_call(struct perform *perform) */
.globl perform_call
perform_call:
	PUSH_ALL
	sub rsp, 0x78
	mov [rsp + 0x70], rcx
	cmp qword ptr [rcx + WITH_XMM], 0
	je 1f
	fxsave [rcx + SAVED]
	fxrstor [rcx + PATTERN]
1:
	.irp i, 4, 5, 6, 7, 8, 9, 10
	mov rax, [rcx + ARGUMENTS + 8 * \i]
	mov [rsp + 8 * \i], rax
	.endr
	mov rax, [rcx + ENTRY]
	mov rdx, [rcx + ARGUMENTS + 8]
	mov r8, [rcx + ARGUMENTS + 16]
	mov r9, [rcx + ARGUMENTS + 24]
	mov rbx, [rcx + BEFORE + 24]
	mov rbp, [rcx + BEFORE + 32]
	mov rsi, [rcx + BEFORE + 40]
	mov rdi, [rcx + BEFORE + 48]
	mov r10, [rcx + BEFORE + 72]
	mov r11, [rcx + BEFORE + 80]
	mov r12, [rcx + BEFORE + 88]
	mov r13, [rcx + BEFORE + 96]
	mov r14, [rcx + BEFORE + 104]
	mov r15, [rcx + BEFORE + 112]
	mov rcx, [rcx + ARGUMENTS]
	call rax
	mov [rsp + 0x68], rcx
	mov rcx, [rsp + 0x70]
	mov [rcx + AFTER + 0], rax
	mov [rcx + AFTER + 16], rdx
	mov [rcx + AFTER + 24], rbx
	mov [rcx + AFTER + 32], rbp
	mov [rcx + AFTER + 40], rsi
	mov [rcx + AFTER + 48], rdi
	mov [rcx + AFTER + 56], r8
	mov [rcx + AFTER + 64], r9
	mov [rcx + AFTER + 72], r10
	mov [rcx + AFTER + 80], r11
	mov [rcx + AFTER + 88], r12
	mov [rcx + AFTER + 96], r13
	mov [rcx + AFTER + 104], r14
	mov [rcx + AFTER + 112], r15
	mov rdx, [rsp + 0x68]
	mov [rcx + AFTER + 8], rdx
	cmp qword ptr [rcx + WITH_XMM], 0
	je 1f
	fxsave [rcx + SEEN]
	fxrstor [rcx + SAVED]
1:
	add rsp, 0x78
	POP_ALL

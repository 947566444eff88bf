; user_copy.asm - the only instructions of the kernel that touch user memory.
;
; size_t arch_copy_from_user(void *to, vaddr_t from, size_t size_bytes) size_t
; arch_copy_to_user(vaddr_t to, const void *from, size_t size_bytes)
;   rdi = to, rsi = from, rdx = size; returns the bytes NOT copied
;
; Each instruction that may fault has an entry in the fixup table: where to go on when the VM
; cannot make the page present (trap.c). A repeated string instruction leaves in RCX what it has
; not done, so the count is exact. The user side is first brought to a multiple of 8: then no
; single move spans two pages, and none has half happened. No page is touched again after a fault
; on it that failed: a guard page gives its exception once, and a second touch would succeed.

%include "macros.inc"

section .text

; User pages are open to the kernel only between these two.
%macro OPEN_USER_MEMORY 0
	cmp byte [smap_enabled], 0
	je %%none
	stac
%%none:
%endmacro

; FIXUP rip, resume
%macro FIXUP 2
	section .fixup progbits alloc noexec nowrite align=8
	dq %1, %2
	section .text
%endmacro

; USER_COPY 32-bit name of the register with the user address
%macro USER_COPY 1
	OPEN_USER_MEMORY
	mov ecx, %1
	neg ecx
	and ecx, 7		; bytes up to a multiple of 8
	jz .aligned
	cmp rcx, rdx
	cmova rcx, rdx
	sub rdx, rcx
.head:	rep movsb
.aligned:
	mov rcx, rdx
	shr rcx, 3
	and edx, 7
.words:	rep movsq
	mov ecx, edx
.tail:	rep movsb
	CLEAR_AC
	xor eax, eax
	ret

.head_failed:
	lea rax, [rcx + rdx]
	jmp .failed
.words_failed:
	lea rax, [rcx * 8 + rdx]
	jmp .failed
.tail_failed:
	mov rax, rcx
.failed:
	CLEAR_AC
	ret

	FIXUP .head, .head_failed
	FIXUP .words, .words_failed
	FIXUP .tail, .tail_failed
%endmacro

align 16
global arch_copy_from_user
arch_copy_from_user:
	USER_COPY esi

align 16
global arch_copy_to_user
arch_copy_to_user:
	USER_COPY edi

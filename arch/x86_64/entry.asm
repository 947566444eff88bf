; entry.asm - every way into the kernel and out of it.
;
; tour of a page fault: 1 of 6; next: trap.c
;
; Interrupts, exceptions and SYSCALL all build the same struct trap_frame on the kernel stack of
; the current thread:
;
;     stack top -> +------------------+
;             168  | SS               |  pushed by the CPU, or by us for SYSCALL
;             160  | RSP              |
;             152  | RFLAGS           |
;             144  | CS               |  lowest two bits 3: it was user mode
;             136  | RIP              |
;             128  | error code       |  pushed by the CPU for some exceptions, else 0
;             120  | vector           |  from here on pushed by us
;             112  | RAX              |
;             104  | RBX              |
;      96, 88, 80  | RCX RDX RSI      |
;          72, 64  | RDI RBP          |
;      56 ... 0    | R8 ... R15       |
;     rsp -------> +------------------+  176 bytes, 16-aligned
;
; SWAPGS: the GS base is the kernel's per-CPU area exactly while the kernel runs. Most entries
; decide by the saved CS. Three kinds may strike between an entry and its SWAPGS, or between the
; SWAPGS and the exit: NMI, #MC and #DF, and #DB too. These run on stacks of their own (IST) and
; decide by the GS base itself: the kernel's is negative, a user's never is, for user mode cannot
; set it (no FSGSBASE) and the kernel sets it to a user address.
;
; What user code may have set and the kernel must not inherit: DF and AC are cleared on entry
; (SYSCALL: by the FMASK register, which also clears IF, TF, NT and IOPL); gates and SYSCALL clear
; IF.

%include "macros.inc"

extern trap_from_user
extern trap_from_kernel
extern trap_paranoid
extern trap_system_call

section .text

; ---- vectors: stub N pushes what is missing of the frame; they are VECTOR_STUB_BYTES apart ----

; For these the CPU pushes an error code: 8, 10 to 14, 17, 21, 29, 30
HAS_ERROR_CODE equ 0x60227D00

%macro VECTOR_STUB 1
	align VECTOR_STUB_BYTES, int3
%if HAS_ERROR_CODE & (1 << %1) == 0 || %1 > 31
	push 0
%endif
	push %1
%if %1 == 2 || %1 == 8 || %1 == 18
	jmp entry_paranoid
%elif %1 == 1
	jmp entry_debug
%elif %1 == 11 || %1 == 12 || %1 == 13
	jmp entry_selector_fault
%else
	jmp entry_common
%endif
%endmacro

global vector_stubs
align VECTOR_STUB_BYTES, int3
vector_stubs:
%assign vector 0
%rep 256
	VECTOR_STUB vector
%assign vector vector + 1
%endrep

; ---- interrupts and exceptions ----

align 16
entry_common:
	SAVE_REGISTERS
	cld
	CLEAR_AC
	mov rdi, rsp
	test byte [rsp + FRAME_CS], 3
	jz .from_kernel
	swapgs
	mov rax, [gs:CPU_CURRENT]
	mov [rax + THREAD_USER_FRAME], rsp
	call trap_from_user		; returns with interrupts disabled
	jmp exit_by_iret
.from_kernel:
	call trap_from_kernel
	RESTORE_REGISTERS
	add rsp, 16
	iretq

; #NP, #SS and #GP are also what IRETQ itself raises for a user frame that the CPU refuses: in
; kernel mode, with the user's GS base and the user's registers back in place. The fault belongs to
; the user code, and becomes a #GP there.
;
;     the frame being left:   SS RSP RFLAGS CS RIP                          <- stack top - 40
;     the fault's, on top:    (8 to align) SS RSP RFLAGS CS RIP error vector <- rsp
align 16
entry_selector_fault:
	test byte [rsp + FRAME_CS - FRAME_VECTOR], 3
	jnz entry_common
	cmp qword [rsp + FRAME_RIP - FRAME_VECTOR], user_iretq
	jne entry_common
	mov rsp, [rsp + FRAME_RSP - FRAME_VECTOR]	; the stack pointer that IRETQ had
	mov qword [rsp + FRAME_CS - FRAME_RIP], USER_CS
	mov qword [rsp + FRAME_SS - FRAME_RIP], USER_SS
	push 0
	push VECTOR_GENERAL_PROTECTION
	jmp entry_common

; ---- the way back to user mode ----

; frame_enter_user(struct trap_frame *frame): the first way to user mode
global frame_enter_user
frame_enter_user:
	mov rsp, rdi
global exit_by_iret
exit_by_iret:
	RESTORE_REGISTERS
	swapgs
	add rsp, 16
global user_iretq
user_iretq:
	iretq

; ---- SYSCALL: rcx = user rip, r11 = user rflags, rsp still the user's, interrupts disabled ----

align 16
global system_call_entry
system_call_entry:
	swapgs
	mov [gs:CPU_USER_RSP], rsp
	mov rsp, [gs:CPU_STACK_TOP]
	push USER_SS
	push qword [gs:CPU_USER_RSP]
	push r11
	push USER_CS
	push rcx
	push 0
	push VECTOR_SYSTEM_CALL
	SAVE_REGISTERS
	mov rax, [gs:CPU_CURRENT]
	mov [rax + THREAD_USER_FRAME], rsp
	mov rdi, rsp
	call trap_system_call		; returns with interrupts disabled

; SYSRET is the short way, and takes RIP from RCX and RFLAGS from R11: right after a system call
; that changed nothing. It is used only if the frame says exactly that, with an address below the
; user limit (a CPU of Intel's faults in kernel mode on a non-canonical one, with the user's stack
; pointer), standard selectors, and flags that are no more than arithmetic.
	mov rcx, [rsp + FRAME_RCX]
	cmp rcx, [rsp + FRAME_RIP]
	jne exit_by_iret
	mov r11, [rsp + FRAME_R11]
	cmp r11, [rsp + FRAME_RFLAGS]
	jne exit_by_iret
	mov rax, USER_LIMIT
	cmp rcx, rax
	jae exit_by_iret
	and r11, ~RFLAGS_STATUS
	cmp r11, RFLAGS_IF | RFLAGS_ALWAYS_SET
	jne exit_by_iret
	cmp qword [rsp + FRAME_CS], USER_CS
	jne exit_by_iret
	cmp qword [rsp + FRAME_SS], USER_SS
	jne exit_by_iret
global exit_by_sysret
exit_by_sysret:
	RESTORE_REGISTERS
	swapgs
	mov rsp, [rsp + FRAME_RSP - FRAME_VECTOR]
	o64 sysret

; ---- paranoid entries ----

; #DB in user mode is an ordinary exception, so it moves from the IST stack to the thread's and
; starts again there.
align 16
entry_debug:
	test byte [rsp + FRAME_CS - FRAME_VECTOR], 3
	jz entry_paranoid
	swapgs
	push rax
	mov rax, rsp		; rax, vector, error, rip, cs, rflags, rsp, ss
	mov rsp, [gs:CPU_STACK_TOP]
	push qword [rax + 56]
	push qword [rax + 48]
	push qword [rax + 40]
	push qword [rax + 32]
	push qword [rax + 24]
	push qword [rax + 16]
	push qword [rax + 8]
	mov rax, [rax]
	swapgs
	jmp entry_common

; NMI, #DF, #MC, and #DB in kernel mode. rbx survives the call and remembers whether the GS base
; was the user's.
align 16
entry_paranoid:
	SAVE_REGISTERS
	cld
	CLEAR_AC
	xor ebx, ebx
	mov ecx, MSR_GS_BASE
	rdmsr
	test edx, edx
	js .kernel_gs
	swapgs
	inc ebx
.kernel_gs:
	mov rdi, rsp
	call trap_paranoid
	test ebx, ebx
	jz .restore
	swapgs
.restore:
	RESTORE_REGISTERS
	add rsp, 16
	iretq

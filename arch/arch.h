/*
 * arch.h - the machine contract: all that the portable kernel asks of the machine.
 *
 * Implemented by arch/x86_64 (the kernel) and arch/host (the same VM core as a process on the
 * developer's machine, with a software MMU that sets accessed and dirty bits and keeps a TLB).
 * Nothing in kernel/ includes either of them. The other direction, what the machine calls, is
 * kernel/core/upcall.h.
 */
#pragma once

#include "nt/ntdef.h"
#include "pte.h"

struct boot_info;
struct thread;
struct trap_frame;

/* ---- address-space limits (design section 3) ---- */

#define USER_LOWEST_ADDRESS 0x0000000000010000ull /* the first 64 KiB are never mappable */
#define USER_HIGHEST_ADDRESS \
	0x00007FFFFFFEFFFFull /* last mappable byte; the last 64 KiB stay empty for SYSRET */
#define USER_LIMIT (USER_HIGHEST_ADDRESS + 1)
#define ALLOCATION_GRANULARITY 0x10000ull

/* ---- start ---- */

/*
 * Makes this CPU ours: descriptor tables, protection features (refuses to go on without write
 * protection and NX), own copy of all that is needed from `info`, the loader's low mappings
 * dropped, consoles. Interrupts stay disabled.
 * => order: first of all calls; before it nothing here may be used. Consoles and panic work after
 *    it.
 * Boot only; arch/x86_64 only.
 */
void arch_init(const struct boot_info *info);

/*
 * Finds the interrupt controller, measures the clocks, reads the wall clock, logs what the machine
 * is.
 * => order: after thread_system_init (it logs). Until then arch_ticks_per_second() says 10^9. Boot
 *    only; arch/x86_64 only.
 */
void arch_init_timers(void);

/* ---- interrupts and processors ---- */

typedef uint64_t irq_state_t;

irq_state_t arch_irq_save(void); /* disables interrupts, returns what they were */
void arch_irq_restore(irq_state_t state);
bool arch_irq_enabled(void);
void arch_wait_for_interrupt(
	void); /* enables interrupts and halts until one comes; returns with them enabled */
void arch_spin_hint(void);

/* ---- direct map: all RAM has a kernel address here, except the frames of the kernel image ---- */

void *phys_to_virt(paddr_t address);
/* Of a pointer into the direct map, or to a slot that pt_slot has returned. */
paddr_t virt_to_phys(const void *pointer);
void page_zero(void *page); /* 4096 bytes, page aligned */
void page_copy(void *to, const void *from);

/* ---- page tables ---- */

/*
 * The slot of `level` (1 = page ... 4 = root) for the user address `va` in the tables under `root`,
 * or NULL when a table above it is missing; then *missing_level (if not NULL) is the level of the
 * entry that would name that table. An entry that is a large page names no table either: its level
 * is the answer then too. Also for kernel stacks, with arch_kernel_root().
 * => locks: the caller's address-space lock keeps the tables in place.
 */
pte_t *pt_slot(paddr_t root, vaddr_t va, unsigned level, unsigned *missing_level);

/*
 * Initialises the zeroed page `root` as a page-table root: the kernel half is shared with every
 * other root.
 */
void pt_root_init(paddr_t root);

pte_t pt_read(const pte_t *slot);
void pt_write(pte_t *slot, pte_t word); /* the old word was not valid: no flush is needed */
pte_t pt_exchange(pte_t *slot,
		  pte_t word); /* atomic, so A and D bits set meanwhile are in the result */

/*
 * The kernel's own root, and where kernel stacks are mapped: kernel/mm/kernel_stack.c walks it with
 * pt_slot.
 */
paddr_t arch_kernel_root(void);
vaddr_t arch_kernel_stacks_base(void);
/* A stack is the upper half of a slot; the lower half is never mapped. */
#define KERNEL_STACK_SLOT_BYTES 0x8000ull

/*
 * Panics unless the kernel half under `root` is the one that all share; if it is the kernel's own
 * root: unless nothing there is open to user mode, writable and executable, or mapped where a guard
 * page must be. For mm_check.
 */
void arch_check_map(paddr_t root);

/* A word for a non-leaf entry that names the page table `table`. */
pte_t pt_table_word(pfn_t table);

/* Makes the address space with this root current on this CPU (thread switch). 0: kernel only. */
void arch_space_activate(paddr_t root);

/*
 * Drops this CPU's translations of one user page, large or not, or all of the user half. Only
 * kernel/mm calls these.
 */
void arch_tlb_flush_page(vaddr_t va);
void arch_tlb_flush_all(void);

/* ---- user memory, with fault fix-up (kernel/mm/user_memory.h checks ranges first) ---- */

/* Bytes NOT copied: 0 means success. A fault that mm cannot resolve ends the copy there. */
size_t arch_copy_from_user(void *to, vaddr_t from, size_t size_bytes);
size_t arch_copy_to_user(vaddr_t to, const void *from, size_t size_bytes);

/* ---- threads ---- */

/*
 * Makes `thread` the name of what runs now, on the boot stack: fills in stack_base and stack_top,
 * and arch_current_thread() returns it. Until this call arch_current_thread() returns NULL. For
 * thread_system_init; arch/x86_64 only.
 */
void arch_thread_adopt(struct thread *thread);

/*
 * Prepares the kernel stack of `thread` (stack_base, stack_size_bytes set) so that the first switch
 * to it calls entry(argument) with interrupts enabled. `entry` must not return.
 */
void arch_thread_prepare(struct thread *thread, void (*entry)(void *), void *argument);

/*
 * Switches from the running thread to `next`: stacks, FPU state, address space, user GS base.
 * Interrupts disabled.
 */
void arch_thread_switch(struct thread *previous, struct thread *next);

/*
 * The initial registers of a user thread; everything not named here is zero (FPU: initial state).
 */
struct user_entry {
	vaddr_t instruction_pointer;
	vaddr_t stack_pointer;
	uint64_t argument1; /* rcx */
	uint64_t argument2; /* rdx */
	uint64_t argument3; /* r8 */
	uint64_t argument4; /* r9 */
	vaddr_t teb;	    /* user GS base */
};

/*
 * Gives a thread that has not run yet these registers. They can then be read and written like any
 * other thread's. => order: after arch_thread_prepare.
 */
void arch_user_prepare(struct thread *thread, const struct user_entry *entry);

/*
 * Leaves the kernel for the first time on the current thread, by way of upcall_return_to_user, with
 * the registers that arch_user_prepare set (`entry`: the same). Does not return.
 */
_Noreturn void arch_enter_user(const struct user_entry *entry);

/*
 * The user registers of a thread that does not run in user mode now: the current one, or another
 * one that is kept from ending. Both take the groups that context->context_flags names, and leave
 * the rest alone. What is written is made harmless first: a program may write anything. A thread
 * that is inside a system call, and whose general registers are written, will not find the call's
 * status in rax.
 */
struct nt_context;
void arch_context_read(struct thread *thread, struct nt_context *context);
void arch_context_write(struct thread *thread, const struct nt_context *context);

/*
 * The current thread goes on in user mode at `instruction_pointer` with this stack pointer: flags
 * as at the start of a function, everything else as it is.
 */
void arch_user_redirect(vaddr_t instruction_pointer, vaddr_t stack_pointer);

/* Puts a result where the current thread's interrupted code finds a system call's. */
void arch_user_result(NTSTATUS status);

struct thread *arch_current_thread(void);

/* What a report says of an interrupted user context. */
vaddr_t trap_instruction_pointer(const struct trap_frame *frame);
vaddr_t trap_stack_pointer(const struct trap_frame *frame);

/* ---- time ---- */

uint64_t arch_ticks(void); /* TSC: under QEMU -icount shift=0 exactly one per guest instruction */
uint64_t arch_ticks_per_second(void); /* measured at boot */
uint64_t
arch_wall_clock_seconds(void); /* since 1970, read at boot from the RTC; 0 if there is none */
void arch_timer_start(unsigned frequency_hz); /* periodic upcall_timer_tick */
/*
 * Besides the ticks: an upcall when arch_ticks() has reached `ticks`, once: upcall_timer_deadline,
 * or the tick that comes then. A later call takes the place of an earlier one.
 * => locks: interrupts are disabled.
 */
void arch_timer_deadline(uint64_t ticks);

#ifdef QUIRE_DEBUG
/*
 * One interrupt at a chosen instruction, for tests that try them all. Where it came, and when: the
 * moment is that of the handler's first look at the clock, a fixed number of instructions later.
 */
struct shot {
	bool has_come, from_user, irq_enabled; /* as the interrupted code was */
	uint64_t ticks; /* since the arming, or from there to the disarming */
	uint64_t place; /* of the next instruction: its address; in the kernel, from text's start */
};

/*
 * In `ticks` (> 0) of arch_ticks(): an interrupt, or an NMI. upcall_shot follows the interrupt. One
 * that was asked for before does not come. arch/host: none ever comes.
 */
void arch_shot_arm(uint32_t ticks, bool is_nmi);
/* If it has not come yet, it will not. => returns: what became of the last one. */
struct shot arch_shot_disarm(void);
#endif

/* ---- console and power ---- */

/*
 * Where text goes. LOG: kernel log. STDIO: standard input and output of programs (may be the same
 * port).
 */
enum console_port { CONSOLE_LOG, CONSOLE_STDIO };

/*
 * Which port STDIO is, by the knob's value: "com1", "com2", "log". A port that is not there becomes
 * LOG. arch/x86_64 only.
 */
void arch_console_select(const char *stdio);

void arch_console_write(enum console_port port, const char *text, size_t size_bytes);
int arch_console_read(enum console_port port); /* next byte received, or -1; never waits */

/* One line for the runner on the debug console (port 0xE9) if QEMU offers it; never on the log. */
void arch_mark(const char *text);

_Noreturn void arch_power_off(void); /* ACPI S5, then other ways; halts if none works */
_Noreturn void arch_halt(void);

/*
 * Frame pointers of the call chain of the caller or, if frame is given, of the interrupted code.
 * Returns how many.
 */
size_t arch_backtrace(const struct trap_frame *frame, vaddr_t *addresses, size_t capacity);

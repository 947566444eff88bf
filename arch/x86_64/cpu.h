/*
 * cpu.h - what C has no words for: control registers, model-specific registers, ports,
 * descriptor-table loads, string instructions. All inline assembly of the kernel is here. Also the
 * per-CPU area, which the GS base points to in the kernel.
 *
 * Names follow the Intel SDM (volume 2 for the instructions, volume 3 chapter 2 for the registers,
 * volume 4 for the MSRs).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct boot_info;
struct thread;

/* ---- segment selectors: the same numbers as NT's, which programs can see ---- */

#define KERNEL_CS 0x10
#define KERNEL_SS 0x18
#define USER_CS32 0x23 /* no such segment: SYSRET computes USER_SS and USER_CS from it */
#define USER_SS 0x2B
#define USER_CS 0x33
#define TASK_SELECTOR 0x40

/* ---- control registers ---- */

#define CR0_PE (1ull << 0)
#define CR0_MP (1ull << 1)
#define CR0_ET (1ull << 4)
#define CR0_NE (1ull << 5)
#define CR0_WP (1ull << 16)
#define CR0_AM (1ull << 18)
#define CR0_PG (1ull << 31)

#define CR4_PAE (1ull << 5)
#define CR4_MCE (1ull << 6)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP (1ull << 11)
#define CR4_LA57 (1ull << 12)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)

#define MSR_APIC_BASE 0x1Bu
#define MSR_PAT 0x277u
#define MSR_EFER 0xC0000080u
#define MSR_STAR 0xC0000081u
#define MSR_LSTAR 0xC0000082u
#define MSR_CSTAR 0xC0000083u
#define MSR_FMASK 0xC0000084u
#define MSR_GS_BASE 0xC0000101u
#define MSR_KERNEL_GS_BASE 0xC0000102u

#define EFER_SCE (1ull << 0)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)

/* ---- the per-CPU area ---- */

/* Task-state segment (SDM vol. 3, 8.7): where the CPU takes its stack on entry to the kernel. */
struct task_state {
	uint32_t reserved0;
	uint64_t rsp0; /* top of the current thread's kernel stack; SYSCALL takes it too */
	uint64_t rsp1, rsp2;
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_offset;
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104, "TSS");

/* Aligned so that the CPU's view of the task state does not cross a page. */
struct cpu {
	struct thread *current;
	struct cpu *self;
	uint64_t user_rsp; /* between two instructions of the SYSCALL entry */
	uint32_t padding;  /* puts task_state.rsp0 on a multiple of 8 */
	struct task_state task_state;
	uint64_t root;	      /* what CR3 holds */
	uint64_t breakpoints; /* what DR7 holds: 0, no breakpoint is on */
	uint64_t nmi_count;
	uint64_t kernel_debug_count;	/* #DB in kernel mode, tolerated */
	uint64_t unexpected_count[256]; /* interrupts that nobody asked for, by vector */
} __attribute__((aligned(256)));

extern struct cpu boot_cpu;

static inline struct cpu *cpu_self(void)
{
	struct cpu *self;

	__asm__("mov %%gs:%c1, %0" : "=r"(self) : "i"(offsetof(struct cpu, self)));
	return self;
}

static inline struct thread *cpu_current_thread(void)
{
	struct thread *thread;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(thread) : "i"(offsetof(struct cpu, current)));
	return thread;
}

/* ---- what this CPU can do (cpu.c) ---- */

/*
 * True once CR4.SMAP is on: from then on stac and clac exist and matter. Tested by entry.asm and
 * user_copy.asm.
 */
extern bool smap_enabled;

/* Control registers, system-call MSRs. Without write protection or NX: a message and the end. */
void cpu_init(void);
/* "WP NX SMEP ...": what is on, for the log. */
void cpu_describe(char *text, size_t capacity);

/* GDT, TSS with its IST stacks, IDT (descriptors.c). */
void descriptors_init(void);

/* ---- interrupts ---- */

static inline uint64_t read_rflags(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; pop %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* STI takes effect after the next instruction, so no interrupt can come between the two. */
static inline void irq_enable_and_halt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline void cpu_halt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Fills so many bytes below the caller's stack pointer, where an interrupt may write over them. */
static inline __attribute__((always_inline)) void stack_fill_below(uint64_t word, uint64_t bytes)
{
	uint64_t count = bytes / sizeof(word);

	__asm__ volatile("mov %%rsp, %%rdi; sub %2, %%rdi; rep stosq"
			 : "+c"(count)
			 : "a"(word), "r"(bytes)
			 : "rdi", "memory", "cc");
}

/* ---- control and model-specific registers ---- */

static inline uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline void write_cr0(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

/* The address of the last page fault. */
static inline uint64_t read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value) : : "memory");
	return value;
}

static inline void write_cr3(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void write_cr4(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline void write_dr6(uint64_t value)
{
	__asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

static inline void write_dr7(uint64_t value)
{
	__asm__ volatile("mov %0, %%dr7" : : "r"(value));
}

static inline uint64_t read_dr6(void)
{
	uint64_t value;

	__asm__ volatile("mov %%dr6, %0" : "=r"(value));
	return value;
}

/* The addresses of the four breakpoints. */
static inline void write_breakpoints(const uint64_t addresses[4])
{
	__asm__ volatile("mov %0, %%dr0" : : "r"(addresses[0]));
	__asm__ volatile("mov %0, %%dr1" : : "r"(addresses[1]));
	__asm__ volatile("mov %0, %%dr2" : : "r"(addresses[2]));
	__asm__ volatile("mov %0, %%dr3" : : "r"(addresses[3]));
}

static inline uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline void invalidate_page(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

struct cpuid_words {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_words cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_words words;

	__asm__ volatile("cpuid"
			 : "=a"(words.eax), "=b"(words.ebx), "=c"(words.ecx), "=d"(words.edx)
			 : "a"(leaf), "c"(subleaf));
	return words;
}

/* ---- descriptor tables and segments ---- */

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline void load_gdt(const struct table_pointer *gdt)
{
	__asm__ volatile("lgdt %0" : : "m"(*gdt) : "memory");
}

static inline void load_idt(const struct table_pointer *idt)
{
	__asm__ volatile("lidt %0" : : "m"(*idt) : "memory");
}

static inline void load_task_register(uint16_t selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

/* An empty local descriptor table: whoever loads a selector into it gets #GP. */
static inline void load_no_local_table(void)
{
	__asm__ volatile("lldt %w0" : : "r"(0) : "memory");
}

/*
 * CS and SS from the new GDT; CS takes a far return. The data segments are not used in 64-bit mode
 * and become null.
 */
static inline void load_kernel_segments(void)
{
	uint64_t scratch;

	__asm__ volatile("push %1\n\t"
			 "lea 1f(%%rip), %0\n\t"
			 "push %0\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "mov %w2, %%ss\n\t"
			 "mov %w3, %%ds\n\t"
			 "mov %w3, %%es\n\t"
			 "mov %w3, %%fs"
			 : "=&r"(scratch)
			 : "i"(KERNEL_CS), "r"(KERNEL_SS), "r"(0)
			 : "memory");
}

/*
 * Makes the data-segment registers null if the last program changed one, so that no thread sees
 * another's. Loading a selector into GS sets the GS base as well: the two SWAPGS let it hit the
 * user's base, and the kernel's is never wrong, not even for an NMI in between. The caller writes
 * MSR_KERNEL_GS_BASE afterwards. Interrupts disabled.
 */
static inline void reset_user_segments(void)
{
	uint32_t ds, es, fs, gs;

	__asm__ volatile("mov %%ds, %0" : "=r"(ds));
	__asm__ volatile("mov %%es, %0" : "=r"(es));
	__asm__ volatile("mov %%fs, %0" : "=r"(fs));
	__asm__ volatile("mov %%gs, %0" : "=r"(gs));
	if ((ds | es | fs | gs) == 0)
		return;
	__asm__ volatile("mov %w0, %%ds\n\t"
			 "mov %w0, %%es\n\t"
			 "mov %w0, %%fs\n\t"
			 "swapgs\n\t"
			 "mov %w0, %%gs\n\t"
			 "swapgs"
			 :
			 : "r"(0)
			 : "memory");
}

/* ---- FPU and SSE state ---- */

static inline void fpu_save(uint8_t state[512])
{
	__asm__ volatile("fxsaveq (%0)" : : "r"(state) : "memory");
}

static inline void fpu_restore(const uint8_t state[512])
{
	__asm__ volatile("fxrstorq (%0)" : : "r"(state) : "memory");
}

/* x87: status (exceptions that happened) and control (bits set: masked). SSE: both in one. */
static inline uint16_t fpu_read_status(void)
{
	uint16_t status;

	__asm__ volatile("fnstsw %0" : "=a"(status));
	return status;
}

static inline uint16_t fpu_read_control(void)
{
	uint16_t control;

	__asm__ volatile("fnstcw %0" : "=m"(control));
	return control;
}

static inline uint32_t sse_read_control(void)
{
	uint32_t control;

	__asm__ volatile("stmxcsr %0" : "=m"(control));
	return control;
}

/* ---- ports and memory ---- */

static inline void port_write8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void port_write16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_read8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t port_read16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t port_read32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void zero_words(void *to, size_t count)
{
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0ull) : "memory");
}

static inline void copy_words(void *to, const void *from, size_t count)
{
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

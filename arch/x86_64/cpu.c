/*
 * cpu.c - this CPU's features: protection bits set and verified, system-call entry, FPU; and the
 * interrupt flag.
 */
#include "cpu.h"

#include "arch/arch.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"

#include "trap.h"

#define CPUID_FEATURES 1u
#define CPUID_1_EDX_FXSR (1u << 24)
#define CPUID_1_EDX_APIC (1u << 9)
#define CPUID_STRUCTURED 7u
#define CPUID_7_EBX_SMEP (1u << 7)
#define CPUID_7_EBX_SMAP (1u << 20)
#define CPUID_7_ECX_UMIP (1u << 2)
#define CPUID_EXTENDED 0x80000000u
#define CPUID_EXTENDED_FEATURES 0x80000001u
#define CPUID_EXTENDED_EDX_SYSCALL (1u << 11)
#define CPUID_EXTENDED_EDX_NX (1u << 20)

/*
 * WP: read-only pages are read-only for the kernel too. NE: x87 errors come as #MF and not through
 * the 8259. AM: a program that sets AC gets #AC, as on NT. EM and TS off: the FPU is always there.
 */
#define CR0_VALUE (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)
/*
 * What every CPU must have. FSGSBASE stays off: entry.asm relies on it. PGE and PCIDE stay off:
 * design section 3.
 */
#define CR4_VALUE (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define EFER_VALUE (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
/* Flags that SYSCALL clears: TF IF DF IOPL NT AC. */
#define FMASK_VALUE 0x47700u

struct cpu boot_cpu = {.self = &boot_cpu};
bool smap_enabled;

static bool has_structured(uint32_t ebx, uint32_t ecx)
{
	struct cpuid_words words;

	if (cpuid(0, 0).eax < CPUID_STRUCTURED)
		return false;
	words = cpuid(CPUID_STRUCTURED, 0);
	return (words.ebx & ebx) == ebx && (words.ecx & ecx) == ecx;
}

/* The consoles work already, so a machine like this is refused in words. */
static void require(bool condition, const char *what)
{
	if (!condition)
		panic("this processor cannot run Quire: it has no %s", what);
}

static void check_requirements(void)
{
	uint32_t basic = cpuid(CPUID_FEATURES, 0).edx;
	uint32_t extended = 0;

	if (cpuid(CPUID_EXTENDED, 0).eax >= CPUID_EXTENDED_FEATURES)
		extended = cpuid(CPUID_EXTENDED_FEATURES, 0).edx;
	require(extended & CPUID_EXTENDED_EDX_NX, "no-execute pages (NX)");
	require(extended & CPUID_EXTENDED_EDX_SYSCALL, "SYSCALL instruction");
	require(basic & CPUID_1_EDX_FXSR, "FXSAVE instruction");
	require(basic & CPUID_1_EDX_APIC, "local APIC");
	if (read_cr4() & CR4_LA57)
		panic("the firmware left five-level paging on; Quire has four levels");
}

/* SMEP, SMAP and UMIP where the CPU has them. A CPU without is only worse at catching our bugs. */
static uint64_t cr4_wanted(void)
{
	uint64_t wanted = CR4_VALUE;

	if (has_structured(CPUID_7_EBX_SMEP, 0))
		wanted |= CR4_SMEP;
	if (has_structured(CPUID_7_EBX_SMAP, 0))
		wanted |= CR4_SMAP;
	if (has_structured(0, CPUID_7_ECX_UMIP))
		wanted |= CR4_UMIP;
	return wanted;
}

/* What is not on after it was switched on would silently not protect: stop here instead. */
static void verify(uint64_t cr4)
{
	if ((read_cr0() & (CR0_WP | CR0_NE | CR0_AM)) != (CR0_WP | CR0_NE | CR0_AM))
		panic("CR0 does not hold what was written: 0x%lx (write protection?)", read_cr0());
	if (read_cr4() != cr4)
		panic("CR4 does not hold what was written: 0x%lx, not 0x%lx", read_cr4(), cr4);
	if ((read_msr(MSR_EFER) & EFER_VALUE) != EFER_VALUE)
		panic("EFER does not hold what was written: 0x%lx (NX?)", read_msr(MSR_EFER));
}

/*
 * SYSCALL takes CS from STAR, and SS as the next selector; SYSRET likewise, counted from
 * USER_CS32.
 */
static void system_call_init(void)
{
	write_msr(MSR_STAR, (uint64_t)USER_CS32 << 48 | (uint64_t)KERNEL_CS << 32);
	write_msr(MSR_LSTAR, (uintptr_t)system_call_entry);
	write_msr(MSR_CSTAR, 0); /* SYSCALL from 32-bit code: there is no 32-bit code segment */
	write_msr(MSR_FMASK, FMASK_VALUE);
	write_msr(MSR_KERNEL_GS_BASE, 0);
}

/*
 * The memory types that the PWT and PCD bits of a page choose (arch/pte.h): those of reset, but
 * write-combining (1) for PWT alone instead of write-through (4). Intel SDM vol. 3, 12.12.4.
 */
static void memory_types_init(void)
{
	write_msr(MSR_PAT, 0x0007010600070106ull);
	if (read_msr(MSR_PAT) != 0x0007010600070106ull)
		panic("PAT does not hold what was written: 0x%lx", read_msr(MSR_PAT));
}

void cpu_init(void)
{
	uint64_t cr4 = cr4_wanted();

	check_requirements();
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE | EFER_NXE);
	write_cr0(CR0_VALUE);
	write_cr4(cr4);
	verify(cr4);
	memory_types_init();
	smap_enabled = cr4 & CR4_SMAP;
	write_dr7(0); /* no breakpoints left over from firmware */
	system_call_init();
}

void cpu_describe(char *text, size_t capacity)
{
	uint64_t cr4 = read_cr4();

	format_text(text, capacity, "on: WP NX%s%s%s; missing:%s%s%s%s",
		    cr4 & CR4_SMEP ? " SMEP" : "", cr4 & CR4_SMAP ? " SMAP" : "",
		    cr4 & CR4_UMIP ? " UMIP" : "", cr4 & CR4_SMEP ? "" : " SMEP",
		    cr4 & CR4_SMAP ? "" : " SMAP", cr4 & CR4_UMIP ? "" : " UMIP",
		    (cr4 & (CR4_SMEP | CR4_SMAP | CR4_UMIP)) == (CR4_SMEP | CR4_SMAP | CR4_UMIP)
			    ? " nothing"
			    : " (programs are still confined; kernel bugs are easier to exploit)");
}

/* ---- the interrupt flag, for the portable kernel ---- */

irq_state_t arch_irq_save(void)
{
	irq_state_t state = read_rflags();

	irq_disable();
	return state;
}

void arch_irq_restore(irq_state_t state)
{
	if (state & RFLAGS_IF)
		irq_enable();
	else
		irq_disable();
}

bool arch_irq_enabled(void)
{
	return read_rflags() & RFLAGS_IF;
}

void arch_wait_for_interrupt(void)
{
	irq_enable_and_halt();
}

void arch_spin_hint(void)
{
	cpu_pause();
}

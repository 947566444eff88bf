/*
 * machine.h - the few instructions that C has no words for: ports, cpuid, model-specific registers,
 * string moves, and the jump into the kernel. All of the loader's inline assembly is here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_EXTENDED_EDX_NX (1u << 20)
#define CR4_LA57 (1ull << 12)
#define MSR_EFER 0xC0000080u
#define EFER_NXE (1ull << 11)

static inline void port_write8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void port_write16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

/*
 * A device may read or write memory because of this write, so the compiler must have finished its
 * own accesses.
 */
static inline void port_write32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t port_read8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_read8_string(uint16_t port, void *to, size_t count)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

struct cpuid_words {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_words cpu_identify(uint32_t leaf)
{
	struct cpuid_words words;

	__asm__ volatile("cpuid"
			 : "=a"(words.eax), "=b"(words.ebx), "=c"(words.ecx), "=d"(words.edx)
			 : "a"(leaf), "c"(0));
	return words;
}

static inline uint64_t cpu_read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cpu_set_msr_bits(uint32_t msr, uint64_t bits)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	low |= (uint32_t)bits;
	high |= (uint32_t)(bits >> 32);
	__asm__ volatile("wrmsr" : : "a"(low), "d"(high), "c"(msr));
}

/*
 * Several MiB are moved before the kernel runs; libefi's byte loops would take most of the start-up
 * time under TCG.
 */
static inline void memory_zero(void *to, size_t bytes)
{
	size_t words = bytes / 8, rest = bytes % 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0ull) : "memory");
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(0) : "memory");
}

static inline void memory_copy(void *to, const void *from, size_t bytes)
{
	size_t words = bytes / 8, rest = bytes % 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

/*
 * The jump out of the firmware's world: new tables, new stack, interrupts off, the argument in rdi,
 * and a zero where a caller would have left its return address, which ends every backtrace. The
 * tables under `root` map the code of the function that this is inlined into, one to one.
 */
static inline __attribute__((always_inline)) _Noreturn void
cpu_jump(uint64_t root, uint64_t stack_top, uint64_t target, uint64_t argument)
{
	__asm__ volatile("cli\n\t"
			 "mov %[root], %%cr3\n\t"
			 "mov %[stack], %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "push $0\n\t"
			 "jmp *%[target]"
			 :
			 : [root] "r"(root), [stack] "r"(stack_top), [target] "r"(target),
			   "D"(argument)
			 : "memory");
	__builtin_unreachable();
}

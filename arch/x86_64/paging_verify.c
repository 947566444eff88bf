/*
 * paging_verify.c - the page tables as they are, held against map_rules.c: at boot, where a mistake
 * of the loader's ends, and with each mm_check, after all that programs have done.
 */
#include "paging.h"

#include "arch/arch.h"
#include "kernel/lib/assert.h"

#include "layout.h"
#include "map_rules.h"
#include "stacks.h"

#define ROOT_LEVEL 4
#define FIRST_KERNEL_ENTRY 256

static void verify(size_t guard_count)
{
	vaddr_t guards[STATIC_STACKS];
	const struct map_rules rules = {
		.text = (vaddr_t)kernel_text_start,
		.text_end = (vaddr_t)kernel_text_end,
		.text_frames = virt_to_phys(kernel_text_start),
		.text_frames_end = virt_to_phys(kernel_text_end),
		.read_only = (vaddr_t)kernel_rodata_start,
		.read_only_end = (vaddr_t)kernel_rodata_end,
		.stacks = KERNEL_STACKS_BASE,
		.stacks_end = KERNEL_STACKS_BASE + KERNEL_STACKS_MAX_BYTES,
		.stack_slot_bytes = KERNEL_STACK_SLOT_BYTES,
		.stack_guard_bytes = KERNEL_STACK_SLOT_BYTES / 2,
		.guards = guards,
		.guard_count = guard_count,
		.peek = paging_peek,
	};
	const char *fault;
	vaddr_t at;

	stacks_guard_addresses(guards);
	fault = map_rules_check(&rules, &at);
	if (fault)
		panic("map: kernel page 0x%lx %s", at, fault);
}

/* At boot the guard pages are still mapped. */
void paging_verify(void)
{
	verify(0);
}

void arch_check_map(paddr_t root)
{
	const pte_t *kernel = phys_to_virt(arch_kernel_root()), *other = phys_to_virt(root);

	for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++) {
		if (i < FIRST_KERNEL_ENTRY && other == kernel && !pte_is_none(pt_read(&kernel[i])))
			panic("map: the kernel's own tables have user entry %u", i);
		if (i >= FIRST_KERNEL_ENTRY && pt_read(&other[i]).bits != pt_read(&kernel[i]).bits)
			panic("map: the kernel half at 0x%lx differs, entry %u", root, i);
	}
	if (other == kernel)
		verify(STATIC_STACKS);
}

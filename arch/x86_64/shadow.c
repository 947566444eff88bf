/*
 * shadow.c - kernels built with SAN=kasan: the page tables of the shadow (arch/shadow.h).
 *
 * Large pages, taken from the end of the largest range of free memory. Two root entries more than
 * other kernels have (paging.c): that of the direct map's shadow and that of the kernel stacks'.
 */
#include "arch/shadow.h"

#ifdef QUIRE_KASAN

#include "arch/arch.h"
#include "boot/boot_info.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/range.h"

#include "cpu.h"
#include "layout.h"
#include "paging.h"

#define ROOT_LEVEL 4
#define LARGE_LEVEL 2
#define TABLE_BITS (PTE_PRESENT | PTE_WRITE)
/* The stacks of kernel/mm/kernel_stack.c, and an image up to its shadow. */
#define STACKS_BYTES ((uint64_t)4096 * 8 * PAGE_SIZE)
#define IMAGE_BYTES (SHADOW_OF(KERNEL_IMAGE_BASE) - KERNEL_IMAGE_BASE)

/* The image's (linker.ld puts it in its place). As long as nothing writes it, all is allowed. */
static uint8_t image_shadow[IMAGE_BYTES / SHADOW_GRANULE] __attribute__((section(".shadow"), used));

#define PAGE_TABLE __attribute__((aligned(PAGE_SIZE)))
static pte_t direct_directories[PAGE_TABLE_ENTRIES] PAGE_TABLE;
static pte_t direct_directory[PAGE_TABLE_ENTRIES] PAGE_TABLE;
static pte_t stack_directories[PAGE_TABLE_ENTRIES] PAGE_TABLE;
static pte_t stack_directory[PAGE_TABLE_ENTRIES] PAGE_TABLE;

struct shadow_range shadow_ranges[SHADOW_RANGES];

static struct boot_memory_range *largest_usable(struct boot_info *info)
{
	struct boot_memory_range *largest = NULL;

	for (uint64_t i = 0; i < info->range_count; i++) {
		struct boot_memory_range *range = &info->ranges[i];

		if (range->kind == BOOT_MEMORY_USABLE &&
		    (!largest || range->size_bytes > largest->size_bytes))
			largest = range;
	}
	KASSERT(largest && info->range_count < BOOT_MAX_RANGES);
	return largest;
}

/* The end of the largest range becomes reserved: `size_bytes`, and what is over for alignment. */
static paddr_t memory_take(struct boot_info *info, uint64_t size_bytes)
{
	struct boot_memory_range *range = largest_usable(info), *taken = range + 1;
	uint64_t end = range->base + range->size_bytes;
	paddr_t base = round_down(end, pt_entry_span(LARGE_LEVEL)) - size_bytes;

	if (end < size_bytes || base <= range->base)
		panic("no memory for the shadow (%lu KiB): give the machine more",
		      size_bytes / 1024);
	for (struct boot_memory_range *at = info->ranges + info->range_count; at > taken; at--)
		*at = at[-1];
	info->range_count++;
	range->size_bytes = base - range->base;
	*taken = (struct boot_memory_range){
		.base = base, .size_bytes = end - base, .kind = BOOT_MEMORY_RESERVED};
	return base;
}

static void link_tables(vaddr_t va, pte_t *directories, pte_t *directory)
{
	pte_t *root = phys_to_virt(arch_kernel_root());

	pt_write(&root[pt_index(va, ROOT_LEVEL)],
		 pte_valid(pfn_of(virt_to_phys(directories)), TABLE_BITS));
	pt_write(&directories[pt_index(va, ROOT_LEVEL - 1)],
		 pte_valid(pfn_of(virt_to_phys(directory)), TABLE_BITS));
}

/* Maps the shadow of [base, base + size_bytes) to memory from `frame` on, all zeros. */
static void shadow_map(struct shadow_range *range, pte_t *directory, paddr_t frame)
{
	uint64_t span = pt_entry_span(LARGE_LEVEL);
	vaddr_t va = (vaddr_t)shadow_of(range->base);
	uint64_t count = range->size_bytes / SHADOW_GRANULE / span, first = pt_index(va, 2);

	if (first + count > PAGE_TABLE_ENTRIES)
		panic("SAN=kasan has no room for so much memory: give the machine less");
	for (uint64_t i = 0; i < count; i++)
		pt_write(&directory[first + i], pte_valid(pfn_of(frame + i * span),
							  PTE_WRITE | PTE_LARGE | PTE_NO_EXECUTE));
	zero_words((void *)va, count * span / 8);
}

void arch_shadow_init(struct boot_info *info)
{
	const struct boot_memory_range *last = &info->ranges[info->range_count - 1];
	struct shadow_range direct = {.base = DIRECT_MAP_BASE};
	struct shadow_range stacks = {.base = KERNEL_STACKS_BASE, .size_bytes = STACKS_BYTES};
	struct shadow_range image = {.base = KERNEL_IMAGE_BASE, .size_bytes = IMAGE_BYTES};
	paddr_t frame;

	KASSERT((uint8_t *)shadow_of(image.base) == image_shadow);
	KASSERT(round_up_ok(last->base + last->size_bytes,
			    pt_entry_span(LARGE_LEVEL) * SHADOW_GRANULE, &direct.size_bytes));
	frame = memory_take(info, (direct.size_bytes + stacks.size_bytes) / SHADOW_GRANULE);
	link_tables((vaddr_t)shadow_of(direct.base), direct_directories, direct_directory);
	link_tables((vaddr_t)shadow_of(stacks.base), stack_directories, stack_directory);
	shadow_map(&direct, direct_directory, frame);
	shadow_map(&stacks, stack_directory, frame + direct.size_bytes / SHADOW_GRANULE);
	shadow_ranges[0] = direct;
	shadow_ranges[1] = image;
	shadow_ranges[2] = stacks;
}

#endif

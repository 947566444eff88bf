/*
 * paging.c - page tables as the CPU walks them (Intel SDM vol. 3, 4.5), and the kernel half that
 * all roots share.
 *
 * tour of a page fault: 6 of 6. kernel/mm decides what a slot holds; here are the walk to it, the
 * word it is written with, and the flush.
 *
 * The kernel half has four root entries, and they never change after paging_init, so every address
 * space can have copies:
 *   DIRECT_MAP_BASE     tables of the loader
 *   DEVICE_MAP_BASE     tables in this file (device_map)
 *   KERNEL_STACKS_BASE  top table in this file, the rest made by kernel/mm/kernel_stack.c
 *   KERNEL_IMAGE_BASE   tables of the loader
 * None of the four has the user bit, so nothing below them is open to user mode, whatever lower
 * entries say.
 */
#include "paging.h"

#include "arch/arch.h"
#include "arch/shadow.h"
#include "boot/boot_info.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"

#include "cpu.h"
#include "layout.h"

#define ROOT_LEVEL 4
#define LARGE_LEVEL 2
#define FIRST_KERNEL_ENTRY 256
#define TABLE_BITS (PTE_PRESENT | PTE_WRITE)

static const vaddr_t shared_bases[] = {
	DIRECT_MAP_BASE,
	DEVICE_MAP_BASE,
	KERNEL_STACKS_BASE,
	KERNEL_IMAGE_BASE,
#ifdef QUIRE_KASAN
	(vaddr_t)SHADOW_OF(DIRECT_MAP_BASE),
	(vaddr_t)SHADOW_OF(KERNEL_STACKS_BASE),
#endif
};
#define SHARED_COUNT (sizeof(shared_bases) / sizeof(shared_bases[0]))

static struct {
	paddr_t root;
	paddr_t image;		   /* of kernel_image_start; the image is contiguous */
	uint64_t large_pages_used; /* of the device window */
} paging;

#define PAGE_TABLE __attribute__((aligned(PAGE_SIZE)))
static pte_t device_directories[PAGE_TABLE_ENTRIES] PAGE_TABLE;
static pte_t device_directory[PAGE_TABLE_ENTRIES] PAGE_TABLE;
static pte_t stack_directories[PAGE_TABLE_ENTRIES] PAGE_TABLE;

/* ---- addresses ---- */

void *phys_to_virt(paddr_t address)
{
	KASSERT_DEBUG(address < DIRECT_MAP_MAX_BYTES);
	return (void *)(DIRECT_MAP_BASE + address);
}

static bool in_image(vaddr_t va)
{
	return va >= (vaddr_t)kernel_image_start && va < (vaddr_t)kernel_image_end;
}

/* Tables in the image (above) are asked for too: mm counts the entries of tables by their frame. */
paddr_t virt_to_phys(const void *pointer)
{
	vaddr_t va = (vaddr_t)pointer;

	if (va >= KERNEL_IMAGE_BASE) {
		KASSERT_DEBUG(in_image(va));
		return paging.image + (va - (vaddr_t)kernel_image_start);
	}
	KASSERT_DEBUG(va >= DIRECT_MAP_BASE && va < DIRECT_MAP_BASE + DIRECT_MAP_MAX_BYTES);
	return va - DIRECT_MAP_BASE;
}

/* Frames of the kernel image are not in the direct map. */
static pte_t *kernel_table_at(paddr_t table)
{
	uint64_t image_bytes = (vaddr_t)kernel_image_end - (vaddr_t)kernel_image_start;

	if (table - paging.image < image_bytes)
		return (pte_t *)((vaddr_t)kernel_image_start + (table - paging.image));
	return phys_to_virt(table);
}

void page_zero(void *page)
{
	zero_words(page, PAGE_SIZE / 8);
}

void page_copy(void *to, const void *from)
{
	copy_words(to, from, PAGE_SIZE / 8);
}

bool direct_map_covers(const struct boot_info *info, paddr_t address, uint64_t size_bytes)
{
	/* Ranges ascend, so what one range leaves over is looked for in the next. */
	for (uint64_t i = 0; i < info->range_count && size_bytes > 0; i++) {
		const struct boot_memory_range *range = &info->ranges[i];
		uint64_t there;

		if (range->kind == BOOT_MEMORY_KERNEL || address < range->base ||
		    address - range->base >= range->size_bytes)
			continue;
		there = range->size_bytes - (address - range->base);
		if (there > size_bytes)
			there = size_bytes;
		address += there;
		size_bytes -= there;
	}
	return size_bytes == 0;
}

/* ---- words ---- */

pte_t pt_read(const pte_t *slot)
{
	return (pte_t){__atomic_load_n(&slot->bits, __ATOMIC_RELAXED)};
}

/* Release: what the page holds is in memory before the page can be reached. */
void pt_write(pte_t *slot, pte_t word)
{
	KASSERT_DEBUG(!(slot->bits & PTE_PRESENT));
	__atomic_store_n(&slot->bits, word.bits, __ATOMIC_RELEASE);
}

/* One locked instruction: a write that sets D at the same moment comes before it or faults. */
pte_t pt_exchange(pte_t *slot, pte_t word)
{
	return (pte_t){__atomic_exchange_n(&slot->bits, word.bits, __ATOMIC_SEQ_CST)};
}

/* What a program may do is said by the last level alone; the kernel half is closed at the root. */
pte_t pt_table_word(pfn_t table)
{
	return pte_valid(table, PTE_WRITE | PTE_USER);
}

/* ---- the walk ---- */

/* The kernel half: tables may lie in the image, and large pages end a walk early. */
static pte_t *kernel_slot(paddr_t root, vaddr_t va, unsigned level, unsigned *missing_level)
{
	pte_t *table = kernel_table_at(root);

	for (unsigned at = ROOT_LEVEL;; at--) {
		pte_t *slot = &table[pt_index(va, at)];

		if (at == level)
			return slot;
		if ((slot->bits & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT) {
			if (missing_level)
				*missing_level = at;
			return NULL;
		}
		table = kernel_table_at(pfn_address(pte_pfn(*slot)));
	}
}

/* Inlined with a constant level, it is straight-line code: every page fault goes through it. */
static inline __attribute__((always_inline)) pte_t *
user_slot(paddr_t root, vaddr_t va, unsigned level, unsigned *missing_level)
{
	pte_t *table = phys_to_virt(root);

#pragma GCC unroll 4
	for (unsigned at = ROOT_LEVEL; at > level; at--) {
		pte_t word = pt_read(&table[pt_index(va, at)]);

		if (__builtin_expect((word.bits & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT, 0)) {
			if (missing_level)
				*missing_level = at;
			return NULL;
		}
		table = phys_to_virt(word.bits & PTE_ADDRESS_MASK);
	}
	return &table[pt_index(va, level)];
}

pte_t *pt_slot(paddr_t root, vaddr_t va, unsigned level, unsigned *missing_level)
{
	if ((int64_t)va < 0)
		return kernel_slot(root, va, level, missing_level);
	if (level == 1)
		return user_slot(root, va, 1, missing_level);
	return user_slot(root, va, level, missing_level);
}

bool paging_peek(vaddr_t va, unsigned level, pte_t *entry)
{
	const pte_t *slot = kernel_slot(read_cr3() & PTE_ADDRESS_MASK, va, level, NULL);

	if (slot)
		*entry = pt_read(slot);
	return slot != NULL;
}

/* ---- roots and flushes ---- */

paddr_t arch_kernel_root(void)
{
	return paging.root;
}

vaddr_t arch_kernel_stacks_base(void)
{
	return KERNEL_STACKS_BASE;
}

void pt_root_init(paddr_t root)
{
	const pte_t *from = phys_to_virt(paging.root);
	pte_t *to = phys_to_virt(root);

	for (size_t i = 0; i < SHARED_COUNT; i++) {
		unsigned index = pt_index(shared_bases[i], ROOT_LEVEL);

		to[index] = from[index];
	}
}

void arch_space_activate(paddr_t root)
{
	if (root == 0)
		root = paging.root;
	cpu_self()->root = root;
	write_cr3(root);
}

void arch_tlb_flush_page(vaddr_t va)
{
	invalidate_page(va);
}

/* No page is global, so this drops the kernel's translations too; only their reloading costs. */
void arch_tlb_flush_all(void)
{
	write_cr3(read_cr3());
}

/* ---- start ---- */

/* 2 MiB pages, so one table serves; devices' registers and framebuffers share none with RAM. */
void *device_map(paddr_t address, uint64_t size_bytes)
{
	uint64_t span = pt_entry_span(LARGE_LEVEL);
	paddr_t first = round_down(address, span);
	uint64_t count, start = paging.large_pages_used;
	uint64_t end;

	if (size_bytes == 0 || __builtin_add_overflow(address, size_bytes, &end) ||
	    !round_up_ok(end, span, &end))
		return NULL;
	count = (end - first) / span;
	if (count > PAGE_TABLE_ENTRIES - start)
		return NULL;
	for (uint64_t i = 0; i < count; i++)
		pt_write(&device_directory[start + i],
			 pte_valid(pfn_of(first + i * span),
				   PTE_WRITE | PTE_CACHE_DISABLE | PTE_LARGE | PTE_NO_EXECUTE));
	paging.large_pages_used += count;
	return (void *)(DEVICE_MAP_BASE + start * span + (address - first));
}

void paging_unmap_guard(const void *page)
{
	pte_t *slot = kernel_slot(paging.root, (vaddr_t)page, 1, NULL);

	KASSERT(slot && page_offset((vaddr_t)page) == 0 && in_image((vaddr_t)page));
	pt_exchange(slot, pte_none());
	invalidate_page((vaddr_t)page);
}

/* The frame of a page of the image, by the loader's tables, which are in the direct map. */
static paddr_t image_frame(vaddr_t va)
{
	pte_t *table = phys_to_virt(paging.root);

	for (unsigned level = ROOT_LEVEL; level > 1; level--) {
		pte_t entry = table[pt_index(va, level)];

		KASSERT((entry.bits & (PTE_PRESENT | PTE_LARGE)) == PTE_PRESENT);
		table = phys_to_virt(pfn_address(pte_pfn(entry)));
	}
	return pfn_address(pte_pfn(table[pt_index(va, 1)]));
}

static void link_table(pte_t *slot, const pte_t *table)
{
	KASSERT(pte_is_none(*slot));
	pt_write(slot, pte_valid(pfn_of(virt_to_phys(table)), TABLE_BITS));
}

void paging_init(const struct boot_info *info)
{
	vaddr_t image_last = (vaddr_t)kernel_image_end - PAGE_SIZE;
	pte_t *root;

	paging.root = info->page_table_root;
	paging.image = image_frame((vaddr_t)kernel_image_start);
	KASSERT(paging.root == (read_cr3() & PTE_ADDRESS_MASK));
	KASSERT(image_frame(image_last) == virt_to_phys((const void *)image_last));
	root = phys_to_virt(paging.root);
	link_table(&root[pt_index(DEVICE_MAP_BASE, ROOT_LEVEL)], device_directories);
	link_table(&device_directories[pt_index(DEVICE_MAP_BASE, ROOT_LEVEL - 1)],
		   device_directory);
	link_table(&root[pt_index(KERNEL_STACKS_BASE, ROOT_LEVEL)], stack_directories);
	memset(root, 0, FIRST_KERNEL_ENTRY * sizeof(*root)); /* the loader's identity map */
	arch_space_activate(paging.root);
	paging_verify();
}

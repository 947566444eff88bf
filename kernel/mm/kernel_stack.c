/*
 * kernel_stack.c - stacks of threads in the kernel: each in a slot of twice its size, the lower
 * half never mapped, so an overflow faults instead of destroying a neighbour.
 */
#include "frame.h"
#include "kernel/core/fail.h"
#include "kernel/core/sanitize/kasan.h"
#include "mm.h"
#include "page_table.h"

#define SLOT_BYTES KERNEL_STACK_SLOT_BYTES
#define SLOTS 4096u
#define STACK_PAGES (KERNEL_STACK_BYTES / PAGE_SIZE)

_Static_assert(SLOT_BYTES == 2 * KERNEL_STACK_BYTES, "a stack and its guard");

static uint64_t slots_used[SLOTS / 64] GUARDED_BY(frame_lock);
static unsigned slots_taken GUARDED_BY(frame_lock);
static uint64_t table_frames GUARDED_BY(frame_lock); /* page tables made for stacks */

static vaddr_t slot_stack(unsigned slot)
{
	return arch_kernel_stacks_base() + (uint64_t)slot * SLOT_BYTES + KERNEL_STACK_BYTES;
}

static bool slot_take(unsigned *slot)
{
	bool found = false;

	spin_lock(&frame_lock);
	for (unsigned i = 0; i < SLOTS / 64 && !found; i++) {
		if (slots_used[i] == UINT64_MAX)
			continue;
		*slot = i * 64 + (unsigned)__builtin_ctzll(~slots_used[i]);
		slots_used[i] |= 1ull << (*slot % 64);
		slots_taken++;
		found = true;
	}
	spin_unlock(&frame_lock);
	return found;
}

static void slot_give(unsigned slot)
{
	spin_lock(&frame_lock);
	KASSERT(slots_used[slot / 64] & (1ull << (slot % 64)));
	slots_used[slot / 64] &= ~(1ull << (slot % 64));
	slots_taken--;
	spin_unlock(&frame_lock);
}

/*
 * Enters `table` where the walk to va ends, unless another thread was faster. It has no user bit:
 * those of the other half have.
 */
static bool table_enter(vaddr_t va, pfn_t table)
{
	unsigned missing;
	bool entered = false;

	spin_lock(&frame_lock);
	if (!pt_slot(arch_kernel_root(), va, 1, &missing)) {
		pt_write(pt_slot(arch_kernel_root(), va, missing, NULL),
			 pte_valid(table, PTE_WRITE));
		table_frames++;
		entered = true;
	}
	spin_unlock(&frame_lock);
	return entered;
}

/* The slot of a kernel address, making its tables, which are never given back. NULL: no memory. */
static pte_t *kernel_slot(vaddr_t va)
{
	pte_t *slot;

	while (!(slot = pt_slot(arch_kernel_root(), va, 1, NULL))) {
		pfn_t table = fail_point(QUIRE_FAIL_FRAME) ? PFN_NONE : frame_alloc_kernel();

		if (table == PFN_NONE)
			return NULL;
		page_zero(frame_memory(table));
		if (!table_enter(va, table))
			frame_free_kernel(table);
	}
	return slot;
}

uint64_t kernel_stack_table_frames(void)
{
	uint64_t count;

	spin_lock(&frame_lock);
	count = table_frames;
	spin_unlock(&frame_lock);
	return count;
}

static bool page_map(vaddr_t va)
{
	pte_t *slot = kernel_slot(va);
	pfn_t pfn = PFN_NONE;

	if (slot && !fail_point(QUIRE_FAIL_FRAME))
		pfn = frame_alloc_kernel();
	if (pfn == PFN_NONE)
		return false;
	pt_write(slot, pte_valid(pfn, PTE_WRITE | PTE_NO_EXECUTE | PTE_ACCESSED | PTE_DIRTY));
	return true;
}

static void pages_unmap(vaddr_t stack, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++) {
		vaddr_t va = stack + pages_to_bytes(i);
		pte_t old = pt_exchange(pt_slot(arch_kernel_root(), va, 1, NULL), pte_none());

		arch_tlb_flush_page(va);
		frame_free_kernel(pte_pfn(old));
	}
}

void *kernel_stack_alloc(void)
{
	unsigned slot, mapped = 0;
	vaddr_t stack;

	if (!slot_take(&slot))
		return NULL;
	stack = slot_stack(slot);
	while (mapped < STACK_PAGES && page_map(stack + pages_to_bytes(mapped)))
		mapped++;
	if (mapped == STACK_PAGES) {
		kasan_allow((void *)stack, KERNEL_STACK_BYTES);
		return (void *)stack;
	}
	pages_unmap(stack, mapped);
	slot_give(slot);
	return NULL;
}

void kernel_stack_free(void *stack)
{
	vaddr_t offset = (vaddr_t)stack - arch_kernel_stacks_base();

	KASSERT(offset % SLOT_BYTES == KERNEL_STACK_BYTES);
	kasan_forbid(stack, KERNEL_STACK_BYTES, SHADOW_STACK_FREED);
	pages_unmap((vaddr_t)stack, STACK_PAGES);
	slot_give((unsigned)(offset / SLOT_BYTES));
}

uint64_t kernel_stack_free_pages(void)
{
	unsigned taken;

	spin_lock(&frame_lock);
	taken = slots_taken;
	spin_unlock(&frame_lock);
	return (SLOTS - taken) * STACK_PAGES;
}

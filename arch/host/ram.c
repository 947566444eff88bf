/*
 * host_ram.c - RAM as one array, the direct map as arithmetic on it, and the page tables in it.
 *
 * Nothing here knows what the frames are used for: that is the memory map that the test gives to
 * mm_init.
 */
#include "host.h"

#include <string.h>
#include <sys/mman.h>

#include "kernel/lib/assert.h"

#define RAM_FILL 0xA5
#define STACKS_BYTES (64ull << 20)
#define KERNEL_HALF_FIRST_ENTRY (PAGE_TABLE_ENTRIES / 2)
#define ROOT_LEVEL 4

bool (*host_is_pool_block)(const void *pointer);

struct host_ram host_ram;

static void *map_anonymous(size_t size_bytes)
{
	void *base = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	KASSERT(base != MAP_FAILED);
	return base;
}

void host_start(uint64_t frame_count)
{
	KASSERT(frame_count > HOST_FIRST_FRAME);
	host_stop();
	host_ram.base = map_anonymous(pages_to_bytes(frame_count));
	host_ram.is_hole = map_anonymous(frame_count);
	host_ram.is_touched = map_anonymous(frame_count);
	host_ram.stacks = map_anonymous(STACKS_BYTES);
	host_ram.frame_count = frame_count;
	memset(host_ram.base, RAM_FILL, pages_to_bytes(frame_count));
	memset(phys_to_virt(arch_kernel_root()), 0, PAGE_SIZE);
	host_mmu_reset();
	host_devices_reset();
}

void host_stop(void)
{
	if (!host_ram.base)
		return;
	munmap(host_ram.base, pages_to_bytes(host_ram.frame_count));
	munmap(host_ram.is_hole, host_ram.frame_count);
	munmap(host_ram.is_touched, host_ram.frame_count);
	munmap(host_ram.stacks, STACKS_BYTES);
	memset(&host_ram, 0, sizeof(host_ram));
	host_mmu_reset();
}

void host_ram_hole(pfn_t first, uint64_t count)
{
	KASSERT(first >= HOST_FIRST_FRAME && first + count <= host_ram.frame_count);
	memset(host_ram.is_hole + first, 1, count);
	KASSERT(mprotect(host_ram.base + pfn_address(first), pages_to_bytes(count), PROT_NONE) ==
		0);
}

bool host_frame_exists(pfn_t frame)
{
	return frame < host_ram.frame_count && !host_ram.is_hole[frame];
}

/* ---- direct map ---- */

void *phys_to_virt(paddr_t address)
{
	KASSERT(host_frame_exists(pfn_of(address)));
	host_ram.is_touched[pfn_of(address)] = 1;
	return host_ram.base + address;
}

static bool is_in_ram(const void *pointer)
{
	const uint8_t *byte = pointer;

	return host_ram.base && byte >= host_ram.base &&
	       byte < host_ram.base + pages_to_bytes(host_ram.frame_count);
}

paddr_t virt_to_phys(const void *pointer)
{
	/*
	 * In the kernel a pool block lies in a frame of its own; here all of them are said to lie
	 * in one.
	 */
	if (!is_in_ram(pointer)) {
		KASSERT(host_is_pool_block && host_is_pool_block(pointer));
		return pfn_address(HOST_POOL_FRAME);
	}
	return (paddr_t)((const uint8_t *)pointer - host_ram.base);
}

static void preempt(void)
{
	if (host_preempt)
		host_preempt(HOST_POINT_PAGE);
}

void page_zero(void *page)
{
	KASSERT(is_in_ram(page) && page_offset((uintptr_t)page) == 0);
	preempt();
	memset(page, 0, PAGE_SIZE);
}

void page_copy(void *to, const void *from)
{
	KASSERT(is_in_ram(to) && page_offset((uintptr_t)to) == 0 && to != from);
	KASSERT(page_offset((uintptr_t)from) == 0);
	preempt();
	memcpy(to, from, PAGE_SIZE);
}

/* ---- page tables ---- */

pte_t *pt_slot(paddr_t root, vaddr_t va, unsigned level, unsigned *missing_level)
{
	pte_t *table = phys_to_virt(root);

	KASSERT(level >= 1 && level <= ROOT_LEVEL && page_offset(root) == 0);
	for (unsigned at = ROOT_LEVEL; at > level; at--) {
		pte_t entry = pt_read(&table[pt_index(va, at)]);

		if (pte_kind(entry) != PTE_VALID || pte_is_large(entry)) {
			if (missing_level)
				*missing_level = at;
			return NULL;
		}
		table = phys_to_virt(pfn_address(pte_pfn(entry)));
	}
	return &table[pt_index(va, level)];
}

/* The kernel half is empty here, but it is copied as on a real machine. */
void arch_check_map(paddr_t root)
{
	const pte_t *table = phys_to_virt(root), *kernel = phys_to_virt(arch_kernel_root());

	for (unsigned i = KERNEL_HALF_FIRST_ENTRY; i < PAGE_TABLE_ENTRIES; i++)
		if (table[i].bits != kernel[i].bits)
			panic("map: the kernel half at 0x%lx differs, entry %u", root, i);
}

void pt_root_init(paddr_t root)
{
	pte_t *table = phys_to_virt(root);
	const pte_t *kernel = phys_to_virt(arch_kernel_root());

	for (unsigned i = 0; i < KERNEL_HALF_FIRST_ENTRY; i++)
		KASSERT(pte_is_none(table[i]));
	for (unsigned i = KERNEL_HALF_FIRST_ENTRY; i < PAGE_TABLE_ENTRIES; i++)
		table[i] = kernel[i];
}

pte_t pt_read(const pte_t *slot)
{
	return (pte_t){__atomic_load_n(&slot->bits, __ATOMIC_RELAXED)};
}

void pt_write(pte_t *slot, pte_t word)
{
	KASSERT(pte_kind(pt_read(slot)) != PTE_VALID);
	__atomic_store_n(&slot->bits, word.bits, __ATOMIC_RELEASE);
}

pte_t pt_exchange(pte_t *slot, pte_t word)
{
	return (pte_t){__atomic_exchange_n(&slot->bits, word.bits, __ATOMIC_ACQ_REL)};
}

pte_t pt_table_word(pfn_t table)
{
	return pte_valid(table, PTE_WRITE | PTE_USER);
}

paddr_t arch_kernel_root(void)
{
	return pfn_address(HOST_ROOT_FRAME);
}

vaddr_t arch_kernel_stacks_base(void)
{
	/*
	 * Ordinary host memory: threads run on host stacks (fiber.c), so what mm maps here is only
	 * accounted for.
	 */
	return (vaddr_t)(uintptr_t)host_ram.stacks;
}

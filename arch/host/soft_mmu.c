/*
 * soft_mmu.c - address translation as an x86-64 CPU does it (Intel SDM vol. 3, chapter 4), made as
 * unforgiving as it may be.
 *
 * The TLB is direct-mapped and remembers permission and dirty state. A cached entry is used without
 * looking at the tables, however stale it is; only a flush, a change of space, a fault on that
 * page, or another page in its place drops it. The one paging-structure cache remembers where leaf
 * tables are, so a table that is freed without a flush is still walked. Large pages have a TLB of
 * their own; the flush of any address in one drops all of it (SDM 4.10.4.1).
 *
 *   access -> TLB hit, permission suffices    -> transfer
 *             TLB hit, write to a clean page  -> walk again, to set D in the table
 *             TLB hit, permission too small   -> entry dropped, fault (maybe spurious: 4.10.4.3)
 *             miss -> walk: present? user? write? NX? -> A at each level, D on a write -> entry
 */
#include "host.h"

#include <string.h>

#include "kernel/lib/assert.h"

#define TLB_ENTRIES 64
#define LARGE_TLB_ENTRIES 8
#define TABLE_CACHE_ENTRIES 4
#define LOWER_HALF_END (1ull << 47)
#define ROOT_LEVEL 4

struct tlb_entry {
	bool valid;
	uint64_t page; /* va in pages of its size */
	pfn_t frame;   /* the first */
	bool writable, executable, dirty;
};

/* What the entries above a leaf table say together. */
struct table_entry {
	bool valid;
	uint64_t region; /* va in units of what a leaf table maps */
	pfn_t table;
	bool writable, executable;
	unsigned leaf_level; /* of the entry that ends the walk: 1, or 2 (never cached) */
};

static struct tlb_entry tlb[TLB_ENTRIES];
static struct tlb_entry large_tlb[LARGE_TLB_ENTRIES];
static struct table_entry table_cache[TABLE_CACHE_ENTRIES];
static paddr_t active_root;
struct host_mmu_statistics host_mmu_statistics;

static void drop_all(void)
{
	memset(tlb, 0, sizeof(tlb));
	memset(large_tlb, 0, sizeof(large_tlb));
	memset(table_cache, 0, sizeof(table_cache));
}

void host_mmu_reset(void)
{
	drop_all();
	memset(&host_mmu_statistics, 0, sizeof(host_mmu_statistics));
	active_root = 0;
}

paddr_t host_active_root(void)
{
	return active_root;
}

static struct tlb_entry *tlb_entry_of(vaddr_t va)
{
	return &tlb[page_of(va) % TLB_ENTRIES];
}

static uint64_t large_page_of(vaddr_t va)
{
	return va / LARGE_PAGE_BYTES;
}

static struct tlb_entry *large_entry_of(vaddr_t va)
{
	return &large_tlb[large_page_of(va) % LARGE_TLB_ENTRIES];
}

/* The cached translation of the address, of either size, or NULL. */
static struct tlb_entry *tlb_find(vaddr_t va)
{
	struct tlb_entry *entry = tlb_entry_of(va), *large = large_entry_of(va);

	if (entry->valid && entry->page == page_of(va))
		return entry;
	return large->valid && large->page == large_page_of(va) ? large : NULL;
}

static void tlb_drop(vaddr_t va)
{
	struct tlb_entry *entry;

	while ((entry = tlb_find(va)) != NULL)
		entry->valid = false;
}

static uint64_t table_region(vaddr_t va)
{
	return va / pt_entry_span(2);
}

static struct table_entry *table_entry_of(vaddr_t va)
{
	return &table_cache[table_region(va) % TABLE_CACHE_ENTRIES];
}

static void preempt(void)
{
	if (host_preempt)
		host_preempt(HOST_POINT_FLUSH);
}

/* INVLPG drops the page, and all of the paging-structure caches (SDM 4.10.4.1). */
void arch_tlb_flush_page(vaddr_t va)
{
	preempt();
	host_mmu_statistics.page_flushes++;
	tlb_drop(va);
	memset(table_cache, 0, sizeof(table_cache));
}

void arch_tlb_flush_all(void)
{
	preempt();
	host_mmu_statistics.full_flushes++;
	drop_all();
}

void arch_space_activate(paddr_t root)
{
	KASSERT(page_offset(root) == 0);
	KASSERT(root == 0 || host_frame_exists(pfn_of(root)));
	drop_all();
	active_root = root;
}

/*
 * The CPU would read and write whatever lies there, so a wrong frame number is not a fault but the
 * end of the test.
 */
static pte_t *table_at(pfn_t frame)
{
	if (!host_frame_exists(frame))
		panic("MMU: a page table names frame 0x%llx, which is not RAM",
		      (unsigned long long)frame);
	return phys_to_virt(pfn_address(frame));
}

static pte_t *entry_at(pfn_t table, vaddr_t va, unsigned level)
{
	return &table_at(table)[pt_index(va, level)];
}

/* Reads the entry for `va` of a table; true, with A set, if it is present and for user pages. */
static bool entry_load(pfn_t table, vaddr_t va, unsigned level, pte_t *result)
{
	pte_t *slot = entry_at(table, va, level);
	pte_t word = pt_read(slot);

	if (pte_kind(word) != PTE_VALID || !(word.bits & PTE_USER))
		return false;
	KASSERT(!(word.bits & PTE_LARGE));
	__atomic_fetch_or(&slot->bits, PTE_ACCESSED, __ATOMIC_ACQ_REL);
	*result = word;
	return true;
}

/* Finds the table with the leaf entry for `va`: from the cache, or from the root down. */
static bool table_find(vaddr_t va, struct table_entry *result)
{
	struct table_entry found = {.valid = true,
				    .region = table_region(va),
				    .table = pfn_of(active_root),
				    .writable = true,
				    .executable = true,
				    .leaf_level = 1};
	const struct table_entry *cached = table_entry_of(va);

	if (cached->valid && cached->region == found.region) {
		*result = *cached;
		return true;
	}
	for (unsigned level = ROOT_LEVEL; level > 1; level--) {
		pte_t word;

		if (level == LARGE_PAGE_LEVEL &&
		    pte_is_large(pt_read(entry_at(found.table, va, level)))) {
			found.leaf_level = level;
			*result = found;
			return true;
		}
		if (!entry_load(found.table, va, level, &word))
			return false;
		found.writable &= (word.bits & PTE_WRITE) != 0;
		found.executable &= !(word.bits & PTE_NO_EXECUTE);
		found.table = pte_pfn(word);
	}
	*result = *table_entry_of(va) = found;
	return true;
}

static bool permits(const struct tlb_entry *entry, enum access access)
{
	switch (access) {
	case ACCESS_READ:
		return true;
	case ACCESS_WRITE:
		return entry->writable;
	case ACCESS_EXECUTE:
		return entry->executable;
	}
	return false;
}

/* Walks the tables; on success the TLB has the translation. */
static bool walk(vaddr_t va, enum access access)
{
	struct tlb_entry entry = {.valid = true};
	struct table_entry table;
	pte_t *slot, word;

	host_mmu_statistics.walks++;
	if (!table_find(va, &table))
		return false;
	slot = entry_at(table.table, va, table.leaf_level);
	word = pt_read(slot);
	if (pte_kind(word) != PTE_VALID || !(word.bits & PTE_USER))
		return false;
	entry.frame = pte_pfn(word);
	KASSERT(table.leaf_level == 1 || entry.frame % LARGE_PAGE_PAGES == 0);
	entry.writable = table.writable && (word.bits & PTE_WRITE);
	entry.executable = table.executable && !(word.bits & PTE_NO_EXECUTE);
	if (!permits(&entry, access))
		return false;
	entry.dirty = access == ACCESS_WRITE || (word.bits & PTE_DIRTY);
	__atomic_fetch_or(&slot->bits, PTE_ACCESSED | (entry.dirty ? PTE_DIRTY : 0),
			  __ATOMIC_ACQ_REL);
	entry.page = table.leaf_level == 1 ? page_of(va) : large_page_of(va);
	*(table.leaf_level == 1 ? tlb_entry_of(va) : large_entry_of(va)) = entry;
	return true;
}

/* A fault drops what was cached for its address (SDM 4.10.4.1), so the retry sees the tables. */
static bool fault(vaddr_t va)
{
	struct table_entry *table = table_entry_of(va);

	host_mmu_statistics.faults++;
	tlb_drop(va);
	if (table->region == table_region(va))
		table->valid = false;
	return false;
}

static bool translate(vaddr_t va, enum access access)
{
	const struct tlb_entry *entry = tlb_find(va);

	if (va >= LOWER_HALF_END || active_root == 0)
		return fault(va);
	if (entry) {
		if (!permits(entry, access))
			return fault(va);
		if (access != ACCESS_WRITE || entry->dirty) {
			host_mmu_statistics.hits++;
			return true;
		}
	}
	return walk(va, access) || fault(va);
}

/* The frame of an address whose translation is cached. */
static pfn_t frame_behind(vaddr_t va)
{
	const struct tlb_entry *entry = tlb_find(va);

	return entry == tlb_entry_of(va) ? entry->frame
					 : entry->frame + page_of(va) % LARGE_PAGE_PAGES;
}

bool host_mmu_access(vaddr_t va, enum access access, void *buffer, size_t size_bytes)
{
	uint8_t *bytes;

	KASSERT(size_bytes > 0 && size_bytes <= PAGE_SIZE - page_offset(va));
	if (!translate(va, access))
		return false;
	bytes = (uint8_t *)table_at(frame_behind(va)) + page_offset(va);
	if (access == ACCESS_WRITE)
		memcpy(bytes, buffer, size_bytes);
	else
		memcpy(buffer, bytes, size_bytes);
	return true;
}

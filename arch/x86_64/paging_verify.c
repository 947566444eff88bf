/*
 * paging_verify.c - walks the kernel half once at boot and refuses a map that protects nothing.
 * The loader made most of it, so this is where a mistake there ends.
 */
#include "paging.h"

#include "arch/arch.h"
#include "kernel/lib/assert.h"

#include "layout.h"

#define ROOT_LEVEL 4

struct walk {
	paddr_t text, text_end; /* frames of kernel text: nobody else may map them */
};

/* What the tables above an entry allow: rights only shrink on the way down (SDM vol. 3, 4.6). */
struct rights {
	bool user, write, execute;
};

static bool overlaps_text(const struct walk *walk, paddr_t frame, uint64_t span)
{
	return frame < walk->text_end && walk->text < frame + span;
}

/* A leaf in the light of all levels above it. */
static void check_leaf(const struct walk *walk, vaddr_t va, pte_t entry, unsigned level,
		       struct rights rights)
{
	paddr_t frame = pfn_address(pte_pfn(entry));
	bool in_text = va >= (vaddr_t)kernel_text_start && va < (vaddr_t)kernel_text_end;

	if (rights.user)
		panic("kernel page at 0x%lx is open to user mode", va);
	if (rights.write && rights.execute)
		panic("kernel page at 0x%lx is writable and executable", va);
	if (rights.execute != in_text)
		panic("kernel page at 0x%lx %s executable", va, in_text ? "is not" : "is");
	if (!in_text && overlaps_text(walk, frame, pt_entry_span(level)))
		panic("kernel text has a second address, 0x%lx", va);
	if (rights.write && va >= (vaddr_t)kernel_rodata_start && va < (vaddr_t)kernel_rodata_end)
		panic("read-only kernel data at 0x%lx is writable", va);
}

static struct rights narrow(struct rights above, pte_t entry)
{
	return (struct rights){
		.user = above.user && (entry.bits & PTE_USER),
		.write = above.write && (entry.bits & PTE_WRITE),
		.execute = above.execute && !(entry.bits & PTE_NO_EXECUTE),
	};
}

/* A loop over an explicit path, not recursion: levels 4 to 1, `va` says where in each table. */
void paging_verify(void)
{
	struct walk walk = {
		.text = virt_to_phys(kernel_text_start),
		.text_end = virt_to_phys(kernel_text_end),
	};
	vaddr_t va = ~(vaddr_t)0 << 47;

	while (va != 0) {
		struct rights rights = {.user = true, .write = true, .execute = true};
		unsigned level = ROOT_LEVEL;
		pte_t entry;

		for (;; level--) {
			KASSERT(paging_peek(va, level, &entry));
			if (!(entry.bits & PTE_PRESENT))
				break;
			rights = narrow(rights, entry);
			if (level == ROOT_LEVEL && rights.user)
				panic("the kernel half is open to user mode from 0x%lx on", va);
			if (level == 1 || (entry.bits & PTE_LARGE)) {
				check_leaf(&walk, va, entry, level, rights);
				break;
			}
		}
		va = (va | (pt_entry_span(level) - 1)) + 1;
	}
}

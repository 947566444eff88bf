/*
 * map_rules.c - see map_rules.h.
 */
#include "map_rules.h"

#define ROOT_LEVEL 4
#define KERNEL_HALF (~(vaddr_t)0 << 47)

/* What the tables above an entry allow: rights only shrink on the way down (SDM vol. 3, 4.6). */
struct rights {
	bool write, execute;
};

static bool overlaps(uint64_t start, uint64_t end, uint64_t other, uint64_t other_end)
{
	return start < other_end && other < end;
}

/* The lower part of a stack's slot; a large page there covers some. */
static bool covers_stack_guard(const struct map_rules *rules, vaddr_t va, uint64_t span)
{
	if (va < rules->stacks || va >= rules->stacks_end)
		return false;
	return span > rules->stack_guard_bytes ||
	       (va - rules->stacks) % rules->stack_slot_bytes < rules->stack_guard_bytes;
}

static bool covers_guard(const struct map_rules *rules, vaddr_t va, uint64_t span)
{
	for (size_t i = 0; i < rules->guard_count; i++)
		if (rules->guards[i] >= va && rules->guards[i] - va < span)
			return true;
	return false;
}

/* A leaf in the light of all levels above it. */
static const char *leaf_fault(const struct map_rules *rules, vaddr_t va, pte_t entry, uint64_t span,
			      struct rights rights)
{
	paddr_t frame = pfn_address(pte_pfn(entry));
	bool in_text = va >= rules->text && va < rules->text_end;

	if (rights.write && rights.execute)
		return "is writable and executable";
	if (rights.execute && !in_text)
		return "is executable and no text";
	if (!rights.execute && in_text)
		return "is text and not executable";
	if (rights.write && overlaps(va, va + span - 1, rules->read_only, rules->read_only_end))
		return "is read-only data and writable";
	if (!in_text && overlaps(frame, frame + span, rules->text_frames, rules->text_frames_end))
		return "is a second address of kernel text";
	if (covers_stack_guard(rules, va, span))
		return "is the guard below a kernel stack and mapped";
	if (covers_guard(rules, va, span))
		return "is a guard page and mapped";
	return NULL;
}

/*
 * The path to one address. No entry of any level has the user bit: that the root's would be enough
 * is no reason to rely on it. => returns: what is wrong; *level is where the walk ended.
 */
static const char *path_fault(const struct map_rules *rules, vaddr_t va, unsigned *level)
{
	struct rights rights = {.write = true, .execute = true};
	pte_t entry;

	for (*level = ROOT_LEVEL;; --*level) {
		if (!rules->peek(va, *level, &entry) || !(entry.bits & PTE_PRESENT))
			return NULL;
		if (entry.bits & PTE_USER)
			return "is open to user mode";
		rights.write = rights.write && (entry.bits & PTE_WRITE);
		rights.execute = rights.execute && !(entry.bits & PTE_NO_EXECUTE);
		if (*level == 1 || (entry.bits & PTE_LARGE))
			return leaf_fault(rules, va, entry, pt_entry_span(*level), rights);
	}
}

/* A loop over an explicit path, not recursion: `va` says where in each table. */
const char *map_rules_check(const struct map_rules *rules, vaddr_t *at)
{
	vaddr_t va = KERNEL_HALF;

	while (va != 0) {
		unsigned level;
		const char *fault = path_fault(rules, va, &level);

		*at = va;
		if (fault)
			return fault;
		va = (va | (pt_entry_span(level) - 1)) + 1;
	}
	return NULL;
}

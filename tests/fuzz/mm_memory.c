/*
 * mm_memory.c - the operations of fuzz_mm on private memory and protection; as mm_calls.c.
 */
#include "mm_world.h"

#include "kernel/lib/range.h"

#define PAGES_PER_COMMIT 1100 /* more at once would only make runs slow */

static uint32_t take_allocation_type(void)
{
	static const uint32_t types[] = {MEM_RESERVE | MEM_COMMIT,
					 MEM_COMMIT,
					 MEM_RESERVE,
					 MEM_RESERVE | MEM_COMMIT,
					 MEM_COMMIT,
					 MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN,
					 MEM_COMMIT,
					 MEM_RESERVE,
					 MEM_RESERVE | MEM_TOP_DOWN,
					 MEM_COMMIT,
					 MEM_RESET,
					 MEM_RESERVE | MEM_COMMIT,
					 MEM_COMMIT | MEM_RESET,
					 MEM_TOP_DOWN,
					 MEM_RESERVE | MEM_WRITE_WATCH,
					 MEM_RESERVE | MEM_PHYSICAL,
					 ~(uint32_t)MEM_PLACEHOLDERS,
					 MEM_COMMIT | MEM_PHYSICAL,
					 MEM_COMMIT | MEM_WRITE_WATCH,
					 MEM_RESERVE | MEM_LARGE_PAGES,
					 MEM_COMMIT | MEM_LARGE_PAGES,
					 MEM_RESERVE | MEM_COMMIT,
					 MEM_COMMIT,
					 MEM_COMMIT,
					 MEM_RESERVE,
					 MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
					 MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
					 MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER,
					 MEM_RESERVE | MEM_REPLACE_PLACEHOLDER | MEM_WRITE_WATCH,
					 MEM_RESERVE | MEM_RESERVE_PLACEHOLDER | MEM_TOP_DOWN,
					 MEM_COMMIT | MEM_RESERVE_PLACEHOLDER,
					 MEM_RESERVE | MEM_PLACEHOLDERS};

	return TAKE_FROM(types);
}

static void memory_allocated(unsigned space, vaddr_t asked, uint64_t asked_size, uint32_t type,
			     uint32_t protection, vaddr_t base, uint64_t size)
{
	bool replace = type & MEM_REPLACE_PLACEHOLDER;
	bool reserve = (type & MEM_RESERVE) || (!asked && (type & MEM_COMMIT));
	vaddr_t start = reserve && !replace ? round_down(asked, ALLOCATION_GRANULARITY)
					    : page_round_down(asked);

	if (!asked && reserve)
		start = base;
	if (base != start || base + size != page_round_up((asked ? asked : base) + asked_size))
		mismatch("allocated %#llx, size %#llx", (unsigned long long)base,
			 (unsigned long long)size);
	if (!reserve) {
		if (type != MEM_RESET)
			oracle_committed(oracle_find(oracle_of(space), base), base, base + size,
					 protection);
		return;
	}
	if (!replace)
		check_place(space, oracle_is_free(oracle_of(space), base, base + size), base, size);
	oracle_reserved(oracle_of(space), base, size, type, protection);
}

/* As the two system calls do it. */
static NTSTATUS allocate(unsigned space, vaddr_t *base, uint64_t zero_bits, uint64_t *size,
			 uint32_t type, uint32_t protection)
{
	const struct memory_requirements anywhere = {.lowest = USER_LOWEST_ADDRESS,
						     .limit = USER_LIMIT,
						     .alignment_bytes = ALLOCATION_GRANULARITY};
	NTSTATUS status;

	if (!(type & MEM_PLACEHOLDERS))
		return memory_allocate(world.spaces[space], base, zero_bits, size, type,
				       protection);
	status = placeholder_check_type(type, protection);
	if (!NT_SUCCESS(status))
		return status;
	return memory_allocate_within(world.spaces[space], base, &anywhere, size, type, protection);
}

/* A type that is for placeholders gets, mostly, what makes it succeed. */
static void suit_placeholders(unsigned space, uint32_t type, vaddr_t *base, uint64_t *size,
			      uint64_t *zero_bits, uint32_t *protection)
{
	const struct oracle_view *view = oracle_find(oracle_of(space), *base);

	*zero_bits = 0;
	if (type & MEM_RESERVE_PLACEHOLDER)
		*protection = take() % 8 ? PAGE_NOACCESS : *protection;
	else if (view && take() % 8) {
		*base = view->start;
		*size = view->end - view->start;
	}
}

/* The oracle knows neither regions that nothing commits nor how much memory marks may take. */
static bool is_modelled(uint32_t type, uint64_t size)
{
	return type != (MEM_RESERVE | MEM_PHYSICAL) &&
	       (type != (MEM_RESERVE | MEM_WRITE_WATCH) || size < 1u << 30 || size > USER_LIMIT);
}

void allocate_memory(void)
{
	unsigned space = take_space();
	uint8_t shape = take();
	vaddr_t base = shape & 3 ? take_address(space) : 0, asked;
	uint64_t size = take_size(), asked_size;
	uint32_t type = take_allocation_type(), protection = take_protection();
	uint64_t zero_bits = shape & 0x1C ? 0 : take_zero_bits();
	struct oracle_expectation want;
	NTSTATUS status;

	if (type & MEM_PLACEHOLDERS)
		suit_placeholders(space, type, &base, &size, &zero_bits, &protection);
	asked = base;
	asked_size = size;
	if (!has_room(space) || !oracle_knows(oracle_of(space), base, base + size))
		return;
	if (!is_modelled(type, size))
		return;
	if ((type & MEM_COMMIT) && size > pages_to_bytes(PAGES_PER_COMMIT) && size < USER_LIMIT)
		return;
	say("space %u: allocate %#llx, size %#llx, type %#x, protection %s, zero bits %#llx", space,
	    (unsigned long long)base, (unsigned long long)size, type, protection_words(protection),
	    (unsigned long long)zero_bits);
	want = oracle_expect_allocate(oracle_of(space), base, zero_bits, size, type, protection);
	call_begin();
	status = allocate(space, &base, zero_bits, &size, type, protection);
	if (judge(&want, status)) {
		say("      at %#llx, size %#llx\n", (unsigned long long)base,
		    (unsigned long long)size);
		if (!asked && (type & (MEM_RESERVE | MEM_COMMIT)))
			check_chosen(space, base, size, zero_bits, type & MEM_TOP_DOWN);
		memory_allocated(space, asked, asked_size, type, protection, base, size);
	} else if (base != asked || size != asked_size) {
		mismatch("base and size were changed although the call failed");
	}
}

static void memory_freed(unsigned space, struct oracle_view *view, vaddr_t asked,
			 uint64_t asked_size, uint32_t type, vaddr_t base, uint64_t size)
{
	vaddr_t start = page_round_down(asked);
	vaddr_t end = asked_size ? page_round_up(asked + asked_size) : view->end;
	uint64_t told = !asked_size && type == MEM_DECOMMIT ? 0 : end - start;

	if (base != start || size != told)
		mismatch("freed %#llx, size %#llx", (unsigned long long)base,
			 (unsigned long long)size);
	if (type == MEM_DECOMMIT)
		oracle_decommitted(view, start, end);
	else if (type & MEM_PRESERVE_PLACEHOLDER)
		oracle_preserved(oracle_of(space), view, start, end);
	else if (type & MEM_COALESCE_PLACEHOLDERS)
		oracle_coalesced(oracle_of(space), start, end);
	else
		oracle_released(oracle_of(space), view, start, end);
}

void free_memory(void)
{
	static const uint32_t types[] = {MEM_DECOMMIT,
					 MEM_RELEASE,
					 MEM_DECOMMIT,
					 MEM_RELEASE,
					 MEM_DECOMMIT,
					 MEM_RELEASE,
					 0,
					 MEM_DECOMMIT | MEM_RELEASE,
					 MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER,
					 MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS,
					 MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER,
					 MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS};
	unsigned space = take_space();
	uint32_t type = TAKE_FROM(types);
	vaddr_t base = take_address(space), asked = base;
	uint64_t size = take_size(), asked_size = size;
	struct oracle_view *view = oracle_find(oracle_of(space), base);
	struct oracle_expectation want;

	if (view && take() % 4 == 0) { /* the whole of it */
		asked = base = view->start;
		asked_size = size = 0;
	}
	if (!has_room(space))
		return;
	say("space %u: free %#llx, size %#llx, type %#x", space, (unsigned long long)base,
	    (unsigned long long)size, type);
	want = oracle_expect_free(oracle_of(space), base, size, type);
	call_begin();
	if (judge(&want, memory_free(world.spaces[space], &base, &size, type)))
		memory_freed(space, view, asked, asked_size, type, base, size);
	else if (base != asked || size != asked_size)
		mismatch("base and size were changed although the call failed");
}

void protect_memory(void)
{
	unsigned space = take_space();
	vaddr_t base = take_address(space), asked = base;
	uint64_t size = take_size(), asked_size = size;
	uint32_t protection = take_protection(), old = 0x1234, old_wanted;
	struct oracle_expectation want;

	if (!oracle_knows(oracle_of(space), base, base + size))
		return;
	say("space %u: protect %#llx, size %#llx, protection %s", space, (unsigned long long)base,
	    (unsigned long long)size, protection_words(protection));
	want = oracle_expect_protect(oracle_of(space), base, size, protection);
	call_begin();
	if (!judge(&want, memory_protect(world.spaces[space], &base, &size, protection, &old))) {
		if (base != asked || size != asked_size || old != 0x1234)
			mismatch("outputs were changed although the call failed");
		return;
	}
	if (base != page_round_down(asked) || base + size != page_round_up(asked + asked_size))
		mismatch("protected %#llx, size %#llx", (unsigned long long)base,
			 (unsigned long long)size);
	old_wanted = oracle_protection(oracle_find(oracle_of(space), base), base);
	if (old != old_wanted)
		mismatch("old protection %s, not %s", protection_words(old),
			 protection_words(old_wanted));
	oracle_protected(oracle_find(oracle_of(space), base), base, base + size, protection);
}

void query_memory(void)
{
	unsigned space = take_space();
	vaddr_t va = take_address(space);
	struct nt_memory_basic_information seen, want;
	NTSTATUS status = memory_query(world.spaces[space], va, &seen);
	NTSTATUS status_wanted = oracle_query(oracle_of(space), va, &want);

	say("space %u: query %#llx -> %#x\n", space, (unsigned long long)va, (unsigned)status);
	if (status != status_wanted)
		mismatch("query: status %#x, not %#x", (unsigned)status, (unsigned)status_wanted);
	if (NT_SUCCESS(status) &&
	    (seen.base_address != want.base_address ||
	     seen.region_size_bytes != want.region_size_bytes || seen.state != want.state))
		mismatch("query of %#llx", (unsigned long long)va);
}

void allocate_stack(void)
{
	unsigned space = take_space();
	uint64_t reserve = take_size() % (1ull << 21), commit = take_size() % (1ull << 20);
	uint64_t commit_pages = commit ? bytes_to_pages(commit) : 1;
	uint64_t reserve_bytes = pages_to_bytes(commit_pages + 2);
	struct oracle_expectation want = {.charge_min = commit_pages + 1,
					  .charge_max = commit_pages + 1};
	vaddr_t base = 0, limit = 0, end = 0;

	if (!has_room(space))
		return;
	if (reserve > reserve_bytes)
		reserve_bytes = reserve;
	say("space %u: stack, reserve %#llx, commit %#llx", space, (unsigned long long)reserve,
	    (unsigned long long)commit);
	call_begin();
	if (!judge(&want,
		   stack_allocate(world.spaces[space], reserve, commit, &base, &limit, &end)))
		return;
	say("      at %#llx .. %#llx, limit %#llx\n", (unsigned long long)base,
	    (unsigned long long)end, (unsigned long long)limit);
	if (limit != end - pages_to_bytes(commit_pages) ||
	    end - base != (reserve_bytes + ALLOCATION_GRANULARITY - 1) / ALLOCATION_GRANULARITY *
				  ALLOCATION_GRANULARITY)
		mismatch("stack of the wrong size");
	check_place(space, oracle_is_free(oracle_of(space), base, end), base, end - base);
	oracle_stack_allocated(oracle_of(space), base, limit, end);
}

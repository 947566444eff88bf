/*
 * query.c - what NtQueryVirtualMemory tells of an address (nt-semantics 3.4.7, 5.4).
 */
#include "frame.h"
#include "kernel/io/file.h"
#include "kernel/lib/print.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "protection.h"
#include "region.h"
#include "segment.h"
#include "view.h"

/* What the pages of one run have in common. */
struct page_attributes {
	uint32_t state, protection;
};

static page_index_t segment_page(const struct view *view, vaddr_t va)
{
	return view->first_page + page_of(va - view->start);
}

bool page_is_committed(const struct region *region, vaddr_t va)
{
	struct view *view = region->view;
	bool committed;

	if (region->state == REGION_RESERVED)
		return false;
	if (!view_has_uncommitted_pages(view))
		return true;
	spin_lock(&frame_lock);
	committed = segment_page_is_committed_locked(view->segment, segment_page(view, va));
	spin_unlock(&frame_lock);
	return committed;
}

static struct page_attributes attributes_of(struct region *region, vaddr_t va)
{
	if (!page_is_committed(region, va))
		return (struct page_attributes){.state = MEM_RESERVE};
	return (struct page_attributes){.state = MEM_COMMIT,
					.protection = page_protection(region, va)};
}

/* From a page of a copy-on-write region on: where pages stop, or start, to be private. */
static vaddr_t copy_run_end(struct region *region, vaddr_t va)
{
	struct address_space *space = region->view->space;
	bool is_private = page_is_private(space, va);
	vaddr_t at = va;

	while (at < region->end) {
		vaddr_t next = at;

		if (!slot_next(space, &next, region->end))
			next = region->end;
		if (next > at && is_private)
			return at;
		at = next;
		if (at >= region->end || page_is_private(space, at) != is_private)
			break;
		at += PAGE_SIZE;
	}
	return at < region->end ? at : region->end;
}

/*
 * From a page of a SEC_RESERVE section or an extendable view on: where pages stop, or start, to be
 * committed.
 */
static vaddr_t commit_run_end(struct region *region, vaddr_t va)
{
	page_index_t first = segment_page(region->view, va);
	page_index_t end = first + bytes_to_pages(region->end - va);

	return va +
	       pages_to_bytes(segment_commit_run_end(region->view->segment, first, end) - first);
}

/* The end of the pages from `va` on, within the region, that have its attributes. */
static vaddr_t uniform_end(struct region *region, vaddr_t va)
{
	vaddr_t end = region->end, copies_end;

	if (region->state == REGION_RESERVED)
		return end;
	if (view_has_uncommitted_pages(region->view))
		end = commit_run_end(region, va);
	if (protection_is_copy(region->protection)) {
		copies_end = copy_run_end(region, va);
		if (copies_end < end)
			end = copies_end;
	}
	return end;
}

static vaddr_t run_end(struct region *region, vaddr_t va, struct page_attributes wanted)
{
	vaddr_t end = uniform_end(region, va);

	for (;;) {
		struct page_attributes seen;

		if (end == region->end)
			region = region_next_in_view(region);
		if (!region)
			return end;
		seen = attributes_of(region, end);
		if (seen.state != wanted.state || seen.protection != wanted.protection)
			return end;
		end = uniform_end(region, end);
	}
}

static uint32_t type_of(const struct view *view)
{
	switch (view->kind) {
	case VIEW_PRIVATE:
		return MEM_PRIVATE;
	case VIEW_MAPPED:
		return MEM_MAPPED;
	case VIEW_IMAGE:
		return MEM_IMAGE;
	}
	return 0;
}

static void query_free(struct address_space *space, vaddr_t va,
		       struct nt_memory_basic_information *result)
{
	struct region *next = region_at_or_after(space, va);

	result->region_size_bytes = (next ? next->start : USER_LIMIT) - va;
	result->state = MEM_FREE;
	result->protect = PAGE_NOACCESS;
}

NTSTATUS memory_query(struct address_space *space, vaddr_t address,
		      struct nt_memory_basic_information *result)
{
	vaddr_t va = page_round_down(address);
	struct page_attributes attributes;
	struct region *region;

	if (address > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER;
	*result = (struct nt_memory_basic_information){.base_address = va};
	mutex_lock(&space->lock);
	region = region_find(space, va);
	if (!region) {
		query_free(space, va, result);
	} else {
		attributes = attributes_of(region, va);
		result->allocation_base = region->view->start;
		result->allocation_protect = region->view->allocation_protect;
		result->region_size_bytes = run_end(region, va, attributes) - va;
		result->state = attributes.state;
		result->protect = attributes.protection;
		result->type = type_of(region->view);
	}
	mutex_unlock(&space->lock);
	return STATUS_SUCCESS;
}

/*
 * An opaque number that is equal for two pages exactly when they are in the same frame; not an
 * address.
 */
static uint64_t frame_identity(pfn_t pfn)
{
	return pfn * 0x9E3779B97F4A7C15ull;
}

NTSTATUS memory_query_page(struct address_space *space, vaddr_t address,
			   struct quire_memory_page *result)
{
	pte_t word;

	if (address > USER_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER;
	*result = (struct quire_memory_page){0};
	spin_lock(&frame_lock);
	word = slot_word(space, page_round_down(address));
	if (pte_kind(word) == PTE_VALID) {
		result->frame_identity = frame_identity(pte_pfn(word));
		result->is_valid = 1;
		result->is_writable = pte_is_writable(word);
		result->is_private = slot_is_private_locked(word);
		result->is_uncached = (word.bits & PTE_UNCACHED) == PTE_UNCACHED;
		result->is_write_combining = (word.bits & PTE_UNCACHED) == PTE_WRITE_COMBINE;
		result->is_large = pte_is_large(word);
		result->shares = frame_of_shares(word)->shares;
	}
	spin_unlock(&frame_lock);
	return STATUS_SUCCESS;
}

bool memory_describe(struct address_space *space, vaddr_t address, char *name, size_t capacity,
		     uint64_t *offset)
{
	struct file_node *file = NULL;
	struct view *view;

	mutex_lock(&space->lock);
	view = view_find(space, address);
	if (view && view->segment && view->segment->file) {
		file = view->segment->file;
		file_reference(file);
		*offset = address - view->start + pages_to_bytes(view->first_page);
	}
	mutex_unlock(&space->lock);
	if (!file)
		return false;
	file_path(file, name, capacity);
	file_release(file);
	return true;
}

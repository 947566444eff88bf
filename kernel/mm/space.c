/*
 * space.c - address spaces: making and ending them, and the kernel's own access to the memory of
 * any of them.
 */
#include "space.h"

#include "frame.h"
#include "kernel/core/pool.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"
#include "mm.h"
#include "page_table.h"
#include "region.h"
#include "view.h"

static struct mutex spaces_lock = MUTEX_INIT("spaces", RANK_SPACES);
static LIST_HEAD(, address_space) spaces = LIST_HEAD_INITIALIZER(spaces);

static NTSTATUS root_create(paddr_t *root)
{
	pfn_t pfn = frame_alloc_wait(FRAME_ALL_ZERO);

	if (pfn == PFN_NONE)
		return STATUS_NO_MEMORY;
	spin_lock(&frame_lock);
	frame_make_table_locked(frame_of(pfn));
	spin_unlock(&frame_lock);
	*root = pfn_address(pfn);
	pt_root_init(*root);
	return STATUS_SUCCESS;
}

NTSTATUS space_create(struct address_space **result)
{
	struct address_space *space = pool_alloc(sizeof(*space));
	NTSTATUS status;

	if (!space)
		return STATUS_INSUFFICIENT_RESOURCES;
	mutex_init(&space->lock, "address space", RANK_ADDRESS_SPACE);
	RB_INIT(&space->regions);
	status = root_create(&space->root);
	if (!NT_SUCCESS(status)) {
		pool_free(space, sizeof(*space));
		return status;
	}
	space->table_frames = 1;
	/* the one CPU there is may have translations of any space */
	atomic_init(&space->active_cpus, 1);
	mutex_lock(&spaces_lock);
	LIST_INSERT_HEAD(&spaces, space, all);
	mutex_unlock(&spaces_lock);
	*result = space;
	return STATUS_SUCCESS;
}

/* Takes out the lowest view, or NULL when none is left. */
static struct view *remove_first_view(struct address_space *space)
{
	struct region *region;
	struct view *view = NULL;

	mutex_lock(&space->lock);
	space->dying = true;
	region = region_at_or_after(space, 0);
	if (region) {
		view = region->view;
		view_remove(space, view);
	}
	mutex_unlock(&space->lock);
	return view;
}

void space_destroy(struct address_space *space)
{
	struct view *view;

	while ((view = remove_first_view(space)) != NULL)
		view_free(view);
	mutex_lock(&spaces_lock);
	LIST_REMOVE(space, all);
	mutex_unlock(&spaces_lock);
	spin_lock(&frame_lock);
	KASSERT(space->table_frames == 1 && space->resident_pages == 0);
	KASSERT(frame_of(pfn_of(space->root))->shares == 0);
	frame_free_locked(frame_of(pfn_of(space->root)));
	spin_unlock(&frame_lock);
	KASSERT(space->commit_pages == 0);
	pool_free(space, sizeof(*space));
}

void space_commit_changed(struct address_space *space, int64_t pages)
{
	space->commit_pages += (uint64_t)pages;
	if (space->commit_pages > space->peak_commit_pages)
		space->peak_commit_pages = space->commit_pages;
}

void space_for_each(void (*visit)(struct address_space *space, void *context), void *context)
{
	struct address_space *space;

	mutex_lock(&spaces_lock);
	LIST_FOREACH (space, &spaces, all)
		visit(space, context);
	mutex_unlock(&spaces_lock);
}

/*
 * Pins the frame behind a user page for one access; PFN_NONE: it is not mapped with the right,
 * fault first.
 */
static pfn_t pin_mapped(struct address_space *space, vaddr_t va, bool write)
{
	pfn_t pfn = PFN_NONE;
	pte_t word;

	spin_lock(&frame_lock);
	word = slot_word(space, va);
	if (pte_kind(word) == PTE_VALID && (!write || pte_is_writable(word))) {
		pfn = pte_pfn(word);
		frame_pin_locked(frame_of(pfn));
	}
	spin_unlock(&frame_lock);
	return pfn;
}

static void unpin(pfn_t pfn, bool was_written)
{
	spin_lock(&frame_lock);
	frame_unpin_locked(frame_of(pfn), was_written);
	spin_unlock(&frame_lock);
}

/* One page of space_read or space_write: the range does not cross a page. */
static NTSTATUS copy_page(struct address_space *space, vaddr_t va, void *kernel, size_t size,
			  bool write)
{
	for (;;) {
		pfn_t pfn = pin_mapped(space, va, write);
		NTSTATUS status;

		if (pfn != PFN_NONE) {
			unsigned char *user = (unsigned char *)frame_memory(pfn) + page_offset(va);

			if (write)
				memcpy(user, kernel, size);
			else
				memcpy(kernel, user, size);
			unpin(pfn, write);
			return STATUS_SUCCESS;
		}
		status = mm_fault(space, va, write ? ACCESS_WRITE : ACCESS_READ, false);
		if (!NT_SUCCESS(status))
			return status;
	}
}

static NTSTATUS copy(struct address_space *space, vaddr_t va, unsigned char *kernel, size_t size,
		     bool write, size_t *done)
{
	NTSTATUS status = STATUS_SUCCESS;
	size_t copied = 0;

	if (!range_within(va, size, USER_LOWEST_ADDRESS, USER_LIMIT))
		status = STATUS_PARTIAL_COPY;
	while (NT_SUCCESS(status) && copied < size) {
		size_t part = PAGE_SIZE - page_offset(va + copied);

		if (part > size - copied)
			part = size - copied;
		status = copy_page(space, va + copied, kernel + copied, part, write);
		if (NT_SUCCESS(status))
			copied += part;
	}
	if (done)
		*done = copied;
	return NT_SUCCESS(status) ? status : STATUS_PARTIAL_COPY;
}

NTSTATUS space_read(struct address_space *space, vaddr_t from, void *to, size_t size_bytes,
		    size_t *done)
{
	return copy(space, from, to, size_bytes, false, done);
}

NTSTATUS space_write(struct address_space *space, vaddr_t to, const void *from, size_t size_bytes,
		     size_t *done)
{
	return copy(space, to, (unsigned char *)(uintptr_t)from, size_bytes, true, done);
}

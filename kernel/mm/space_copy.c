/*
 * space_copy.c - copies between any address space and the kernel, or the current process
 * (nt-semantics 5.7).
 *
 * One page at a time: the page is faulted in, its frame borrowed (pinned, and its segment
 * referenced, so that neither goes while we copy), and copied to or from without any lock. The
 * other side may fault meanwhile, and the page may be unmapped, protected or freed: a frame that
 * loses its owner while it is borrowed is freed when it is given back.
 */
#include "frame.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"
#include "mm.h"
#include "page_table.h"
#include "pages.h"
#include "segment.h"
#include "user_memory.h"
#include "watch.h"

struct borrowed_page {
	pfn_t pfn;
	struct segment *segment; /* a reference; NULL: a private page */
};

/* False: the page is not mapped with the right; fault first. */
static bool borrow_mapped(struct address_space *space, vaddr_t va, bool write,
			  struct borrowed_page *page)
{
	bool found = false;
	pte_t word;

	spin_lock(&frame_lock);
	word = slot_word(space, va);
	if (pte_kind(word) == PTE_VALID && (!write || pte_is_writable(word))) {
		struct frame *frame = frame_of(pte_pfn(word));

		frame_pin_locked(frame);
		page->pfn = frame_number(frame);
		page->segment = frame->flags & FRAME_PRIVATE ? NULL : frame->owner;
		if (page->segment)
			segment_reference(page->segment);
		found = true;
	}
	spin_unlock(&frame_lock);
	return found;
}

static NTSTATUS page_borrow(struct address_space *space, vaddr_t va, bool write,
			    struct borrowed_page *page)
{
	while (!borrow_mapped(space, va, write, page)) {
		NTSTATUS status = mm_fault(space, va, write ? ACCESS_WRITE : ACCESS_READ, false);

		if (!NT_SUCCESS(status))
			return status;
	}
	return STATUS_SUCCESS;
}

static void page_give_back(struct borrowed_page *page, bool was_written)
{
	spin_lock(&frame_lock);
	frame_unpin_locked(frame_of(page->pfn), was_written);
	spin_unlock(&frame_lock);
	if (page->segment)
		segment_release(page->segment);
}

/* The side that is not `space`: kernel memory, or user memory of the current process. */
struct local_side {
	unsigned char *kernel; /* NULL: user */
	vaddr_t user;
	bool failed;
};

static NTSTATUS copy_part(struct local_side *local, size_t done, unsigned char *page, size_t size,
			  bool write)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (local->kernel && write)
		memcpy(page, local->kernel + done, size);
	else if (local->kernel)
		memcpy(local->kernel + done, page, size);
	else if (write)
		status = copy_in(page, local->user + done, size);
	else
		status = copy_out(local->user + done, page, size);
	local->failed = !NT_SUCCESS(status);
	return status;
}

/* The part of a transfer that crosses no page on either side. */
static size_t part_of(vaddr_t va, const struct local_side *local, size_t done, size_t size)
{
	size_t part = PAGE_SIZE - page_offset(va + done);

	if (!local->kernel && part > PAGE_SIZE - page_offset(local->user + done))
		part = PAGE_SIZE - page_offset(local->user + done);
	return part < size - done ? part : size - done;
}

static NTSTATUS copy(struct address_space *space, vaddr_t va, struct local_side *local, size_t size,
		     bool write, size_t *done)
{
	NTSTATUS status = STATUS_SUCCESS;
	size_t copied = 0;

	lock_assert_none_held();
	if (!range_within(va, size, USER_LOWEST_ADDRESS, USER_LIMIT))
		status = STATUS_ACCESS_VIOLATION;
	while (NT_SUCCESS(status) && copied < size) {
		size_t part = part_of(va, local, copied, size);
		struct borrowed_page page;

		status = page_borrow(space, va + copied, write, &page);
		if (!NT_SUCCESS(status))
			break;
		status = copy_part(local, copied,
				   (unsigned char *)frame_memory(page.pfn) +
					   page_offset(va + copied),
				   part, write);
		if (write) /* a mark that was reset since the page was borrowed */
			watch_mark_range(space, va + copied, part);
		page_give_back(&page, write);
		if (NT_SUCCESS(status))
			copied += part;
	}
	if (done)
		*done = copied;
	return NT_SUCCESS(status) || local->kernel ? status : STATUS_PARTIAL_COPY;
}

NTSTATUS space_read(struct address_space *space, vaddr_t from, void *to, size_t size_bytes,
		    size_t *done)
{
	return copy(space, from, &(struct local_side){.kernel = to}, size_bytes, false, done);
}

NTSTATUS space_write(struct address_space *space, vaddr_t to, const void *from, size_t size_bytes,
		     size_t *done)
{
	struct local_side local = {.kernel = (unsigned char *)(uintptr_t)from};

	return copy(space, to, &local, size_bytes, true, done);
}

NTSTATUS space_read_to_user(struct address_space *space, vaddr_t from, vaddr_t to,
			    size_t size_bytes, size_t *done)
{
	struct local_side local = {.user = to};
	NTSTATUS status = copy(space, from, &local, size_bytes, false, done);

	return local.failed ? STATUS_ACCESS_VIOLATION : status;
}

NTSTATUS space_write_from_user(struct address_space *space, vaddr_t to, vaddr_t from,
			       size_t size_bytes, size_t *done)
{
	return copy(space, to, &(struct local_side){.user = from}, size_bytes, true, done);
}

/*
 * stack.c - guard pages, and stacks that grow over them (nt-semantics 5.9, 5.10).
 *
 * A stack is a private view: reserved at the bottom, then one guard page, then committed up to the
 * end. Touching the guard page commits it and moves the guard one page down. The lowest page stays
 * reserved; when the guard would come to lie on the page above it, that page is committed without a
 * guard, and the program gets its overflow with two pages to handle it in.
 */
#include "stack.h"

#include "commit.h"
#include "kernel/core/thread.h"
#include "mm.h"
#include "nt/ntps.h"
#include "pages.h"
#include "region.h"
#include "space.h"
#include "user_memory.h"
#include "view.h"

NTSTATUS guard_remove(struct address_space *space, vaddr_t va)
{
	struct region *region = region_find(space, va);

	return view_protect_locked(region->view, va, va + PAGE_SIZE,
				   region->protection & ~(uint32_t)PAGE_GUARD);
}

/*
 * Takes the guard off `va` and gives the page below `protection`. Whatever can fail comes first.
 */
static NTSTATUS guard_move_down(struct view *view, vaddr_t va, uint32_t protection,
				struct region_spares *spares)
{
	struct address_space *space = view->space;
	vaddr_t below = va - PAGE_SIZE;
	/* the program may have committed the page itself, and used it */
	uint64_t charge = region_find(space, below)->state == REGION_RESERVED;
	NTSTATUS status = commit_charge(charge);

	if (!NT_SUCCESS(status))
		return status;
	status = guard_remove(space, va);
	if (!NT_SUCCESS(status)) {
		commit_release(charge);
		return status;
	}
	view_charge(view, (int64_t)charge);
	region_change(space, below, va, REGION_COMMITTED, protection, spares);
	pages_protect(space, below, va, protection);
	return STATUS_SUCCESS;
}

NTSTATUS stack_grow(struct address_space *space, vaddr_t va, vaddr_t *limit)
{
	struct view *view = region_find(space, va)->view;
	bool is_last = va <= view->start + 2 * PAGE_SIZE;
	struct region_spares spares;
	NTSTATUS status;

	*limit = 0;
	if (va <= view->start + PAGE_SIZE) { /* a guard that the program has put so low itself */
		status = guard_remove(space, va);
		if (NT_SUCCESS(status))
			*limit = va;
		return NT_SUCCESS(status) ? STATUS_STACK_OVERFLOW : status;
	}
	status = region_spares_alloc(&spares);
	if (!NT_SUCCESS(status))
		return STATUS_STACK_OVERFLOW;
	status = guard_move_down(view, va, PAGE_READWRITE | (is_last ? 0 : PAGE_GUARD), &spares);
	region_spares_free(&spares);
	if (NT_SUCCESS(status))
		*limit = is_last ? va - PAGE_SIZE : va;
	return NT_SUCCESS(status) && !is_last ? STATUS_SUCCESS : STATUS_STACK_OVERFLOW;
}

void stack_limit_publish(struct address_space *space, vaddr_t limit)
{
	struct thread *thread = thread_current();
	NTSTATUS status;

	if (thread->space != space || !thread->user_gs_base)
		return;
	/* a thread that has unmapped its own TEB harms only itself */
	status = copy_out(thread->user_gs_base + TEB_STACK_LIMIT, &limit, sizeof(limit));
	(void)status;
}

NTSTATUS stack_allocate(struct address_space *space, uint64_t reserve_bytes, uint64_t commit_bytes,
			vaddr_t *allocation_base, vaddr_t *limit, vaddr_t *base)
{
	struct view_template template = {.kind = VIEW_PRIVATE,
					 .protection = PAGE_READWRITE,
					 .state = REGION_RESERVED,
					 .inherit = VIEW_UNMAP,
					 .is_stack = true};
	uint64_t reserve, commit;
	struct region_spares spares;
	struct view *view;
	NTSTATUS status;

	if (reserve_bytes > USER_LIMIT || commit_bytes > USER_LIMIT)
		return STATUS_NO_MEMORY;
	commit = page_round_up(commit_bytes ? commit_bytes : PAGE_SIZE);
	if (reserve_bytes < commit + 2 * PAGE_SIZE)
		reserve_bytes = commit + 2 * PAGE_SIZE;
	reserve = (reserve_bytes + ALLOCATION_GRANULARITY - 1) & ~(ALLOCATION_GRANULARITY - 1);
	template.commit_pages = bytes_to_pages(commit) + 1; /* and the guard page */
	status = region_spares_alloc(&spares);
	if (!NT_SUCCESS(status))
		return status;
	status = commit_charge(template.commit_pages);
	if (!NT_SUCCESS(status))
		goto free_spares;
	mutex_lock(&space->lock);
	template.start = view_place(space, reserve, 0, false);
	template.end = template.start + reserve;
	status = template.start ? view_create(space, &template, &view) : STATUS_NO_MEMORY;
	if (NT_SUCCESS(status)) {
		*allocation_base = template.start;
		*limit = template.end - commit;
		*base = template.end;
		region_change(space, *limit, *base, REGION_COMMITTED, PAGE_READWRITE, &spares);
		region_change(space, *limit - PAGE_SIZE, *limit, REGION_COMMITTED,
			      PAGE_READWRITE | PAGE_GUARD, &spares);
	}
	mutex_unlock(&space->lock);
	if (!NT_SUCCESS(status))
		commit_release(template.commit_pages);
free_spares:
	region_spares_free(&spares);
	return status;
}

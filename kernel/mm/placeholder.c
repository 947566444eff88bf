/*
 * placeholder.c - see placeholder.h. Splitting is a kind of freeing: memory_free.c.
 */
#include "placeholder.h"

#include "mm.h"

struct view_template placeholder_template(vaddr_t start, vaddr_t end)
{
	return (struct view_template){.kind = VIEW_PRIVATE,
				      .start = start,
				      .end = end,
				      .protection = PAGE_NOACCESS,
				      .state = REGION_RESERVED,
				      .inherit = VIEW_UNMAP,
				      .is_placeholder = true};
}

NTSTATUS placeholder_check_type(uint32_t type, uint32_t protection)
{
	uint32_t allowed = MEM_RESERVE;
	bool is_good = type & MEM_RESERVE;

	if (!(type & MEM_PLACEHOLDERS))
		return STATUS_SUCCESS;
	if (type & MEM_REPLACE_PLACEHOLDER) {
		allowed |= MEM_REPLACE_PLACEHOLDER | MEM_COMMIT | MEM_WRITE_WATCH;
	} else {
		allowed |= MEM_RESERVE_PLACEHOLDER | MEM_TOP_DOWN;
		is_good = is_good && protection == PAGE_NOACCESS;
	}
	return is_good && !(type & ~allowed) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS placeholder_find(struct address_space *space, vaddr_t start, vaddr_t end,
			  struct view **result)
{
	struct view *view = view_find(space, start);

	if (!view)
		return STATUS_INVALID_PARAMETER;
	if (view->start != start || view->end != end)
		return STATUS_CONFLICTING_ADDRESSES;
	if (!view->is_placeholder)
		return STATUS_INVALID_PARAMETER;
	*result = view;
	return STATUS_SUCCESS;
}

/* True when placeholders, two or more of them, fill the range. */
static bool is_filled(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct view *view = view_find(space, start);

	if (!view || view->start != start || view->end >= end)
		return false;
	while (view && view->is_placeholder && view->end < end)
		view = view_find(space, view->end);
	return view && view->is_placeholder && view->end == end;
}

NTSTATUS placeholder_coalesce(struct address_space *space, vaddr_t start, vaddr_t end)
{
	struct view_template template = placeholder_template(start, end);
	struct view_memory memory;
	NTSTATUS status;

	if (!is_filled(space, start, end))
		return STATUS_CONFLICTING_ADDRESSES;
	if (space->dying)
		return STATUS_PROCESS_IS_TERMINATING;
	status = view_memory_alloc(&template, &memory);
	if (!NT_SUCCESS(status))
		return status;
	for (vaddr_t at = start; at < end;) {
		struct view *view = view_find(space, at);

		at = view->end;
		view_remove(space, view);
		view_free(view);
	}
	view_insert(space, &template, &memory);
	return STATUS_SUCCESS;
}

NTSTATUS view_unmap_to_placeholder(struct address_space *space, vaddr_t address)
{
	struct view_template template;
	struct view *view, *placeholder;
	NTSTATUS status;

	mutex_lock(&space->lock);
	view = view_find(space, address);
	if (!view || view->kind == VIEW_PRIVATE) {
		status = STATUS_NOT_MAPPED_VIEW;
	} else if (!view->was_placeholder) {
		status = STATUS_CONFLICTING_ADDRESSES;
	} else {
		template = placeholder_template(view->start, view->end);
		template.replaced = view;
		status = view_create(space, &template, &placeholder);
	}
	mutex_unlock(&space->lock);
	if (NT_SUCCESS(status))
		view_free(view);
	return status;
}

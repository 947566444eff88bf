/*
 * space.c - address spaces: making and ending them. (Copies to and from them: space_copy.c.)
 */
#include "space.h"

#include "frame.h"
#include "kernel/core/pool.h"
#include "mm.h"
#include "region.h"
#include "view.h"
#include "working_set.h"

static struct mutex spaces_lock = MUTEX_INIT("spaces", RANK_SPACES);
static TAILQ_HEAD(, address_space) spaces = TAILQ_HEAD_INITIALIZER(spaces);
static unsigned space_count; /* (P) */

/* What a process has before it asks for something else: what Windows reports. */
#define DEFAULT_MINIMUM_PAGES 50u
#define DEFAULT_MAXIMUM_PAGES 345u

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
	space->working_set.minimum_pages = DEFAULT_MINIMUM_PAGES;
	space->working_set.maximum_pages = DEFAULT_MAXIMUM_PAGES;
	status = root_create(&space->root);
	if (!NT_SUCCESS(status)) {
		pool_free(space, sizeof(*space));
		return status;
	}
	space->table_frames = 1;
	/* the one CPU there is may have translations of any space */
	atomic_init(&space->active_cpus, 1);
	mutex_lock(&spaces_lock);
	TAILQ_INSERT_HEAD(&spaces, space, all);
	space_count++;
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
	TAILQ_REMOVE(&spaces, space, all);
	space_count--;
	mutex_unlock(&spaces_lock);
	working_set_destroy(space);
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
	TAILQ_FOREACH (space, &spaces, all)
		visit(space, context);
	mutex_unlock(&spaces_lock);
}

void space_visit_in_turn(bool (*visit)(struct address_space *space, void *context), void *context)
{
	bool go_on = true;

	mutex_lock(&spaces_lock);
	for (unsigned left = space_count; left && go_on; left--) {
		struct address_space *space = TAILQ_FIRST(&spaces);

		TAILQ_REMOVE(&spaces, space, all);
		TAILQ_INSERT_TAIL(&spaces, space, all);
		go_on = visit(space, context);
	}
	mutex_unlock(&spaces_lock);
}

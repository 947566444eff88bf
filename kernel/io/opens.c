/*
 * opens.c - who has a file open and what others may do meanwhile, deletion, times and attributes.
 *
 * A file that is deleted stays under its name until its last handle is closed (no new open is
 * allowed), then leaves the tree; its bytes stay until nobody refers to it any more, which may be
 * later: a view keeps them.
 */
#include "file.h"

#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "nt/ntio.h"
#include "disk.h"
#include "node.h"
#include "tree.h"

/* ---- holding a file ---- */

static struct spinlock hold_lock = SPINLOCK_INIT("file hold", RANK_OBJECT);

void file_hold(struct file_node *node)
{
	lock_assert_none_held();
	spin_lock(&hold_lock);
	while (node->is_held) {
		NTSTATUS status = thread_sleep_for(QUIRE_WAIT_FILE, &node->is_held, &hold_lock,
						   TIME_FOREVER, false);

		KASSERT(status == STATUS_SUCCESS);
	}
	node->is_held = true;
	spin_unlock(&hold_lock);
}

void file_unhold(struct file_node *node)
{
	spin_lock(&hold_lock);
	KASSERT(node->is_held);
	node->is_held = false;
	thread_wake(&node->is_held);
	spin_unlock(&hold_lock);
}

/* ---- sharing ---- */

/* Which of the three things that sharing is about an open does. */
struct deeds {
	bool reads, writes, deletes;
};

static struct deeds deeds_of(uint32_t access)
{
	return (struct deeds){
		.reads = access & (FILE_READ_DATA | FILE_EXECUTE),
		.writes = access & (FILE_WRITE_DATA | FILE_APPEND_DATA),
		.deletes = access & DELETE_ACCESS,
	};
}

static bool share_allows(const struct share_counts *counts, struct deeds deeds, uint32_t share)
{
	if (!deeds.reads && !deeds.writes && !deeds.deletes)
		return true;
	if ((deeds.reads && counts->shared_read < counts->opens) ||
	    (deeds.writes && counts->shared_write < counts->opens) ||
	    (deeds.deletes && counts->shared_delete < counts->opens))
		return false;
	return !((counts->readers && !(share & FILE_SHARE_READ)) ||
		 (counts->writers && !(share & FILE_SHARE_WRITE)) ||
		 (counts->deleters && !(share & FILE_SHARE_DELETE)));
}

/* Enters (change 1) or takes out (change -1) an open. */
static void share_count(struct share_counts *counts, const struct file_use *use, uint32_t change)
{
	struct deeds deeds = deeds_of(use->access);

	if (!deeds.reads && !deeds.writes && !deeds.deletes)
		return;
	counts->opens += change;
	counts->readers += deeds.reads ? change : 0;
	counts->writers += deeds.writes ? change : 0;
	counts->deleters += deeds.deletes ? change : 0;
	counts->shared_read += use->share & FILE_SHARE_READ ? change : 0;
	counts->shared_write += use->share & FILE_SHARE_WRITE ? change : 0;
	counts->shared_delete += use->share & FILE_SHARE_DELETE ? change : 0;
}

void open_count_locked(struct file_node *node, const struct file_use *use)
{
	KASSERT(mutex_is_held(&disk_lock));
	share_count(&node->share, use, 1);
	node->handle_count++;
}

NTSTATUS file_open_enter(struct file_node *node, const struct file_use *use, uint32_t needed)
{
	NTSTATUS status = STATUS_SUCCESS;

	mutex_lock(&disk_lock);
	if (node->is_deleted || !node->is_in_tree)
		status = STATUS_DELETE_PENDING;
	else if (!share_allows(&node->share, deeds_of(use->access | needed), use->share))
		status = STATUS_SHARING_VIOLATION;
	else
		open_count_locked(node, use);
	mutex_unlock(&disk_lock);
	return status;
}

bool file_open_leave(struct file_node *node, const struct file_use *use)
{
	bool leaves_tree;

	mutex_lock(&disk_lock);
	KASSERT(node->handle_count > 0);
	share_count(&node->share, use, UINT32_MAX);
	node->handle_count--;
	leaves_tree = node->is_deleted && node->handle_count == 0 && node->is_in_tree;
	if (leaves_tree)
		tree_remove(node);
	mutex_unlock(&disk_lock);
	return leaves_tree;
}

/* ---- deletion ---- */

NTSTATUS file_set_deleted(struct file_node *node, bool deleted, bool ignore_readonly)
{
	NTSTATUS status = STATUS_SUCCESS;

	mutex_lock(&disk_lock);
	if (deleted && !node->parent)
		status = STATUS_CANNOT_DELETE;
	else if (deleted && !ignore_readonly && (node->attributes & FILE_ATTRIBUTE_READONLY))
		status = STATUS_CANNOT_DELETE;
	else if (deleted && !LIST_EMPTY(&node->children))
		status = STATUS_DIRECTORY_NOT_EMPTY;
	else
		node->is_deleted = deleted;
	mutex_unlock(&disk_lock);
	return status;
}

bool file_is_deleted(struct file_node *node)
{
	bool deleted;

	mutex_lock(&disk_lock);
	deleted = node->is_deleted || !node->is_in_tree;
	mutex_unlock(&disk_lock);
	return deleted;
}

/* ---- times and attributes ---- */

void file_properties_read(struct file_node *node, struct file_properties *properties)
{
	bool is_directory = node->kind == FILE_KIND_DIRECTORY;
	uint64_t allocation_bytes = file_allocation(node);

	mutex_lock(&disk_lock);
	*properties = (struct file_properties){
		.times = node->times,
		.attributes = node->attributes | (is_directory ? FILE_ATTRIBUTE_DIRECTORY : 0),
		.size_bytes = is_directory ? 0 : file_size(node),
		.allocation_bytes = allocation_bytes,
		.index = node->index,
		.is_directory = is_directory,
		.is_deleted = node->is_deleted || !node->is_in_tree,
	};
	mutex_unlock(&disk_lock);
	properties->links = properties->is_deleted ? 0 : 1;
	if (!properties->attributes)
		properties->attributes = FILE_ATTRIBUTE_NORMAL;
}

void file_properties_set(struct file_node *node, const struct file_times *times,
			 uint32_t attributes)
{
	uint64_t now = time_system();

	mutex_lock(&disk_lock);
	if (times->creation)
		node->times.creation = times->creation;
	if (times->last_access)
		node->times.last_access = times->last_access;
	if (times->last_write)
		node->times.last_write = times->last_write;
	node->times.change = times->change ? times->change : now;
	if (attributes)
		node->attributes = attributes & FILE_ATTRIBUTES_KEPT;
	mutex_unlock(&disk_lock);
}

void file_touch(struct file_node *node, bool is_write)
{
	uint64_t now = time_system();

	mutex_lock(&disk_lock);
	if (is_write)
		node->times.last_write = node->times.change = now;
	else
		node->times.last_access = now;
	mutex_unlock(&disk_lock);
}

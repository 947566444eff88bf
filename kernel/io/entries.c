/*
 * entries.c - names that come and go after the mount: making files and directories, and renaming.
 */
#include "file.h"

#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "nt/ntio.h"
#include "disk.h"
#include "node.h"
#include "tree.h"

static NTSTATUS create_locked(struct file_node *directory, const char *name, size_t length,
			      enum file_kind kind, struct file_node **result)
{
	struct file_node *node;

	if (directory->kind != FILE_KIND_DIRECTORY)
		return STATUS_OBJECT_PATH_NOT_FOUND;
	if (directory->is_deleted || !directory->is_in_tree)
		return STATUS_DELETE_PENDING;
	node = tree_find(directory, name, length);
	if (node)
		return node->is_deleted ? STATUS_DELETE_PENDING : STATUS_OBJECT_NAME_COLLISION;
	node = tree_add(directory, name, length, kind);
	if (!node)
		return STATUS_INSUFFICIENT_RESOURCES;
	*result = node;
	return STATUS_SUCCESS;
}

NTSTATUS file_create(struct file_node *directory, const char *name, size_t length,
		     enum file_kind kind, uint32_t attributes, const struct file_use *use,
		     struct file_node **result)
{
	uint64_t now = time_system();
	NTSTATUS status;

	if (!name_part_is_valid(name, length))
		return STATUS_OBJECT_NAME_INVALID;
	mutex_lock(&disk_lock);
	status = create_locked(directory, name, length, kind, result);
	if (NT_SUCCESS(status)) {
		(*result)->attributes = attributes & FILE_ATTRIBUTES_KEPT;
		(*result)->times = (struct file_times){now, now, now, now};
		directory->times.last_write = directory->times.change = now;
		open_count_locked(*result, use);
		file_reference(*result);
	}
	mutex_unlock(&disk_lock);
	return status;
}

struct file_node *file_parent(struct file_node *node)
{
	struct file_node *parent;

	mutex_lock(&disk_lock);
	parent = node->parent;
	if (parent)
		file_reference(parent);
	mutex_unlock(&disk_lock);
	return parent;
}

/* True if `node` is `above` or below it. */
static bool is_below(const struct file_node *node, const struct file_node *above)
{
	while (node && node != above)
		node = node->parent;
	return node != NULL;
}

/* The node after `node` in a walk over all that is below `top`, or NULL. */
static struct file_node *walk_next(struct file_node *node, const struct file_node *top)
{
	if (!LIST_EMPTY(&node->children))
		return LIST_FIRST(&node->children);
	while (node != top && !LIST_NEXT(node, sibling))
		node = node->parent;
	return node == top ? NULL : LIST_NEXT(node, sibling);
}

static bool is_open_below(struct file_node *directory)
{
	struct file_node *node = directory;

	while ((node = walk_next(node, directory)) != NULL)
		if (node->handle_count)
			return true;
	return false;
}

/* Whether the file that has the new name may go. */
static NTSTATUS replace_check(struct file_node *target, bool replace,
			      bool (*may_replace)(struct file_node *node))
{
	if (!replace)
		return STATUS_OBJECT_NAME_COLLISION;
	if (target->kind == FILE_KIND_DIRECTORY || target->handle_count ||
	    (target->attributes & FILE_ATTRIBUTE_READONLY) || !may_replace(target))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

static NTSTATUS rename_check(struct file_node *node, struct file_node *directory)
{
	if (directory->kind != FILE_KIND_DIRECTORY)
		return STATUS_OBJECT_PATH_NOT_FOUND;
	if (directory->is_deleted || !directory->is_in_tree || node->is_deleted ||
	    !node->is_in_tree)
		return STATUS_DELETE_PENDING;
	if (!node->parent || is_below(directory, node))
		return STATUS_INVALID_PARAMETER;
	if (is_open_below(node))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

NTSTATUS file_rename(struct file_node *node, struct file_node *directory, const char *name,
		     size_t length, bool replace, bool (*may_replace)(struct file_node *node))
{
	uint64_t now = time_system();
	struct file_node *target = NULL;
	NTSTATUS status;

	if (!name_part_is_valid(name, length))
		return STATUS_OBJECT_NAME_INVALID;
	mutex_lock(&disk_lock);
	status = rename_check(node, directory);
	if (NT_SUCCESS(status))
		target = tree_find(directory, name, length);
	if (target == node)
		target = NULL; /* only the case of its letters changes */
	if (target)
		status = replace_check(target, replace, may_replace);
	if (NT_SUCCESS(status)) {
		if (target) {
			file_reference(target);
			tree_remove(target);
		}
		tree_unlink(node);
		tree_set_name(node, name, length);
		tree_link(directory, node);
		node->times.change = directory->times.last_write = directory->times.change = now;
	}
	mutex_unlock(&disk_lock);
	if (target && NT_SUCCESS(status))
		file_release(target);
	return status;
}

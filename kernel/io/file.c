/*
 * file.c - files: finding them, and their references.
 */
#include "file.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "disk.h"
#include "tree.h"

struct file_node *file_root(void)
{
	return tree_root();
}

void file_reference(struct file_node *node)
{
	unsigned old = atomic_fetch_add(&node->reference_count, 1);

	KASSERT(old > 0 && old < UINT32_MAX);
}

void file_release(struct file_node *node)
{
	while (node && atomic_fetch_sub(&node->reference_count, 1) == 1) {
		struct file_node *parent = node->parent;

		mutex_lock(&disk_lock);
		KASSERT(!node->is_in_tree);
		tree_free(node);
		mutex_unlock(&disk_lock);
		node = parent; /* the reference that a deleted name had */
	}
}

/* Every part of the path is a name; one separator may stand at the start and one at the end. */
static bool path_is_valid(const char *path)
{
	if (*path == '\\' || *path == '/')
		path++;
	while (*path) {
		size_t length = name_part_length(path);

		if (!name_part_is_valid(path, length))
			return false;
		path += length;
		if (*path)
			path++;
	}
	return true;
}

static NTSTATUS lookup_locked(struct file_node *node, const char *path, struct file_node **result)
{
	if (*path == '\\' || *path == '/')
		path++;
	while (*path) {
		size_t length = name_part_length(path);
		const char *rest = path + length;
		struct file_node *child;

		if (node->kind != FILE_KIND_DIRECTORY)
			return STATUS_OBJECT_PATH_NOT_FOUND;
		child = tree_find(node, path, length);
		if (!child)
			return *rest ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_OBJECT_NAME_NOT_FOUND;
		if (*rest && !rest[1] && child->kind != FILE_KIND_DIRECTORY)
			return STATUS_OBJECT_NAME_INVALID;
		node = child;
		path = *rest ? rest + 1 : rest;
	}
	file_reference(node);
	*result = node;
	return STATUS_SUCCESS;
}

NTSTATUS file_lookup(struct file_node *from, const char *path, struct file_node **result)
{
	NTSTATUS status;

	if (!path_is_valid(path))
		return STATUS_OBJECT_NAME_INVALID;
	mutex_lock(&disk_lock);
	status = lookup_locked(from, path, result);
	mutex_unlock(&disk_lock);
	return status;
}

struct file_node *file_child_named(struct file_node *directory, unsigned n,
				   char name[FILE_NAME_MAX_CHARS + 1])
{
	struct file_node *node;

	mutex_lock(&disk_lock);
	node = LIST_FIRST(&directory->children);
	for (; node && n > 0; n--)
		node = LIST_NEXT(node, sibling);
	if (node)
		file_reference(node);
	if (node && name)
		memcpy(name, node->name, sizeof(node->name));
	mutex_unlock(&disk_lock);
	return node;
}

struct file_node *file_child(struct file_node *directory, unsigned n)
{
	return file_child_named(directory, n, NULL);
}

static size_t path_locked(struct file_node *node, char *buffer, size_t capacity)
{
	size_t length = 0, position;

	for (struct file_node *up = node; up->parent; up = up->parent)
		length += 1 + strlen(up->name);
	if (length == 0)
		length = 1; /* "\" */
	if (capacity == 0)
		return length;
	/* From the end to the start; what does not fit is left out. */
	buffer[length < capacity ? length : capacity - 1] = '\0';
	if (capacity > 1)
		buffer[0] = '\\';
	for (position = length; node->parent; node = node->parent) {
		size_t chars = strlen(node->name);

		for (size_t i = chars; i-- > 0;) {
			if (--position < capacity - 1)
				buffer[position] = node->name[i];
		}
		if (--position < capacity - 1)
			buffer[position] = '\\';
	}
	return length;
}

size_t file_path(struct file_node *node, char *buffer, size_t capacity)
{
	size_t length;

	mutex_lock(&disk_lock);
	length = path_locked(node, buffer, capacity);
	mutex_unlock(&disk_lock);
	return length;
}

NTSTATUS file_lookup_parent(struct file_node *from, const char *path, struct file_node **directory,
			    const char **last, size_t *length)
{
	struct file_node *node = from;
	NTSTATUS status = STATUS_SUCCESS;

	if (*path == '\\' || *path == '/')
		path++;
	if (!*path || !path_is_valid(path))
		return STATUS_OBJECT_NAME_INVALID;
	mutex_lock(&disk_lock);
	for (*last = path;; *last += *length + 1) {
		*length = name_part_length(*last);
		if (node->kind != FILE_KIND_DIRECTORY) {
			status = STATUS_OBJECT_PATH_NOT_FOUND;
			break;
		}
		if (!(*last)[*length] || !(*last)[*length + 1])
			break; /* the last one */
		node = tree_find(node, *last, *length);
		if (!node) {
			status = STATUS_OBJECT_PATH_NOT_FOUND;
			break;
		}
	}
	if (NT_SUCCESS(status)) {
		file_reference(node);
		*directory = node;
	}
	mutex_unlock(&disk_lock);
	return status;
}

/*
 * tree.c - see tree.h.
 */
#include "tree.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "disk.h"
#include "node.h"

static struct file_node *root;	/* (C) while mounted */
static uint64_t node_counts[2]; /* (D) by enum file_kind */
static uint64_t last_index;	/* (D) */

struct file_node *tree_root(void)
{
	return root;
}

uint64_t tree_count(enum file_kind kind)
{
	return node_counts[kind];
}

/* ---- names ---- */

static char ascii_upcase(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool name_equal(const char *name, const char *part, size_t length)
{
	size_t i;

	for (i = 0; i < length && name[i]; i++) {
		if (ascii_upcase(name[i]) != ascii_upcase(part[i]))
			return false;
	}
	return i == length && !name[i];
}

size_t name_part_length(const char *path)
{
	size_t length = 0;

	while (path[length] && path[length] != '\\' && path[length] != '/')
		length++;
	return length;
}

bool name_part_is_valid(const char *part, size_t length)
{
	if (length == 0 || length > FILE_NAME_MAX_CHARS)
		return false;
	if (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.')))
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((uint8_t)part[i] < ' ' || strchr("\"*/:<>?\\|", part[i]))
			return false;
	}
	return true;
}

/* ---- nodes ---- */

static struct file_node *node_create(enum file_kind kind)
{
	struct file_node *node = pool_alloc(sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->index = ++last_index;
	atomic_store(&node->reference_count, 1);
	LIST_INIT(&node->children);
	return node;
}

NTSTATUS tree_create(void)
{
	KASSERT(!root);
	root = node_create(FILE_KIND_DIRECTORY);
	if (!root)
		return STATUS_INSUFFICIENT_RESOURCES;
	root->is_in_tree = true;
	node_counts[FILE_KIND_DIRECTORY]++;
	return STATUS_SUCCESS;
}

void tree_link(struct file_node *directory, struct file_node *node)
{
	struct file_node *last = LIST_FIRST(&directory->children);

	KASSERT(mutex_is_held(&disk_lock) && !node->is_in_tree);
	while (last && LIST_NEXT(last, sibling))
		last = LIST_NEXT(last, sibling);
	if (last)
		LIST_INSERT_AFTER(last, node, sibling);
	else
		LIST_INSERT_HEAD(&directory->children, node, sibling);
	node->parent = directory;
	node->is_in_tree = true;
	node_counts[node->kind]++;
}

void tree_unlink(struct file_node *node)
{
	KASSERT(mutex_is_held(&disk_lock) && node->is_in_tree);
	LIST_REMOVE(node, sibling);
	node->is_in_tree = false;
	node_counts[node->kind]--;
}

void tree_remove(struct file_node *node)
{
	unsigned old;

	KASSERT(LIST_EMPTY(&node->children));
	tree_unlink(node);
	file_reference(node->parent);
	old = atomic_fetch_sub(&node->reference_count, 1); /* the tree's */
	KASSERT(old > 1);
}

void tree_set_name(struct file_node *node, const char *name, size_t length)
{
	KASSERT(length <= FILE_NAME_MAX_CHARS);
	memset(node->name, 0, sizeof(node->name));
	memcpy(node->name, name, length);
}

struct file_node *tree_add(struct file_node *directory, const char *name, size_t length,
			   enum file_kind kind)
{
	struct file_node *node = node_create(kind);

	if (!node)
		return NULL;
	tree_set_name(node, name, length);
	tree_link(directory, node);
	return node;
}

struct file_node *tree_find(struct file_node *directory, const char *name, size_t length)
{
	struct file_node *node;

	KASSERT(mutex_is_held(&disk_lock));
	LIST_FOREACH (node, &directory->children, sibling) {
		if (name_equal(node->name, name, length))
			return node;
	}
	return NULL;
}

void tree_free(struct file_node *node)
{
	KASSERT(!node->is_in_tree && !node->is_held);
	KASSERT(!node->data_segment && !node->image_segment);
	KASSERT(node->handle_count == 0 && node->share.opens == 0);
	data_discard_locked(node);
	pool_free(node, sizeof(*node));
}

void tree_destroy(void)
{
	struct file_node *node = root, *next;

	/* Down to a node without children, which is freed, then up. */
	for (; node; node = next) {
		next = LIST_FIRST(&node->children);
		if (next)
			continue;
		next = node->parent;
		KASSERT(atomic_load(&node->reference_count) == 1);
		if (next)
			tree_unlink(node);
		node->is_in_tree = false;
		tree_free(node);
	}
	root = NULL;
	node_counts[FILE_KIND_DIRECTORY] = 0;
	last_index = 0;
}

/*
 * tree.c - see tree.h.
 */
#include "tree.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "block_map.h"
#include "disk.h"

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
	node_counts[kind]++;
	return node;
}

NTSTATUS tree_create(void)
{
	KASSERT(!root);
	root = node_create(FILE_KIND_DIRECTORY);
	return root ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

struct file_node *tree_add(struct file_node *directory, const char *name, size_t length,
			   enum file_kind kind)
{
	struct file_node *node = node_create(kind), *last;

	KASSERT(mutex_is_held(&disk_lock) && length <= FILE_NAME_MAX_CHARS);
	if (!node)
		return NULL;
	memcpy(node->name, name, length);
	node->parent = directory;
	last = LIST_FIRST(&directory->children);
	while (last && LIST_NEXT(last, sibling))
		last = LIST_NEXT(last, sibling);
	if (last)
		LIST_INSERT_AFTER(last, node, sibling);
	else
		LIST_INSERT_HEAD(&directory->children, node, sibling);
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

static void node_free(struct file_node *node)
{
	KASSERT(atomic_load(&node->reference_count) == 1);
	KASSERT(!node->data_segment && !node->image_segment);
	block_map_cut(&node->blocks, 0);
	node_counts[node->kind]--;
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
		if (next)
			LIST_REMOVE(node, sibling);
		node_free(node);
	}
	root = NULL;
	last_index = 0;
}

/*
 * tree.h - the nodes of the RAM disk: their names and how they hang together. Private to kernel/io.
 *
 * => locks: disk_lock, unless said otherwise.
 */
#pragma once

#include "file.h"

/*
 * The root directory; NULL: nothing is mounted. => locks: none (it changes when the disk is mounted
 * only).
 */
struct file_node *tree_root(void);

/* Makes the root, a directory. => returns: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS tree_create(void) MUST_CHECK;
/* Frees all nodes; their blocks are forgotten. No node may be in use but by the tree. */
void tree_destroy(void);

/*
 * A new, empty child. Its name is not taken and at most FILE_NAME_MAX_CHARS long. NULL: no memory.
 */
struct file_node *tree_add(struct file_node *directory, const char *name, size_t length,
			   enum file_kind kind);

/*
 * Puts a node that is in no directory into one, as its last child, and takes it out again. It keeps
 * its parent's name for file_path, and a reference to it, when it is taken out for good
 * (tree_remove); tree_unlink is for a node that is put elsewhere at once.
 */
void tree_link(struct file_node *directory, struct file_node *node);
void tree_unlink(struct file_node *node);
void tree_remove(struct file_node *node);

/* Names a node. At most FILE_NAME_MAX_CHARS. */
void tree_set_name(struct file_node *node, const char *name, size_t length);

/* Frees a node that is not in the tree and that nobody refers to, and its blocks. */
void tree_free(struct file_node *node);

/* The child of that name, case ignored, or NULL. */
struct file_node *tree_find(struct file_node *directory, const char *name, size_t length);

/* Nodes of a kind, the root included. */
uint64_t tree_count(enum file_kind kind);

/* Length of the part of a path at `path`: up to a '\', a '/' or the end. => locks: none. */
size_t name_part_length(const char *path);

/*
 * A part of a path that NTFS would take: not empty, not "." or "..", no character it reserves. =>
 * locks: none.
 */
bool name_part_is_valid(const char *part, size_t length);

/*
 * node.h - what the files of kernel/io know of a node beside its names (tree.h). Private to
 * kernel/io. => locks: disk_lock.
 */
#pragma once

#include "file.h"

/* Attributes that a file keeps; the others of FILE_ATTRIBUTE_* are told, or mean nothing here. */
#define FILE_ATTRIBUTES_KEPT \
	(FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | \
	 FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE | \
	 FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)

/* Counts an open that is allowed (opens.c). */
void open_count_locked(struct file_node *node, const struct file_use *use);

/* Gives every block of a file back, those of the archive too: nothing refers to it (data.c). */
void data_discard_locked(struct file_node *node);

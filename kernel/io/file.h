/*
 * file.h - the files of the RAM disk, below handles and sections: a tree of nodes and the bytes of each.
 *
 * The RAM disk is a standard newc cpio archive in memory. A file's page i is in the archive at its natural (not
 * aligned) place until it is written beyond the archive's extent; then it is in an aligned block of the disk. The node
 * knows nothing of pages in memory: the VM's segments do, and reach the bytes only through file_read and
 * file_write, the disk transfers.
 *
 * Locks: one mutex (RANK_FILE) guards the tree, sizes and block maps. Transfers of a page take it only to find the block.
 */
#pragma once

#include <bsd/sys/queue.h>

#include "arch/pte.h"
#include "kernel/core/lock.h"
#include "nt/ntstatus.h"

struct segment;

#define FILE_NAME_MAX_CHARS 255

enum file_kind { FILE_KIND_FILE, FILE_KIND_DIRECTORY };

/* (D) disk lock; (C) constant; (V) the VM's: kernel/mm/file_segment.c, under its own lock */
struct file_node {
	struct file_node *parent;	    /* (D) NULL for the root */
	LIST_HEAD(, file_node) children;    /* (D) directories only, in order of creation */
	LIST_ENTRY(file_node) sibling;	    /* (D) */
	char name[FILE_NAME_MAX_CHARS + 1]; /* (D) */
	enum file_kind kind;		    /* (C) */
	uint32_t reference_count;	    /* (D) tree 1, plus one per user */
	uint64_t size_bytes;		    /* (D) */
	uint64_t archive_offset;	    /* (C) first byte in the disk region */
	uint64_t archive_size_bytes;	    /* (D) bytes still taken from the archive */
	void *block_map;	      /* (D) radix of block numbers for pages outside the archive */
	uint64_t modified_time;	      /* (D) NT time */
	uint64_t index;		      /* (C) unique file id */
	struct segment *data_segment; /* (V) */
	struct segment *image_segment; /* (V) */
	uint32_t image_write_denials;  /* (V) */
};

/*
 * Builds the tree from the archive in [base, base + size_bytes); free blocks are what follows the archive up to
 * capacity_bytes. Validates everything it reads.
 * => returns: STATUS_SUCCESS, or STATUS_DISK_CORRUPT_ERROR / _DISK_FULL / _INSUFFICIENT_RESOURCES with a message that names
 *    the entry.
 */
NTSTATUS ramdisk_mount(void *base, uint64_t size_bytes, uint64_t capacity_bytes, char *message,
		       size_t message_capacity) MUST_CHECK;
void ramdisk_unmount(void); /* tests: frees every node; no node may be in use */

struct file_node *file_root(void);

/*
 * Walks a path with '\' or '/' between names, relative to `from`; case is ignored, as on NTFS. ASCII names.
 * => returns: STATUS_OBJECT_NAME_NOT_FOUND (last name), _PATH_NOT_FOUND (an earlier one), _NAME_INVALID; on success a reference.
 */
NTSTATUS file_lookup(struct file_node *from, const char *path,
		     struct file_node **result) MUST_CHECK;

void file_reference(struct file_node *node);
void file_release(struct file_node *node);

/* "\data\text.txt"; always terminates; returns the length needed. */
size_t file_path(struct file_node *node, char *buffer, size_t capacity);

uint64_t file_size(struct file_node *node);

/* Grows (new bytes are zero) or cuts the file. => returns: STATUS_DISK_FULL, STATUS_SUCCESS. The VM calls it: see file_segment. */
NTSTATUS file_set_size(struct file_node *node, uint64_t size_bytes) MUST_CHECK;

/*
 * A disk transfer of up to one page (size_bytes <= PAGE_SIZE) at any byte offset. Reading: bytes beyond the end of the
 * file are zeroed in the buffer. Writing: bytes beyond the end are dropped (grow the file first).
 * => locks: none of the VM's may be held. => may sleep: yes.
 * => returns: STATUS_SUCCESS, STATUS_END_OF_FILE (offset at or beyond the end), or the device's error.
 */
NTSTATUS file_read(struct file_node *node, uint64_t offset_bytes, void *buffer,
		   size_t size_bytes) MUST_CHECK;
NTSTATUS file_write(struct file_node *node, uint64_t offset_bytes, const void *buffer,
		    size_t size_bytes) MUST_CHECK;

/* The n-th child of a directory (from 0), with a reference, or NULL. For the shell's ls. */
struct file_node *file_child(struct file_node *directory, unsigned n);

struct ramdisk_statistics {
	uint64_t files, directories, blocks_total, blocks_free, pages_read, pages_written;
};
void ramdisk_statistics_read(struct ramdisk_statistics *statistics);

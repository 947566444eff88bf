/*
 * file.h - the files of the RAM disk, below handles and sections: a tree of nodes and the bytes of
 * each.
 *
 * The RAM disk is a standard newc cpio archive in memory and the free space behind it. The first
 * archive_size_bytes bytes of a file are served in place, where the archive has them; every byte
 * beyond is in an aligned block of the disk. The limit between the two is to the byte and only ever
 * falls (when the file is cut), so a page can have a head in the archive and a tail in a block, and
 * growing a file moves nothing. README.md draws it.
 *
 * The node knows nothing of pages in memory: the VM's segments do, and reach the bytes only through
 * file_read and file_write, the disk transfers.
 *
 * Locks: one mutex (RANK_FILE) guards the tree, sizes and block maps. Transfers take it only to
 * find the bytes.
 */
#pragma once

#include <bsd/sys/queue.h>
#include <stdatomic.h>

#include "arch/pte.h"
#include "kernel/core/lock.h"
#include "nt/ntstatus.h"

struct segment;

#define FILE_NAME_MAX_CHARS 255

enum file_kind { FILE_KIND_FILE, FILE_KIND_DIRECTORY };

/*
 * Pages of a file that are not, or not wholly, in the archive: page index -> block number
 * (block_map.h).
 */
struct block_map {
	void *root;
	unsigned levels;
};

/*
 * (D) disk lock; (C) constant while the node lives (there is no rename); (A) atomic; (V) the VM's:
 * kernel/mm/file_segment.c, under its own lock
 */
struct file_node {
	struct file_node *parent;	    /* (C) NULL for the root */
	LIST_HEAD(, file_node) children;    /* (D) directories only, in order of creation */
	LIST_ENTRY(file_node) sibling;	    /* (D) */
	char name[FILE_NAME_MAX_CHARS + 1]; /* (C) */
	enum file_kind kind;		    /* (C) */
	atomic_uint reference_count;	    /* (A) tree 1, plus one per user */
	atomic_uint_fast64_t size_bytes;    /* (A) written under (D) */
	uint64_t archive_offset;	    /* (C) first byte in the disk region */
	uint64_t archive_end;		    /* (C) behind the last byte there when it was mounted */
	uint64_t archive_size_bytes;   /* (D) bytes still taken from the archive; <= size_bytes */
	struct block_map blocks;       /* (D) all pages with bytes behind archive_size_bytes */
	uint64_t modified_time;	       /* (D) NT time */
	uint64_t index;		       /* (C) unique file id */
	struct segment *data_segment;  /* (V) */
	struct segment *image_segment; /* (V) */
	uint32_t image_write_denials;  /* (V) */
};

/*
 * Builds the tree from the archive in [base, base + size_bytes); free blocks are what follows the
 * archive up to capacity_bytes. Validates everything it reads. Parent directories that the archive
 * lacks are made; two names of one directory that differ only in case are refused, as look-ups
 * ignore case. After a failure nothing is mounted.
 * => returns: STATUS_SUCCESS, or STATUS_DISK_CORRUPT_ERROR / _DISK_FULL / _INSUFFICIENT_RESOURCES
 *    with a message that names the entry.
 */
NTSTATUS ramdisk_mount(void *base, uint64_t size_bytes, uint64_t capacity_bytes, char *message,
		       size_t message_capacity) MUST_CHECK;
void ramdisk_unmount(void); /* tests: frees every node; no node may be in use */

struct file_node *file_root(void);

/*
 * Walks a path with '\' or '/' between names, relative to `from`; case is ignored, as on NTFS.
 * ASCII names. One leading separator is skipped; one at the end asks for a directory. An empty path
 * is `from` itself.
 * => returns: STATUS_OBJECT_NAME_NOT_FOUND (last name), _PATH_NOT_FOUND (an earlier one),
 *    _NAME_INVALID (doubled separators, ".", "..", a character that NTFS does not allow, a part too
 *    long, a separator after a file); on success a reference.
 */
NTSTATUS file_lookup(struct file_node *from, const char *path,
		     struct file_node **result) MUST_CHECK;

/* => locks: any may be held. */
void file_reference(struct file_node *node);
void file_release(struct file_node *node);

/* "\data\text.txt"; always terminates; returns the length needed. => locks: any may be held. */
size_t file_path(struct file_node *node, char *buffer, size_t capacity);

/* Bytes; 0 for a directory. => locks: any may be held. */
uint64_t file_size(struct file_node *node);

/*
 * Grows (new bytes are zero) or cuts the file: all of it or, after a failure, nothing. The blocks
 * of grown bytes are taken at once, so that a later write-back cannot find the disk full. The VM
 * calls it: see file_segment.
 * => the caller sees to it that no transfer of bytes that are cut is under way.
 * => returns: STATUS_DISK_FULL, STATUS_INSUFFICIENT_RESOURCES, STATUS_FILE_IS_A_DIRECTORY,
 *    STATUS_SUCCESS.
 */
NTSTATUS file_set_size(struct file_node *node, uint64_t size_bytes) MUST_CHECK;

/*
 * A disk transfer of up to one page (size_bytes <= PAGE_SIZE) at any byte offset. Reading: bytes
 * beyond the end of the file are zeroed in the buffer. Writing: bytes beyond the end are dropped
 * (grow the file first).
 * => locks: none at all may be held. => may sleep: yes.
 * => returns: STATUS_SUCCESS, STATUS_END_OF_FILE (offset at or beyond the end),
 *    STATUS_FILE_IS_A_DIRECTORY, or the device's error.
 */
NTSTATUS file_read(struct file_node *node, uint64_t offset_bytes, void *buffer,
		   size_t size_bytes) MUST_CHECK;
NTSTATUS file_write(struct file_node *node, uint64_t offset_bytes, const void *buffer,
		    size_t size_bytes) MUST_CHECK;

/* The n-th child of a directory (from 0), with a reference, or NULL. For the shell's ls. */
struct file_node *file_child(struct file_node *directory, unsigned n);

struct ramdisk_statistics {
	uint64_t files, directories;	    /* the root included */
	uint64_t blocks_total, blocks_free; /* of 4 KiB; total: the archive included */
	uint64_t pages_read, pages_written; /* transfers since the mount */
	uint64_t table_bytes;		    /* of the pool: where the blocks of files are */
};
void ramdisk_statistics_read(struct ramdisk_statistics *statistics);

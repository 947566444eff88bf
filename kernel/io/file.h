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

/* When what happened to a file: NT time. */
struct file_times {
	uint64_t creation, last_access, last_write, change;
};

/*
 * The opens of a file that read, write or delete, and how many of them allow what to others: NT's
 * SHARE_ACCESS. Opens that do none of the three are not in it.
 */
struct share_counts {
	uint32_t opens, readers, writers, deleters;
	uint32_t shared_read, shared_write, shared_delete;
};

/*
 * (D) disk lock; (C) constant while the node lives; (A) atomic; (H) whoever holds the file
 * (file_hold); (V) the VM's: kernel/mm/file_segment.c, under its own lock
 */
struct file_node {
	/* (D) NULL for the root. A deleted name keeps it, with a reference, for its path */
	struct file_node *parent;
	LIST_HEAD(, file_node) children;    /* (D) directories only, in order of creation */
	LIST_ENTRY(file_node) sibling;	    /* (D) while it is in the tree */
	char name[FILE_NAME_MAX_CHARS + 1]; /* (D) */
	enum file_kind kind;		    /* (C) */
	atomic_uint reference_count;	    /* (A) tree 1, plus one per user */
	bool is_in_tree;		    /* (D) it can be found by its name */
	bool is_deleted;		    /* (D) it leaves the tree with its last handle */
	bool is_held;			    /* file_hold's own lock */
	uint32_t handle_count;		    /* (D) opens that have handles */
	struct share_counts share;	    /* (D) */
	uint32_t attributes;		    /* (D) FILE_ATTRIBUTE_*, without _DIRECTORY */
	struct file_times times;	    /* (D) */
	page_index_t reserved_pages;	 /* (D) pages that have room beyond the file's end, or 0 */
	atomic_uint_fast64_t size_bytes; /* (A) written under (D) */
	uint64_t archive_offset;	 /* (C) first byte in the disk region */
	uint64_t archive_end;		 /* (C) behind the last byte there when it was mounted */
	uint64_t archive_size_bytes;	 /* (D) bytes still taken from the archive; <= size_bytes */
	struct block_map blocks;	 /* (D) all pages with bytes behind archive_size_bytes */
	uint64_t index;			 /* (C) unique file id */
	struct segment *data_segment;	 /* (V) */
	struct segment *image_segment;	 /* (V) */
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
/* The last one frees a file that has left the tree, and its blocks. => locks: none at all. */
void file_release(struct file_node *node);

/* "\data\text.txt"; always terminates; returns the length needed. => locks: below RANK_FILE. */
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
 * Cutting in two steps, for a file whose pages are cached. After the first, transfers at or behind
 * size_bytes find the end of the file; those that began before may still be under way. The second
 * gives the blocks back: none is under way any more. => size_bytes is at most the size; the file is
 * held from the first to the second. => locks: none of rank RANK_FILE or above.
 */
void file_cut_begin(struct file_node *node, uint64_t size_bytes);
void file_cut_end(struct file_node *node);

/*
 * Makes sure that the file can grow to size_bytes (NT's allocation size). It never shrinks the
 * room; cutting the file does. => returns: STATUS_DISK_FULL, STATUS_INSUFFICIENT_RESOURCES,
 * STATUS_SUCCESS. => locks: none of rank RANK_FILE or above.
 */
NTSTATUS file_reserve(struct file_node *node, uint64_t size_bytes) MUST_CHECK;
/* Bytes of the disk that are the file's, in whole pages; 0 for a directory. */
uint64_t file_allocation(struct file_node *node);

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

/*
 * One request to the device for `count` (1 to FILE_PAGES_MAX) whole pages: the bytes from
 * offset_bytes on, page after page, each page to or from a buffer of its own. What lies behind the
 * end of the file, or behind size_bytes, is zeroed (reading) or dropped (writing), as above.
 * => as file_read and file_write.
 */
#define FILE_PAGES_MAX 16
NTSTATUS file_read_pages(struct file_node *node, uint64_t offset_bytes, size_t size_bytes,
			 void *const *pages, size_t count) MUST_CHECK;
NTSTATUS file_write_pages(struct file_node *node, uint64_t offset_bytes, size_t size_bytes,
			  void *const *pages, size_t count) MUST_CHECK;

/* ---- names that come and go (entries.c) => locks: none of rank RANK_FILE or above ---- */

/* How a new file is opened by its creator, in the same step. */
struct file_use {
	uint32_t access; /* FILE_READ_DATA, ... granted */
	uint32_t share;	 /* FILE_SHARE_* */
};

/*
 * Walks a path as file_lookup does, but only to the directory that its last part is in. *last: that
 * part, in `path`, without a separator behind it (its length in *length).
 * => returns: as file_lookup; STATUS_OBJECT_NAME_INVALID for an empty path;
 *    STATUS_OBJECT_PATH_NOT_FOUND; a reference in *directory.
 */
NTSTATUS file_lookup_parent(struct file_node *from, const char *path, struct file_node **directory,
			    const char **last, size_t *length) MUST_CHECK;

/*
 * A new, empty file or directory, opened by its creator. attributes: FILE_ATTRIBUTE_*.
 * => returns: STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_COLLISION, STATUS_DELETE_PENDING (the
 *    directory goes), STATUS_INSUFFICIENT_RESOURCES; a reference in *result.
 */
NTSTATUS file_create(struct file_node *directory, const char *name, size_t length,
		     enum file_kind kind, uint32_t attributes, const struct file_use *use,
		     struct file_node **result) MUST_CHECK;

/*
 * Gives the file another name, in another directory or the same; `replace`: a file of that name
 * goes. The caller holds the file, and nobody maps a file that is replaced (`may_replace` says so
 * and is asked with the disk locked).
 * => returns: STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_COLLISION, STATUS_ACCESS_DENIED (what
 *    is to be replaced is open, a directory, read-only or mapped; something is open below a
 *    directory that is renamed), STATUS_INVALID_PARAMETER (a directory into itself; the root),
 *    STATUS_DELETE_PENDING.
 */
NTSTATUS file_rename(struct file_node *node, struct file_node *directory, const char *name,
		     size_t length, bool replace,
		     bool (*may_replace)(struct file_node *node)) MUST_CHECK;

/* The directory that the file's name is, or was, in, with a reference; NULL for the root. */
struct file_node *file_parent(struct file_node *node);

/* ---- who has a file open (opens.c) => locks: none of rank RANK_FILE or above ---- */

/*
 * Changes of a file, and decisions about it that must stay true (it is not mapped, so it is cut),
 * are made by one thread at a time. It is no lock: the holder may do I/O. => may sleep.
 */
void file_hold(struct file_node *node);
void file_unhold(struct file_node *node);

/*
 * Enters an open into the counts if the others and it allow each other, as NT's IoCheckShareAccess.
 * needed: rights that the open needs besides (for overwriting), checked but not kept.
 * => returns: STATUS_DELETE_PENDING, STATUS_SHARING_VIOLATION.
 */
NTSTATUS file_open_enter(struct file_node *node, const struct file_use *use,
			 uint32_t needed) MUST_CHECK;
/*
 * The open has no handle any more: others need not share with it. The last one takes a deleted file
 * out of the tree. => returns: true when it did.
 */
bool file_open_leave(struct file_node *node, const struct file_use *use);

/*
 * Marks the file, so that it goes with its last handle, or not any more.
 * => returns: STATUS_DIRECTORY_NOT_EMPTY, STATUS_CANNOT_DELETE (read-only unless ignore_readonly,
 *    or the root).
 */
NTSTATUS file_set_deleted(struct file_node *node, bool deleted, bool ignore_readonly) MUST_CHECK;
bool file_is_deleted(struct file_node *node);

/* ---- times and attributes (opens.c) ---- */

struct file_properties {
	struct file_times times;
	uint32_t attributes; /* FILE_ATTRIBUTE_*: never 0 */
	uint64_t size_bytes, allocation_bytes;
	uint64_t index;
	bool is_directory, is_deleted;
	uint32_t links; /* 1, or 0 when its name is to go */
};
void file_properties_read(struct file_node *node, struct file_properties *properties);

/* 0 leaves a time, or the attributes, as they are. The time of change is now unless it is given. */
void file_properties_set(struct file_node *node, const struct file_times *times,
			 uint32_t attributes);

/* Now is the time of the last access, or of the last write and change. */
void file_touch(struct file_node *node, bool is_write);

/* The n-th child of a directory (from 0), with a reference, or NULL. */
struct file_node *file_child(struct file_node *directory, unsigned n);
/* The same, and its name, which another thread may change meanwhile. */
struct file_node *file_child_named(struct file_node *directory, unsigned n,
				   char name[FILE_NAME_MAX_CHARS + 1]);

struct ramdisk_statistics {
	uint64_t files, directories;	    /* the root included */
	uint64_t blocks_total, blocks_free; /* of 4 KiB; total: the archive included */
	/* since the mount: pages transferred; requests to the device, and those that failed */
	uint64_t pages_read, pages_written, read_requests, write_requests, errors;
	uint64_t table_bytes; /* of the pool: where the blocks of files are */
	uint64_t node_bytes;  /* of the pool: files and directories in the tree */
};
void ramdisk_statistics_read(struct ramdisk_statistics *statistics);

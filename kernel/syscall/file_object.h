/*
 * file_object.h - what a file handle names: an open file, directory or console; and the devices
 * they are opened through.
 *
 * Field letters: (C) constant after the open, (I) between file_io_begin and file_io_end, (O) open
 * files lock.
 */
#pragma once

#include <bsd/sys/queue.h>

#include "kernel/io/file.h"
#include "kernel/mm/mm.h"
#include "kernel/object/waitable.h"
#include "nt/ntio.h"

enum file_object_kind { FILE_OBJECT_FILE, FILE_OBJECT_DIRECTORY, FILE_OBJECT_CONSOLE };

struct file_object {
	struct object header;
	struct waitable waitable;   /* always signaled: a transfer ends before its call returns */
	enum file_object_kind kind; /* (C) */
	struct file_node *node;	    /* (C) reference; NULL: console */
	struct segment *segment;    /* (C) reference to the data segment of a file; else NULL */
	access_mask_t access;	    /* (C) granted at the open: what sharing is about */
	uint32_t share;		    /* (C) FILE_SHARE_* */
	bool is_synchronous;	    /* (C) it has a position */
	bool is_closed;		    /* (O) no handles any more: others need not share with it */
	bool busy;		    /* a call holds the (I) fields (file_object.c) */
	uint64_t position;	    /* (I) bytes */
	unsigned directory_index;   /* (I) next child that NtQueryDirectoryFile looks at */
	bool has_pattern;	    /* (I) a directory scan has begun */
	char pattern[FILE_NAME_MAX_CHARS + 1]; /* (I) "" = everything */
	LIST_ENTRY(file_object) link;	       /* (O) */
};

extern struct object_type file_type;

/* What NtCreateFile asks for; passed through namespace_lookup to the device. */
struct file_open {
	access_mask_t access; /* mapped */
	uint32_t share;
	enum file_disposition disposition;
	uint32_t options;
	enum file_create_result result; /* out */
};

/*
 * Registers the types; makes \Device\RamDisk and \Device\Console. After namespace_init and
 * ramdisk_mount.
 */
NTSTATUS file_object_system_init(void) MUST_CHECK;

/*
 * Opens `rest` (UTF-16, no leading '\', may be empty) below the directory `from`.
 * => returns: STATUS_OBJECT_NAME_NOT_FOUND, _PATH_NOT_FOUND, _NAME_INVALID, _NAME_COLLISION,
 *    STATUS_NOT_A_DIRECTORY, _FILE_IS_A_DIRECTORY, _SHARING_VIOLATION, _NOT_IMPLEMENTED (what would
 *    change the disk's tree); a reference in *result.
 */
NTSTATUS file_open_below(struct file_node *from, const uint16_t *rest, size_t rest_chars,
			 struct file_open *open, struct file_object **result) MUST_CHECK;

/* A new open of the console. */
NTSTATUS file_open_console(struct file_open *open, struct file_object **result) MUST_CHECK;

/*
 * Synchronous files do one transfer at a time: position and scan belong to the caller in between.
 * => may sleep. => returns: STATUS_THREAD_IS_TERMINATING, then it was not begun.
 */
NTSTATUS file_io_begin(struct file_object *file) MUST_CHECK;
void file_io_end(struct file_object *file);

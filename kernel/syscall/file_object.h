/*
 * file_object.h - what a file handle names: an open file, directory or console; and the devices
 * they are opened through.
 *
 * Field letters: (C) constant after the open, (I) between file_io_begin and file_io_end, (H)
 * whoever holds the file's node (file_hold).
 */
#pragma once

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
	struct file_use use;	    /* (C) what it does and what it lets others do */
	bool is_counted;	    /* (H) it counts among the opens of its node */
	bool deletes_on_close;	    /* (H) the file goes when this open does */
	bool is_synchronous;	    /* (C) it has a position */
	bool busy;		    /* a call holds the (I) fields (file_object.c) */
	uint32_t mode;		    /* (I) the options that FileModeInformation tells */
	uint64_t position;	    /* (I) bytes */
	unsigned directory_index;   /* (I) next child that NtQueryDirectoryFile looks at */
	bool has_pattern;	    /* (I) a directory scan has begun */
	char pattern[FILE_NAME_MAX_CHARS + 1]; /* (I) "" = everything */
};

extern struct object_type file_type;

/* What NtCreateFile asks for; passed through namespace_lookup to the device. */
struct file_open {
	access_mask_t access; /* mapped */
	uint32_t share;
	enum file_disposition disposition;
	uint32_t options;
	uint32_t attributes;		/* FILE_ATTRIBUTE_* of a file that is made or overwritten */
	uint64_t allocation_bytes;	/* of such a file */
	enum file_create_result result; /* out */
	/*
	 * Not the file is wanted, but the directory that the last part of its name is in, and that
	 * part (for renaming). The directory is not counted as open.
	 */
	bool wants_directory;
	size_t last_length;		    /* out */
	char last[FILE_NAME_MAX_CHARS + 1]; /* out */
};

/*
 * Registers the types; makes \Device\RamDisk and \Device\Console. After namespace_init and
 * ramdisk_mount.
 */
NTSTATUS file_object_system_init(void) MUST_CHECK;

/* A file object that is not open yet. (file_object.c) => returns: STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS file_object_create(enum file_object_kind kind, const struct file_open *open,
			    struct file_object **result) MUST_CHECK;

/*
 * Opens or makes `rest` (UTF-16, no leading '\\', may be empty) below `from` (file_open.c).
 * => returns: STATUS_OBJECT_NAME_NOT_FOUND, _PATH_NOT_FOUND, _NAME_INVALID, _NAME_COLLISION,
 *    STATUS_NOT_A_DIRECTORY, _FILE_IS_A_DIRECTORY, _ACCESS_DENIED (read-only), _CANNOT_DELETE,
 *    _DELETE_PENDING, _SHARING_VIOLATION, _USER_MAPPED_FILE, _DISK_FULL; a reference in *result.
 */
NTSTATUS file_open_below(struct file_node *from, const uint16_t *rest, size_t rest_chars,
			 struct file_open *open, struct file_object **result) MUST_CHECK;

/* Looks up what OBJECT_ATTRIBUTES at `address` name. (sys_file_names.c) => returns: a reference. */
NTSTATUS file_open_attributes(vaddr_t address, struct file_open *open,
			      struct file_object **result) MUST_CHECK;

/* A new open of the console. */
NTSTATUS file_open_console(struct file_open *open, struct file_object **result) MUST_CHECK;

/*
 * Synchronous files do one transfer at a time: position and scan belong to the caller in between.
 * => may sleep. => returns: STATUS_THREAD_IS_TERMINATING, then it was not begun.
 */
NTSTATUS file_io_begin(struct file_object *file) MUST_CHECK;
void file_io_end(struct file_object *file);

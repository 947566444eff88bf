/*
 * directory.h - the entries of one directory, and the targets of symbolic links. Private to
 * kernel/object.
 *
 * => locks: the namespace lock, unless said otherwise.
 */
#pragma once

#include <bsd/sys/tree.h>

#include "namespace.h"

/*
 * A part of a name. A name may be longer (64 KiB) than the pool's blocks, so it is a chain of
 * these.
 */
struct name_chunk {
	struct name_chunk *next;
	const uint16_t *text; /* behind the structure; in a search key, the caller's */
	size_t chars;
};

/* A name in a directory. All (namespace lock). */
struct directory_entry {
	RB_ENTRY(directory_entry) node;
	struct directory *directory; /* that it is in; a reference */
	struct object *object;	     /* that it names; a reference */
	bool ignore_case;	     /* search keys only */
	struct name_chunk name;	     /* last: its text follows */
};

RB_HEAD(entry_tree, directory_entry);

struct directory {
	struct object header;
	struct entry_tree entries; /* (namespace lock) by name: case ignored first, then case */
};

struct symbolic_link {
	struct object header;
	size_t target_chars; /* (C) above 0 */
	uint16_t *target;    /* (C) a pool block */
};

/*
 * The entry of that name, or NULL. Names that differ only in case are different; with ignore_case
 * any of those that match is found.
 */
struct directory_entry *directory_find(struct directory *directory, const uint16_t *text,
				       size_t chars, bool ignore_case);

/* The entries in the order of their names; NULL at the end. */
struct directory_entry *directory_first(struct directory *directory);
struct directory_entry *directory_next(struct directory_entry *entry);

/*
 * Enters `object` under a name that is not taken. Takes a reference to both.
 * => returns: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS directory_add(struct directory *directory, const uint16_t *text, size_t chars,
		       struct object *object) MUST_CHECK;

/*
 * Takes the entry out of its directory; the name can be used again. directory_entry_free follows.
 */
void directory_remove(struct directory_entry *entry);

/*
 * Frees a removed entry and drops both references. => locks: none held; may sleep (object
 * deletion).
 */
void directory_entry_free(struct directory_entry *entry);

size_t directory_entry_chars(const struct directory_entry *entry);
/* Copies the name, directory_entry_chars long. */
void directory_entry_copy(const struct directory_entry *entry, uint16_t *buffer);

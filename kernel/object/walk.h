/*
 * walk.h - walking a path from part to part. Private to kernel/object.
 *
 * A symbolic link puts its target before what is left of the path and starts again at the root: the
 * text to go is a stack of pieces, so nothing is copied.
 * => locks: the namespace lock; what a walk points to is good only as long as it is held.
 */
#pragma once

#include "namespace.h"

#define LINKS_MAX 32

struct path_piece {
	const uint16_t *text;
	size_t chars;
};

/* How a walk ended. */
enum walk_end {
	WALK_OBJECT,  /* at `object` */
	WALK_MISSING, /* at `object`, a directory, which has no `missing` (the last part) */
	WALK_PARSE,   /* at `object`, which parses what is left in the pieces */
};

/*
 * The object is borrowed: the namespace lock keeps the tree in place, and the caller keeps
 * name->root.
 */
struct walk {
	const struct object_type *type; /* wanted, or of the new object; NULL: any */
	bool is_insert;
	bool ignore_case;
	bool needs_separator; /* a part was read: a '\' comes before the next one */
	unsigned links;
	struct object *root; /* where absolute paths and links start */
	struct object *object;
	struct path_piece missing;
	unsigned piece_count;
	/* [0] the caller's text; the last one is read next */
	struct path_piece pieces[1 + LINKS_MAX];
};

/* What a parse function is given. */
struct parse_rest {
	const uint16_t *text;
	size_t chars;
	uint16_t *block; /* pool block that holds the text, or NULL when it is the caller's */
};

/*
 * Walks as far as directories and links go. walk: type, is_insert and root are set.
 * => returns: STATUS_SUCCESS and how it ended, or the status of the row of nt-semantics section 7.
 */
NTSTATUS walk_path(struct walk *walk, const struct object_name *name,
		   enum walk_end *end) MUST_CHECK;

/*
 * Joins what is left of the path. The caller's own text needs no copy; a link's target does,
 * because the link may go once the namespace is unlocked.
 * The caller frees rest->block (rest->chars characters).
 * => returns: STATUS_SUCCESS, STATUS_OBJECT_NAME_INVALID (longer than a pool block),
 *    STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS walk_join_rest(struct walk *walk, struct parse_rest *rest) MUST_CHECK;

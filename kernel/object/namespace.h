/*
 * namespace.h - the tree of names: directories, symbolic links, and what programs put there
 * (nt-semantics section 7).
 *
 * => locks: every function takes the namespace mutex, the lowest rank: no lock may be held.
 */
#pragma once

#include "object.h"

#define NAME_MAX_BYTES 65532u

extern struct object_type directory_type, symbolic_link_type;

#define DIRECTORY_QUERY 0x1u
#define DIRECTORY_TRAVERSE 0x2u
#define DIRECTORY_CREATE_OBJECT 0x4u
#define DIRECTORY_CREATE_SUBDIRECTORY 0x8u
#define DIRECTORY_ALL_ACCESS 0x000F000Fu
#define SYMBOLIC_LINK_QUERY 0x1u
#define SYMBOLIC_LINK_ALL_ACCESS 0x000F0001u

/* A name captured from the user: kernel text and the directory it is relative to. */
struct object_name {
	const uint16_t *text; /* not terminated; NULL: the user gave no name at all (row 4) */
	size_t chars;
	struct object *root; /* referenced by the holder; NULL: absolute */
	uint32_t attributes; /* OBJ_CASE_INSENSITIVE, OBJ_OPENIF, OBJ_PERMANENT, ... */
};

/*
 * Creates \, \BaseNamedObjects, \KernelObjects, \Device, \?? and the symbolic link \??\C: ->
 * \Device\RamDisk.
 */
void namespace_init(void);
/* Tests: takes every name away, the permanent ones too, and the root. */
void namespace_destroy(void);

/*
 * Finds the object a name stands for, following symbolic links (at most 32). Where an object whose
 * type has a parse function stands in the way, it gets the rest of the path, `context`, and no
 * lock. It also gets an empty rest when the path ends at it, unless the caller wants an object of
 * just that type (or of any): then it is the result itself. A root with a parse function gets the
 * whole name. A link whose name is the last part is followed unless `type` is the type of links.
 * => returns: STATUS_OBJECT_NAME_NOT_FOUND (also: too many links), _PATH_NOT_FOUND,
 *    _PATH_SYNTAX_BAD, _NAME_INVALID (also: a link's target and the rest together are longer than a
 *    page), _TYPE_MISMATCH (type not NULL and not the object's; or the root is no directory),
 *    STATUS_INSUFFICIENT_RESOURCES, parse's own, or STATUS_SUCCESS with a reference in *result.
 */
NTSTATUS namespace_lookup(const struct object_name *name, const struct object_type *type,
			  void *context, struct object **result) MUST_CHECK;

/*
 * The same for a caller who makes a handle: the result is counted as if it had one already
 * (object_handle_opened), under the lock that guards names, so that it does not lose its name
 * between being found and having a handle. The caller gives it back with object_handle_closed.
 */
NTSTATUS namespace_open(const struct object_name *name, const struct object_type *type,
			void *context, struct object **result) MUST_CHECK;

/*
 * Gives `object` its name; the name holds a reference. An empty name is success, and the object
 * stays unnamed. If the name is taken: with OBJ_OPENIF and the same type STATUS_OBJECT_NAME_EXISTS
 * (a success status) and *existing (opened, as namespace_open's result); else
 * STATUS_OBJECT_NAME_COLLISION or STATUS_OBJECT_TYPE_MISMATCH (rows 18-21 and 27 of section 7). The
 * name of a temporary object goes when its last handle is closed: object_handle_opened says what a
 * creator does. existing: may be NULL without OBJ_OPENIF.
 * => returns: those, the statuses of namespace_lookup, or STATUS_INSUFFICIENT_RESOURCES; the object
 *    is then unnamed.
 */
NTSTATUS namespace_insert(const struct object_name *name, struct object *object,
			  struct object **existing) MUST_CHECK;

/*
 * Called when the last handle of an object goes (object_handle_closed): removes the name of a
 * temporary object, unless somebody has opened it again meanwhile. The caller holds a reference.
 */
void namespace_handle_count_zero(struct object *object);

/*
 * The full path ("\BaseNamedObjects\x") as UTF-16, NUL excluded; chars needed in *chars, and the
 * text in `buffer` if it fits. False if the object has no name, or one below a directory that has
 * lost its own.
 */
bool namespace_path(struct object *object, uint16_t *buffer, size_t capacity_chars, size_t *chars);

/* OBJ_PERMANENT and OBJ_EXCLUSIVE, as the object has them. */
uint32_t namespace_flags(struct object *object);

/* An object in a directory, as NtQueryDirectoryObject lists it. */
struct namespace_item {
	size_t chars;			/* of its name */
	const struct object_type *type; /* types live for ever */
};
/*
 * Number `index` of a directory, in the order of names, and its name if that fits the buffer. Costs
 * time in proportion to the index. => returns: false: there are not so many.
 */
bool namespace_item(struct object *directory, uint32_t index, uint16_t *buffer,
		    size_t capacity_chars, struct namespace_item *item);

/*
 * A directory, or a link to what `target` (of chars > 0 characters) says, without a name yet. A
 * target that is no absolute path is found out when the link is followed.
 * => returns: STATUS_SUCCESS with a reference, STATUS_INSUFFICIENT_RESOURCES,
 *    STATUS_NAME_TOO_LONG (the target is longer than a page).
 */
NTSTATUS directory_make(struct object **result) MUST_CHECK;
NTSTATUS symbolic_link_make(const uint16_t *target, size_t chars,
			    struct object **result) MUST_CHECK;
/* What a link points to; the text lives as long as the link. => returns: how many characters. */
size_t symbolic_link_target(const struct object *object, const uint16_t **text);

/*
 * Creation from kernel text, for start-up and tests: path is ASCII, absolute, at most 255
 * characters; the objects are permanent. A link's target is absolute and names something below the
 * root. result: a reference, or NULL if not wanted.
 * => returns: as namespace_insert.
 */
NTSTATUS directory_create(const char *path, struct object **result) MUST_CHECK;
NTSTATUS symbolic_link_create(const char *path, const char *target) MUST_CHECK;
NTSTATUS namespace_insert_ascii(const char *path, struct object *object) MUST_CHECK;

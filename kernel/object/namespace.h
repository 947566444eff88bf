/*
 * namespace.h - the tree of names: directories, symbolic links, and what programs put there (nt-semantics section 7).
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
	const uint16_t *text; /* not terminated */
	size_t chars;
	struct object *root; /* referenced by the holder; NULL: absolute */
	uint32_t attributes; /* OBJ_CASE_INSENSITIVE, OBJ_OPENIF, OBJ_PERMANENT, ... */
};

/* Creates \, \BaseNamedObjects, \KernelObjects, \Device, \?? and the symbolic link \??\C: -> \Device\RamDisk. */
void namespace_init(void);

/*
 * Finds the object a name stands for, following symbolic links (at most 32) and, below an object whose type has a
 * parse function, handing the rest of the path to it with `context`.
 * => returns: STATUS_OBJECT_NAME_NOT_FOUND, _PATH_NOT_FOUND, _PATH_SYNTAX_BAD, _NAME_INVALID, _TYPE_MISMATCH (type not
 *    NULL and not the object's), or STATUS_SUCCESS with a reference in *result.
 */
NTSTATUS namespace_lookup(const struct object_name *name, const struct object_type *type,
			  void *context, struct object **result) MUST_CHECK;

/*
 * Gives `object` its name. If the name is taken: with OBJ_OPENIF and the same type STATUS_OBJECT_NAME_EXISTS and *existing
 * (a reference); else STATUS_OBJECT_NAME_COLLISION or STATUS_OBJECT_TYPE_MISMATCH (rows 18-21 of section 7).
 */
NTSTATUS namespace_insert(const struct object_name *name, struct object *object,
			  struct object **existing) MUST_CHECK;

/* Called when the last handle of a named object goes: removes the name of a temporary object. */
void namespace_handle_count_zero(struct object *object);

/* The full path ("\BaseNamedObjects\x") as UTF-16, NUL excluded; chars needed in *chars. False if it has no name. */
bool namespace_path(struct object *object, uint16_t *buffer, size_t capacity_chars, size_t *chars);

/* Creation from kernel text, for start-up and tests: path is ASCII. */
NTSTATUS directory_create(const char *path, struct object **result) MUST_CHECK;
NTSTATUS symbolic_link_create(const char *path, const char *target) MUST_CHECK;
NTSTATUS namespace_insert_ascii(const char *path, struct object *object) MUST_CHECK;

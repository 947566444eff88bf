/*
 * namespace.c - the tree of names: looking up, entering and leaving.
 *
 * One mutex guards the tree. Paths are walked by walk.c under it; parse functions of devices are
 * called without it. All statuses are those of the table in nt-semantics section 7; the rows are
 * named where they are decided. Rows 1-3 and 7-10, which are about the user's pointers and lengths,
 * are decided where the name is captured.
 */
#include "kernel/core/lock.h"
#include "kernel/core/pool.h"
#include "kernel/lib/string.h"
#include "directory.h"
#include "walk.h"

#define ASCII_PATH_MAX_CHARS 255
#define SEPARATOR '\\'

static struct mutex namespace_lock = MUTEX_INIT("namespace", RANK_NAMESPACE);
static struct object *root; /* (C) the directory "\" */

/* ---- look-up ---- */

/* What a finder is given: a reference, or a count among the handles, which has one. */
static void object_take(struct object *object, bool opens)
{
	if (opens)
		object_handle_opened(object);
	else
		object_reference(object);
}

static void object_give_back(struct object *object, bool opens)
{
	if (opens)
		object_handle_closed(object);
	else
		object_release(object);
}

/* Walks under the lock. *object: taken; *parses: a reference, and it is to be given *rest. */
static NTSTATUS lookup_locked(const struct object_name *name, const struct object_type *type,
			      bool opens, struct object **object, bool *parses,
			      struct parse_rest *rest)
{
	struct walk walk = {.type = type, .root = root};
	enum walk_end end;
	NTSTATUS status = walk_path(&walk, name, &end);

	if (!NT_SUCCESS(status))
		return status;
	if (end == WALK_MISSING)
		return STATUS_OBJECT_NAME_NOT_FOUND; /* rows 17, 22 */
	*parses = end == WALK_PARSE ||
		  (walk.object->type->parse &&
		   (walk.object == name->root || (type && walk.object->type != type)));
	if (*parses) {
		status = walk_join_rest(&walk, rest);
		if (!NT_SUCCESS(status))
			return status;
	}
	*object = walk.object;
	object_take(*object, opens && !*parses);
	return STATUS_SUCCESS;
}

static NTSTATUS lookup(const struct object_name *name, const struct object_type *type,
		       void *context, bool opens, struct object **result)
{
	struct object *object, *opened = NULL;
	struct parse_rest rest = {0};
	bool parses = false;
	NTSTATUS status;

	mutex_lock(&namespace_lock);
	status = lookup_locked(name, type, opens, &object, &parses, &rest);
	mutex_unlock(&namespace_lock);
	if (!NT_SUCCESS(status))
		return status;
	if (parses) {
		status = object->type->parse(object, rest.text, rest.chars, name->attributes,
					     context, &opened);
		pool_free(rest.block, rest.chars * sizeof(uint16_t));
		object_release(object);
		if (!NT_SUCCESS(status))
			return status;
		object = opened;
		object_take(object, opens);
		object_release(opened);
	}
	if (type && object->type != type) {
		object_give_back(object, opens);
		return STATUS_OBJECT_TYPE_MISMATCH; /* rows 6, 20 */
	}
	*result = object;
	return STATUS_SUCCESS;
}

NTSTATUS namespace_lookup(const struct object_name *name, const struct object_type *type,
			  void *context, struct object **result)
{
	return lookup(name, type, context, false, result);
}

NTSTATUS namespace_open(const struct object_name *name, const struct object_type *type,
			void *context, struct object **result)
{
	return lookup(name, type, context, true, result);
}

/* ---- names come and go ---- */

/* What creating an object under the name of `present` gives. */
static NTSTATUS insert_present(const struct object_name *name, const struct object *object,
			       struct object *present, struct object **existing)
{
	bool is_root = present == root;

	if (present->type != object->type && (is_root || (name->attributes & OBJ_OPENIF)))
		return STATUS_OBJECT_TYPE_MISMATCH; /* rows 21, 27 */
	if (!(name->attributes & OBJ_OPENIF))
		return STATUS_OBJECT_NAME_COLLISION; /* rows 18, 20, 26 */
	object_handle_opened(present);
	*existing = present;
	return STATUS_OBJECT_NAME_EXISTS; /* rows 19, 26 */
}

static NTSTATUS insert_locked(const struct object_name *name, struct object *object,
			      struct object **existing)
{
	struct walk walk = {.type = object->type, .root = root, .is_insert = true};
	enum walk_end end;
	NTSTATUS status = walk_path(&walk, name, &end);

	if (!NT_SUCCESS(status))
		return status;
	if (end == WALK_OBJECT)
		return insert_present(name, object, walk.object, existing);
	KASSERT(end == WALK_MISSING);
	status = directory_add((struct directory *)walk.object, walk.missing.text,
			       walk.missing.chars, object);
	if (NT_SUCCESS(status))
		object->flags |= name->attributes & (OBJ_PERMANENT | OBJ_EXCLUSIVE);
	return status;
}

NTSTATUS namespace_insert(const struct object_name *name, struct object *object,
			  struct object **existing)
{
	NTSTATUS status;

	KASSERT(existing || !(name->attributes & OBJ_OPENIF));
	if (!name->text && name->root)
		return STATUS_OBJECT_NAME_INVALID; /* row 4 */
	if (name->chars == 0)
		return STATUS_SUCCESS; /* rows 3, 5, 6 */
	mutex_lock(&namespace_lock);
	status = insert_locked(name, object, existing);
	mutex_unlock(&namespace_lock);
	return status;
}

void namespace_handle_count_zero(struct object *object)
{
	struct directory_entry *entry;

	mutex_lock(&namespace_lock);
	entry = object->name_entry;
	if ((object->flags & OBJ_PERMANENT) || atomic_load(&object->handle_count) > 0)
		entry = NULL;
	if (entry)
		directory_remove(entry);
	mutex_unlock(&namespace_lock);
	if (entry)
		directory_entry_free(entry);
}

uint32_t namespace_flags(struct object *object)
{
	uint32_t flags;

	mutex_lock(&namespace_lock);
	flags = object->flags;
	mutex_unlock(&namespace_lock);
	return flags;
}

bool namespace_item(struct object *directory, uint32_t index, uint16_t *buffer,
		    size_t capacity_chars, struct namespace_item *item)
{
	struct directory_entry *entry;

	KASSERT(directory->type == &directory_type);
	mutex_lock(&namespace_lock);
	entry = directory_first((struct directory *)directory);
	for (uint32_t i = 0; entry && i < index; i++)
		entry = directory_next(entry);
	if (entry) {
		*item = (struct namespace_item){
			.chars = directory_entry_chars(entry),
			.type = entry->object->type,
		};
		if (item->chars <= capacity_chars)
			directory_entry_copy(entry, buffer);
	}
	mutex_unlock(&namespace_lock);
	return entry != NULL;
}

/* Length of the path of an object other than the root; 0 if it has none. */
static size_t path_chars(const struct object *object)
{
	size_t chars = 0;

	for (; object != root; object = &object->name_entry->directory->header) {
		if (!object->name_entry)
			return 0;
		chars += 1 + directory_entry_chars(object->name_entry);
	}
	return chars;
}

/* Writes the path from its end backwards. */
static void path_copy(const struct object *object, uint16_t *end)
{
	for (; object != root; object = &object->name_entry->directory->header) {
		end -= directory_entry_chars(object->name_entry);
		directory_entry_copy(object->name_entry, end);
		*--end = SEPARATOR;
	}
}

bool namespace_path(struct object *object, uint16_t *buffer, size_t capacity_chars, size_t *chars)
{
	bool is_root = object == root;
	size_t needed;

	mutex_lock(&namespace_lock);
	needed = is_root ? 1 : path_chars(object);
	if (needed > 0 && needed <= capacity_chars) {
		buffer[0] = SEPARATOR;
		path_copy(object, buffer + needed);
	}
	mutex_unlock(&namespace_lock);
	if (needed > 0)
		*chars = needed;
	return needed > 0;
}

/* ---- from kernel text ---- */

static size_t utf16_from_ascii(uint16_t *to, const char *from, size_t capacity)
{
	size_t chars = strnlen(from, capacity + 1);

	for (size_t i = 0; i < chars && i < capacity; i++)
		to[i] = (uint8_t)from[i];
	return chars;
}

NTSTATUS namespace_insert_ascii(const char *path, struct object *object)
{
	uint16_t text[ASCII_PATH_MAX_CHARS];
	struct object_name name = {
		.text = text,
		.chars = utf16_from_ascii(text, path, ASCII_PATH_MAX_CHARS),
		.attributes = OBJ_PERMANENT,
	};

	if (name.chars > ASCII_PATH_MAX_CHARS)
		return STATUS_OBJECT_NAME_INVALID;
	return namespace_insert(&name, object, NULL);
}

NTSTATUS directory_create(const char *path, struct object **result)
{
	struct object *directory;
	NTSTATUS status = directory_make(&directory);

	if (!NT_SUCCESS(status))
		return status;
	status = namespace_insert_ascii(path, directory);
	if (!NT_SUCCESS(status) || !result)
		object_release(directory);
	else
		*result = directory;
	return status;
}

NTSTATUS symbolic_link_create(const char *path, const char *target)
{
	uint16_t text[ASCII_PATH_MAX_CHARS];
	size_t chars = utf16_from_ascii(text, target, ASCII_PATH_MAX_CHARS);
	struct object *link;
	NTSTATUS status;

	if (chars < 2 || target[0] != SEPARATOR || target[chars - 1] == SEPARATOR)
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (chars > ASCII_PATH_MAX_CHARS)
		return STATUS_OBJECT_NAME_INVALID;
	status = symbolic_link_make(text, chars, &link);
	if (!NT_SUCCESS(status))
		return status;
	status = namespace_insert_ascii(path, link);
	object_release(link);
	return status;
}

void namespace_init(void)
{
	static const char *const directories[] = {
		"\\BaseNamedObjects",
		"\\KernelObjects",
		"\\Device",
		"\\??",
	};
	NTSTATUS status;

	object_type_register(&directory_type);
	object_type_register(&symbolic_link_type);
	status = directory_make(&root);
	KASSERT(NT_SUCCESS(status));
	root->flags = OBJ_PERMANENT;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		status = directory_create(directories[i], NULL);
		KASSERT(NT_SUCCESS(status));
	}
	status = symbolic_link_create("\\??\\C:", "\\Device\\RamDisk");
	KASSERT(NT_SUCCESS(status));
}

/* An entry that has none below it, or NULL when the tree is empty. */
static struct directory_entry *leaf_find(void)
{
	struct directory_entry *entry = directory_first((struct directory *)root), *below;

	for (below = entry; below;) {
		entry = below;
		if (entry->object->type != &directory_type)
			break;
		below = directory_first((struct directory *)entry->object);
	}
	return entry;
}

void namespace_destroy(void)
{
	struct directory_entry *entry;

	do {
		mutex_lock(&namespace_lock);
		entry = leaf_find();
		if (entry)
			directory_remove(entry);
		mutex_unlock(&namespace_lock);
		if (entry)
			directory_entry_free(entry);
	} while (entry);
	object_release(root);
	root = NULL;
}

/*
 * namespace.c - from a path to an object, and back.
 *
 * A path is walked part by part under one mutex. A symbolic link puts its target before what is left of the path and
 * starts again at the root: the text to go is a stack of pieces, so nothing is copied. All statuses are those of the
 * table in nt-semantics section 7; the rows are named where they are decided. Rows 1-3 and 7-10, which are about the user's
 * pointers and lengths, are decided where the name is captured.
 */
#include "kernel/core/lock.h"
#include "kernel/core/pool.h"
#include "kernel/lib/string.h"
#include "directory.h"

#define LINKS_MAX 32
#define ASCII_PATH_MAX_CHARS 255
#define SEPARATOR '\\'

static struct mutex namespace_lock = MUTEX_INIT("namespace", RANK_NAMESPACE);
static struct object *root; /* (C) the directory "\" */

/* ---- walking ---- */

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

/* The object is borrowed: the namespace lock keeps the tree in place, and the caller keeps name->root. */
struct walk {
	const struct object_type *type; /* wanted, or of the new object; NULL: any */
	bool is_insert;
	bool ignore_case;
	bool needs_separator; /* a part was read: a '\' comes before the next one */
	unsigned links;
	struct object *object;
	struct path_piece missing;
	unsigned piece_count;
	struct path_piece pieces[1 + LINKS_MAX]; /* [0] the caller's text; the last one is read next */
};

static NTSTATUS walk_start(struct walk *walk, const struct object_name *name)
{
	bool starts_at_root = name->chars > 0 && name->text[0] == SEPARATOR;

	walk->ignore_case = name->attributes & OBJ_CASE_INSENSITIVE;
	if (name->chars > NAME_MAX_BYTES / sizeof(uint16_t))
		return STATUS_OBJECT_NAME_INVALID; /* row 10 */
	if (name->root) {
		bool parses = name->root->type->parse && !walk->is_insert;

		if (!name->text)
			return STATUS_OBJECT_NAME_INVALID; /* row 4 */
		if (name->root->type != &directory_type && !parses)
			return STATUS_OBJECT_TYPE_MISMATCH; /* row 13 */
		if (starts_at_root)
			return STATUS_OBJECT_PATH_SYNTAX_BAD; /* row 12 */
		walk->object = name->root;
		walk->pieces[0] = (struct path_piece){name->text, name->chars};
	} else {
		if (!starts_at_root)
			return STATUS_OBJECT_PATH_SYNTAX_BAD; /* rows 3, 5, 11 */
		walk->object = root;
		walk->pieces[0] = (struct path_piece){name->text + 1, name->chars - 1};
	}
	walk->piece_count = 1;
	return STATUS_SUCCESS;
}

static bool walk_has_more(struct walk *walk)
{
	while (walk->piece_count > 0 && walk->pieces[walk->piece_count - 1].chars == 0)
		walk->piece_count--;
	return walk->piece_count > 0;
}

/* Skips the '\' after a part that was read. A link's target never ends with one, so it is in the top piece. */
static void walk_skip_separator(struct walk *walk)
{
	struct path_piece *piece = &walk->pieces[walk->piece_count - 1];

	if (!walk->needs_separator)
		return;
	KASSERT(piece->text[0] == SEPARATOR);
	piece->text++;
	piece->chars--;
	walk->needs_separator = false;
}

/* Takes the next part off the text to go. Empty when a '\' follows or nothing does. */
static struct path_piece walk_take_part(struct walk *walk)
{
	struct path_piece *piece, part;

	walk_skip_separator(walk);
	piece = &walk->pieces[walk->piece_count - 1];
	part = (struct path_piece){piece->text, 0};
	while (part.chars < piece->chars && part.text[part.chars] != SEPARATOR)
		part.chars++;
	piece->text += part.chars;
	piece->chars -= part.chars;
	walk->needs_separator = true;
	return part;
}

static NTSTATUS walk_follow_link(struct walk *walk, const struct symbolic_link *link)
{
	if (walk->links++ == LINKS_MAX)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	walk->pieces[walk->piece_count++] =
		(struct path_piece){link->target, link->target_chars};
	walk->object = root;
	walk->needs_separator = false;
	return STATUS_SUCCESS;
}

/* One part further down from a directory. *end stays WALK_OBJECT while the walk can go on. */
static NTSTATUS walk_step(struct walk *walk, enum walk_end *end)
{
	struct directory *directory = (struct directory *)walk->object;
	struct path_piece part = walk_take_part(walk);
	bool is_last = !walk_has_more(walk);
	struct directory_entry *entry;

	if (part.chars == 0)
		return STATUS_OBJECT_NAME_INVALID; /* row 16 */
	entry = directory_find(directory, part.text, part.chars, walk->ignore_case);
	if (!entry && !is_last)
		return STATUS_OBJECT_PATH_NOT_FOUND; /* rows 14, 16b, 22 */
	if (!entry) {
		walk->missing = part;
		*end = WALK_MISSING;
		return STATUS_SUCCESS;
	}
	walk->object = entry->object;
	if (walk->object->type == &symbolic_link_type &&
	    !(is_last && walk->type == &symbolic_link_type))
		return walk_follow_link(walk, (struct symbolic_link *)walk->object); /* row 25 */
	return STATUS_SUCCESS;
}

/* => returns: STATUS_SUCCESS and how it ended, or the status of the row. */
static NTSTATUS walk_path(struct walk *walk, const struct object_name *name, enum walk_end *end)
{
	NTSTATUS status = walk_start(walk, name);

	*end = WALK_OBJECT;
	while (NT_SUCCESS(status) && *end == WALK_OBJECT && walk_has_more(walk)) {
		if (walk->object->type == &directory_type)
			status = walk_step(walk, end);
		else if (walk->object->type->parse && !walk->is_insert)
			*end = WALK_PARSE;
		else
			status = STATUS_OBJECT_PATH_NOT_FOUND; /* rows 15, 28 */
	}
	return status;
}

/* ---- look-up ---- */

/* What a parse function is given. */
struct parse_rest {
	const uint16_t *text;
	size_t chars;
	uint16_t *block; /* pool block that holds the text, or NULL when it is the caller's */
};

/*
 * Joins what is left of the path. The caller's own text needs no copy; a link's target does, because the link may go
 * once the namespace is unlocked.
 */
static NTSTATUS walk_join_rest(struct walk *walk, struct parse_rest *rest)
{
	size_t chars = 0;

	*rest = (struct parse_rest){0};
	if (!walk_has_more(walk))
		return STATUS_SUCCESS;
	walk_skip_separator(walk);
	if (walk->piece_count == 1) {
		rest->text = walk->pieces[0].text;
		rest->chars = walk->pieces[0].chars;
		return STATUS_SUCCESS;
	}
	for (unsigned i = 0; i < walk->piece_count; i++)
		chars += walk->pieces[i].chars;
	if (chars > POOL_MAX_BYTES / sizeof(uint16_t))
		return STATUS_OBJECT_NAME_INVALID;
	rest->block = pool_alloc(chars * sizeof(uint16_t));
	if (!rest->block)
		return STATUS_INSUFFICIENT_RESOURCES;
	for (unsigned i = walk->piece_count; i-- > 0; rest->chars += walk->pieces[i].chars)
		memcpy(rest->block + rest->chars, walk->pieces[i].text,
		       walk->pieces[i].chars * sizeof(uint16_t));
	rest->text = rest->block;
	return STATUS_SUCCESS;
}

/* Walks under the lock. *object: a reference; *parses: it is to be given *rest. */
static NTSTATUS lookup_locked(const struct object_name *name, const struct object_type *type,
			      struct object **object, bool *parses, struct parse_rest *rest)
{
	struct walk walk = {.type = type};
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
	object_reference(*object);
	return STATUS_SUCCESS;
}

NTSTATUS namespace_lookup(const struct object_name *name, const struct object_type *type,
			  void *context, struct object **result)
{
	struct object *object, *opened = NULL;
	struct parse_rest rest = {0};
	bool parses = false;
	NTSTATUS status;

	mutex_lock(&namespace_lock);
	status = lookup_locked(name, type, &object, &parses, &rest);
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
	}
	if (type && object->type != type) {
		object_release(object);
		return STATUS_OBJECT_TYPE_MISMATCH; /* rows 6, 20 */
	}
	*result = object;
	return STATUS_SUCCESS;
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
	object_reference(present);
	*existing = present;
	return STATUS_OBJECT_NAME_EXISTS; /* rows 19, 26 */
}

static NTSTATUS insert_locked(const struct object_name *name, struct object *object,
			      struct object **existing)
{
	struct walk walk = {.type = object->type, .is_insert = true};
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
	struct directory *directory;
	NTSTATUS status = object_create(&directory_type, &directory);

	if (!NT_SUCCESS(status))
		return status;
	RB_INIT(&directory->entries);
	status = namespace_insert_ascii(path, &directory->header);
	if (!NT_SUCCESS(status) || !result)
		object_release(directory);
	else
		*result = &directory->header;
	return status;
}

NTSTATUS symbolic_link_create(const char *path, const char *target)
{
	size_t chars = strnlen(target, SYMBOLIC_LINK_TARGET_MAX_CHARS + 1);
	struct symbolic_link *link;
	NTSTATUS status;

	if (chars < 2 || target[0] != SEPARATOR || target[chars - 1] == SEPARATOR)
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (chars > SYMBOLIC_LINK_TARGET_MAX_CHARS)
		return STATUS_OBJECT_NAME_INVALID;
	status = object_create(&symbolic_link_type, &link);
	if (!NT_SUCCESS(status))
		return status;
	link->target_chars = utf16_from_ascii(link->target, target + 1, chars - 1);
	status = namespace_insert_ascii(path, &link->header);
	object_release(link);
	return status;
}

void namespace_init(void)
{
	static const char *const directories[] = {
		"\\BaseNamedObjects", "\\KernelObjects", "\\Device", "\\??",
	};
	NTSTATUS status;

	object_type_register(&directory_type);
	object_type_register(&symbolic_link_type);
	status = object_create(&directory_type, &root);
	KASSERT(NT_SUCCESS(status));
	RB_INIT(&((struct directory *)root)->entries);
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

/*
 * walk.c - see walk.h. The rows named here are those of the table in nt-semantics section 7.
 */
#include "walk.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "directory.h"

#define SEPARATOR '\\'

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
		walk->object = walk->root;
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

/*
 * Skips the '\' after a part that was read: the part ended there, or with its piece, and then the
 * next piece begins with one.
 */
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
	if (link->target[0] != SEPARATOR)
		return STATUS_OBJECT_PATH_SYNTAX_BAD; /* row 11, one link later */
	walk->pieces[walk->piece_count++] =
		(struct path_piece){link->target + 1, link->target_chars - 1};
	walk->object = walk->root;
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

NTSTATUS walk_path(struct walk *walk, const struct object_name *name, enum walk_end *end)
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

NTSTATUS walk_join_rest(struct walk *walk, struct parse_rest *rest)
{
	size_t chars = 0;

	*rest = (struct parse_rest){0};
	if (!walk_has_more(walk))
		return STATUS_SUCCESS;
	walk_skip_separator(walk);
	if (!walk_has_more(walk))
		return STATUS_SUCCESS;
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

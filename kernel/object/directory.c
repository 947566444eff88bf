/*
 * directory.c - directories: a tree of names each, and the names themselves.
 */
#include "directory.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define CHUNK_MAX_CHARS(header_bytes) ((POOL_MAX_BYTES - (header_bytes)) / sizeof(uint16_t))

static void directory_delete(struct object *object)
{
	KASSERT(RB_EMPTY(&((struct directory *)object)->entries));
}

static void symbolic_link_delete(struct object *object)
{
	struct symbolic_link *link = (struct symbolic_link *)object;

	pool_free(link->target, link->target_chars * sizeof(uint16_t));
}

struct object_type directory_type = {
	.name = "Directory",
	.body_bytes = sizeof(struct directory),
	.valid_access = DIRECTORY_ALL_ACCESS,
	.generic_read = STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
	.generic_write =
		STANDARD_RIGHTS_WRITE | DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
	.generic_all = DIRECTORY_ALL_ACCESS,
	.delete = directory_delete,
};

struct object_type symbolic_link_type = {
	.name = "SymbolicLink",
	.body_bytes = sizeof(struct symbolic_link),
	.valid_access = SYMBOLIC_LINK_ALL_ACCESS,
	.generic_read = STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY,
	.generic_write = STANDARD_RIGHTS_WRITE,
	.generic_execute = STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY,
	.generic_all = SYMBOLIC_LINK_ALL_ACCESS,
	.delete = symbolic_link_delete,
};

/* ---- the order of names ---- */

/* Reads a chain of chunks character by character. */
struct name_reader {
	const struct name_chunk *chunk;
	size_t position;
};

/* The next character, or -1 at the end. */
static int32_t name_next(struct name_reader *reader)
{
	while (reader->chunk && reader->position == reader->chunk->chars) {
		reader->chunk = reader->chunk->next;
		reader->position = 0;
	}
	return reader->chunk ? reader->chunk->text[reader->position++] : -1;
}

/*
 * Negative, 0 or positive as a comes before b, is equal, or comes after it; a shorter name comes
 * first.
 */
static int name_compare(const struct name_chunk *a, const struct name_chunk *b, bool ignore_case)
{
	struct name_reader left = {a, 0}, right = {b, 0};
	int32_t x, y;

	do {
		x = name_next(&left);
		y = name_next(&right);
		if (ignore_case && x >= 0 && y >= 0) {
			x = utf16_upcase((uint16_t)x);
			y = utf16_upcase((uint16_t)y);
		}
	} while (x == y && x >= 0);
	return (x > y) - (x < y);
}

static int entry_compare(struct directory_entry *a, struct directory_entry *b)
{
	int order = name_compare(&a->name, &b->name, true);

	if (order != 0 || a->ignore_case || b->ignore_case)
		return order;
	return name_compare(&a->name, &b->name, false);
}

RB_GENERATE_INTERNAL(entry_tree, directory_entry, node, entry_compare,
		     static __attribute__((unused)))

struct directory_entry *directory_find(struct directory *directory, const uint16_t *text,
				       size_t chars, bool ignore_case)
{
	struct directory_entry key = {
		.ignore_case = ignore_case,
		.name = {.text = text, .chars = chars},
	};

	return RB_FIND(entry_tree, &directory->entries, &key);
}

struct directory_entry *directory_first(struct directory *directory)
{
	return RB_MIN(entry_tree, &directory->entries);
}

struct directory_entry *directory_next(struct directory_entry *entry)
{
	return RB_NEXT(entry_tree, , entry);
}

/* ---- entries ---- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Sets *chunk up with the text that follows it in its pool block, taken from the front of *text. */
static void chunk_fill(struct name_chunk *chunk, const uint16_t **text, size_t chars)
{
	chunk->next = NULL;
	chunk->text = memcpy(chunk + 1, *text, chars * sizeof(uint16_t));
	chunk->chars = chars;
	*text += chars;
}

static void entry_free_memory(struct directory_entry *entry)
{
	struct name_chunk *chunk = entry->name.next, *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		pool_free(chunk, sizeof(*chunk) + chunk->chars * sizeof(uint16_t));
	}
	pool_free(entry, sizeof(*entry) + entry->name.chars * sizeof(uint16_t));
}

static struct directory_entry *entry_create(const uint16_t *text, size_t chars)
{
	size_t part = smaller(chars, CHUNK_MAX_CHARS(sizeof(struct directory_entry)));
	struct directory_entry *entry = pool_alloc(sizeof(*entry) + part * sizeof(uint16_t));
	struct name_chunk *chunk;

	if (!entry)
		return NULL;
	chunk = &entry->name;
	chunk_fill(chunk, &text, part);
	for (chars -= part; chars > 0; chars -= part) {
		part = smaller(chars, CHUNK_MAX_CHARS(sizeof(*chunk)));
		chunk->next = pool_alloc(sizeof(*chunk) + part * sizeof(uint16_t));
		if (!chunk->next) {
			entry_free_memory(entry);
			return NULL;
		}
		chunk = chunk->next;
		chunk_fill(chunk, &text, part);
	}
	return entry;
}

NTSTATUS directory_add(struct directory *directory, const uint16_t *text, size_t chars,
		       struct object *object)
{
	struct directory_entry *entry = entry_create(text, chars), *other;

	if (!entry)
		return STATUS_INSUFFICIENT_RESOURCES;
	object_reference(directory);
	object_reference(object);
	entry->directory = directory;
	entry->object = object;
	other = RB_INSERT(entry_tree, &directory->entries, entry);
	KASSERT(!other && !object->name_entry);
	object->name_entry = entry;
	return STATUS_SUCCESS;
}

void directory_remove(struct directory_entry *entry)
{
	RB_REMOVE(entry_tree, &entry->directory->entries, entry);
	entry->object->name_entry = NULL;
}

void directory_entry_free(struct directory_entry *entry)
{
	object_release(entry->object);
	object_release(entry->directory);
	entry_free_memory(entry);
}

size_t directory_entry_chars(const struct directory_entry *entry)
{
	size_t chars = 0;

	for (const struct name_chunk *chunk = &entry->name; chunk; chunk = chunk->next)
		chars += chunk->chars;
	return chars;
}

void directory_entry_copy(const struct directory_entry *entry, uint16_t *buffer)
{
	for (const struct name_chunk *chunk = &entry->name; chunk; chunk = chunk->next) {
		memcpy(buffer, chunk->text, chunk->chars * sizeof(uint16_t));
		buffer += chunk->chars;
	}
}

/* ---- new ones ---- */

NTSTATUS directory_make(struct object **result)
{
	struct directory *directory;
	NTSTATUS status = object_create(&directory_type, &directory);

	if (!NT_SUCCESS(status))
		return status;
	RB_INIT(&directory->entries);
	*result = &directory->header;
	return STATUS_SUCCESS;
}

NTSTATUS symbolic_link_make(const uint16_t *target, size_t chars, struct object **result)
{
	struct symbolic_link *link;
	NTSTATUS status;

	KASSERT(chars > 0);
	if (chars > POOL_MAX_BYTES / sizeof(uint16_t))
		return STATUS_NAME_TOO_LONG;
	status = object_create(&symbolic_link_type, &link);
	if (!NT_SUCCESS(status))
		return status;
	link->target = pool_alloc(chars * sizeof(uint16_t));
	if (!link->target) {
		object_release(link);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	link->target_chars = chars;
	memcpy(link->target, target, chars * sizeof(uint16_t));
	*result = &link->header;
	return STATUS_SUCCESS;
}

size_t symbolic_link_target(const struct object *object, const uint16_t **text)
{
	const struct symbolic_link *link = (const struct symbolic_link *)object;

	KASSERT(object->type == &symbolic_link_type);
	*text = link->target;
	return link->target_chars;
}

/*
 * handle.c - a table from handle values to objects, with the access that was granted.
 *
 * Entries of 16 bytes stand in pages of 256. Up to 256 entries the root is such a page; above that
 * it is a page of 512 pointers to pages of entries, and above 131072 entries a page of pointers to
 * those. Index 0 has an entry and is never used, so that handle 0 is invalid.
 *
 * Free entries form a queue: taken at the front, put back at the end, so that a slot rests as long
 * as possible before it is used again, and its generation makes the new value differ from the old
 * ones.
 *
 * Deleting an object may sleep and take other locks, also ones that rank below the table's: an
 * entry is emptied under the lock, and its references are dropped after it.
 */
#include "handle.h"

#include "kernel/core/fail.h"
#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define TABLE_PAGE_BYTES 4096u
#define ENTRY_SHIFT 8 /* entries per page */
#define ENTRIES_PER_PAGE (1u << ENTRY_SHIFT)
#define POINTER_SHIFT 9 /* pointers per page */
#define POINTERS_PER_PAGE (1u << POINTER_SHIFT)

#define HANDLE_INDEX_SHIFT 2
#define HANDLE_GENERATION_SHIFT (HANDLE_INDEX_SHIFT + HANDLE_INDEX_BITS)
#define HANDLE_VALUE_LIMIT ((handle_t)1 << 31)

#define ATTRIBUTE_MASK ((uintptr_t)(OBJ_PROTECT_CLOSE | OBJ_INHERIT))

struct handle_entry {
	uintptr_t object_word; /* object | attributes; 0: free (pool blocks are aligned to 16) */
	uint32_t granted;      /* free: the next free index, or 0 */
	uint8_t generation;    /* of the present handle, or of the next one */
};
_Static_assert(sizeof(struct handle_entry) == 16, "handle entry");
_Static_assert(ENTRIES_PER_PAGE * sizeof(struct handle_entry) == TABLE_PAGE_BYTES, "entry page");
_Static_assert(POINTERS_PER_PAGE * sizeof(void *) == TABLE_PAGE_BYTES, "pointer page");

/* ---- the radix table ---- */

/* Levels of pointer pages above the entries of a table that has `capacity` entries. */
static unsigned table_levels(uint32_t capacity)
{
	unsigned levels = 0;

	while (capacity > ENTRIES_PER_PAGE << (POINTER_SHIFT * levels))
		levels++;
	return levels;
}

/*
 * The slot that names the page of entries with `index`; below `capacity`, so the pages above it
 * exist.
 */
static void **table_page_slot(struct handle_table *table, uint32_t index)
{
	void **slot = &table->root;

	for (unsigned level = table_levels(table->capacity); level > 0; level--) {
		unsigned shift = ENTRY_SHIFT + POINTER_SHIFT * (level - 1);

		slot = (void **)*slot + ((index >> shift & (POINTERS_PER_PAGE - 1)));
	}
	return slot;
}

static struct handle_entry *table_entry(struct handle_table *table, uint32_t index)
{
	struct handle_entry *page = *table_page_slot(table, index);

	return &page[index & (ENTRIES_PER_PAGE - 1)];
}

static void free_queue_append(struct handle_table *table, uint32_t index)
{
	struct handle_entry *entry = table_entry(table, index);

	entry->object_word = 0;
	entry->granted = 0;
	if (table->last_free)
		table_entry(table, table->last_free)->granted = index;
	else
		table->first_free = index;
	table->last_free = index;
}

/*
 * Allocates what the page of entries from table->capacity on needs: a new root when the levels are
 * full, a page of pointers on the way, the page itself. All of them or none.
 */
static bool table_grow(struct handle_table *table)
{
	uint32_t index = table->capacity;
	unsigned levels = table_levels(index + ENTRIES_PER_PAGE);
	void *page = pool_alloc(TABLE_PAGE_BYTES);
	void *root = NULL, *middle = NULL, **slot;
	bool needs_root = levels > table_levels(index);
	bool needs_middle = levels == 2 && index % (ENTRIES_PER_PAGE * POINTERS_PER_PAGE) == 0;

	if (needs_root)
		root = pool_alloc(TABLE_PAGE_BYTES);
	if (needs_middle)
		middle = pool_alloc(TABLE_PAGE_BYTES);
	if (!page || (needs_root && !root) || (needs_middle && !middle)) {
		pool_free(page, TABLE_PAGE_BYTES);
		pool_free(root, TABLE_PAGE_BYTES);
		pool_free(middle, TABLE_PAGE_BYTES);
		return false;
	}
	if (needs_root) {
		*(void **)root = table->root;
		table->root = root;
	}
	if (needs_middle)
		((void **)table->root)[index >> (ENTRY_SHIFT + POINTER_SHIFT)] = middle;
	table->capacity = index + ENTRIES_PER_PAGE;
	slot = table_page_slot(table, index);
	KASSERT(!*slot);
	*slot = page;
	return true;
}

/* Grows the table by one page of entries and queues them; index 0 stays out. */
static bool table_extend(struct handle_table *table)
{
	uint32_t first = table->capacity;

	if (first >= 1u << HANDLE_INDEX_BITS || !table_grow(table))
		return false;
	for (uint32_t index = first ? first : 1; index < table->capacity; index++)
		free_queue_append(table, index);
	return true;
}

static void table_free_pages(struct handle_table *table)
{
	const uint32_t middle_span = ENTRIES_PER_PAGE * POINTERS_PER_PAGE;
	unsigned levels = table_levels(table->capacity);

	for (uint32_t index = 0; index < table->capacity; index += ENTRIES_PER_PAGE)
		pool_free(*table_page_slot(table, index), TABLE_PAGE_BYTES);
	for (uint32_t index = 0; levels == 2 && index < table->capacity; index += middle_span)
		pool_free(((void **)table->root)[index / middle_span], TABLE_PAGE_BYTES);
	if (levels > 0)
		pool_free(table->root, TABLE_PAGE_BYTES);
	table->root = NULL;
	table->capacity = table->first_free = table->last_free = 0;
}

/* ---- entries and values ---- */

static struct object *entry_object(const struct handle_entry *entry)
{
	return (struct object *)(entry->object_word & ~ATTRIBUTE_MASK);
}

static struct handle_information entry_information(const struct handle_entry *entry)
{
	return (struct handle_information){
		.granted = entry->granted,
		.attributes = (uint32_t)(entry->object_word & ATTRIBUTE_MASK),
	};
}

static handle_t entry_value(const struct handle_entry *entry, uint32_t index)
{
	return (handle_t)entry->generation << HANDLE_GENERATION_SHIFT |
	       (handle_t)index << HANDLE_INDEX_SHIFT;
}

/* The entry that a value of the user names, or NULL. */
static struct handle_entry *entry_resolve(struct handle_table *table, handle_t handle)
{
	uint32_t index = (uint32_t)(handle >> HANDLE_INDEX_SHIFT) & HANDLE_MAX_COUNT;
	struct handle_entry *entry;

	if (handle >= HANDLE_VALUE_LIMIT || index == 0 || index >= table->capacity)
		return NULL;
	entry = table_entry(table, index);
	if (!entry->object_word || entry->generation != handle >> HANDLE_GENERATION_SHIFT)
		return NULL;
	return entry;
}

/* Empties the entry; the caller drops the object's references after it has unlocked the table. */
static struct object *entry_remove(struct handle_table *table, struct handle_entry *entry,
				   uint32_t index)
{
	struct object *object = entry_object(entry);

	entry->generation++;
	free_queue_append(table, index);
	KASSERT(table->used > 0);
	table->used--;
	return object;
}

/* ---- public ---- */

NTSTATUS handle_table_init(struct handle_table *table)
{
	memset(table, 0, sizeof(*table));
	mutex_init(&table->lock, "handle table", RANK_HANDLE_TABLE);
	return table_extend(table) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/* Removes the first handle at or above *index, which becomes its index. NULL when there is none. */
static struct object *table_remove_next(struct handle_table *table, uint32_t *index)
{
	struct object *object = NULL;

	mutex_lock(&table->lock);
	table->closed = true;
	for (; *index < table->capacity && !object; (*index)++) {
		struct handle_entry *entry = table_entry(table, *index);

		if (entry->object_word)
			object = entry_remove(table, entry, *index);
	}
	mutex_unlock(&table->lock);
	return object;
}

void handle_table_destroy(struct handle_table *table)
{
	uint32_t index = 1;
	struct object *object;

	while ((object = table_remove_next(table, &index)))
		object_handle_closed(object);
	mutex_lock(&table->lock);
	KASSERT(table->used == 0);
	table_free_pages(table);
	mutex_unlock(&table->lock);
}

static NTSTATUS insert_locked(struct handle_table *table, struct object *object,
			      access_mask_t granted, uint32_t attributes, handle_t *result)
{
	struct handle_entry *entry;
	uint32_t index;

	if (table->closed)
		return STATUS_PROCESS_IS_TERMINATING;
	if (fail_point(QUIRE_FAIL_HANDLE) || (!table->first_free && !table_extend(table)))
		return STATUS_INSUFFICIENT_RESOURCES;
	index = table->first_free;
	entry = table_entry(table, index);
	table->first_free = entry->granted;
	if (!table->first_free)
		table->last_free = 0;
	object_handle_opened(object);
	entry->object_word = (uintptr_t)object | (attributes & ATTRIBUTE_MASK);
	entry->granted = granted;
	table->used++;
	*result = entry_value(entry, index);
	return STATUS_SUCCESS;
}

NTSTATUS handle_insert(struct handle_table *table, void *object, access_mask_t granted,
		       uint32_t attributes, handle_t *result)
{
	NTSTATUS status;

	KASSERT(object && ((uintptr_t)object & ATTRIBUTE_MASK) == 0);
	mutex_lock(&table->lock);
	status = insert_locked(table, object, granted, attributes, result);
	mutex_unlock(&table->lock);
	return status;
}

static NTSTATUS check_access(const struct handle_entry *entry, const struct object_type *type,
			     access_mask_t desired)
{
	if (!entry)
		return STATUS_INVALID_HANDLE;
	if (type && entry_object(entry)->type != type)
		return STATUS_OBJECT_TYPE_MISMATCH;
	if (desired & ~entry->granted)
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

NTSTATUS handle_reference(struct handle_table *table, handle_t handle,
			  const struct object_type *type, access_mask_t desired, void *object_out,
			  access_mask_t *granted)
{
	struct handle_entry *entry;
	NTSTATUS status;

	mutex_lock(&table->lock);
	entry = entry_resolve(table, handle);
	status = check_access(entry, type, desired);
	if (NT_SUCCESS(status)) {
		object_reference(entry_object(entry));
		*(struct object **)object_out = entry_object(entry);
		if (granted)
			*granted = entry->granted;
	}
	mutex_unlock(&table->lock);
	return status;
}

NTSTATUS handle_open(struct handle_table *table, handle_t handle, struct object **object,
		     struct handle_information *result)
{
	struct handle_entry *entry;

	mutex_lock(&table->lock);
	entry = entry_resolve(table, handle);
	if (entry)
		*result = entry_information(entry);
	if (entry && object) {
		*object = entry_object(entry);
		object_handle_opened(*object);
	}
	mutex_unlock(&table->lock);
	return entry ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS handle_set_attributes(struct handle_table *table, handle_t handle, uint32_t attributes)
{
	struct handle_entry *entry;

	mutex_lock(&table->lock);
	entry = entry_resolve(table, handle);
	if (entry)
		entry->object_word =
			(entry->object_word & ~ATTRIBUTE_MASK) | (attributes & ATTRIBUTE_MASK);
	mutex_unlock(&table->lock);
	return entry ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS handle_close(struct handle_table *table, handle_t handle)
{
	struct handle_entry *entry;
	struct object *object = NULL;
	NTSTATUS status = STATUS_SUCCESS;

	mutex_lock(&table->lock);
	entry = entry_resolve(table, handle);
	if (!entry)
		status = STATUS_INVALID_HANDLE;
	else if (entry->object_word & OBJ_PROTECT_CLOSE)
		status = STATUS_HANDLE_NOT_CLOSABLE;
	else
		object = entry_remove(table, entry,
				      (uint32_t)(handle >> HANDLE_INDEX_SHIFT) & HANDLE_MAX_COUNT);
	mutex_unlock(&table->lock);
	if (object)
		object_handle_closed(object);
	return status;
}

bool handle_next(struct handle_table *table, handle_t *handle, struct object **object,
		 struct handle_information *information)
{
	uint32_t index = (uint32_t)(*handle >> HANDLE_INDEX_SHIFT) & HANDLE_MAX_COUNT;
	struct handle_entry *entry = NULL;

	mutex_lock(&table->lock);
	for (index++; index < table->capacity; index++) {
		entry = table_entry(table, index);
		if (entry->object_word)
			break;
	}
	if (index < table->capacity) {
		*handle = entry_value(entry, index);
		*object = entry_object(entry);
		object_reference(*object);
		*information = entry_information(entry);
	}
	mutex_unlock(&table->lock);
	return index < table->capacity;
}

uint32_t handle_count(struct handle_table *table)
{
	uint32_t count;

	mutex_lock(&table->lock);
	count = table->used;
	mutex_unlock(&table->lock);
	return count;
}

uint64_t handle_table_hash(struct handle_table *table)
{
	uint64_t hash = 0;

	mutex_lock(&table->lock);
	for (uint32_t index = 1; index < table->capacity; index++) {
		struct handle_entry *entry = table_entry(table, index);
		struct handle_information information = entry_information(entry);

		if (!entry->object_word)
			continue;
		hash = (hash ^ index ^ entry->object_word << 8) * 0x9E3779B97F4A7C15ull;
		hash ^= hash >> 29 ^ (uint64_t)information.granted << 24 ^ entry->generation;
	}
	mutex_unlock(&table->lock);
	return hash;
}

/* Puts every empty entry into the queue of free ones. */
static void free_queue_rebuild(struct handle_table *table)
{
	table->first_free = table->last_free = 0;
	for (uint32_t index = 1; index < table->capacity; index++) {
		if (!table_entry(table, index)->object_word)
			free_queue_append(table, index);
	}
}

static bool inherit_locked(struct handle_table *from, struct handle_table *to)
{
	for (uint32_t index = 1; index < from->capacity; index++) {
		struct handle_entry *entry = table_entry(from, index);

		if (!entry->object_word || !(entry->object_word & OBJ_INHERIT))
			continue;
		while (to->capacity <= index) {
			if (!table_extend(to))
				return false;
		}
		object_handle_opened(entry_object(entry));
		*table_entry(to, index) = *entry;
		to->used++;
	}
	return true;
}

NTSTATUS handle_table_inherit(struct handle_table *from, struct handle_table *to)
{
	bool is_complete;

	KASSERT(to->used == 0);
	mutex_lock(&from->lock);
	is_complete = inherit_locked(from, to);
	mutex_unlock(&from->lock);
	free_queue_rebuild(to);
	return is_complete ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

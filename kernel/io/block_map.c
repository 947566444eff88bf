/*
 * block_map.c - see block_map.h.
 */
#include "block_map.h"

#include "kernel/core/pool.h"
#include "kernel/lib/assert.h"
#include "disk.h"

#define TABLE_BYTES 4096u
#define LEAF_SHIFT 10	/* block numbers in a leaf */
#define POINTER_SHIFT 9 /* pointers in a table above it */
#define POINTERS (1u << POINTER_SHIFT)
#define LEVELS_MAX 2u /* 1 TiB per file: more than a disk has */

_Static_assert(sizeof(uint32_t) << LEAF_SHIFT == TABLE_BYTES, "leaf");
_Static_assert(sizeof(void *) << POINTER_SHIFT == TABLE_BYTES, "table of pointers");

/* Pages that one entry of a table at `level` (0: a leaf) stands for, as a shift. */
static unsigned entry_shift(unsigned level)
{
	return level == 0 ? 0 : LEAF_SHIFT + POINTER_SHIFT * (level - 1);
}

/* Pages that a table with so many levels of pointers above its leaves can name. */
static uint64_t table_span(unsigned levels)
{
	return 1ull << entry_shift(levels + 1);
}

static uint64_t table_count; /* (D) tables of all files */

static void *table_alloc(void)
{
	void *table = pool_alloc(TABLE_BYTES);

	table_count += table != NULL;
	return table;
}

uint64_t block_map_bytes_all(void)
{
	return table_count * TABLE_BYTES;
}

/* Puts another level on top until `page` can be named. */
static bool map_raise(struct block_map *map, page_index_t page)
{
	KASSERT(page < table_span(LEVELS_MAX));
	if (!map->root) {
		map->levels = 0;
		map->root = table_alloc();
	}
	while (map->root && page >= table_span(map->levels)) {
		void **table = table_alloc();

		if (!table)
			return false;
		table[0] = map->root;
		map->root = table;
		map->levels++;
	}
	return map->root;
}

uint32_t *block_map_slot(struct block_map *map, page_index_t page, bool create)
{
	void **slot = &map->root;

	if (create && !map_raise(map, page))
		return NULL;
	if (!map->root || page >= table_span(map->levels))
		return NULL;
	KASSERT(map->levels <= LEVELS_MAX);
	for (unsigned level = map->levels; level > 0; level--) {
		slot = (void **)*slot + ((page >> entry_shift(level)) & (POINTERS - 1));
		if (!*slot && create)
			*slot = table_alloc();
		if (!*slot)
			return NULL;
	}
	return (uint32_t *)*slot + (page & ((1u << LEAF_SHIFT) - 1));
}

/*
 * The slot that names the table of `level` on the way to `page`, or NULL when a table above it is
 * missing.
 */
static void **map_table_slot(struct block_map *map, page_index_t page, unsigned level)
{
	void **slot = &map->root;

	for (unsigned above = map->levels; above > level; above--) {
		if (!*slot)
			return NULL;
		slot = (void **)*slot + ((page >> entry_shift(above)) & (POINTERS - 1));
	}
	return slot;
}

/* Frees the tables of `level` that lie wholly at or above `first`; those below them are gone. */
static void level_cut(struct block_map *map, page_index_t first, unsigned level)
{
	uint64_t step = table_span(level);
	uint64_t page = (first + step - 1) / step * step;

	for (; page < table_span(map->levels); page += step) {
		void **slot = map_table_slot(map, page, level);

		if (slot && *slot) {
			pool_free(*slot, TABLE_BYTES);
			table_count--;
			*slot = NULL;
		}
	}
}

static void leaves_give_back(struct block_map *map, page_index_t first)
{
	page_index_t page = first;

	while (page < table_span(map->levels)) {
		uint32_t *slot = block_map_slot(map, page, false);

		if (!slot) { /* on to the next leaf */
			page = ((page >> LEAF_SHIFT) + 1) << LEAF_SHIFT;
			continue;
		}
		if (*slot != DISK_BLOCK_NONE)
			disk_block_free(*slot);
		*slot = DISK_BLOCK_NONE;
		page++;
	}
}

void block_map_cut(struct block_map *map, page_index_t first)
{
	if (!map->root)
		return;
	leaves_give_back(map, first);
	for (unsigned level = 0; level <= map->levels; level++)
		level_cut(map, first, level);
}

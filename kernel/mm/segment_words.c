/*
 * segment_words.c - the table of state words: a radix tree of tables of 512 words, made on demand.
 *
 * Level 1 holds words, higher levels hold IN_FRAME words that name tables. The root is as small as
 * the segment needs: a pool block up to half a page, else a frame; so a section of one page costs
 * 16 bytes and one of 1 TiB, used in one place, four frames. A file segment's root is a whole
 * frame, so that the file can grow by adding levels on top.
 */
#include "segment.h"

#include "frame.h"
#include "kernel/core/pool.h"

#define WORDS_PER_TABLE 512u
#define SMALL_ROOT_BYTES 2048u

/* Pages that one entry of a table at `level` stands for. */
static uint64_t entry_pages(unsigned level)
{
	return 1ull << (9 * (level - 1));
}

static unsigned levels_for(uint64_t page_count)
{
	unsigned level = 1;

	while (entry_pages(level + 1) < page_count)
		level++;
	return level;
}

static bool root_is_frame(const struct segment *segment)
{
	return segment->root_entries * sizeof(pte_t) > SMALL_ROOT_BYTES;
}

/* A zeroed table of state words in a frame, or NULL. */
static pte_t *table_alloc(void)
{
	pfn_t pfn = frame_alloc_wait(FRAME_ALL_ZERO);

	if (pfn == PFN_NONE)
		return NULL;
	spin_lock(&frame_lock);
	frame_make_table_locked(frame_of(pfn));
	spin_unlock(&frame_lock);
	return frame_memory(pfn);
}

static void table_free(pte_t *table)
{
	spin_lock(&frame_lock);
	frame_free_locked(frame_of_word(table));
	spin_unlock(&frame_lock);
}

NTSTATUS segment_words_init(struct segment *segment)
{
	uint64_t top;

	segment->levels = levels_for(segment->page_count);
	top = entry_pages(segment->levels);
	segment->root_entries = (uint32_t)((segment->page_count + top - 1) / top);
	if (segment->kind == SEGMENT_FILE)
		segment->root_entries = WORDS_PER_TABLE;
	if (root_is_frame(segment)) {
		segment->root_entries = WORDS_PER_TABLE;
		segment->root = table_alloc();
	} else {
		segment->root = pool_alloc(segment->root_entries * sizeof(pte_t));
	}
	return segment->root ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static unsigned table_index(const struct segment *segment, page_index_t index, unsigned level)
{
	uint64_t entry = index / entry_pages(level);

	return (unsigned)(level == segment->levels ? entry : entry % WORDS_PER_TABLE);
}

/*
 * The entry of `level` for the page, or NULL; then *missing is the level of the entry that names no
 * table.
 */
static pte_t *entry_find(struct segment *segment, page_index_t index, unsigned level,
			 unsigned *missing)
{
	pte_t *table = segment->root;

	KASSERT(index < entry_pages(segment->levels) * segment->root_entries);
	for (unsigned at = segment->levels; at > level; at--) {
		pte_t entry = table[table_index(segment, index, at)];

		if (pte_is_none(entry)) {
			*missing = at;
			return NULL;
		}
		table = frame_memory(pte_pfn(entry));
	}
	return &table[table_index(segment, index, level)];
}

pte_t *segment_word_find_locked(struct segment *segment, page_index_t index)
{
	unsigned missing;

	return index < segment->page_count ? entry_find(segment, index, 1, &missing) : NULL;
}

pte_t *segment_word_make_locked(struct segment *segment, page_index_t index, pfn_t *spare)
{
	unsigned missing;
	pte_t *word;

	while (!(word = entry_find(segment, index, 1, &missing))) {
		if (*spare == PFN_NONE)
			return NULL;
		frame_make_table_locked(frame_of(*spare));
		pt_write(entry_find(segment, index, missing, &missing), pte_in_frame(*spare));
		segment->table_frames++;
		*spare = PFN_NONE;
	}
	return word;
}

pte_t *segment_word_next_locked(struct segment *segment, page_index_t *index, page_index_t end)
{
	while (*index < end) {
		unsigned missing;
		pte_t *word = entry_find(segment, *index, 1, &missing);

		if (word)
			return word;
		*index = (*index / entry_pages(missing) + 1) * entry_pages(missing);
	}
	return NULL;
}

static bool can_describe(const struct segment *segment, uint64_t page_count)
{
	return entry_pages(segment->levels) * WORDS_PER_TABLE >= page_count;
}

/* Puts a new root above the old one. */
static void add_level_locked(struct segment *segment, pte_t *root) REQUIRES(frame_lock)
{
	pt_write(root, pte_in_frame(pfn_of(virt_to_phys(segment->root))));
	segment->root = root;
	segment->levels++;
	segment->table_frames++;
}

/*
 * Memory is waited for without locks, so each turn looks anew whether the level is still missing.
 */
NTSTATUS segment_grow(struct segment *segment, uint64_t page_count)
{
	pte_t *spare = NULL;

	KASSERT(segment->kind == SEGMENT_FILE);
	for (;;) {
		bool is_enough;

		mutex_lock(&segment->lock);
		spin_lock(&frame_lock);
		if (spare && !can_describe(segment, page_count)) {
			add_level_locked(segment, spare);
			spare = NULL;
		}
		is_enough = can_describe(segment, page_count);
		if (is_enough && page_count > segment->page_count)
			segment->page_count = page_count;
		spin_unlock(&frame_lock);
		mutex_unlock(&segment->lock);
		if (is_enough)
			break;
		if (!spare && !(spare = table_alloc()))
			return STATUS_INSUFFICIENT_RESOURCES;
	}
	if (spare)
		table_free(spare);
	return STATUS_SUCCESS;
}

/* Frees the tables that the entries of `level` name. */
static void free_tables_below(struct segment *segment, unsigned level)
{
	uint64_t span = entry_pages(level);

	for (page_index_t index = 0; index < segment->page_count;) {
		unsigned missing = level;
		pte_t *entry = entry_find(segment, index, level, &missing);

		if (entry && !pte_is_none(*entry)) {
			table_free(frame_memory(pte_pfn(*entry)));
			pt_write(entry, pte_none());
		}
		if (!entry)
			span = entry_pages(missing);
		index = (index / span + 1) * span;
		span = entry_pages(level);
	}
}

void segment_words_destroy(struct segment *segment)
{
	for (unsigned level = 2; level <= segment->levels; level++)
		free_tables_below(segment, level);
	if (root_is_frame(segment))
		table_free(segment->root);
	else
		pool_free(segment->root, segment->root_entries * sizeof(pte_t));
}

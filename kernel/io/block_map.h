/*
 * block_map.h - the radix table from the pages of a file to blocks of the disk. Private to
 * kernel/io.
 *
 * A leaf is a pool page of 1024 block numbers, anything above it a pool page of 512 pointers; as
 * many levels as the highest page ever asked for needed. => locks: disk_lock.
 */
#pragma once

#include "file.h"

/*
 * The number of the page's block, to be read or set; DISK_BLOCK_NONE where there is none. Tables
 * that are missing are made if `create`. => returns: NULL when one is missing and not to be made,
 * or there is no memory.
 */
uint32_t *block_map_slot(struct block_map *map, page_index_t page, bool create);

/*
 * Gives the blocks of the pages from `first` on back to the disk, and the tables that nothing else
 * is in.
 */
void block_map_cut(struct block_map *map, page_index_t first);

/* Pool bytes that the tables of all files take. */
uint64_t block_map_bytes_all(void);

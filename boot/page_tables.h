/*
 * page_tables.h - the first page tables: the kernel image with the permissions of its segments, all
 * RAM without execute permission, and the loader's jump for the moment of the switch.
 * arch/x86_64/layout.h says where.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PAGE_BYTES 4096ull
#define BLOCK_BYTES (2ull << 20) /* a large page */

struct page_tables {
	uint64_t *pool; /* page_count zeroed pages, one to one with physical addresses */
	uint64_t page_count, used;
	uint64_t *root;
};

#define MAP_WRITABLE 1u
#define MAP_EXECUTABLE 2u
#define MAP_LARGE 4u /* a 2 MiB page; va and pa are aligned so */

/*
 * Pages needed to map `bytes` from `address` on, without the root. An upper bound: shared tables
 * are counted twice.
 */
uint64_t page_tables_needed(uint64_t address, uint64_t bytes, bool large);

/* Takes the pool over; the root is its first page. */
void page_tables_init(struct page_tables *tables, void *pool, uint64_t page_count);

/*
 * Maps one page. Mapping the same address twice is harmless for large pages: the later mapping
 * counts.
 */
void page_tables_map(struct page_tables *tables, uint64_t va, uint64_t pa, unsigned flags);

/*
 * pool.h - the kernel allocator: blocks of up to one page, by size class, from pages of the frame
 * database.
 *
 * Larger things are built from pages on purpose (radix tables), so the pool never needs contiguous
 * frames.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/annotate.h"
#include "sanitize/kasan.h"

#define POOL_MAX_BYTES 4096u

/*
 * Where the pool gets whole pages: kernel/mm at start, a test's own functions on the host. Return
 * NULL when there is none.
 */
struct page_supply {
	void *(*page_alloc)(void); /* 4096 bytes, page aligned, content undefined */
	void (*page_free)(void *page);
};

void pool_init(const struct page_supply *supply);

/*
 * Zeroed memory, aligned to 16 bytes (to 4096 for a whole page), or NULL when there is none or
 * size_bytes > POOL_MAX_BYTES.
 * => locks: takes the pool lock (leaf) and, for a new page, the supply's. Not under a spinlock.
 */
void *pool_alloc(size_t size_bytes) MUST_CHECK;

/* Frees what pool_alloc returned, with the same size. NULL is allowed. */
void pool_free(void *block, size_t size_bytes);

struct pool_statistics {
	uint64_t blocks_used;
	uint64_t bytes_used; /* sum of the sizes asked for */
	uint64_t pages;	     /* pages held from the supply */
};
void pool_statistics_read(struct pool_statistics *result);

/* Recounts every class; panics on a difference. For mm_check. */
void pool_check(void);

#ifdef QUIRE_KASAN
/*
 * The block that the address is in, or next to: for reports, so without the lock.
 * => returns: false if it is used by nobody.
 */
struct pool_block {
	uintptr_t start;
	size_t size_bytes; /* that were asked for */
	struct callers callers;
};
bool pool_block_near(const void *address, struct pool_block *result);
#endif

/*
 * disk.h - the RAM disk below its files: blocks, and the device that moves bytes. Private to
 * kernel/io.
 *
 * The region is divided into blocks of 4 KiB, counted from its start. Which are free is one bit
 * each. Block 0 holds the archive's first header and is never free, so 0 stands for "no block".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nt/ntstatus.h"
#include "kernel/core/lock.h"

#define DISK_BLOCK_BYTES 4096u
#define DISK_BLOCK_NONE 0u

/* RANK_FILE: the tree of files, sizes, block maps and free blocks. */
extern struct mutex disk_lock;

/*
 * Takes the region into use; the blocks wholly behind the first used_bytes are free.
 * => returns: STATUS_SUCCESS, STATUS_DISK_FULL (used_bytes > capacity_bytes), STATUS_NOT_SUPPORTED
 *    (capacity beyond 64 GiB), STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS disk_attach(void *base, uint64_t used_bytes, uint64_t capacity_bytes) MUST_CHECK;
/* Again is no harm. */
void disk_detach(void);

/* ---- blocks => locks: disk_lock ---- */

uint64_t disk_blocks_total(void);
uint64_t disk_blocks_free(void);
/* A block that was free, content undefined. There must be one. */
uint32_t disk_block_take(void);
void disk_block_free(uint32_t block);
/* Makes the blocks that lie wholly in [start, end) of the region free. They must not be. */
void disk_range_free(uint64_t start, uint64_t end);
/* Zeroes bytes of a block. */
void disk_block_zero(uint32_t block, size_t offset, size_t size_bytes);
/*
 * Takes the last `count` (> 0) free blocks of the disk that follow each other. *first: the lowest.
 * => returns: false: there are not so many together.
 */
bool disk_run_take(uint64_t count, uint32_t *first) MUST_CHECK;

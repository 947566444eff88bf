/*
 * writeback.h - modified pages on their way to where they live: a file, or the page file.
 */
#pragma once

#include "types.h"

/*
 * Writes one cluster of MODIFIED pages, neighbours in one request, so that their frames become
 * STANDBY. Pages of the page file get slots that follow each other, as far as there are. No lock
 * held; may sleep. Needs no memory.
 * => returns: true when something was cleaned: memory can be asked for again.
 */
bool writeback_some(void);

/*
 * Writes every page of a file segment that may differ from the file: modified ones, and mapped ones
 * whether or not they were written through their views. The caller holds a reference; no lock held;
 * may sleep.
 * => returns: the first error; the other pages are written all the same.
 */
NTSTATUS segment_write_back(struct segment *segment) MUST_CHECK;
/* The same for pages [first, end). */
NTSTATUS segment_write_back_range(struct segment *segment, page_index_t first,
				  page_index_t end) MUST_CHECK;

/* Pages written, and pages whose write failed, since the start. */
uint64_t writeback_pages(void);
uint64_t writeback_failures(void);

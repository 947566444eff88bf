/*
 * writeback.h - modified file pages on their way back to the file.
 */
#pragma once

#include "types.h"

/*
 * Writes one MODIFIED file page to its file, so that its frame becomes STANDBY. No lock held; may
 * sleep.
 * => returns: true when something was cleaned: memory can be asked for again.
 */
bool writeback_one(void);

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

/*
 * file_segment.h - which file has which segments, for the files of kernel/mm (the rest of the
 * kernel: mm.h).
 */
#pragma once

#include "types.h"

/* The file's data or image segment with a reference, or NULL when nobody uses it that way now. */
struct segment *file_segment_find(struct file_node *file, enum segment_kind kind);

/*
 * Makes a new segment the file's. If another thread was first, the new one is destroyed and that
 * one is returned, with a reference.
 */
struct segment *file_segment_publish(struct segment *segment);

/*
 * Lets the file and its data segment grow to size_bytes; does nothing when they are larger. =>
 * returns: STATUS_DISK_FULL, ...
 */
NTSTATUS file_segment_set_size(struct segment *segment, uint64_t size_bytes) MUST_CHECK;

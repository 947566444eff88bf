/*
 * file_change.h - changing the size of a file under its segments, for the files of kernel/mm (the
 * rest of the kernel: mm.h).
 */
#pragma once

#include "types.h"

/*
 * Makes the file longer, unless it is as long. The caller holds the file (file_hold). => returns:
 * STATUS_DISK_FULL, STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS.
 */
NTSTATUS file_extend_held(struct segment *segment, uint64_t size_bytes) MUST_CHECK;

/*
 * Counts a section among those who map a file, and takes it out; no file: nothing. The second pair
 * is for who has seen a view and is going to make another one. => locks: takes the segment's.
 */
void section_count(struct section *section);
void section_uncount(struct section *section);
void mapper_count(struct segment *segment, bool is_writer);
void mapper_uncount(struct segment *segment, bool is_writer);
/* True if nobody may open the file without allowing others to write (8.4). */
bool section_is_writer(const struct section *section);

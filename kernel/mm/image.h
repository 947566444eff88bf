/*
 * image.h - the image segment of a file.
 */
#pragma once

#include "types.h"

/*
 * The file's image segment, with a reference: the one in use, or a new one made from the file's
 * headers. Headers are read through the file's data segment, so bytes written through views or
 * NtWriteFile count; modified pages go to the file first, because the image's pages come from
 * there.
 * => locks: none. => may sleep. => returns: the statuses of nt-semantics 3.3.1,
 *    STATUS_IN_PAGE_ERROR, STATUS_COMMITMENT_LIMIT, ...
 */
NTSTATUS image_segment_acquire(struct file_node *file, struct segment **result) MUST_CHECK;

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
 * The file's image segment, if it is there only because somebody still reads a page of it, is not
 * the file's any more: the next image section is made of what the file has then. The file is held.
 */
void file_segment_retire_image(struct file_node *file);

/*
 * symbols.h - the kernel's table of its own functions, which tools/make_symbols makes from the
 * linked kernel and the second link puts in. The first link has an empty one.
 */
#pragma once

#include <stdint.h>

struct symbol_entry {
	uint32_t offset; /* of the function's first byte from kernel_image_start, ascending */
	uint32_t name;	 /* index into symbol_names of a terminated name */
};

extern const uint32_t symbol_count;
extern const struct symbol_entry symbol_entries[];
extern const char symbol_names[];

/* linker.ld: the first byte of the kernel image, and the end of its code. */
extern const char kernel_image_start[], kernel_text_end[];

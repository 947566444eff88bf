/*
 * pe_reader.h - the headers of an image while they are read. Private to pe.c and pe_information.c.
 */
#pragma once

#include "arch/pte.h"
#include "pe.h"
#include "pe_format.h"

/* The part of the file that is there, and the numbers that several steps need. */
struct pe_reader {
	const uint8_t *header; /* header_bytes bytes of the file, from header_offset on */
	uint64_t header_offset, header_bytes, file_bytes;
	uint64_t *needed_bytes;
	const uint8_t *file_header; /* once known to be in the header bytes; then these two: */
	const uint8_t *optional_header, *section_table;
	uint32_t section_count, section_alignment, file_alignment;
	bool is_32; /* PE32, for i386 */
	struct pe_image *image;
};

static inline bool pe_is_flat(const struct pe_reader *reader)
{
	return reader->section_alignment < PAGE_SIZE;
}

/* Fills image->information (nt-semantics 3.3.2). */
void pe_information_fill(const struct pe_reader *reader);

/*
 * pe.h - the headers of PE32+ and PE32, as a pure function of a buffer. Fuzzed on the host.
 * (nt-semantics 3.3)
 */
#pragma once

#include "nt/ntmm.h"
#include "nt/ntstatus.h"
#include "kernel/lib/annotate.h"

#define PE_MAX_SECTIONS 96
#define PE_MAX_IMAGE_BYTES 0x80000000u /* RVAs are used as signed 32-bit displacements */

/*
 * One run of pages of the image: the headers, one PE section, or a gap (PAGE_NOACCESS, raw_bytes
 * 0). Page numbers count from the image base.
 */
struct pe_subsection {
	uint32_t first_page;
	uint32_t page_count;
	uint64_t file_offset; /* of the first page's bytes; need not be page aligned */
	uint32_t raw_bytes;   /* from the file, which has them; the rest of the pages is zero */
	uint32_t protection;  /* PAGE_*: never plain writable unless is_shared */
	bool is_shared;	      /* IMAGE_SCN_MEM_SHARED and writable: one copy for all */
};

struct pe_image {
	uint64_t image_base;
	uint64_t image_bytes; /* SizeOfImage rounded up to a page */
	uint32_t entry_rva;
	uint32_t subsection_count;
	/* All but image_file_size_bytes is filled. */
	struct nt_section_image_information information;
	/*
	 * Ascending, covering every page of the image: the headers first. Of sections and gaps
	 * together at most 96.
	 */
	struct pe_subsection subsections[PE_MAX_SECTIONS + 1];
};

/*
 * Checks and describes an image. `header` is the first header_bytes bytes of a file of file_bytes
 * bytes; the caller gives min(file size, 4096) at first. If the section table lies further on,
 * STATUS_BUFFER_TOO_SMALL and *needed_bytes, which the file has.
 * => returns: STATUS_SUCCESS or the status of nt-semantics 3.3.1 (INVALID_IMAGE_NOT_MZ, _PROTECT,
 *    _FORMAT, ...). *image is of no use after a failure.
 */
NTSTATUS pe_parse(const void *header, uint64_t header_bytes, uint64_t file_bytes,
		  struct pe_image *image, uint64_t *needed_bytes) MUST_CHECK;

/* Where the DOS header, in the first 64 bytes of `header`, says that the new header is. */
uint64_t pe_new_header_offset(const void *header);
/*
 * pe_parse for a new header far from the start of the file: `header` is header_bytes bytes of the
 * file (which has them) from header_offset on, where the new header begins.
 */
NTSTATUS pe_parse_from(const void *header, uint64_t header_offset, uint64_t header_bytes,
		       uint64_t file_bytes, struct pe_image *image,
		       uint64_t *needed_bytes) MUST_CHECK;

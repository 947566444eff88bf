/*
 * mm_image.c - the one program among fuzz_mm's files, and what mapping it must show (nt-semantics
 * 3.3.3).
 *
 *   page 0 headers RO | 1 .text XR | 2 .rdata RO | 3-4 .data WC | 5-6 .shared RW | 7 gap NA | 8-9
 *   .bss WC | 10 .wx XWC
 */
#include "mm_world.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/pe_builder.h"

#define IMAGE_PAGES 11u

static struct pe_builder pe;

static const uint32_t protections[IMAGE_PAGES] = {
	PAGE_READONLY,	PAGE_EXECUTE_READ, PAGE_READONLY,	   PAGE_WRITECOPY,
	PAGE_WRITECOPY, PAGE_READWRITE,	   PAGE_READWRITE,	   PAGE_NOACCESS,
	PAGE_WRITECOPY, PAGE_WRITECOPY,	   PAGE_EXECUTE_WRITECOPY,
};
static const struct oracle_image image = {
	.base = 0x140000000, .page_count = IMAGE_PAGES, .protections = protections};

/*
 * Bytes of the file that become the image's, to the end of a block of the file; all else is zero.
 */
static const struct {
	size_t file_offset, size;
	page_index_t page;
} parts[] = {{0, 0x400, 0},	 {0x400, 0x600, 1},  {0xA00, 0x200, 2},
	     {0xC00, 0x1400, 3}, {0x2000, 0x200, 5}, {0x2200, 0x1000, 10}};

const void *image_file_begin(size_t *size)
{
	if (pe.size == 0) {
		pe_start(&pe, pages_to_bytes(IMAGE_PAGES));
		pe_section(&pe, 0x5A0, 0x1000, 0x600, 0x400, SCN_CODE);
		pe_section(&pe, 0x120, 0x2000, 0x200, 0xA00, SCN_READ);
		pe_section(&pe, 0x1F00, 0x3000, 0x1400, 0xC00, SCN_DATA);
		pe_section(&pe, 0x1001, 0x5000, 0x200, 0x2000, SCN_DATA | SCN_SHARED);
		pe_section(&pe, 0x2000, 0x8000, 0, 0, SCN_DATA);
		pe_section(&pe, 0x1000, 0xA000, 0x1000, 0x2200, SCN_DATA | SCN_EXECUTE);
		pe.size = 0x3200;
		for (size_t i = 0x400; i < pe.size; i++)
			pe.bytes[i] = (uint8_t)(i * 11 + 3);
	}
	*size = pe.size;
	return pe.bytes;
}

const struct oracle_image *image_of_file(unsigned file)
{
	return file == IMAGE_FILE ? &image : NULL;
}

static struct oracle_content *find_content(void)
{
	for (unsigned slot = 0; slot < SECTIONS; slot++)
		if (world.oracle_sections[slot].content &&
		    world.oracle_sections[slot].content->image)
			return world.oracle_sections[slot].content;
	for (unsigned space = 0; space < ORACLE_SPACES; space++) {
		for (unsigned i = 0; i < ORACLE_VIEWS; i++) {
			struct oracle_view *view = &world.oracle_spaces[space].views[i];

			if (view->end && view->content && view->content->image)
				return view->content;
		}
	}
	return NULL;
}

struct oracle_content *image_content(void)
{
	struct oracle_content *content = find_content();

	if (content)
		return content;
	content = calloc(1, sizeof(*content));
	content->is_file = true;
	content->image = &image;
	content->size_bytes = pages_to_bytes(IMAGE_PAGES);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (size_t done = 0; done < parts[i].size; done++)
			oracle_content_page(content, parts[i].page + page_of(done),
					    true)[page_offset(done)] =
				pe.bytes[parts[i].file_offset + done];
	return content;
}

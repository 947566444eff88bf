/*
 * fuzz_pe.c - an input is the beginning of a file: whatever pe_parse accepts must be safe to map.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch/pte.h"
#include "kernel/io/pe.h"
#include "tests/sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_sound(const struct pe_image *image, uint64_t file_bytes)
{
	uint64_t page = 0;

	SIM_CHECK(image->image_bytes > 0 && image->image_bytes % PAGE_SIZE == 0);
	SIM_CHECK(image->image_bytes <= PE_MAX_IMAGE_BYTES);
	SIM_CHECK(image->subsection_count >= 1 && image->subsection_count <= PE_MAX_SECTIONS + 1);
	for (uint32_t i = 0; i < image->subsection_count; i++) {
		const struct pe_subsection *part = &image->subsections[i];

		SIM_CHECK(part->first_page == page && part->page_count > 0);
		page += part->page_count;
		SIM_CHECK(part->raw_bytes <= pages_to_bytes(part->page_count));
		SIM_CHECK(part->file_offset <= file_bytes);
		SIM_CHECK(part->raw_bytes <= file_bytes - part->file_offset);
		/* One base protection, plainly writable only if shared. */
		SIM_CHECK(__builtin_popcount(part->protection) == 1 && part->protection <= 0x80);
		SIM_CHECK(part->is_shared == (part->protection == PAGE_READWRITE ||
					      part->protection == PAGE_EXECUTE_READWRITE));
	}
	SIM_CHECK(pages_to_bytes(page) == image->image_bytes);
}

/*
 * Parses with `header_bytes` of the input at hand, and with more for as long as that is what it
 * asks for.
 */
static void parse(const uint8_t *bytes, size_t size, uint64_t header_bytes, uint64_t file_bytes)
{
	static struct pe_image image;
	uint64_t needed = 0;
	NTSTATUS status;

	for (;;) {
		uint8_t *exact = malloc(header_bytes + 1);

		SIM_CHECK(exact);
		exact = realloc(exact, header_bytes ? header_bytes : 1);
		memcpy(exact, bytes, header_bytes);
		status = pe_parse(exact, header_bytes, file_bytes, &image, &needed);
		free(exact);
		if (status != STATUS_BUFFER_TOO_SMALL)
			break;
		SIM_CHECK(needed > header_bytes && needed <= file_bytes);
		if (needed > size)
			return;
		header_bytes = needed;
	}
	if (NT_SUCCESS(status))
		check_sound(&image, file_bytes);
}

/* What is parsed from the new header on is the same as what is parsed from the start. */
static void parse_from_new_header(const uint8_t *bytes, size_t size)
{
	static struct pe_image whole, part;
	uint64_t offset, needed = 0;
	NTSTATUS status = pe_parse(bytes, size, size, &whole, &needed), other;
	uint8_t *exact;

	if (size < 64 || status == STATUS_INVALID_IMAGE_NOT_MZ)
		return;
	offset = pe_new_header_offset(bytes);
	if (offset >= size)
		return;
	exact = malloc(size - offset);
	SIM_CHECK(exact);
	memcpy(exact, bytes + offset, size - offset);
	other = pe_parse_from(exact, offset, size - offset, size, &part, &needed);
	free(exact);
	SIM_CHECK(status == other);
	SIM_CHECK(!NT_SUCCESS(status) || !memcmp(&whole, &part, sizeof(whole)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	parse_from_new_header(bytes, size);
	parse(bytes, size, size, size);
	parse(bytes, size, size < 64 ? size : 64, size);
	parse(bytes, size, size, size + 0x10000);
	parse(bytes, size, size, UINT64_MAX);
	return 0;
}

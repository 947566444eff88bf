/*
 * pe_fixture.h - parses what pe_builder.h made, and says what must hold of every image that is
 * accepted.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/pte.h"
#include "kernel/io/pe.h"
#include "pe_builder.h"

#define OPTIONAL(offset) (PE_OPTIONAL + (offset))
#define NOT_MZ STATUS_INVALID_IMAGE_NOT_MZ
#define PROTECT STATUS_INVALID_IMAGE_PROTECT
#define FORMAT STATUS_INVALID_IMAGE_FORMAT

static struct pe_builder pe;
static struct pe_image image;
static uint64_t needed;

static inline int setup(void **state)
{
	(void)state;
	pe_good(&pe);
	return 0;
}

/* From a block of exactly header_bytes, so that AddressSanitizer sees a byte too far. */
static inline NTSTATUS parse_part(uint64_t header_bytes, uint64_t file_bytes)
{
	uint8_t *exact = malloc(header_bytes ? header_bytes : 1);
	NTSTATUS status;

	assert_non_null(exact);
	memcpy(exact, pe.bytes, header_bytes);
	needed = 0;
	status = pe_parse(exact, header_bytes, file_bytes, &image, &needed);
	free(exact);
	return status;
}

static inline NTSTATUS parse(void)
{
	return parse_part(pe.size < 4096 ? pe.size : 4096, pe.size);
}

/*
 * What must hold of every image that is accepted: no page twice, none missing, bytes inside the
 * file.
 */
static inline void assert_sound(uint64_t file_bytes)
{
	uint64_t page = 0;

	assert_int_equal(image.image_bytes % PAGE_SIZE, 0);
	assert_in_range(image.subsection_count, 1, PE_MAX_SECTIONS + 1);
	for (uint32_t i = 0; i < image.subsection_count; i++) {
		const struct pe_subsection *part = &image.subsections[i];

		assert_int_equal(part->first_page, page);
		assert_true(part->page_count > 0);
		page += part->page_count;
		assert_true(part->raw_bytes <= pages_to_bytes(part->page_count));
		assert_true(part->raw_bytes <= file_bytes &&
			    part->file_offset <= file_bytes - part->raw_bytes);
		assert_true(part->is_shared == (part->protection == PAGE_READWRITE ||
						part->protection == PAGE_EXECUTE_READWRITE));
	}
	assert_int_equal(page, page_of(image.image_bytes));
}

static inline void parse_ok(void)
{
	NTSTATUS status = parse();

	if (!NT_SUCCESS(status))
		fail_msg("status %#x", (unsigned)status);
	assert_sound(pe.size);
}

static inline void assert_part(uint32_t index, uint32_t first, uint32_t count, uint64_t offset,
			       uint32_t raw, uint32_t protection)
{
	const struct pe_subsection *part = &image.subsections[index];

	assert_true(index < image.subsection_count);
	assert_int_equal(part->first_page, first);
	assert_int_equal(part->page_count, count);
	assert_int_equal(part->raw_bytes, raw);
	assert_int_equal(part->protection, protection);
	if (raw > 0)
		assert_int_equal(part->file_offset, offset);
}

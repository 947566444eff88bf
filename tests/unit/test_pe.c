/*
 * test_pe.c - images: the rows of nt-semantics 3.3.1, the mapping of 3.3.3, the information of
 * 3.3.2, and the program that the cross compiler made, if it has been built.
 */
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

#define NOT_MZ STATUS_INVALID_IMAGE_NOT_MZ
#define PROTECT STATUS_INVALID_IMAGE_PROTECT
#define FORMAT STATUS_INVALID_IMAGE_FORMAT

static struct pe_builder pe;
static struct pe_image image;
static uint64_t needed;

static int setup(void **state)
{
	(void)state;
	pe_good(&pe);
	return 0;
}

/* From a block of exactly header_bytes, so that AddressSanitizer sees a byte too far. */
static NTSTATUS parse_part(uint64_t header_bytes, uint64_t file_bytes)
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

static NTSTATUS parse(void)
{
	return parse_part(pe.size < 4096 ? pe.size : 4096, pe.size);
}

/*
 * What must hold of every image that is accepted: no page twice, none missing, bytes inside the
 * file.
 */
static void assert_sound(uint64_t file_bytes)
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

static void parse_ok(void)
{
	NTSTATUS status = parse();

	if (!NT_SUCCESS(status))
		fail_msg("status %#x", (unsigned)status);
	assert_sound(pe.size);
}

static void assert_part(uint32_t index, uint32_t first, uint32_t count, uint64_t offset,
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

/* ---- 3.3.1: rejection ---- */

/* One change to the good image: `width` bytes at `offset`, and the file's size if not 0. */
struct change {
	const char *what;
	size_t offset;
	unsigned width;
	uint64_t value;
	size_t size;
	NTSTATUS status;
};

#define OPTIONAL(offset) (PE_OPTIONAL + (offset))

static const struct change changes[] = {
	{"nothing", 0, 0, 0, 0, STATUS_SUCCESS},
	{"empty file", 0, 0, 0, 1, NOT_MZ},
	{"file of 63 bytes", 0, 0, 0, 63, NOT_MZ},
	{"no MZ", 0, 1, 'X', 0, NOT_MZ},
	{"ZM", 0, 2, 0x4D5A, 0, NOT_MZ},
	{"e_lfanew at the end", 0x3C, 4, 0x1400, 0, PROTECT},
	{"e_lfanew three bytes before the end", 0x3C, 4, 0x13FD, 0, PROTECT},
	{"e_lfanew far beyond", 0x3C, 4, 0xFFFFFFFF, 0, PROTECT},
	{"e_lfanew 2^31", 0x3C, 4, 0x80000000, 0, PROTECT},
	{"DOS header alone", 0, 0, 0, 64, PROTECT},
	{"no signature", PE_SIGNATURE, 4, 0, 0, PROTECT},
	{"signature PE with a letter", PE_SIGNATURE, 4, 0x00584550, 0, PROTECT},
	{"NE, no system", PE_SIGNATURE, 2, 0x454E, 0, STATUS_INVALID_IMAGE_NE_FORMAT},
	{"LE", PE_SIGNATURE, 2, 0x454C, 0, STATUS_INVALID_IMAGE_LE_FORMAT},
	{"LX", PE_SIGNATURE, 2, 0x584C, 0, STATUS_INVALID_IMAGE_LE_FORMAT},
	{"file ends in the file header", 0, 0, 0, PE_FILE_HEADER + 19, FORMAT},
	{"file ends in the optional header", 0, 0, 0, PE_OPTIONAL + 100, FORMAT},
	{"file ends in the section table", 0, 0, 0, PE_SECTION(3) + 39, FORMAT},
	{"magic 0x10b", OPTIONAL(0), 2, 0x10B, 0, FORMAT},
	{"magic 0x107", OPTIONAL(0), 2, 0x107, 0, FORMAT},
	{"magic 0", OPTIONAL(0), 2, 0, 0, FORMAT},
	{"machine 0", PE_FILE_HEADER, 2, 0, 0, FORMAT},
	{"machine i386", PE_FILE_HEADER, 2, 0x14C, 0, FORMAT},
	{"machine ARM64", PE_FILE_HEADER, 2, 0xAA64, 0, FORMAT},
	{"no optional header", PE_FILE_HEADER + 16, 2, 0, 0, FORMAT},
	{"optional header of 111 bytes", PE_FILE_HEADER + 16, 2, 111, 0, FORMAT},
	{"optional header of 65535 bytes", PE_FILE_HEADER + 16, 2, 65535, 0, FORMAT},
	{"97 sections", PE_FILE_HEADER + 2, 2, 97, 0, FORMAT},
	{"65535 sections", PE_FILE_HEADER + 2, 2, 65535, 0, FORMAT},
	{"SizeOfImage 0", OPTIONAL(56), 4, 0, 0, FORMAT},
	{"SizeOfImage a page short", OPTIONAL(56), 4, 0x6000, 0, FORMAT},
	{"SizeOfImage to the byte", OPTIONAL(56), 4, 0x6001, 0, STATUS_SUCCESS},
	{"SizeOfImage 2 GiB", OPTIONAL(56), 4, 0x80000000, 0, FORMAT},
	{"SizeOfImage 4 GiB", OPTIONAL(56), 4, 0xFFFFFFFF, 0, FORMAT},
	{"SizeOfImage 2 GiB - 1", OPTIONAL(56), 4, 0x7FFFFFFF, 0, STATUS_SUCCESS},
	{"SizeOfHeaders 0", OPTIONAL(60), 4, 0, 0, FORMAT},
	{"SizeOfHeaders more than SizeOfImage", OPTIONAL(60), 4, 0x7001, 0, FORMAT},
	{"SizeOfHeaders into the first section", OPTIONAL(60), 4, 0x1001, 0, FORMAT},
	{"SizeOfHeaders a page", OPTIONAL(60), 4, 0x1000, 0, STATUS_SUCCESS},
	{"SectionAlignment < FileAlignment", OPTIONAL(36), 4, 0x2000, 0, FORMAT},
	{"SectionAlignment 0x200, FileAlignment 0x1000", OPTIONAL(32), 8, 0x100000000200, 0,
	 FORMAT},
	{"SectionAlignment 0x400, FileAlignment 0x200", OPTIONAL(32), 4, 0x400, 0, FORMAT},
	{"SectionAlignment 0", OPTIONAL(32), 4, 0, 0, FORMAT},
	{"SectionAlignment odd", OPTIONAL(32), 4, 0x1800, 0, FORMAT},
	{"SectionAlignment 0x2000", OPTIONAL(32), 4, 0x2000, 0, FORMAT}, /* sections at 0x1000 */
	{"FileAlignment 0", OPTIONAL(36), 4, 0, 0, FORMAT},
	{"FileAlignment 0x100", OPTIONAL(36), 4, 0x100, 0, FORMAT},
	{"FileAlignment 0x300", OPTIONAL(36), 4, 0x300, 0, FORMAT},
	{"ImageBase not at 64 KiB", OPTIONAL(24), 4, 0x40001000, 0, FORMAT},
	{"ImageBase 0", OPTIONAL(24), 8, 0, 0, STATUS_SUCCESS},
	{"section not at its alignment", PE_SECTION(1) + 12, 4, 0x2200, 0, FORMAT},
	{"section over the one before", PE_SECTION(1) + 12, 4, 0x1000, 0, FORMAT},
	{"section before the one before", PE_SECTION(2) + 12, 4, 0x1000, 0, FORMAT},
	{"section over the headers", PE_SECTION(0) + 12, 4, 0, 0, FORMAT},
	{"section beyond the image", PE_SECTION(3) + 12, 4, 0x7000, 0, FORMAT},
	{"section at the end of 4 GiB", PE_SECTION(3) + 12, 4, 0xFFFFF000, 0, FORMAT},
	{"virtual size over the next one", PE_SECTION(0) + 8, 4, 0x1001, 0, FORMAT},
	{"virtual size 4 GiB", PE_SECTION(3) + 8, 4, 0xFFFFFFFF, 0, FORMAT},
	{"raw data beyond the file", PE_SECTION(2) + 20, 4, 0x1000, 0, FORMAT},
	{"raw data far beyond the file", PE_SECTION(2) + 20, 4, 0xFFFFFE00, 0, FORMAT},
	{"raw size beyond the file", PE_SECTION(2) + 16, 4, 0x801, 0, FORMAT},
	{"raw size 4 GiB, as far as it is mapped", PE_SECTION(0) + 16, 4, 0xFFFFFFFF, 0,
	 STATUS_SUCCESS},
	{"file cut by one byte", 0, 0, 0, 0x13FF, FORMAT},
	{"entry point outside", OPTIONAL(16), 4, 0xFFFFFFFF, 0, STATUS_SUCCESS},
};

static void test_rows_of_3_3_1(void **state)
{
	unsigned failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *change = &changes[i];
		NTSTATUS status;

		pe_good(&pe);
		memcpy(pe.bytes + change->offset, &change->value, change->width);
		if (change->size)
			pe.size = change->size;
		status = parse();
		if (NT_SUCCESS(status))
			assert_sound(pe.size);
		if (status == change->status)
			continue;
		print_error("%s: %#x, not %#x\n", change->what, (unsigned)status,
			    (unsigned)change->status);
		failures++;
	}
	assert_int_equal(failures, 0);
}

static void test_16_bit_executables(void **state)
{
	static const struct {
		uint8_t system;
		NTSTATUS status;
	} rows[] = {
		{0, STATUS_INVALID_IMAGE_NE_FORMAT},   {1, STATUS_INVALID_IMAGE_NE_FORMAT},
		{2, STATUS_INVALID_IMAGE_WIN_16},      {3, STATUS_INVALID_IMAGE_NE_FORMAT},
		{4, STATUS_INVALID_IMAGE_NE_FORMAT},   {5, STATUS_INVALID_IMAGE_PROTECT},
		{255, STATUS_INVALID_IMAGE_NE_FORMAT},
	};

	(void)state;
	memcpy(pe.bytes + PE_SIGNATURE, "NE", 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pe.bytes[PE_SIGNATURE + 0x36] = rows[i].system;
		assert_int_equal(parse(), rows[i].status);
	}
	pe.size = PE_SIGNATURE + 0x36; /* ends before it says */
	assert_int_equal(parse(), STATUS_INVALID_IMAGE_NE_FORMAT);
}

static void test_file_cut_off_anywhere(void **state)
{
	(void)state;
	for (pe.size = 0; pe.size < 0x1400; pe.size++) {
		NTSTATUS status = parse();

		assert_true(status == NOT_MZ || status == PROTECT || status == FORMAT);
	}
	parse_ok();
}

static void test_headers_further_on(void **state)
{
	(void)state;
	/* All in the file, not all in the header bytes. */
	assert_int_equal(parse_part(10, pe.size), STATUS_BUFFER_TOO_SMALL);
	assert_int_equal(needed, 64);
	assert_int_equal(parse_part(100, pe.size), STATUS_BUFFER_TOO_SMALL);
	assert_int_equal(needed, PE_SIGNATURE + 4);
	assert_int_equal(parse_part(needed, pe.size), STATUS_BUFFER_TOO_SMALL);
	assert_int_equal(needed, PE_OPTIONAL);
	assert_int_equal(parse_part(needed, pe.size), STATUS_BUFFER_TOO_SMALL);
	assert_int_equal(needed, PE_SECTION(4));
	assert_int_equal(parse_part(needed, pe.size), STATUS_SUCCESS);
	assert_sound(pe.size);
	memcpy(pe.bytes + PE_SIGNATURE, "NE", 2);
	assert_int_equal(parse_part(PE_SIGNATURE + 4, pe.size), STATUS_BUFFER_TOO_SMALL);
	/* Moved to the second page of the file. */
	pe_good(&pe);
	memmove(pe.bytes + 0x1800, pe.bytes + PE_SIGNATURE, 0x300);
	pe_put32(&pe, 0x3C, 0x1800);
	pe.size = 0x2000;
	assert_int_equal(parse(), STATUS_BUFFER_TOO_SMALL);
	assert_int_equal(needed, 0x1804);
	assert_int_equal(parse_part(pe.size, pe.size), STATUS_SUCCESS);
}

/* ---- 3.3.3: mapping ---- */

static void test_good_image(void **state)
{
	(void)state;
	parse_ok();
	assert_int_equal(image.image_base, 0x140000000);
	assert_int_equal(image.image_bytes, 0x7000);
	assert_int_equal(image.entry_rva, 0x1234);
	assert_int_equal(image.subsection_count, 5);
	assert_part(0, 0, 1, 0, 0x400, PAGE_READONLY);
	assert_part(1, 1, 1, 0x400, 0x600, PAGE_EXECUTE_READ); /* 0x60 bytes beyond VirtualSize */
	assert_part(2, 2, 1, 0xA00, 0x200, PAGE_READONLY);
	assert_part(3, 3, 2, 0xC00, 0x800, PAGE_WRITECOPY);
	assert_part(4, 5, 2, 0, 0, PAGE_WRITECOPY);
}

static void test_protection_of_sections(void **state)
{
	static const struct {
		uint32_t characteristics, private, shared;
	} rows[] = {
		{0, PAGE_NOACCESS, PAGE_NOACCESS},
		{SCN_READABLE, PAGE_READONLY, PAGE_READONLY},
		{SCN_WRITABLE, PAGE_WRITECOPY, PAGE_READWRITE},
		{SCN_READABLE | SCN_WRITABLE, PAGE_WRITECOPY, PAGE_READWRITE},
		{SCN_EXECUTE, PAGE_EXECUTE, PAGE_EXECUTE},
		{SCN_EXECUTE | SCN_READABLE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READ},
		{SCN_EXECUTE | SCN_WRITABLE, PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_READWRITE},
		{SCN_EXECUTE | SCN_WRITABLE | SCN_READABLE, PAGE_EXECUTE_WRITECOPY,
		 PAGE_EXECUTE_READWRITE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* What the section contains makes no difference. */
		pe_put32(&pe, PE_SECTION(1) + 36, rows[i].characteristics | 0x20);
		parse_ok();
		assert_int_equal(image.subsections[2].protection, rows[i].private);
		pe_put32(&pe, PE_SECTION(1) + 36, rows[i].characteristics | SCN_SHARED | 0x80);
		parse_ok();
		assert_int_equal(image.subsections[2].protection, rows[i].shared);
	}
}

static void test_gaps_are_covered(void **state)
{
	(void)state;
	pe_start(&pe, 0xA000);
	pe_section(&pe, 0x10, 0x3000, 0x200, 0x400, SCN_CODE);
	pe_section(&pe, 0x10, 0x6000, 0x200, 0x600, SCN_DATA);
	pe.size = 0x800;
	parse_ok();
	assert_int_equal(image.subsection_count, 6);
	assert_part(1, 1, 2, 0, 0, PAGE_NOACCESS);
	assert_part(2, 3, 1, 0x400, 0x200, PAGE_EXECUTE_READ);
	assert_part(3, 4, 2, 0, 0, PAGE_NOACCESS);
	assert_part(4, 6, 1, 0x600, 0x200, PAGE_WRITECOPY);
	assert_part(5, 7, 3, 0, 0, PAGE_NOACCESS);
	/* A large alignment is nothing but gaps. */
	pe_start(&pe, 0x600000);
	pe_put32(&pe, OPTIONAL(32), 0x200000);
	pe_section(&pe, 0x10, 0x200000, 0x200, 0x400, SCN_CODE);
	pe_section(&pe, 0x10, 0x400000, 0x200, 0x400, SCN_DATA);
	pe.size = 0x800;
	parse_ok();
	assert_int_equal(image.subsection_count, 6);
	assert_part(2, 0x200, 1, 0x400, 0x200, PAGE_EXECUTE_READ);
}

static void test_image_of_headers_alone(void **state)
{
	(void)state;
	pe_start(&pe, 0x400);
	parse_ok();
	assert_int_equal(image.subsection_count, 1);
	assert_int_equal(image.image_bytes, 0x1000);
	pe_put32(&pe, OPTIONAL(60), 0x300); /* less than the file has */
	parse_ok();
	assert_part(0, 0, 1, 0, 0x300, PAGE_READONLY);
	pe_put32(&pe, OPTIONAL(60), 0x400);
	pe.size = 0x3F0; /* more than the file has */
	parse_ok();
	assert_part(0, 0, 1, 0, 0x3F0, PAGE_READONLY);
}

static void test_as_many_sections_as_there_can_be(void **state)
{
	(void)state;
	for (unsigned gap = 0; gap <= 1; gap++) {
		pe_start(&pe, 0x1000 * 97 + 0x1000 * gap);
		pe_put32(&pe, OPTIONAL(60), 0x1000);
		for (uint32_t i = 0; i < 96; i++)
			pe_section(&pe, 1, 0x1000 * (i + 1) + 0x1000 * (gap && i == 95), 0, 0,
				   SCN_DATA);
		pe.size = 0x2000;
		if (gap) {
			assert_int_equal(parse_part(pe.size, pe.size), FORMAT);
			continue;
		}
		assert_int_equal(parse_part(pe.size, pe.size), STATUS_SUCCESS);
		assert_sound(pe.size);
		assert_int_equal(image.subsection_count, 97);
	}
}

/* Where raw data starts and ends (one section of a page at 0x1000). */
static void test_raw_data(void **state)
{
	static const struct {
		const char *what;
		uint32_t virtual_size, raw_size, raw_offset;
		size_t file;
		uint32_t pages, offset, raw;
	} rows[] = {
		{"as it should be", 0x200, 0x200, 0x400, 0x600, 1, 0x400, 0x200},
		{"virtual size 0 is the raw size", 0, 0x1200, 0x400, 0x1600, 2, 0x400, 0x1200},
		{"tail beyond the virtual size", 0x10, 0x200, 0x400, 0x600, 1, 0x400, 0x200},
		{"zeros beyond the raw size", 0x1800, 0x200, 0x400, 0x600, 2, 0x400, 0x200},
		{"no more than the pages", 0x10, 0x1400, 0x400, 0x1800, 1, 0x400, 0x1000},
		{"no more than the pages, cut behind", 0x10, 0x1400, 0x400, 0x1400, 1, 0x400,
		 0x1000},
		{"raw size up to its block", 0x200, 0x1F0, 0x400, 0x600, 1, 0x400, 0x200},
		{"as far as the file goes", 0x200, 0x1F0, 0x400, 0x5F8, 1, 0x400, 0x1F8},
		{"offset down to a sector", 0x200, 0x100, 0x4F0, 0x600, 1, 0x400, 0x200},
		{"offset 0 is no data", 0x200, 0x200, 0, 0x600, 1, 0, 0},
		{"offset below a sector is the headers", 0x200, 0x80, 0x80, 0x600, 1, 0, 0x200},
		{"size 0 is no data", 0x200, 0, 0x400, 0x600, 1, 0, 0},
		{"offset beyond the file without data", 0x200, 0, 0x80000000, 0x600, 1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pe_start(&pe, 0x1000 + 0x1000 * rows[i].pages);
		pe_section(&pe, rows[i].virtual_size, 0x1000, rows[i].raw_size, rows[i].raw_offset,
			   SCN_DATA);
		pe.size = rows[i].file;
		if (!NT_SUCCESS(parse()) || image.subsections[1].raw_bytes != rows[i].raw)
			fail_msg("%s: %#x", rows[i].what, image.subsections[1].raw_bytes);
		assert_sound(pe.size);
		assert_part(1, 1, rows[i].pages, rows[i].offset, rows[i].raw, PAGE_WRITECOPY);
	}
}

static void test_section_of_no_size(void **state)
{
	(void)state;
	pe_start(&pe, 0x2000);
	pe_section(&pe, 0, 0x1000, 0, 0x400, SCN_DATA);
	pe_section(&pe, 0x10, 0x1000, 0, 0, SCN_CODE);
	parse_ok();
	assert_int_equal(image.subsection_count, 2);
	assert_part(1, 1, 1, 0, 0, PAGE_EXECUTE_READ);
}

static void flat_start(void)
{
	pe_start(&pe, 0xA00);
	pe_put32(&pe, OPTIONAL(32), 0x20);
	pe_put32(&pe, OPTIONAL(36), 0x20);
	pe_section(&pe, 0x100, 0x400, 0x100, 0x400, SCN_CODE);
	pe_section(&pe, 0x100, 0x500, 0xE0, 0x500, SCN_DATA);
	pe_section(&pe, 0x300, 0x600, 0, 0, SCN_DATA);
	pe.size = 0x600;
}

static void test_flat_image(void **state)
{
	(void)state;
	flat_start();
	parse_ok();
	assert_int_equal(image.subsection_count, 1);
	assert_part(0, 0, 1, 0, 0x600, PAGE_EXECUTE_WRITECOPY);
	assert_false(image.subsections[0].is_shared);
	assert_int_equal(image.information.image_flags, 0x8);
	assert_true(image.information.image_contains_code);
	pe.size = 0x3000; /* more than the image has */
	parse_ok();
	assert_part(0, 0, 1, 0, 0x1000, PAGE_EXECUTE_WRITECOPY);
	flat_start();
	pe_put32(&pe, PE_SECTION(1) + 20, 0x520);
	assert_int_equal(parse(), FORMAT); /* not at the same place in file and image */
	flat_start();
	pe_put32(&pe, PE_SECTION(1) + 12, 0x4E0);
	pe_put32(&pe, PE_SECTION(1) + 20, 0x4E0);
	assert_int_equal(parse(), FORMAT); /* overlaps */
	flat_start();
	pe_put32(&pe, PE_SECTION(2) + 8, 0x1000);
	assert_int_equal(parse(), FORMAT); /* beyond the image */
}

/* ---- 3.3.2: information ---- */

static void test_information(void **state)
{
	const struct nt_section_image_information *information = &image.information;

	(void)state;
	parse_ok();
	assert_int_equal(information->transfer_address, 0x140001234);
	assert_int_equal(information->zero_bits, 0);
	assert_int_equal(information->maximum_stack_size, 0x200000);
	assert_int_equal(information->committed_stack_size, 0x3000);
	assert_int_equal(information->subsystem_type, 3);
	assert_int_equal(information->subsystem_major_version, 5);
	assert_int_equal(information->subsystem_minor_version, 2);
	assert_int_equal(information->os_major_version, 4);
	assert_int_equal(information->os_minor_version, 1);
	assert_int_equal(information->image_characteristics, 0x022E);
	assert_int_equal(information->dll_characteristics, 0x0100);
	assert_int_equal(information->machine, 0x8664);
	assert_int_equal(information->image_contains_code, 1);
	assert_int_equal(information->image_flags, 0);
	assert_int_equal(information->loader_flags, 0);
	assert_int_equal(information->check_sum, 0xC0FFEE);
	assert_int_equal(information->image_file_size_bytes, 0);
}

static void test_what_contains_code(void **state)
{
	(void)state;
	pe_start(&pe, 0x2000);
	pe_section(&pe, 0x10, 0x1000, 0, 0, SCN_DATA);
	pe_put32(&pe, OPTIONAL(4), 0);
	pe_put32(&pe, OPTIONAL(16), 0);
	pe_put16(&pe, OPTIONAL(70), 0x40); /* DYNAMIC_BASE */
	parse_ok();
	assert_false(image.information.image_contains_code);
	assert_int_equal(image.information.image_flags, 0);
	pe_put32(&pe, OPTIONAL(4), 1);
	parse_ok();
	assert_true(image.information.image_contains_code);
	assert_int_equal(image.information.image_flags, 0x4);
	pe_put32(&pe, OPTIONAL(4), 0);
	pe_put32(&pe, OPTIONAL(16), 1);
	parse_ok();
	assert_true(image.information.image_contains_code);
	pe_put32(&pe, OPTIONAL(16), 0);
	pe_put32(&pe, PE_SECTION(0) + 36, SCN_EXECUTE);
	parse_ok();
	assert_true(image.information.image_contains_code);
}

static void test_managed_image(void **state)
{
	const size_t directory = OPTIONAL(112 + 14 * 8);

	(void)state;
	pe_put16(&pe, OPTIONAL(70), 0x40);
	pe_put32(&pe, directory, 0x2000);
	pe_put32(&pe, directory + 4, 72);
	parse_ok();
	assert_int_equal(image.information.loader_flags, 1);
	assert_int_equal(image.information.image_flags, 0);
	pe_put32(&pe, OPTIONAL(108), 14); /* there are not so many directories */
	parse_ok();
	assert_int_equal(image.information.loader_flags, 0);
	assert_int_equal(image.information.image_flags, 0x4);
}

/* ---- the real thing ---- */

static const char *const programs[] = {"build/user/hello.exe", "build/user/init.exe",
				       "build/user/ntdll.dll"};

static void test_programs_of_the_cross_compiler(void **state)
{
	unsigned found = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		FILE *file = fopen(programs[i], "rb");
		uint8_t header[4096];
		size_t header_bytes;
		long file_bytes;
		NTSTATUS status;

		if (!file)
			continue;
		found++;
		header_bytes = fread(header, 1, sizeof(header), file);
		fseek(file, 0, SEEK_END);
		file_bytes = ftell(file);
		fclose(file);
		status = pe_parse(header, header_bytes, (uint64_t)file_bytes, &image, &needed);
		if (!NT_SUCCESS(status))
			fail_msg("%s: status %#x", programs[i], (unsigned)status);
		assert_sound((uint64_t)file_bytes);
		assert_true(image.information.image_contains_code);
		assert_true(image.subsection_count > 2);
		assert_int_equal(image.subsections[1].protection, PAGE_EXECUTE_READ);
	}
	if (found == 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(test_rows_of_3_3_1),
		TEST(test_16_bit_executables),
		TEST(test_file_cut_off_anywhere),
		TEST(test_headers_further_on),
		TEST(test_good_image),
		TEST(test_protection_of_sections),
		TEST(test_gaps_are_covered),
		TEST(test_image_of_headers_alone),
		TEST(test_as_many_sections_as_there_can_be),
		TEST(test_raw_data),
		TEST(test_section_of_no_size),
		TEST(test_flat_image),
		TEST(test_information),
		TEST(test_what_contains_code),
		TEST(test_managed_image),
		TEST(test_programs_of_the_cross_compiler),
	};

	return cmocka_run_group_tests_name("pe", tests, NULL, NULL);
}

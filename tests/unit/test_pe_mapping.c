/*
 * test_pe_mapping.c - images that are accepted: the mapping of nt-semantics 3.3.3, the information
 * of 3.3.2, and the programs that the cross compiler made, if they have been built.
 */
#include "pe_fixture.h"

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

	return cmocka_run_group_tests_name("pe_mapping", tests, NULL, NULL);
}

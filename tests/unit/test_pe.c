/*
 * test_pe.c - images that are refused: the rows of nt-semantics 3.3.1.
 */
#include "pe_fixture.h"

/* One change to the good image: `width` bytes at `offset`, and the file's size if not 0. */
struct change {
	const char *what;
	size_t offset;
	unsigned width;
	uint64_t value;
	size_t size;
	NTSTATUS status;
};

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
	/* And read from there. */
	assert_int_equal(pe_new_header_offset(pe.bytes), 0x1800);
	assert_int_equal(pe_parse_from(pe.bytes + 0x1800, 0x1800, 0x800, pe.size, &image, &needed),
			 STATUS_SUCCESS);
	assert_sound(pe.size);
	assert_int_equal(pe_parse_from(pe.bytes + 0x1800, 0x1800, 0x40, pe.size, &image, &needed),
			 STATUS_BUFFER_TOO_SMALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(test_rows_of_3_3_1),
		TEST(test_16_bit_executables),
		TEST(test_file_cut_off_anywhere),
		TEST(test_headers_further_on),
	};

	return cmocka_run_group_tests_name("pe", tests, NULL, NULL);
}

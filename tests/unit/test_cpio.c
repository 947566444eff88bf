/*
 * test_cpio.c - the archive parser: good archives, every kind of bad one, and an archive cut off at
 * every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/io/cpio.h"
#include "cpio_builder.h"

static uint8_t buffer[65536];
static struct cpio_builder archive;
static char message[256];

static int setup(void **state)
{
	(void)state;
	memset(buffer, 0xEE, sizeof(buffer));
	archive = (struct cpio_builder){buffer, 0, sizeof(buffer)};
	message[0] = '\0';
	return 0;
}

/* From a block of exactly the archive's size, so that AddressSanitizer sees a byte too far. */
static NTSTATUS walk(const uint8_t *bytes, size_t size, unsigned *entries)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct cpio_entry entry;
	uint64_t offset = 0;
	NTSTATUS status;

	assert_non_null(exact);
	memcpy(exact, bytes, size);
	*entries = 0;
	for (;;) {
		status = cpio_next(exact, size, &offset, &entry, message, sizeof(message));
		if (!NT_SUCCESS(status))
			break;
		(*entries)++;
		assert_true(entry.data_offset <= size &&
			    entry.size_bytes <= size - entry.data_offset);
	}
	free(exact);
	return status;
}

static void assert_refused(const char *part_of_message)
{
	unsigned entries;

	assert_int_equal(walk(buffer, archive.size, &entries), STATUS_DISK_CORRUPT_ERROR);
	if (!strstr(message, part_of_message))
		fail_msg("\"%s\" is not in \"%s\"", part_of_message, message);
}

static void assert_good(unsigned expected)
{
	unsigned entries;

	assert_int_equal(walk(buffer, archive.size, &entries), STATUS_NO_MORE_ENTRIES);
	assert_int_equal(entries, expected);
}

static void test_entries_in_order(void **state)
{
	struct cpio_entry entry;
	uint64_t offset = 0;

	(void)state;
	cpio_directory(&archive, ".");
	cpio_directory(&archive, "bin");
	cpio_file(&archive, "bin/a.exe", "hello", 5);
	cpio_file(&archive, "empty", NULL, 0);
	cpio_trailer(&archive);
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256), 0);
	assert_string_equal(entry.name, ".");
	assert_int_equal(entry.mode, CPIO_DIRECTORY);
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256), 0);
	assert_string_equal(entry.name, "bin");
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256), 0);
	assert_string_equal(entry.name, "bin/a.exe");
	assert_int_equal(entry.size_bytes, 5);
	assert_int_equal(entry.mode & CPIO_MODE_KIND, CPIO_MODE_FILE);
	assert_int_equal(entry.modified_seconds, 0x12345678);
	assert_int_equal(entry.data_offset % 4, 0);
	assert_memory_equal(buffer + entry.data_offset, "hello", 5);
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256), 0);
	assert_string_equal(entry.name, "empty");
	assert_int_equal(entry.size_bytes, 0);
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256),
			 STATUS_NO_MORE_ENTRIES);
	assert_string_equal(message, "");
}

static void test_leading_dot_slash_is_skipped(void **state)
{
	struct cpio_entry entry;
	uint64_t offset = 0;

	(void)state;
	cpio_file(&archive, "./data/x", "1", 1);
	cpio_trailer(&archive);
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256), 0);
	assert_string_equal(entry.name, "data/x");
}

static void test_what_follows_the_trailer_does_not_matter(void **state)
{
	(void)state;
	cpio_file(&archive, "a", "1", 1);
	cpio_trailer(&archive);
	memset(buffer + archive.size, 0, 512);
	archive.size += 512;
	assert_good(1);
}

static void test_digits_of_either_case(void **state)
{
	static const char *const digits[] = {"00abcdef", "00ABCDEF", "12345678", "9aBcDeF0"};
	static const uint32_t values[] = {0x00ABCDEF, 0x00ABCDEF, 0x12345678, 0x9ABCDEF0};
	struct cpio_entry entry;

	(void)state;
	cpio_file(&archive, "abc", "0123456789abc", 13);
	cpio_trailer(&archive);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t offset = 0;

		memcpy(buffer + 6 + 5 * 8, digits[i], 8); /* the time of modification */
		assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256), 0);
		assert_int_equal(entry.modified_seconds, values[i]);
	}
}

static void test_longest_names(void **state)
{
	char name[CPIO_NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	for (unsigned i = 255; i < CPIO_NAME_MAX; i += 256)
		name[i] = '/';
	name[CPIO_NAME_MAX] = '\0';
	cpio_file(&archive, name, "1", 1);
	cpio_trailer(&archive);
	assert_good(1);
	archive.size = 0;
	name[CPIO_NAME_MAX] = 'n';
	name[CPIO_NAME_MAX + 1] = '\0';
	cpio_file(&archive, name, "1", 1);
	cpio_trailer(&archive);
	assert_refused("longer than 1023");
}

static void test_names_that_are_refused(void **state)
{
	static const struct {
		const char *name, *message;
	} names[] = {
		{"/bin/a", "empty part"},     {"bin//a", "empty part"}, {"bin/", "empty part"},
		{"/", "empty part"},	      {"./", "empty part"},	{"..", "\"..\" at byte 0"},
		{"a/../b", ".. in it"},	      {"a/./b", ".. in it"},	{"././a", ".. in it"},
		{"a/..", ".. in it"},	      {"a/.", ".. in it"},	{"a\\b", "backslash"},
		{"a\nb", "printable"},	      {"a\x7F", "printable"},	{"\x1b[~2J", "\"?[~2J\""},
		{"caf\xc3\xa9", "printable"},
	};
	static const char *const accepted[] = {".x", "..x", "...", "a/...", "a b~", "x/.y"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		archive.size = 0;
		cpio_file(&archive, names[i].name, "1", 1);
		cpio_trailer(&archive);
		assert_refused(names[i].message);
	}
	archive.size = 0;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		cpio_file(&archive, accepted[i], "1", 1);
	cpio_trailer(&archive);
	assert_good(6);
}

static void test_part_that_is_too_long(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	cpio_file(&archive, name, "1", 1);
	cpio_trailer(&archive);
	assert_refused("255");
	archive.size = 0;
	name[255] = '\0';
	cpio_file(&archive, name, "1", 1);
	cpio_trailer(&archive);
	assert_good(1);
}

static void test_kinds_that_are_refused(void **state)
{
	static const struct {
		uint32_t mode;
		const char *message;
	} kinds[] = {
		{0120777, "symbolic link"}, {0020644, "neither"}, {0060644, "neither"},
		{0010644, "neither"},	    {0140644, "neither"}, {0000644, "neither"},
		{0160644, "neither"},	    {0x181A4, "neither"}, {0xFFFFFFFF, "neither"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		archive.size = 0;
		cpio_entry_mode(&archive, kinds[i].mode, "odd/one", "1234", 4);
		cpio_trailer(&archive);
		assert_refused(kinds[i].message);
		assert_refused("\"odd/one\" at byte 0");
	}
}

static void test_hard_link_and_odd_roots(void **state)
{
	struct cpio_fields fields = {CPIO_FILE, 2, 0, 4, 5};

	(void)state;
	cpio_entry_raw(&archive, &fields, "hard", 5, "1234", 4);
	cpio_trailer(&archive);
	assert_refused("hard link");
	archive.size = 0;
	cpio_file(&archive, ".", "1", 1);
	assert_refused("root is not a directory");
	archive.size = 0;
	cpio_entry_mode(&archive, CPIO_DIRECTORY, "dir", "data", 4);
	assert_refused("directory with data");
}

static void test_magic(void **state)
{
	static const char *const magics[] = {"070702", "070707", "\x1f\x8b\x08...", "NOTCPI"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		archive.size = 0;
		cpio_file(&archive, "good", "1", 1);
		cpio_file(&archive, "bad", "1", 1);
		cpio_trailer(&archive);
		memcpy(buffer + 120, magics[i], 6);
		assert_refused("newc");
		assert_refused("entry at byte 120");
	}
}

/* Every digit of every number, and what is nearly a digit. */
static void test_digits(void **state)
{
	static const char not_digits[] = {'g', 'G', '/', ':', '@', '`', ' ', '-', '+', 'x', 0};

	(void)state;
	cpio_file(&archive, "a", "1", 1);
	cpio_trailer(&archive);
	for (unsigned i = 6; i < CPIO_HEADER_BYTES; i++) {
		uint8_t digit = buffer[i];

		for (size_t j = 0; j < sizeof(not_digits); j++) {
			buffer[i] = (uint8_t)not_digits[j];
			assert_refused("hexadecimal");
		}
		buffer[i] = digit;
	}
	assert_good(1);
}

static void test_sizes_that_lie(void **state)
{
	static const struct {
		uint32_t size, name_size;
		const char *message;
	} lies[] = {
		{4, 0, "empty"},
		{4, 1, "empty"},
		{4, 3, "does not end"}, /* "name" cut short */
		{4, 6, "does not end"}, /* a NUL before its end */
		{4, 0xFFFFFFFF, "beyond the end"},
		{4, 0x7FFFFFFF, "beyond the end"},
		{0xFFFFFFFF, 5, "beyond the end"},
		{0x80000000, 5, "beyond the end"},
		{500, 5, "beyond the end"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct cpio_fields fields = {CPIO_FILE, 1, 0, lies[i].size, lies[i].name_size};

		archive.size = 0;
		cpio_entry_raw(&archive, &fields, "name\0\0\0", 8, "1234", 4);
		cpio_trailer(&archive);
		assert_refused(lies[i].message);
	}
}

static void test_archive_cut_off_anywhere(void **state)
{
	unsigned entries;
	size_t whole;

	(void)state;
	cpio_directory(&archive, "bin");
	cpio_file(&archive, "bin/a", "123456789", 9);
	cpio_file(&archive, "bin/b", NULL, 0);
	whole = archive.size;
	cpio_trailer(&archive);
	for (size_t size = 0; size < whole + CPIO_HEADER_BYTES + 11; size++) {
		assert_int_equal(walk(buffer, size, &entries), STATUS_DISK_CORRUPT_ERROR);
		assert_true(entries <= 3 && strlen(message) > 0);
	}
	/* The filling of the trailer's name may be missing. */
	assert_int_equal(walk(buffer, whole + CPIO_HEADER_BYTES + 11, &entries),
			 STATUS_NO_MORE_ENTRIES);
	assert_int_equal(entries, 3);
}

static void test_failure_changes_nothing(void **state)
{
	struct cpio_entry entry = {.size_bytes = 77};
	uint64_t offset = 0;

	(void)state;
	cpio_file(&archive, "/absolute", "1", 1);
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256),
			 STATUS_DISK_CORRUPT_ERROR);
	assert_int_equal(offset, 0);
	assert_int_equal(entry.size_bytes, 77);
	offset = 1ull << 63;
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256),
			 STATUS_DISK_CORRUPT_ERROR);
	offset = UINT64_MAX;
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, message, 256),
			 STATUS_DISK_CORRUPT_ERROR);
}

static void test_small_message_buffer(void **state)
{
	char small[8];
	struct cpio_entry entry;
	uint64_t offset = 0;

	(void)state;
	cpio_file(&archive, "/absolute", "1", 1);
	assert_int_equal(cpio_next(buffer, archive.size, &offset, &entry, small, sizeof(small)),
			 STATUS_DISK_CORRUPT_ERROR);
	assert_string_equal(small, "RAM dis");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(test_entries_in_order),
		TEST(test_leading_dot_slash_is_skipped),
		TEST(test_what_follows_the_trailer_does_not_matter),
		TEST(test_digits_of_either_case),
		TEST(test_longest_names),
		TEST(test_names_that_are_refused),
		TEST(test_part_that_is_too_long),
		TEST(test_kinds_that_are_refused),
		TEST(test_hard_link_and_odd_roots),
		TEST(test_magic),
		TEST(test_digits),
		TEST(test_sizes_that_lie),
		TEST(test_archive_cut_off_anywhere),
		TEST(test_failure_changes_nothing),
		TEST(test_small_message_buffer),
	};

	return cmocka_run_group_tests_name("cpio", tests, NULL, NULL);
}

/*
 * test_string.c - kernel/lib/string.c against the C library, and the UTF-16 functions.
 *
 * The kernel's functions are compiled into this file under other names. Every buffer is a heap
 * block of exactly the size in use, so AddressSanitizer sees one byte too many, read or written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define memcpy quire_memcpy
#define memmove quire_memmove
#define memset quire_memset
#define memcmp quire_memcmp
#define strlen quire_strlen
#define strnlen quire_strnlen
#define strcmp quire_strcmp
#define strncmp quire_strncmp
#define strchr quire_strchr
#include "kernel/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

#define SIZES 140 /* past the unrolled loop, the word loop and every tail */

static uint8_t *block_filled(size_t size, unsigned seed)
{
	uint8_t *block = malloc(size ? size : 1);

	assert_non_null(block);
	for (size_t i = 0; i < size; i++)
		block[i] = (uint8_t)(seed + i * 7);
	return block;
}

static void test_memcpy(void **state)
{
	(void)state;
	for (size_t size = 0; size < SIZES; size++) {
		uint8_t *from = block_filled(size, 3), *to = block_filled(size, 101);

		assert_ptr_equal(quire_memcpy(to, from, size), to);
		assert_memory_equal(to, from, size);
		free(from);
		free(to);
	}
}

/* Every distance of the two ranges in both directions, so that each way of overlapping occurs. */
static void test_memmove(void **state)
{
	(void)state;
	for (size_t size = 0; size < 80; size++) {
		for (size_t from = 0; from < 20; from++) {
			uint8_t *ours = block_filled(size + 20, 9),
				*theirs = block_filled(size + 20, 9);

			for (size_t to = 0; to < 20; to++) {
				assert_ptr_equal(quire_memmove(ours + to, ours + from, size),
						 ours + to);
				memmove(theirs + to, theirs + from, size);
				assert_memory_equal(ours, theirs, size + 20);
			}
			free(ours);
			free(theirs);
		}
	}
}

static void test_memset(void **state)
{
	static const int values[] = {0, 1, 0x7F, 0x80, 0xFF, 0x1A5, -1};

	(void)state;
	for (size_t size = 0; size < SIZES; size++) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			uint8_t *block = block_filled(size, 5);

			assert_ptr_equal(quire_memset(block, values[i], size), block);
			for (size_t j = 0; j < size; j++)
				assert_int_equal(block[j], (uint8_t)values[i]);
			free(block);
		}
	}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void test_memcmp(void **state)
{
	(void)state;
	for (size_t size = 0; size < 40; size++) {
		uint8_t *a = block_filled(size, 1), *b = block_filled(size, 1);

		assert_int_equal(quire_memcmp(a, b, size), 0);
		for (size_t i = 0; i < size; i++) {
			for (unsigned value = 0; value < 256; value += 51) {
				uint8_t saved = b[i];

				b[i] = (uint8_t)value;
				assert_int_equal(sign(quire_memcmp(a, b, size)),
						 sign(memcmp(a, b, size)));
				b[i] = saved;
			}
		}
		free(a);
		free(b);
	}
}

static const char *const texts[] = {"",	   "a",	   "b",	   "ab",     "abc",	    "abd",
				    "ABC", "\x80", "\xFF", "ab\xFF", "hello world", "hello worlds"};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

/* A copy that ends where its heap block ends. */
static char *text_copy(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return copy;
}

static void test_lengths(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXTS; i++) {
		char *text = text_copy(texts[i]);

		assert_int_equal(quire_strlen(text), strlen(text));
		for (size_t limit = 0; limit < 20; limit++)
			assert_int_equal(quire_strnlen(text, limit), strnlen(text, limit));
		free(text);
	}
	/* Not terminated within the limit: nothing behind it is read. */
	char *open = malloc(3);

	assert_non_null(open);
	memset(open, 'x', 3);
	assert_int_equal(quire_strnlen(open, 3), 3);
	free(open);
}

static void test_comparisons(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXTS; i++) {
		for (size_t j = 0; j < TEXTS; j++) {
			char *a = text_copy(texts[i]), *b = text_copy(texts[j]);

			assert_int_equal(sign(quire_strcmp(a, b)), sign(strcmp(a, b)));
			for (size_t limit = 0; limit < 14; limit++)
				assert_int_equal(sign(quire_strncmp(a, b, limit)),
						 sign(strncmp(a, b, limit)));
			free(a);
			free(b);
		}
	}
}

static void test_strchr(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXTS; i++) {
		char *text = text_copy(texts[i]);

		for (int c = 0; c < 256; c++)
			assert_ptr_equal(quire_strchr(text, c), strchr(text, c));
		free(text);
	}
}

/* ---- UTF-16 ---- */

static void test_upcase(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 128; c++)
		assert_int_equal(utf16_upcase((uint16_t)c), c >= 'a' && c <= 'z' ? c - 32 : c);
	assert_int_equal(utf16_upcase(0xE4), 0xC4);   /* a umlaut */
	assert_int_equal(utf16_upcase(0xFE), 0xDE);   /* thorn */
	assert_int_equal(utf16_upcase(0xF7), 0xF7);   /* division sign */
	assert_int_equal(utf16_upcase(0xD7), 0xD7);   /* multiplication sign */
	assert_int_equal(utf16_upcase(0xDF), 0xDF);   /* sharp s */
	assert_int_equal(utf16_upcase(0xFF), 0x178);  /* y with diaeresis */
	assert_int_equal(utf16_upcase(0x431), 0x431); /* Cyrillic: beyond the documented limit */
}

static void test_utf16_equal(void **state)
{
	static const uint16_t lower[] = {'d', 'i', 's', 'k', 0xE9},
			      mixed[] = {'D', 'i', 'S', 'k', 0xC9};

	(void)state;
	assert_true(utf16_equal(lower, 5, lower, 5, false));
	assert_false(utf16_equal(lower, 5, mixed, 5, false));
	assert_true(utf16_equal(lower, 5, mixed, 5, true));
	assert_false(utf16_equal(lower, 5, mixed, 4, true));
	assert_true(utf16_equal(lower, 0, NULL, 0, true));
}

static void test_utf16_to_ascii(void **state)
{
	static const uint16_t name[] = {'a', 0xE9, 'b', 0x1F, '~', 0x7F};
	char buffer[8];

	(void)state;
	assert_int_equal(utf16_to_ascii(buffer, sizeof(buffer), name, 6), 6);
	assert_string_equal(buffer, "a?b?~?");
	assert_int_equal(utf16_to_ascii(buffer, 3, name, 6), 2);
	assert_string_equal(buffer, "a?");
	assert_int_equal(utf16_to_ascii(buffer, 1, name, 6), 0);
	assert_string_equal(buffer, "");
	assert_int_equal(utf16_to_ascii(NULL, 0, name, 6), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy),	    cmocka_unit_test(test_memmove),
		cmocka_unit_test(test_memset),	    cmocka_unit_test(test_memcmp),
		cmocka_unit_test(test_lengths),	    cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_strchr),	    cmocka_unit_test(test_upcase),
		cmocka_unit_test(test_utf16_equal), cmocka_unit_test(test_utf16_to_ascii),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

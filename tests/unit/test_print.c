/*
 * test_print.c - format_text against the C library's snprintf: a table of interesting cases, then
 * random conversions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/print.h"

#define BUFFER_BYTES 512
#define RANDOM_CASES 200000

static uint64_t random_state = 20260101;

static uint64_t random_next(void)
{
	uint64_t z = (random_state += 0x9E3779B97F4A7C15ull);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
	return z ^ (z >> 31);
}

static unsigned random_below(unsigned limit)
{
	return (unsigned)(random_next() % limit);
}

/*
 * Formats with both. Formats are made at run time or are odd on purpose, so the compiler shall not
 * look at them.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-zero-length"
#pragma GCC diagnostic ignored "-Wformat"
#define COMPARE(format, ...) \
	do { \
		char ours[BUFFER_BYTES], theirs[BUFFER_BYTES]; \
		int our_length = format_text(ours, sizeof(ours), (format), ##__VA_ARGS__); \
		int their_length = snprintf(theirs, sizeof(theirs), (format), ##__VA_ARGS__); \
		if (our_length != their_length || strcmp(ours, theirs) != 0) \
			fail_msg("\"%s\": \"%s\" (%d), expected \"%s\" (%d)", (format), ours, \
				 our_length, theirs, their_length); \
	} while (0)

static void test_table(void **state)
{
	(void)state;
	COMPARE("");
	COMPARE("plain text");
	COMPARE("100%%");
	COMPARE("%d %i %u", -1, 2, 3u);
	COMPARE("%d %d", INT32_MIN, INT32_MAX);
	COMPARE("%ld %lld", INT64_MIN, (long long)INT64_MAX);
	COMPARE("%lu %zu %llx", UINT64_MAX, (size_t)0, 0xFEDCBA9876543210ull);
	COMPARE("%x %X %#x %#X %#x", 0xBEEFu, 0xBEEFu, 0xBEEFu, 0xBEEFu, 0u);
	COMPARE("[%8d] [%-8d] [%08d] [%+d] [% d]", 42, 42, 42, 42, 42);
	COMPARE("[%8.3d] [%-8.3d] [%08.3d] [%.0d] [%.0d]", -7, -7, -7, 0, 5);
	COMPARE("[%016lx] [%#018lx] [%-#18lx|]", 0xABCDEFul, 0xABCDEFul, 0xABCDEFul);
	COMPARE("[%*d] [%-*d] [%*d] [%.*d]", 6, 1, 6, 2, -6, 3, 4, 5);
	COMPARE("[%s] [%10s] [%-10s] [%.3s] [%10.2s] [%.0s]", "abcde", "abcde", "abcde", "abcde",
		"abcde", "abcde");
	COMPARE("[%.*s] [%.*s]", 2, "abcde", -1, "abcde");
	COMPARE("[%c] [%5c] [%-5c]", 'x', 'y', 'z');
	COMPARE("%hd %hhd %hu %hhu %hx", (short)70000, (signed char)300, (unsigned short)70000,
		(unsigned char)300, (unsigned short)0x12345);
}

static void test_pointer(void **state)
{
	static const char *volatile no_text; /* NULL, and gcc does not know */
	char text[64];

	(void)state;
	assert_int_equal(format_text(text, sizeof(text), "[%p]", (void *)0xFFFF800000001000), 20);
	assert_string_equal(text, "[0xffff800000001000]");
	/* Where the C library prints words: an address is a number here. */
	assert_int_equal(format_text(text, sizeof(text), "%p", NULL), 3);
	assert_string_equal(text, "0x0");
	format_text(text, sizeof(text), "[%s] [%8s]", no_text, no_text);
	assert_string_equal(text, "[(null)] [  (null)]");
}

/* Text that does not fit is cut; the length is that of the whole. */
static void test_capacity(void **state)
{
	(void)state;
	for (size_t capacity = 0; capacity < 24; capacity++) {
		char *ours = malloc(capacity ? capacity : 1), theirs[64];

		assert_non_null(ours);
		assert_int_equal(format_text(ours, capacity, "%s-%05d-%x", "word", 123, 0xABCDEFu),
				 17);
		snprintf(theirs, capacity, "%s-%05d-%x", "word", 123, 0xABCDEFu);
		if (capacity)
			assert_string_equal(ours, theirs);
		free(ours);
	}
	assert_int_equal(format_text(NULL, 0, "%d", 12345), 5);
}

/* What we do not have is shown as it stands, and takes no argument. */
static void test_unknown_conversion(void **state)
{
	const char *format = "%d %q %d %", *bare = "%-5";
	char text[64];

	(void)state;
	assert_int_equal(format_text(text, sizeof(text), format, 1, 2), 8);
	assert_string_equal(text, "1 %q 2 %");
	format_text(text, sizeof(text), bare);
	assert_string_equal(text, "%-5");
}

/* A random conversion for arguments of one kind: flags, width, precision, length, letter. */
static void random_conversion(char *format, const char *length, const char *letters,
			      bool has_precision)
{
	static const char flags[] = "-0+ #";
	char *at = format;
	char letter = letters[random_below((unsigned)strlen(letters))];
	bool is_signed = letter == 'd' || letter == 'i';

	at += sprintf(at, "<%%");
	for (unsigned i = 0; i < sizeof(flags) - 1; i++) {
		/*
		 * ISO C leaves these open: blanks and signs of unsigned numbers and texts, # of
		 * decimals, 0 of texts
		 */
		bool is_defined = flags[i] == '-' ||
				  (flags[i] == '0' && letter != 's' && letter != 'c') ||
				  (flags[i] == '#' && (letter == 'x' || letter == 'X')) ||
				  ((flags[i] == '+' || flags[i] == ' ') && is_signed);

		if (is_defined && random_below(4) == 0)
			*at++ = flags[i];
	}
	if (random_below(2))
		at += sprintf(at, "%u", random_below(40) + 1);
	if (has_precision && random_below(3) == 0)
		at += sprintf(at, random_below(6) ? ".%u" : ".", random_below(30));
	sprintf(at, "%s%c>", length, letter);
}

/* Small, large and in between: a random number of random bits. */
static uint64_t random_number(void)
{
	return random_next() >> random_below(64);
}

static void test_random_numbers(void **state)
{
	char format[64];

	(void)state;
	for (unsigned i = 0; i < RANDOM_CASES; i++) {
		uint64_t number = random_below(8) ? random_number() : 0 - random_number();

		switch (random_below(6)) {
		case 0:
			random_conversion(format, "", "diuxX", true);
			COMPARE(format, (int)number);
			break;
		case 1:
			random_conversion(format, "l", "diuxX", true);
			COMPARE(format, (long)number);
			break;
		case 2:
			random_conversion(format, "ll", "diuxX", true);
			COMPARE(format, (long long)number);
			break;
		case 3:
			random_conversion(format, "z", "diuxX", true);
			COMPARE(format, (size_t)number);
			break;
		case 4:
			random_conversion(format, "h", "diuxX", true);
			COMPARE(format, (int)number);
			break;
		default:
			random_conversion(format, "hh", "diuxX", true);
			COMPARE(format, (int)number);
			break;
		}
	}
}

static void test_random_texts(void **state)
{
	static const char all[] = "The quick brown fox jumps over the lazy dog.";
	char format[64], text[sizeof(all)];
	int character;

	(void)state;
	for (unsigned i = 0; i < RANDOM_CASES / 4; i++) {
		snprintf(text, random_below(sizeof(all)) + 1, "%s", all);
		random_conversion(format, "", "s", true);
		COMPARE(format, text);
		random_conversion(format, "", "c", false);
		character = ' ' + (int)random_below(90);
		COMPARE(format, character);
	}
}
#pragma GCC diagnostic pop

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	       cmocka_unit_test(test_pointer),
		cmocka_unit_test(test_capacity),       cmocka_unit_test(test_unknown_conversion),
		cmocka_unit_test(test_random_numbers), cmocka_unit_test(test_random_texts),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

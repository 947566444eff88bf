/*
 * test_name_pattern.c - wildcards against names, and patterns that would take other matchers for
 * ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/syscall/name_pattern.h"

static void test_table(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{"", "", true},		{"", "a", false},	    {"*", "", true},
		{"*", "a.b", true},	{"a", "A", true},	    {"a", "ab", false},
		{"?", "", false},	{"?b", "ab", true},	    {"*.c", "x.c", true},
		{"*.c", "x.cc", false}, {"a*b*c", "aXbXbYc", true}, {"*.", "a", false},
		{"<", "a.b", false},	{"<.b", "a.x.b", true},	    {"<.b", "a.b.x", false},
		{"<", "a", true},	{"a>>", "a", true},	    {"a>>", "abc", true},
		{"a>>", "abcd", false}, {"a>.b", "a.b", true},	    {"a>.b", "ax.b", true},
		{"a\"b", "a.b", true},	{"a\"", "a", true},	    {"a\"b", "axb", false},
		{"?", ".", true},	{">", ".", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (name_matches(rows[i].pattern, rows[i].name) != rows[i].matches)
			fail_msg("pattern '%s', name '%s'", rows[i].pattern, rows[i].name);
}

static void test_many_stars(void **state)
{
	char pattern[256], name[256];

	(void)state;
	for (unsigned i = 0; i < 254; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[254] = 'b';
	pattern[255] = '\0';
	memset(name, 'a', 255);
	name[255] = '\0';
	assert_false(name_matches(pattern, name));
	name[254] = 'b';
	assert_true(name_matches(pattern, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_many_stars),
	};

	return cmocka_run_group_tests_name("name_pattern", tests, NULL, NULL);
}

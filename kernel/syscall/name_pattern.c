/*
 * name_pattern.c - see name_pattern.h.
 *
 * The matcher keeps the set of positions in the pattern that are possible after each character, one
 * bit each, so that it takes time in proportion to name and pattern, whatever stars there are.
 */
#include "name_pattern.h"

#include <stdint.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define PATTERN_MAX 255u
#define WORDS (PATTERN_MAX / 64 + 1)

struct positions {
	uint64_t bits[WORDS];
};

static void add(struct positions *set, size_t position)
{
	set->bits[position / 64] |= 1ull << position % 64;
}

static bool has(const struct positions *set, size_t position)
{
	return set->bits[position / 64] >> position % 64 & 1;
}

static char ascii_upcase(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* True if the part of the pattern can stand for nothing before `next` (0: the end of the name). */
static bool can_skip(char part, char next)
{
	if (part == '*' || part == '<')
		return true;
	if (part == '>')
		return next == '.' || !next;
	return part == '"' && !next;
}

/* Adds the positions that are reached without a character. */
static void close_over(struct positions *set, const char *pattern, char next)
{
	for (size_t i = 0; pattern[i]; i++)
		if (has(set, i) && can_skip(pattern[i], next))
			add(set, i + 1);
}

/* The positions after the character at `name`. */
static struct positions step(const struct positions *set, const char *pattern, const char *name)
{
	bool is_last_dot = *name == '.' && !strchr(name + 1, '.');
	struct positions result = {{0}};

	for (size_t i = 0; pattern[i]; i++) {
		if (!has(set, i))
			continue;
		if (pattern[i] == '*' || (pattern[i] == '<' && !is_last_dot))
			add(&result, i);
		else if (pattern[i] == '?' || (pattern[i] == '>' && *name != '.') ||
			 (pattern[i] == '"' && *name == '.') ||
			 ascii_upcase(pattern[i]) == ascii_upcase(*name))
			add(&result, i + 1);
	}
	return result;
}

bool name_matches(const char *pattern, const char *name)
{
	struct positions set = {{0}};
	size_t length = strlen(pattern);

	KASSERT(length <= PATTERN_MAX);
	add(&set, 0);
	for (; *name; name++) {
		close_over(&set, pattern, *name);
		set = step(&set, pattern, name);
	}
	close_over(&set, pattern, 0);
	return has(&set, length);
}

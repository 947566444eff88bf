/*
 * command_line.c - a command line as text, split into arguments.
 */
#include "command_line.h"

#include <stdbool.h>

static bool is_space(char character)
{
	return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* Moves one word to `to`, without its quotes. Returns where the next one may start. */
static char *word_take(char *from, char *to)
{
	bool quoted = false;

	for (; *from && (quoted || !is_space(*from)); from++) {
		if (from[0] == '\\' && from[1] == '"')
			*to++ = *++from;
		else if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	if (*from)
		from++;
	*to = '\0';
	return from;
}

size_t command_line_split(char *text, char **words, size_t capacity)
{
	size_t count = 0;

	for (;;) {
		while (is_space(*text))
			text++;
		if (!*text)
			break;
		if (count + 1 < capacity)
			words[count] = text;
		count++;
		text = word_take(text, text);
	}
	if (capacity)
		words[count < capacity ? count : capacity - 1] = NULL;
	return count;
}

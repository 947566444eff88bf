/*
 * launch.c - running a program by a line as people type it.
 */
#include "launch.h"

#include <string.h>

#include "format.h"
#include "path.h"

#define WORD_CHARS 200

/* The first word of the line, quotes removed. */
static void first_word(const char *line, char *word, size_t capacity)
{
	size_t length = 0;
	char end = ' ';

	while (*line == ' ')
		line++;
	if (*line == '"') {
		end = '"';
		line++;
	}
	for (; *line && *line != end && length + 1 < capacity; line++)
		word[length++] = *line;
	word[length] = '\0';
}

/* What follows the last folder. */
static const char *last_part(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (*path == '\\' || *path == '/')
			last = path + 1;
	return last;
}

void launch_name(const char *line, char *name, size_t capacity)
{
	char word[WORD_CHARS];
	const char *last;

	first_word(line, word, sizeof(word));
	last = last_part(word);
	format_text(name, capacity, "%s%s", last, strchr(last, '.') ? "" : ".exe");
}

NTSTATUS launch(struct child *child, const char *line)
{
	char word[WORD_CHARS], file[WORD_CHARS + 4];
	struct path path;
	NTSTATUS status;

	first_word(line, word, sizeof(word));
	if (!word[0])
		return STATUS_OBJECT_NAME_INVALID;
	format_text(file, sizeof(file), "%s%s", word, strchr(last_part(word), '.') ? "" : ".exe");
	status = path_parse(&path, PROGRAM_FOLDER, file);
	if (!NT_SUCCESS(status))
		return status;
	return child_start(child, &path.name, line);
}

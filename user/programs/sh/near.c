/*
 * near.c - names that somebody may have meant: commands and the programs of \bin, by edit distance.
 */
#include "near.h"

#include <string.h>

#include "commands.h"
#include "console.h"
#include "path.h"

#define MAX_NAME 32
#define NEAR_DISTANCE 2

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

/*
 * Insertions, deletions and replacements that make one word of the other; long words are far away.
 */
static unsigned edit_distance(const char *first, const char *second)
{
	size_t first_length = strlen(first), second_length = strlen(second);
	unsigned row[MAX_NAME + 1];

	if (first_length > MAX_NAME || second_length > MAX_NAME)
		return MAX_NAME;
	for (unsigned j = 0; j <= second_length; j++)
		row[j] = j;
	for (unsigned i = 1; i <= first_length; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= second_length; j++) {
			unsigned above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
				       diagonal + (first[i - 1] != second[j - 1]));
			diagonal = above;
		}
	}
	return row[second_length];
}

static void consider(const char *word, const char *name, unsigned *found)
{
	if (edit_distance(word, name) > NEAR_DISTANCE)
		return;
	print("%s %s", (*found)++ ? "," : "; near:", name);
}

/* The programs: names of \bin without ".exe". Tests are left out, they are many. */
static void consider_programs(const char *word, unsigned *found)
{
	static uint64_t buffer[512];
	struct path path;
	HANDLE directory;
	IO_STATUS_BLOCK io;
	char name[MAX_NAME + 1];

	if (!NT_SUCCESS(path_parse(&path, NULL, "bin")) ||
	    !NT_SUCCESS(file_open(&directory, &path, FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE)))
		return;
	while (NT_SUCCESS(NtQueryDirectoryFile(directory, NULL, NULL, NULL, &io, buffer,
					       sizeof(buffer), FileDirectoryInformation, TRUE, NULL,
					       FALSE))) {
		const FILE_DIRECTORY_INFORMATION *entry = (const void *)buffer;
		char *dot;

		format_text(name, sizeof(name), "%.*ls",
			    (int)(entry->FileNameLength / sizeof(WCHAR)),
			    (const wchar_t *)entry->FileName);
		dot = strchr(name, '.');
		if (dot && dot != name) {
			*dot = '\0';
			consider(word, name, found);
		}
	}
	NtClose(directory);
}

void near_names_print(const char *word)
{
	unsigned found = 0;

	print("%s: neither a command nor a program of C:\\bin", word);
	for (unsigned i = 0; i < command_count; i++)
		consider(word, commands[i].name, &found);
	consider_programs(word, &found);
	print(found ? "\n" : "; help lists the commands\n");
}

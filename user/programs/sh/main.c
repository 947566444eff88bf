/*
 * main.c - a shell for the serial console: reads a line, runs a command of its own or a program,
 * tells how it ended.
 */
#include <string.h>

#include "command_line.h"
#include "commands.h"
#include "console.h"
#include "edit.h"
#include "launch.h"
#include "near.h"
#include "program.h"
#include "system.h"

#define MAX_WORDS 32

/* A terminal is there: the kernel was told so on its command line (echo=1). */
static bool echo_wanted(void)
{
	char text[1024];
	ULONG length = 0;
	NTSTATUS status = NtQuerySystemInformation(QUIRE_SYSTEM_COMMAND_LINE, text,
						   sizeof(text) - 1, &length);

	if (!NT_SUCCESS(status) || length >= sizeof(text))
		return false;
	text[length] = '\0';
	for (const char *at = text; *at; at++)
		if (!strncmp(at, "echo=1", 6))
			return true;
	return false;
}

static bool is_missing(NTSTATUS status)
{
	return status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND ||
	       status == STATUS_OBJECT_NAME_INVALID;
}

static void run_program(const char *line, const char *word)
{
	struct child child;
	NTSTATUS exit_status, status = launch(&child, line);

	if (is_missing(status)) {
		near_names_print(word);
		return;
	}
	if (!NT_SUCCESS(status)) {
		complain(word, status);
		return;
	}
	status = child_wait(&child, &exit_status);
	child_close(&child);
	if (!NT_SUCCESS(status))
		complain("waiting", status);
	else if (exit_status)
		complain(word, exit_status);
}

static void run_line(const char *line)
{
	char words_text[EDIT_CHARS];
	char *words[MAX_WORDS];
	const struct command *command;
	size_t count;

	format_text(words_text, sizeof(words_text), "%s", line);
	count = command_line_split(words_text, words, MAX_WORDS);
	if (!count)
		return;
	if (count >= MAX_WORDS) {
		print("more than %d words\n", MAX_WORDS - 1);
		return;
	}
	command = command_find(words[0]);
	if (command)
		command->run((int)count, words);
	else
		run_program(line, words[0]);
}

int program_main(int argc, char **argv)
{
	char line[EDIT_CHARS];
	bool echo = echo_wanted();

	(void)argc;
	(void)argv;
	print("Quire shell; help lists the commands.\n");
	while (!shell_done && edit_line("quire> ", line, echo))
		run_line(line);
	return 0;
}

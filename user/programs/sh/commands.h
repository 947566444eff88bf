/*
 * commands.h - what the shell can do itself.
 */
#pragma once

#include <stdbool.h>

struct command {
	const char *name, *arguments, *what;
	void (*run)(int argc, char **argv); /* argc and argv as for a program */
};

extern const struct command commands[];
extern const unsigned command_count;

/* Set by `exit`. */
extern bool shell_done;

const struct command *command_find(const char *name);

/* inspect.c: commands that look into processes and memory */
void command_ps(int argc, char **argv);
void command_views(int argc, char **argv);
void command_handles(int argc, char **argv);
void command_faults(int argc, char **argv);

/* memory.c */
void command_memory(int argc, char **argv);

/* Prints "NAME: STATUS" for a call that failed. */
void complain(const char *what, int status);

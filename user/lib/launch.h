/*
 * launch.h - running a program by a line as people type it: "tour.exe --short", "tour",
 * "\??\C:\bin\tour.exe".
 */
#pragma once

#include "child.h"

/* Where programs are. */
#define PROGRAM_FOLDER "\\??\\C:\\bin\\"

/*
 * Starts the program that the first word of `line` names: a bare name is looked up in
 * PROGRAM_FOLDER, and one without a dot gets ".exe". The whole line becomes the command line.
 */
NTSTATUS launch(struct child *child, const char *line);

/* The program's name as it stands at the start of the line, without folders. */
void launch_name(const char *line, char *name, size_t capacity);

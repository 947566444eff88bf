/*
 * edit.h - reading a line from a serial terminal, with editing and a history.
 *
 * Keys: backspace, left and right, home and end (Ctrl-A, Ctrl-E), delete; up and down walk through
 * the history; Ctrl-U clears the line, Ctrl-W a word, Ctrl-C drops it, Ctrl-D on an empty line is
 * the end of input.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define EDIT_CHARS 256

/*
 * Reads one line into `line` (EDIT_CHARS bytes), without its end. `echo`: a terminal is there that
 * shows nothing by itself. => returns: false at the end of input.
 */
bool edit_line(const char *prompt, char *line, bool echo);

/*
 * command_line.h - a command line as text, split into arguments.
 */
#pragma once

#include <stddef.h>

/*
 * Splits `text` in place: words are separated by spaces and tabs; "double quotes" keep spaces in a
 * word, and \" is a quote. Writes at most `capacity - 1` pointers and a NULL.
 * => returns: the number of words; `capacity` or more means that the last ones did not fit.
 */
size_t command_line_split(char *text, char **words, size_t capacity);

/*
 * process_id.h - processes named by a number on the command line.
 */
#pragma once

#include "native.h"

/*
 * Opens the process whose id is argv[1]; says what is wrong and returns false if there is none.
 * Without an argument: the shell itself.
 */
bool process_open_argument(int argc, char **argv, ACCESS_MASK access, HANDLE *process);

/*
 * program.h - what a program is: one function.
 */
#pragma once

/*
 * Arguments as in C: argv[0] is the program, argv[argc] NULL. => returns: the exit status of the
 * process.
 */
int program_main(int argc, char **argv);

/*
 * args.c - prints its arguments, one per line, and returns their number.
 */
#include "console.h"
#include "program.h"

int program_main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		print("argument %d: [%s]\n", i, argv[i]);
	return argc - 1;
}

/*
 * hello.c - prints a line. The same on Quire, Wine and Windows.
 */
#include "console.h"
#include "program.h"

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print("Hello from a native NT program.\n");
	return 0;
}

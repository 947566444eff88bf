/*
 * start.c - the entry of every program: NtProcessStartup, from which program_main is called.
 *
 * Native programs get the PEB as their only argument on Windows and Quire; under Wine that is not
 * certain, so it is taken from the TEB. What program_main returns becomes the exit status.
 */
#include "command_line.h"
#include "console.h"
#include "format.h"
#include "native.h"
#include "program.h"

#define COMMAND_LINE_CHARS 2048
#define MAX_ARGUMENTS 64

void NTAPI NtProcessStartup(PEB *peb);

void NTAPI NtProcessStartup(PEB *peb)
{
	static char text[COMMAND_LINE_CHARS];
	static char *words[MAX_ARGUMENTS + 1];
	struct process_parameters *parameters = process_parameters();
	size_t count;

	(void)peb;
	format_text(text, sizeof(text), "%.*ls",
		    (int)(parameters->command_line.Length / sizeof(WCHAR)),
		    (const wchar_t *)parameters->command_line.Buffer);
	count = command_line_split(text, words, MAX_ARGUMENTS + 1);
	if (count > MAX_ARGUMENTS) {
		print_error("%s: more than %d arguments\n", words[0], MAX_ARGUMENTS);
		RtlExitUserProcess(STATUS_INVALID_PARAMETER);
	}
	RtlExitUserProcess(program_main((int)count, words));
}

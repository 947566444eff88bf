/*
 * console.c - standard input and output of a program, and the kernel's log (NtDisplayString).
 */
#include "console.h"

#include <string.h>

#include "format.h"
#include "native.h"

#define LINE_CHARS 1000

/*
 * Writes everything, in as many calls as the file takes; gives up silently, for there is nobody to
 * tell.
 */
static void write_all(HANDLE file, const char *bytes, size_t size_bytes)
{
	while (size_bytes && file) {
		IO_STATUS_BLOCK io = {.Information = 0};
		NTSTATUS status = NtWriteFile(file, NULL, NULL, NULL, &io, bytes, (ULONG)size_bytes,
					      NULL, NULL);

		if (!NT_SUCCESS(status) || !io.Information)
			return;
		bytes += io.Information;
		size_bytes -= io.Information;
	}
}

static void write_formatted(HANDLE file, const char *format, va_list arguments)
{
	char line[LINE_CHARS];
	size_t length = format_arguments(line, sizeof(line), format, arguments);

	write_all(file, line, length < sizeof(line) ? length : sizeof(line) - 1);
}

void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_formatted(process_parameters()->standard_output, format, arguments);
	va_end(arguments);
}

void print_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_formatted(process_parameters()->standard_error, format, arguments);
	va_end(arguments);
}

void print_bytes(const void *bytes, size_t size_bytes)
{
	write_all(process_parameters()->standard_output, bytes, size_bytes);
}

void log_line(const char *format, ...)
{
	char line[LINE_CHARS];
	WCHAR wide[LINE_CHARS];
	UNICODE_STRING text = {.Buffer = wide};
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_arguments(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	for (size_t i = 0; i < length; i++)
		wide[i] = (unsigned char)line[i];
	text.Length = text.MaximumLength = (USHORT)(length * sizeof(WCHAR));
	NtDisplayString(&text);
}

int read_byte(void)
{
	IO_STATUS_BLOCK io = {.Information = 0};
	unsigned char byte;
	NTSTATUS status = NtReadFile(process_parameters()->standard_input, NULL, NULL, NULL, &io,
				     &byte, 1, NULL, NULL);

	return NT_SUCCESS(status) && io.Information == 1 ? byte : -1;
}

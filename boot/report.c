/*
 * report.c - messages of the loader (report.h).
 */
#include "report.h"

#include <efi.h>
#include <efilib.h>
#include <stdbool.h>

#include "machine.h"

#define DEBUG_CONSOLE_PORT 0xE9
#define COM2_PORT 0x2F8
#define UART_LINE_STATUS 5
#define UART_LINE_STATUS_EMPTY 0x20
#define UART_PATIENCE 100000 /* polls; a port that never empties is not worth waiting for */
#define MESSAGE_BYTES 512

/* QEMU's debug console answers a read with its own port number; an empty bus answers 0xFF. */
static bool debug_console_present(void)
{
	return port_read8(DEBUG_CONSOLE_PORT) == DEBUG_CONSOLE_PORT;
}

static void debug_console_write(const char *text)
{
	while (*text)
		port_write8(DEBUG_CONSOLE_PORT, (uint8_t)*text++);
}

/* Without a debug console the port belongs to nobody, or to somebody else: no byte goes there. */
static void mark_write(const char *kind, const char *text)
{
	if (!debug_console_present())
		return;
	debug_console_write("@quire ");
	debug_console_write(kind);
	debug_console_write(text);
	debug_console_write("\n");
}

void report_mark(const char *text)
{
	mark_write("", text);
}

/* The firmware's cursor may be anywhere in a line. */
static void firmware_console_write(const char *before, const char *message)
{
	Print((CHAR16 *)L"\r\n%a%a\r\n", before, message);
}

void report_note(const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	AsciiVSPrint((CHAR8 *)message, sizeof(message), (const CHAR8 *)format, arguments);
	va_end(arguments);
	firmware_console_write("Quire: ", message);
}

_Noreturn void report_fail(const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list arguments;
	UINTN index;

	va_start(arguments, format);
	AsciiVSPrint((CHAR8 *)message, sizeof(message), (const CHAR8 *)format, arguments);
	va_end(arguments);
	firmware_console_write("Quire cannot start: ", message);
	mark_write("error ", message);
	if (!debug_console_present()) {
		Print((CHAR16 *)L"Press a key to switch off.\r\n");
		BS->WaitForEvent(1, &ST->ConIn->WaitForKey, &index);
	}
	RT->ResetSystem(EfiResetShutdown, EFI_LOAD_ERROR, 0, NULL);
	for (;;)
		cpu_pause();
}

void report_stdio_begins(void)
{
	static const char line[] = "@quire stdio\n";
	uint8_t status;

	if (!debug_console_present())
		return;
	for (const char *text = line; *text; text++) {
		for (int polls = 0; polls < UART_PATIENCE; polls++) {
			status = port_read8(COM2_PORT + UART_LINE_STATUS);
			if (status & UART_LINE_STATUS_EMPTY)
				break;
		}
		port_write8(COM2_PORT, (uint8_t)*text);
	}
}

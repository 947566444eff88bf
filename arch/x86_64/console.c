/*
 * console.c - where text goes: LOG to COM1, STDIO to the port that the command line chose, both to
 * the screen if there is one; marks to QEMU's debug console.
 *
 * Locking is the caller's (kernel/core/log.c): a panic writes without.
 */
#include "console.h"

#include "arch/arch.h"
#include "kernel/lib/string.h"

#include "cpu.h"
#include "framebuffer.h"
#include "serial.h"

/* QEMU's isa-debugcon answers a read with its own port number. */
#define DEBUG_CONSOLE 0xE9

static bool has_debug_console;
static enum serial_port stdio_port = SERIAL_COM1;

void console_init(void)
{
	serial_init();
	has_debug_console = port_read8(DEBUG_CONSOLE) == DEBUG_CONSOLE;
}

void arch_console_select(const char *stdio)
{
	stdio_port = SERIAL_COM1;
	if (strcmp(stdio, "com2") == 0 && serial_is_present(SERIAL_COM2))
		stdio_port = SERIAL_COM2;
}

static enum serial_port serial_port_of(enum console_port port)
{
	switch (port) {
	case CONSOLE_LOG:
		return SERIAL_COM1;
	case CONSOLE_STDIO:
		return stdio_port;
	}
	return SERIAL_COM1;
}

/* Bytes as they are: programs' output must reach the host unchanged, and terminals cope with \n. */
void arch_console_write(enum console_port port, const char *text, size_t size_bytes)
{
	serial_write(serial_port_of(port), text, size_bytes);
	framebuffer_write(text, size_bytes);
}

int arch_console_read(enum console_port port)
{
	return serial_read(serial_port_of(port));
}

static void debug_write(const char *text)
{
	for (; *text; text++)
		port_write8(DEBUG_CONSOLE, (uint8_t)*text);
}

void arch_mark(const char *text)
{
	if (!has_debug_console)
		return;
	debug_write("@quire ");
	debug_write(text);
	debug_write("\n");
}

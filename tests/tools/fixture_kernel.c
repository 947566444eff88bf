/*
 * fixture_kernel.c - the smallest kernel that the loader accepts, for tests of the loader and the
 * runner: it checks what it was handed, prints it on COM1, and ends as `end=` on its command line
 * says. Linked by linker.ld like the real one; compiled by fixtures.py.
 *
 *   end=exit:N   marks exit N and switches off         end=panic    marks a panic, switches off
 *   end=halt     marks a panic and goes on for ever    end=loop     never ends
 *   end=reset    a fault without handlers: the machine resets
 *   end=echo     copies COM2 to COM2 up to Ctrl-D, then exit 0
 *   end=silent   says nothing at all, not even on the debug console
 */
#include <stdbool.h>

#include "arch/x86_64/layout.h"
#include "boot/boot_info.h"
#include "boot/machine.h"

#define COM1 0x3F8
#define COM2 0x2F8
#define DEBUG_CONSOLE 0xE9
#define UART_LINE_STATUS 5
#define UART_READY 0x01
#define UART_EMPTY 0x20
#define POWER_PORT 0x604 /* q35's ACPI control register */
#define POWER_OFF 0x2000
#define END_OF_INPUT 4

void kernel_entry(const struct boot_info *info);

static volatile uint64_t initialised = 0x5155495245;
static volatile uint64_t zeroed[3000];

static void put(uint16_t port, const char *text)
{
	for (; *text; text++) {
		while (port != DEBUG_CONSOLE && !(port_read8(port + UART_LINE_STATUS) & UART_EMPTY))
			cpu_pause();
		port_write8(port, (uint8_t)*text);
	}
}

static void put_number(uint16_t port, uint64_t value)
{
	char text[19] = "0x";

	for (unsigned i = 0; i < 16; i++)
		text[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	text[18] = 0;
	put(port, text);
}

static void put_field(const char *name, uint64_t value)
{
	put(COM1, name);
	put(COM1, " ");
	put_number(COM1, value);
	put(COM1, "\n");
}

static bool begins(const char *text, const char *word)
{
	while (*word) {
		if (*text++ != *word++)
			return false;
	}
	return true;
}

/* The text behind "end=" on the command line, or "". */
static const char *ending(const char *cmdline)
{
	for (; *cmdline; cmdline++) {
		if (begins(cmdline, "end="))
			return cmdline + 4;
	}
	return "";
}

static void ranges_print(const struct boot_info *info)
{
	for (uint64_t i = 0; i < info->range_count; i++) {
		put(COM1, "range ");
		put_number(COM1, info->ranges[i].base);
		put(COM1, " ");
		put_number(COM1, info->ranges[i].size_bytes);
		put(COM1, " ");
		put_number(COM1, info->ranges[i].kind);
		put(COM1, "\n");
	}
}

static void info_print(const struct boot_info *info)
{
	const char *ramdisk = (const char *)(DIRECT_MAP_BASE + info->ramdisk_base);
	const char *rsdp = (const char *)(DIRECT_MAP_BASE + info->rsdp);

	put_field("magic", info->magic == BOOT_INFO_MAGIC);
	put_field("data", initialised == 0x5155495245 && zeroed[0] == 0 && zeroed[2999] == 0);
	put_field("archive", begins(ramdisk, "070701"));
	put_field("rsdp", info->rsdp && begins(rsdp, "RSD PTR "));
	put_field("kernel_base", info->kernel_base);
	put_field("kernel_size", info->kernel_size_bytes);
	put_field("ramdisk_base", info->ramdisk_base);
	put_field("ramdisk_size", info->ramdisk_size_bytes);
	put_field("root", info->page_table_root);
	put_field("info", (uint64_t)(uintptr_t)info - DIRECT_MAP_BASE);
	put_field("frame", (uint64_t)(uintptr_t)__builtin_frame_address(0) - DIRECT_MAP_BASE);
	put_field("framebuffer", info->framebuffer.base);
	ranges_print(info);
	put(COM1, "cmdline ");
	put(COM1, info->cmdline);
	put(COM1, "\n");
}

static void mark(const char *text)
{
	put(DEBUG_CONSOLE, "@quire ");
	put(DEBUG_CONSOLE, text);
	put(DEBUG_CONSOLE, "\n");
}

static _Noreturn void forever(void)
{
	for (;;)
		cpu_pause();
}

static void echo(void)
{
	uint8_t byte = 0;

	while (byte != END_OF_INPUT) {
		while (!(port_read8(COM2 + UART_LINE_STATUS) & UART_READY))
			cpu_pause();
		byte = port_read8(COM2);
		if (byte != END_OF_INPUT)
			put(COM2, (const char[]){(char)byte, 0});
	}
}

static void exit_mark(const char *number)
{
	char text[24] = "exit ";
	unsigned length = 5;

	while (*number >= '0' && *number <= '9' && length < sizeof(text) - 1)
		text[length++] = *number++;
	text[length] = 0;
	mark(text);
}

void kernel_entry(const struct boot_info *info)
{
	const char *end = ending(info->cmdline);

	if (begins(end, "silent"))
		forever();
	info_print(info);
	mark("stage init");
	mark("stage program");
	put(COM2, "output of the fixture\n");
	if (begins(end, "loop"))
		forever();
	if (begins(end, "reset"))
		((void (*)(void))(uintptr_t)4096)(); /* not mapped */
	if (begins(end, "echo"))
		echo();
	if (begins(end, "panic") || begins(end, "halt")) {
		mark("panic");
		put(COM1, "panic: on purpose\n");
	} else {
		exit_mark(begins(end, "exit:") ? end + 5 : "0");
	}
	if (begins(end, "halt"))
		forever();
	port_write16(POWER_PORT, POWER_OFF);
	forever();
}

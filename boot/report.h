/*
 * report.h - what the loader says, and to whom: people read the firmware console, the runner reads
 * marks on the debug console (I/O port 0xE9, which QEMU offers and real machines do not).
 */
#pragma once

/* Writes the line "@quire TEXT" on the debug console if there is one. */
void report_mark(const char *text);

/*
 * Ends the start-up: says on both consoles what is wrong, in which file, and what to do, then
 * switches the machine off (after a key press where only a person can have seen the message).
 * Format: gnu-efi's (%a text, %ld, %lx). Only while boot services exist.
 */
_Noreturn void report_fail(const char *format, ...);

/* The same as a remark: the start-up goes on. */
void report_note(const char *format, ...);

/*
 * Tells the runner that firmware text on COM2 ends here: the firmware writes its console there too,
 * and programs' output, which the kernel sends there, is to be kept apart from it. Does nothing
 * without a debug console.
 */
void report_stdio_begins(void);

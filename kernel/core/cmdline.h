/*
 * cmdline.h - the kernel command line: key=value words, "quotes" around values with spaces.
 *
 * The knobs stand in one table (cmdline.c). An unknown key or a bad value is an error that names
 * the near ones; a key given twice takes its last value. All values in force are printed once at
 * boot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/annotate.h"

struct knobs {
	char run[512];	   /* programs for init, separated by ';', run one after the other */
	char stdio[8];	   /* com1 | com2 | log : where programs' standard input and output are */
	char panic[8];	   /* halt | off : what a panic ends with */
	uint64_t frames;   /* cap on usable page frames; 0: all RAM */
	uint64_t disk_mib; /* free RAM-disk space beyond the archive, MiB */
	uint64_t check;	   /* 1: init checks invariants and memory after each program */
	uint64_t echo;	   /* 1: the console echoes typed characters (a terminal is there) */
	uint64_t hash;	   /* 1: a system call that fails and has changed something is a panic */
};

/* The values in force. Until the command line is parsed: the defaults. */
extern struct knobs knobs;

/*
 * Parses `text` over the defaults. On failure writes a message (what is wrong, what is near, what
 * to do) and returns false; *result is then unchanged. Pure: tested and fuzzed on the host.
 */
bool cmdline_parse(const char *text, struct knobs *result, char *message,
		   size_t message_capacity) MUST_CHECK;

/* Room for every set of values. */
#define CMDLINE_TEXT_BYTES 768

/*
 * The values as a command line: cmdline_parse of it gives them back.
 * => returns: the length of the whole text.
 */
int cmdline_format(const struct knobs *values, char *buffer, size_t capacity);
void cmdline_print(const struct knobs *values);

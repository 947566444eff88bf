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
	char run[512];	     /* programs for init, separated by ';', run one after the other */
	char stdio[8];	     /* com1 | com2 | log : where programs' standard input and output are */
	char panic[8];	     /* halt | off : what a panic ends with */
	uint64_t frames;     /* most frames that pages of programs and files are in; 0: all RAM */
	uint64_t memory_mib; /* most RAM that is used, the RAM disk aside, MiB; 0: all */
	uint64_t disk_mib;   /* free RAM-disk space beyond the archive, MiB */

	/* the page-out half of the VM (kernel/mm/README.md) */
	uint64_t pagefile; /* slots of the page file, a page each; 0: there is none */
	char replace[8];   /* clock | fifo | lru2 | random | wsclock: which page goes next */
	uint64_t seed;	   /* of replace=random */
	uint64_t trim;	   /* pages taken from processes at once when memory is short */
	uint64_t zeropool; /* free frames that the idle thread keeps zeroed */
	uint64_t around;   /* pages of a segment that one fault maps, if they are in memory */
	uint64_t ahead;	   /* pages that one request reads, neighbours of the one that is needed */
	uint64_t cluster;  /* modified pages, neighbours, that one request writes */
	char writeback[8]; /* eager | lazy: modified pages are written at once, or when needed */

	/* the RAM disk as a device (kernel/io/README.md) */
	uint64_t disk_request_us; /* latency of a request, microseconds of virtual time */
	uint64_t disk_page_us;	  /* and of each page of it */
	uint64_t disk_fail_read;  /* the n-th read fails, from 1; 0: none */
	uint64_t disk_fail_write; /* the n-th write fails */
	uint64_t disk_bad_block;  /* requests that touch [disk_bad_block, + disk_bad_count) fail */
	uint64_t disk_bad_count;
	uint64_t disk_short; /* the n-th request ends half-way */

	uint64_t check; /* 1: init checks invariants and memory after each program */
	uint64_t echo;	/* 1: the console echoes typed characters (a terminal is there) */
	uint64_t hash;	/* 1: a system call that fails and has changed something is a panic */
#ifdef QUIRE_SANITIZE
	char selftest[24]; /* planted faults that start-up runs (sanitize/selftest.c) */
#endif
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
#define CMDLINE_TEXT_BYTES 1280

/*
 * The values as a command line: cmdline_parse of it gives them back.
 * => returns: the length of the whole text.
 */
int cmdline_format(const struct knobs *values, char *buffer, size_t capacity);
void cmdline_print(const struct knobs *values);

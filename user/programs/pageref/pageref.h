/*
 * pageref.h - playing a page reference string: what it is, where it is played, and how many frames
 * it gets.
 */
#pragma once

#include "native.h"

/* A reference: the page, and whether it is written. */
#define REFERENCE_WRITE 0x8000u
#define PAGES_MAX 0x8000u
#define REFERENCES_MAX 0x20000u

enum pattern {
	PATTERN_GIVEN,	    /* --string */
	PATTERN_LOOP,	    /* 0 1 2 ... pages-1, again and again */
	PATTERN_SEQUENTIAL, /* once through all pages */
	PATTERN_RANDOM,	    /* each page as likely as any other */
	PATTERN_ZIPF,	    /* page p with weight 1/(p + 1) */
	PATTERN_PHASES,	    /* random within a few neighbouring pages, which move now and then */
	PATTERN_BELADY,	    /* 1 2 3 4 1 2 5 1 2 3 4 5, each a run of pages/5 pages */
};

struct options {
	enum pattern pattern;
	const char *string; /* of --string */
	uint64_t pages, references, seed;
	uint64_t write_percent; /* of the references */
	uint64_t locality;	/* pages of a phase */
	uint64_t phase;		/* references of a phase */
	uint64_t frames;	/* for the pages of the string; 0: no limit */
	bool section;		/* a page-file section in place of private memory */
	const char *file;	/* or a view of this file; NULL: none */
	bool print;		/* the string, after the counts */
};

/* Reads the arguments, says what is wrong with them. => returns: whether they can be used. */
bool options_read(struct options *options, int argc, char **argv);

struct string {
	const uint16_t *references;
	uint64_t count;
	bool any_write;
};

/*
 * Makes the string, of which there is one. Of a given one it writes the page count to *options.
 * => returns: whether there is a string; else it has said why.
 */
bool string_make(struct string *string, struct options *options);
/* FNV-1a, 64 bits, over the references as 16-bit little-endian numbers. */
uint64_t string_hash(const struct string *string);
void string_print(const struct string *string);

/* The pages that the string is about, none of them in memory. Ends the program with a message. */
char *pages_map(const struct options *options, const struct string *string);

/*
 * Locks all pages that this process has in memory, and allows it `frames` (unless 0) more. Called
 * after a rehearsal, before the first touch of pages_map's pages.
 * => returns: how many are locked, 0 where working sets are not told. *is_limited: the system keeps
 *    the limit.
 */
uint64_t pages_keep(uint64_t frames, bool *is_limited);

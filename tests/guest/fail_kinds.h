/*
 * fail_kinds.h - kinds of memory for the scenarios of fail_memory.c.
 */
#pragma once

#include "guest.h"

#define PAGES 5u
#define FAR_APART 0x40000000ull /* a page-directory table of its own */

/* The memory that a scenario is about. */
struct memory {
	char *at, *second; /* second: another allocation, if it was split */
	HANDLE section, file;
	ULONG allocation_type; /* of private memory; 0: a view */
	bool is_apart;	       /* its pages are FAR_APART */
	bool is_read_only;
	bool is_committed; /* its first page */
};
extern struct memory it;

struct memory_kind {
	const char *name;
	NTSTATUS (*make)(void); /* fills `it`; a failure leaves nothing */
};
extern const struct memory_kind memory_kinds[];
extern const size_t memory_kinds_count;

/* Gives back all but the file. */
void memory_drop_it(void);
NTSTATUS commit_page(char *at);

/*
 * check.h - what the files of mm_check share.
 */
#pragma once

#include "frame.h"

#define CHECK(number, condition, ...) \
	do { \
		if (!(condition)) \
			panic("mm_check: invariant " #number ": " __VA_ARGS__); \
	} while (0)

/* A frame's number, for messages. */
static inline unsigned long long number_of(const struct frame *frame)
{
	return (unsigned long long)frame_number(frame);
}

/* What mm_check adds up. */
struct check_totals {
	uint64_t commit; /* pages charged */
	uint64_t tables; /* page tables promised */
	uint64_t slots;	 /* page-file slots named */
};

/* Counts the page-file slot that a word, or what a frame writes back to its word, names. */
void check_word(pte_t word, struct check_totals *totals);

/*
 * The invariants of one address space (check_space.c); what it has is added to *context, a
 * struct check_totals. Nothing may change meanwhile: no lock is taken.
 */
void check_space(struct address_space *space, void *context);
